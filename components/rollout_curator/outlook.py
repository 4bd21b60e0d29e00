"""What comes of every row under a plan: why no example is written, what is noticed, what ends earlier.

The usual conversions are in the index; any other is computed by converting every rollout once, and some by looking at
each example too (`hazards`). Results are remembered. The few rows with answers that a reviewer marked are converted
with their marks. Knows rows and plans; thresholds and verdicts are `selection`'s.
"""

import os
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator.conversation import GYM_OPTIONS, ChatOptions, FlatOptions, Outcome, issue_kind, mark_items
from rollout_curator.errors import SourceError
from rollout_curator.index.facts import read_outcome
from rollout_curator.marked import MarkedRows, amended
from rollout_curator.recipe import Plan
from rollout_curator.rollout import Example, Rollout

Array = np.ndarray[Any, Any]
WHOLE = frozenset({"trimmed", "unread", "unread_content"})
"""Kinds of issue whose detail is kept; of any other only the kind is."""

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


@dataclass(frozen=True, slots=True)
class Findings:
    """What was noticed of every row: codes into `kinds`."""

    codes: Array
    kinds: list[Outcome]

    def rows_with(self, issue: str) -> Array:
        """Return the rows with an issue of this kind, also those whose example ends before it."""
        codes = [code for code, finding in enumerate(self.kinds) if _has(finding, issue)]
        return np.flatnonzero(np.isin(self.codes, codes))

    def counts(self, among: Array) -> dict[str, int]:
        """Return how many rows have each kind of issue, of those marked in a boolean per row."""
        found: dict[str, int] = {}
        numbers = np.bincount(self.codes[among], minlength=len(self.kinds)).tolist()
        for kind, number in zip(self.kinds, numbers, strict=True):
            words = {issue_kind(word.removeprefix("trimmed:")) for word in (kind.skip, *kind.issues) if word}
            for word in words if number else ():
                found[word] = found.get(word, 0) + number
        return found

    def left_out(self, among: Array) -> dict[str, tuple[int, int]]:
        """Return for each kind of thing left out in how many of the marked rows, and how many such things in all."""
        found: dict[str, tuple[int, int]] = {}
        numbers = np.bincount(self.codes[among], minlength=len(self.kinds)).tolist()
        for kind, number in zip(self.kinds, numbers, strict=True):
            for name, n in kind.left_out if number else ():
                rows, things = found.get(name, (0, 0))
                found[name] = rows + number, things + n * number
        return found

    def details(self, issue: str, among: Array) -> dict[str, int]:
        """Return how many of the marked rows have each detail of a kind of issue in `WHOLE`."""
        found: dict[str, int] = {}
        numbers = np.bincount(self.codes[among], minlength=len(self.kinds)).tolist()
        for kind, number in zip(self.kinds, numbers, strict=True):
            for word in kind.issues if number else ():
                if issue_kind(word) == issue:
                    detail = word.partition(":")[2]
                    found[detail] = found.get(detail, 0) + number
        return found


def _has(finding: Outcome, issue: str) -> bool:
    return f"trimmed:{issue}" in finding.issues or issue in (
        issue_kind(finding.skip or ""),
        *map(issue_kind, finding.issues),
    )


