"""The bar above the reader: which queue, how far one is, who reads, a session that fits the time, bulk decisions."""

import streamlit as st

from rollout_curator.review import summary
from rollout_curator.review.queue_members import QueueRequest, plan
from rollout_curator.review.queues import PLAN, Queue, about, queues, words_of
from rollout_curator.review.time_budget import Pace
from rollout_curator.ui.pages.bulk import bulk_done, bulk_question
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import reviewing, state
from rollout_curator.ui.text import label, plain
from rollout_curator.workspace.workspace import Workspace

KIND_WORDS = {
    "settle": "conflicts",
    "second": "second reviews",
    "random": "random sample (for the error bound)",
    "near": "near the threshold",
    "flagged": "high reward but flagged",
}


def bar(site: Site, workspace: Workspace) -> None:
    """Draw the bar."""
    now = state.session()
    with st.container(horizontal=True, vertical_alignment="center", key="review-bar", gap="small"):
        _queue(workspace)
        _plan(workspace)
        tip = "Accept or reject the whole queue at once (one undo step)"
        st.button("Bulk decision…", help=tip, on_click=reviewing.ask_bulk, key="rc.bulk")
        st.markdown("Reviewer", width="content")
        if site.options.serves_others:
            st.markdown(label(now.reviewer), width="content")
        else:
            st.text_input(
                "Reviewer",
                max_chars=100,
                label_visibility="collapsed",
                width=130,
                **state.bind("reviewer", now.reviewer, reviewing.set_reviewer),
            )
        st.toggle(
            "Blind review",
            help="Hides rewards and other reviewers' decisions until you decide. Rewards stay visible on the Select "
            "page, and a queue sorted by reward gives them away: use the random sample.",
            **state.bind("blind", now.blind, reviewing.set_blind),
        )
    _where(site, workspace)
    bulk_done(workspace)
    if now.asks_bulk:
        bulk_question(workspace)


def ask_name() -> None:
    """Ask who reads, once in every browser: several people decide here."""
    now = state.session()
    with st.container(key="ask-name", width=520), st.form("rc.ask-name"):
        name = st.text_input("Your name (stored with your decisions)", value=now.reviewer, max_chars=100)
        if st.form_submit_button("Start reviewing", type="primary") and name.strip():
            reviewing.set_reviewer(name)
            st.rerun()


def time_of(speed: Pace) -> str:
    """Return how long one rollout takes, in words."""
    return f"{speed.minutes:.1f} min" if speed.seconds >= 55 else f"{max(speed.seconds, 1):.0f} s"


def _queue(workspace: Workspace) -> None:
    recipe, now = state.recipe(), state.session()
    offered = queues(workspace, recipe, now.reviewer)
    if now.queue not in [queue.name for queue in offered]:
        words = words_of(workspace, recipe, now.queue)
        offered = [Queue(now.queue, words, len(reviewing.queue_rows(workspace))), *offered]
    said = {queue.name: plain(f"{queue.words} ({queue.count:,})") for queue in offered}
    st.markdown("Queue", width="content")
    st.selectbox(
        "Queue",
        list(said),
        format_func=lambda choice: plain(said.get(choice, choice)),
        label_visibility="collapsed",
        width=270,
        **state.bind("queue", now.queue, reviewing.set_queue, choices=said.values()),
    )


def _where(site: Site, workspace: Workspace) -> None:
    """Say what the queue is for, how far one is in it and how long that takes."""
    now = state.session()
    view = reviewing.view(site, workspace)
    decided = view.n_read()
    speed = summary.pace_of(workspace, now.reviewer)
    each = f", {time_of(speed)} per rollout" if speed.measured else ""
    words = f"{decided:,} of {len(view.rows):,} reviewed by you{each}."
    purpose = about(now.queue)
    with st.container(key="review-where"):
        st.caption(f"{label(purpose)} {words}" if purpose else words)


def _plan(workspace: Workspace) -> None:
    """Draw what fits into the time there is, and the button that makes it a queue."""
    now = state.session()
    with st.popover("Plan a session", help="Build a session that fits your time"):
        minutes = st.number_input("Minutes available", min_value=1, max_value=600, value=30, step=5, key="rc.minutes")
        counts = plan(QueueRequest(workspace, state.recipe(), now.reviewer, str(minutes)))
        speed = summary.pace_of(workspace, now.reviewer)
        basis = (
            f"your average over the last {speed.measured:,}"
            if speed.measured
            else "an estimate until you have reviewed some"
        )
        for kind, n in counts.items():
            st.markdown(f"**{n:,}** {KIND_WORDS[kind]}")
        if not counts:
            st.markdown("Nothing left to review.")
        st.caption(f"At {label(time_of(speed))} per rollout ({basis}). Short queues are topped up from the others.")
        st.button(
            "Start",
            type="primary",
            disabled=not counts,
            on_click=reviewing.set_queue,
            args=(f"{PLAN}{minutes}",),
            key="rc.plan",
        )
