"""Filters, thresholds and slices become masks over the rows of a collection.

Columns come by name from a `ColumnSource`, so nothing here knows files; what each mask drops is said in words.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from rollout_curator.errors import RecipeError
from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.filters import CLASSES, RUN, dropped_words
from rollout_curator.selection.funnel import RewardBounds, RuleDrop
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.slices import Condition, Equals
from rollout_curator.words import name_of

Array = np.ndarray[Any, Any]


class ColumnSource(Protocol):
    """What has a number and a class per row, by name."""

    def numbers(self, name: str) -> Array:
        """Return floats, NaN where missing. Raises RecipeError for an unknown name."""

    def classes(self, name: str) -> tuple[Array, list[str]]:
        """Return codes into a list of words."""


def group_thresholds(columns: ColumnSource, recipe: Recipe) -> Array | None:
    """Return per row the lower bound that takes the place of the recipe's own, NaN where it does not."""
    if (thresholds := recipe.thresholds) is None:
        return None
    codes, words = columns.classes(thresholds.by)
    bound = np.array([thresholds.at_least.get(word, np.nan) for word in words], dtype="float64")
    return np.asarray(bound[codes]) if words else np.empty(0)


def bounds_of(columns: ColumnSource, recipe: Recipe) -> RewardBounds:
    """Return the bounds of the reward that a recipe sets, with the class its thresholds of groups go by."""
    bounds = Interval(recipe.min_reward, recipe.max_reward)
    return RewardBounds(bounds, group_thresholds(columns, recipe), recipe.thresholds_by)


def reward_bounds(columns: ColumnSource, recipe: Recipe) -> tuple[Array, Array]:
    """Return per row the lower and the upper bound its reward is held against, NaN for none."""
    return bounds_of(columns, recipe).per_row(len(columns.numbers(REWARD)))


def passes_filters(columns: ColumnSource, recipe: Recipe) -> Array:
    """Return which rows no filter drops."""
    passing = np.ones(len(columns.numbers(REWARD)), dtype=bool)
    for drop in filter_drops(columns, recipe):
        passing &= ~drop.mask
    return passing


def rows_in_scope(columns: ColumnSource, recipe: Recipe) -> Array:
    """Return which rows are looked at at all: those of the agents, sources, models, tasks and formats asked for.

    What rollouts of a task say of it is counted among these: other filters, as thresholds, choose by how one came out.
    """
    run = tuple(one for one in recipe.filters if one.one_of and one.column in RUN)
    return passes_filters(columns, Recipe(filters=run))


def filter_drops(columns: ColumnSource, recipe: Recipe) -> Iterator[RuleDrop]:
    """Yield what each filter drops; rows without its number fall under a name of their own."""
    for number, one in enumerate(recipe.filters, 1):
        name, words = f"filter-{number}", dropped_words(one, name_of(one.column))
        if one.one_of:
            codes, known = columns.classes(one.column)
            asked = [code for code, word in enumerate(known) if word in one.one_of]
            yield RuleDrop(name, words, ~np.isin(codes, asked))
            continue
        values = columns.numbers(one.column)
        is_missing = np.isnan(values)
        yield RuleDrop(f"{name}-missing", f"without {name_of(one.column)}", is_missing)
        yield RuleDrop(name, words, ~(one.interval.mask(values) | is_missing))


def rows_matching(columns: ColumnSource, parts: Sequence[Condition], among: Array) -> Array:
    """Return which rows of a mask fit every part of a slice. Raises RecipeError for an unknown column."""
    found = among.copy()
    for part in parts:
        if not isinstance(part, Equals):
            found &= part.fits(columns.numbers(part.column))
            continue
        if part.column not in (*CLASSES, "invalid"):
            raise RecipeError(f"unknown category {part.column!r}; choose one of {', '.join(CLASSES)}")
        codes, words = columns.classes(part.column)
        found &= codes == (words.index(part.word) if part.word in words else -1)
    return found
