"""The row above the picker: which number it is about, which filters are on, and a way to add one.

At its right end the picker shows its own buttons (`style`).
"""

from typing import Any

import numpy as np
import streamlit as st

from rollout_curator.selection.filters import CLASSES, NAMELESS, Filter, filter_words
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, plain, sentence_case
from rollout_curator.words import counted, name_of, said_of
from rollout_curator.workspace.workspace import Workspace

CHOICES_MAX = 1000
"""So many names of a class are offered at most, the most common first."""


def filter_bar(workspace: Workspace, axis: str) -> None:
    """Draw the choice of the axis, one chip for each filter, and the way to add one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        st.markdown("Histogram of", width="content")
        st.selectbox(
            "Histogram of",
            list(workspace.axes),
            format_func=lambda name: sentence_case(workspace.axes[name].words),
            label_visibility="collapsed",
            width=200,
            help="Which number the histogram shows",
            **_bound_to(axis, list(workspace.axes)),
        )
        for place, one in enumerate(state.recipe().filters):
            st.button(
                label(filter_words(one, name_of(one.column))),
                icon=":material/close:",
                icon_position="right",
                on_click=choices.remove_part,
                args=("filters", place),
                key=f"rc.filter-{place}",
                help="Remove this filter",
            )
        with st.popover("Add filter", type="tertiary", width="content", key=choices.fresh_key("add-filter")):
            _form(workspace)


def _bound_to(axis: str, names: list[str]) -> dict[str, Any]:
    return state.bind("axis", axis, lambda name: choices.set_axis(name or axis), choices=names)


def _form(workspace: Workspace) -> None:
    """Draw the choice of a column with its bounds or its names."""
    columns = [*CLASSES, *(name for name in workspace.axes if name != "reward")]
    column = st.selectbox(
        "Column", columns, format_func=lambda name: sentence_case(name_of(name)), key="rc.filter-column"
    )
    chosen = _names(workspace, column) if column in CLASSES else _range(workspace, column)
    st.button(
        "Add filter",
        on_click=_add,
        args=(chosen,),
        type="primary",
        disabled=chosen == Filter(column),
        key="rc.filter-add",
    )


def _add(chosen: Filter) -> None:
    choices.set_filter(chosen)
    choices.draw_anew("add-filter")


def _range(workspace: Workspace, column: str) -> Filter:
    values = workspace.numbers(column)
    present = values[np.isfinite(values)]
    span = f"{present.min():,.6g} to {present.max():,.6g}" if len(present) else "no values"
    n_missing = len(values) - len(present)
    missing = f"; {counted(n_missing, 'rollout')} {said_of(n_missing, 'have')} no value" if n_missing else ""
    st.caption(f"{label(workspace.axes[column].meaning)}: {label(span + missing)}")
    low = st.number_input("Min", value=None, placeholder="any", key=f"rc.filter-low-{column}", format="%.6g")
    high = st.number_input("Max", value=None, placeholder="any", key=f"rc.filter-high-{column}", format="%.6g")
    return Filter(column, low, high)


def _names(workspace: Workspace, column: str) -> Filter:
    codes, words = workspace.classes(column)
    counts = np.bincount(codes, minlength=len(words))
    common = [words[code] for code in np.argsort(-counts, kind="stable")[:CHOICES_MAX] if counts[code]]
    said = dict(zip(words, counts.tolist(), strict=True))
    chosen = st.multiselect(
        "Values to keep",
        common,
        format_func=lambda word: f"{plain(word) or NAMELESS} ({said[word]:,})",
        key=f"rc.filter-names-{column}",
    )
    if len(common) < len(words):
        st.caption(f"Showing the {CHOICES_MAX:,} most common of {len(words):,} values.")
    return Filter(column, one_of=tuple(chosen))
