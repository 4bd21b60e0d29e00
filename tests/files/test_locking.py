"""The lock of an export: one holder at a time, over real processes, and no file of it left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rollout_curator.errors import ExportError
from rollout_curator.files import atomic
from rollout_curator.files.atomic import publish
from rollout_curator.files.locking import hold_lock

pytest.importorskip("fcntl")

COUNTER = """
import sys
from pathlib import Path
from rollout_curator.files.locking import hold_lock
folder = Path(sys.argv[1])
counter = folder / "counter"
for _ in range(int(sys.argv[2])):
    with hold_lock(folder / ".out.lock", folder / "out", 60.0):
        n = int(counter.read_text())
        counter.write_text(str(n + 1))
"""
HOLDER = """
import sys
from pathlib import Path
from rollout_curator.files.atomic import publish
with publish(Path(sys.argv[1])) as (file,):
    print("held", flush=True)
    sys.stdin.read()
    file.write(b"theirs\\n")
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program that uses the locks of this one."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_come_and_go_never_hold_it_together(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    running = [start(COUNTER, tmp_path, 150) for _ in range(4)]
    assert [one.wait(120) for one in running] == [0, 0, 0, 0]
    assert (tmp_path / "counter").read_text() == "600"
    assert os.listdir(tmp_path) == ["counter"]


def test_who_waits_takes_over_when_the_holder_removes_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "LOCK_WAIT_S", 60.0)
    out = tmp_path / "out.jsonl"
    holder = start(HOLDER, out)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    waiter = start(HOLDER.replace("theirs", "mine"), out)
    holder.communicate("", timeout=60)
    waiter.communicate("", timeout=60)
    assert (holder.returncode, waiter.returncode, out.read_text()) == (0, 0, "mine\n")
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_who_is_refused_leaves_the_lock_of_the_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "LOCK_WAIT_S", 0.1)
    out = tmp_path / "out.jsonl"
    holder = start(HOLDER, out)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    for _ in range(2):
        with pytest.raises(ExportError, match="another export is writing this file"), publish(out):
            pass
    assert (tmp_path / ".out.jsonl.lock").exists()
    holder.communicate("", timeout=60)
    assert (out.read_text(), os.listdir(tmp_path)) == ("theirs\n", ["out.jsonl"])


def test_the_lock_of_a_killed_export_is_taken_and_removed_by_the_next(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    holder = start(HOLDER, out)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate(timeout=60)
    assert (tmp_path / ".out.jsonl.lock").exists()
    with publish(out) as (file,):
        file.write(b"new\n")
    assert (out.read_text(), os.listdir(tmp_path)) == ("new\n", ["out.jsonl"])


def test_after_a_failure_the_lock_is_gone_too(tmp_path: Path) -> None:
    with pytest.raises(KeyError), publish(tmp_path / "out.jsonl"):
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_a_lock_file_that_is_not_the_one_held_is_not_removed(tmp_path: Path) -> None:
    lock = tmp_path / ".out.lock"
    with hold_lock(lock, tmp_path / "out", 1.0) as is_safe:
        lock.unlink()
        lock.write_text("of another")
    assert (is_safe, lock.read_text()) == (True, "of another")
