"""The table of rollouts: a slice at a time, each row a way into the Review page."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.queues import rows_of, words_of
from rollout_curator.ui import links
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, plain
from rollout_curator.words import counted, said_of
from rollout_curator.workspace.workspace import Workspace

PAGE_ROWS = 500
ORDERS = {"in order": 0, "highest reward first": -1, "lowest reward first": 1}
Array = np.ndarray[Any, Any]


def rollouts_table(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the rollouts that were opened, else all, a page at a time."""
    queue = state.session().opened
    among = rows_of(workspace, recipe, queue) if queue else np.arange(workspace.n_rollouts)
    if queue:
        _opened(workspace, recipe, queue, len(among))
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.selectbox(
            "order", list(ORDERS), format_func=plain, label_visibility="collapsed", key="rc.rollouts-order", width=220
        )
        n_pages = max(1, -(-len(among) // PAGE_ROWS))
        number = st.pagination(n_pages, key="rc.rollouts-page") if n_pages > 1 else 1
    rows = _ordered(workspace, among, ORDERS[order])[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    chosen = st.dataframe(
        _table(workspace, recipe, rows),
        hide_index=True,
        height="content" if len(rows) <= 12 else 560,
        key=f"rc.rollouts-{number}-{ORDERS[order]}-{queue}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "reward": st.column_config.NumberColumn(format="%.4g"),
            "tokens": st.column_config.NumberColumn(format="localized"),
            "where": st.column_config.TextColumn(width="medium"),
            "state": st.column_config.TextColumn(width="medium"),
        },
        alt="One row per rollout: where it stands, task, agent, reward, whether it is kept, turns, tool calls, tokens",
    )
    st.caption("Select a row to read it in Review.")
    if chosen.selection.rows:
        links.go("review", queue=queue or "all", key=workspace.key(int(rows[chosen.selection.rows[0]])))


def _opened(workspace: Workspace, recipe: Recipe, queue: str, count: int) -> None:
    """Say which part of the rollouts is shown, with the way to read them and the way back to all."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="opened"):
        st.markdown(
            f"**{label(counted(count, 'rollout'))}**: {label(words_of(workspace, recipe, queue))}", width="content"
        )
        links.link("Read them in Review", "review", queue=queue)
        st.button("Show all", type="tertiary", on_click=choices.open_here, args=("",), key="rc.opened-all")


def _ordered(workspace: Workspace, among: Array, direction: int) -> Array:
    if not direction:
        return among
    reward = workspace.column("reward")[among] * direction
    return np.asarray(among[np.argsort(reward, kind="stable")])


def _table(workspace: Workspace, recipe: Recipe, rows: Array) -> pd.DataFrame:
    selection = workspace.select(recipe)
    part = workspace.frame.iloc[rows]
    return pd.DataFrame(
        {
            "where": [plain(workspace.where(int(row))) for row in rows],
            "task": [plain(task) for task in part["task"]],
            "agent": [plain(agent) for agent in part["agent"]],
            "reward": part["reward"].to_numpy(),
            "state": [plain(said_of(1, selection.words(int(row))) or "kept") for row in rows],
            "turns": part["n_turns"].to_numpy(),
            "calls": part["n_calls"].to_numpy(),
            "tokens": part["tokens"].to_numpy(),
            "flags": [plain(flags.replace("_", " ").replace("|", ", ")) for flags in part["flags"]],
        }
    )
