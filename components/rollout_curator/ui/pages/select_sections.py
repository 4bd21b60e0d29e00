"""What stands under the picker: one section at a time, chosen by one switch that never moves."""

from collections.abc import Callable

import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.pages.select_compare import compare
from rollout_curator.ui.pages.select_figures import figures
from rollout_curator.ui.pages.select_panels import panels
from rollout_curator.ui.pages.select_rollouts import rollouts_table
from rollout_curator.ui.pages.select_tasks import tasks_table
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import sentence_case
from rollout_curator.workspace.workspace import Workspace

SECTIONS: dict[str, Callable[[Workspace, Recipe], None]] = {
    "by agent": panels,
    "tasks": tasks_table,
    state.ROLLOUTS: rollouts_table,
    "plots": figures,
    "compare": compare,
}


def sections(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the switch, and the chosen section under it."""
    names = list(SECTIONS)
    shown = state.session().section if state.session().section in SECTIONS else names[0]
    with st.container(key="sections", gap="small"):
        st.segmented_control(
            "Section",
            names,
            format_func=sentence_case,
            required=True,
            label_visibility="collapsed",
            **state.bind("section", shown, choices.set_section),
        )
        SECTIONS[shown](workspace, recipe)
