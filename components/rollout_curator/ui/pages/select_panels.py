"""Small histograms side by side, one for each agent, source or model, each with its own threshold if it needs one.

Where scales differ, one threshold for all is a threshold for none.
"""

import numpy as np
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.filters import GROUPS
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.slices import Equals
from rollout_curator.selection.threshold_counts import ThresholdCounts, count_thresholds
from rollout_curator.ui.pages.select_groups import groups_table
from rollout_curator.ui.pages.select_scales import scales_differ
from rollout_curator.ui.pages.select_thresholds import Group, groups_of, thresholds_form
from rollout_curator.ui.picker.panels import MAX_STOPS as PANEL_STOPS
from rollout_curator.ui.picker.panels import Panel, PanelChoice, threshold_panels
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.state import choices, measures
from rollout_curator.ui.text import label, plain, sentence_case
from rollout_curator.words import counted, name_of
from rollout_curator.workspace.workspace import Workspace

SHOWN = 12
ORDERS = {
    "Largest first": "size",
    "Highest mean reward first": "mean",
    "Largest std. dev. first": "spread",
    "Most above threshold first": "passed",
    "By name": "name",
}


def panels(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the small plots of one class, with what orders them and sets all their thresholds at once."""
    with st.container(key="panels", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="panels-bar"):
            by = st.segmented_control(
                "By",
                GROUPS,
                format_func=lambda name: sentence_case(name_of(name)),
                default=GROUPS[0],
                required=True,
                label_visibility="collapsed",
                key="rc.panels-by",
            )
            if st.toggle("As a table", key="rc.panels-as-table"):
                one_axis, order = False, ""
            else:
                order = st.selectbox(
                    "Order", list(ORDERS), label_visibility="collapsed", key="rc.panels-order", width=200
                )
                is_shared = not scales_differ(workspace, recipe)
                one_axis = st.toggle("Shared x-axis", value=is_shared, key="rc.panels-axis")
            groups = _ordered(workspace, recipe, str(by), ORDERS.get(order, "size"))
            set_all = label(f"Set per-{name_of(str(by))} thresholds")
            with st.popover(set_all, type="tertiary", width="content", key=choices.fresh_key("panels-thresholds")):
                thresholds_form(workspace, recipe, str(by), name="panels")
        if _has_others(recipe, str(by)):
            st.caption(label(_others_words(recipe, str(by))))
        if not order:
            groups_table(workspace, recipe, str(by))
            return
        n_pages = -(-len(groups) // SHOWN)
        page = st.pagination(n_pages, key=f"rc.panels-page-{by}") if n_pages > 1 else 1
        _draw(workspace, recipe, str(by), groups[(page - 1) * SHOWN : page * SHOWN], one_axis=one_axis)


def _has_others(recipe: Recipe, by: str) -> bool:
    """Say whether thresholds of their own go by another class than the one that is shown."""
    return recipe.thresholds_by not in ("", by)


def _others_words(recipe: Recipe, by: str) -> str:
    other = recipe.thresholds_by
    n = len(recipe.group_thresholds(other))
    have, these = ("has its", "it") if n == 1 else ("have their", "them")
    said = f"{counted(n, name_of(other))} {have} own threshold, which still applies here."
    return f"{said} Setting one by {name_of(by)} replaces {these}."


def _chosen_from(recipe: Recipe, by: str) -> Recipe:
    """Return the part of a recipe whose candidates the small plots count: thresholds by another class stay on."""
    return (recipe if _has_others(recipe, by) else recipe.without_thresholds()).without_axis(REWARD)


def _draw(workspace: Workspace, recipe: Recipe, by: str, groups: list[Group], *, one_axis: bool) -> None:
    own = recipe.group_thresholds(by)
    shown = [_panel(workspace, recipe, by, group, own.get(group.name)) for group in groups]

    def take(chosen: PanelChoice) -> None:
        choices.set_group_threshold(by, {groups[chosen.index].name: chosen.at_least})

    chosen = threshold_panels(shown, key=f"rc.panels-{by}", title="", one_axis=one_axis, take=take)
    if chosen is None:
        return
    if chosen.opened:
        among = REWARD if _has_others(recipe, by) else slice_queues.ANY
        choices.open_here(slice_queues.queue(among, Equals(by, groups[chosen.index].name)))
    else:
        take(chosen)
    st.rerun()


def _panel(workspace: Workspace, recipe: Recipe, by: str, group: Group, own: float | None) -> Panel:
    bound = recipe.min_reward if own is None else own
    whole = _levels_of(workspace, workspace.refresh_decisions(), _chosen_from(recipe, by), by, group)
    found = whole.within(Interval(bound, recipe.max_reward if own is None else None))
    mean = f"mean {group.mean:.3g}" if group.rated else "no rewards"
    spread = f", SD {group.spread:.2g}" if np.isfinite(group.spread) else ""
    note = f"{counted(len(group.places), 'rollout')}, {mean}{spread}"
    return Panel(plain(group.name) or "(none)", note, found, own is not None)


@st.cache_resource(hash_funcs={**BY_CONTENT, Group: lambda group: group.name}, show_spinner=False, max_entries=100)
def _levels_of(workspace: Workspace, version: int, rest: Recipe, by: str, group: Group) -> ThresholdCounts:
    found, rows = measures.population(workspace, rest, REWARD), group.places
    columns = (column[rows] for column in (found.value, found.tokens, found.task))
    return count_thresholds(*columns, always=found.always[rows], order=np.arange(len(rows))).thinned(PANEL_STOPS)


def _ordered(workspace: Workspace, recipe: Recipe, by: str, order: str) -> list[Group]:
    rest = _chosen_from(recipe, by)
    groups = groups_of(workspace, rest, by)
    if order == "passed":
        own = recipe.group_thresholds(by)
        found = measures.population(workspace, rest, REWARD)

        def passed(group: Group) -> float:
            bound = own.get(group.name, recipe.min_reward)
            at_least = -np.inf if bound is None else bound
            return float(np.mean(found.value[group.places] >= at_least)) if len(group.places) else 0.0

        return sorted(groups, key=passed, reverse=True)
    if order == "name":
        return sorted(groups, key=lambda group: group.name)
    keys = {
        "size": lambda group: len(group.places),
        "mean": lambda group: -np.inf if np.isnan(group.mean) else group.mean,
        "spread": lambda group: -np.inf if np.isnan(group.spread) else group.spread,
    }
    return sorted(groups, key=keys[order], reverse=True)
