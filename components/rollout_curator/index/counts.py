"""Sums over the items of one rollout: turns, calls, tool errors, images, characters, and the texts by who wrote them.

Takes items as `conversation.normalise` gives them; knows nothing of rewards or names.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rollout_curator.conversation.items import message_reasoning, summaries
from rollout_curator.rollout import Item
from rollout_curator.sources.shapes.parts import kind_of, only_text, texts_of

_ERROR_TEXT = re.compile(
    r"\s*(?:error\b|traceback \(most recent call last\)"
    r"|\{\s*\"error\"\s*:(?!\s*(?:null|\"\"|false))|\{\s*\"success\"\s*:\s*false)",
    re.IGNORECASE,
)
_LEADING = ("system", "developer", "user")


@dataclass(slots=True)
class Counts:
    """Sums over the items of one rollout.

    The lists hold texts: what the policy only read, its answers and calls that stood in the prompt (`earlier`), those
    of the output, its readable reasoning in both, and what tools gave.
    """

    n_items: int = 0
    n_turns: int = 0
    n_user_turns: int = 0
    n_calls: int = 0
    n_tool_errors: int = 0
    n_images: int = 0
    chars_prompt: int = 0
    chars_out: int = 0
    chars_reasoning: int = 0
    chars_tool: int = 0
    read: list[str] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    earlier_calls: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


def count(prompt: Sequence[Item], output: Sequence[Item]) -> Counts:
    """Return the sums over both sides of one rollout and their texts."""
    counts = Counts(n_items=len(prompt) + len(output))
    for item in prompt:
        kind = item.get("type") or "message"
        if kind == "message":
            _count_message(counts, item, in_output=False, leading=True)
        elif kind == "function_call":
            counts.earlier_calls.append(_call_text(item))
        else:
            _count_other(counts, item, kind)
    leading, is_turn_open = True, False
    for item in output:
        kind, is_answering = item.get("type") or "message", False
        leading = leading and item.get("role") in _LEADING
        if kind == "message":
            _count_message(counts, item, in_output=True, leading=leading)
            is_answering = item["role"] == "assistant"
        elif kind == "function_call":
            counts.n_calls += 1
            counts.chars_out += len(item["arguments"]) if isinstance(item.get("arguments"), str) else 0
            counts.calls.append(_call_text(item))
            is_answering = True
        else:
            _count_other(counts, item, kind)
            is_answering = kind == "reasoning"
        counts.n_turns += is_answering and not is_turn_open
        is_turn_open = is_answering
    return counts


def _count_message(counts: Counts, item: Item, *, in_output: bool, leading: bool) -> None:
    role, content = item["role"], item.get("content")
    if (text := only_text(content)) is None:
        text = "".join(texts_of(content))
        counts.n_images += _n_images(content)
    if reasoning := message_reasoning(item):
        counts.chars_reasoning += len(reasoning)
        counts.thoughts.append(reasoning)
    if role == "user":
        counts.n_user_turns += 1
    if role == "tool":
        _count_result(counts, text)
    elif role == "assistant":
        _count_answer(counts, item, text, in_output=in_output)
    else:
        counts.read.append(text)
        if leading or not in_output:
            counts.chars_prompt += len(text)


def _count_answer(counts: Counts, item: Item, text: str, *, in_output: bool) -> None:
    calls = item.get("tool_calls")
    calls = calls if isinstance(calls, list) else []
    said = [_call_text(function) for call in calls if (function := _function(call))]
    if in_output:
        counts.n_calls += len(calls)
        counts.chars_out += len(text)
        counts.answers.append(text)
        counts.calls += said
    else:
        counts.chars_prompt += len(text)
        counts.earlier.append(text)
        counts.earlier_calls += said


def _function(call: Any) -> Item | None:
    function = call.get("function") if isinstance(call, dict) else None
    return function if isinstance(function, dict) else None


def _call_text(call: Item) -> str:
    """Return the name and the arguments of a call as they are written, whatever they are."""
    arguments = call.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    return f"{call.get('name')}{arguments}"


def _count_other(counts: Counts, item: Item, kind: str) -> None:
    if kind == "function_call_output":
        output = item.get("output")
        counts.n_images += _n_images(output)
        _count_result(counts, output)
    elif kind == "reasoning":
        text = "".join(summaries(item, use_content=True))
        counts.chars_reasoning += len(text)
        if text:
            counts.thoughts.append(text)


def _n_images(content: Any) -> int:
    """Return how many images stand in a content, or in what a tool gave."""
    return list(map(kind_of, content)).count("image") if isinstance(content, list) else 0


def _count_result(counts: Counts, output: Any) -> None:
    text = output if isinstance(output, str) else "".join(texts_of(output))
    counts.chars_tool += len(text)
    counts.results.append(text)
    if _ERROR_TEXT.match(text):
        counts.n_tool_errors += 1
