"""The lock file that keeps two exports of one file apart: created, held, removed by whoever holds it.

It is removed while it is locked, so nobody else works under it. Whoever waited for it meanwhile holds the lock of a
file that has no name any more, sees so and takes the one that lies there now. A killed export leaves its lock file,
which the next one locks and removes. Without `fcntl` there is no lock.
"""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from rollout_curator.errors import ExportError
from rollout_curator.files.write_errors import explained
from rollout_curator.printable import shown

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

POLL_S = 0.05


@contextlib.contextmanager
def hold_lock(lock: Path, path: Path, wait_s: float) -> Iterator[bool]:
    """Hold `lock`, of the file `path`, while the block runs; then it is gone.

    Yields whether leftovers of others can be told from work going on: on a disk without locks they cannot.
    Raises ExportError when another export holds it for longer than `wait_s`, or when it cannot be opened.
    """
    if fcntl is None:
        yield True  # Windows does not let go of a file that is open
        return
    descriptor, is_locked = _locked(lock, path, time.monotonic() + wait_s)
    try:
        yield is_locked
    finally:
        if is_locked and _is_at(descriptor, lock):
            with contextlib.suppress(OSError):  # a colleague's, in a folder where only owners remove
                lock.unlink()
        _let_go(descriptor)


def _locked(lock: Path, path: Path, deadline: float) -> tuple[int, bool]:
    """Return the open lock file that lies at `lock`, and whether it is locked: not on a disk without locks."""
    while True:
        try:
            descriptor = open_lock(lock, path)
        except OSError as error:
            raise explained(error, path) from error
        try:
            is_locked = _wait(descriptor, path, deadline)
            if not is_locked or _is_at(descriptor, lock):
                return descriptor, is_locked
        except BaseException:
            os.close(descriptor)
            raise
        _let_go(descriptor)  # whoever held it removed it


def _wait(descriptor: int, path: Path, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ExportError(
                    f"cannot write {shown(path)}: another export is writing this file; wait, then export again"
                ) from None
            time.sleep(POLL_S)
        except OSError:  # a disk without locks
            return False
        else:
            return True


def _is_at(descriptor: int, lock: Path) -> bool:
    """Say whether the open file is the one that has the name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), lock.lstat())
    except OSError:
        return False


def _let_go(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # also for copies of the descriptor in forked workers
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


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
