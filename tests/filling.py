"""Export onto a file system that refuses: `python filling.py MODE STEPS SOURCE CACHE`, by the drills of refusals.

full      a tmpfs of its own, filled so that from none to nearly all of what is needed is free
inodes    the same tmpfs without an inode left
fsize     a limit on the size of files, from none to nearly all of what is needed
readonly  the tmpfs is mounted read-only
noperm    a folder that may not be written, also by root, who lacks the right to pass over that here

All but `fsize` and `noperm` must run in a mount namespace of their own. Prints a JSON object: how often an export was
refused, the slowest, and each finding.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from drilling import Ended, command, contents, forked, refusal_faults, watched

NAME = "sft.jsonl"
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


def export(source: Path, cache: Path, folder: Path, *more: str, before: Callable[[], None] | None = None) -> Ended:
    """Write the training file with a split, a card and a manifest."""
    argv = ["export", source, "--cache-dir", cache, "--out", folder / NAME, "--split", "validation=0.2", *more]
    run = watched(command(*argv, "--card", "card.md"), before=before) if before is obey_modes else None
    return run or forked(*argv, "--card", "card.md", before=before)


def mounted(size_bytes: int) -> Path:
    """Return a folder on a disk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="filling"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder], check=True)
    return folder


def remount(disk: Path, how: str) -> None:
    """Mount the disk again in another way."""
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def obey_modes() -> None:
    """Let root be bound by the modes of folders, as everybody is."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def limit_files(n_bytes: int) -> Callable[[], None]:
    """Return what limits the size of the files of a child."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def attempt(mode: str, share: float, need: int, source: Path, cache: Path, folder: Path) -> Ended:
    """Export once where only a share of what is needed is to be had; the room is given back afterwards."""
    disk, fill, free, before = folder.parent, folder.parent / "fill", int(need * share) & ~4095, None
    used = os.statvfs(disk)
    if mode == "full":
        fill.write_bytes(bytes(max(0, used.f_bavail * used.f_frsize - free)))
    elif mode == "inodes":
        remount(disk, f"nr_inodes={used.f_files - used.f_ffree}")
    elif mode == "readonly":
        remount(disk, "ro")
    elif mode == "noperm":
        folder.chmod(0o555)
        before = obey_modes
    else:
        before = limit_files(max(free, 4096))  # what it says goes into a file too
    try:
        return export(source, cache, folder, before=before)
    finally:
        folder.chmod(0o755) if mode == "noperm" else None
        remount(disk, {"inodes": "nr_inodes=100000", "readonly": "rw"}[mode]) if mode in (
            "inodes",
            "readonly",
        ) else None
        fill.unlink(missing_ok=True)


def main(mode: str, steps: int, source: Path, cache: Path) -> None:
    """Try every step of a mode and print what was found."""
    probe = Path(tempfile.mkdtemp())
    assert export(source, cache, probe).code == 0
    need = sum(path.stat().st_size for path in probe.iterdir())
    disk = Path(tempfile.mkdtemp()) if mode in ("fsize", "noperm") else mounted(need * 4 + (1 << 20))
    folder = disk / "exports"
    folder.mkdir()
    refused, slowest, found = 0, 0.0, []
    for step in range(steps):
        assert export(source, cache, folder, "--min-reward", "0.6").code == 0
        old = contents(folder)
        ended = attempt(mode, step / steps, need, source, cache, folder)
        if ended.code == 0:
            continue
        refused += 1
        slowest = max(slowest, ended.work_s)
        faults = refusal_faults(ended, "sft")
        now = contents(folder)
        faults += [f"{name} is not what it was" for name in old if now.get(name) != old[name]]
        faults += [f"{name} is left" for name in now.keys() - old.keys() if not name.endswith(".lock")]
        found += [f"{mode} {step / steps:.0%}: {fault}" for fault in faults]
    print(json.dumps({"refused": refused, "slowest_s": slowest, "findings": found, "need": need}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
