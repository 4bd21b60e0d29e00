"""Which files a path may open that somebody gave: the one door for every path that can come from a browser.

A path counts by where it really leads. Under a reach with folders a file is opened only if that is below one of them,
no part of it is hidden, and it is a regular file; whatever else is there, or is not, gets the same words, so that
nobody learns by asking what the machine holds. It is opened without following a link or waiting for a writer, looked at
again once it is open, and read in pieces up to a limit. Knows paths and bytes, nothing of what is in a file.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 1 << 20
NOT_HERE = (
    "no such file can be opened from here; choose one below the opened folder or below a --root, which is set when the "
    "app is started"
)
"""Of a path that leads outside, to nothing, to what is not a regular file, or to what this program may not read."""
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


class NotRegular(Exception):
    """What was opened is not a regular file; `mode` says what it is."""

    def __init__(self, mode: int) -> None:
        super().__init__(mode)
        self.mode = mode


def open_regular(path: str | Path, *, follows_links: bool = True) -> int:
    """Return the descriptor of a regular file, opened to read without waiting for a writer.

    Raises NotRegular for anything else, OSError, and ValueError for a name that no file can have.
    """
    descriptor = os.open(path, _FLAGS if follows_links else _FLAGS | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular(mode)
    return descriptor


class OutOfReach(Exception):
    """A path that is not opened, with the reason in words; whoever asked says for what it was."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The folders below which files may be opened; None is every regular file, for paths of who started the program."""

    folders: tuple[str, ...] | None = None

    def real(self, given: str | Path) -> str:
        """Return where a path really leads. Raises OutOfReach when that may not be looked at."""
        try:
            found = os.path.realpath(given)
        except (OSError, ValueError) as error:  # a NUL, half a surrogate pair, a name of another system
            raise OutOfReach(self.words("no such file")) from error
        if self.folders is not None and not any(_is_shown_below(found, folder) for folder in self.folders):
            raise OutOfReach(NOT_HERE)
        return found

    def words(self, why: str) -> str:
        """Return why a path is not opened, in words that tell nothing of what lies out of reach."""
        return why if self.folders is None else NOT_HERE

    def has_folder(self, given: str | Path) -> bool:
        """Say whether a path leads to a folder within reach."""
        return self._is(given, stat.S_ISDIR)

    def has_file(self, given: str | Path) -> bool:
        """Say whether a path leads to a regular file within reach."""
        return self._is(given, stat.S_ISREG)

    def read(self, given: str | Path, limit_bytes: int) -> bytes:
        """Return what a file holds. Raises OutOfReach, also for a file beyond the limit."""
        with self._opened(given, limit_bytes) as file:
            return b"".join(_pieces(file, limit_bytes))

    def sha256(self, given: str | Path, limit_bytes: int) -> str:
        """Return the hash of a file that is never held as a whole. Raises OutOfReach, also beyond the limit."""
        digest = hashlib.sha256()
        with self._opened(given, limit_bytes) as file:
            for piece in _pieces(file, limit_bytes):
                digest.update(piece)
        return digest.hexdigest()

    def _is(self, given: str | Path, kind: Callable[[int], bool]) -> bool:
        try:
            return kind(os.lstat(self.real(given)).st_mode)
        except (OutOfReach, OSError, ValueError):
            return False

    @contextmanager
    def _opened(self, given: str | Path, limit_bytes: int) -> Iterator[BinaryIO]:
        place = self.real(given)
        if not self.has_file(place):
            raise OutOfReach(self.words("not a regular file" if os.path.lexists(place) else "no such file"))
        try:
            descriptor = open_regular(place, follows_links=False)
        except NotRegular as error:
            raise OutOfReach(self.words("not a regular file")) from error
        except OSError as error:
            raise OutOfReach(self.words(f"it cannot be read ({error.strerror})")) from error
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            found = os.fstat(descriptor)
            if not self._is_still(given, found):
                raise OutOfReach(self.words("not a regular file"))
            if found.st_size > limit_bytes:
                raise _too_large(limit_bytes)
            yield file

    def _is_still(self, given: str | Path, found: os.stat_result) -> bool:
        """Say whether a path still leads to the file that was opened, for a link may have been put in its way."""
        try:
            return self.folders is None or os.path.samestat(os.lstat(self.real(given)), found)
        except (OutOfReach, OSError):
            return False


ANYWHERE = Reach()
NOWHERE = Reach(())


def is_below(path: str | Path, folder: str | Path) -> bool:
    """Say whether a path, after links, lies in a folder or deeper, or is that file."""
    try:
        real, top = os.path.realpath(path), os.path.realpath(folder)
        return os.path.commonpath([real, top]) == top
    except (OSError, ValueError):
        return False


def _is_shown_below(real: str, folder: str) -> bool:
    """Say whether a real path is a file or below a folder, with no hidden part in between."""
    if not is_below(real, folder):
        return False
    below = os.path.relpath(real, os.path.realpath(folder))
    return below == os.curdir or not any(part.startswith(".") for part in below.split(os.sep))


def _pieces(file: BinaryIO, limit_bytes: int) -> Iterator[bytes]:
    """Yield a file in pieces. Raises OutOfReach when it turns out longer than it was."""
    n_bytes = 0
    while piece := file.read(PIECE_BYTES):
        n_bytes += len(piece)
        if n_bytes > limit_bytes:
            raise _too_large(limit_bytes)
        yield piece


def _too_large(limit_bytes: int) -> OutOfReach:
    return OutOfReach(f"it has more than {limit_bytes:,} bytes, the limit")
