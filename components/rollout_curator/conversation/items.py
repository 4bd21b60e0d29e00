"""Sequences of items as they were collected, made regular (rules N1 to N6), and the text that is in them.

Knows Responses items and chat messages; does not decide what is kept of them.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from rollout_curator.conversation.issues import ISSUE_WORDS, issue_kind
from rollout_curator.conversation.loss_marks import untrained
from rollout_curator.rollout import Item, Rollout
from rollout_curator.sources.shapes.key_tracker import label

ROLES = frozenset({"user", "assistant", "system", "developer", "tool"})
TEXT_PARTS = frozenset({"input_text", "output_text", "text", "summary_text"})
MEDIA_PARTS = {
    "input_image": "image",
    "computer_screenshot": "image",
    "image_url": "image",
    "image": "image",
    "input_audio": "audio",
    "audio": "audio",
    "input_video": "video",
    "video_url": "video",
    "video": "video",
    "input_file": "file",
    "file": "file",
}
_CALLS = ("function_call", "function_call_output", "reasoning")
_THINK = re.compile(r"<think>(.*?)(</think>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Normalised:
    """A sequence of items, each an object of a known shape; `skip` says why the rollout cannot be used."""

    items: list[Item]
    notes: tuple[str, ...]
    skip: str | None


@dataclass(slots=True)
class Findings:
    """What is noticed while one example is made: issues in order, each once, and the first reason to skip.

    `left_out` counts what was recorded and is not in the example, by kind.
    """

    issues: dict[str, None] = field(default_factory=dict)
    skip: str | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    def note(self, issue: str) -> None:
        """Add an issue."""
        self.issues[issue] = None

    def leave_out(self, kind: str, n: int = 1) -> None:
        """Count something that was recorded and is not in the example."""
        if n:
            self.left_out[kind] = self.left_out.get(kind, 0) + n

    def refuse(self, reason: str) -> None:
        """Give a reason why no example can be made; the first one stays."""
        self.skip = self.skip or reason


@dataclass(frozen=True, slots=True)
class Opened:
    """A rollout whose two sequences are regular: what every conversion of it starts from."""

    rollout: Rollout
    prompt: list[Item]
    output: list[Item]
    notes: tuple[str, ...]
    skip: str | None

    def findings(self) -> Findings:
        """Return what is known before any conversion, to be added to by one of them."""
        return Findings(dict.fromkeys(self.notes), self.skip)


@dataclass(frozen=True, slots=True)
class SplitText:
    """Text whose <think> blocks were taken out; `is_open` says that the last one was never closed."""

    text: str
    reasoning: list[str]
    is_open: bool


def open_rollout(rollout: Rollout) -> Opened:
    """Return both sides of a rollout as regular items, with what was noticed and a reviewer's marks on them."""
    prompt, output = _regular(rollout, rollout.prompt), _regular(rollout, rollout.output)
    skip = rollout.unusable or prompt.skip or output.skip or (None if output.items else "empty_output")
    noticed = tuple(note for note in rollout.notes if issue_kind(note) in ISSUE_WORDS)
    items = untrained([*prompt.items, *output.items], rollout.marked) if rollout.marked else []
    n_prompt = len(prompt.items)
    sides = (items[:n_prompt], items[n_prompt:]) if items else (prompt.items, output.items)
    return Opened(rollout, *sides, noticed + prompt.notes + output.notes, skip)


def _regular(rollout: Rollout, sequence: Any) -> Normalised:
    """Return one side of a rollout as `normalise` does, without a look at elements that reading has looked at."""
    return Normalised(sequence, (), None) if rollout.is_plain and type(sequence) is list else normalise(sequence)


def normalise(sequence: Any) -> Normalised:
    """Return the items of a prompt or an output (N1 to N5); an item without a type stays so, see `item_type`."""
    if sequence is None:
        return Normalised([], (), None)
    if isinstance(sequence, str):
        return Normalised([{"type": "message", "role": "user", "content": sequence}], (), None)
    if not isinstance(sequence, list | tuple):
        return Normalised([], (), "not_a_list")
    notes: tuple[str, ...] = ()
    if list in map(type, sequence):
        is_cumulative = _is_cumulative(sequence)
        notes = ("nested_output", "nested_cumulative") if is_cumulative else ("nested_output",)
        sequence = sequence[-1] if is_cumulative else _concatenate(sequence)
    items: list[Item] = []
    skip = None
    for element in sequence:
        is_plain = isinstance(element, dict) and element.get("type") in _CALLS
        fault = None if is_plain else _fault(element)
        if fault is None:
            items.append(element)
        else:
            skip = skip or fault
    return Normalised(items, notes, skip)


