"""The funnel as one line on every page: each number opens the rollouts that fell there."""

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.words import selected_words
from rollout_curator.selection.funnel import Funnel
from rollout_curator.ui import links
from rollout_curator.ui.state import state
from rollout_curator.words import said_of
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One number of the line: how many are left, what they are, where its link goes and what that opens."""

    count: int
    words: str
    page: str
    queue: str
    tip: str


def steps(funnel: Funnel, recipe: Recipe, unit: str) -> Iterator[FunnelStep]:
    """Yield the numbers of the line in their order; `unit` is what the sources are counted in (line, record, row)."""
    yield FunnelStep(funnel.lines, f"{unit}s", "sources", "", f"every {unit} of every file")
    problems = funnel.lines - funnel.blank - funnel.rollouts
    none = f"1 {unit} is no rollout" if problems == 1 else f"{problems:,} {unit}s are no rollouts"
    tip = f"{none}, {funnel.blank:,} {said_of(funnel.blank, 'are')} blank"
    yield FunnelStep(funnel.rollouts, "rollouts", "sources" if problems else "review", "" if problems else "all", tip)
    named = [
        ("valid", funnel.valid, "valid"),
        ("selected", funnel.selected, selected_words(recipe)),
        ("not_rejected", funnel.not_rejected, "not rejected"),
        ("exportable", funnel.exportable, "exportable"),
    ]
    for name, count, words in named:
        drops = [drop for drop in funnel.drops if drop.step == name]
        fell = ", ".join(f"{drop.count:,} {drop.said}" for drop in drops)
        queue = f"fell-{name}" if drops else "kept"
        yield FunnelStep(count, words, "review", queue, f"fell here: {fell}" if fell else "none fell here")


def funnel_line(workspace: Workspace, *, brief: bool = False) -> None:
    """Draw the funnel of the current recipe; not `brief`, also what was dropped by each reason."""
    recipe = state.recipe()
    with st.spinner("Converting every rollout once with these options", show_time=True):
        funnel = workspace.funnel(recipe)
    with st.container(key="funnel", gap=None):
        with st.container(horizontal=True, key="funnel-steps", gap=None, vertical_alignment="center"):
            for step in steps(funnel, recipe, workspace.unit):
                parameters = {"queue": step.queue} if step.page == "review" else {}
                tip = step.tip if brief else None
                links.link_number(step.count, step.words, step.page, tip=tip, **parameters)
        if not brief:
            _drops(funnel)


def _drops(funnel: Funnel) -> None:
    """Draw what was dropped, one link a reason."""
    with st.container(horizontal=True, key="funnel-drops", gap=None, vertical_alignment="center"):
        dropped = funnel.rollouts - funnel.exportable
        links.link_number(funnel.exportable, "kept", "review", queue="kept")
        by_hand = f" ({funnel.accepted_by_hand:,} accepted in review)" if funnel.accepted_by_hand else ""
        st.markdown(f"{by_hand} and {dropped:,} dropped{':' if dropped else '.'}", width="content")
        for drop in funnel.drops:
            links.link_number(drop.count, drop.said, "review", queue=drop.name)
