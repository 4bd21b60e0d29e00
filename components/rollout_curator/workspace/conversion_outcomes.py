"""What comes of every row under a plan: why no example is written, what is noticed, what ends earlier.

The usual conversions are in the index; any other is computed by converting every rollout once, and some by looking at
each example too (`hazards`). Where a rule compares what is written, every example is written once. Results are
remembered. The few rows with answers that a reviewer marked are converted with their marks. Knows rows and plans;
thresholds and verdicts are `selection`'s.
"""

import os
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol

import numpy as np
import xxhash

from rollout_curator.conversation import Outcome, encode, mark_items, record_of
from rollout_curator.decisions.marked_rows import MarkedRows, amended
from rollout_curator.errors import SourceError
from rollout_curator.index.facts import read_outcome
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan, decisive, indexed_column, outcome_key, text_key
from rollout_curator.rollout import Rollout
from rollout_curator.training.hazards import view
from rollout_curator.training.templates.render_queue import one_at_a_time
from rollout_curator.workspace.row_issues import Findings, decided, finding_of, minded

Array = np.ndarray[Any, Any]
FILLED: dict[str, tuple[str, Any]] = {
    "template_kwargs": ("chat_template_kwargs", {}),
    "marked_turns": ("message_loss_mask", None),
}
"""Issues of rows that have a column of their own -> the column, and its value in all other rows."""
KEPT_MAX = 8
MARKED_MAX = 10_000
"""So many results of either sort are remembered, the last asked for."""
LOOK_EVERY = 16
"""After so many rows a look says how far it is."""
THREADS = min(6, os.cpu_count() or 1)
BATCH = 16 * THREADS
"""So many rollouts are in memory at a time while templates render."""


class Rows(Protocol):
    """What is asked of a collection of rollouts."""

    @property
    def n_rollouts(self) -> int:
        """How many rows there are."""

    def rollouts(self, rows: Array) -> Iterator[tuple[int, Rollout]]:
        """Yield the rollouts of rows."""

    def rollout(self, row: int) -> Rollout:
        """Return the rollout of a row."""

    def classes(self, name: str) -> tuple[Array, list[str]]:
        """Return codes and words of a column of the index."""

    def marked_rows(self) -> MarkedRows:
        """Return what reviewers marked."""


