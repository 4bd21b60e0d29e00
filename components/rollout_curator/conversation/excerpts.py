"""The words by which a person knows a rollout in a table: what was asked, and what was answered in the end.

Pure functions for reading, not for training: nothing here decides what is exported. Reads only the two ends of a
rollout, so that a page of a table costs little. Never raises, whatever the JSON.

    excerpt_of(rollout)  ->  Excerpt("What is 2 + 3?", "5")
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, takewhile
from typing import Any, NamedTuple

from rollout_curator.conversation.encoding import json_text
from rollout_curator.conversation.items import flatten, split_think
from rollout_curator.rollout import Rollout
from rollout_curator.sources.shapes.parts import TEXT_KEYS, parts_of

TASK_CHARS, ANSWER_CHARS = 2_000, 400
"""So much of a task and of an answer is kept: tasks often begin with the same instructions, which are cut later."""
_SHARED_CHARS, _SHARED_BY = 24, 2
_READ_CHARS = 20_000
"""So much of a text is looked at: what stands behind it is in no excerpt, unless a thought stands before it."""


class Excerpt(NamedTuple):
    """The start of the task and of the final answer on one line each, empty where there is none."""

    task: str
    answer: str


def excerpt_of(rollout: Rollout) -> Excerpt:
    """Return the start of the first thing a user asked, and of the last thing the model said or called."""
    return Excerpt(_line(_task(rollout), TASK_CHARS), _line(_answer(rollout.output), ANSWER_CHARS))


def cut_shared_starts(texts: Sequence[str], owners: Sequence[object]) -> list[str]:
    """Return texts without the words that all different texts of one owner begin with, "… " in their place.

    Only a start of some length that two different texts share is cut, and only at the end of a word.
    """
    shared: dict[object, int] = {}
    for owner in dict.fromkeys(owners):
        own = {text for text, other in zip(texts, owners, strict=True) if other == owner and text}
        length = _shared_start(min(own), max(own)).rfind(" ") + 1 if len(own) >= _SHARED_BY else 0
        shared[owner] = length if length >= _SHARED_CHARS else 0
    return [
        f"… {text[shared[owner] :]}" if text and shared[owner] else text
        for text, owner in zip(texts, owners, strict=True)
    ]


def _shared_start(one: str, other: str) -> str:
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _task(rollout: Rollout) -> str:
    """Return what the first user message says, else the first message of any role, else the instructions."""
    if isinstance(rollout.prompt, str):
        return rollout.prompt
    messages = [item for item in _elements(rollout.prompt) if _is_message(item)]
    users = [item for item in messages if item.get("role") == "user"]
    spoken = (_said(item.get("content")) for item in chain(users, messages))
    return next(filter(None, spoken), rollout.instructions if isinstance(rollout.instructions, str) else "")


def _answer(output: Any) -> str:
    """Return the last words of the assistant that are no thought, else its last call."""
    if isinstance(output, str):
        return split_think(output).text
    for item in reversed(_elements(output)):
        said = "".join(_spoken(item)) if isinstance(item, Mapping) else ""
        if said.strip():
            return said
    return ""


def _spoken(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an item of the assistant says; what it calls where it says nothing."""
    if "call_id" in item and "name" in item and item.get("type") != "function_call_output":
        yield _call(item.get("name"), item.get("arguments", item.get("input")))
    elif _is_message(item) and item.get("role") == "assistant":
        text = split_think(_said(item.get("content"))).text
        refusal = item.get("refusal")
        yield text or (refusal if isinstance(refusal, str) else "")
        calls = item.get("tool_calls")
        if not text.strip() and isinstance(calls, list):
            functions = [call.get("function") for call in calls if isinstance(call, Mapping)]
            yield ", ".join(_call(f.get("name"), f.get("arguments")) for f in functions if isinstance(f, Mapping))


def _call(name: Any, arguments: Any) -> str:
    if arguments is None or isinstance(arguments, str):
        return f"{name}({arguments or ''})"
    try:
        return f"{name}({json_text(arguments)})"
    except (ValueError, TypeError, RecursionError):
        return f"{name}(…)"


def _said(content: Any) -> str:
    """Return the text of a content; media where there is no text are named in brackets."""
    parts = list(parts_of(content))
    text = "".join(part.text or "" for part in parts if part.kind in TEXT_KEYS)
    return text or "".join(f"[{part.kind}]" for part in parts if part.kind in ("image", "audio", "video", "file"))


def _elements(sequence: Any) -> Sequence[Any]:
    """Return what a side of a rollout is made of, lists in it opened."""
    if isinstance(sequence, Mapping):
        return [sequence]
    return flatten(sequence).items if isinstance(sequence, list | tuple) else []


def _is_message(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("type") in (None, "", "message")


def _line(text: str, most: int) -> str:
    """Return the start of a text on one line, spaces and breaks as one space each."""
    words = " ".join(text[:_READ_CHARS].split())
    return words if len(words) <= most and len(text) <= _READ_CHARS else f"{words[: most - 1]}…"
