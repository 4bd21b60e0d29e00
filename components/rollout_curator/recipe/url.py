"""What a recipe selects as parameters of a URL, and back: a link shows the same selection again.

`min` and `max` are bounds of the reward, `where` filters, `own` thresholds by name, `rules` strategies in order, and
`control` its seed, `match` what the control has as many of, `tasks` what makes rollouts one task. `order` is `last`
where bounds of the reward follow the rules, and `any` stands for none where the app itself starts with some.
Options of the export stay out: links are for looking. No Streamlit.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from rollout_curator.errors import RecipeError
from rollout_curator.files.path_access import NOWHERE
from rollout_curator.index.grouping import TASK
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import slices
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.slices import Is, Part, Range
from rollout_curator.selection.strategies import ROLLOUTS, Step

NAMES = ("min", "max", "where", "own", "rules", "order", "control", "match", "tasks")
NONE = "any"
_NOTHING = Recipe()


def written(recipe: Recipe, start: Recipe = _NOTHING) -> dict[str, str]:
    """Return the parameters of a recipe; what is not set is left out, or said where `start` sets it."""
    before = {} if start is _NOTHING else written(start)
    values = {
        "min": "" if recipe.min_reward is None else repr(recipe.min_reward),
        "max": "" if recipe.max_reward is None else repr(recipe.max_reward),
        "where": slices.encode([part for one in recipe.filters for part in _parts(one)]),
        "own": _own(recipe.thresholds),
        "rules": _rules(recipe.strategies),
        "order": "last" if recipe.threshold_last else "",
        "control": "" if recipe.control is None else str(recipe.control),
        "match": "" if recipe.control_by == ROLLOUTS else recipe.control_by,
        "tasks": "" if recipe.group_by == TASK else recipe.group_by,
    }
    said = {name: value or (NONE if name in before else "") for name, value in values.items()}
    return {name: value for name, value in said.items() if value}


def taken(recipe: Recipe, name: str, value: str) -> Recipe | None:
    """Return the recipe with one parameter of a URL taken in, None where it makes no sense."""
    try:
        made = replace(recipe, **_CLEARED[name]) if value == NONE else _READ[name](recipe, value)
        recipes.plan(made)
    except (RecipeError, ValueError, RecursionError):
        return None
    return made


def number(value: str) -> float | None:
    """Return the finite number in a parameter of a URL, None where there is none."""
    try:
        return _finite(value)
    except ValueError:
        return None


def _parts(one: Filter) -> list[Part]:
    if one.one_of:
        return [Is(one.column, word) for word in one.one_of]
    return [Range(one.column, one.at_least, one.at_most)]


def _own(thresholds: Thresholds | None) -> str:
    if thresholds is None or not thresholds.at_least:
        return ""
    bounds = (f"{_quoted(name)}={bound!r}" for name, bound in thresholds.at_least.items())
    return ";".join([thresholds.by, *bounds])


def _quoted(text: str) -> str:
    return quote(text, safe=" ", errors="surrogatepass")


def _rules(steps: Sequence[Step]) -> str:
    found = [{"name": step.name, **step.parameters} for step in steps]
    return json.dumps(found, separators=(",", ":")) if found else ""


def _finite(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number + 0.0


def _with_filters(recipe: Recipe, value: str) -> Recipe:
    parts = slices.decode(value)
    if parts is None:
        raise ValueError(value)
    found: list[Filter] = []
    for part in parts:
        if not isinstance(part, Is):
            found.append(Filter(part.column, part.low, part.high))
        elif found and found[-1].one_of and found[-1].column == part.column:
            found[-1] = replace(found[-1], one_of=(*found[-1].one_of, part.word))
        else:
            found.append(Filter(part.column, one_of=(part.word,)))
    return replace(recipe, filters=tuple(found))


def _with_own(recipe: Recipe, value: str) -> Recipe:
    by, *pairs = value.split(";")
    bounds = {}
    for pair in pairs:
        name, equals, bound = pair.partition("=")
        if not equals:
            raise ValueError(value)
        bounds[unquote(name, errors="surrogatepass")] = _finite(bound)
    return replace(recipe, thresholds=Thresholds(by, bounds) if bounds else None)


def _with_rules(recipe: Recipe, value: str) -> Recipe:
    return replace(
        recipe, strategies=recipes.from_table({"strategies": json.loads(value)}, "link", reach=NOWHERE).strategies
    )


def _with_order(recipe: Recipe, value: str) -> Recipe:
    if value != "last":
        raise ValueError(value)
    return replace(recipe, threshold_last=True)


_READ: dict[str, Callable[[Recipe, str], Recipe]] = {
    "min": lambda recipe, value: replace(recipe, min_reward=_finite(value)),
    "max": lambda recipe, value: replace(recipe, max_reward=_finite(value)),
    "where": _with_filters,
    "own": _with_own,
    "rules": _with_rules,
    "order": _with_order,
    "control": lambda recipe, value: replace(recipe, control=int(value)),
    "match": lambda recipe, value: replace(recipe, control_by=value),
    "tasks": lambda recipe, value: replace(recipe, group_by=value),
}
_CLEARED: dict[str, dict[str, Any]] = {
    "min": {"min_reward": None},
    "max": {"max_reward": None},
    "where": {"filters": ()},
    "own": {"thresholds": None},
    "rules": {"strategies": ()},
    "order": {"threshold_last": False},
    "control": {"control": None},
    "match": {"control_by": ROLLOUTS},
    "tasks": {"group_by": TASK},
}
