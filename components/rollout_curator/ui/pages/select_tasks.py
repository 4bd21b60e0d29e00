"""The table of tasks: what each asks in its own words, how its attempts fared, how many of them are kept."""

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.slices import Range
from rollout_curator.selection.strategies import PASS_KS
from rollout_curator.ui.pages.chosen_row import chosen_row
from rollout_curator.ui.pages.select_rollouts import PAGE_ROWS
from rollout_curator.ui.state import choices, measures
from rollout_curator.ui.text import label, plain
from rollout_curator.workspace.attempts import counted_words, fared_words
from rollout_curator.workspace.workspace import Workspace

TASK_ORDERS = {
    "File order": ("group", True),
    "Lowest mean reward first": ("mean", True),
    "Highest mean reward first": ("mean", False),
    "Largest SD first": ("spread", False),
    "Most attempts first": ("attempts", False),
    "Most kept first": ("kept", False),
}


def tasks_table(workspace: Workspace, recipe: Recipe) -> None:
    """Draw what the tasks amount to, and one row a task; a chosen row lists its rollouts."""
    at_least = measures.success_at(workspace, recipe)
    st.markdown(label(fared_words(measures.fared(workspace, recipe, at_least))))
    st.caption(label(counted_words(measures.attempts(workspace, recipe))))
    table = measures.task_table(workspace, recipe, at_least)
    group = workspace.groups(recipe.group_by).codes
    kept = np.bincount(group[workspace.select(recipe).kept], minlength=int(group.max(initial=-1)) + 1)
    table = table.assign(kept=kept[table.index.to_numpy()]).reset_index()
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.selectbox("Order", list(TASK_ORDERS), label_visibility="collapsed", key="rc.tasks-order", width=240)
        n_pages = max(1, -(-len(table) // PAGE_ROWS))
        page = st.pagination(n_pages, key="rc.tasks-page", width="stretch") if n_pages > 1 else 1
    column, ascending = TASK_ORDERS[order]
    table = table.sort_values(column, ascending=ascending, kind="stable", na_position="last")
    table = _without_empty(table.iloc[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])
    groups = table.pop("group").tolist()
    table.insert(0, "task", [plain(words) for words in measures.task_words(workspace, recipe, groups)])
    names = [plain(name) for name in measures.task_names(workspace, recipe, groups)]
    row = chosen_row(table.assign(id=names), f"tasks-{page}-{order}")
    if row is not None:
        choices.open_here(
            slice_queues.queue(slice_queues.ATTEMPTS, Range(slice_queues.GROUP, groups[row], groups[row]))
        )
        st.rerun()


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without pass rates for more attempts than any of its tasks has."""
    empty = [f"pass@{k}" for k in PASS_KS if f"pass@{k}" in table and not table[f"pass@{k}"].notna().any()]
    return table.drop(columns=empty)
