"""Which rollouts are regular: all that conversions say of one follows from how many items of each kind it has.

Regular is a prompt of texts and an output in which every call is answered before the next step, ending in an answer,
as nearly every line has it. What is said of regular rollouts only the conversions know: `smallest` makes one to ask
them.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import orjson

from rollout_curator.conversation.calls import nest_tools, parse_arguments
from rollout_curator.conversation.datasets_issues import DOUBTFUL, tool_faults
from rollout_curator.conversation.datasets_values import number_faults
from rollout_curator.conversation.items import Findings, Opened, summaries
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.conversation.tool_schemas import fit, schemas_of
from rollout_curator.rollout import Item, Rollout
from rollout_curator.sources.shapes.parts import texts_of

_CHAT = ChatOptions()
_ASKS = frozenset({"user", "system", "developer"})
_DOUBTFUL = DOUBTFUL | {"non_finite_number"}
_ITEMS: dict[str, Item] = {
    "message": {"type": "message", "role": "assistant", "content": "4"},
    "reasoning": {"type": "reasoning", "summary": "why"},
    "function_call": {"type": "function_call", "call_id": "a", "name": "add", "arguments": "{}"},
    "function_call_output": {"type": "function_call_output", "call_id": "a", "output": "4"},
}
_AGAIN = ("function_call", "function_call_output", "message")


def kinds_of(opened: Opened) -> dict[str, int] | None:
    """Return how many items of each kind the output of a regular rollout has, thoughts one by one; None of any other.

    Kinds are in the order of their first items.
    """
    rollout = opened.rollout
    if not rollout.is_plain or rollout.marked or opened.skip is not None or opened.notes:
        return None
    if rollout.truncated or rollout.template_kwargs or not _DOUBTFUL.isdisjoint(rollout.notes):
        return None
    roles = {item.get("role") for item in opened.prompt}
    if "user" not in roles or not roles <= _ASKS:
        return None
    calls: list[tuple[str, Any]] = []
    kinds = _walk(opened.output, calls)
    return kinds if kinds is not None and _fits_tools(calls, rollout.tools) else None


def smallest(kinds: Collection[str], *, is_joined: bool, has_tools: bool, has_instructions: bool) -> Rollout:
    """Return a regular rollout with few items of these kinds, first in this order; `is_joined` adds a second answer.

    Answers are of different steps, so a call and its result stand between them.
    """
    output = [_ITEMS[kind] for kind in (*kinds, *(_AGAIN if is_joined else ()))]
    tools = [{"type": "function", "name": "add"}] if has_tools else []
    return Rollout("", "2+2?", output, 1.0, instructions="Add." if has_instructions else None, tools=tools)


def _fits_tools(calls: list[tuple[str, Any]], tools: Any) -> bool:
    """Whether nothing is to be said of the tools, and of the calls against them."""
    try:
        schemas = _schemas(orjson.dumps(tools)) if tools else {}
    except orjson.JSONEncodeError:
        schemas = _schemas_of(tools)
    return schemas is not None and fit(calls, schemas)


@lru_cache(maxsize=256)
def _schemas(written: bytes) -> dict[Any, Any] | None:
    """Return the schemas of tools; those of many rollouts are the same and looked at once."""
    return _schemas_of(orjson.loads(written))


def _schemas_of(tools: Any) -> dict[Any, Any] | None:
    """Return the schema of each tool by its name, None where something is to be said of the tools."""
    findings = Findings()
    nested = nest_tools(tools, _CHAT, findings)
    is_told = bool(findings.issues) or findings.skip is not None or bool(nested and tool_faults(nested))
    return None if is_told else schemas_of(nested)


def _walk(output: list[Item], calls: list[tuple[str, Any]]) -> dict[str, int] | None:
    """Follow plain items from step to step: reasoning, text and calls, then a result for each call."""
    kinds: dict[str, int] = {}
    waiting: set[str] = set()
    has_calls = has_text = is_answering = False
    for item in output:
        kind = item.get("type") or "message"
        n = 1
        if kind == "function_call_output":
            if not isinstance(item["call_id"], str) or item["call_id"] not in waiting:
                return None
            waiting.remove(item["call_id"])
            has_calls = has_text = is_answering = False
        elif waiting and not is_answering:
            return None
        else:
            is_answering = True
            if kind == "message":
                if has_calls or has_text or not _is_answer(item):
                    return None
                has_text = True
            elif kind == "function_call":
                arguments = _arguments(item)
                if arguments is None or item["call_id"] in waiting:
                    return None
                calls.append((item["name"], arguments))
                waiting.add(item["call_id"])
                has_calls = True
            elif not (n := len(summaries(item, use_content=False))):
                return None
        kinds[kind] = kinds.get(kind, 0) + n
    return kinds if has_text and not has_calls else None


def _arguments(item: Item) -> dict[str, Any] | None:
    """Return the arguments of a regular call, None where anything about it is odd."""
    call_id, name, arguments = item["call_id"], item.get("name"), item.get("arguments")
    if not (isinstance(call_id, str) and isinstance(name, str) and name and isinstance(arguments, str)):
        return None
    parsed = parse_arguments(arguments)
    return None if parsed is None or number_faults(parsed) else parsed


def _is_answer(item: Item) -> bool:
    texts = texts_of(item.get("content"))
    return item["role"] == "assistant" and bool(texts) and not all(map(str.isspace, texts))
