"""Why a person rejects a rollout: the reasons a team has agreed on, kept with the decisions.

A reason is a tag, which stands in decisions and exports, and a label for people. Each has a digit in the reader, so
there are nine at most.
"""

import re
from collections.abc import Sequence

from rollout_curator.decisions.store import Decisions
from rollout_curator.ui.reader.widget import Reason
from rollout_curator.words import reason_words
from rollout_curator.workspace.workspace import Workspace

MOST, LABEL_CHARS = 9, 40
USUAL: list[Reason] = [
    {"tag": "wrong_answer", "label": "wrong answer"},
    {"tag": "reward_hack", "label": "reward hack"},
    {"tag": "bad_tool_use", "label": "bad tool use"},
    {"tag": "unsafe", "label": "unsafe"},
    {"tag": "formatting", "label": "formatting"},
    {"tag": "truncated", "label": "truncated"},
    {"tag": "off_task", "label": "off-task"},
    {"tag": "duplicate", "label": "duplicate"},
    {"tag": "personal_data", "label": "personal data"},
]


def agreed(workspace: Workspace) -> list[Reason]:
    """Return the reasons in use; a setting that makes no sense is passed over."""
    found = workspace.decisions.setting("reasons", None) if workspace.decisions else None
    labels = [label for label in found if isinstance(label, str)] if isinstance(found, list) else []
    return named(labels) or USUAL


def agree(store: Decisions, text: str, reviewer: str) -> None:
    """Keep the reasons of a text, one a line, for everybody; an empty text brings the usual ones back."""
    store.set("reasons", [reason["label"] for reason in named(text.splitlines())], reviewer)


def named(labels: Sequence[str]) -> list[Reason]:
    """Return labels as reasons, the first nine, each once; a usual one keeps its tag."""
    tags = {reason["label"]: reason["tag"] for reason in USUAL}
    clean = dict.fromkeys(" ".join(label.split())[:LABEL_CHARS] for label in labels)
    found = {tags.get(label) or re.sub(r"[^\w]+", "_", label.casefold()).strip("_"): label for label in clean}
    return [Reason(tag=tag, label=label) for tag, label in found.items() if tag][:MOST]


def label_of(workspace: Workspace, tag: str) -> str:
    """Return the words of a reason, also of one that is no longer offered."""
    known = {reason["tag"]: reason["label"] for reason in (*USUAL, *agreed(workspace))}
    return known.get(tag, reason_words(tag).replace("_", " "))
