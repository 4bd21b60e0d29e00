"""One rollout as the reader in the browser gets it: JSON values, read and converted when asked for.

The example is what an export writes, made by the same function (`recipe.training_line`). A body that can no longer be
read becomes an entry which says so in words; nothing else is ever shown in its place. No Streamlit, no HTTP.
"""

import math
from typing import Any

import numpy as np

from rollout_curator.conversation import mark_items
from rollout_curator.decisions.store import Decision
from rollout_curator.errors import SourceError
from rollout_curator.index.flags import FLAG_WORDS
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.training_line import TrainingLine, make_line
from rollout_curator.rollout import Rollout as Recorded
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.sources.find import brief_names
from rollout_curator.sources.lines import readable
from rollout_curator.ui.reader import messages
from rollout_curator.ui.reader.blinding import conceal
from rollout_curator.ui.reader.example_alignment import changed, left_out, locator
from rollout_curator.ui.reader.json_layout import parsed, pretty
from rollout_curator.ui.reader.marking import answered, marks_for, marks_json
from rollout_curator.ui.reader.messages import Attempt, Example, ExampleText, Rollout
from rollout_curator.ui.reader.transcript import Turn
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.singular_words import is_loss, of_issue
from rollout_curator.words import said_of
from rollout_curator.workspace.workspace import Workspace

Json = dict[str, Any]
Array = np.ndarray[Any, Any]
ATTEMPTS_MAX = 200
LATER_BYTES = 120_000
"""A longer example is sent when it is looked at, not along with every rollout that may be read next."""
CUT_SHORT = f"Shortened line. {FLAG_WORDS['tokens_not_read'].capitalize()}; only the first entry of each list is here"
FINISH_WORDS = {
    "stop": "normally (final answer)",
    "empty": "with no output",
    "user_tail": "on a user message",
    "tool_tail": "on a tool result",
    "call_tail": "on a tool call",
    "reasoning_tail": "on reasoning",
    "max_output_tokens": "truncated (max_output_tokens)",
    "error": "with an error",
}
"""How a rollout ended, by the word the index keeps."""


def rollout_entry(view: View, position: int) -> Rollout:
    """Return everything the reader shows at a position of a view."""
    return rollout_json(view, int(view.rows[position]), position)


def rollout_json(view: View, row: int, position: int | None) -> Rollout:
    """Return everything the reader shows of a row, also of one that is not in the view (`pos` is then None)."""
    workspace, plan = view.workspace, view.plan
    entry = conceal(view, _facts(view, position, row))
    try:
        rollout = workspace.rollout(row)
    except SourceError as error:
        return {**entry, "markedInData": [], "turns": [_unreadable(str(error))], "example": _no_example(str(error))}
    line = _line(view, row, rollout)
    turns, marked = answered(rollout, None if line.skip else locator(line.example))
    if line.skip:
        return {**entry, "markedInData": marked, "turns": turns, "example": _no_example(of_issue(line.skip))}
    example = _example(line, turns, plan)
    whole: Rollout = {**entry, "markedInData": marked, "turns": turns, "example": example}
    return conceal(view, whole)


def _line(view: View, row: int, rollout: Recorded) -> TrainingLine:
    """Return the line of a row as far as its reader may know the marks."""
    marked = mark_items(rollout, marks_for(view, row))
    return make_line([marked], view.plan, view.workspace.metadata(row, view.plan), is_traced=True)


