"""Below the reader: what the reviews show of the kept set, the reward against reviewers, the reasons, the team."""

import math
from collections.abc import Iterator
from typing import Any

import orjson
import pandas as pd
import streamlit as st

from rollout_curator.errors import CuratorError
from rollout_curator.review import summary
from rollout_curator.review import team_words as words
from rollout_curator.review.calibration import Above, Band, lowest_threshold, whenever
from rollout_curator.review.confidence import CONFIDENCE
from rollout_curator.review.plan_options import Offer
from rollout_curator.review.statement_words import notes, offer_words, offered, plan_words, sentence
from rollout_curator.ui import links, plots
from rollout_curator.ui.pages.team import team
from rollout_curator.ui.plots.acceptance import acceptance
from rollout_curator.ui.reject_reasons import agree, agreed, label_of
from rollout_curator.ui.state import state
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import counted, exact, name_of
from rollout_curator.workspace.workspace import Workspace

SECTIONS = ("Reward vs reviewers", "Reasons", "Team")


def findings(workspace: Workspace) -> None:
    """Draw the statement, and the section that was chosen."""
    with st.container(key="findings"):
        _statement(workspace)
        chosen = st.segmented_control("More", SECTIONS, label_visibility="collapsed", key="rc.section")
        if chosen == "Reward vs reviewers":
            _calibration(workspace)
        elif chosen == "Reasons":
            _reasons(workspace)
        elif chosen == "Team":
            team(workspace)


def _statement(workspace: Workspace) -> None:
    """Draw what random reading shows of the kept set, and the way to read on."""
    above = st.container(gap="small")
    with st.container(horizontal=True, vertical_alignment="center", key="statement", gap="small"):
        way = st.container(width="content")
        st.markdown("Target: at most", width="content")
        goal = _percent("Target: max bad, in percent", (0.1, 5.0, 50.0), "rc.goal")
        st.markdown("% bad", width="content")
    said = summary.statement(workspace, state.recipe(), goal)
    with above:
        st.markdown(f"**{label(sentence(said), 1000)}**")
        for note in notes(said):
            st.caption(label(note, 1000))
        for line in words.weighted_lines(workspace, state.recipe(), said.sample.read):
            st.caption(label(line, 1000))
    with way:
        if said.sample.beyond:
            links.link("Go to the skipped rollout", "review", queue="random", key=said.stop_key)
        elif said.plan is not None and said.plan_bad_at_most < 0:
            links.link(f"Continue the plan of {counted(said.plan.reads, 'review')}", "review", queue="random")
        elif said.more:
            links.link(f"Review {said.to_read:,} more at random", "review", queue="random")
    _offers(workspace, said)


