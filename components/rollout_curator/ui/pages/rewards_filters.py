"""The bar above the picker: which number it is about, which filters are on, and a way to add one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from rollout_curator.selection.filters import CLASSES, NAMELESS, Filter, filter_words
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, plain
from rollout_curator.words import name_of
from rollout_curator.workspace.workspace import Workspace

CHOICES_MAX = 1000
"""So many names of a class are offered at most, the most common first."""


def filter_bar(workspace: Workspace, axis: str, menu: Callable[[], None]) -> None:
    """Draw the choice of the axis, one chip for each filter, the way to add one, and `menu` at the end."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        st.selectbox(
            "axis of the picker",
            list(workspace.axes),
            format_func=lambda name: plain(workspace.axes[name].words),
            label_visibility="collapsed",
            width=220,
            help="Which number the picker below is about",
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
                help="Take this filter out",
            )
        with st.popover("Add a filter", type="tertiary", width="content"):
            _form(workspace)
        menu()


def _bound_to(axis: str, names: list[str]) -> dict[str, Any]:
    return state.bind("axis", axis, lambda name: choices.set_axis(name or axis), choices=names)


def _form(workspace: Workspace) -> None:
    """Draw the choice of a column with its bounds or its names."""
    columns = [*CLASSES, *(name for name in workspace.axes if name != "reward")]
    column = st.selectbox("column", columns, format_func=lambda name: plain(name_of(name)), key="rc.filter-column")
    chosen = _names(workspace, column) if column in CLASSES else _range(workspace, column)
    st.button(
        "Filter",
        on_click=choices.set_filter,
        args=(chosen,),
        type="primary",
        disabled=chosen == Filter(column),
        key="rc.filter-add",
    )


def _range(workspace: Workspace, column: str) -> Filter:
    values = workspace.numbers(column)
    present = values[np.isfinite(values)]
    span = f"{present.min():,.6g} to {present.max():,.6g}" if len(present) else "no value"
    missing = f"; {len(values) - len(present):,} rollouts have none" if len(present) < len(values) else ""
    st.caption(f"{label(workspace.axes[column].meaning)}: {label(span + missing)}")
    low = st.number_input("at least", value=None, placeholder="any", key=f"rc.filter-low-{column}", format="%.6g")
    high = st.number_input("at most", value=None, placeholder="any", key=f"rc.filter-high-{column}", format="%.6g")
    return Filter(column, low, high)


def _names(workspace: Workspace, column: str) -> Filter:
    codes, words = workspace.classes(column)
    counts = np.bincount(codes, minlength=len(words))
    common = [words[code] for code in np.argsort(-counts, kind="stable")[:CHOICES_MAX] if counts[code]]
    said = dict(zip(words, counts.tolist(), strict=True))
    chosen = st.multiselect(
        "keep only",
        common,
        format_func=lambda word: f"{plain(word) or NAMELESS} ({said[word]:,})",
        key=f"rc.filter-names-{column}",
    )
    if len(common) < len(words):
        st.caption(f"The {CHOICES_MAX:,} most common of {len(words):,} are offered.")
    return Filter(column, one_of=tuple(chosen))
