"""The export under kill -9, full disks and read-only folders: real processes, real file systems.

Runs the drills that lie beside the checkout, on a script that exports through the public functions.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

DRILLS = Path(__file__).parents[2].parent / "shared" / "drills"
PACKAGE = Path(__file__).parents[2] / "components"

pytestmark = [
    pytest.mark.drill,
    pytest.mark.shared,
    pytest.mark.skipif(not DRILLS.is_dir(), reason="the drills are not beside this checkout"),
    pytest.mark.skipif(os.name != "posix", reason="the drills need POSIX"),
]

SCRIPT = '''
"""Export N rows of WORD to OUT, with a manifest beside it: WORD N OUT."""

import json
import sys
from pathlib import Path

from rollout_curator.errors import ExportError
from rollout_curator.exports.base import check_target, publish
from rollout_curator.exports.jsonl import JSONL

word, n_rows, out = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
lines = (json.dumps({"row": row, "content": word * 50}).encode() + b"\\n" for row in range(n_rows))
try:
    check_target(out)
    with publish(out, Path(f"{out}.manifest.json")) as (data, manifest):
        for _ in JSONL.write(lines, data):
            pass
        manifest.write(json.dumps({"sha256": data.written().sha256, "rows": data.rows}).encode())
except ExportError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
'''


@pytest.fixture(scope="module")
def script() -> Iterator[Path]:
    """Yield the script, where another user may read it too."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder) / "export.py"
        path.write_text(SCRIPT, encoding="utf-8")
        path.chmod(0o644)
        yield path


def command(script: Path, word: str, n_rows: int) -> str:
    """Return the command of one export, as a drill wants it."""
    return f"{sys.executable} {script} {word} {n_rows} {{out}}"


def drill(name: str, *argv: str) -> str:
    """Run a drill and return what it printed; its last line is HELD or BROKEN."""
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(DRILLS / name), *argv], capture_output=True, text=True, env=env, timeout=120
    )
    return done.stdout + done.stderr


def can_mount() -> bool:
    """Tell whether this user may make a mount namespace with a disk in it."""
    flags = "-m" if os.geteuid() == 0 else "-rm"
    argv = ["unshare", flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(argv, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def can_run_as_nobody(script: Path) -> bool:
    """Tell whether user 65534 may run this interpreter, this package and `script`."""
    argv = [sys.executable, "-c", f"import rollout_curator.exports.jsonl; open({str(script)!r})"]
    try:
        done = subprocess.run(argv, capture_output=True, user=65534, env={"PYTHONPATH": str(PACKAGE)})
    except PermissionError:
        return False
    return done.returncode == 0


def test_a_kill_leaves_the_old_file_or_the_new_one(script: Path, tmp_path: Path) -> None:
    commands = ["--old", command(script, "old", 500), "--new", command(script, "new", 30_000)]
    out, manifest = str(tmp_path / "out" / "sft.jsonl"), "{out}.manifest.json"
    said = drill("kill_export.py", "--out", out, *commands, "--tries", "60", "--manifest", manifest)
    assert said.endswith("HELD\n"), said


def test_ctrl_c_leaves_the_old_file_or_the_new_one(script: Path, tmp_path: Path) -> None:
    commands = ["--old", command(script, "old", 500), "--new", command(script, "new", 30_000)]
    out = str(tmp_path / "out" / "sft.jsonl")
    said = drill("kill_export.py", "--out", out, *commands, "--tries", "15", "--signal", "INT")
    assert said.endswith("HELD\n"), said


@pytest.mark.parametrize("mode", ["fsize", "full", "inodes", "readonly", "noperm"])
def test_a_disk_that_refuses_leaves_the_old_file(script: Path, mode: str) -> None:
    if mode != "fsize" and not can_mount():
        pytest.skip("this user may not mount")
    if mode == "noperm" and (os.geteuid() != 0 or not can_run_as_nobody(script)):
        pytest.skip("needs root, and an interpreter that somebody else may run")
    commands = ["--old", command(script, "old", 500), "--new", command(script, "new", 5_000)]
    said = drill("enospc_export.py", "--mode", mode, *commands, "--steps", "8")
    assert said.endswith("HELD\n"), said
