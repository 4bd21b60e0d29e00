"""The Rewards page: how rewards are spread, and the threshold above which rollouts are kept."""

from typing import Any, cast

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.elements.arrow import DataframeState

from rollout_curator import plots
from rollout_curator import recipe as recipes
from rollout_curator.levels import Levels, levels
from rollout_curator.recipe import Recipe
from rollout_curator.selection import INVALID_WORDS
from rollout_curator.ui import places, state
from rollout_curator.ui.pages.rollouts import rollouts_table
from rollout_curator.ui.pages.rules import rules_bar
from rollout_curator.ui.phrases import at_least
from rollout_curator.ui.queues import AGENT, TASK, is_measured
from rollout_curator.ui.site import BY_CONTENT, Site
from rollout_curator.ui.text import plain
from rollout_curator.ui.widgets.threshold import threshold_picker
from rollout_curator.workspace import Workspace

TABS = ("Agents", "Sources", "Tasks", "Rollouts", "Distribution")
Array = np.ndarray[Any, Any]


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    recipe = state.recipe()
    measured = is_measured(workspace, recipe)
    found = _levels(workspace, recipes.plan(recipe).exclude_invalid)
    chosen = threshold_picker(found, recipe.min_reward, key="rc.threshold")
    if chosen != recipe.min_reward:
        state.set_min(chosen)
        st.rerun()
    _bar(workspace, recipe)
    rules_bar(workspace, recipe)
    _outside(workspace, recipe)
    kinds = recipes.plan(recipe).exclude_invalid
    with st.container(key="plots"):
        left, right = st.columns(2, gap="medium")
    with left:
        _draw(_by_agent(workspace, kinds), "agents")
    with right:
        _draw(_against_tokens(workspace, kinds), "tokens")
    _tables(workspace, recipe, measured)


