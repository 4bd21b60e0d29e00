"""A part of the rollouts as a queue: what a bar, a cell or a row of a table opens, under a name that stands in URLs.

`in:AMONG:SLICE`: AMONG is an axis (its candidates), `!free-` before an axis (those of them that its bounds decide on),
`!any` (those of the reward without thresholds of their own), `!attempts` (at tasks, as pass rates count them), `!all`
or `!invalid`, SLICE a text of `slices`. Tasks are columns too: `group` (their code), `task_mean`, and `pass_rate@X`,
the share of attempts that come out at X or more.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from rollout_curator.errors import RecipeError
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import slices
from rollout_curator.selection.slices import Condition, Range
from rollout_curator.selection.strategies import rates_of_rows
from rollout_curator.words import name_of, plain
from rollout_curator.workspace.attempts import attempts
from rollout_curator.workspace.masks import rows_matching
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
IN = "in:"
ALL, ANY, ATTEMPTS, INVALID = "!all", "!any", "!attempts", "!invalid"
_NO_AXES = (ALL, ANY, ATTEMPTS, INVALID)
_FREE = "!free-"
GROUP, PASS_RATE, TASK_MEAN = "group", "pass_rate", "task_mean"


def queue(among: str, *parts: Condition) -> str:
    """Return the name of the queue of those rollouts of an axis' candidates (or ALL, INVALID) that fit every part."""
    return f"{IN}{among if among in _NO_AXES else quote(among, errors='surrogatepass')}:{slices.encode(parts)}"


def free(axis: str, *parts: Condition) -> str:
    """Return the name of such a queue without those that are kept whatever the bounds on the axis."""
    return f"{IN}{_FREE}{quote(axis, errors='surrogatepass')}:{slices.encode(parts)}"


def rows(workspace: Workspace, recipe: Recipe, name: str) -> Array:
    """Return the rows of such a queue, in order; none for a name that makes no sense here."""
    among, parts = _read(name)
    if parts is None:
        return np.empty(0, dtype="int64")
    try:
        return np.flatnonzero(rows_matching(_Columns(workspace, recipe), parts, _among(workspace, recipe, among)))
    except RecipeError:
        return np.empty(0, dtype="int64")


def words(name: str) -> str:
    """Return such a queue in words."""
    among, parts = _read(name)
    said = ", ".join(_words(part) for part in parts or ())
    every = "all attempts" if among == ATTEMPTS else "everything the rules choose from"
    return f"{'invalid, ' if among == INVALID else ''}{said or every}"


def _words(part: Condition) -> str:
    column, at, success = part.column.partition("@")
    if column == PASS_RATE and at and isinstance(part, Range):
        return slices.words(part, f"pass rate of the task (reward ≥ {success}):")
    return slices.words(part, name_of(part.column))


def pass_rate(success: float) -> str:
    """Return the column that holds the pass rate of a rollout's task, a success being so much reward or more."""
    return f"{PASS_RATE}@{plain(success)}"


def _read(name: str) -> tuple[str, Sequence[Condition] | None]:
    among, _, text = name.removeprefix(IN).partition(":")
    is_plain = among in _NO_AXES or among.startswith(_FREE)
    return (among if is_plain else unquote(among, errors="surrogatepass")), slices.decode(text)


def _among(workspace: Workspace, recipe: Recipe, among: str) -> Array:
    if among == ALL:
        return np.ones(workspace.n_rollouts, dtype=bool)
    if among == INVALID:
        selection = workspace.select(recipe)
        codes = [code for code, drop in enumerate(selection.drops, 1) if drop.step == "valid"]
        return np.isin(selection.reason, codes)
    if among == ATTEMPTS:
        tried = np.zeros(workspace.n_rollouts, dtype=bool)
        tried[attempts(workspace, recipe).rows] = True
        return tried
    if among == ANY:
        return workspace.candidates(recipe.without_thresholds()).among
    if among.startswith(_FREE):
        axis = unquote(among.removeprefix(_FREE), errors="surrogatepass")
        workspace.numbers(axis)
        found = workspace.candidates(recipe, axis)
        return found.among & ~found.always
    workspace.numbers(among)
    return workspace.candidates(recipe, among).among


class _Columns:
    """The columns of a workspace, and what tasks are like among them."""

    def __init__(self, workspace: Workspace, recipe: Recipe) -> None:
        self._workspace = workspace
        self._recipe = recipe

    def numbers(self, name: str) -> Array:
        """Return an axis, the code of each row's task, its task's mean reward or its pass rate."""
        column, _, success = name.partition("@")
        if name == GROUP:
            return self._workspace.groups(self._recipe.group_by).codes.astype("float64")
        if column not in (PASS_RATE, TASK_MEAN):
            return self._workspace.numbers(name)
        try:
            at_least = float(success) if column == PASS_RATE else 0.0
        except ValueError:
            raise RecipeError(f"no numeric column {name!r} here") from None
        found, n = attempts(self._workspace, self._recipe), self._workspace.n_rollouts
        columns = {"reward": np.full(n, np.nan), "outcome": np.full(n, np.nan)}
        columns["reward"][found.rows], columns["outcome"][found.rows] = found.reward, found.outcome
        frame = self._workspace.frame_by(self._recipe.group_by)[[GROUP]].assign(**columns)
        rates = rates_of_rows(frame, at_least)
        return rates.pass_rate if column == PASS_RATE else rates.task_mean

    def classes(self, name: str) -> tuple[Array, list[str]]:
        """Return a class."""
        return self._workspace.classes(name)
