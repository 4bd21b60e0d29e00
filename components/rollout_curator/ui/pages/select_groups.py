"""The table of agents, files or models: how many rollouts each has, how good they are, how many are kept."""

import numpy as np
import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.slices import Equals
from rollout_curator.ui.pages.chosen_row import chosen_row
from rollout_curator.ui.pages.select_rollouts import PAGE_ROWS
from rollout_curator.ui.state import choices, measures
from rollout_curator.ui.text import label, plain
from rollout_curator.words import name_of
from rollout_curator.workspace.attempts import counted_words
from rollout_curator.workspace.workspace import Workspace


def groups_table(workspace: Workspace, recipe: Recipe, by: str) -> None:
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
    table.insert(0, name_of(by), [plain(name) or "(none)" for name in names])
    st.caption(label(counted_words(measures.attempts(workspace, recipe))))
    row = chosen_row(table.head(PAGE_ROWS), f"groups-{by}")
    if len(table) > PAGE_ROWS:
        st.caption(f"Showing the largest {PAGE_ROWS:,} of {len(table):,}.")
    if row is not None:
        choices.open_here(slice_queues.queue(slice_queues.ATTEMPTS, Equals(by, names[row])))
        st.rerun()
