"""Bounds on what a rollout is: filters on any number or class, and thresholds of reward per agent, source or model.

Plain values as a recipe holds them, checked at its door, and the words for what they drop. Knows no frame: `workspace`
looks the columns up.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollout_curator.errors import RecipeError
from rollout_curator.selection.intervals import Interval
from rollout_curator.words import exact

CLASSES = ("agent", "source", "model", "task", "format", "finish")
"""Classes a filter may ask for by name."""
RUN = ("agent", "source", "model", "task", "format")
"""Classes that say what was run, not how it came out: a filter on one says which rollouts are looked at at all."""
GROUPS = ("agent", "source", "model")
"""Classes that may have a threshold of their own for each name."""

NAMELESS = "(none)"
"""What stands for an empty name: of rollouts whose line names no agent, or no model."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a rollout must be to stay: a number within inclusive bounds, or one of some words of a class.

    A rollout without the number is dropped, and counted apart from those outside the bounds.
    """

    column: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()

    @property
    def interval(self) -> Interval:
        """Return the values that stay, where no words are asked for."""
        return Interval(self.at_least, self.at_most)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Lowest rewards that stay, by name of a class; they take the place of the recipe's own bounds."""

    by: str = "agent"
    at_least: Mapping[str, float] = field(default_factory=dict)


def check_bounds(
    low: float | None, high: float | None, filters: Sequence[Filter], thresholds: Thresholds | None
) -> None:
    """Raise RecipeError for bounds that are not finite, or between which nothing lies."""
    for name, bound in (("min_reward", low), ("max_reward", high)):
        if bound is not None and not math.isfinite(bound):
            raise RecipeError(f"{name} is {bound!r}, expected a number")
    if low is not None and high is not None and low > high:
        raise RecipeError("min_reward is greater than max_reward: nothing would be kept")
    for one in filters:
        check_filter(one)
    if thresholds is not None:
        check_thresholds(thresholds)


def filter_of(value: Any, where: str) -> Filter:
    """Return a filter from its table. Raises RecipeError that says where and what is expected."""
    if isinstance(value, Filter):
        return value
    if not isinstance(value, Mapping) or not isinstance(column := value.get("column"), str) or not column:
        raise RecipeError(f"{where}: a filter is {value!r}, expected a table with a column and limits")
    for name in value:
        if name not in ("column", "at_least", "at_most", "one_of"):
            raise RecipeError(f"{where}: filter on {column}: unknown key {name!r}; use at_least, at_most or one_of")
    one_of = value.get("one_of", ())
    if not isinstance(one_of, list | tuple) or not all(isinstance(word, str) for word in one_of):
        raise RecipeError(f"{where}: filter on {column}: one_of is {one_of!r}, expected a list of names")
    low, high = (number_of(value.get(name), f"{where}: filter on {column}: {name}") for name in ("at_least", "at_most"))
    return Filter(column, low, high, tuple(one_of))


def thresholds_of(value: Any, where: str) -> Thresholds:
    """Return thresholds from their table. Raises RecipeError that says where and what is expected."""
    if isinstance(value, Thresholds):
        return value
    if not isinstance(value, Mapping) or not isinstance(bounds := value.get("at_least", {}), Mapping):
        raise RecipeError(f"{where}: thresholds is {value!r}, expected a table with `by` and a table `at_least`")
    for name in value:
        if name not in ("by", "at_least"):
            raise RecipeError(f"{where}: thresholds: unknown key {name!r}; use by and at_least")
    found = {str(name): number_of(bound, f"{where}: thresholds: {name}") for name, bound in bounds.items()}
    return Thresholds(value.get("by", "agent"), {name: bound for name, bound in found.items() if bound is not None})


def number_of(value: Any, where: str) -> float | None:
    """Return a number as a float, None for none. Raises RecipeError that says where."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value) + 0.0
        except OverflowError:
            raise RecipeError(f"{where} is too large; use a smaller number") from None
    raise RecipeError(f"{where} is {value!r}, expected a number")


def check_filter(one: Filter) -> None:
    """Raise RecipeError when a filter asks for nothing, or for what no rollout can be."""
    bounds = [bound for bound in (one.at_least, one.at_most) if bound is not None]
    if one.one_of and bounds:
        raise RecipeError(f"filter on {one.column}: set either one_of or at_least/at_most, not both")
    if one.one_of and one.column not in CLASSES:
        raise RecipeError(f"filter on {one.column}: one_of works for {', '.join(CLASSES)}")
    if not one.one_of and not bounds:
        raise RecipeError(f"filter on {one.column}: no condition; set at_least, at_most or one_of")
    if not all(map(math.isfinite, bounds)):
        raise RecipeError(f"filter on {one.column}: a limit is not finite; use a number")
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        raise RecipeError(f"filter on {one.column}: at_least is greater than at_most: nothing would be kept")


def check_thresholds(one: Thresholds) -> None:
    """Raise RecipeError when thresholds go by no class that has them, or one is not finite."""
    if one.by not in GROUPS:
        raise RecipeError(f"thresholds: by is {one.by!r}, expected one of {', '.join(GROUPS)}")
    for name, bound in one.at_least.items():
        if not math.isfinite(bound):
            raise RecipeError(f"thresholds: {name} is {bound!r}, expected a number")


def filter_table(one: Filter) -> dict[str, Any]:
    """Return a filter as plain values; what is not set is left out."""
    found = {"column": one.column, "at_least": one.at_least, "at_most": one.at_most, "one_of": list(one.one_of)}
    return {name: value for name, value in found.items() if value not in (None, [])}


def filter_words(one: Filter, name: str) -> str:
    """Return what a filter asks for in words, such as "turns 3–12"; `name` is what the column is called."""
    if one.one_of:
        shown = ", ".join(word or NAMELESS for word in one.one_of[:3])
        more = f" and {len(one.one_of) - 3:,} more" if len(one.one_of) > 3 else ""
        return f"{name} {shown}{more}"
    return f"{name} {one.interval.words}"


def dropped_words(one: Filter, name: str) -> str:
    """Return what a filter drops, as it follows a count: "with turns > 12", "whose agent is not swe"."""
    if one.one_of:
        shown = (
            (one.one_of[0] or NAMELESS) if len(one.one_of) == 1 else f"one of the {len(one.one_of):,} selected values"
        )
        return f"whose {name} is not {shown}"
    if one.at_least is not None and one.at_most is not None:
        return f"with {name} outside {one.interval.ends}"
    if one.at_most is None:
        return f"with {name} < {exact(one.at_least or 0.0)}"
    return f"with {name} > {exact(one.at_most)}"
