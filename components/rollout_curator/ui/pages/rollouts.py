"""The table of rollouts: a slice at a time, each row a way into the Review page."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.recipe import Recipe
from rollout_curator.ui import places
from rollout_curator.ui.phrases import said_of_one
from rollout_curator.ui.text import plain
from rollout_curator.workspace import Workspace

PAGE_ROWS = 500
ORDERS = {"in order": 0, "highest reward first": -1, "lowest reward first": 1}
Array = np.ndarray[Any, Any]


def rollouts_table(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the rollouts of one page of the table."""
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.selectbox(
            "order", list(ORDERS), format_func=plain, label_visibility="collapsed", key="rc.rollouts-order", width=220
        )
        n_pages = max(1, -(-workspace.n_rollouts // PAGE_ROWS))
        number = st.pagination(n_pages, key="rc.rollouts-page") if n_pages > 1 else 1
    rows = _ordered(workspace, ORDERS[order])[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    chosen = st.dataframe(
        _table(workspace, recipe, rows),
        hide_index=True,
        height="content" if len(rows) <= 12 else 560,
        key=f"rc.rollouts-{number}-{ORDERS[order]}",
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
        places.go("review", queue="all", key=workspace.key(int(rows[chosen.selection.rows[0]])))


def _ordered(workspace: Workspace, direction: int) -> Array:
    if not direction:
        return np.arange(workspace.n_rollouts)
    return np.argsort(workspace.frame["reward"].to_numpy() * direction, kind="stable")


def _table(workspace: Workspace, recipe: Recipe, rows: Array) -> pd.DataFrame:
    selection = workspace.select(recipe)
    part = workspace.frame.iloc[rows]
    return pd.DataFrame(
        {
            "where": [plain(workspace.where(int(row))) for row in rows],
            "task": [plain(task) for task in part["task"]],
            "agent": [plain(agent) for agent in part["agent"]],
            "reward": part["reward"].to_numpy(),
            "state": [plain(said_of_one(selection.words(int(row))) or "kept") for row in rows],
            "turns": part["n_turns"].to_numpy(),
            "calls": part["n_calls"].to_numpy(),
            "tokens": part["tokens"].to_numpy(),
            "flags": [plain(flags.replace("_", " ").replace("|", ", ")) for flags in part["flags"]],
        }
    )
