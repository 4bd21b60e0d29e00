"""The rules of a recipe applied to the rows of a collection, in the recipe's order.

Filters go first; then come the bounds of the reward and the strategies, or the strategies and the bounds where the
recipe says `threshold_last`. What is rejected or cannot be written takes nobody's place. A strategy that judges whole
tasks judges by all valid rated attempts, whatever bounds, strategies and reviewers dropped: what it says of a row
depends on none of them, and is remembered. Filters by agent, source, model, task or format say what is looked at at
all, so they count there too. `selection` says what is dropped; nothing here knows decisions but as codes.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import strategies
from rollout_curator.selection.funnel import RuleDrop, Rules, Selection, select
from rollout_curator.selection.strategies import Step
from rollout_curator.workspace.collection import Array, Collection
from rollout_curator.workspace.conversion_outcomes import ConversionOutcomes
from rollout_curator.workspace.masks import bounds_of, filter_drops, rows_in_scope

JUDGED_MAX = 24
"""So many answers of strategies that judge whole tasks are remembered, a byte per row each."""


class Ruling:
    """The rules over one collection, with what strategies said of its tasks. Threads may share it."""

    def __init__(self, collection: Collection, conversion_outcomes: ConversionOutcomes) -> None:
        self._rows = collection
        self._conversion_outcomes = conversion_outcomes
        self._judged: dict[Any, Array] = {}

    def select(
        self, recipe: Recipe, plan: Plan, verdicts: Array, unbounded: Callable[[Recipe], Selection]
    ) -> Selection:
        """Return the state of every row; `unbounded` gives that under a recipe without bounds of the reward."""
        rules = self._rules(recipe, plan)
        if not recipe.strategies:
            return self._select(verdicts, rules)
        if not recipe.threshold_last or not recipe.has_bounds:
            kept = self._select(verdicts, rules).kept
            return self._select(verdicts, replace(rules, late=self._strategy_drops(recipe, plan, kept)))
        before = unbounded(recipe.without_bounds())
        early = tuple(
            RuleDrop(drop.name, drop.words, before.rows_marked(drop.name)) for drop in _named(recipe.strategies)
        )
        return self._select(verdicts, replace(rules, early=early))

    def _rules(self, recipe: Recipe, plan: Plan) -> Rules:
        outcomes, skips = self._conversion_outcomes.outcomes(plan)
        drops = tuple(filter_drops(self._rows, recipe))
        return Rules(bounds_of(self._rows, recipe), plan.exclude_invalid, outcomes, skips, drops)

    def _select(self, verdicts: Array, rules: Rules) -> Selection:
        return select(self._rows.column(REWARD), *self._rows.classes("invalid"), verdicts, rules)

    def _strategy_drops(self, recipe: Recipe, plan: Plan, kept: Array) -> tuple[RuleDrop, ...]:
        """Return what each strategy drops of the rows that may be kept."""
        rows = np.flatnonzero(kept)
        known = {
            place: self._by_task(recipe, plan, step)[rows]
            for place, step in enumerate(recipe.strategies)
            if strategies.get(step.name).by_task
        }
        asked = [value for step in recipe.strategies for value in step.parameters.values() if isinstance(value, str)]
        columns = {"reward", "tokens", "n_turns", "attempt", *(name for name in asked if name in self._rows.axes)}
        frame = self._rows.frame_by(recipe.group_by)[["group", "key_hi", "key_lo"]].take(rows)
        for name in sorted(columns - set(frame.columns)):
            frame[name] = self._rows.numbers(name)[rows]
        if plan.needs_examples:
            frame["example"] = self._conversion_outcomes.examples(plan)[rows]
        dropped_by = np.zeros(self._rows.n_rollouts, dtype="int64")
        dropped_by[rows] = strategies.apply(frame, recipe.strategies, known).dropped_by
        return tuple(
            RuleDrop(drop.name, drop.words, dropped_by == number)
            for number, drop in enumerate(_named(recipe.strategies), 1)
        )

    def _by_task(self, recipe: Recipe, plan: Plan, step: Step) -> Array:
        """Return which rows a strategy keeps that judges by all valid rated attempts at a task."""
        key = (recipe.of_classes().selecting, plan.exclude_invalid, repr(step))
        if key not in self._judged:
            frame = self._rows.frame_by(recipe.group_by)[["group", "reward"]]
            codes, words = self._rows.classes("invalid")
            invalid = np.isin(codes, [code for code, word in enumerate(words) if word in plan.exclude_invalid])
            counts = rows_in_scope(self._rows, recipe) & ~invalid
            said = strategies.judged(frame.assign(measured=frame["reward"].where(counts)), step)
            if len(self._judged) >= JUDGED_MAX:
                self._judged.clear()
            self._judged[key] = said
            return said
        return self._judged[key]


def _named(steps: Sequence[Step]) -> list[RuleDrop]:
    """Return the name and the words of each step, without rows."""
    nobody = np.empty(0, dtype=bool)
    return [RuleDrop(f"strategy-{number}", strategies.words(step), nobody) for number, step in enumerate(steps, 1)]
