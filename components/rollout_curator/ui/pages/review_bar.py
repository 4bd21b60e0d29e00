"""The bar above the reader, on one line: reading or findings, which queue, how far, a session, bulk decisions."""

import streamlit as st

from rollout_curator.review import summary
from rollout_curator.review.queue_members import QueueRequest, plan
from rollout_curator.review.queues import PLAN, Queue, queues, words_of
from rollout_curator.ui.pages.bulk import bulk_done, bulk_question
from rollout_curator.ui.pages.error_bound import error_bound
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import choices, reviewing, state
from rollout_curator.ui.text import label, plain, sentence_case
from rollout_curator.workspace.workspace import Workspace

KIND_WORDS = {
    "settle": "conflicts",
    "second": "second reviews",
    "random": "random sample (for the error bound)",
    "flagged": "high reward but flagged",
}
READ, FINDINGS = "Read", "Findings"


def bar(site: Site, workspace: Workspace, first_finding: str) -> None:
    """Draw the bar; whoever changes to the findings comes to the first one."""
    now = state.session()
    with st.container(horizontal=True, vertical_alignment="center", key="review-bar", gap="small"):
        _switch(first_finding)
        if not now.findings:
            _queue(workspace)
        error_bound(site, workspace)
        if not now.findings:
            st.toggle(
                "Blind",
                help="Blind review: rewards and other reviewers' decisions stay hidden until you decide. Rewards stay "
                "visible on the Select page, and a queue sorted by reward gives them away: use the random sample.",
                **state.bind("blind", now.blind, reviewing.set_blind),
            )
            _session(workspace)
        _more(site)
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


def _switch(first_finding: str) -> None:
    """Draw the choice between the reader and what the reviews show."""
    now = state.session()
    st.segmented_control(
        "View",
        (READ, FINDINGS),
        required=True,
        label_visibility="collapsed",
        **state.bind(
            "view",
            FINDINGS if now.findings else READ,
            lambda chosen: reviewing.set_findings(first_finding if chosen == FINDINGS else ""),
        ),
    )


def _queue(workspace: Workspace) -> None:
    recipe, now = state.recipe(), state.session()
    offered = queues(workspace, recipe, now.reviewer)
    if now.queue not in [queue.name for queue in offered]:
        words = words_of(workspace, recipe, now.queue)
        offered = [Queue(now.queue, words, len(reviewing.queue_rows(workspace))), *offered]
    said = {queue.name: sentence_case(f"{queue.words} ({queue.count:,})") for queue in offered}
    st.selectbox(
        "Queue",
        list(said),
        format_func=lambda choice: plain(said.get(choice, choice)),
        label_visibility="collapsed",
        width=240,
        **state.bind("queue", now.queue, reviewing.set_queue, choices=said.values()),
    )


def _session(workspace: Workspace) -> None:
    """Draw what fits into the time there is, and the button that makes it a queue."""
    now = state.session()
    with st.popover("Session"):
        minutes = st.number_input("Minutes available", min_value=1, max_value=600, value=30, step=5, key="rc.minutes")
        counts = plan(QueueRequest(workspace, state.recipe(), now.reviewer, str(minutes)))
        speed = summary.pace_of(workspace, now.reviewer)
        basis = (
            f"your average over the last {speed.measured:,}"
            if speed.measured
            else "an estimate until you have reviewed some"
        )
        near = "near the threshold" if state.recipe().has_bounds else "lowest reward first"
        for kind, n in counts.items():
            st.markdown(f"**{n:,}** {KIND_WORDS.get(kind, near)}")
        if not counts:
            st.markdown("Nothing left to review.")
        st.caption(f"At {label(speed.words)} per rollout ({basis}). Short queues are topped up from the others.")
        st.button(
            "Start",
            type="primary",
            disabled=not counts,
            on_click=reviewing.set_queue,
            args=(f"{PLAN}{minutes}",),
            key="rc.plan",
        )


def _more(site: Site) -> None:
    """Draw what is seldom needed: who reviews, and a decision on the whole queue."""
    now = state.session()
    with st.popover("…", key=choices.fresh_key("more")):
        if site.options.serves_others:
            st.markdown(f"Reviewer: {label(now.reviewer)}")
        else:
            bound = state.bind("reviewer", now.reviewer, reviewing.set_reviewer)
            st.text_input("Reviewer", max_chars=100, help="Stored with every decision you make", **bound)
        if not now.findings:
            st.button("Bulk decision…", on_click=_ask_bulk, key="rc.bulk")
            st.caption("One verdict for all undecided rollouts of this queue, as one undo step.")


def _ask_bulk() -> None:
    """Ask for a bulk decision, and close the menu, which would stay open over the question."""
    reviewing.ask_bulk()
    choices.draw_anew("more")
