"""Selections side by side on the same rollouts: this one, saved ones, preset rules, and random baselines.

Baselines are as large per task and drawn with several seeds: how far they lie from each other is what chance does.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.printable import digest
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.comparison import Bools, difference
from rollout_curator.selection.comparison import compare as side_by_side
from rollout_curator.selection.strategies import Step
from rollout_curator.selection.task_means import NOTE
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import heads, label, plain, sentence_case, signed
from rollout_curator.workspace import random_controls
from rollout_curator.workspace.missing_columns import find_unusable
from rollout_curator.workspace.workspace import Workspace

THIS = "current"
AGENTS_MAX = 8
COUNTS = ("rollouts", "tasks", "tokens")
HEADS = ("Recipe", "Rollouts", "Tasks", "Tokens", "Mean reward", "In both", "")
WIDTHS = (2.9, 1.1, 1.0, 1.6, 2.0, 0.8, 1.5)


def usual(success: float) -> dict[str, tuple[Step, ...]]:
    """Return rules that are often used, by what they leave of what the bounds keep; a success is so much reward."""
    at_least = {} if success == 1.0 else {"at_least": success}
    passing = {} if success == 1.0 else {"pass_at_least": success}
    return {
        "best of 1 per task": (Step("best_of_n"),),
        "best of 4 per task": (Step("best_of_n", {"n": 4}),),
        "max 4 per task, at random": (Step("at_most_per_task", {"k": 4, "order": "random"}),),
        "shortest success per task": (Step("shortest_success", at_least),),
        "at or above the median of the task": (Step("task_quantile", {"q": 0.5}),),
        "without easy tasks": (Step("drop_easy_tasks", passing),),
        "random half per task": (Step("random_per_task", {"fraction": 0.5}),),
    }


def compare(workspace: Workspace, recipe: Recipe) -> None:
    """Draw a row for each selection, with what it would change of this one, and the ways to use and to add one."""
    others = {name: one for name, one in state.session().compared.items() if not _unusable(workspace, name, one)}
    named = {THIS: recipe, **random_controls.beside(recipe), **others}
    found = _compared(workspace, workspace.refresh_decisions(), named)
    with st.container(key="compared", gap=None):
        for cell, words in zip(st.columns(WIDTHS), HEADS, strict=True):
            cell.caption(label(words))
        for row in found.rows:
            cells = st.columns(WIDTHS, vertical_alignment="center")
            cells[0].markdown(label(row.name if row.name in others else sentence_case(row.name)))
            for cell, (value, difference, tip) in zip(cells[1:-1], row.numbers, strict=True):
                if value:
                    cell.markdown(_cell(value, difference), help=label(tip) if tip else None)
            if row.name != THIS:
                with cells[-1].container(horizontal=True, gap="small"):
                    _use(row.name, named[row.name], is_removable=row.name in others)
    with st.expander("All numbers"):
        st.dataframe(
            found.table,
            hide_index=True,
            column_config=heads(found.table.columns, _config()),
            placeholder="–",
            alt="One row per selection",
        )
    _add(recipe, usual(measures.success_at(workspace, recipe)))


def _cell(value: str, difference: str) -> str:
    return f"**{label(value)}** :gray[{label(difference)}]" if difference else f"**{label(value)}**"


def _use(name: str, recipe: Recipe, *, is_removable: bool) -> None:
    taken = f"rc.compared-{digest(name)[:12]}"
    st.button("Use this", type="tertiary", on_click=choices.take_recipe, args=(recipe,), key=taken)
    if is_removable:
        st.button("Remove", type="tertiary", on_click=choices.compare, args=(name, None), key=f"{taken}-remove")


def _unusable(workspace: Workspace, name: str, other: Recipe) -> bool:
    """Say whether a recipe cannot be applied to these files; draw why, and the way to remove it."""
    lacking = find_unusable(workspace, other)
    if lacking:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.error(label(f"Cannot compare {name}: {lacking[0].why}."))
            st.button("Remove", on_click=choices.compare, args=(name, None), key=f"rc.unusable-{digest(name)[:12]}")
    return bool(lacking)


def _add(recipe: Recipe, rules: dict[str, tuple[Step, ...]]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="compare-add"):
        name = st.text_input("Name", placeholder="e.g. run 42, ≥ 0.8", max_chars=60, key="rc.compare-name")
        st.button(
            "Save for comparison",
            on_click=choices.compare,
            args=(name.strip(), recipe),
            disabled=not name.strip() or name.strip() in (THIS, *random_controls.beside(recipe)),
            key="rc.compare-aside",
        )
        name = st.selectbox(
            "Preset rule (after the same threshold)", list(rules), format_func=sentence_case, key="rc.compare-usual"
        )
        made = replace(recipe.with_control(None), strategies=rules[name], threshold_last=False)
        st.button("Compare", on_click=choices.compare, args=(name, made), key="rc.compare-with")


@dataclass(frozen=True, slots=True)
class _Row:
    """A selection: its name, and per number what it is, how far from this one's, and what else to know of it."""

    name: str
    numbers: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """The selections as rows, the first without differences, and the table of all numbers."""

    rows: list[_Row]
    table: pd.DataFrame


