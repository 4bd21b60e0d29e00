"""Sources, index, decisions and recipe joined: the one object that the command line, the routes and the pages hold.

Nothing here writes but `decisions`.
"""

import threading
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator import strategies
from rollout_curator.collection import Array, Collection, build_indexes, default_cache
from rollout_curator.conversation import GYM_OPTIONS, ChatOptions
from rollout_curator.decisions import Decision, Decisions
from rollout_curator.index.facts import read_outcome
from rollout_curator.recipe import Plan, Recipe
from rollout_curator.rollout import Example
from rollout_curator.selection import ACCEPT, NONE, REJECT, Funnel, Rules, Selection, funnel, narrow, select
from rollout_curator.sources import Found, find
from rollout_curator.strategies.order import shuffled

OUTCOMES_MAX = 8
"""So many conversions that are not in the index are remembered, the last asked for."""


class Workspace(Collection):
    """A collection with the decisions on it. Threads may share it."""

    def __init__(self, found: Sequence[Found], cache: Path, decisions: Decisions | None) -> None:
        super().__init__(found, cache)
        self.decisions = decisions
        self._lock = threading.Lock()
        self._verdicts: Array | None = None
        self._decided: dict[str, Decision] = {}
        self._standing: dict[str, str] = {}
        self._version = 0
        self._selections: dict[Any, Selection] = {}
        self._converting = threading.Lock()
        self._outcomes: dict[Any, tuple[Array, list[str]]] = {}

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
            "task": source.word("task", local),
            "agent": source.word("agent", local),
            "key": self.key(row),
        }
        return {name: known[name] for name in plan.metadata}

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
                self._selections = {key: made for key, made in self._selections.items() if not isinstance(key[0], int)}
            return version

    def _verdict_codes(self) -> Array:
        return self.codes_of(self._standing)

    def codes_of(self, verdicts: Mapping[str, str]) -> Array:
        """Return verdicts by key (accept or reject) as a code per row: NONE, ACCEPT or REJECT."""
        codes = np.full(self.n_rollouts, NONE, dtype="uint8")
        rows, places = self.rows_of_keys(list(verdicts))
        said = np.array([REJECT if verdict == "reject" else ACCEPT for verdict in verdicts.values()], dtype="uint8")
        codes[rows] = said[places]
        return codes

    @cached_property
    def lots(self) -> Array:
        """Return a number per row by which it is drawn at random: of its content alone, the same everywhere."""
        return shuffled(self.frame, 0, "reading")

    def verdicts(self) -> Array:
        """Return the standing verdict per row: NONE, ACCEPT or REJECT."""
        self.refresh_decisions()
        return self._codes()

    def _codes(self) -> Array:
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
        self.refresh_decisions()
        with self._lock:
            version, verdicts = self._version, self._codes()
        return self._selected(recipe, verdicts, version)

    def select_under(self, recipe: Recipe, verdicts: Array, name: Hashable) -> Selection:
        """Return the state of every row as if these codes were the verdicts; `name` is what they are known by."""
        return self._selected(recipe, verdicts, name)

    def _selected(self, recipe: Recipe, verdicts: Array, name: Hashable) -> Selection:
        plan = recipes.plan(recipe)
        with self._lock:
            rule = (recipe.min_reward, repr(recipe.strategies), plan.exclude_invalid, plan.exclude)
            key = (name, rule, _indexed_outcome(plan) or _decisive(plan))
            if key in self._selections:
                return self._selections[key]
        outcomes, skips = self.outcomes(plan)
        invalid, invalid_words = self.classes("invalid")
        rules = Rules(recipe.min_reward, plan.exclude_invalid, outcomes, skips)
        made = select(self.column("reward"), invalid, invalid_words, verdicts, rules)
        if recipe.strategies:
            dropped_by = self._dropped_by(recipe, made)
            made = narrow(made, verdicts, dropped_by, [strategies.words(step) for step in recipe.strategies])
        with self._lock:
            if len(self._selections) > 64:
                self._selections.clear()
            self._selections[key] = made
        return made

    def _dropped_by(self, recipe: Recipe, made: Selection) -> Array:
        """Return by which strategy each row falls; what is rejected or cannot be written takes nobody's place."""
        rows = np.flatnonzero(made.kept)
        names = ["reward", "group", "source", "agent", "model", "invalid", "key_hi", "key_lo", "tokens", "n_turns"]
        asked = [value for step in recipe.strategies for value in step.parameters.values() if isinstance(value, str)]
        names += [name for name in asked if name in self.frame.columns and name not in names]
        frame = self.frame[names].take(rows)
        for name in asked:
            if name in self.facet_names and name not in frame.columns:
                frame[name] = self.facet(name)[rows]
        dropped_by = np.zeros(self.n_rollouts, dtype="int64")
        dropped_by[rows] = strategies.apply(frame, recipe.strategies).dropped_by
        return dropped_by

    def outcomes(self, plan: Plan) -> tuple[Array, list[str]]:
        """Return per row a code into the list of skip reasons, "" where an example is written.

        The usual conversions are in the index; any other is computed once by converting every rollout.
        """
        column = _indexed_outcome(plan)
        if column is not None:
            codes, words = self.classes(column)
            return _skip_codes(codes, [_skip_of(word, plan) for word in words])
        key = _decisive(plan), plan.exclude
        with self._converting:
            found = self._outcomes.pop(key, None) or self._convert(plan)
            self._outcomes[key] = found
            while len(self._outcomes) > OUTCOMES_MAX:
                del self._outcomes[next(iter(self._outcomes))]
            return found

    def _convert(self, plan: Plan) -> tuple[Array, list[str]]:
        reasons: dict[str, int] = {"": 0}
        codes = np.empty(self.n_rollouts, dtype="int32")
        for row, rollout in self.rollouts(np.arange(self.n_rollouts)):
            skip = recipes.example(rollout, plan).skip or ""
            codes[row] = reasons.setdefault(skip.partition(":")[0], len(reasons))
        return codes, list(reasons)

    def funnel(self, recipe: Recipe) -> Funnel:
        """Return every line and rollout accounted for under a recipe."""
        lines = sum(int(source.header["n_lines"]) for source in self.sources)
        blank = sum(int(source.header["n_blank"]) for source in self.sources)
        return funnel(self.select(recipe), lines, blank, self.problems_by_kind())

    def close(self) -> None:
        """Close every file and the review store."""
        super().close()
        if self.decisions is not None:
            self.decisions.close()


