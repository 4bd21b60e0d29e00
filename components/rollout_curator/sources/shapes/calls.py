"""Tool calls in every spelling, as OpenAI chat writes them; arguments and names stay as they were recorded.

OpenAI `tool_calls` (objects, JSON text of a list, a list of JSON texts) and the older `function_call`; flat
{name, arguments}; {function: "name", arguments}; {tool_call_id, function_name, arguments}; LangChain's `args`,
Anthropic's `input`, Llama's `parameters`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from rollout_curator.sources.shapes.key_tracker import Notes, View

_CALL_KEYS = frozenset({"id", "type", "function", "index"})
_FUNCTION_KEYS = frozenset({"name", "arguments"})
_ARGUMENTS = ("arguments", "args", "input", "parameters")
_LONG_NUMBER = re.compile(r"[0-9]{19}")
_NO_KIND = ("function", "tool_call", "tool_use")


def read_json(text: Any) -> Any:
    """Return the value of a text that is JSON, else what was given; big integers stay what they are."""
    if not isinstance(text, str):
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _read_strictly(text)
    return _read_strictly(text) if _LONG_NUMBER.search(text) else value


def _read_strictly(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_calls(value: Any, notes: Notes) -> Any:
    """Return the list of calls that `tool_calls` holds; what is no list of calls stays, and is refused later.

    Blank text and "null", as tables have them in every row, are no calls.
    """
    listed = read_json(value.strip() if isinstance(value, str) else value)
    if listed is None or listed == "":
        return []
    if isinstance(listed, dict):
        listed = [listed]
    return [read_call(call, notes) for call in listed] if isinstance(listed, list) else value


def read_call(call: Any, notes: Notes) -> Any:
    """Return one call as {id, type, function: {name, arguments}}; what is no call stays as it is."""
    call = read_json(call)
    if not isinstance(call, dict):
        return call
    function = call.get("function")
    if isinstance(function, dict) and call.keys() <= _CALL_KEYS and function.keys() <= _FUNCTION_KEYS:
        return call
    view = View(call, "call")
    call_id = view.take("call_id", "id", "tool_call_id", "tool_use_id")
    kind = view.take("type")
    if isinstance(kind, str) and kind not in _NO_KIND:
        return call  # refused as a whole
    left: dict[str, Any] = {}
    inner = view
    if isinstance(function, dict):
        view.take("function")
        inner = View(function, "call")
    made = {"name": inner.take("function", "name", "function_name"), "arguments": inner.take(*_ARGUMENTS)}
    if inner is not view:
        left = inner.report(notes)
    left |= view.report(notes)
    return {"id": call_id, "type": "function", "function": made, **({"unread": left} if left else {})}


def as_item(block: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Return a block that is a call as an item of its own, as the Responses API has it."""
    call = read_call({key: value for key, value in block.items() if key != "type"}, notes)
    function: Mapping[str, Any] = call["function"]
    made = {"type": "function_call", "name": function.get("name"), "arguments": function.get("arguments")}
    if call.get("id") is not None:
        made["call_id"] = call["id"]
    return made