@st.cache_resource(hash_funcs={**BY_CONTENT, dict: repr}, show_spinner="Comparing selections…", max_entries=8)
def _compared(workspace: Workspace, version: int, named: dict[str, Recipe]) -> _Compared:
    kept = {name: workspace.select(recipe).kept for name, recipe in named.items()}
    frame = workspace.frame_by(named[THIS].group_by)
    table = side_by_side(frame, kept)
    rows = [_row(frame, table, kept, name) for name in named]
    agents = [name for name in table.columns if str(name).startswith("agent ")]
    table = table.drop(columns=agents[AGENTS_MAX:])
    ends = zip(table.pop("reward_low"), table.pop("reward_high"), strict=True)
    table.insert(
        list(table.columns).index("mean_reward") + 1,
        "95% CI",
        ["" if low != low else f"{low:.3f} to {high:.3f}" for low, high in ends],
    )
    table.insert(0, "selection", [plain(name) for name in table.index])
    table.columns = pd.Index([_head(str(name)) for name in table.columns])
    return _Compared(rows, table)


def _row(frame: pd.DataFrame, table: pd.DataFrame, kept: dict[str, Bools], name: str) -> _Row:
    now, this = table.loc[name].to_dict(), table.loc[THIS].to_dict()
    counts = [int(now[column]) for column in COUNTS]
    mean = float(now["mean_reward"])
    values = [*(f"{count:,}" for count in counts), "\u2013" if np.isnan(mean) else f"{mean:.3f}"]
    if name == THIS:
        return _Row(name, tuple((value, "", "") for value in (*values, "")))
    apart = [signed(count - int(this[column])) for count, column in zip(counts, COUNTS, strict=True)]
    by, low, high = difference(frame, kept[THIS], kept[name]).reward
    interval = (
        "" if np.isnan(low) else f"95% CI of the difference by task: {signed(low, '.3f')} to {signed(high, '.3f')}"
    )
    numbers = [*zip(values[:-1], apart, ("", "", ""), strict=True)]
    numbers.append((values[-1], "" if np.isnan(by) else signed(by, ".3f"), interval))
    numbers.append((f"{int(np.count_nonzero(kept[THIS] & kept[name])):,}", "", ""))
    return _Row(name, tuple(numbers))


def _head(column: str) -> str:
    """Return the head of a column; names of agents stay as they are."""
    return plain(column) if column.startswith("agent ") else plain(column.replace("_", " "))


def _config() -> dict[str, Any]:
    whole = {name: st.column_config.NumberColumn(format="localized") for name in ("rollouts", "tasks", "tokens")}
    means = {
        "mean reward": st.column_config.NumberColumn(format="%.4g"),
        "95% CI": st.column_config.TextColumn(
            help=f"Of the mean reward: {NOTE}. Rules that choose by the reward raise its mean."
        ),
        "mean tokens": st.column_config.NumberColumn(format="%.0f"),
        "mean turns": st.column_config.NumberColumn(format="%.1f"),
        "duplicates": st.column_config.NumberColumn(format="localized"),
    }
    return {**whole, **means}
