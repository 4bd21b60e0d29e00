"""In place of the reader: what the reviews show, one finding at a time: reward against reviewers, reasons, team."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pandas as pd
import streamlit as st

from rollout_curator.review import summary
from rollout_curator.review import team_words as words
from rollout_curator.review.calibration import Above, Band, lowest_threshold, whenever
from rollout_curator.review.confidence import CONFIDENCE
from rollout_curator.ui import links, plots
from rollout_curator.ui.pages.figure_heading import draw_heading
from rollout_curator.ui.pages.team import team
from rollout_curator.ui.plots.acceptance import acceptance
from rollout_curator.ui.reject_reasons import agree, agreed, label_of
from rollout_curator.ui.state import reviewing, state
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import exact, name_of
from rollout_curator.workspace.workspace import Workspace


def findings(workspace: Workspace) -> None:
    """Draw the switch between the findings, and the chosen one under it."""
    chosen = state.session().findings
    shown = chosen if chosen in FINDINGS else FIRST
    with st.container(key="findings"):
        st.segmented_control(
            "Findings",
            list(FINDINGS),
            format_func=lambda name: plain(FINDINGS[name][0]),
            required=True,
            label_visibility="collapsed",
            **state.bind("findings", shown, reviewing.set_findings),
        )
        FINDINGS[shown][1](workspace)


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
            bare, said = draw_heading(figure, "acceptance"), plain(plots.alt(figure))
            st.plotly_chart(bare, key="rc.acceptance", config={"displayModeBar": False}, alt=said)
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


FINDINGS: dict[str, tuple[str, Callable[[Workspace], None]]] = {
    "rewards": ("Reward vs reviewers", _calibration),
    "disagreements": ("Disagreements", _disagreements),
    "reasons": ("Reasons", _reasons),
    "team": ("Team", team),
}
"""Each finding by its name in the address: its words, and what draws it."""
FIRST = next(iter(FINDINGS))
