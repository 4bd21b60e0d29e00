"""Sequences of items as they were collected, made regular (rules N1 to N6), and the text that is in them.

Knows Responses items and chat messages; does not decide what is kept of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from rollout_curator.conversation.issues import ISSUE_WORDS, issue_kind
from rollout_curator.conversation.loss_marks import untrained
from rollout_curator.rollout import Item, Rollout
from rollout_curator.sources.shapes.key_tracker import label
from rollout_curator.sources.shapes.parts import texts_of

ROLES = frozenset({"user", "assistant", "system", "developer", "tool"})
_CALLS = ("function_call", "function_call_output", "reasoning")
_THINK = re.compile(r"<think>(.*?)(</think>|\Z)", re.DOTALL)


class Normalised(NamedTuple):
    """A sequence of items, each an object of a known shape; `skip` says why the rollout cannot be used."""

    items: list[Item]
    notes: tuple[str, ...]
    skip: str | None


@dataclass(slots=True)
class Findings:
    """What is noticed while one example is made: issues in order, each once, and the first reason to skip.

    `left_out` counts what was recorded and is not in the example, by kind. `item` is the number of the item at hand,
    `dropped_parts` are parts of contents that are in no message, as (item, part). `is_traced` asks for the pieces that
    each message is made of, which takes a tenth of the time.
    """

    issues: dict[str, None] = field(default_factory=dict)
    skip: str | None = None
    is_traced: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    item: int = -1
    dropped_parts: list[tuple[int, int]] = field(default_factory=list)

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

    def findings(self, *, is_traced: bool = False) -> Findings:
        """Return what is known before any conversion, to be added to by one of them."""
        return Findings(dict.fromkeys(self.notes), self.skip, is_traced)


class Span(NamedTuple):
    """A stretch of a text: a thought in its tags, one that lacks the first or the last of them, or what is none."""

    kind: Literal["text", "thought", "ended", "open"]
    text: str


class SplitText(NamedTuple):
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
    flat = flatten(sequence)
    items: list[Item] = []
    skip = None
    for element in flat.items:
        is_plain = isinstance(element, dict) and element.get("type") in _CALLS
        fault = None if is_plain else _fault(element)
        if fault is None:
            items.append(element)
        else:
            skip = skip or fault
    return Normalised(items, flat.notes, skip)


def flatten(sequence: Sequence[Any]) -> Normalised:
    """Return the elements of a sequence with those of the lists in it, whatever they are.

    Lists that each begin with the one before are one conversation as it grew: then the last tells all (N3).
    """
    if list not in map(type, sequence):
        return Normalised(list(sequence), (), None)
    if _is_cumulative(sequence):
        return Normalised(sequence[-1], ("nested_output", "nested_cumulative"), None)
    elements = [inner for element in sequence for inner in (element if isinstance(element, list) else [element])]
    return Normalised(elements, ("nested_output",), None)


def _is_cumulative(sequence: Sequence[Any]) -> bool:
    """Whether every element is a list and each is the beginning of the next one."""
    if not all(isinstance(element, list) for element in sequence):
        return False
    try:
        return all(later[: len(earlier)] == earlier for earlier, later in pairwise(sequence))
    except RecursionError:
        return False


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


def summaries(item: Item, *, use_content: bool) -> list[str]:
    """Return the texts of a reasoning item: its summary, else, if asked for, its content (C2)."""
    texts = texts_of(item.get("summary"))
    return texts or (texts_of(item.get("content")) if use_content else [])


def message_reasoning(item: Mapping[str, Any]) -> str | None:
    """Return the reasoning that a message of an example file carries beside its text."""
    text = item.get("reasoning_content")
    return text if isinstance(text, str) and text else None


def think_spans(text: str) -> list[Span]:
    """Return what a text consists of, in order; a closing tag without an opening one ends a thought too (C14)."""
    if "think>" not in text:
        return [Span("text", text)]
    spans: list[Span] = []
    at = 0
    head, closing, _ = text.partition("</think>")
    if closing and "<think>" not in head:
        spans.append(Span("ended", head))
        at = len(head) + len(closing)
    for match in _THINK.finditer(text, at):
        spans += [Span("text", text[at : match.start()]), Span("thought" if match[2] else "open", match[1])]
        at = match.end()
    return [*spans, Span("text", text[at:])]


def split_think(text: str) -> SplitText:
    """Take <think> blocks out of a text (C14)."""
    if "think>" not in text:
        return SplitText(text, [], False)
    spans = think_spans(text)
    kept = "".join(span.text for span in spans if span.kind == "text")
    thoughts = [span for span in spans if span.kind != "text"]
    reasoning = [stripped for span in thoughts if (stripped := span.text.strip("\n"))]
    return SplitText(kept.lstrip("\n") if thoughts else kept, reasoning, any(span.kind == "open" for span in thoughts))
