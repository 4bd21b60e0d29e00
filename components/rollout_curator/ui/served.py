"""One rollout as the reader in the browser gets it: JSON values, read and converted when asked for.

The example is what `publishing` writes, made by the same two functions of `recipe`. A body that can no longer be read
becomes an entry which says so in words; nothing else is ever shown in its place. No Streamlit, no HTTP.
"""

import math
from typing import Any

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator.decisions import Decision
from rollout_curator.errors import SourceError
from rollout_curator.flags import FLAG_WORDS
from rollout_curator.recipe import Plan
from rollout_curator.rollout import Rollout
from rollout_curator.selection import INVALID_WORDS
from rollout_curator.ui.phrases import is_loss, of_issue, said_of_one
from rollout_curator.ui.pretty import parsed, pretty
from rollout_curator.ui.transcript import Turn, transcript
from rollout_curator.ui.views import View
from rollout_curator.workspace import Workspace

Json = dict[str, Any]
REASONING_NOTES = {
    "drop": "not in the training record",
    "field": "kept in a field of its own",
    "inline": "kept in <think> tags",
}


def rollout_entry(view: View, position: int) -> Json:
    """Return everything the reader shows at a position of a view."""
    workspace, row = view.workspace, int(view.rows[position])
    entry = _facts(view, position, row)
    try:
        rollout = workspace.rollout(row)
    except SourceError as error:
        return {**entry, "turns": [_unreadable(str(error))], "example": _no_example(str(error))}
    return {
        **entry,
        "reasoningNote": _reasoning_note(view.plan),
        "turns": transcript(rollout),
        "example": _example(workspace, row, rollout, view.plan),
    }


def raw_text(view: View, position: int) -> str:
    """Return the line of a rollout, laid out when that changes nothing. Raises SourceError."""
    text = view.workspace.line(int(view.rows[position])).decode("utf-8", errors="replace")
    value = parsed(text)
    return text if value is None else pretty(value)


def decision_json(decision: Decision | None) -> Json | None:
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


def _facts(view: View, position: int, row: int) -> Json:
    workspace = view.workspace
    selection = workspace.select(view.recipe)
    record = workspace.frame.iloc[row]
    reward, key = float(record["reward"]), workspace.key(row)
    return {
        "pos": position,
        "row": row,
        "key": key,
        "where": workspace.where(row),
        "reward": None if math.isnan(reward) else reward if math.isfinite(reward) else str(reward),
        "rewardNote": _reward_note(str(record["invalid"])),
        "facts": _fact_pairs(workspace, row),
        "flags": [FLAG_WORDS.get(flag, flag.replace("_", " ")) for flag in str(record["flags"]).split("|") if flag],
        "copies": int(workspace.copies[row]),
        "decision": decision_json(workspace.decision(key)),
        "kept": bool(selection.reason[row] == 0),
        "dropReason": said_of_one(selection.words(row)),
    }


def _fact_pairs(workspace: Workspace, row: int) -> list[list[str]]:
    record = workspace.frame.iloc[row]
    group = np.flatnonzero(workspace.frame["group"].to_numpy() == record["group"])
    tokens = f"{'about ' if record['estimated'] else ''}{int(record['tokens']):,}"
    pairs = [
        ["task", str(record["task"])],
        ["attempt", f"{int(np.searchsorted(group, row)) + 1} of {len(group)}"],
        ["agent", str(record["agent"])],
        ["model", str(record["model"])],
        ["tokens", tokens],
        ["tool calls", f"{int(record['n_calls']):,}"],
    ]
    return [[name, value] for name, value in pairs if value]


def _reward_note(invalid: str) -> str:
    return f"the reward is no measurement: it {said_of_one(INVALID_WORDS[invalid])}" if invalid in INVALID_WORDS else ""


def _reasoning_note(plan: Plan) -> str:
    return REASONING_NOTES["drop" if plan.format == "flat" else plan.chat.reasoning]


def _example(workspace: Workspace, row: int, rollout: Rollout, plan: Plan) -> Json:
    made = recipes.example(rollout, plan)
    if made.skip:
        return _no_example(of_issue(made.skip))
    line = recipes.line(made, workspace.metadata(row, plan)).decode("utf-8").rstrip("\n")
    value = parsed(line)
    without = "reasoning" if plan.format == "chat" and plan.chat.reasoning == "drop" else None
    has_lost = without in made.issues
    return {
        "text": line if value is None else pretty(value),
        "line": line,
        "messages": len(made.messages or ()),
        "skip": "",
        "issues": [of_issue(issue) for issue in made.issues if not is_loss(issue) and issue != without],
        "dropped": [of_issue(issue) for issue in made.issues if is_loss(issue)] + ["its reasoning"] * has_lost,
    }


def _no_example(why: str) -> Json:
    return {"text": "", "line": "", "messages": 0, "skip": why, "issues": [], "dropped": []}


def _unreadable(why: str) -> Turn:
    return {
        "n": 1,
        "role": "unknown",
        "side": "output",
        "blocks": [{"kind": "note", "text": why, "name": "This rollout cannot be read", "callId": None}],
    }
