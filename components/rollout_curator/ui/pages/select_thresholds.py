"""A threshold for each agent, file or model from its own rewards: the form that sets them all at once.

Also what such a name holds: its rollouts in the order of their rewards, as the small plots draw them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.strategies import quantile_bounds, z_bounds
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.state import choices, measures
from rollout_curator.ui.text import label
from rollout_curator.words import counted, name_of
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One name of a class: its rollouts in the order of their rewards (positions in the population), and sums."""

    name: str
    places: Array
    rated: int
    mean: float
    spread: float


def groups_of(workspace: Workspace, rest: Recipe, by: str) -> list[Group]:
    """Return the names of a class that have rollouts under a recipe without bounds."""
    return _groups(workspace, workspace.refresh_decisions(), rest, by)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=6)
def _groups(workspace: Workspace, version: int, rest: Recipe, by: str) -> list[Group]:
    found = measures.population(workspace, rest, REWARD)
    codes, words = workspace.classes(by)
    code = codes[found.rows][found.order]
    by_code = np.argsort(code, kind="stable")
    sizes = np.bincount(code, minlength=len(words))
    groups = []
    for number, places in enumerate(np.split(found.order[by_code], np.cumsum(sizes)[:-1])):
        if not len(places):
            continue
        reward = found.value[places]
        finite = reward[np.isfinite(reward)]
        mean = float(finite.mean()) if len(finite) else float("nan")
        spread = float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")
        groups.append(Group(words[number], places, len(finite), mean, spread))
    return groups


def thresholds_form(workspace: Workspace, recipe: Recipe, by: str, *, name: str) -> None:
    """Draw the ways to set a threshold for every name at once; `name` tells this form's widgets from another's."""
    groups = groups_of(workspace, measures.whole_of(recipe), by)
    how = st.radio(
        label(f"Method (from each {name_of(by)}'s own rewards)"),
        ("quantile", "mean"),
        format_func={"quantile": "Quantile", "mean": "Mean + z × SD"}.__getitem__,
        key=f"rc.{name}-how",
    )
    if how == "quantile":
        amount = st.number_input("Quantile", 0.0, 1.0, 0.5, 0.05, key=f"rc.{name}-q")
    else:
        amount = st.number_input("z (standard deviations above the mean)", value=0.0, step=0.25, key=f"rc.{name}-z")

    def set_all() -> None:
        choices.set_group_threshold(by, _bounds(workspace, recipe, groups, str(how), amount))
        choices.draw_anew(f"{name}-thresholds")

    st.button(
        f"Set {len(groups):,} thresholds",
        type="primary",
        key=f"rc.{name}-set",
        on_click=set_all,
        disabled=not groups,
    )
    if other := recipe.thresholds_by:
        st.caption(label(f"{counted(len(recipe.group_thresholds(other)), f'per-{name_of(other)} threshold')} set."))
        st.button(
            label(f"Clear per-{name_of(other)} thresholds"),
            key=f"rc.{name}-clear",
            on_click=choices.clear_group_thresholds,
        )


def _bounds(workspace: Workspace, recipe: Recipe, groups: list[Group], how: str, amount: float) -> dict[str, float]:
    """Return the threshold of every name, from its own rewards."""
    found = measures.population(workspace, measures.whole_of(recipe), REWARD)
    task = np.full(len(found.value), -1)
    for number, group in enumerate(groups):
        task[group.places] = number
    bounds = quantile_bounds(found.value, task, amount) if how == "quantile" else z_bounds(found.value, task, amount)
    pairs = zip(groups, bounds, strict=True)
    own = {group.name: _at_a_value(found.value[group.places], float(bound)) for group, bound in pairs}
    return {name: bound for name, bound in own.items() if np.isfinite(bound)}


def _at_a_value(ascending: Array, bound: float) -> float:
    """Return the next reward that occurs from a computed bound on: its rounding must not drop what lies right on it."""
    values = ascending[np.isfinite(ascending)]
    place = int(np.searchsorted(values, bound - 1e-9 * max(1.0, abs(bound))))
    return float(values[place]) if place < len(values) else bound
