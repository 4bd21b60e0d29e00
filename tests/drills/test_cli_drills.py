"""The command `export` itself under kill -9, Ctrl-C, size limits and read-only folders, on a small source.

Runs the drills that lie beside the checkout. The old file is the 150 best of 600 rollouts, the new one all of them.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from making import call, environment, gym, write

DRILLS = Path(__file__).parents[2].parent / "shared" / "drills"

pytestmark = [
    pytest.mark.drill,
    pytest.mark.shared,
    pytest.mark.skipif(not DRILLS.is_dir(), reason="the drills are not beside this checkout"),
    pytest.mark.skipif(os.name != "posix", reason="the drills need POSIX"),
]


@pytest.fixture(scope="module")
def commands() -> Iterator[list[str]]:
    """Yield --old and --new for a drill; the source and its index lie where another user may read them too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        rows = (gym(answer=f"answer {n} " * 20, reward=n / 600, task_id=n) for n in range(600))
        source = write(folder / "rollouts.jsonl", rows)
        cache = folder / "cache"
        call("index", source, "--cache-dir", cache)
        export = f"{sys.executable} -m rollout_curator.cli export {source} --cache-dir {cache} --out {{out}}"
        yield ["--old", f"{export} --min-reward 0.75", "--new", export]


def drill(name: str, *argv: str) -> str:
    """Run a drill and return what it printed; its last line is HELD or BROKEN."""
    done = subprocess.run(
        [sys.executable, str(DRILLS / name), *argv],
        capture_output=True,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=300,
    )
    return done.stdout + done.stderr


def can_mount() -> bool:
    """Tell whether this user may make a mount namespace with a disk in it."""
    flags = "-m" if os.geteuid() == 0 else "-rm"
    try:
        made = subprocess.run(["unshare", flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    except FileNotFoundError:
        return False
    return made.returncode == 0


def can_run_as_nobody() -> bool:
    """Tell whether user 65534 may run this interpreter and this package, where the drill will try that."""
    if os.geteuid() != 0:
        return True
    argv = [sys.executable, "-c", "import rollout_curator.cli"]
    try:
        return subprocess.run(argv, capture_output=True, user=65534, env=environment()).returncode == 0
    except PermissionError:
        return False


def test_a_killed_export_leaves_the_old_file_or_the_new_one(commands: list[str], tmp_path: Path) -> None:
    out, manifest = str(tmp_path / "out" / "sft.jsonl"), "{out}.manifest.json"
    printed = drill("kill_export.py", "--out", out, *commands, "--tries", "60", "--manifest", manifest)
    assert printed.endswith("HELD\n"), printed


def test_a_limit_on_the_size_of_files_leaves_the_old_file(commands: list[str]) -> None:
    printed = drill("enospc_export.py", "--mode", "fsize", "--steps", "4", *commands)
    assert printed.endswith("HELD\n"), printed


def test_a_full_disk_leaves_the_old_file(commands: list[str]) -> None:
    if not can_mount():
        pytest.skip("this user cannot mount a disk of its own")
    printed = drill("enospc_export.py", "--mode", "full", "--steps", "2", *commands)
    assert printed.endswith("HELD\n"), printed


def test_a_read_only_folder_is_told_in_one_line(commands: list[str]) -> None:
    if not can_mount():
        pytest.skip("this user cannot mount a disk of its own")
    drill_of_both = ["readonly_dir.py"] if can_run_as_nobody() else ["enospc_export.py", "--mode", "readonly"]
    printed = drill(*drill_of_both, *commands)
    assert printed.endswith("HELD\n"), printed
    assert "BROKEN" not in printed
