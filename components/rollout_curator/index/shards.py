"""What ranges of a source gave becomes what the whole source holds: one set of columns, counted from its first line.

A shard's arrays may lie in a file meanwhile (`Spill`), and the columns of the whole are joined one at a time, when they
are asked for: a source of millions of rollouts is indexed without its columns ever being in memory together.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, BinaryIO, TypeVar

import numpy as np

from rollout_curator.index.columns import CLASSES, FACETS_MAX, NUMBERS
from rollout_curator.index.problem_counts import LISTED_MAX, Tally
from rollout_curator.sources.limits import Amount

RANGE_FACETS_MAX = 10 * FACETS_MAX
Array = np.ndarray[Any, Any]
Facet = tuple[Array, Array]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Shard:
    """The columns of a range: `classes` are codes into `vocabularies`, `blanks` the first numbers of blank lines.

    `measured` are the facets that were a number at least once, and not a boolean. A facet is the rows that have it and
    their values.
    """

    columns: Mapping[str, Array]
    vocabularies: dict[str, list[str]]
    facets: Mapping[str, Facet]
    measured: set[str]
    problems: Tally
    n_lines: int
    n_blank: int
    n_rollouts: int
    blanks: list[int] = field(default_factory=list)
    amount: Amount = field(default_factory=Amount)


class Made(Mapping[str, Value]):
    """Values by name, each made when it is asked for and not kept."""

    def __init__(self, makers: Mapping[str, Callable[[], Value]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Value:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Spill:
    """A file that holds the arrays of shards until they are joined."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def put(self, shard: Shard) -> Shard:
        """Return a shard whose arrays lie in the file."""
        columns = {name: self._put(values) for name, values in shard.columns.items()}
        facets = {name: self._put_pair(*pair) for name, pair in shard.facets.items()}
        return replace(shard, columns=Made(columns), facets=Made(facets))

    def _put(self, values: Array) -> Callable[[], Array]:
        offset = self._file.tell()
        self._file.write(np.ascontiguousarray(values).data)
        return partial(self._read, offset, values.dtype, len(values))

    def _put_pair(self, rows: Array, values: Array) -> Callable[[], Facet]:
        first, second = self._put(rows), self._put(values)
        return lambda: (first(), second())

    def _read(self, offset: int, dtype: "np.dtype[Any]", count: int) -> Array:
        if not count:
            return np.empty(0, dtype)
        self._file.seek(offset)
        found = np.frombuffer(self._file.read(count * dtype.itemsize), dtype)
        self._file.seek(0, 2)
        return found


def merge(shards: list[Shard]) -> Shard:
    """Return the shards of one source, in order, as one: absolute line numbers and one vocabulary a class."""
    first_lines = np.cumsum([0, *(shard.n_lines for shard in shards)]).tolist()
    first_rows = np.cumsum([0, *(shard.n_rollouts for shard in shards)]).tolist()
    columns: dict[str, Callable[[], Array]] = {}
    for column in NUMBERS:
        shifts = first_lines if column.name == "line" else [0] * len(first_lines)
        columns[column.name] = partial(_numbers, shards, column.name, shifts)
    vocabularies: dict[str, list[str]] = {}
    for column in CLASSES:
        codes: dict[str, int] = {}
        for shard in shards:
            for word in shard.vocabularies[column.name]:
                codes.setdefault(word, len(codes))
        vocabularies[column.name] = list(codes)
        del codes
        columns[column.name] = partial(_classes, shards, column.name, column.dtype, vocabularies[column.name])
    problems, blanks = Tally(), list[int]()
    for shard, base in zip(shards, first_lines, strict=False):
        problems.extend(shard.problems, base)
        blanks.extend(line + base for line in shard.blanks[: LISTED_MAX - len(blanks)])
    facets = {name: partial(_facet, shards, name, first_rows) for name in _facet_names(shards)}
    measured = {name for shard in shards for name in shard.measured}
    n_blank = sum(shard.n_blank for shard in shards)
    return Shard(
        Made(columns), vocabularies, Made(facets), measured, problems, first_lines[-1], n_blank, first_rows[-1], blanks
    )


def _facet_names(shards: list[Shard]) -> list[str]:
    """Return which facets become columns: those of which no range may have passed over a value."""
    names = dict.fromkeys(name for shard in shards for name in shard.facets)
    full = [shard for shard in shards if len(shard.facets) >= RANGE_FACETS_MAX]
    return [name for name in names if all(name in shard.facets for shard in full)][:FACETS_MAX]


def _numbers(shards: list[Shard], name: str, shifts: list[int]) -> Array:
    parts = [shard.columns[name] for shard in shards]
    return np.concatenate([part + shift if shift else part for part, shift in zip(parts, shifts, strict=False)])


def _classes(shards: list[Shard], name: str, dtype: str, whole: list[str]) -> Array:
    codes = {word: code for code, word in enumerate(whole)}
    parts = []
    for shard in shards:
        mapped = np.array([codes[word] for word in shard.vocabularies[name]], dtype=dtype)
        parts.append(mapped[shard.columns[name]] if len(mapped) else shard.columns[name])
    return np.concatenate(parts)


def _facet(shards: list[Shard], name: str, first_rows: list[int]) -> Facet:
    found = [
        (shard.facets[name], base) for shard, base in zip(shards, first_rows, strict=False) if name in shard.facets
    ]
    rows = np.concatenate([rows + base for (rows, _), base in found])
    return rows, np.concatenate([values for (_, values), _ in found])
