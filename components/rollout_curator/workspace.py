"""Sources, index, decisions and recipe joined: the one object that the command line, the routes and the pages hold.

A row is a rollout's position over all sources in order. Columns come joined and read-only; bodies are read when
asked for. Nothing here writes but `decisions`.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs

from rollout_curator import recipe as recipes
from rollout_curator import runner
from rollout_curator.conversation import GYM_OPTIONS, ChatOptions, FlatOptions
from rollout_curator.decisions import Decision, Decisions
from rollout_curator.errors import SourceError, SourceUnreadable
from rollout_curator.index import store
from rollout_curator.index.columns import CLASSES, NUMBERS
from rollout_curator.index.facts import read_outcome
from rollout_curator.index.source import Problem, Source, to_rollout
from rollout_curator.recipe import Plan, Recipe
from rollout_curator.rollout import Example, Rollout
from rollout_curator.selection import ACCEPT, NONE, REJECT, Drop, Funnel, Rules, Selection, funnel, select
from rollout_curator.sources import Found, environment_of, find

Array = np.ndarray[Any, Any]
DECISIONS_NAME = "curation.sqlite"

PROBLEM_WORDS = {
    "not_json": "not JSON",
    "not_object": "JSON, but not an object",
    "invalid_utf8": "not UTF-8",
    "too_deep": "nested too deep",
    "too_long": "too long",
    "materialized_input": "materialized inputs, without response and reward",
    "reward_profile": "reward profiles",
    "failure_record": "failure records",
    "unrecognised": "no known shape of rollout",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was found and cannot be read as rollouts, and why."""

    name: str
    reason: str


def default_cache() -> Path:
    """Return the folder of everything that can be rebuilt."""
    return platformdirs.user_cache_path("rollout-curator", appauthor=False)


def default_decisions(paths: Sequence[str | Path]) -> Path:
    """Return where decisions are kept: in the folder opened, or here when there are several or it is read-only."""
    folders = {Path(p) if Path(p).is_dir() else Path(p).parent for p in paths}
    folder = folders.pop() if len(folders) == 1 else Path.cwd()
    existing = folder / DECISIONS_NAME
    if existing.exists() or os.access(folder, os.W_OK):
        return existing
    return Path.cwd() / DECISIONS_NAME


def build_indexes(found: Sequence[Found], cache: Path) -> Iterator[store.Progress]:
    """Index every source that has no usable index yet, yielding progress; files that cannot be read are passed over."""
    for file in found:
        try:
            if store.read_header(cache, file.path) is None:
                yield from store.build(cache, file.path, environment_of(file.path), runner.run_in_pool)
        except SourceError:
            continue


