"""The tables of the Rewards page: tasks, single rollouts, agents, sources, selections side by side, more figures."""

import numpy as np
import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.slices import Equals, Range
from rollout_curator.ui.pages.chosen_row import chosen_row
from rollout_curator.ui.pages.rewards_compare import compare
from rollout_curator.ui.pages.rewards_figures import more_figures
from rollout_curator.ui.pages.rewards_rollouts import PAGE_ROWS, rollouts_table
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import label, plain
from rollout_curator.workspace.attempts import counted_words, fared_words
from rollout_curator.workspace.workspace import Workspace

TABS = ("Tasks", state.ROLLOUTS, "Agents", "Sources", "Models", "Compare", "More figures")
CLASS_OF = {"Agents": "agent", "Sources": "source", "Models": "model"}
TASK_ORDERS = {
    "in order": ("group", True),
    "hardest first": ("mean", True),
    "easiest first": ("mean", False),
    "widest spread first": ("spread", False),
    "most attempts first": ("attempts", False),
    "most kept first": ("kept", False),
}


def tables(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the choice of a table, and the chosen one."""
    shown = state.session().table if state.session().table in TABS else TABS[0]
    st.segmented_control(
        "tables",
        TABS,
        required=True,
        label_visibility="collapsed",
        **state.bind("table", shown, choices.set_table),
    )
    if shown == state.ROLLOUTS:
        rollouts_table(workspace, recipe)
    elif shown == "Tasks":
        _tasks(workspace, recipe)
    elif shown == "Compare":
        compare(workspace, recipe)
    elif shown == "More figures":
        more_figures(workspace, recipe)
    else:
        _groups(workspace, recipe, CLASS_OF[shown])


def _tasks(workspace: Workspace, recipe: Recipe) -> None:
    """Draw what the tasks amount to, and one row a task."""
    at_least = measures.success_at(workspace, recipe)
    st.markdown(label(fared_words(measures.fared(workspace, recipe, at_least))))
    st.caption(label(counted_words(measures.attempts(workspace, recipe))))
    table = measures.task_table(workspace, recipe, at_least)
    group = workspace.groups(recipe.group_by).codes
    kept = np.bincount(group[workspace.select(recipe).kept], minlength=int(group.max(initial=-1)) + 1)
    table = table.assign(kept=kept[table.index.to_numpy()]).reset_index()
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.selectbox("order", list(TASK_ORDERS), label_visibility="collapsed", key="rc.tasks-order", width=220)
        n_pages = max(1, -(-len(table) // PAGE_ROWS))
        page = st.pagination(n_pages, key="rc.tasks-page") if n_pages > 1 else 1
    column, ascending = TASK_ORDERS[order]
    table = table.sort_values(column, ascending=ascending, kind="stable", na_position="last")
    table = table.iloc[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    groups = table.pop("group").tolist()
    table.insert(0, "task", measures.task_names(workspace, recipe, groups))
    row = chosen_row(table, f"tasks-{page}-{order}")
    if row is not None:
        choices.open_here(
            slice_queues.queue(slice_queues.ATTEMPTS, Range(slice_queues.GROUP, groups[row], groups[row]))
        )
        st.rerun()


def _groups(workspace: Workspace, recipe: Recipe, by: str) -> None:
    """Draw one row per agent, source or model: how many, how good, how many are kept."""
    at_least = measures.success_at(workspace, recipe)
    table = measures.group_table(workspace, recipe, by, at_least)
    codes, words = workspace.classes(by)
    kept = dict(
        zip(words, np.bincount(codes[workspace.select(recipe).kept], minlength=len(words)).tolist(), strict=True)
    )
    table = table[["rollouts", "rated", "mean", "spread", "lowest", "median", "highest", "pass_rate"]].copy()
    names = [str(name) for name in table.index]
    table["kept"] = [kept.get(name, 0) for name in names]
    table.insert(0, by, [plain(name) or "(none)" for name in names])
    st.caption(label(counted_words(measures.attempts(workspace, recipe))))
    row = chosen_row(table.head(PAGE_ROWS), f"groups-{by}")
    if len(table) > PAGE_ROWS:
        st.caption(f"The {PAGE_ROWS:,} largest of {len(table):,} are shown.")
    if row is not None:
        choices.open_here(slice_queues.queue(slice_queues.ATTEMPTS, Equals(by, names[row])))
        st.rerun()
