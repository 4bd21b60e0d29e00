"""An export in several processes, killed: the old file stays, no process stays, the next export sweeps and heals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from making import environment, exported, gym, write
from rollout_curator.export import verify
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

PROGRAM = """
import sys
from pathlib import Path
from rollout_curator.export import Settings, export
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace

workspace = Workspace.open([sys.argv[1]], Path(sys.argv[2]))
for step in export(workspace, Recipe(), Path(sys.argv[3]), Settings(workers=2, overwrite=True)):
    print("step", flush=True)
    sys.stdin.readline()
"""
GONE_S = 20.0


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split() if entry.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[1]) == pid:
            found.append(int(entry))
    return found


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_export_leaves_the_old_file_and_no_process(tmp_path: Path) -> None:
    source = write(tmp_path / "rollouts.jsonl", (gym(answer=f"{n} " * 2000) for n in range(3000)))
    out = tmp_path / "sft.jsonl"
    out.write_bytes(b"old\n")
    argv = [sys.executable, "-c", PROGRAM, str(source), str(tmp_path / "cache"), str(out)]
    process = subprocess.Popen(argv, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "step\n"
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + GONE_S
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in workers if is_alive(pid)] == []
    assert out.read_bytes() == b"old\n"
    out.unlink()
    done = exported(Workspace.open([source], tmp_path / "cache"), Recipe(), out)
    assert [check for check in verify(done.manifest_path) if not check.holds] == []
    assert [name for name in os.listdir(tmp_path) if ".tmp-" in name] == []
