"""A byte range of a source becomes columns: the pure function that runs in process, in a pool or elsewhere.

Takes a path and a range, gives a `Shard` of numpy arrays and vocabularies. Line numbers in a shard are relative to
its first line; `shards.merge` makes them absolute. Knows nothing of caches.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import xxhash

from rollout_curator.errors import SourceUnreadable
from rollout_curator.index.columns import CLASSES, NUMBERS
from rollout_curator.index.facts import CLASS_NAMES, NUMBER_NAMES, Facts, facts
from rollout_curator.index.passed_over_columns import PassedOver, is_fit
from rollout_curator.index.problem_counts import LISTED_MAX, Tally
from rollout_curator.index.shards import RANGE_FACETS_MAX, Shard
from rollout_curator.printable import shown
from rollout_curator.rollout import Unreadable
from rollout_curator.sources.compression import BOM, CHUNK_BYTES, Opened, chunks, open_source
from rollout_curator.sources.formats.base import read_object
from rollout_curator.sources.limits import Amount, TooMuch
from rollout_curator.sources.lines import LINE_MAX_BYTES, Line, lines, parse

RANGE_BYTES = 32 << 20
RANGE_LINES = 200_000
"""A shard of what is read in one go ends after so many lines, however short they are."""
_HELD_ROWS = 256
_KNOWN_MAX = 4096
_KNOWN_MAX_BYTES = 256
_SUMMED = {"length": "rollout_bytes", "n_items": "items"}
_DTYPES = {column.name: column.dtype for column in (*NUMBERS, *CLASSES)}
_ROW = ("line", "offset", "length", "key_hi", "key_lo", *NUMBER_NAMES, *CLASS_NAMES)


def content_key(text: bytes) -> bytes:
    """Return the identity of a rollout: the 16-byte hash of its line without surrounding white space."""
    return xxhash.xxh3_128_digest(text.strip())


def read_line(text: bytes, environment: str, *notes: str) -> Facts | Unreadable:
    """Return the facts of the rollout that a line holds, or why it holds none; `notes` join those of the rollout."""
    parsed = parse(text)
    if isinstance(parsed, Unreadable):
        return parsed
    try:
        result = read_object(parsed.obj, (*notes, *parsed.notes))
        return result if isinstance(result, Unreadable) else facts(result, environment)
    except RecursionError:
        return Unreadable("too_deep", "nested too deeply to read")


@dataclass(slots=True)
class Gatherer:
    """Collects rows as typed arrays; one per range."""

    environment: str
    at_start: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    held: list[tuple[Any, ...]] = field(default_factory=list)
    codes: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in CLASS_NAMES})
    facets: "dict[str, tuple[array[int], array[float]]]" = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)
    passed_over: PassedOver = field(default_factory=PassedOver)
    problems: Tally = field(default_factory=Tally)
    blanks: list[int] = field(default_factory=list)
    amount: Amount = field(default_factory=Amount)
    known: dict[bytes, Unreadable] = field(default_factory=dict)
    n_lines: int = 0
    n_blank: int = 0
    n_rows: int = 0

    def __post_init__(self) -> None:
        kinds = {"int64": "q", "int32": "i", "uint64": "Q", "uint32": "I", "float64": "d", "bool": "b"}
        self.values = {name: array(kinds[dtype]) for name, dtype in _DTYPES.items()}

    def take(self, line: Line | int, *, offset: int, step: int = 0) -> None:
        """Add a line as often as it stands there, or a run of empty ones; raises TooMuch beyond the limits.

        `offset` is where its body can be read, `step` how far from there that of the next of the same lines begins.
        """
        if isinstance(line, int):
            self._blank(line)
            return
        if line.text is None:
            self._other(Unreadable("too_long", f"longer than {LINE_MAX_BYTES >> 20} MiB"), line.times)
            return
        text = line.text.removeprefix(BOM)
        if not text.strip():
            self._other(None, line.times)
            return
        is_marked = len(text) < len(line.text) and not (self.at_start and not self.n_lines)
        row = self._read(text, is_marked=is_marked)
        if isinstance(row, Unreadable):
            self._other(row, line.times)
            return
        key = content_key(text)
        for n in range(line.times):
            self.n_lines += 1
            self._add(row, key, offset + n * step, line.length)

    def _read(self, text: bytes, *, is_marked: bool) -> Facts | Unreadable:
        """Return the facts of a line, or why it holds none; short ones of the latter kind are known when seen again."""
        is_short = len(text) <= _KNOWN_MAX_BYTES
        if is_short and (known := self.known.get(text)):
            return known
        row = read_line(text, self.environment, *(("byte_order_mark",) if is_marked else ()))
        if isinstance(row, Unreadable):
            self.amount.different += 1
            if is_short and len(self.known) < _KNOWN_MAX:
                self.known[text] = row
        return row

    def problem(self, kind: str, reason: str) -> None:
        """Add a line that is no rollout."""
        self._other(Unreadable(kind, reason), 1)

    def _blank(self, times: int) -> None:
        if (room := LISTED_MAX - len(self.blanks)) > 0:
            self.blanks.extend(range(self.n_lines + 1, self.n_lines + 1 + min(times, room)))
        self.n_lines += times
        self.n_blank += times

    def _other(self, why: Unreadable | None, times: int) -> None:
        """Add lines that are blank, or no rollout for this reason."""
        if why is None:
            self._blank(times)
        else:
            self.problems.add(self.n_lines + 1, why.kind, why.reason, times)
            self.n_lines += times
        self.amount.others += 1
        if self.amount.others % _HELD_ROWS == 0:
            self.amount.require_within(self.n_lines)

    def _add(self, row: Facts, key: bytes, offset: int, length: int) -> None:
        """Add the facts of the line that was counted last."""
        place = (self.n_lines, offset, length, int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big"))
        classes = [
            codes.setdefault(word, len(codes)) for codes, word in zip(self.codes.values(), row.classes, strict=True)
        ]
        self.held.append((*place, *row.numbers, *classes))
        for name, facet in row.facets.items():
            if name in self.facets or (len(self.facets) < RANGE_FACETS_MAX and is_fit(name)):
                rows, numbers = self.facets.setdefault(name, (array("q"), array("d")))
                rows.append(self.n_rows)
                numbers.append(facet)
                if type(facet) is not bool:
                    self.measured.add(name)
            else:
                self.passed_over.add(name)
        self.n_rows += 1
        if len(self.held) >= _HELD_ROWS:
            self._settle()

    def _settle(self) -> None:
        """Move the rows that are held to the arrays, column by column: faster than each row alone."""
        if self.held:
            for name, values in zip(_ROW, zip(*self.held, strict=True), strict=True):
                self.values[name].extend(values)
                if name in _SUMMED:
                    setattr(self.amount, _SUMMED[name], getattr(self.amount, _SUMMED[name]) + sum(values))
            self.amount.rollouts = self.n_rows
            self.held.clear()
            self.amount.require_within(self.n_lines)

    def shard(self) -> Shard:
        """Return what was gathered as numpy arrays."""
        self._settle()
        columns = {name: np.asarray(values).astype(_DTYPES[name], copy=False) for name, values in self.values.items()}
        vocabularies = {name: list(codes) for name, codes in self.codes.items()}
        facets = {name: (np.asarray(rows), np.asarray(values)) for name, (rows, values) in self.facets.items()}
        return Shard(
            columns, vocabularies, facets, self.measured, self.problems, self.n_lines, self.n_blank, self.n_rows,
            self.blanks, self.amount, self.passed_over,
        )  # fmt: skip


def plan(size_bytes: int) -> list[tuple[int, int]]:
    """Return the byte ranges a plain source is read in: many small ones, so that no core waits for another."""
    return [(start, min(start + RANGE_BYTES, size_bytes)) for start in range(0, size_bytes, RANGE_BYTES)]


def scan_range(task: tuple[str, str, int, int]) -> Shard:
    """Return the shard of the lines that start in [start, end) of a plain source: (path, environment, start, end)."""
    path, environment, start, end = task
    gatherer = Gatherer(environment, at_start=start == 0)
    source = open_source(Path(path))
    try:
        with source.file as file:
            begin = _first_line_start(file, start, end)
            if begin < end:
                for line in lines(_range_pieces(file, begin, end)):
                    if isinstance(line, int):
                        gatherer.take(line, offset=0)
                    else:
                        gatherer.take(line, offset=begin + line.offset, step=line.length + 1)
    except TooMuch as much:
        raise TooMuch(much.reason, gatherer.n_lines) from much
    except OSError as error:
        raise SourceUnreadable(f"{shown(path)}: cannot be read ({error.strerror})") from error
    return gatherer.shard()


def _first_line_start(file: BinaryIO, start: int, end: int) -> int:
    """Return where the first line that starts at or after `start` begins, `end` when none does in the range."""
    if start == 0:
        return 0
    file.seek(start - 1)
    position = start - 1
    while position < end:
        piece = file.read(min(CHUNK_BYTES, end - position))
        if not piece:
            return end
        found = piece.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(piece)
    return end


def _range_pieces(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from `begin` to `end` and on to the end of the line that is open there."""
    file.seek(begin)
    position, last = begin, b"\n"
    while position < end and (piece := file.read(min(CHUNK_BYTES, end - position))):
        position += len(piece)
        last = piece[-1:]
        yield piece
    while last != b"\n" and (piece := file.read(CHUNK_BYTES)):
        found = piece.find(b"\n")
        if found >= 0:
            yield piece[: found + 1]
            return
        yield piece


class Bodies(Protocol):
    """Where the lines of a compressed source go, so that they can be read by offset later."""

    position: int

    def add(self, text: bytes) -> None:
        """Append one line; `position` moves by its length."""


def scan_packed(source: Opened, environment: str, bodies: Bodies) -> Iterator[Shard]:
    """Scan a compressed source and hand every rollout's line to `bodies`; yields a shard every 32 MiB.

    Offsets are those in `bodies`; line numbers in a shard are relative to its first line.
    """
    gatherer, taken = Gatherer(environment, at_start=True), 0
    try:
        for line in lines(chunks(source)):
            if isinstance(line, int):
                gatherer.take(line, offset=0)
                continue
            rows = gatherer.n_rows
            gatherer.take(line, offset=bodies.position)
            if gatherer.n_rows > rows and line.text is not None:
                bodies.add(line.text)
            taken += line.length
            if taken >= RANGE_BYTES or gatherer.n_lines >= RANGE_LINES:
                yield gatherer.shard()
                gatherer, taken = Gatherer(environment), 0
    except TooMuch as much:
        raise TooMuch(much.reason, gatherer.n_lines) from much
    yield gatherer.shard()
