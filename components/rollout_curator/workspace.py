"""Sources, index, decisions and recipe joined: the one object that the command line, the routes and the pages hold.

Nothing here writes but `decisions`.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator import strategies
from rollout_curator.collection import Array, Collection, build_indexes, default_cache
from rollout_curator.decisions import Decision, Decisions
from rollout_curator.outlook import Outlook, outcome_key, trimmed
from rollout_curator.recipe import Plan, Recipe
from rollout_curator.rollout import Example
from rollout_curator.selection import ACCEPT, NONE, REJECT, Funnel, Rules, Selection, funnel, narrow, select
from rollout_curator.sources import Found, find


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
        self.outlook = Outlook(self)

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
        plan = recipes.plan(recipe)
        self.refresh_decisions()
        with self._lock:
            version, verdicts = self._version, self._codes()
            rule = (recipe.min_reward, repr(recipe.strategies), plan.exclude_invalid, plan.exclude)
            key = (version, rule, outcome_key(plan))
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
        """Return per row a code into the list of skip reasons, "" where an example is written."""
        return self.outlook.outcomes(plan)

    def rows_with(self, recipe: Recipe, issue: str) -> Array:
        """Return the rows that are selected and not rejected, and of whose example this was noticed."""
        rows = self.outlook.best(recipes.plan(recipe)).rows_with(issue)
        return np.asarray(rows[self._is_asked(recipe)[rows]])

    def issue_counts(self, recipe: Recipe) -> dict[str, int]:
        """Return how many rows `rows_with` gives for every issue there is."""
        return self.outlook.best(recipes.plan(recipe)).counts(self._is_asked(recipe))

    def _is_asked(self, recipe: Recipe) -> Array:
        """Return a boolean per row: selected and not rejected, so that only its example can keep it out."""
        selection = self.select(recipe)
        gone = [code for code, drop in enumerate(selection.drops, 1) if drop.step != "exportable"]
        return np.asarray(~np.isin(selection.reason, gone))

    def funnel(self, recipe: Recipe) -> Funnel:
        """Return every line and rollout accounted for under a recipe."""
        lines = sum(int(source.header["n_lines"]) for source in self.sources)
        blank = sum(int(source.header["n_blank"]) for source in self.sources)
        selection = self.select(recipe)
        made = funnel(selection, lines, blank, self.problems_by_kind())
        return replace(made, trimmed=trimmed(self.outlook.noticed(recipes.plan(recipe)), selection.kept))

    def close(self) -> None:
        """Close every file and the review store."""
        super().close()
        if self.decisions is not None:
            self.decisions.close()
