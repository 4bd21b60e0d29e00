"""The funnel as one line on every page: each number opens the rollouts that were dropped there."""

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.words import selected_words
from rollout_curator.selection.funnel import Funnel
from rollout_curator.ui import links
from rollout_curator.ui.state import state
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
    yield FunnelStep(funnel.lines, f"{unit}s", "data", "", f"all {unit}s in all files")
    problems = funnel.lines - funnel.blank - funnel.rollouts
    skipped = f"1 {unit} skipped (not a rollout)" if problems == 1 else f"{problems:,} {unit}s skipped (not rollouts)"
    tip = f"{skipped}, {funnel.blank:,} blank"
    yield FunnelStep(funnel.rollouts, "rollouts", "data" if problems else "review", "" if problems else "all", tip)
    named = [
        ("valid", funnel.valid, "valid"),
        ("selected", funnel.selected, selected_words(recipe)),
        ("not_rejected", funnel.not_rejected, "after review"),
        ("exportable", funnel.exportable, "kept"),
    ]
    for name, count, words in named:
        drops = [drop for drop in funnel.drops if drop.step == name]
        dropped = ", ".join(f"{drop.count:,} {drop.said}" for drop in drops)
        tip = f"dropped at this step: {dropped}" if dropped else "nothing dropped at this step"
        queue = f"fell-{name}" if drops else "kept"
        yield FunnelStep(count, words, "review", queue, tip)


def funnel_line(workspace: Workspace) -> None:
    """Draw the funnel of the current recipe, and behind a button what was dropped by each reason.

    Its last number is what an export writes; no page says another one.
    """
    recipe = state.recipe()
    with st.spinner("Converting rollouts with these options…", show_time=True):
        funnel = workspace.funnel(recipe)
    with st.container(horizontal=True, key="funnel", gap=None, vertical_alignment="center"):
        for step in steps(funnel, recipe, workspace.unit):
            if step.page == "review":
                links.link_number(step.count, step.words, "review", tip=step.tip, queue=step.queue)
            else:
                links.link_number(step.count, step.words, step.page, tip=step.tip)
        _drops(funnel)


def _drops(funnel: Funnel) -> None:
    """Draw how many were dropped; one link a reason behind it."""
    dropped = funnel.rollouts - funnel.exportable
    if not dropped:
        st.markdown("nothing dropped", width="content")
        return
    with st.popover(f"{dropped:,} dropped", type="tertiary", width="content", key="rc.drops"):
        with st.container(key="drop-list", gap=None):
            for drop in funnel.drops:
                links.link_number(drop.count, drop.said, "review", queue=drop.name)
            links.link_number(dropped, "dropped in all", "review", queue="dropped")
        if funnel.accepted_by_hand:
            st.caption(f"{funnel.accepted_by_hand:,} of the kept are there because they were accepted in review.")
