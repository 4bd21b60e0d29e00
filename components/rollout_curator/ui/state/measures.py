"""What the Select page counts, kept from one run of the page to the next: populations, orders, levels.

The picker and the figures of rewards are about the candidates, what bounds choose from, and equal the funnel. Whatever
is said of tasks, agents, files and models is about `attempts`, which no threshold, rule or rejection makes fewer.

Everything is found again by the content of the sources, the version of the decisions and what of the recipe matters, so
moving a threshold sorts nothing and draws nothing anew that does not depend on it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.conversation.excerpts import Excerpt, cut_shared_starts
from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import group_tables
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import ThresholdCounts, count_thresholds
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.state import state
from rollout_curator.workspace import attempts as trying
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
PLOT_CLASSES = ("agent", "source", "model")


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The candidates of an axis: their rows, values (NaN where missing), tokens, tasks, who stays anyway, and the
    order that sorts their values, NaN last."""

    rows: Array
    value: Array
    tokens: Array
    task: Array
    always: Array
    order: Array


def whole_of(recipe: Recipe) -> Recipe:
    """Return the part of a recipe that decides what figures of rewards show, whatever the thresholds."""
    return recipe.without_thresholds().without_axis(REWARD)


def population(workspace: Workspace, recipe: Recipe, axis: str) -> Population:
    """Return what bounds on an axis choose from. Raises RecipeError for an unknown axis."""
    return _population(workspace, workspace.refresh_decisions(), recipe.without_axis(axis), axis)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=6)
def _population(workspace: Workspace, version: int, rest: Recipe, axis: str) -> Population:
    value = workspace.numbers(axis)
    found = workspace.candidates(rest, axis)
    rows = np.flatnonzero(found.among)
    place = np.cumsum(found.among) - 1
    order = _order(workspace, axis)
    columns = (workspace.column("tokens"), workspace.groups(rest.group_by).codes, found.always)
    tokens, task, always = (column[rows] for column in columns)
    return Population(rows, value[rows], tokens, task, always, place[order[found.among[order]]])


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=6)
def _order(workspace: Workspace, axis: str) -> Array:
    """Return the order that sorts an axis over all rollouts, NaN last."""
    return np.argsort(workspace.numbers(axis), kind="stable")


def axis_levels(workspace: Workspace, recipe: Recipe, axis: str, bounds: Interval) -> ThresholdCounts:
    """Return what bounds on an axis keep, exactly."""
    return _levels(workspace, workspace.refresh_decisions(), recipe.without_axis(axis), axis, bounds)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=12)
def _levels(workspace: Workspace, version: int, rest: Recipe, axis: str, bounds: Interval) -> ThresholdCounts:
    return _unbounded_levels(workspace, version, rest, axis).within(bounds)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _unbounded_levels(workspace: Workspace, version: int, rest: Recipe, axis: str) -> ThresholdCounts:
    found = population(workspace, rest, axis)
    return count_thresholds(found.value, found.tokens, found.task, always=found.always, order=found.order)


def plot_frame(workspace: Workspace, recipe: Recipe) -> pd.DataFrame:
    """Return what figures of rewards work on: the candidates of the reward; its index is their rows."""
    return _plot_frame(workspace, workspace.refresh_decisions(), whole_of(recipe))


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=3)
def _plot_frame(workspace: Workspace, version: int, rest: Recipe) -> pd.DataFrame:
    frame = workspace.frame_by(rest.group_by)[["reward", *PLOT_CLASSES, "group", "tokens", "n_turns"]]
    found = frame.take(population(workspace, rest, REWARD).rows)
    return found.assign(task_id=pd.Categorical(found["group"]))


def attempts(workspace: Workspace, recipe: Recipe) -> trying.Attempts:
    """Return the attempts at tasks; see `rollout_curator.workspace.attempts`."""
    return _attempts(workspace, workspace.refresh_decisions(), recipe.of_classes())


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=3)
def _attempts(workspace: Workspace, version: int, rest: Recipe) -> trying.Attempts:
    return trying.attempts(workspace, rest)


