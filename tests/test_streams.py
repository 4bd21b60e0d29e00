"""What becomes of the work when what is printed has nowhere to go: closed streams, and streams that are full."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from making import environment, gym, run, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a shell that closes streams")
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")


def shell(*words: object, streams: str) -> subprocess.CompletedProcess[str]:
    """Run the command line under a shell that closes or sends away its streams."""
    command = [sys.executable, "-m", "rollout_curator.cli", *map(str, words)]
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
    said = "rollout-curator: standard output takes nothing (No space left on device); send it elsewhere\n"
    assert (ran.returncode, ran.stderr) == (2, said)