class Outlook:
    """Outcomes and findings over one collection. Threads may share it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock, self._working = threading.Lock(), threading.Lock()
        self._outcomes: dict[Any, tuple[Array, list[str]]] = {}
        self._findings: dict[Any, Findings] = {}
        self._marked: dict[Any, Outcome] = {}

    def outcomes(self, plan: Plan) -> tuple[Array, list[str]]:
        """Return per row a code into the list of skip reasons, "" where an example is written."""
        key = outcome_key(plan)
        if isinstance(key, str):
            return _decided(self.noticed(plan), plan)
        key = (self._rows.marked_rows().version, key)
        made = self._outcomes.get(key) or _decided(self.noticed(plan), plan)
        with self._lock:
            found = self._outcomes.pop(key, made)
            _remember(self._outcomes, key, found)
            return found

    def noticed(self, plan: Plan) -> Findings:
        """Return what decides over the rows of a plan."""
        column = _indexed(plan)
        if column is not None:
            codes, words = self._rows.classes(column)
            return self._with_marks(Findings(codes, [read_outcome(word) for word in words]), plan, looks=False)
        key = _decisive(plan, looks=plan.needs_look)
        while (found := self._findings.get(key)) is None:
            for _ in self._search(plan, looks=plan.needs_look):
                pass
        return self._with_marks(found, plan, looks=plan.needs_look)

    def is_known(self, plan: Plan) -> bool:
        """Say whether the outcomes of a plan are at hand, without work."""
        return _indexed(plan) is not None or _decisive(plan, looks=plan.needs_look) in self._findings

    def is_looked_at(self, plan: Plan) -> bool:
        """Say whether every example of a plan was looked at for hazards."""
        return _decisive(plan, looks=True) in self._findings

    def best(self, plan: Plan) -> Findings:
        """Return what a look found, or what is noticed without one."""
        looked = self._findings.get(_decisive(plan, looks=True))
        return self.noticed(plan) if looked is None else self._with_marks(looked, plan, looks=True)

    def prepare(self, plan: Plan) -> Generator[int, None, None]:
        """Do what `outcomes` needs; yields how many rows are done."""
        if not self.is_known(plan):
            yield from self._search(plan, looks=plan.needs_look)

    def look(self, plan: Plan) -> Generator[int, None, None]:
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
        key = (row, items, _decisive(plan, looks=looks))
        if key not in self._marked:
            try:
                rollout = mark_items(self._rows.rollout(row), items)
            except SourceError:
                return None
            with self._lock:
                _remember(self._marked, key, _finding(recipes.found(rollout, plan, always=looks)), MARKED_MAX)
        return self._marked.get(key)

    def _search(self, plan: Plan, *, looks: bool) -> Generator[int, None, None]:
        """Convert every rollout once; of threads that ask for the same, one works and the others wait."""
        key = _decisive(plan, looks=looks)
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

    def _found(self, plan: Plan, *, looks: bool) -> Iterator[tuple[int, Outcome]]:
        """Yield what is noticed of each row in order; where a template is rendered, on several cores."""

        def of_row(pair: tuple[int, Rollout]) -> tuple[int, Outcome]:
            row, rollout = pair
            return row, _finding(recipes.found(rollout, plan, always=looks))

        rows = self._rows.rollouts(np.arange(self._rows.n_rollouts))
        if not looks or plan.look.template is None:
            yield from map(of_row, rows)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            while some := list(islice(rows, BATCH)):
                yield from pool.map(of_row, some)


def _remember(kept: dict[Any, Any], key: Any, value: Any, at_most: int = KEPT_MAX) -> None:
    kept[key] = value
    while len(kept) > at_most:
        del kept[next(iter(kept))]


def outcome_key(plan: Plan) -> Any:
    """Return what has a say in the outcomes of a plan: a column of the index, or all that was converted with."""
    return _indexed(plan) or (_decisive(plan, looks=plan.needs_look), plan.exclude)


def _indexed(plan: Plan) -> str | None:
    """Return the index column that holds the outcome of this conversion, None when it must be computed."""
    if plan.needs_look:
        return None
    if plan.format == "flat":
        return "flat" if _conversion(plan) == _conversion(replace(plan, flat=FlatOptions())) else None
    if plan.chat == GYM_OPTIONS:
        return "gym"
    if _conversion(plan) != _conversion(replace(plan, chat=ChatOptions(reasoning=plan.chat.reasoning))):
        return None
    return "chat" if plan.chat.reasoning == "drop" else "chat_reasoning"


def _decisive(plan: Plan, *, looks: bool) -> tuple[Any, ...]:
    """Return what has a say in what is noticed of a row, and so in whether an example is written."""
    if not looks:
        return _conversion(plan)
    look = plan.look
    reads_all = look.template is not None or look.max_tokens is not None or not plan.target.usual_is_safe
    options: Any = plan.flat if plan.format == "flat" else plan.chat
    shape = (plan.may_mix, plan.chat.tools) if plan.format == "chat" else ()
    return (plan.target.name, plan.trim, look.template, look.max_tokens, *_conversion(plan), *shape) + (
        (options,) if reads_all else ()
    )


def _conversion(plan: Plan) -> tuple[Any, ...]:
    """Return what has a say in whether an example is made; all other options only change how it reads."""
    if plan.format == "flat":
        return "flat", plan.flat.strip_think, plan.flat.with_instructions, plan.flat.mask_prompt
    names = ["inline_think", "keep_empty", "keep_strict", "media", "trailing", "final_tool_call", "unsupported"]
    names += [
        "system_tools",
        "empty_arguments",
        "mask_prompt",
        "template_kwargs",
        "reasoning_content",
        "trim",
        *(["arguments"] if "bad_tool_args" in plan.exclude else []),
    ]
    return "chat", plan.chat.reasoning == "drop", *(getattr(plan.chat, name) for name in names)


def _finding(made: Example) -> Outcome:
    kinds = (issue if issue_kind(issue) in WHOLE else issue_kind(issue) for issue in made.issues)
    return Outcome(issue_kind(made.skip) if made.skip else None, tuple(dict.fromkeys(kinds)), made.left_out)


def _decided(found: Findings, plan: Plan) -> tuple[Array, list[str]]:
    """Return what was noticed as codes of skip reasons, each reason once."""
    skips = [issue_kind(one.skip or "") or recipes.excluded_issue(one.issues, plan) or "" for one in found.kinds]
    reasons = {reason: n for n, reason in enumerate(dict.fromkeys(["", *skips]))}
    mapped = np.array([reasons[skip] for skip in skips], dtype="int32")
    return (mapped[found.codes] if len(mapped) else np.empty(0, "int32")), list(reasons)


def trimmed(noticed: Findings, kept: Array) -> dict[str, int]:
    """Return how many kept examples end earlier than their rollout, by what they end before."""
    counts = np.bincount(noticed.codes[kept], minlength=len(noticed.kinds))
    found: dict[str, int] = {}
    for kind, count in zip(noticed.kinds, counts.tolist(), strict=True):
        for name in _trims(kind.issues) if count else ():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def _trims(issues: Iterable[str]) -> list[str]:
    """Return by what an example was cut short, each once."""
    named = (issue.removeprefix("trimmed:") for issue in issues if issue.startswith(("trimmed:", "trimmed_tail")))
    return list(dict.fromkeys(map(issue_kind, named)))