def attempt_frame(workspace: Workspace, recipe: Recipe) -> pd.DataFrame:
    """Return the attempts with their outcomes and classes; its index is their rows."""
    return _attempt_frame(workspace, workspace.refresh_decisions(), recipe.of_classes())


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=3)
def _attempt_frame(workspace: Workspace, version: int, rest: Recipe) -> pd.DataFrame:
    found = attempts(workspace, rest)
    frame = trying.frame_of(workspace, rest, found, PLOT_CLASSES)
    return frame.assign(task_id=pd.Categorical(frame["group"]))


def task_table(workspace: Workspace, recipe: Recipe, at_least: float) -> pd.DataFrame:
    """Return one row per task: attempts, rated, passes, pass@k, mean, spread; see `group_tables`."""
    return _task_table(workspace, workspace.refresh_decisions(), recipe.of_classes(), at_least)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _task_table(workspace: Workspace, version: int, rest: Recipe, at_least: float) -> pd.DataFrame:
    return group_tables.task_table(attempt_frame(workspace, rest), at_least)


def success_at(workspace: Workspace, recipe: Recipe) -> float:
    """Return the reward that counts as a success: the chosen one, else 1 or the highest below it.

    It does not follow the threshold: what a task is like stays the same while one looks for the threshold.
    """
    chosen = state.session().success
    return trying.usual_success(attempts(workspace, recipe)) if chosen is None else chosen


def fared(workspace: Workspace, recipe: Recipe, at_least: float) -> trying.Fared:
    """Return how the tasks fare."""
    return _fared(workspace, workspace.refresh_decisions(), recipe.of_classes(), at_least)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _fared(workspace: Workspace, version: int, rest: Recipe, at_least: float) -> trying.Fared:
    return trying.fared(attempt_frame(workspace, rest), at_least)


def group_table(workspace: Workspace, recipe: Recipe, by: str, at_least: float) -> pd.DataFrame:
    """Return one row per name of a class among the attempts, largest first; see `group_tables`."""
    return _group_table(workspace, workspace.refresh_decisions(), recipe.of_classes(), by, at_least)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=6)
def _group_table(workspace: Workspace, version: int, rest: Recipe, by: str, at_least: float) -> pd.DataFrame:
    return group_tables.group_table(attempt_frame(workspace, rest), by, at_least=at_least)


def task_names(workspace: Workspace, recipe: Recipe, groups: list[int]) -> list[str]:
    """Return what tasks are called, by their codes: with their agent where there are several."""
    return workspace.group_names(recipe.group_by, groups, is_short=True)


def task_words(workspace: Workspace, recipe: Recipe, groups: list[int]) -> list[str]:
    """Return what tasks ask, by their codes, in the words of their first rollout."""
    firsts = _first_rows(workspace, recipe.group_by)
    return [one.task for one in excerpts(workspace, [int(firsts[code]) for code in groups])]


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=3)
def _first_rows(workspace: Workspace, by: str) -> Array:
    """Return the first row of every group, by its code."""
    codes = workspace.groups(by).codes
    firsts = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]
    return firsts


def excerpts(workspace: Workspace, rows: list[int]) -> list[Excerpt]:
    """Return the words by which rollouts are known; what all tasks of an agent begin with is cut."""
    return _excerpts(workspace, tuple(rows))


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner="Reading the words of these rollouts…", max_entries=12)
def _excerpts(workspace: Workspace, rows: tuple[int, ...]) -> list[Excerpt]:
    found = workspace.excerpts(rows)
    agents = workspace.classes("agent")[0][list(rows)].tolist()
    tasks = cut_shared_starts([one.task for one in found], agents)
    return [one._replace(task=task) for one, task in zip(found, tasks, strict=True)]
