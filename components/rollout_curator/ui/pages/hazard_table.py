"""What is odd about the selected examples, counted, with what happens to each: keep, drop or trim.

First what would do nothing in training or harm, then what is odd about a conversation's shape, then what only informs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st

from rollout_curator.conversation import HAZARDS, ISSUE_WORDS, SKIP_WORDS, TRIMMABLE
from rollout_curator.export import TrainingChecks
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.checks import INVALID
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import POLICIES, Recipe
from rollout_curator.review.queues import ISSUE
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.training.hazards import looked_for
from rollout_curator.training.length_check import OVER_LENGTH, LengthCheck
from rollout_curator.ui import links
from rollout_curator.ui.loading import hazards_known
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import label, plain, sentence_case
from rollout_curator.words import said_of
from rollout_curator.workspace.workspace import Workspace

KEEP, DROP, TRIM = POLICIES
RAISE_HELP = "The smallest usual max length that holds all kept examples; it goes into the trainer's config"
SHAPE = (
    "unsupported_item",
    "ends_in_tool_call",
    "unanswered_tool_call",
    "lost_tool_results",
    "orphan_tool_message",
    "duplicate_call_id",
    "late_tool_result",
    "unclosed_think",
    "no_user",
)
"""What is odd about the shape of a conversation (rules C10 to C14)."""
CONTENT = (
    "unread_content",
    "unread_tools",
    "context_compacted",
    "missing_call_id",
    "marked_turns",
    "tools_not_recorded",
    "unknown_tool",
    "arguments_off_schema",
)
"""What was not understood of a conversation, or does not fit together."""
SHORT = {
    "refused_by_trainer": "fails to load",
    "skipped_by_trainer": "skipped by the trainer",
    "over_length": "too long",
    "no_trained_token": "no trained tokens",
    "template_error": "template fails",
    "prefix_error": "template fails on a prefix",
    "history_rewritten": "earlier turns rewritten",
    "double_encoded": "double-encoded arguments",
    "image_repr": "Python repr in text",
    "text_beside_calls": "text next to tool calls",
    "trained_prompt": "assistant turns in the prompt trained",
    "mixed_content": "mixed list and text content",
    "none_filled": "tool schemas padded with nulls",
}
"""Every hazard in a few words, for a list of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `queue` names the rollouts it counts, empty when there is nothing to open.

    `said` stands after the number in place of the words, `raise_to` is a max length that mends all, and
    `is_bad` marks a check that fails.
    """

    name: str
    words: str
    count: int
    queue: str
    choice: str
    usual: str
    can_trim: bool
    said: str = ""
    raise_to: int | None = None
    is_bad: bool = False


def hazard_table(workspace: Workspace, recipe: Recipe, checks: TrainingChecks) -> None:
    """Draw the table: what fails first, then what may harm; what passed and what only informs is folded away."""
    plan = recipes.plan(recipe)
    st.subheader("Training checks")
    rows = _length_rows(workspace, recipe, plan, checks.length)
    is_known = hazards_known(workspace, plan)
    if is_known:
        asked = [name for name in HAZARDS if name in looked_for(plan.look) and name != OVER_LENGTH]
        rows += _issue_rows(workspace, recipe, plan, asked)
    rows = [replace(row, is_bad=row.name in checks.failed) for row in rows]
    _lines(sorted(rows, key=lambda row: not row.is_bad))
    if is_known:
        _passed(plan, {row.name for row in (*rows, *_issue_rows(workspace, recipe, plan, [OVER_LENGTH]))})
    shape = [*_invalid_rows(workspace, recipe, plan), *_issue_rows(workspace, recipe, plan, SHAPE)]
    _fold("Structural issues", shape)
    _fold("Content issues", _issue_rows(workspace, recipe, plan, CONTENT))
    known = {*HAZARDS, *SHAPE, *CONTENT, *SKIP_WORDS, *INVALID, "trimmed", "trimmed_tail"}
    _fold("Other findings", _issue_rows(workspace, recipe, plan, [name for name in ISSUE_WORDS if name not in known]))


def _fold(title: str, rows: Sequence[Row]) -> None:
    """Draw lines folded away, with how many there are."""
    if rows:
        with st.expander(f"{label(title)} ({len(rows):,})"):
            _lines(rows)


def _passed(plan: Plan, drawn: Collection[str]) -> None:
    """Draw which checks found nothing, and which need more than was chosen, folded away."""
    asked = looked_for(plan.look)
    absent = [SHORT[name] for name, needed in asked.items() if not needed and name not in drawn]
    n_open = sum(bool(needed) for needed in asked.values())
    said = f"{len(absent):,} without findings" + (f", {n_open:,} not checked" if n_open else "")
    with st.expander(label(said)):
        if absent:
            st.caption(f"Passed: {', '.join(absent)}.")
        for needed in dict.fromkeys(filter(None, asked.values())):
            names = [SHORT[name] for name in asked if asked[name] == needed]
            st.caption(f"Not checked (choose {label(needed)}): {', '.join(names)}.")


def _length_rows(workspace: Workspace, recipe: Recipe, plan: Plan, length: LengthCheck | None) -> list[Row]:
    """Return the line on what exceeds the limit: how many of the kept, what the trainer does, and what mends it."""
    rows = _issue_rows(workspace, recipe, plan, [OVER_LENGTH])
    if length is None or length.holds:
        return rows
    queue = f"{ISSUE}{OVER_LENGTH}"
    row = Row(OVER_LENGTH, HAZARDS[OVER_LENGTH], length.exceed.about, queue, KEEP, "", _can_trim(OVER_LENGTH, plan))
    return [replace(row, usual=_usual(OVER_LENGTH, recipe, plan), said=length.words(), raise_to=length.fits_all)]


def _issue_rows(workspace: Workspace, recipe: Recipe, plan: Plan, names: Sequence[str]) -> list[Row]:
    """Return a line for each issue that occurs, or about which something was chosen."""
    found, counts = [], workspace.issue_counts(recipe)
    for name in names:
        count = counts.get(name, 0)
        choice, usual, can_trim = _choice(name, recipe, plan), _usual(name, recipe, plan), _can_trim(name, plan)
        if count or choice != usual:
            queue = f"{ISSUE}{name}" if count else ""
            found.append(Row(name, ISSUE_WORDS[name], count, queue, choice, usual, can_trim))
    return found


def _invalid_rows(workspace: Workspace, recipe: Recipe, plan: Plan) -> list[Row]:
    codes, words = workspace.classes("invalid")
    found = []
    for name in INVALID:
        count = int(np.count_nonzero(codes == words.index(name))) if name in words else 0
        choice, usual = _choice(name, recipe, plan), DROP if plan.target.exclude_invalid else KEEP
        if count or choice != usual:
            can_trim = _can_trim(name, plan)
            queue = name if choice == DROP else f"{ISSUE}{name}" if name in ISSUE_WORDS else ""
            found.append(Row(name, INVALID_WORDS[name], count, queue if count else "", choice, usual, can_trim))
    return found


def _usual(name: str, recipe: Recipe, plan: Plan) -> str:
    """Return what happens where nothing was chosen: what exceeds a default is kept, what exceeds a chosen limit not."""
    if name == OVER_LENGTH and recipe.max_tokens is None:
        return KEEP
    return DROP if name in plan.target.exclude or name == "unsupported_item" else KEEP


def _choice(name: str, recipe: Recipe, plan: Plan) -> str:
    if policy := recipe.policy(name):
        return policy
    if name in INVALID:
        return DROP if plan.target.exclude_invalid else KEEP
    return _usual(name, recipe, plan)


def _can_trim(name: str, plan: Plan) -> bool:
    return plan.format == "chat" and name in TRIMMABLE


def _lines(rows: Sequence[Row]) -> None:
    with st.container(key=f"hazards-{rows[0].name}" if rows else None, gap=None):
        for row in rows:
            _line(row)


def _line(row: Row) -> None:
    words, choice = st.columns([5, 3], vertical_alignment="center")
    with words:
        one = row.said or said_of(row.count, row.words)
        if row.queue:
            links.link_number(row.count, one, "review", is_bad=row.is_bad, queue=row.queue)
        else:
            st.markdown(f"**{row.count:,}** {label(one)}")
    choice.segmented_control(
        plain(row.words),
        [KEEP, DROP, TRIM] if row.can_trim else [KEEP, DROP],
        format_func=sentence_case,
        required=True,
        label_visibility="collapsed",
        **state.bind(f"policy-{row.name}", row.choice, partial(_take, row.name, row.usual)),
    )
    if row.raise_to is not None:
        raised = partial(settings.raise_limit, row.raise_to)
        choice.button(f"Raise to {row.raise_to:,}", key="rc.raise", on_click=raised, help=RAISE_HELP)


def _take(name: str, usual: str, choice: str) -> None:
    settings.set_policy(name, choice, usual)
