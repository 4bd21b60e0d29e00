"""Several indexed sources as one: rows over all of them in order, their columns joined, their bodies read on demand.

Knows nothing of decisions, rules or trainers. Columns are read-only; threads may share a collection.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rollout_curator.conversation.excerpts import Excerpt, excerpt_of
from rollout_curator.errors import RecipeError, SourceChanged, SourceError, SourceUnreadable
from rollout_curator.index import content_keys as by_content
from rollout_curator.index import grouping
from rollout_curator.index.columns import CLASSES, NUMBERS
from rollout_curator.index.grouping import Groups
from rollout_curator.index.numeric_columns import Axis, axes
from rollout_curator.index.problem_counts import Range
from rollout_curator.index.source import Problem, Source, to_rollout
from rollout_curator.rollout import Rollout
from rollout_curator.selection.funnel import Drop
from rollout_curator.sources.find import Found, PassedOver
from rollout_curator.sources.problems import PROBLEM_WORDS
from rollout_curator.words import unit_of
from rollout_curator.workspace.opening import index_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was found and cannot be read as rollouts, and why."""

    name: str
    reason: str
    path: Path


class Collection:
    """Open sources. A row is a rollout's position over all of them.

    `passed_over` are the files of opened folders that are not read, `named` the paths that were opened, a folder by its
    own: whoever found the sources says them.
    """

    def __init__(self, found: Sequence[Found], cache: Path) -> None:
        self.found = tuple(found)
        self.sources: list[Source] = []
        self.refused: list[Refused] = []
        self.passed_over: list[PassedOver] = []
        self.named: tuple[Path, ...] = ()
        self._columns: dict[str, Array] = {}
        self._numbers: dict[str, Array] = {}
        self._classes: dict[str, tuple[Array, list[str]]] = {}
        self._groups: dict[str, Groups] = {}
        self._names: dict[str, grouping.Names] = {}
        self._frames: dict[str, pd.DataFrame] = {}
        for file in found:
            self._open(file, cache)
        self._starts = np.cumsum([0, *(source.n_rollouts for source in self.sources)])

    def _open(self, file: Found, cache: Path) -> None:
        try:
            header = index_of(file, cache)
            if header["refusal"]:
                self.refused.append(Refused(file.name, header["refusal"], file.path))
            self.sources.append(Source(cache, file.path, file.name, header))
        except SourceError as error:
            self.refused.append(Refused(file.name, str(error), file.path))

    def require_rollouts(self) -> None:
        """Raise SourceUnreadable when there is no rollout at all, with the reason of the first file."""
        if self.n_rollouts:
            return
        if self.refused:
            more = f" (and {len(self.refused) - 1} more files)" if len(self.refused) > 1 else ""
            raise SourceUnreadable(self.refused[0].reason + more)
        if not self.sources:
            raise SourceUnreadable("no input file is listed; give one, or another manifest")
        kinds = ", ".join(f"{drop.count:,} {drop.words}" for drop in self.problems_by_kind())
        raise SourceUnreadable(f"{self.sources[0].name}: no rollouts found; its lines are: {kinds}")

    @property
    def n_rollouts(self) -> int:
        """Return the number of rows."""
        return int(self._starts[-1])

    @property
    def unit(self) -> str:
        """Return what its sources are counted in: line, record or row."""
        return unit_of(source.header["layout"] for source in self.sources)

    # Columns

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """Return one row per rollout: every column of the index, and `source`. Read-only."""
        import pandas as pd  # takes longer to import than all else; `check` and `export` do without

        def categories(codes: Array, words: list[str]) -> Any:
            return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(words), validate=False)

        columns: dict[str, Any] = {"source": categories(*self.classes("source"))}
        for number in NUMBERS:
            columns[number.name] = self.column(number.name)
        for name in CLASSES:
            columns[name.name] = categories(*self.classes(name.name))
        return pd.DataFrame(columns, copy=False)

    def groups(self, by: str = grouping.TASK) -> Groups:
        """Return the group of each row, by one of the rules of `grouping`. Read-only."""
        if by not in self._groups:
            self._groups[by] = grouping.grouped(self.group_keys(by))
        return self._groups[by]

    def frame_by(self, by: str) -> "pd.DataFrame":
        """Return the frame with `group`, the code of each row's group by a rule of `grouping`. Read-only."""
        import pandas as pd  # as above

        if by not in self._frames:
            self._frames[by] = pd.DataFrame({**self.frame, "group": self.groups(by).codes}, copy=False)
        return self._frames[by]

    def group_keys(self, by: str) -> Array:
        """Return what the group of each row is known by, whatever else is open."""
        own = np.array([grouping.key_of_source(source.name) for source in self.sources], dtype="uint64")
        task, prompt = (self.column(name).astype("uint64", copy=False) for name in ("task_key", "prompt_key"))
        return grouping.joined(by, task, prompt, np.repeat(own, np.diff(self._starts)))

    def group_names(self, by: str, wanted: Sequence[int], *, is_short: bool = False) -> list[str]:
        """Return what some groups are called, by their codes; no two have one name."""
        if by not in self._names:
            owner = self.classes("source" if by == grouping.SOURCE else "agent")
            self._names[by] = grouping.named(self.groups(by), self.classes("task"), owner)
        return [self._names[by].of(code, is_short=is_short) for code in wanted]

    def groups_sentence(self, by: str) -> str:
        """Return how many groups there are, how many of them span files, and why."""
        groups = self.groups(by)
        across = grouping.n_across(groups, self.classes("source")[0])
        return grouping.sentence(by, len(groups.keys), len(self.sources), across)

    def column(self, name: str) -> Array:
        """Return one of `index.columns.NUMBERS` per row. Read-only."""
        if name not in self._columns:
            self._columns[name] = _joined([source.columns[name] for source in self.sources])
        return self._columns[name]

    def classes(self, name: str) -> tuple[Array, list[str]]:
        """Return one of `index.columns.CLASSES`, or `source`, per row, as codes into a list of words. Read-only."""
        if name not in self._classes:
            self._classes[name] = self._source_classes() if name == "source" else self._joined_classes(name)
        return self._classes[name]

    def _source_classes(self) -> tuple[Array, list[str]]:
        codes = np.repeat(np.arange(len(self.sources), dtype="int32"), np.diff(self._starts))
        return codes, [source.name for source in self.sources]

    def _joined_classes(self, name: str) -> tuple[Array, list[str]]:
        words: dict[str, int] = {}
        parts = []
        for source in self.sources:
            own = source.header["vocabularies"][name]
            mapped = np.array([words.setdefault(word, len(words)) for word in own], dtype="int32")
            parts.append(mapped[source.columns[name]] if own else np.empty(0, "int32"))
        return _joined(parts).astype("int32", copy=False), list(words)

    @cached_property
    def facet_names(self) -> list[str]:
        """Return the names of the extra numbers the lines carry, most common source first."""
        return list(dict.fromkeys(name for source in self.sources for name in source.facet_names()))

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """Return every number that can be an axis, a filter or a bound here, by name."""
        measured = {name for source in self.sources for name in source.facet_names() if not source.is_boolean(name)}
        return axes(self.facet_names, set(self.facet_names) - measured)

    def numbers(self, name: str) -> Array:
        """Return the values of an axis per row as floats, NaN where there is none. Read-only. Raises RecipeError."""
        if name not in self.axes:
            raise RecipeError(f"these files have no numeric column {name!r}; choose another or remove the rule")
        if name not in self._numbers:
            values = self.facet(name) if self.axes[name].is_facet else self.column(name).astype("float64", copy=False)
            self._numbers[name] = np.where(values < 0, np.nan, values) if name == "attempt" else values
        return self._numbers[name]

    def facet(self, name: str) -> Array:
        """Return one extra number per row, NaN where the line has none."""
        parts = [source.columns.get(f"facet {name}", np.full(source.n_rollouts, np.nan)) for source in self.sources]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def copies(self) -> Array:
        """Return how many rows have the same content as each row, itself included."""
        keys = self.column("key_lo")
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray(counts[inverse])

    @cached_property
    def _by_key(self) -> by_content.ByKey:
        return by_content.sorted_by_key(self.column("key_lo"))

    # One rollout

    def place(self, row: int) -> tuple[Source, int]:
        """Return the source of a row and the row within it."""
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self.sources[number], row - int(self._starts[number])

    def where(self, row: int) -> str:
        """Return `name:line` of a row."""
        source, local = self.place(row)
        return f"{source.name}:{int(source.columns['line'][local])}"

    def key(self, row: int) -> str:
        """Return the content key of a row as 32 hex digits."""
        source, local = self.place(row)
        return f"{int(source.columns['key_hi'][local]):016x}{int(source.columns['key_lo'][local]):016x}"

    def keys_of(self, rows: Array) -> list[str]:
        """Return the content keys of many rows."""
        return by_content.as_keys(self.column("key_hi")[rows], self.column("key_lo")[rows])

    def rows_of_key(self, key: str) -> list[int]:
        """Return the rows with this content, in order; more than one when lines are identical."""
        return [int(row) for row in self.rows_of_keys([key])[0]]

    def rows_of_keys(self, keys: Sequence[str]) -> tuple[Array, Array]:
        """Return the rows with any of these contents, and for each the place of its key in `keys`."""
        if not keys:  # an export without decisions sorts no keys
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        return by_content.locate(self._by_key, self.column("key_hi"), keys)

    def n_contents(self, rows: Array) -> int:
        """Return how many contents some rows have, each counted once."""
        return by_content.n_different(self.column("key_lo")[rows])

    @cached_property
    def contents(self) -> Array:
        """Return for each row the number of its content: identical lines share one; numbers run from 0."""
        return by_content.numbered(self._by_key)

    @cached_property
    def first_rows(self) -> Array:
        """Return for each content the first row that holds it."""
        return np.asarray(np.unique(self.contents, return_index=True)[1])

    def once(self, marked: Array) -> Array:
        """Return the rows that are marked, of identical ones only the first, ascending."""
        return by_content.once(self.contents, marked)

    def line(self, row: int) -> bytes:
        """Return the line of a row as it stands in the source. Raises SourceChanged."""
        source, local = self.place(row)
        return source.body(local)

    def rollout(self, row: int) -> Rollout:
        """Return the rollout of a row."""
        return to_rollout(self.line(row))

    def rollouts(self, rows: Array) -> Iterator[tuple[int, Rollout]]:
        """Yield (row, rollout) for ascending rows, reading neighbours together."""
        for row, text in self.lines(rows):
            yield row, to_rollout(text)

    def lines(self, rows: Array) -> Iterator[tuple[int, bytes]]:
        """Yield (row, line) for ascending rows, reading neighbours together."""
        for number, source in enumerate(self.sources):
            first, last = np.searchsorted(rows, self._starts[number]), np.searchsorted(rows, self._starts[number + 1])
            local = rows[first:last] - self._starts[number]
            for row, text in zip(rows[first:last], source.bodies(local), strict=True):
                yield int(row), text

    def excerpts(self, rows: Sequence[int]) -> list[Excerpt]:
        """Return the first words of some rows, in any order; without words where a file changed since indexing."""
        found = dict.fromkeys(sorted(set(rows)), Excerpt("", ""))
        try:
            for row, rollout in self.rollouts(np.array(list(found), dtype=np.int64)):
                found[row] = excerpt_of(rollout)
        except SourceChanged:
            pass  # every page says which files changed
        return [found[row] for row in rows]

    def problems(self) -> Iterator[tuple[Source, Problem]]:
        """Return the lines that are no rollouts, of each source and kind the first thousand."""
        return ((source, problem) for source in self.sources for problem in source.problems())

    def problem_ranges(self) -> Iterator[tuple[Source, Range]]:
        """Return the lines that are no rollouts and not among `problems`, as counted ranges."""
        return ((source, found) for source in self.sources for found in source.problem_ranges())

    def problems_by_kind(self) -> tuple[Drop, ...]:
        """Return the lines that are no rollouts, counted by what they are."""
        counts: dict[str, int] = {}
        for source in self.sources:
            for kind, count in source.problem_kinds().items():
                counts[kind] = counts.get(kind, 0) + count
        return tuple(Drop("readable", kind, PROBLEM_WORDS.get(kind, kind), count) for kind, count in counts.items())

    def close(self) -> None:
        """Close every file."""
        for source in self.sources:
            source.close()


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0)
