"""One indexed source: its columns, its problems, and its bodies read by offset with their hash rechecked.

The object behind every rollout that is shown or written: a body that is not the one that was indexed is said
(`SourceChanged`), never shown.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zstandard

from rollout_curator.errors import SourceChanged, SourceUnreadable
from rollout_curator.index import store
from rollout_curator.index.problem_counts import Range
from rollout_curator.index.scan import content_key
from rollout_curator.index.zstd_frames import FrameReader
from rollout_curator.printable import shown
from rollout_curator.rollout import Rollout, Unreadable
from rollout_curator.sources.compression import BOM, open_source
from rollout_curator.sources.formats.base import read_object
from rollout_curator.sources.lines import parse

GAP_BYTES = 64 << 10
SPAN_BYTES = 1 << 20
ROWS_A_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that did not become a rollout."""

    line: int
    kind: str
    reason: str


class _Place(NamedTuple):
    """Where a row's line lies, and its key."""

    line: int
    offset: int
    length: int
    key_hi: int
    key_lo: int

    @property
    def end(self) -> int:
        return self.offset + self.length


class Source:
    """An open, indexed source. Threads may share it; bodies are read with pread."""

    def __init__(self, cache: Path, path: Path, name: str, header: dict[str, Any]) -> None:
        self.path = path
        self.name = name
        self.header = header
        self._folder = folder = store.folder_of(cache, path)
        self.columns = store.load_columns(folder, header)
        self._stamp = store.Stamp(**header["stamp"])
        self._frames: FrameReader | None = None
        self._descriptor: int | None = None
        if header["packing"] == "plain":
            self._descriptor = _descriptor(path)
        else:
            starts = self.columns["raw starts"], self.columns["packed starts"]
            try:
                self._frames = FrameReader(folder / header["files"]["bodies"], *starts)
            except OSError as error:
                raise SourceChanged(f"{shown(path)}: was re-indexed by another process; reopen it") from error

    @property
    def n_rollouts(self) -> int:
        """Return the number of rollouts."""
        return int(self.header["n_rollouts"])

    def problem_kinds(self) -> dict[str, int]:
        """Return how many lines are no rollouts, by what they are."""
        return dict(self.header["problem_kinds"])

    def problems(self) -> Iterator[Problem]:
        """Yield the lines that are no rollouts, in order: of each kind the first thousand; see `problem_ranges`."""
        words = self.header["vocabularies"]["problem reason"]
        for line, code in zip(self.columns["problem line"], self.columns["problem reason"], strict=True):
            kind, _, reason = words[int(code)].partition("|")
            yield Problem(int(line), kind, reason)

    def problem_ranges(self) -> Iterator[Range]:
        """Yield the lines that are no rollouts and not among `problems`, as counted ranges of one kind."""
        kinds = list(self.header["problem_kinds"])
        columns = (self.columns[f"range {part}"].tolist() for part in ("kind", "first", "last", "count"))
        for kind, first, last, count in zip(*columns, strict=True):
            yield Range(kinds[kind], first, last, count)

    def facet_names(self) -> list[str]:
        """Return the names of the extra numbers its lines carry."""
        return list(self.header["facets"])

    def is_boolean(self, facet: str) -> bool:
        """Say whether an extra number of its lines is a boolean wherever it stands."""
        return facet in self.header["boolean_facets"]

    def word(self, name: str, row: int) -> str:
        """Return the word of a class column of a row."""
        return str(self.header["vocabularies"][name][int(self.columns[name][row])])

    def body(self, row: int) -> bytes:
        """Return the line of a row. Raises SourceChanged when it is no longer the line that was indexed."""
        return next(self.bodies(np.array([row])))

    def bodies(self, rows: Sequence[int] | np.ndarray[Any, Any]) -> Iterator[bytes]:
        """Yield the lines of rows in ascending order; rows that lie close together are read at once."""
        rows = np.asarray(rows, dtype="int64")
        self._check_same_file()
        for start in range(0, len(rows), ROWS_A_BLOCK):
            yield from self._bodies(rows[start : start + ROWS_A_BLOCK])

    def _bodies(self, rows: np.ndarray[Any, Any]) -> Iterator[bytes]:
        """Yield the lines of a block of rows; their places are plain integers, which numpy hands out slowly."""
        names = ("line", "offset", "length", "key_hi", "key_lo")
        places = [_Place(*place) for place in zip(*(self.columns[name][rows].tolist() for name in names), strict=True)]
        first = 0
        while first < len(places):
            start, end, last = places[first].offset, places[first].end, first + 1
            while (
                last < len(places) and places[last].offset - end <= GAP_BYTES and places[last].end - start < SPAN_BYTES
            ):
                end = places[last].end
                last += 1
            span = self._read(start, end - start)
            for place in places[first:last]:
                yield self._checked(place, span[place.offset - start : place.end - start])
            first, span = last, b""  # let go of it before the next one is read

    def rollout(self, row: int) -> Rollout:
        """Return the rollout of a row, read by the same parser and format that indexed it."""
        return to_rollout(self.body(row))

    def _read(self, offset: int, length: int) -> bytes:
        if self._frames is not None:
            try:
                return self._frames.read(offset, length)
            except zstandard.ZstdError:  # the copy in the cache is damaged: no key will fit
                return b""
        if self._descriptor is None:
            raise SourceChanged(f"{shown(self.path)}: the source is closed")
        parts = []
        while length > 0 and (part := os.pread(self._descriptor, length, offset)):
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def _checked(self, place: "_Place", text: bytes) -> bytes:
        text = text.removeprefix(BOM)
        if int.from_bytes(content_key(text), "big") != place.key_hi << 64 | place.key_lo:
            store.forget(self._folder)
            raise SourceChanged(f"{shown(self.path)}:{place.line}: the line changed since it was indexed; reload")
        return text

    def _check_same_file(self) -> None:
        now, then = store.stamp(self.path), self._stamp
        if (now.inode, now.device) != (then.inode, then.device):
            raise SourceChanged(f"{shown(self.path)}: the file changed since it was indexed; reload")
        if self._frames is not None and (now.size, now.mtime_ns) != (then.size, then.mtime_ns):
            raise SourceChanged(f"{shown(self.path)}: the file changed since it was indexed; reload")

    def close(self) -> None:
        """Close the files."""
        if self._frames is not None:
            self._frames.close()
        elif self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def to_rollout(text: bytes) -> Rollout:
    """Return the rollout of a line that was indexed as one."""
    parsed = parse(text)
    result = parsed if isinstance(parsed, Unreadable) else read_object(parsed.obj, parsed.notes)
    if isinstance(result, Unreadable):
        raise SourceUnreadable(f"the line is not a rollout: {result.reason}")
    return result


def _descriptor(path: Path) -> int:
    with open_source(path).file as file:
        return os.dup(file.fileno())
