"""The atomic write: a file is the old one or the new one, whole, whatever happens in between.

Each file is written beside its target as `.NAME.tmp-XXXXXXXX`, brought to disk, then renamed over it.
All files of one export (the examples, then their manifest) are complete on disk before the first rename,
so a kill between two renames leaves a manifest that names another digest: `verify` sees it, and the next
export heals it. `.NAME.lock` keeps two exports of one file apart and goes with the export that holds it.
Whoever holds the lock removes what a killed export left behind.

Knows files, nothing of rollouts. After SQLite's atomic commit, renaming as journal.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from rollout_curator.errors import ExportError
from rollout_curator.files.locking import hold_lock
from rollout_curator.files.temporary_files import Guard, sweep, temporary_of
from rollout_curator.files.write_errors import explained
from rollout_curator.printable import beside, shown

BUFFER_BYTES = 1 << 20
LOCK_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Written:
    """What one file holds: the facts a manifest records of it."""

    path: Path
    size_bytes: int
    sha256: str
    rows: int


class AtomicFile:
    """One file being written beside its target; `publish` makes them."""

    def __init__(self, target: Path) -> None:
        self.path = target
        self.rows = 0
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._target = _resolve(target)
        self._temp = temporary_of(self._target)
        self._file: BinaryIO | None = None
        self._stays = False

    def __enter__(self) -> Self:
        """Make the temporary file, with the mode of the file it will replace."""
        with self._explained():
            descriptor = os.open(self._temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
            self._file = open(descriptor, "wb", buffering=BUFFER_BYTES)
            with contextlib.suppress(OSError, AttributeError):  # a new target, or a system without modes
                os.fchmod(descriptor, stat.S_IMODE(self._target.stat().st_mode) & 0o777)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the temporary file if it did not become the target."""
        with contextlib.suppress(OSError):  # a full disk refuses the last flush too
            if self._file is not None:
                self._file.close()
        with contextlib.suppress(OSError):
            if not self._stays:
                self._temp.unlink(missing_ok=True)

    def write(self, chunk: bytes, *, rows: int = 0) -> None:
        """Append `chunk`, which holds `rows` examples."""
        if self._file is None:
            raise ExportError(f"cannot write {shown(self.path)}: it is not open")
        with self._explained():
            self._file.write(chunk)
        self._digest.update(chunk)
        self.size_bytes += len(chunk)
        self.rows += rows

    def reopened(self) -> Path:
        """Return where the bytes written so far can be read again, before the target appears."""
        with self._explained():
            if self._file is not None:
                self._file.flush()
        return self._temp

    def written(self) -> Written:
        """Return the facts of what was written so far."""
        return Written(self.path, self.size_bytes, self._digest.hexdigest(), self.rows)

    def complete(self) -> None:
        """Bring every byte to the disk and close; the target is untouched."""
        if self._file is None:
            return
        with self._explained():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def appear(self) -> None:
        """Take the place of the target in one step."""
        with self._explained():
            os.replace(self._temp, self._target)
        _sync_folder(self._target.parent)

    def has_appeared(self) -> bool:
        """Say whether a file that was complete has taken the place of its target."""
        return not os.path.lexists(self._temp)

    def stay(self) -> None:
        """Leave what was written beside the target, when the target does not appear."""
        self._stays = True

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise explained(error, self.path) from error


@contextlib.contextmanager
def publish(*targets: Path, lock: Path | None = None, guard: Guard | None = None) -> Iterator[tuple[AtomicFile, ...]]:
    """Yield one open file per target; when the block ends well they appear, in the order given.

    `lock`, by default the first target, is locked meanwhile. Leaving the block by any exception changes no target.
    Raises ExportError when a file cannot be written, when another export is writing the first one, or when `guard`,
    asked under the lock and again before the first file appears, does not let one be replaced.
    """
    if not targets:
        raise ExportError("cannot write an export without files: give at least one")
    with contextlib.ExitStack() as stack:
        is_safe_to_sweep = stack.enter_context(_hold(lock or targets[0]))
        if guard is not None:
            guard.check()
        if is_safe_to_sweep:
            sweep(map(_resolve, targets), None if guard is None else guard.spares)
        files = tuple(stack.enter_context(AtomicFile(target)) for target in targets)
        yield files
        for file in files:
            file.complete()
        if guard is None:
            _appear(files)
            return
        guard.check()
        try:
            guard.begin()
            _sync_folder(_resolve(targets[-1]).parent)
            _appear(files)
        except BaseException:
            if any(file.has_appeared() for file in files):
                files[-1].stay()  # it tells which of the others are this program's
            raise
        if is_safe_to_sweep:
            sweep(map(_resolve, targets), guard.spares)


def _appear(files: Sequence[AtomicFile]) -> None:
    for n_done, file in enumerate(files):
        try:
            file.appear()
        except ExportError as error:
            if n_done == 0:
                raise
            done = ", ".join(shown(earlier.path) for earlier in files[:n_done])
            raise ExportError(
                f"{error} But {done} was already replaced: export again so that the files match"
            ) from error


def check_target(path: Path) -> None:
    """Raise ExportError, before any long work, if a file cannot be written at `path`.

    Makes and removes an empty file beside it: only that tells of quotas, mounts and access lists.
    """
    with AtomicFile(path):
        pass


def _resolve(path: Path) -> Path:
    """Return the file a rename must replace: links are followed, anything but a regular file is refused."""
    if "\0" in str(path):
        raise ExportError(f"cannot write {shown(path)}: invalid file name; choose another name")
    try:
        target = path.resolve(strict=False)
        mode = target.lstat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise ExportError(
                f"cannot write {shown(path)}: folder {shown(_folder(path, target))} does not exist; create it first"
            ) from None
        return target
    except RuntimeError:  # Python before 3.13 says a loop of links so
        raise explained(OSError(errno.ELOOP, "loop"), path) from None
    except OSError as error:
        raise explained(error, path) from error
    if stat.S_ISDIR(mode):
        raise ExportError(f"cannot write {shown(path)}: it is a folder; choose a file in it")
    if stat.S_ISLNK(mode):
        raise explained(OSError(errno.ELOOP, "loop"), path)
    if not stat.S_ISREG(mode):
        raise ExportError(f"cannot write {shown(path)}: it is a device or a pipe, not a file; choose another path")
    if not os.access(target, os.W_OK):
        reason = "the disk or the file is read-only or you have no permission; choose another path"
        raise ExportError(f"cannot write {shown(path)}: {reason}. The existing file was not changed")
    return target


def _folder(path: Path, target: Path) -> Path:
    """Return the folder that a file would lie in, as it was named unless the name is that of a link elsewhere."""
    return target.parent if path.is_symlink() else path.parent


def _hold(path: Path) -> contextlib.AbstractContextManager[bool]:
    """Return what holds `.NAME.lock`, of the file that `path` leads to, while a block runs."""
    return hold_lock(beside(_resolve(path), ".", ".lock"), path, LOCK_WAIT_S)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some systems cannot, and the rename is done
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
