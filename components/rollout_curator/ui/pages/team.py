"""Who reads: how much and how fast, how far they agree, what is to settle, decisions as a file to and from others."""

import pandas as pd
import streamlit as st

from rollout_curator.errors import CuratorError
from rollout_curator.review import summary
from rollout_curator.review import team as reading_shared
from rollout_curator.review import team_words as words
from rollout_curator.review.agreement import Agreement
from rollout_curator.review.queue_members import share_of
from rollout_curator.ui import links
from rollout_curator.ui.reject_reasons import label_of
from rollout_curator.ui.server.site import current
from rollout_curator.ui.state import reviewing, state
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

SHARES = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)


def team(workspace: Workspace) -> None:
    """Draw the section."""
    left, right = st.columns(2, gap="large")
    with left:
        _reviewers(workspace)
        _share(workspace)
    with right:
        _agreement(workspace)
        _exchange(workspace)


def _reviewers(workspace: Workspace) -> None:
    found, speeds = summary.judged(workspace), summary.reviewers(workspace)
    rows = [
        {
            "reviewer": plain(who or "no name"),
            "decided": len(own),
            "rejected": sum(verdict == "reject" for verdict, _ in own.values()),
            "min": speeds[who].minutes if speeds[who].measured else None,
        }
        for who, own in found.items()
    ]
    if not rows:
        st.caption("No individual decisions yet.")
        return
    number = st.column_config.NumberColumn
    config = {"min": number("min per rollout", format="%.1f"), "decided": number(format="localized")}
    table = pd.DataFrame(rows).sort_values("decided", ascending=False)
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config=heads(table.columns, config),
        placeholder="–",
        alt="Reviewers and their pace",
    )


def _share(workspace: Workspace) -> None:
    """Draw how much everybody reads, which is the same for all who use this store."""
    store, now = workspace.decisions, state.session()
    if store is None:
        return
    share = share_of(workspace)
    shares = sorted({*SHARES, share})
    st.segmented_control(
        "Overlap: share reviewed by everyone",
        shares,
        format_func=lambda part: f"{part:.0%}",
        required=True,
        help="The same rollouts for all reviewers (chosen by content hash). They then wait for the others.",
        **state.bind("share", share, lambda part: store.set("share", part, now.reviewer), choices=map(str, shares)),
    )
    n = len(summary.second_reads(workspace, now.reviewer, share))
    links.link_number(n, "waiting for your second review", "review", queue="second")


def _agreement(workspace: Workspace) -> None:
    pairs = reading_shared.agreed(workspace)
    if pairs:
        _pairs(workspace, pairs)
    else:
        st.caption("No rollout has two independent reviews yet.")
    for line in words.team_lines(workspace, state.recipe()):
        st.caption(label(line, 1000))
    n = len(summary.to_settle(workspace))
    links.link_number(n, "conflict" if n == 1 else "conflicts", "review", queue=summary.SETTLE)


def _pairs(workspace: Workspace, pairs: list[Agreement]) -> None:
    table = pd.DataFrame([_row(pair) for pair in pairs])
    number = st.column_config.NumberColumn
    said = {"agree": "agreement", "on accepts": "on accepts", "on rejects": "on rejects"}
    shares = {name: number(f"{words}, %", format="%.0f") for name, words in said.items()}
    names = {"one": number("reviewer 1"), "other": number("reviewer 2")}
    config = heads(table.columns, {**names, **shares, "kappa": number(format="%.2f")})
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config=config,
        placeholder="–",
        alt="Agreement of each pair of reviewers",
    )
    st.caption(label(words.KAPPA, 1000))
    alike = [_reasons(workspace, pair) for pair in pairs[:3] if pair.reasons]
    if alike:
        st.markdown("\n".join(f"- {label(line, 1000)}" for line in alike))


def _row(pair: Agreement) -> dict[str, object]:
    return {
        "one": plain(pair.one),
        "other": plain(pair.other),
        "both": pair.both,
        "agree": pair.share * 100,
        "on accepts": None if pair.on_accepts is None else pair.on_accepts * 100,
        "on rejects": None if pair.on_rejects is None else pair.on_rejects * 100,
        "rejected": f"{pair.rejected[0]:,} and {pair.rejected[1]:,}",
        "kappa": pair.kappa,
        "interval": words.interval_words(pair.low, pair.high),
    }


def _reasons(workspace: Workspace, pair: Agreement) -> str:
    """Return, among what both rejected, on which reasons they agree."""
    parts = (f"{label_of(workspace, tag)} {both:,} of {either:,}" for tag, (both, either) in pair.reasons.items())
    return f"{pair.one} and {pair.other} gave the same reason: {', '.join(parts)}"


def _exchange(workspace: Workspace) -> None:
    """Draw decisions as a file to take away, and those of others to take in."""
    store = workspace.decisions
    if store is None:
        return
    st.download_button(
        "Download all decisions",
        lambda: b"".join(store.give_out()),
        "decisions.jsonl",
        "application/jsonl",
        on_click="ignore",
        key="rc.decisions-out",
    )
    if current().options.serves_others:
        st.caption("To import decisions: `rollout-curator decisions import`, where the app was started.")
        return
    given = st.file_uploader("Import decisions (JSONL, max. 1 MB)", type=["jsonl"], key="rc.decisions-in")
    st.caption("Larger files: `rollout-curator decisions import`. Importing twice is safe; nothing is overwritten.")
    if given is not None and st.button("Import", key="rc.take-in"):
        try:
            done = store.take_in(given.getvalue().splitlines())
        except CuratorError as error:
            st.error(label(error))
            return
        words = f"Imported: {counted(done.added, 'new decision')}, {done.known:,} already present."
        reviewing.note_bulk(words, store.version(), stands=False)
        st.rerun()