class Workspace:
    """Open sources with their decisions. Threads may share it; columns are read-only."""

    def __init__(self, found: Sequence[Found], cache: Path, decisions: Decisions | None) -> None:
        self.decisions = decisions
        self.sources: list[Source] = []
        self.refused: list[Refused] = []
        self._lock = threading.Lock()
        self._verdicts: Array | None = None
        self._decided: dict[str, Decision] = {}
        self._standing: dict[str, str] = {}
        self._version = 0
        self._selections: dict[Any, Selection] = {}
        self._outcomes: dict[Any, tuple[Array, list[str]]] = {}
        for file in found:
            self._open(file, cache)
        self._starts = np.cumsum([0, *(source.n_rollouts for source in self.sources)])

    @classmethod
    def open(
        cls, paths: Iterable[str | Path], cache: Path | None = None, decisions: Decisions | None = None
    ) -> "Workspace":
        """Find, index and open everything at once. Raises SourceError when nothing can be read."""
        found, cache = find(paths), cache or default_cache()
        for _ in build_indexes(found, cache):
            pass
        workspace = cls(found, cache, decisions)
        workspace.require_rollouts()
        return workspace

    def _open(self, file: Found, cache: Path) -> None:
        try:
            header = store.read_header(cache, file.path)
            if header is None:
                for _ in store.build(cache, file.path, environment_of(file.path), runner.run_in_pool):
                    pass
                header = store.read_header(cache, file.path)
            if header is None:
                raise SourceUnreadable(f"{file.name}: the file changes while it is read; wait until it is written")
            if header["refusal"]:
                self.refused.append(Refused(file.name, header["refusal"]))
            self.sources.append(Source(cache, file.path, file.name, header))
        except SourceError as error:
            self.refused.append(Refused(file.name, str(error)))

    def require_rollouts(self) -> None:
        """Raise SourceUnreadable when there is no rollout at all, with the reason of the first file."""
        if self.n_rollouts:
            return
        if self.refused:
            more = f" (and {len(self.refused) - 1} more files)" if len(self.refused) > 1 else ""
            raise SourceUnreadable(self.refused[0].reason + more)
        kinds = ", ".join(f"{drop.count:,} {drop.words}" for drop in self.problems_by_kind())
        raise SourceUnreadable(f"{self.sources[0].name}: no rollouts; its lines are: {kinds}")

    @property
    def n_rollouts(self) -> int:
        """Return the number of rows."""
        return int(self._starts[-1])

    # Columns

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Return one row per rollout: every column of the index, `source`, `group` (codes) and `copies`. Read-only."""
        columns: dict[str, Any] = {"source": self._source_column()}
        for number in NUMBERS:
            columns[number.name] = self._joined(number.name)
        for name in CLASSES:
            columns[name.name] = self._categories(name.name)
        bases = np.cumsum([0, *(len(source.header["vocabularies"]["task"]) for source in self.sources)])
        groups = [
            source.columns["task"].astype("int64") + base for source, base in zip(self.sources, bases, strict=False)
        ]
        columns["group"] = np.concatenate(groups) if groups else np.empty(0, "int64")
        return pd.DataFrame(columns, copy=False)

    def _joined(self, name: str) -> Array:
        parts = [source.columns[name] for source in self.sources]
        return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0)

    def _source_column(self) -> Any:
        codes = np.repeat(np.arange(len(self.sources), dtype="int32"), np.diff(self._starts))
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype([source.name for source in self.sources]))

    def _categories(self, name: str) -> pd.Categorical:
        words: dict[str, int] = {}
        parts = []
        for source in self.sources:
            own = source.header["vocabularies"][name]
            mapped = np.array([words.setdefault(word, len(words)) for word in own], dtype="int32")
            parts.append(mapped[source.columns[name]] if own else np.empty(0, "int32"))
        codes = parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0, "int32")
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(words)), validate=False)

    @cached_property
    def facet_names(self) -> list[str]:
        """Return the names of the extra numbers the lines carry, most common source first."""
        return list(dict.fromkeys(name for source in self.sources for name in source.facet_names()))

    def facet(self, name: str) -> Array:
        """Return one extra number per row, NaN where the line has none."""
        parts = [source.columns.get(f"facet {name}", np.full(source.n_rollouts, np.nan)) for source in self.sources]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def copies(self) -> Array:
        """Return how many rows have the same content as each row, itself included."""
        keys = self.frame["key_lo"].to_numpy()
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray(counts[inverse])

    @cached_property
    def _by_key(self) -> tuple[Array, Array]:
        keys = self.frame["key_lo"].to_numpy()
        order = np.argsort(keys, kind="stable")
        return keys[order], order

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

    def rows_of_key(self, key: str) -> list[int]:
        """Return the rows with this content, in order; more than one when lines are identical."""
        try:
            low = np.uint64(int(key[16:], 16))
        except ValueError:
            return []
        keys, order = self._by_key
        first, last = np.searchsorted(keys, low, side="left"), np.searchsorted(keys, low, side="right")
        return [int(row) for row in order[first:last] if self.key(int(row)) == key]

    def line(self, row: int) -> bytes:
        """Return the line of a row as it stands in the source. Raises SourceChanged."""
        source, local = self.place(row)
        return source.body(local)

    def rollout(self, row: int) -> Rollout:
        """Return the rollout of a row."""
        return to_rollout(self.line(row))

    def rollouts(self, rows: Array) -> Iterator[tuple[int, Rollout]]:
        """Yield (row, rollout) for ascending rows, reading neighbours together."""
        for number, source in enumerate(self.sources):
            first, last = np.searchsorted(rows, self._starts[number]), np.searchsorted(rows, self._starts[number + 1])
            local = rows[first:last] - self._starts[number]
            for row, text in zip(rows[first:last], source.bodies(local), strict=True):
                yield int(row), to_rollout(text)

    def example(self, row: int, plan: Plan) -> Example:
        """Return what is written for a row."""
        return recipes.example(self.rollout(row), plan)

    def metadata(self, row: int, plan: Plan) -> dict[str, Any]:
        """Return the extra columns of a row that the plan asks for."""
        if not plan.metadata:
            return {}
        source, local = self.place(row)
        reward = float(source.columns["reward"][local])
        known = {
            "reward": None if np.isnan(reward) else reward,
            "source": source.name,
            "line": int(source.columns["line"][local]),
            "task": str(self.frame["task"].iat[row]),
            "agent": str(self.frame["agent"].iat[row]),
            "key": self.key(row),
        }
        return {name: known[name] for name in plan.metadata}

    # Decisions and selection

    def refresh_decisions(self) -> int:
        """Take in what was decided since the last look, by anyone; return the version of the store."""
        if self.decisions is None:
            return 0
        with self._lock:
            version = self.decisions.version()
            if version != self._version or self._verdicts is None:
                self._decided = self.decisions.current()
                self._standing = {key: decision.verdict for key, decision in self._decided.items()}
                self._verdicts = self._verdict_codes()
                self._version = version
                self._selections.clear()
            return version

    def _verdict_codes(self) -> Array:
        codes = np.full(self.n_rollouts, NONE, dtype="uint8")
        for key, verdict in self._standing.items():
            for row in self.rows_of_key(key):
                codes[row] = REJECT if verdict == "reject" else ACCEPT
        return codes

    def verdicts(self) -> Array:
        """Return the standing verdict per row: NONE, ACCEPT or REJECT."""
        self.refresh_decisions()
        return np.full(self.n_rollouts, NONE, dtype="uint8") if self._verdicts is None else self._verdicts

    def standing(self) -> dict[str, str]:
        """Return the verdicts that stand on contents which are open here, by key."""
        self.refresh_decisions()
        return {key: kept for key, kept in self._standing.items() if self.rows_of_key(key)}

    def assume(self, standing: Mapping[str, str]) -> None:
        """Take these verdicts (key -> accept or reject) instead of those of a store."""
        self._standing = dict(standing)
        self._verdicts = self._verdict_codes()
        self._selections.clear()

    def decision(self, key: str) -> Decision | None:
        """Return the standing decision on a content, as of the last refresh."""
        return self._decided.get(key)

    def select(self, recipe: Recipe) -> Selection:
        """Return the state of every row under a recipe and the decisions as they stand."""
        verdicts = self.verdicts()
        plan = recipes.plan(recipe)
        key = (recipe.min_reward, plan.exclude_invalid, _outcome_key(plan), plan.exclude)
        with self._lock:
            if key in self._selections:
                return self._selections[key]
        outcomes, skips = self.outcomes(plan)
        invalid = self.frame["invalid"].array
        rules = Rules(recipe.min_reward, plan.exclude_invalid, outcomes, skips)
        reward = self.frame["reward"].to_numpy()
        made = select(reward, invalid.codes, list(invalid.categories), verdicts, rules)
        with self._lock:
            if len(self._selections) > 64:
                self._selections.clear()
            self._selections[key] = made
        return made

    def outcomes(self, plan: Plan) -> tuple[Array, list[str]]:
        """Return per row a code into the list of skip reasons, "" where an example is written.

        The usual conversions are in the index; any other is computed once by converting every rollout.
        """
        column = _indexed_outcome(plan)
        if column is not None:
            words = self.frame[column].array
            return _skip_codes(words.codes, [_skip_of(word, plan) for word in words.categories])
        key = (_outcome_key(plan), plan.exclude)
        if key not in self._outcomes:
            reasons: dict[str, int] = {"": 0}
            codes = np.empty(self.n_rollouts, dtype="int32")
            for row, rollout in self.rollouts(np.arange(self.n_rollouts)):
                skip = recipes.example(rollout, plan).skip or ""
                codes[row] = reasons.setdefault(skip.partition(":")[0], len(reasons))
            self._outcomes[key] = codes, list(reasons)
        return self._outcomes[key]

    def funnel(self, recipe: Recipe) -> Funnel:
        """Return every line and rollout accounted for under a recipe."""
        lines = sum(int(source.header["n_lines"]) for source in self.sources)
        blank = sum(int(source.header["n_blank"]) for source in self.sources)
        return funnel(self.select(recipe), lines, blank, self.problems_by_kind())

    def problems(self) -> Iterator[tuple[Source, Problem]]:
        """Yield every line that is no rollout."""
        for source in self.sources:
            for problem in source.problems():
                yield source, problem

    def problems_by_kind(self) -> tuple[Drop, ...]:
        """Return the lines that are no rollouts, counted by what they are."""
        counts: dict[str, int] = {}
        for source in self.sources:
            kinds = [word.partition("|")[0] for word in source.header["vocabularies"]["problem reason"]]
            for kind, count in zip(
                kinds, np.bincount(source.columns["problem reason"], minlength=len(kinds)), strict=True
            ):
                counts[kind] = counts.get(kind, 0) + int(count)
        return tuple(Drop("readable", kind, PROBLEM_WORDS.get(kind, kind), count) for kind, count in counts.items())

    def close(self) -> None:
        """Close every file."""
        for source in self.sources:
            source.close()
        if self.decisions is not None:
            self.decisions.close()


def _indexed_outcome(plan: Plan) -> str | None:
    """Return the index column that holds the outcome of this conversion, None when it must be computed."""
    if plan.format == "flat":
        return "flat" if not plan.flat.strip_think else None
    if plan.chat == GYM_OPTIONS:
        return "gym"
    decisive = ("inline_think", "keep_empty", "media", "trailing", "final_tool_call", "reasoning_content")
    default = ChatOptions()
    if any(getattr(plan.chat, name) != getattr(default, name) for name in decisive):
        return None
    return "chat" if plan.chat.reasoning == "drop" else "chat_reasoning"


def _outcome_key(plan: Plan) -> FlatOptions | ChatOptions:
    return plan.flat if plan.format == "flat" else plan.chat


def _skip_of(word: str, plan: Plan) -> str:
    skip, issues = read_outcome(word)
    return skip.partition(":")[0] or recipes.excluded_issue(issues, plan) or ""


def _skip_codes(codes: Array, skips: list[str]) -> tuple[Array, list[str]]:
    reasons = {reason: n for n, reason in enumerate(dict.fromkeys(["", *skips]))}
    mapped = np.array([reasons[skip] for skip in skips], dtype="int32")
    return (mapped[codes] if len(mapped) else np.empty(0, "int32")), list(reasons)
