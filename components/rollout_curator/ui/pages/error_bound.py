"""Progress toward the error bound: a thin bar with two numbers, and behind it the whole statement and the way on."""

import streamlit as st

from rollout_curator.errors import CuratorError
from rollout_curator.review import summary
from rollout_curator.review import team_words as words
from rollout_curator.review.bound_progress import progress
from rollout_curator.review.plan_options import Offer
from rollout_curator.review.queues import about
from rollout_curator.review.statement_words import notes, offer_words, offered, plan_words, sentence
from rollout_curator.ui import links
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import reviewing, state
from rollout_curator.ui.text import label
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace


def error_bound(site: Site, workspace: Workspace) -> None:
    """Draw the bar, its two numbers, and what stands behind them."""
    now = state.session()
    said = summary.statement(workspace, state.recipe(), now.goal)
    shown = progress(said)
    with st.container(key="bound", gap=None):
        both = " · ".join(label(text) for text in (shown.goal, shown.bound) if text)
        with st.popover(both, type="tertiary", width="stretch", key="rc.bound"), st.container(key="statement"):
            _statement(workspace, said)
            _offers(workspace, said)
            if not now.findings:
                _queue_words(site, workspace)
        st.progress(shown.share)


def _statement(workspace: Workspace, said: summary.Statement) -> None:
    """Draw what random reading shows of the kept set, what that depends on, and the way to read on."""
    st.markdown(f"**{label(sentence(said), 1000)}**")
    for note in notes(said):
        st.caption(label(note, 1000))
    for line in words.weighted_lines(workspace, state.recipe(), said.sample.read):
        st.caption(label(line, 1000))
    with st.container(horizontal=True, vertical_alignment="center", key="goal", gap="small"):
        st.markdown("Target: at most", width="content")
        st.number_input(
            "Target: max bad, in percent",
            min_value=0.1,
            max_value=50.0,
            step=1.0,
            format="%.1f",
            label_visibility="collapsed",
            width=120,
            **state.bind("goal", state.session().goal * 100, reviewing.set_goal),
        )
        st.markdown("% bad", width="content")
    if said.sample.beyond:
        links.link("Go to the skipped rollout", "review", queue="random", key=said.stop_key)
    elif said.plan is not None and said.plan_bad_at_most < 0:
        links.link(f"Continue the plan of {counted(said.plan.reads, 'review')}", "review", queue="random")
    elif said.more:
        links.link(f"Review {said.to_read:,} more at random", "review", queue="random")


def _offers(workspace: Workspace, said: summary.Statement) -> None:
    """Draw the plans to choose before reading, and the one that was chosen."""
    if said.plan is not None and said.sample.read:
        st.caption(label(plan_words(said.plan)))
    if workspace.decisions is None or (said.plan is not None and said.sample.read):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="offers", gap="small"):
        for offer in offered(said):
            st.button(
                f"Plan {offer.reads:,} reviews, {offer.bad:,} bad",
                help=label(offer_words(offer, said)),
                on_click=_choose,
                args=(workspace, offer, said.goal),
                key=f"rc.sampling-{offer.bad}",
            )


def _choose(workspace: Workspace, offer: Offer, goal: float) -> None:
    """Keep a plan for the selection as it is now."""
    try:
        summary.choose(workspace, state.recipe(), offer.reads, offer.bad, goal, state.session().reviewer)
    except CuratorError as error:
        st.error(label(error))


def _queue_words(site: Site, workspace: Workspace) -> None:
    """Say what the queue is for, how far one is in it and how long that takes."""
    now = state.session()
    view = reviewing.view(site, workspace)
    speed = summary.pace_of(workspace, now.reviewer)
    each = f", {speed.words} per rollout" if speed.measured else ""
    said = f"This queue: {view.n_read():,} of {len(view.rows):,} reviewed by you{each}."
    purpose = about(now.queue)
    st.caption(label(f"{said} {purpose}" if purpose else said))
