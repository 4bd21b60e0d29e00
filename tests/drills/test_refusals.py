"""File systems that refuse an export: full at every level, without inodes, with limits, read-only, not permitted."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drilling import UNSHARE, can_mount, tasks
from ledger import Tried, size
from making import CHECKOUT, call, environment, write

pytestmark = [pytest.mark.drill, pytest.mark.skipif(sys.platform != "linux", reason="disks are those of Linux")]

WITHIN_S = 2.0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return rollouts with an index beside them."""
    path = write(tmp_path_factory.mktemp("source") / "rollouts.jsonl", tasks(240, 60))
    assert call("index", path, "--cache-dir", path.parent / "cache").code == 0
    return path


def refused(mode: str, source: Path, steps: int) -> dict[str, Any]:
    """Return what became of exports that a file system refuses, in a namespace of its own where it needs one."""
    if mode not in ("fsize", "noperm") and not can_mount():
        pytest.skip("this user may not mount a disk of its own")
    own = [] if mode in ("fsize", "noperm") else UNSHARE
    argv = [*own, sys.executable, str(CHECKOUT / "tests" / "filling.py"), mode, str(steps), str(source)]
    path = f"{CHECKOUT / 'components'}{os.pathsep}{CHECKOUT / 'tests'}"
    done = subprocess.run(
        [*argv, str(source.parent / "cache")], capture_output=True, text=True, env=environment(PYTHONPATH=path)
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.promises(3)
@pytest.mark.parametrize("mode", ["full", "fsize", "inodes"])
def test_a_disk_that_refuses_leaves_the_old_files(mode: str, source: Path, report: Callable[..., None]) -> None:
    steps = 1 if mode == "inodes" else size("fills")
    found = refused(mode, source, steps)
    none = [] if found["refused"] else ["nothing was refused"]
    report(Tried(3, f"{mode}: {found['refused']} of {steps} levels refused", [*found["findings"], *none]))


@pytest.mark.promises(4)
@pytest.mark.parametrize("mode", ["readonly", "noperm"])
def test_a_folder_that_may_not_be_written_is_told_at_once(mode: str, source: Path, report: Callable[..., None]) -> None:
    found = refused(mode, source, 1)
    findings = found["findings"] + ([] if found["refused"] else ["it was not refused"])
    findings += [] if found["slowest_s"] < WITHIN_S else [f"it took {found['slowest_s']:.1f} s"]
    report(Tried(4, f"{mode}: refused after {found['slowest_s']:.1f} s of work", findings))
