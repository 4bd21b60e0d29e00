"""The lock file that keeps two exports of one file apart: opened, created if missing, refused if it is no such file."""

import os
import stat
from pathlib import Path

from rollout_curator.errors import ExportError


def open_lock(lock: Path, path: Path) -> int:
    """Return the open lock file of `path`, created if it does not exist.

    Raises ExportError that names what is in its way, and OSError where there is nothing.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | flags, 0o666)
        except PermissionError:  # a colleague's lock: read access is enough to wait for it
            descriptor = os.open(lock, os.O_RDONLY | flags)
    except OSError as error:
        if os.path.lexists(lock):
            raise _bad_lock(lock, path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _bad_lock(lock, path)
    return descriptor


def _bad_lock(lock: Path, path: Path) -> ExportError:
    """Say of a lock that cannot be taken what it is, where it lies and what to do."""
    mode = lock.lstat().st_mode
    kinds = ((stat.S_ISDIR, "is a folder"), (stat.S_ISLNK, "is a link"), (stat.S_ISREG, "is not yours to open"))
    what = next((words for is_such, words in kinds if is_such(mode)), "is not a regular file")
    todo = "ask its owner to remove it" if stat.S_ISREG(mode) else "move it away"
    state = "The existing file was not changed" if os.path.lexists(path) else "Nothing was written"
    return ExportError(f"cannot write {path}: its lock {lock} {what}; {todo}, then export again. {state}")