def attempts(view: View, row: int) -> list[Attempt]:
    """Return the rollouts of a row's task, at most 200, in the order they stand: each as the header shows it."""
    group = _group(view, row)
    at = int(np.searchsorted(group, row))
    first = max(0, min(at - ATTEMPTS_MAX // 2, len(group) - ATTEMPTS_MAX))
    rows = [int(found) for found in group[first : first + ATTEMPTS_MAX]]
    return [conceal(view, _facts(view, view.position_of_row(found), found)) for found in rows]


def raw_text(view: View, row: int) -> messages.Raw:
    """Return the line of a row, laid out when that changes nothing, and what to say of it. Raises SourceError.

    A line too full to parse is shown as it was read, and that is said: without most of its log probabilities.
    """
    line = view.workspace.line(row)
    read = readable(line)
    text = read.decode("utf-8", errors="replace")
    value = parsed(text)
    n_cut = len(line) - len(read)
    note = f"{CUT_SHORT}: {n_cut:,} of {len(line):,} bytes are not shown." if n_cut else ""
    return {"text": text if value is None else pretty(value), "note": note}


def decision_json(decision: Decision | None) -> messages.Decision | None:
    """Return a decision as the reader keeps it."""
    if decision is None:
        return None
    return {
        "id": decision.id,
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "note": decision.note,
        "reviewer": decision.reviewer,
        "at": decision.at,
    }


def _facts(view: View, position: int | None, row: int) -> Attempt:
    workspace = view.workspace
    selection = workspace.select(view.recipe)
    record, key = _record(workspace, row), workspace.key(row)
    reward, group = float(record["reward"]), _group(view, row)
    return {
        "pos": position,
        "row": row,
        "key": key,
        "where": workspace.where(row),
        "place": _place(workspace, row),
        "reward": None if math.isnan(reward) else reward if math.isfinite(reward) else str(reward),
        "rewardNote": _reward_note(record["invalid"]),
        "components": _components(workspace, row),
        "attempt": [int(np.searchsorted(group, row)) + 1, len(group)],
        "facts": _fact_pairs(record),
        "flags": [FLAG_WORDS.get(flag, flag.replace("_", " ")) for flag in record["flags"].split("|") if flag],
        "copies": int(workspace.copies[row]),
        "decision": decision_json(workspace.decision(key)),
        "marks": marks_json(view, key),
        "kept": bool(selection.reason[row] == 0),
        "dropReason": said_of(1, selection.words(row)),
    }


def _place(workspace: Workspace, row: int) -> str:
    """Return `name:line` of a row, the name as short as tells its file from the others."""
    source, local = workspace.place(row)
    names = brief_names(tuple([each.name for each in workspace.sources]))
    return f"{names[source.name]}:{int(source.columns['line'][local])}"


def _record(workspace: Workspace, row: int) -> Json:
    """Return what the index keeps of a row, as far as the header shows it; a row of the frame takes long."""
    source, local = workspace.place(row)
    words = {name: source.word(name, local) for name in ("task", "agent", "model", "finish", "invalid", "flags")}
    numbers = ("reward", "tokens", "estimated", "n_calls", "n_tool_errors", "n_images")
    return {**words, **{name: source.columns[name][local] for name in numbers}}


def _group(view: View, row: int) -> Array:
    """Return the rows of a row's task, ascending."""
    groups = view.workspace.groups(view.recipe.group_by).codes
    return np.flatnonzero(groups == groups[row])


def _components(workspace: Workspace, row: int) -> list[list[str]]:
    """Return every other number the line carries beside the reward, by name."""
    source, local = workspace.place(row)
    values = [(name, float(source.columns[f"facet {name}"][local])) for name in source.facet_names()]
    return [[name, f"{value:.6g}"] for name, value in values if not math.isnan(value)]


def _fact_pairs(record: Json) -> list[list[str]]:
    finish = record["finish"]
    pairs = [
        ["Task", record["task"]],
        ["Agent", record["agent"]],
        ["Model", record["model"]],
        ["Ended", FINISH_WORDS.get(finish, finish.replace("_", " "))],
        ["Tokens", f"{'about ' if record['estimated'] else ''}{int(record['tokens']):,}"],
        ["Tool calls", _count(record["n_calls"])],
        ["Tool errors", _count(record["n_tool_errors"])],
        ["Images", _count(record["n_images"])],
    ]
    return [[name, value] for name, value in pairs if value]


def _count(number: Any) -> str:
    """Return a count, empty for none."""
    return f"{int(number):,}" if number else ""


def _reward_note(invalid: str) -> str:
    return f"reward not valid: {said_of(1, INVALID_WORDS[invalid])}" if invalid in INVALID_WORDS else ""


def _example(training_line: TrainingLine, turns: list[Turn], plan: Plan) -> Example:
    """Return the line as it is written, and what its messages are; `later` when the text must be asked for."""
    made, line = training_line.example, training_line.text.rstrip(b"\n")
    without = "reasoning" if plan.format == "chat" and plan.chat.reasoning == "drop" else None
    has_lost = without in made.issues
    written = made.messages or []
    later = len(line) > LATER_BYTES
    return {
        **(_text("", 0) if later else _text(line.decode("utf-8"), len(written))),
        "later": later,
        "bytes": len(line),
        "messages": len(written),
        "roles": [message["role"] for message in written],
        "writesMarks": made.marks != "none",
        "untrained": sorted(made.untrained) if made.marks != "none" else [],
        "leftOut": left_out(turns, len(written)),
        "changed": changed(turns, written),
        "skip": "",
        "issues": [of_issue(issue) for issue in made.issues if not is_loss(issue) and issue != without],
        "dropped": [of_issue(issue) for issue in made.issues if is_loss(issue)] + ["reasoning"] * has_lost,
    }


def example_text(view: View, row: int) -> ExampleText:
    """Return the text of a row's example: `line` as it is written, `text` laid out. Raises SourceError."""
    line = _line(view, row, view.workspace.rollout(row))
    return _text(line.text.decode("utf-8").rstrip("\n"), len(line.example.messages or []))


def _text(line: str, n_messages: int) -> ExampleText:
    value = parsed(line)
    text = line if value is None else pretty(value)
    return {"line": line, "text": text, "starts": _starts(text, n_messages)}


def _starts(text: str, n_messages: int) -> list[int]:
    """Return the line on which each message begins in a record that is laid out, none where the layout is another."""
    lines = text.split("\n")
    end = next((n for n, line in enumerate(lines) if line in ("  ]", "  ],")), 0)
    found = [n for n, line in enumerate(lines[:end]) if line == "    {"]
    return found if len(found) == n_messages else []


def _no_example(why: str) -> Example:
    return {"text": "", "line": "", "messages": 0, "skip": why, "issues": [], "dropped": []}


def _unreadable(why: str) -> Turn:
    return {
        "n": 1,
        "role": "unknown",
        "side": "output",
        "blocks": [{"kind": "note", "text": why, "name": "This rollout cannot be read", "callId": None}],
    }