def _offers(workspace: Workspace, said: summary.Statement) -> None:
    """Draw the plans to choose before reading, and the one that was chosen."""
    if said.plan is not None and said.sample.read:
        st.caption(label(plan_words(said.plan)))
    if workspace.decisions is None or (said.plan is not None and said.sample.read):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="offers", gap="small"):
        for offer in offered(said):
            words = f"{offer.reads:,} reviews, {offer.bad:,} bad"
            st.button(
                f"Plan {words}",
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


def _percent(name: str, limits: tuple[float, float, float], key: str) -> float:
    """Draw a small number box in percent (lowest, at first, highest) and return what it says as a share."""
    low, first, high = limits
    said = st.number_input(
        label(name),
        min_value=low,
        max_value=high,
        value=first,
        step=1.0,
        format="%.1f",
        label_visibility="collapsed",
        width=120,
        key=key,
    )
    return said / 100


def _calibration(workspace: Workspace) -> None:
    """Draw the reward against reviewers, and the lowest threshold that keeps enough good ones."""
    recipe = state.recipe()
    bands, steps = summary.calibration(workspace, recipe, CONFIDENCE)
    left, right = st.columns([5, 4], gap="medium")
    table = pd.DataFrame([_row(band) for band in bands])
    with left:
        if len(table):
            figure = acceptance(table, recipe.min_reward)
            st.plotly_chart(figure, key="rc.acceptance", config={"displayModeBar": False}, alt=plain(plots.alt(figure)))
    with right:
        config = heads(table.columns, _columns())
        st.dataframe(
            table,
            hide_index=True,
            column_config=config,
            height="content",
            placeholder="–",
            alt="Acceptance rate by reward",
        )
        st.caption(
            "Only random reviews count in each band, so reviewing flagged or borderline ones first does not bias this."
        )
    _threshold(steps)
    _disagreements(workspace)


def _threshold(steps: list[Above]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="precision", gap="small"):
        st.markdown("Target precision above the threshold", width="content")
        wanted = _percent("Target precision, in percent", (50.0, 95.0, 99.9), "rc.precision")
        st.markdown("%", width="content")
        best = lowest_threshold(steps, wanted)
        if best is None:
            st.markdown("Not enough evidence for any threshold yet; review more at random.", width="content")
        else:
            words_on = f"Set threshold to {label(exact(best.threshold))}"
            st.button(words_on, on_click=state.set_min, args=(best.threshold,), key="rc.use")
            drawn = f"{best.accepted:,} of {best.read:,} random reviews above it accepted."
            st.markdown(label(f"{drawn} {words.threshold_words(best, wanted)}", 1000), width="content")
    always = words.whenever_words(whenever(steps), wanted)
    if always:
        st.caption(label(always, 1000))
    if by := state.recipe().thresholds_by:
        st.caption(label(f"Applies to {name_of(by)}s without their own threshold."))


def _disagreements(workspace: Workspace) -> None:
    n = len(summary.disagreements(workspace, state.recipe()))
    with st.container(horizontal=True, vertical_alignment="center", key="disagreements", gap="small"):
        links.link_number(n, "rollouts where reward and reviewer disagree", "review", queue="disagree")
        st.download_button(
            "Download for the verifier's owner",
            lambda: b"".join(_lines(workspace)),
            "disagreements.jsonl",
            "application/jsonl",
            on_click="ignore",
            disabled=not n,
            key="rc.disagreements",
        )


def _lines(workspace: Workspace) -> Iterator[bytes]:
    for line in summary.disagreement_lines(workspace, state.recipe()):
        yield orjson.dumps(line) + b"\n"


def _row(band: Band) -> dict[str, float]:
    share = band.accepted / band.read if band.read else math.nan
    return {
        "low": band.low,
        "high": band.high,
        "total": band.total,
        "read": band.read,
        "accepted": band.accepted,
        "share": share,
        "at_least": band.at_least if band.read else math.nan,
        "at_most": band.at_most if band.read else math.nan,
    }


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "low": number("from", format="%.4g"),
        "high": number("to", format="%.4g"),
        "total": number("total", format="localized"),
        "read": number("reviewed", format="localized"),
        "accepted": number(format="localized"),
        "share": number("acceptance rate", format="percent"),
        "at_least": number("95% CI low", format="percent"),
        "at_most": number("95% CI high", format="percent"),
    }


def _reasons(workspace: Workspace) -> None:
    """Draw how many are rejected for each reason, and the set of reasons to edit."""
    left, right = st.columns(2, gap="large")
    with left:
        reasons_list(workspace)
    store, now = workspace.decisions, state.session()
    if store is None:
        return
    with right, st.form("rc.reasons"):
        labels = "\n".join(plain(reason["label"]) for reason in agreed(workspace))
        text = st.text_area(
            "Rejection reasons (one per line, max. 9, shared by all reviewers)", value=labels, height=240
        )
        if st.form_submit_button("Save"):
            agree(store, text, now.reviewer)
            st.rerun()


def reasons_list(workspace: Workspace) -> None:
    """Draw how many are rejected for each reason."""
    counts = summary.reasons(workspace)
    if not counts:
        st.caption("No rejection reasons yet.")
    for tag, n in counts.items():
        st.markdown(f"**{n:,}** {label(label_of(workspace, tag))}")