def _bar(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the exact threshold as a number, and what it keeps in words."""
    funnel = workspace.funnel(recipe)
    with st.container(horizontal=True, vertical_alignment="center", key="threshold-bar", gap="small"):
        st.markdown("keep rollouts with a reward of at least", width="content")
        st.number_input(
            "keep rollouts with a reward of at least",
            value=None,
            step=0.05,
            format=_format(recipe.min_reward),
            placeholder="any",
            label_visibility="collapsed",
            width=150,
            **state.bind("min", recipe.min_reward, state.set_min),
        )
        st.button("any reward", on_click=state.set_min, args=(None,), disabled=recipe.min_reward is None)
        st.markdown(f"**{funnel.exportable:,}** of {funnel.rollouts:,} rollouts are kept in the end", width="content")


def _format(reward: float | None) -> str:
    """Return a number format that shows every digit of a threshold."""
    decimals = len(repr(reward).partition(".")[2]) if reward is not None and "e" not in repr(reward) else 2
    return f"%.{min(max(decimals, 2), 12)}f"


def _outside(workspace: Workspace, recipe: Recipe) -> None:
    """Name the rollouts that are not in the histogram, each kind with a link to it."""
    kinds = recipes.plan(recipe).exclude_invalid
    invalid = workspace.frame["invalid"].value_counts()
    parts = [(int(invalid.get(kind, 0)), words, kind) for kind, words in INVALID_WORDS.items() if kind in kinds]
    unrated = int(np.count_nonzero(np.isnan(workspace.frame["reward"].to_numpy()) & ~_invalid(workspace, kinds)))
    parts.append((unrated, "have no reward", "unrated"))
    parts = [part for part in parts if part[0]]
    if not parts:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap=None, key="outside"):
        st.markdown("Not in the histogram:", width="content")
        for count, words, queue in parts:
            places.link_number(count, words, "review", queue=queue)


def _invalid(workspace: Workspace, kinds: frozenset[str]) -> Array:
    return np.asarray(workspace.frame["invalid"].isin(list(kinds)).to_numpy())


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _levels(workspace: Workspace, kinds: frozenset[str]) -> Levels:
    frame = workspace.frame
    measured = ~np.isnan(frame["reward"].to_numpy()) & ~_invalid(workspace, kinds)
    columns = (frame[name].to_numpy()[measured] for name in ("reward", "tokens", "group"))
    return levels(*columns)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _frame(workspace: Workspace, kinds: frozenset[str]) -> pd.DataFrame:
    """Return what plots and tables work on: valid rollouts under the names the plots know."""
    frame = workspace.frame
    columns = {"task": "task_id", "n_turns": "turns"}
    valid = frame[["reward", "agent", "source", "task", "tokens", "n_turns", "group"]].rename(columns=columns)
    valid["task_id"] = pd.Categorical(frame["group"])
    return valid[~_invalid(workspace, kinds)]


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _by_agent(workspace: Workspace, kinds: frozenset[str]) -> Any:
    return plots.reward_by_group(_frame(workspace, kinds), "agent")


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=4)
def _against_tokens(workspace: Workspace, kinds: frozenset[str]) -> Any:
    return plots.reward_against(_frame(workspace, kinds), "tokens")


def _draw(figure: Any, key: str) -> None:
    st.plotly_chart(figure, key=f"rc.plot-{key}", config={"displayModeBar": False}, alt=plain(plots.alt(figure)))


def _tables(workspace: Workspace, recipe: Recipe, measured: Array) -> None:
    chosen = st.segmented_control(
        "tables", TABS, default=TABS[0], required=True, label_visibility="collapsed", key="rc.table"
    )
    if chosen == "Rollouts":
        rollouts_table(workspace, recipe)
    elif chosen == "Distribution":
        frame = _frame(workspace, recipes.plan(recipe).exclude_invalid)
        left, right = st.columns(2, gap="medium")
        with left:
            _draw(plots.ecdf(frame), "ecdf")
        with right:
            _draw(plots.reward_by_task(_with_task_names(workspace, frame)), "tasks")
    else:
        column = {"Agents": "agent", "Sources": "source"}.get(str(chosen), "group")
        _groups(workspace, recipe, measured, column)


def _groups(workspace: Workspace, recipe: Recipe, measured: Array, column: str) -> None:
    """Draw one row per agent, source or task: how many, how good, how many are kept."""
    table = _group_table(workspace, recipe, measured, column)
    names = {"agent": "agent", "source": "file", "group": "task"}
    codes = table.index.to_list()
    table = table.reset_index(drop=True)
    table.insert(0, names[column], _names(workspace, column, codes))
    opens = column in ("agent", "group")
    chosen = st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= 12 else 420,
        key=f"rc.group-{column}",
        on_select="rerun" if opens and len(table) <= 5000 else "ignore",
        selection_mode="single-row",
        column_config=_columns(recipe, names[column]),
        alt="One row per group: rollouts, those valid and rated, mean reward, share at the threshold, kept",
    )
    if opens and len(table) <= 5000:
        rows = cast(DataframeState, chosen).selection.rows
        if rows:
            code = codes[rows[0]]
            places.go("review", queue=f"{AGENT}{code}" if column == "agent" else f"{TASK}{code}")
        st.caption("Select a row to read its rollouts.")


def _group_table(workspace: Workspace, recipe: Recipe, measured: Array, column: str) -> pd.DataFrame:
    reward = workspace.frame["reward"].to_numpy()
    table = pd.DataFrame(
        {
            "by": workspace.frame[column],
            "reward": np.where(measured, reward, np.nan),
            "kept": workspace.select(recipe).kept,
        }
    )
    if recipe.min_reward is not None:
        table["share"] = np.where(measured, reward >= recipe.min_reward, np.nan)
    grouped = table.groupby("by", observed=True)
    made = grouped.agg(rollouts=("kept", "size"), rated=("reward", "count"), mean=("reward", "mean"))
    if recipe.min_reward is not None:
        made["share"] = grouped["share"].mean() * 100
    made["kept"] = grouped["kept"].sum()
    return made.sort_values("rollouts", ascending=False, kind="stable")


def _columns(recipe: Recipe, name: str) -> dict[str, Any]:
    config = st.column_config
    return {
        name: config.TextColumn(width="medium"),
        "rollouts": config.NumberColumn(format="localized"),
        "rated": config.NumberColumn("valid and rated", format="localized"),
        "mean": config.NumberColumn("mean reward", format="%.3f"),
        "share": config.ProgressColumn(
            plain(at_least(recipe.min_reward)) if recipe.min_reward is not None else "share",
            format="%.0f %%",
            min_value=0.0,
            max_value=100.0,
        ),
        "kept": config.NumberColumn("kept", format="localized", help="After every step of the funnel"),
    }


def _names(workspace: Workspace, column: str, codes: list[Any]) -> list[str]:
    if column != "group":
        return [plain(code) for code in codes]
    first = workspace.frame.drop_duplicates("group").set_index("group")[["source", "task"]]
    if len(workspace.sources) == 1:
        return [plain(f"task {task}") for task in first.loc[codes, "task"]]
    return [plain(f"task {task} of {source}") for source, task in first.loc[codes].itertuples(index=False)]


def _with_task_names(workspace: Workspace, frame: pd.DataFrame) -> pd.DataFrame:
    codes = frame["task_id"].cat.categories.to_list()
    names = [f"{name} ({n})" for n, name in enumerate(_names(workspace, "group", codes))]
    return frame.assign(task_id=frame["task_id"].cat.rename_categories(names))
