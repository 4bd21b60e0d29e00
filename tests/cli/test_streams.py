"""What becomes of the work when what is printed has nowhere to go: closed streams, and streams that are full."""

import os
import shlex
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from making import environment, gym, run, write
from rollout_curator.decisions.store import Decisions
from rollout_curator.files import manifest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a shell that closes streams")
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")


def shell(*words: object, streams: str) -> subprocess.CompletedProcess[str]:
    """Run the command line under a shell that closes or sends away its streams."""
    command = [sys.executable, "-m", "rollout_curator.cli.main", *map(str, words)]
    return subprocess.run(
        ["sh", "-c", f"{shlex.join(command)} {streams}"], capture_output=True, text=True, env=environment()
    )


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_an_export_is_the_same_when_streams_are_closed(tmp_path: Path, streams: str) -> None:
    source, out = write(tmp_path / "rollouts.jsonl", [gym(reward=1)]), tmp_path / "sft.jsonl"
    ran = shell("export", source, "--out", out, "--cache-dir", tmp_path / "cache", streams=streams)
    assert (ran.returncode, ran.stderr) == (0, "")
    messages = '{"messages":[{"role":"user","content":"What is 2+2?"},{"role":"assistant","content":"4."}]}\n'
    assert out.read_text() == messages
    assert run("verify", f"{out}.manifest.json").code == 0


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_is_done_when_nobody_listens(words: list[str]) -> None:
    ran = shell(*words, streams=">&-")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("streams", ["2>&-", pytest.param("2>/dev/full", marks=FULL)])
def test_an_error_that_cannot_be_printed_keeps_its_exit_code(tmp_path: Path, streams: str) -> None:
    assert shell("stats", tmp_path / "nothing.jsonl", streams=streams).returncode == 2


@FULL
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_result_that_cannot_be_printed_is_told_in_one_line(tmp_path: Path, more: list[str]) -> None:
    source = write(tmp_path / "rollouts.jsonl", [gym(reward=1)])
    ran = shell("check", source, "--cache-dir", tmp_path / "cache", *more, streams=">/dev/full")
    said = "rollout-curator: cannot write to standard output (No space left on device); redirect it elsewhere\n"
    assert (ran.returncode, ran.stderr) == (2, said)


def limited(limit: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a shell that may have little of something."""
    command = shlex.join([sys.executable, "-m", "rollout_curator.cli.main", *map(str, words)])
    return subprocess.run(["sh", "-c", f"{limit}; {command}"], capture_output=True, text=True, env=environment())


@pytest.mark.parametrize("kib", [250_000, 350_000, 500_000])
def test_a_process_that_may_have_little_memory_says_so(tmp_path: Path, kib: int) -> None:
    source, out = write(tmp_path / "rollouts.jsonl", [gym(reward=1)]), tmp_path / "sft.jsonl"
    ran = limited(f"ulimit -v {kib}", "export", source, "--out", out, "--cache-dir", tmp_path / "cache")
    assert "Traceback" not in ran.stderr
    assert (ran.returncode, ran.stderr.count("\n")) in {(0, 0), (2, 1)}


def test_a_small_manifest_takes_little_memory(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    for _ in range(2):  # the second reads the manifest of the first
        ran = run("export", write(tmp_path / "rollouts.jsonl", [gym(reward=1)]), "--out", out)
        assert ran.code == 0
    tracemalloc.start()
    manifest.load(manifest.path_of(out))
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_a_store_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    source = write(tmp_path / "rollouts.jsonl", [gym(reward=1)])
    Decisions.open(tmp_path / "curation.sqlite").close()
    for most in range(5, 14):
        ran = limited(f"ulimit -n {most}", "stats", source, "--cache-dir", tmp_path / "cache")
        assert "Traceback" not in ran.stderr
        assert ran.returncode in (0, 2), most


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    ran = limited(f"cd {gone}; rmdir {gone}", "check", "rollouts.jsonl")
    said = "rollout-curator: the folder you are in is gone; change to one that is there\n"
    assert (ran.returncode, ran.stderr) == (2, said)
