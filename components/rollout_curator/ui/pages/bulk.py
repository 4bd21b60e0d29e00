"""A verdict on everything in a queue: asked with how many and which, recorded as one step, taken back as one."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.decisions.store import Entry
from rollout_curator.errors import CuratorError
from rollout_curator.review.queue_members import Array
from rollout_curator.review.queues import words_of
from rollout_curator.review.random_order import in_order
from rollout_curator.selection.funnel import NONE
from rollout_curator.ui.reader.views import SECOND
from rollout_curator.ui.reject_reasons import agreed
from rollout_curator.ui.state import reviewing, state
from rollout_curator.ui.text import heads, label, plain, sentence_case
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

SHOWN, GROUPS = 5, 4
TYPED_ABOVE = 100
"""A verdict on more rollouts than this asks for their number to be typed."""
VERDICTS = ("reject", "accept")
KEY = "rc.bulk-reasons"


@st.dialog("Bulk decision for this queue", width="large", on_dismiss=lambda: reviewing.ask_bulk(False))
def bulk_question(workspace: Workspace) -> None:
    """Ask for the verdict, after showing how many rollouts it is about and some of them."""
    now = state.session()
    version = workspace.refresh_decisions()
    marked = np.zeros(workspace.n_rollouts, dtype=bool)
    marked[reviewing.queue_rows(workspace)] = True
    rows = workspace.once(marked)
    waiting = rows[workspace.verdicts()[rows] == NONE]
    n, decided = len(waiting), len(rows) - len(waiting)
    st.markdown(f"**{n:,}** undecided rollouts in “{label(words_of(workspace, state.recipe(), now.queue))}”")
    if len(rows) < np.count_nonzero(marked):
        st.caption("Duplicates get the same decision and count once.")
    if decided:
        st.caption(f"{decided:,} already decided; they will not change.")
    if not n:
        return
    st.markdown("\n".join(f"- {label(line)}" for line in _groups(workspace, waiting)))
    st.caption(f"{min(n, SHOWN):,} {'rollout' if n == 1 else 'rollouts'} at random")
    some = _some(workspace, waiting)
    st.dataframe(
        some, hide_index=True, column_config=heads(some.columns, {}), placeholder="–", alt="Some of the rollouts"
    )
    verdict = st.segmented_control("Verdict", VERDICTS, format_func=sentence_case, key="rc.bulk-verdict")
    chosen: list[str] = []
    if verdict == "reject":
        words = {reason["tag"]: reason["label"] for reason in agreed(workspace)}
        known = list(words)
        chosen = st.pills("Reasons", known, selection_mode="multi", format_func=lambda tag: plain(words[tag]), key=KEY)
    note = st.text_input("Note", max_chars=1000, key="rc.bulk-note")
    said = Entry("", str(verdict), tuple(chosen), note or "", now.reviewer, queue=now.queue)
    is_sure = _is_number_typed(n)
    sign = {"reject": "Reject", "accept": "Accept"}.get(verdict or "", "Decide")
    with st.container(key=f"bulk-{verdict or 'open'}"):
        done = st.button(
            f"{sign} {label(counted(n, 'rollout'))}",
            type="primary",
            disabled=verdict is None or not is_sure,
            key="rc.bulk-do",
        )
    if done:
        try:
            with st.spinner(f"Saving {n:,} decisions (about 1 min per million)"):
                _record(workspace, rows, said, (version, decided))
        except CuratorError as error:
            st.error(label(error))
            return
        reviewing.ask_bulk(False)
        st.rerun()


def _is_number_typed(n: int) -> bool:
    """Ask for the number of rollouts where there are many, and say whether it was given."""
    if n <= TYPED_ABOVE:
        return True
    typed = st.text_input(f"Type {n:,} to confirm", max_chars=20, key="rc.bulk-count")
    return typed.replace(",", "").strip() == str(n)


def bulk_done(workspace: Workspace) -> None:
    """Say what was just decided in bulk, with the way back, until something else is decided."""
    now, store = state.session(), workspace.decisions
    if now.bulk is None or store is None:
        return
    if now.bulk.version != store.version():
        now.bulk = None
        return
    with st.container(horizontal=True, vertical_alignment="center", key="bulk-done"):
        st.markdown(label(now.bulk.words), width="content")
        if now.bulk.stands and st.button("Undo", key="rc.bulk-undo"):
            with st.spinner("Undoing…"):
                store.undo(now.reviewer)
            reviewing.note_bulk("Undone: all decisions restored.", store.version(), stands=False)
            st.rerun()


def _record(workspace: Workspace, rows: Array, said: Entry, shown: tuple[int, int]) -> None:
    """Record the verdict on the whole queue; of `shown` the version and how many were decided, what is newer stays."""
    store, (version, decided) = workspace.decisions, shown
    if store is None:
        return
    batch = store.record_bulk(workspace.keys_of(rows), said, seen=version)
    done = "Rejected" if said.verdict == "reject" else "Accepted"
    meanwhile = batch.spared - decided
    spared = f"; {meanwhile:,} decided in the meantime were left unchanged" if meanwhile > 0 else ""
    reviewing.note_bulk(f"{done} {counted(batch.decided, 'rollout')}{spared}.", store.version())


def _groups(workspace: Workspace, rows: Array) -> Iterator[str]:
    """Yield how many agents, tasks and files the rollouts are of, the largest by name."""
    frame = workspace.frame_by(state.recipe().group_by)[["agent", "source", "group"]].take(rows)
    yield counted(frame["group"].nunique(), "task")
    for column, noun in (("agent", "agent"), ("source", "file")):
        counts = frame[column].value_counts()
        counts = counts[counts > 0]
        named = ", ".join(f"{name} {n:,}" for name, n in counts.head(GROUPS).items())
        yield f"{counted(len(counts), noun)}: {named}{', …' if len(counts) > GROUPS else ''}"


def _some(workspace: Workspace, rows: Array) -> pd.DataFrame:
    some = in_order(workspace.sample_rank, rows)[:SHOWN]
    part = workspace.frame.iloc[some]
    hidden = state.session().blind or state.session().queue == SECOND
    return pd.DataFrame(
        {
            "where": [plain(workspace.where(int(row))) for row in some],
            "task": [plain(task) for task in part["task"]],
            "agent": [plain(agent) for agent in part["agent"]],
            **({} if hidden else {"reward": part["reward"].to_numpy()}),
            "turns": part["n_turns"].to_numpy(),
            "tokens": part["tokens"].to_numpy(),
        }
    )