def _indexed_outcome(plan: Plan) -> str | None:
    """Return the index column that holds the outcome of this conversion, None when it must be computed."""
    if plan.format == "flat":
        return "flat" if not plan.flat.strip_think else None
    if plan.chat == GYM_OPTIONS:
        return "gym"
    if _decisive(plan) != _decisive(replace(plan, chat=ChatOptions(reasoning=plan.chat.reasoning))):
        return None
    return "chat" if plan.chat.reasoning == "drop" else "chat_reasoning"


def _decisive(plan: Plan) -> tuple[Any, ...]:
    """Return what has a say in whether an example is written; all other options only change how it reads."""
    if plan.format == "flat":
        return "flat", plan.flat.strip_think
    decisive = ["inline_think", "keep_empty", "keep_strict", "media", "trailing", "final_tool_call"]
    decisive += ["reasoning_content", *(["arguments"] if "bad_tool_args" in plan.exclude else [])]
    return "chat", plan.chat.reasoning == "drop", *(getattr(plan.chat, name) for name in decisive)


def _skip_of(word: str, plan: Plan) -> str:
    skip, issues = read_outcome(word)
    return skip.partition(":")[0] or recipes.excluded_issue(issues, plan) or ""


def _skip_codes(codes: Array, skips: list[str]) -> tuple[Array, list[str]]:
    reasons = {reason: n for n, reason in enumerate(dict.fromkeys(["", *skips]))}
    mapped = np.array([reasons[skip] for skip in skips], dtype="int32")
    return (mapped[codes] if len(mapped) else np.empty(0, "int32")), list(reasons)
