"""The Data page: which files were opened, what became of every line, where decisions are kept."""

from collections.abc import Iterator
from itertools import islice

import pandas as pd
import streamlit as st

from rollout_curator.index.flags import FLAG_WORDS, flagged_rows
from rollout_curator.index.grouping import WORDS
from rollout_curator.printable import shown
from rollout_curator.sources.find import by_reason
from rollout_curator.sources.problems import PROBLEM_WORDS
from rollout_curator.ui import links
from rollout_curator.ui.pages.losses import draw_unread
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

PAGE_ROWS = 200
PASSED_OVER_ROWS = 1000
PASSED_OVER_NAMED = 3
FLAGGED_HELP = f"Rollouts to check: {'; '.join(FLAG_WORDS.values())}"


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Sources")
        st.button("Reload files", on_click=site.reload, help="Re-read the folders from disk")
    if site.is_sample:
        st.info(
            "You are looking at the bundled sample data. "
            "Open your own with `rollout-curator ui PATH`, where PATH is a file, a folder or a glob."
        )
    _totals(workspace)
    _tasks(workspace)
    _files(workspace)
    _refused(workspace)
    _passed_over(workspace)
    _problems(workspace)
    draw_unread(workspace, state.recipe())
    _kept_where(site, workspace)


def _totals(workspace: Workspace) -> None:
    funnel = workspace.funnel(state.recipe())
    problems = ", ".join(f"{drop.count:,} {label(drop.words)}" for drop in funnel.problems if drop.count)
    n_problems = sum(drop.count for drop in funnel.problems)
    st.markdown(
        f"{label(counted(len(workspace.sources), 'file'))}: **{label(counted(funnel.lines, workspace.unit))} = "
        f"{label(counted(funnel.rollouts, 'rollout'))} "
        f"+ {n_problems:,} skipped + {funnel.blank:,} blank**"
        f"{f'. Skipped: {problems}' if n_problems else ''}."
    )


def _tasks(workspace: Workspace) -> None:
    """Draw how many tasks there are and how many span files, with the choice of what makes rollouts one task."""
    by = state.recipe().group_by
    with st.container(horizontal=True, vertical_alignment="center"):
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


def _files(workspace: Workspace) -> None:
    frame = workspace.frame
    agents = frame.groupby("source", observed=True)["agent"].agg(lambda names: ", ".join(sorted(set(map(str, names)))))
    rows = [
        {
            "file": plain(source.name),
            "rollouts": source.n_rollouts,
            "skipped": int(source.header["n_problems"]),
            "blank": int(source.header["n_blank"]),
            "flagged": len(flagged_rows(source)),
            "agents": plain(agents.get(source.name, "")),
            "size": plain(size(int(source.header["stamp"]["size"]))),
            "notes": plain("; ".join(source.header["notes"]), 2000),
        }
        for source in workspace.sources
    ]
    table = pd.DataFrame(rows)
    if not table["notes"].any():
        table = table.drop(columns="notes")
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= 12 else 460,
        column_config=heads(
            table.columns,
            {
                "flagged": st.column_config.NumberColumn(help=FLAGGED_HELP),
                "skipped": st.column_config.NumberColumn(help="Not rollouts; listed below"),
            },
        ),
        alt="One row per file: rollouts, skipped lines, blank lines, flagged rollouts, agents, size",
    )


def _refused(workspace: Workspace) -> None:
    paths = {source.name: source.path for source in workspace.sources}
    for refused in workspace.refused[:20]:
        words = "contains no rollouts" if refused.name in paths else "could not be opened"
        why = refused.reason.removeprefix(f"{shown(paths.get(refused.name, ''))}: ")
        st.warning(f"{label(refused.name)} {words}: {label(why)}")
    if len(workspace.refused) > 20:
        st.warning(f"{len(workspace.refused) - 20:,} more files could not be opened.")


def _passed_over(workspace: Workspace) -> None:
    if not (passed := workspace.passed_over):
        return
    names = ", ".join(file.name for file in passed[:PASSED_OVER_NAMED])
    more = f" and {len(passed) - PASSED_OVER_NAMED:,} more" if len(passed) > PASSED_OVER_NAMED else ""
    with st.expander(f"Skipped files: {label(names)}{label(more)}", key="rc.passed-over"):
        st.markdown("\n".join(f"- {one.n_files:,}: {label(one.reason)}" for one in by_reason(passed)))
        st.dataframe(
            pd.DataFrame([{"file": plain(file.name), "why": plain(file.why)} for file in passed[:PASSED_OVER_ROWS]]),
            hide_index=True,
            height="content" if len(passed) <= 12 else 360,
            column_config=heads(("file", "why"), {"why": {"label": "reason"}}),
            alt="Files in the opened folders that are not read, and why",
        )
        if len(passed) > PASSED_OVER_ROWS:
            st.caption(f"Showing the first {PASSED_OVER_ROWS:,} of {len(passed):,}.")


def _problems(workspace: Workspace) -> None:
    kinds = {drop.name: drop for drop in workspace.problems_by_kind() if drop.count}
    if not kinds:
        st.caption(f"All non-blank {label(workspace.unit)}s are rollouts.")
        return
    st.subheader(f"Skipped {label(workspace.unit)}s")
    chosen = st.selectbox(
        "Reason",
        list(kinds),
        format_func=lambda kind: plain(f"{kinds[kind].words}: {kinds[kind].count:,}"),
        label_visibility="collapsed",
        key="rc.problem-kind",
        width=520,
    )
    n_places = sum(1 for _ in _of_kind(workspace, chosen))
    n_pages = -(-n_places // PAGE_ROWS)
    number = st.pagination(n_pages, key="rc.problem-page") if n_pages > 1 else 1
    found = islice(_of_kind(workspace, chosen), (number - 1) * PAGE_ROWS, number * PAGE_ROWS)
    rows = [{"where": plain(where), "reason": plain(reason)} for where, reason in found]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content" if len(rows) <= 12 else 360,
        column_config=heads(("where", "reason"), {"where": st.column_config.TextColumn(width="medium")}),
        alt=f"Skipped lines ({plain(PROBLEM_WORDS.get(chosen, chosen))}): file, line number and reason",
    )


def _of_kind(workspace: Workspace, kind: str) -> Iterator[tuple[str, str]]:
    """Yield where lines of a kind stand, and why they are skipped: one by one, then as counted ranges."""
    for source, problem in workspace.problems():
        if problem.kind == kind:
            yield f"{source.name}:{problem.line}", problem.reason
    for source, found in workspace.problem_ranges():
        if found.kind == kind:
            many = counted(found.count, f"more {workspace.unit}")
            yield f"{source.name}:{found.first}-{found.last}", f"{many}: {PROBLEM_WORDS.get(kind, kind)}"


def _kept_where(site: Site, workspace: Workspace) -> None:
    st.subheader("Storage")
    if workspace.decisions is None:
        st.caption("Decisions are not saved: no review store.")
    else:
        for sentence in workspace.counted.sentences(workspace.n_decided()):
            st.markdown(label(sentence, 1000))
    st.markdown(f"Export folder: {label(site.out_dir)}")
    st.caption("Source files are never modified. The index is a cache; you can delete it at any time.")
    links.link("Next: choose a threshold →", "select")
