"""The Data page: what is open and what became of every line, with what changes the next decision on top.

The tables of files, skipped lines, flagged rollouts and agents stand behind one switch, in `data_tables`.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from rollout_curator.index.grouping import WORDS
from rollout_curator.printable import shown
from rollout_curator.sources.find import PassedOver, by_reason
from rollout_curator.ui import links
from rollout_curator.ui.pages.data_tables import tables
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import counted
from rollout_curator.workspace.collection import Refused
from rollout_curator.workspace.workspace import Workspace

PASSED_OVER_ROWS = 1000
REFUSED_ROWS = 1000


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    if site.is_sample:
        st.info(
            "You are looking at the bundled sample data. "
            "Open your own with `rollout-curator ui PATH`, where PATH is a file, a folder or a glob."
        )
    st.markdown(f"{_totals(workspace)}")
    _refused(workspace)
    _passed_over(workspace)
    tables(workspace)
    _tasks(workspace)
    _storage(site, workspace)


def _totals(workspace: Workspace) -> str:
    """Return what is open in one line of numbers."""
    funnel = workspace.funnel(state.recipe())
    skipped = sum(drop.count for drop in funnel.problems)
    numbers = [
        (len(workspace.sources), "file"),
        (funnel.rollouts, "rollout"),
        (skipped, f"skipped {workspace.unit}"),
        *((_n_classes(workspace, name), name) for name in ("agent", "model")),
    ]
    said = [f"**{n:,}** {label(counted(n, words).split(' ', 1)[1])}" for n, words in numbers]
    return " · ".join([*said, *_rewards(workspace)])


def _n_classes(workspace: Workspace, name: str) -> int:
    """Return how many agents or models there are."""
    codes = workspace.classes(name)[0]
    return int(np.count_nonzero(np.bincount(codes[codes >= 0])))


def _rewards(workspace: Workspace) -> list[str]:
    """Return between which values rewards lie, nothing where there is none."""
    frame = workspace.frame["reward"]
    low, high = frame.min(), frame.max()
    if low != low:
        return []
    minus = "\u2212"
    ends = [f"{end:.6g}".replace("-", minus) for end in (low, high)]
    return [f"rewards **{label(ends[0])}**" if low == high else f"rewards **{label(ends[0])}** to **{label(ends[1])}**"]


def _refused(workspace: Workspace) -> None:
    """Say in one line how many files hold no rollouts or could not be opened; which and why stands behind it."""
    if not (refused := workspace.refused):
        return
    rows = [
        {"file": plain(one.name), "reason": plain(one.reason.removeprefix(f"{shown(one.path)}: "), 1000)}
        for one in refused[:REFUSED_ROWS]
    ]
    with st.expander(label(f"{counted(len(refused), 'unreadable file')}: {_named(refused)}"), key="rc.refused"):
        st.dataframe(
            rows,
            hide_index=True,
            height="content" if len(rows) <= 12 else 360,
            column_config=heads(("file", "reason"), {}),
            alt="Files without a rollout or that could not be opened, and why",
        )
        _more(len(refused), REFUSED_ROWS)


def _passed_over(workspace: Workspace) -> None:
    """Say which files of the opened folders are not read; why stands behind it."""
    if not (passed := workspace.passed_over):
        return
    with st.expander(label(f"{counted(len(passed), 'skipped file')}: {_named(passed)}"), key="rc.passed-over"):
        reasons = list(by_reason(passed))
        if len(reasons) > 1:
            st.markdown("\n".join(f"- {one.n_files:,}: {label(one.reason)}" for one in reasons))
        st.dataframe(
            [{"file": plain(file.name), "reason": plain(file.why)} for file in passed[:PASSED_OVER_ROWS]],
            hide_index=True,
            height="content" if len(passed) <= 12 else 360,
            column_config=heads(("file", "reason"), {}),
            alt="Files in the opened folders that are not read, and why",
        )
        _more(len(passed), PASSED_OVER_ROWS)


def _named(files: Sequence[Refused | PassedOver], most: int = 3) -> str:
    """Return the names of the first few files."""
    more = f" and {len(files) - most:,} more" if len(files) > most else ""
    return ", ".join(file.name for file in files[:most]) + more


def _more(count: int, most: int) -> None:
    if count > most:
        st.caption(f"Showing the first {most:,} of {count:,}.")


def _tasks(workspace: Workspace) -> None:
    """Draw how many tasks there are and how many span files, with the choice of what makes rollouts one task."""
    by = state.recipe().group_by
    with st.container(horizontal=True, vertical_alignment="center", key="grouping"):
        st.markdown(label(workspace.groups_sentence(by)), width="content")
        st.selectbox(
            "Group rollouts by",
            list(WORDS),
            format_func=lambda rule: plain(f"Same {WORDS[rule]}"),
            label_visibility="collapsed",
            width=320,
            help="How rollouts are grouped into tasks; rules, pairs, splits and pass@k use it.",
            **state.bind("group-by", by, choices.set_group_by),
        )


def _storage(site: Site, workspace: Workspace) -> None:
    """Say where decisions and exports go."""
    if workspace.decisions is None:
        st.caption("Decisions are not saved: no review store.")
    else:
        for sentence in workspace.counted.sentences(workspace.n_decided()):
            st.markdown(label(sentence, 1000))
    st.markdown(f"Export folder: {label(site.out_dir)}")
    st.caption("Source files are never modified. The index is a cache; you can delete it at any time.")
    with st.container(key="next-page"):
        links.link("Next: choose a threshold →", "select")
