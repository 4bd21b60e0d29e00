"""A byte range of a source becomes columns: the pure function that runs in process, in a pool or elsewhere.

Takes a path and a range, gives a `Shard` of numpy arrays and vocabularies. Line numbers in a shard are relative to
its first line; `merge` makes them absolute. Knows nothing of caches.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import xxhash

from rollout_curator.errors import SourceUnreadable
from rollout_curator.formats.base import read_object
from rollout_curator.index.columns import CLASSES, FACETS_MAX, NUMBERS
from rollout_curator.index.facts import CLASS_NAMES, NUMBER_NAMES, Facts, facts
from rollout_curator.packing import BOM, CHUNK_BYTES, Opened, chunks, open_source, show_path
from rollout_curator.reader import LINE_MAX_BYTES, Line, lines, parse
from rollout_curator.rollout import Unreadable

RANGE_BYTES = 32 << 20
RANGE_FACETS_MAX = 10 * FACETS_MAX
FACET_NAME_MAX = 200
_HELD_ROWS = 256
_DTYPES = {column.name: column.dtype for column in (*NUMBERS, *CLASSES)}
_ROW = ("line", "offset", "length", "key_hi", "key_lo", *NUMBER_NAMES, *CLASS_NAMES)


@dataclass(frozen=True, slots=True)
class Shard:
    """The columns of a range: `classes` are codes into `vocabularies`, `problems` are (line, kind, reason).

    `measured` are the facets that were a number at least once, and not a boolean.
    """

    columns: dict[str, np.ndarray[Any, Any]]
    vocabularies: dict[str, list[str]]
    facets: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]
    measured: set[str]
    problems: list[tuple[int, str, str]]
    n_lines: int
    n_blank: int

    @property
    def n_rollouts(self) -> int:
        """Return the number of rows."""
        return len(self.columns["line"])


def content_key(text: bytes) -> bytes:
    """Return the identity of a rollout: the 16-byte hash of its line without surrounding white space."""
    return xxhash.xxh3_128_digest(text.strip())


def read_line(text: bytes, environment: str, *notes: str) -> Facts | Unreadable:
    """Return the facts of the rollout that a line holds, or why it holds none; `notes` are told of the rollout."""
    parsed = parse(text)
    if isinstance(parsed, Unreadable):
        return parsed
    try:
        result = read_object(parsed.obj, (*notes, *parsed.notes))
        return result if isinstance(result, Unreadable) else facts(result, environment)
    except RecursionError:
        return Unreadable("too_deep", "nested too deep to read")


def _is_facet_name(name: str) -> bool:
    return len(name) <= FACET_NAME_MAX and name.isprintable()


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
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    n_lines: int = 0
    n_blank: int = 0
    n_rows: int = 0

    def __post_init__(self) -> None:
        kinds = {"int64": "q", "int32": "i", "uint64": "Q", "uint32": "I", "float64": "d", "bool": "b"}
        self.values = {name: array(kinds[dtype]) for name, dtype in _DTYPES.items()}

    def take(self, line: Line | int, *, offset: int) -> None:
        """Add one line, or a run of empty ones; `offset` is where its body can be read."""
        if isinstance(line, int):
            self.n_lines += line
            self.n_blank += line
            return
        self.n_lines += 1
        if line.text is None:
            self.problem("too_long", f"longer than {LINE_MAX_BYTES >> 20} MiB")
            return
        text = line.text.removeprefix(BOM)
        if not text.strip():
            self.n_blank += 1
            return
        is_marked = len(text) < len(line.text) and not (self.at_start and self.n_lines == 1)
        row = read_line(text, self.environment, *(("byte_order_mark",) if is_marked else ()))
        if isinstance(row, Unreadable):
            self.problem(row.kind, row.reason)
        else:
            self._add(row, content_key(text), offset, line.length)

    def problem(self, kind: str, reason: str) -> None:
        """Add what is wrong with the line that was counted last."""
        self.problems.append((self.n_lines, kind, reason))

    def _add(self, row: Facts, key: bytes, offset: int, length: int) -> None:
        """Add the facts of the line that was counted last."""
        place = (self.n_lines, offset, length, int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big"))
        classes = [
            codes.setdefault(word, len(codes)) for codes, word in zip(self.codes.values(), row.classes, strict=True)
        ]
        self.held.append((*place, *row.numbers, *classes))
        if len(self.held) >= _HELD_ROWS:
            self._settle()
        for name, facet in row.facets.items():
            if name in self.facets or (len(self.facets) < RANGE_FACETS_MAX and _is_facet_name(name)):
                rows, numbers = self.facets.setdefault(name, (array("q"), array("d")))
                rows.append(self.n_rows)
                numbers.append(facet)
                if type(facet) is not bool:
                    self.measured.add(name)
        self.n_rows += 1

    def _settle(self) -> None:
        """Move the rows that are held to the arrays, column by column: faster than each row alone."""
        if self.held:
            for name, values in zip(_ROW, zip(*self.held, strict=True), strict=True):
                self.values[name].extend(values)
            self.held.clear()

    def shard(self) -> Shard:
        """Return what was gathered as numpy arrays."""
        self._settle()
        columns = {name: np.asarray(values).astype(_DTYPES[name], copy=False) for name, values in self.values.items()}
        vocabularies = {name: list(codes) for name, codes in self.codes.items()}
        facets = {name: (np.asarray(rows), np.asarray(values)) for name, (rows, values) in self.facets.items()}
        return Shard(columns, vocabularies, facets, self.measured, self.problems, self.n_lines, self.n_blank)


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
                    gatherer.take(line, offset=0 if isinstance(line, int) else begin + line.offset)
    except OSError as error:
        raise SourceUnreadable(f"{show_path(path)}: cannot be read ({error.strerror})") from error
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
    for line in lines(chunks(source)):
        if isinstance(line, int):
            gatherer.take(line, offset=0)
            continue
        rows = gatherer.n_rows
        gatherer.take(line, offset=bodies.position)
        if gatherer.n_rows > rows and line.text is not None:
            bodies.add(line.text)
        taken += line.length
        if taken >= RANGE_BYTES:
            yield gatherer.shard()
            gatherer, taken = Gatherer(environment), 0
    yield gatherer.shard()


def merge(shards: list[Shard]) -> Shard:
    """Return the shards of one source, in order, as one: absolute line numbers and one vocabulary a class."""
    first_lines = np.cumsum([0, *(shard.n_lines for shard in shards)])
    first_rows = np.cumsum([0, *(shard.n_rollouts for shard in shards)])
    columns: dict[str, np.ndarray[Any, Any]] = {}
    vocabularies: dict[str, list[str]] = {}
    for column in NUMBERS:
        shift = first_lines if column.name == "line" else np.zeros(len(shards) + 1, dtype="int64")
        parts = [
            s.columns[column.name] + b if b else s.columns[column.name] for s, b in zip(shards, shift, strict=False)
        ]
        columns[column.name] = np.concatenate(parts)
    for column in CLASSES:
        codes: dict[str, int] = {}
        parts = []
        for shard in shards:
            words = shard.vocabularies[column.name]
            mapped = np.array([codes.setdefault(word, len(codes)) for word in words], dtype=column.dtype)
            parts.append(mapped[shard.columns[column.name]] if words else shard.columns[column.name])
        columns[column.name] = np.concatenate(parts)
        vocabularies[column.name] = list(codes)
    facets: dict[str, list[tuple[Any, Any]]] = {}
    for shard, base in zip(shards, first_rows, strict=False):
        for name, (rows, values) in shard.facets.items():
            facets.setdefault(name, []).append((rows + base, values))
    full = [shard for shard in shards if len(shard.facets) >= RANGE_FACETS_MAX]
    for name in [name for name in facets if any(name not in shard.facets for shard in full)]:
        del facets[name]  # a full range may have passed over some of its values
    joined = {
        name: (np.concatenate([rows for rows, _ in parts]), np.concatenate([values for _, values in parts]))
        for name, parts in list(facets.items())[:FACETS_MAX]
    }
    problems = [
        (line + int(base), kind, reason)
        for shard, base in zip(shards, first_lines, strict=False)
        for line, kind, reason in shard.problems
    ]
    n_blank = sum(shard.n_blank for shard in shards)
    measured = {name for shard in shards for name in shard.measured}
    return Shard(columns, vocabularies, joined, measured, problems, int(first_lines[-1]), n_blank)
