"""The tables of the Data page: files, skipped lines, flagged rollouts, agents, and keys that nothing reads.

Each row leads on: a file or an agent to the rollouts it has, a flagged rollout to the reader.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np
import pandas as pd
import streamlit as st

from rollout_curator.index.flags import FLAG_WORDS, flag_words, flagged_rows
from rollout_curator.selection.filters import Filter
from rollout_curator.sources.problems import PROBLEM_WORDS
from rollout_curator.ui import links
from rollout_curator.ui.pages.chosen_row import chosen_row
from rollout_curator.ui.pages.losses import draw_unread, has_unread
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import heads, label, plain, sentence_case
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

PAGE_ROWS = 200
FLAGGED_HELP = f"Rollouts to check: {'; '.join(FLAG_WORDS.values())}"
COMPANIONS = ("materialized_input", "reward_profile")
"""Kinds of whole files that lie beside rollouts and hold none by intent."""
FILES, SKIPPED, FLAGGED, AGENTS, UNREAD = "Files", "Skipped", "Flagged", "Agents", "Unread keys"


def tables(workspace: Workspace) -> None:
    """Draw the switch with how many of each there are, and the chosen table."""
    flagged = _flagged(workspace)
    drawn: dict[str, tuple[str, Callable[[], None]]] = {
        FILES: (f"Files {len(workspace.sources):,}", lambda: _files(workspace)),
        SKIPPED: (f"Skipped {workspace.unit}s {_n_skipped(workspace):,}", lambda: _skipped(workspace)),
        FLAGGED: (f"Flagged {len(flagged):,}", lambda: _flagged_table(workspace, flagged)),
        AGENTS: ("Agents", lambda: _agents(workspace)),
    }
    if has_unread(workspace, state.recipe()):
        drawn[UNREAD] = (UNREAD, lambda: draw_unread(workspace, state.recipe()))
    shown = st.segmented_control(
        "Table",
        list(drawn),
        format_func=lambda name: plain(drawn[name][0]),
        default=FILES,
        required=True,
        label_visibility="collapsed",
        key="rc.data-table",
    )
    drawn[shown if shown in drawn else FILES][1]()


def _n_skipped(workspace: Workspace) -> int:
    return sum(drop.count for drop in workspace.problems_by_kind())


def _files(workspace: Workspace) -> None:
    """Draw one row a file, those with something to say first; a chosen row shows its rollouts on the Select page."""
    wanted = st.text_input(
        "Search files", placeholder="Search files", label_visibility="collapsed", key="rc.files", width=420
    )
    found = [source for source in workspace.sources if wanted.strip().lower() in source.name.lower()]
    codes, agents = workspace.classes("agent")
    sources, _ = workspace.classes("source")
    numbers = {source.name: number for number, source in enumerate(workspace.sources)}
    starts = np.searchsorted(sources, np.arange(len(numbers) + 1))  # the rows of a file are neighbours
    rewards = workspace.frame["reward"].groupby(sources).mean()
    rows = []
    for source in found:
        number = numbers[source.name]
        own = np.unique(codes[starts[number] : starts[number + 1]]).tolist()
        rows.append(
            {
                "file": plain(source.name),
                "notes": plain("; ".join(source.header["notes"]), 2000),
                "rollouts": source.n_rollouts,
                "skipped": int(source.header["n_problems"]),
                "blank": int(source.header["n_blank"]),
                "flagged": len(flagged_rows(source)),
                "agents": plain(", ".join(sorted(agents[code] for code in own if code >= 0))),
                "mean": rewards.get(number),
                "size": plain(size(int(source.header["stamp"]["size"]))),
            }
        )
    if not rows:
        st.caption("No file has such a name.")
        return
    table = pd.DataFrame(rows)
    table["mean"] = table["mean"].astype("float64")
    broken = np.array([_n_broken(source.problem_kinds()) for source in found])
    order = np.lexsort((table["rollouts"] == 0, -table["flagged"].to_numpy(), -broken))
    empty = [name for name in ("skipped", "blank", "flagged", "notes") if not table[name].any()]
    table = table.iloc[order].drop(columns=empty)
    row = chosen_row(table, f"files-{wanted}", help=FILE_HELP)
    if row is not None:
        choices.set_filter(Filter("source", one_of=(found[int(order[row])].name,)))
        links.go("select")


def _n_broken(kinds: Mapping[str, int]) -> int:
    """Return how many skipped lines are no companions of rollouts, such as the tasks they were collected from."""
    return sum(count for kind, count in kinds.items() if kind not in COMPANIONS)


FILE_HELP = {
    "flagged": st.column_config.NumberColumn(help=FLAGGED_HELP),
    "skipped": st.column_config.NumberColumn(help="Not rollouts; listed under Skipped"),
}


def _skipped(workspace: Workspace) -> None:
    """Draw the lines that are not rollouts, a reason at a time."""
    kinds = {drop.name: drop for drop in workspace.problems_by_kind() if drop.count}
    if not kinds:
        st.caption(f"All non-blank {label(workspace.unit)}s are rollouts.")
        return
    funnel = workspace.funnel(state.recipe())
    n_skipped = _n_skipped(workspace)
    st.markdown(
        f"**{label(counted(funnel.lines, workspace.unit))} = {label(counted(funnel.rollouts, 'rollout'))} "
        f"+ {n_skipped:,} skipped + {funnel.blank:,} blank**. Skipped: "
        f"{', '.join(f'{drop.count:,} {label(drop.words)}' for drop in kinds.values())}."
    )
    chosen = st.selectbox(
        "Reason",
        list(kinds),
        format_func=lambda kind: sentence_case(f"{kinds[kind].words}: {kinds[kind].count:,}"),
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


def _flagged(workspace: Workspace) -> np.ndarray:
    """Return the rows that are flagged."""
    codes, words = workspace.classes("flags")
    return np.flatnonzero(np.isin(codes, [code for code, flags in enumerate(words) if flag_words(flags)]))


def _flagged_table(workspace: Workspace, rows: np.ndarray) -> None:
    """Draw the flagged rollouts with why and with their words; a chosen row opens in the reader."""
    if not len(rows):
        st.caption("Nothing is flagged.")
        return
    n_pages = -(-len(rows) // PAGE_ROWS)
    number = st.pagination(n_pages, key="rc.flagged-page") if n_pages > 1 else 1
    rows = rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    codes, words = workspace.classes("flags")
    table = pd.DataFrame(
        {
            "where": [plain(workspace.where(int(row))) for row in rows],
            "reason": [plain(flag_words(words[codes[row]])) for row in rows],
            "task": [plain(one.task) for one in measures.excerpts(workspace, rows.tolist())],
            "reward": workspace.column("reward")[rows],
        }
    )
    row = chosen_row(table, f"flagged-{number}", says="Select a row to review it.")
    if row is not None:
        links.go("review", queue="all", key=workspace.key(int(rows[row])))


def _agents(workspace: Workspace) -> None:
    """Draw one row an agent; a chosen row shows its rollouts on the Select page."""
    recipe = state.recipe()
    table = measures.group_table(workspace, recipe, "agent", measures.success_at(workspace, recipe))
    names = [str(name) for name in table.index]
    table = table[["rollouts", "rated", "mean", "spread", "lowest", "median", "highest", "pass_rate"]].copy()
    table.insert(0, "agent", [plain(name) or "(none)" for name in names])
    row = chosen_row(table, "data-agents")
    if row is not None:
        choices.set_filter(Filter("agent", one_of=(names[row],)))
        links.go("select")
