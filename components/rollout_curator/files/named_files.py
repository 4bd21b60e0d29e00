"""The one door to a file that somebody named: on the command line, in a recipe, in a manifest, or beside such a file.

Opened without blocking, refused unless it is a regular file of a size that its kind can have, read once and parsed so
that everything that can be wrong with it is one sentence: what, where, what to do. A kind of file is a `Door`, declared
by the module that reads it. Sources of rollouts have a door of their own (`compression.open_source`), for they are
larger than memory and packed. Knows files and JSON and TOML; what they mean it does not know.
"""

import json
import os
import stat
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from rollout_curator.errors import CuratorError
from rollout_curator.files.path_access import NotRegular, open_regular
from rollout_curator.printable import sentence

DEEPEST = 100
"""So many levels JSON and TOML may have here; what this program writes has ten."""
PIECE_BYTES = 1 << 20
MOST_VALUES = 5_000_000
"""So many values a file may hold: each takes memory many times its bytes."""
INTEGERS = range(-(2**63), 2**64)
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


class Unparsable(ValueError):
    """A text is not what it should be; the message says why in words that follow a name."""


@dataclass(frozen=True, slots=True)
class Door:
    """A kind of file: what it is called in a sentence, what is raised where it is wrong, how large one may be."""

    what: str
    error: type[CuratorError]
    most_bytes: int
    todo: str = "choose another file"

    def open(self, path: Path) -> BinaryIO:
        """Return the open file, whose size is at most that of its kind."""
        try:
            descriptor = open_regular(path)
        except NotRegular as error:
            kind = next((words for is_such, words in _KINDS if is_such(error.mode)), "a device")
            raise self.wrong(path, f"is {kind}, not a file, so it is not opened") from error
        except ValueError as error:  # a NUL, or characters that no file name has
            raise self.wrong(path, "cannot be read (no file can have this name)") from error
        except OSError as error:
            raise self.wrong(path, f"cannot be read ({error.strerror})") from error
        if os.fstat(descriptor).st_size > self.most_bytes:
            os.close(descriptor)
            raise self._too_large(path)
        return os.fdopen(descriptor, "rb")

    def read(self, path: Path) -> bytes:
        """Return all bytes of the file."""
        with self.open(path) as file:
            pieces, n_bytes = [], 0
            try:
                while piece := file.read(PIECE_BYTES):  # None where the system has nothing to give yet
                    pieces.append(piece)
                    n_bytes += len(piece)
                    if n_bytes > self.most_bytes:  # it grows, or the system makes it up
                        raise self._too_large(path)
            except OSError as error:
                raise self.wrong(path, f"cannot be read ({error.strerror})") from error
        return b"".join(pieces)

    def text(self, path: Path) -> str:
        """Return the file as text, without the mark that some editors put before it."""
        try:
            return self.read(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.wrong(path, f"is not UTF-8 text (byte {error.start + 1:,} of it)") from error

    def toml(self, path: Path) -> dict[str, Any]:
        """Return the table of a TOML file."""
        return dict(self._parsed(path, "TOML", tomllib.loads))

    def json(self, path: Path) -> Any:
        """Return the value of a JSON file."""
        return self._parsed(path, "JSON", json.loads)

    def lines(self, path: Path, longest_bytes: int) -> Iterator[bytes]:
        """Yield the lines of a file that may be larger than memory, none of which may be longer than this."""
        with self.open(path) as file:
            for number in count(1):
                try:
                    line = file.readline(longest_bytes + 1)
                except OSError as error:
                    raise self.wrong(path, f"cannot be read ({error.strerror})") from error
                if not line:
                    return
                if len(line) > longest_bytes:
                    raise self.wrong(path, f"has a line {number:,} of more than {longest_bytes:,} bytes")
                yield line

    def wrong(self, path: Path, why: str) -> CuratorError:
        """Return the error that says what is wrong with a file of this kind, where it lies and what to do."""
        return self.error(f"{path}: {self.what} {why}; {self.todo}")

    def _too_large(self, path: Path) -> CuratorError:
        return self.wrong(path, f"has more than {self.most_bytes:,} bytes, too many")

    def _parsed(self, path: Path, kind: str, load: Callable[[str], Any]) -> Any:
        try:
            return parsed(self.text(path), kind, load)
        except Unparsable as error:
            raise self.wrong(path, str(error)) from error


def parsed(text: str, kind: str, load: Callable[[str], Any]) -> Any:
    """Return what a parser makes of a text. Raises Unparsable, whatever the parser raises."""
    if max(text.count(","), text.count("\n")) > MOST_VALUES:
        raise Unparsable(f"holds more than {MOST_VALUES:,} values, too many for {kind} of this program")
    try:
        value = load(text)
    except RecursionError as error:
        raise Unparsable(f"is nested too deeply to be {kind} of this program") from error
    except ValueError as error:
        if type(error) is ValueError:  # Python's own limit of the digits of a number, not the parser's words
            raise Unparsable("holds a number with thousands of digits") from error
        raise Unparsable(f"is not {kind} ({sentence(error)})") from error
    _refuse_extremes(value, kind)
    return value


def _refuse_extremes(value: Any, kind: str) -> None:
    """Raise Unparsable for what nothing behind the door can hold: depth, and numbers of more than 64 bits."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise Unparsable(f"is nested too deeply to be {kind} of this program")
        if any(isinstance(one, int) and one not in INTEGERS for one in level):
            raise Unparsable("holds a number of more than 64 bits")
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level, depth = [each for values in inner for each in values], depth + 1
