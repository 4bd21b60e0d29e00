"""The Select page: how rewards are spread, and the bounds within which rollouts are kept.

Puts the parts together in the order they are read; each part is a module beside this one.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.slices import Range
from rollout_curator.selection.threshold_counts import ThresholdCounts
from rollout_curator.ui import links
from rollout_curator.ui.pages.select_bounds import bounds_bar
from rollout_curator.ui.pages.select_filters import filter_bar
from rollout_curator.ui.pages.select_rules import rules_list
from rollout_curator.ui.pages.select_scales import scales_notice
from rollout_curator.ui.pages.select_sections import sections
from rollout_curator.ui.picker.threshold import Choice, Outside, Then, threshold_picker
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.words import exact
from rollout_curator.workspace.workspace import Workspace

UNRATED = "unrated"


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    axis = state.session().axis
    if axis not in workspace.axes:
        axis = REWARD
    with st.container():  # there with and without a notice: the picker stays where it is, and is not drawn anew
        scales_notice(workspace, state.recipe())
    filter_bar(workspace, axis)
    _picker(workspace, state.recipe(), axis)
    recipe = state.recipe()
    bounds_bar(workspace, recipe, axis)
    with st.container():
        rules_list(workspace, recipe)
    sections(workspace, recipe)


def _picker(workspace: Workspace, recipe: Recipe, axis: str) -> None:
    """Draw the picker; what the user chose on it is taken before anything below is drawn."""
    about = workspace.axes[axis]
    bounds = choices.bounds(axis)
    levels = measures.axis_levels(workspace, recipe, axis, bounds)
    with st.container(key="picker"):
        chosen = threshold_picker(
            levels,
            key=f"rc.picker-{axis}",
            title=about.words[:1].upper() + about.words[1:],
            kind="boolean" if about.is_boolean else "number",
            outside=tuple(_outside(workspace, recipe, axis)),
            then=_then(workspace, recipe, axis, levels),
            take=partial(choices.set_bounds, axis),
        )
    if chosen is not None:
        _take(axis, bounds, chosen)


def _take(axis: str, bounds: Interval, chosen: Choice) -> None:
    if isinstance(chosen.opened, tuple):
        low, high, closed = chosen.opened
        choices.open_here(slice_queues.queue(axis, Range(axis, low, high, closed=closed)))
    elif chosen.opened == UNRATED:
        choices.open_here(slice_queues.queue(axis, Range(axis, missing=True)))
    elif chosen.opened:
        links.go("review", queue=chosen.opened)
    if chosen.bounds is not None and chosen.bounds != bounds:
        choices.set_bounds(axis, chosen.bounds)
    st.rerun()


def _then(workspace: Workspace, recipe: Recipe, axis: str, levels: ThresholdCounts) -> Then | None:
    """Return what follows the limits, and how many are kept after it; None where the limits have the last word."""
    passing = "pass the threshold" if axis == REWARD else "within the limits"
    kept = workspace.funnel(recipe).exportable
    if recipe.is_control:
        return Then(passing, kept, "in the random baseline")
    if recipe.strategies and not (axis == REWARD and recipe.threshold_last):
        return Then(passing, kept, "kept after rules")
    return None if kept == levels.kept.rollouts else Then(passing, kept, "kept")


def _outside(workspace: Workspace, recipe: Recipe, axis: str) -> Iterator[Outside]:
    """Yield what has no place on the axis: invalid rewards, and rollouts without a value."""
    if axis == REWARD:
        for drop in workspace.select(recipe).drops:
            if drop.name in INVALID_WORDS:
                yield Outside(drop.name, drop.name, drop.count)
    missing = int(np.count_nonzero(np.isnan(measures.population(workspace, recipe, axis).value)))
    if missing:
        yield Outside(UNRATED, "no reward" if axis == REWARD else "no value", missing)
    if axis == REWARD:
        yield from _rewarded_but_invalid(workspace, recipe)


def _rewarded_but_invalid(workspace: Workspace, recipe: Recipe) -> Iterator[Outside]:
    """Yield the invalid rollouts that a threshold would keep, were their reward valid."""
    at_least = recipe.min_reward
    if at_least is None:
        values = measures.axis_levels(workspace, recipe, REWARD, Interval(None, recipe.max_reward)).lower.value
        at_least = float(values[-1]) if len(values) else 0.0
    name = slice_queues.queue(slice_queues.INVALID, Range(REWARD, at_least))
    count = len(slice_queues.rows(workspace, recipe, name))
    if count:
        yield Outside(name, f"invalid with reward \u2265 {exact(at_least)}", count, is_part=True)
