"""The table of rollouts: a page at a time, in their own words, in the columns and order of choice, and as CSV."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.index.columns import CLASSES
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.queues import rows_of, words_of
from rollout_curator.ui import links
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import counted, name_of, said_of
from rollout_curator.workspace.workspace import Workspace

PAGE_ROWS = 200
WORDS_MAX = 10_000
"""So many rollouts at most are read for their words when a table is saved."""
WORDS = {"task": "Task", "answer": "Final answer"}
TEXTS = {"status": "Status", **WORDS, "where": "File and line", "task name": "Task name"}
USUAL = ("reward", "status", "task", "answer", "agent", "n_turns", "n_calls", "tokens", "flags", "where")
NUMBERS: dict[str, Any] = {
    "reward": st.column_config.NumberColumn(format="%.4g", pinned=True),
    "tokens": st.column_config.NumberColumn(format="localized"),
    "task": st.column_config.TextColumn(width="large"),
    "answer": st.column_config.TextColumn("Final answer", width="large"),
    "status": st.column_config.TextColumn(width=130),
    "where": st.column_config.TextColumn("File and line", width="medium"),
}
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""A cell of text that begins so, perhaps after spaces, is a formula to a spreadsheet."""
Array = np.ndarray[Any, Any]


def rollouts_table(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the rollouts that were opened, else all, a page at a time."""
    queue = state.session().opened
    among = rows_of(workspace, recipe, queue) if queue else np.arange(workspace.n_rollouts)
    if queue:
        _opened(workspace, recipe, queue, len(among))
    names = [name for name in state.session().columns or USUAL if name in _offered(workspace)]
    with st.container(horizontal=True, vertical_alignment="center", key="rollouts-bar"):
        among = _ordered(workspace, among, names)
        _columns(workspace, names)
        _save(workspace, recipe, among, names)
        n_pages = max(1, -(-len(among) // PAGE_ROWS))
        number = st.pagination(n_pages, key="rc.rollouts-page", width="stretch") if n_pages > 1 else 1
    rows = among[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    table = rows_table(workspace, recipe, rows, names)
    chosen = st.dataframe(
        table,
        hide_index=True,
        height="content" if len(rows) <= 12 else 560,
        key=f"rc.rollouts-{number}-{queue}-{'-'.join(names)}",
        on_select="rerun",
        selection_mode="single-row",
        column_config=_heads(workspace, table),
        placeholder="–",
        alt=f"One row per rollout: {plain(', '.join(map(str, table.columns)))}",
    )
    st.caption("Select a row to review it.")
    if chosen.selection.rows:
        links.go("review", queue=queue or "all", key=workspace.key(int(rows[chosen.selection.rows[0]])))


def rows_table(workspace: Workspace, recipe: Recipe, rows: Array, names: list[str]) -> pd.DataFrame:
    """Return the chosen columns of some rows; only what is chosen is read."""
    words = measures.excerpts(workspace, rows.tolist()) if set(names) & set(WORDS) else []
    return pd.DataFrame({name: _column(workspace, recipe, rows, name, words) for name in names})


def _column(workspace: Workspace, recipe: Recipe, rows: Array, name: str, words: list[Any]) -> Any:
    if name in WORDS:
        return [plain(getattr(one, name)) for one in words]
    if name == "where":
        return [plain(workspace.where(int(row))) for row in rows]
    if name == "status":
        selection = workspace.select(recipe)
        return [plain(said_of(1, selection.words(int(row))) or "kept") for row in rows]
    if name in workspace.axes:
        return workspace.numbers(name)[rows]
    codes, known = workspace.classes("task" if name == "task name" else name)
    return [plain(known[code].replace("_", " ").replace("|", ", ") if name == "flags" else known[code])
            for code in codes[rows]]  # fmt: skip


def _offered(workspace: Workspace) -> dict[str, str]:
    """Return every column there can be with its head."""
    classes = {name.name: name_of(name.name) for name in CLASSES if name.name != "task"}
    return {**TEXTS, "source": "file", **classes, **{name: axis.words for name, axis in workspace.axes.items()}}


def _heads(workspace: Workspace, table: pd.DataFrame) -> dict[str, Any]:
    offered = _offered(workspace)
    config = {name: dict(NUMBERS.get(name) or {}) for name in table.columns}
    return heads(table.columns, {name: {"label": offered[name], **one} for name, one in config.items()})


def _ordered(workspace: Workspace, among: Array, names: list[str]) -> Array:
    """Draw the choice of an order over all pages; return the rows in it, those without a number last."""
    numbers = ["reward", *(name for name in names if name in workspace.axes and name != "reward")]
    orders = [("", 0), *((name, sign) for name in numbers for sign in (-1, 1))]

    def said(order: tuple[str, int]) -> str:
        name, sign = order
        return (
            plain(f"{workspace.axes[name].words}, {'highest' if sign < 0 else 'lowest'} first")
            if name
            else "file order"
        )

    name, sign = st.selectbox(
        "Order", orders, format_func=lambda one: said(one).capitalize(), label_visibility="collapsed",
        key=f"rc.rollouts-order-{len(orders)}", width=280,
    )  # fmt: skip
    return among if not name else np.asarray(among[np.argsort(workspace.numbers(name)[among] * sign, kind="stable")])


def _columns(workspace: Workspace, names: list[str]) -> None:
    """Draw the choice of columns: words, names, and every number there is."""
    offered = _offered(workspace)
    with st.popover("Columns", type="tertiary", width="content"):
        st.multiselect(
            "Columns, in this order",
            list(offered),
            format_func=lambda name: plain(offered[name]),
            width=420,
            **state.bind("columns", names, choices.set_columns),
        )
        if state.session().columns:
            st.button("Usual columns", on_click=choices.set_columns, args=((),), key="rc.columns-usual")


def _save(workspace: Workspace, recipe: Recipe, among: Array, names: list[str]) -> None:
    """Draw the button that saves all rows of the table, not only this page, as CSV."""
    columns = names if len(among) <= WORDS_MAX else [name for name in names if name not in WORDS]
    without = "" if columns == names else f"; without words, which are saved for up to {WORDS_MAX:,} rollouts"
    st.download_button(
        "CSV",
        lambda: csv_of(workspace, recipe, among, columns),
        "rollouts.csv",
        "text/csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        key="rc.rollouts-csv",
        help=label(f"Save {counted(len(among), 'rollout')} with these columns{without}"),
    )


def csv_of(workspace: Workspace, recipe: Recipe, rows: Array, names: list[str]) -> str:
    """Return rows as CSV with a head; a text that a spreadsheet would run as a formula begins with an apostrophe."""
    table = rows_table(workspace, recipe, rows, names)
    for name in table.columns:
        if table[name].dtype.kind not in "biuf":
            table[name] = [_defused(text) for text in table[name]]
    return str(table.to_csv(index=False, header=[_defused(plain(name)) for name in table.columns]))


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def _opened(workspace: Workspace, recipe: Recipe, queue: str, count: int) -> None:
    """Say which part of the rollouts is shown, with the way to review them and the way back to all."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="opened"):
        st.markdown(
            f"**{label(counted(count, 'rollout'))}**: {label(words_of(workspace, recipe, queue))}", width="content"
        )
        links.link("Review these", "review", queue=queue)
        st.button("Show all", type="tertiary", on_click=choices.open_here, args=("",), key="rc.opened-all")