class ConversionOutcomes:
    """Outcomes and findings over one collection. Threads may share it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock, self._working = threading.Lock(), threading.Lock()
        self._outcomes: dict[Any, tuple[Array, list[str]]] = {}
        self._findings: dict[Any, Findings] = {}
        self._occurring: dict[Any, bool] = {}
        self._written: dict[Any, Array] = {}
        self._marked: dict[Any, Outcome] = {}
        self._lengths: dict[Any, dict[int, tuple[int, int]]] = {}

    def outcomes(self, plan: Plan) -> tuple[Array, list[str]]:
        """Return per row a code into the list of skip reasons, "" where an example is written."""
        key = outcome_key(plan)
        if indexed_column(plan) is not None:
            return decided(self.issues(plan), plan)
        key = (self._rows.marked_rows().version, key)
        made = self._outcomes.get(key) or decided(self.issues(plan), plan)
        with self._lock:
            found = self._outcomes.pop(key, made)
            _remember(self._outcomes, key, found)
            return found

    def issues(self, plan: Plan) -> Findings:
        """Return what decides over the rows of a plan."""
        column = indexed_column(plan)
        if column is not None:
            codes, words = self._rows.classes(column)
            found = Findings(codes, [minded(read_outcome(word), plan) for word in words])
            return self._with_marks(found, plan, looks=False)
        key = decisive(plan, looks=plan.needs_look)
        while (known := self._findings.get(key)) is None:
            for _ in self._search(plan, looks=plan.needs_look):
                pass
        return self._with_marks(known, plan, looks=plan.needs_look)

    def filled(self, plan: Plan) -> dict[str, Any]:
        """Return the columns that every row must have because some row has them, each with the value of the others.

        Hugging Face `datasets` would put null there, at which TRL stops.
        """
        wanted = {name: column for name, column in FILLED.items() if plan.fills(name)}
        return {column: value for issue, (column, value) in wanted.items() if self._occurs(plan, issue)}

    def _occurs(self, plan: Plan, issue: str) -> bool:
        """Say whether an issue occurs in any row, remembered because it is asked for every row."""
        key = (issue, outcome_key(plan), self._rows.marked_rows().version)
        if key not in self._occurring:
            self._occurring[key] = bool(len(self.issues(plan).rows_with(issue)))
        return self._occurring[key]

    def is_cached(self, plan: Plan) -> bool:
        """Say whether the outcomes of a plan, and its examples where it needs them, are at hand without work."""
        if plan.needs_examples and text_key(plan) not in self._written:
            return False
        return indexed_column(plan) is not None or decisive(plan, looks=plan.needs_look) in self._findings

    def examples(self, plan: Plan) -> Array:
        """Return a hash of what is written for each row, 0 where nothing can be: equal for equal examples."""
        while (found := self._written.get(text_key(plan))) is None:
            for _ in self._write(plan):
                pass
        marked = self._rows.marked_rows().items
        if marked:
            found = found.copy()
        for row, items in marked.items():
            found[row] = _hash_of(mark_items(self._rows.rollout(row), items), plan)
        return found

    def lengths(self, plan: Plan, rows: Array) -> Array:
        """Return the tokens of the examples of rows, all and trained, as the trainer sees them: two columns."""
        marked, key = self._rows.marked_rows(), (self._rows.marked_rows().version, text_key(plan))
        with self._working:
            if key not in self._lengths:
                _remember(self._lengths, key, {})
            known = self._lengths[key]
            unknown = np.setdiff1d(rows, np.fromiter(known, dtype=np.int64, count=len(known)))

            def of_row(pair: tuple[int, Rollout]) -> tuple[int, tuple[int, int]]:
                row, rollout = pair
                items = marked.items.get(row)
                return row, _length_of(mark_items(rollout, items) if items else rollout, plan)

            with ThreadPoolExecutor(THREADS) as pool:
                rollouts = self._rows.rollouts(unknown)
                if one_at_a_time(plan.look.template):
                    known.update(map(of_row, rollouts))
                while some := list(islice(rollouts, BATCH)):
                    known.update(pool.map(of_row, some))
        return np.array([known[row] for row in rows.tolist()], dtype=np.int64).reshape(-1, 2)

    def is_checked(self, plan: Plan) -> bool:
        """Say whether every example of a plan was looked at for hazards."""
        return decisive(plan, looks=True) in self._findings

    def best(self, plan: Plan) -> Findings:
        """Return what a look found, or what is noticed without one."""
        looked = self._findings.get(decisive(plan, looks=True))
        return self.issues(plan) if looked is None else self._with_marks(looked, plan, looks=True)

    def prepare(self, plan: Plan) -> Generator[int, None, None]:
        """Do what `outcomes` needs; yields how many rows are done."""
        if plan.needs_examples:
            yield from self._write(plan)
        if not self.is_cached(plan):
            yield from self._search(plan, looks=plan.needs_look)

    def check_examples(self, plan: Plan) -> Generator[int, None, None]:
        """Look at every example for hazards and remember what was found; yields how many rows are done.

        What keeps an example out has no part in it, so a changed mind about that costs nothing.
        """
        yield from self._search(plan, looks=True)

    def _with_marks(self, found: Findings, plan: Plan, *, looks: bool) -> Findings:
        """Return findings with those of the marked rows as they are with their marks."""
        marked = self._rows.marked_rows().items
        if not marked:
            return found
        own = {row: self._of_marked(row, items, plan, looks=looks) for row, items in marked.items()}
        return Findings(*amended(found.codes, found.kinds, {row: one for row, one in own.items() if one is not None}))

    def _of_marked(self, row: int, items: frozenset[int], plan: Plan, *, looks: bool) -> Outcome | None:
        """Return what is noticed of one row with its marks, None when its line cannot be read any more."""
        key = (row, items, decisive(plan, looks=looks))
        if key not in self._marked:
            try:
                rollout = mark_items(self._rows.rollout(row), items)
            except SourceError:
                return None
            with self._lock:
                _remember(
                    self._marked, key, finding_of(recipes.convert_with_issues(rollout, plan, always=looks)), MARKED_MAX
                )
        return self._marked.get(key)

    def _search(self, plan: Plan, *, looks: bool) -> Generator[int, None, None]:
        """Convert every rollout once; of threads that ask for the same, one works and the others wait."""
        key = decisive(plan, looks=looks)
        with self._working:
            if key in self._findings:
                return
            kinds: dict[Outcome, int] = {}
            codes = np.empty(self._rows.n_rollouts, dtype="int32")
            for n, (row, finding) in enumerate(self._found(plan, looks=looks), 1):
                codes[row] = kinds.setdefault(finding, len(kinds))
                if n % LOOK_EVERY == 0:
                    yield n
            with self._lock:
                _remember(self._findings, key, Findings(codes, list(kinds)))

    def _write(self, plan: Plan) -> Generator[int, None, None]:
        """Write every example once and keep its hash; of threads that ask for the same, one works."""
        key = text_key(plan)
        with self._working:
            if key in self._written:
                return
            hashes = np.zeros(self._rows.n_rollouts, dtype="uint64")
            for n, (row, rollout) in enumerate(self._rows.rollouts(np.arange(self._rows.n_rollouts)), 1):
                hashes[row] = _hash_of(rollout, plan)
                if n % LOOK_EVERY == 0:
                    yield n
            with self._lock:
                _remember(self._written, key, hashes)

    def _found(self, plan: Plan, *, looks: bool) -> Iterator[tuple[int, Outcome]]:
        """Yield what is noticed of each row in order; where a template is rendered, on several cores."""

        def of_row(pair: tuple[int, Rollout]) -> tuple[int, Outcome]:
            row, rollout = pair
            return row, finding_of(recipes.convert_with_issues(rollout, plan, always=looks))

        rows = self._rows.rollouts(np.arange(self._rows.n_rollouts))
        if not looks or plan.look.template is None or one_at_a_time(plan.look.template):
            yield from map(of_row, rows)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            while some := list(islice(rows, BATCH)):
                yield from pool.map(of_row, some)


def _hash_of(rollout: Rollout, plan: Plan) -> int:
    """Return a hash of what is written for a rollout, 0 where nothing can be."""
    made = recipes.convert_with_issues(rollout, plan)
    return 0 if made.skip else xxhash.xxh3_64_intdigest(encode(record_of(made)))


def _length_of(rollout: Rollout, plan: Plan) -> tuple[int, int]:
    """Return all tokens of what is written for a rollout and those that are trained, 0 where nothing can be."""
    made = recipes.convert_with_issues(rollout, plan)
    if made.skip:
        return 0, 0
    seen = view(made, plan.look)
    return seen.n_tokens, seen.n_trained or 0  # not known is only what the trainer stops at


def _remember(kept: dict[Any, Any], key: Any, value: Any, at_most: int = KEPT_MAX) -> None:
    kept[key] = value
    while len(kept) > at_most:
        del kept[next(iter(kept))]