def _is_cumulative(sequence: list[Any] | tuple[Any, ...]) -> bool:
    """Whether every element is a list and each is the beginning of the next one (N3)."""
    if not all(isinstance(element, list) for element in sequence):
        return False
    try:
        return all(later[: len(earlier)] == earlier for earlier, later in pairwise(sequence))
    except RecursionError:
        return False


def _concatenate(sequence: list[Any] | tuple[Any, ...]) -> list[Any]:
    flattened: list[Any] = []
    for element in sequence:
        if isinstance(element, list):
            flattened.extend(element)
        else:
            flattened.append(element)
    return flattened


def _fault(element: Any) -> str | None:
    if not isinstance(element, dict):
        return "bad_item"
    kind, role = element.get("type"), element.get("role")
    if kind is None or kind == "":
        if role is None:
            return "bad_item"
    elif not isinstance(kind, str):
        return "bad_item"
    elif kind != "message":
        return None
    return None if isinstance(role, str) and role in ROLES else f"unknown_role:{label(role)}"


def item_type(item: Item) -> str:
    """Return the type of a normalised item; one without a type is a message (N4)."""
    return item.get("type") or "message"


def text_of(content: Any, findings: Findings) -> str:
    """Return the text of a message's content; other parts are dropped and noted (F2)."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, list):
        findings.refuse("bad_content")
        return ""
    texts = []
    for part in content:
        if not isinstance(part, dict):
            findings.refuse("bad_content")
            continue
        text = part_text(part, findings)
        if text is None:
            drop_part(part.get("type"), findings)
        else:
            texts.append(text)
    return "".join(texts)


def part_text(part: Item, findings: Findings) -> str | None:
    """Return the text of one part, or None when it is not a part of text."""
    kind = part.get("type")
    if not isinstance(kind, str):
        return None
    if kind in TEXT_PARTS:
        text = part.get("text")
    elif kind == "refusal":
        text = part.get("refusal")
    else:
        return None
    if isinstance(text, str):
        return text
    if text is not None:
        findings.refuse("bad_content")
    return ""


def drop_part(kind: Any, findings: Findings) -> None:
    """Note that a part of this type is not in the example."""
    name = label(kind)
    if name in MEDIA_PARTS:
        findings.note("dropped_media")
        findings.leave_out("media")
    else:
        findings.leave_out("parts")
    findings.note(f"dropped_part:{name}")


def or_refusal(text: str, item: Item, findings: Findings) -> str:
    """Return the text of an answer, or the refusal that stands in its place; beside a text it is left out."""
    refusal = item.get("refusal")
    if not isinstance(refusal, str) or not refusal or refusal == text:
        return text
    if not text:
        return refusal
    drop_part("refusal", findings)
    return text


def summaries(item: Item, *, use_content: bool) -> list[str]:
    """Return the texts of a reasoning item: its summary, else, if asked for, its content (C2)."""
    texts = _texts(item.get("summary"))
    return texts or (_texts(item.get("content")) if use_content else [])


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list):
        return []
    texts = []
    for part in value:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str) and text:
            texts.append(text)
    return texts


def message_reasoning(item: Item) -> str | None:
    """Return the reasoning that a message of an example file carries beside its text."""
    text = item.get("reasoning_content")
    return text if isinstance(text, str) and text else None


def split_think(text: str) -> SplitText:
    """Take <think> blocks out of a text (C14); a closing tag without an opening one ends reasoning too."""
    if "think>" not in text:
        return SplitText(text, [], False)
    reasoning, is_open = [], False
    head, closing, rest = text.partition("</think>")
    if closing and "<think>" not in head:
        reasoning.append(head)
        text = rest
    for match in _THINK.finditer(text):
        reasoning.append(match[1])
        is_open = not match[2]
    kept = _THINK.sub("", text)
    if reasoning:
        kept = kept.lstrip("\n")
    return SplitText(kept, [stripped for block in reasoning if (stripped := block.strip("\n"))], is_open)
