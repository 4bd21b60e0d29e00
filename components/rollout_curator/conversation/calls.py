"""Tool calls, their arguments, and the descriptions of tools, as OpenAI chat writes them (rules C3 and C9)."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from rollout_curator.conversation.encoding import fault_of, has_float, json_text
from rollout_curator.conversation.items import Findings
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Item, ToolCall
from rollout_curator.sources.shapes.key_tracker import label

_DEEP_TEXT = 200
_PLAIN = frozenset({str, int, bool, type(None)})


def response_call(item: Item, options: ChatOptions, findings: Findings) -> ToolCall | None:
    """Return the call that a Responses function_call makes."""
    call_id = item.get("call_id")
    if not isinstance(call_id, str):
        call_id = item.get("id")
    return _call(call_id, item.get("name"), item.get("arguments"), options, findings)


def message_calls(item: Item, options: ChatOptions, findings: Findings) -> list[ToolCall]:
    """Return the calls that a chat-shaped assistant message carries."""
    raw = item.get("tool_calls")
    calls: list[Any] = list(raw) if isinstance(raw, list) else []
    if raw is not None and not isinstance(raw, list):
        findings.refuse("bad_tool_call")
    if item.get("function_call") is not None:
        calls.append({"function": item["function_call"]})
    made = (_message_call(call, options, findings) for call in calls)
    return [call for call in made if call is not None]


def _message_call(call: Any, options: ChatOptions, findings: Findings) -> ToolCall | None:
    if not isinstance(call, dict):
        findings.refuse("bad_tool_call")
        return None
    kind = call.get("type")
    if isinstance(kind, str) and kind not in ("function", "tool_call"):
        findings.refuse(f"unsupported_item:{label(kind)}")
        return None
    function = call.get("function")
    if isinstance(function, dict):
        return _call(call.get("id"), function.get("name"), function.get("arguments"), options, findings)
    name = function if isinstance(function, str) else call.get("name")
    return _call(call.get("id"), name, call.get("arguments"), options, findings)


def _call(call_id: Any, name: Any, arguments: Any, options: ChatOptions, findings: Findings) -> ToolCall | None:
    if not isinstance(name, str) or not name:
        findings.refuse("bad_tool_call")
        return None
    return {
        "id": read_call_id(call_id, findings),
        "type": "function",
        "function": {"name": name, "arguments": _arguments(arguments, options, findings)},
    }


def read_call_id(value: Any, findings: Findings) -> str:
    """Return the id that joins a call and its result; "" when there is none, which then pairs by order."""
    if isinstance(value, str) and value:
        return value
    findings.note("missing_call_id")
    return ""


def _arguments(value: Any, options: ChatOptions, findings: Findings) -> Any:
    """Return arguments as an object or as text; what is not a JSON object stays text and is noted (C3)."""
    wants_object = options.arguments == "object"
    if options.empty_arguments == "object" and _is_blank(value):
        findings.note("empty_arguments")
        return {} if wants_object else "{}"
    if isinstance(value, str):
        if not wants_object:
            return value
        parsed = parse_arguments(value)
        if parsed is None:
            findings.note("bad_tool_args")
            return value
        return parsed
    fault = fault_of(value)
    if fault is not None:
        findings.refuse(fault)
        return ""
    if value is None:
        value = {}
        findings.note("bad_tool_args")
    elif not isinstance(value, dict):
        findings.note("bad_tool_args")
    return value if wants_object and isinstance(value, dict) else json_text(value)


def _is_blank(value: Any) -> bool:
    """Whether a call gives no arguments, in any of the ways writers say so."""
    return value is None or (isinstance(value, str) and value.strip() in ("", "null"))


def parse_arguments(text: str) -> dict[str, Any] | None:
    """Return the object that argument text holds, or None when it holds no JSON object.

    Integers beyond 64 bits stay what they are; numbers that overflow, NaN and excessive nesting count as no JSON.
    """
    try:
        parsed = orjson.loads(text)
    except ValueError:
        return _parse_strictly(text)
    if not isinstance(parsed, dict):
        return None
    if _PLAIN.issuperset(map(type, parsed.values())):
        return parsed
    is_doubtful = text.count("{") + text.count("[") > _DEEP_TEXT or has_float(parsed)
    return _parse_strictly(text) if is_doubtful else parsed


def _parse_strictly(text: str) -> dict[str, Any] | None:
    """Let json read what orjson refuses (lone surrogates) or would change (integers over 64 bits)."""
    try:
        parsed = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) and fault_of(parsed) is None else None


def _refuse_constant(literal: str) -> float:
    raise ValueError(f"{literal} is not JSON")


def nest_tools(tools: Sequence[Any], options: ChatOptions, findings: Findings) -> list[dict[str, Any]] | None:
    """Return the tools as chat describes them, or None when there are none (C9)."""
    if not isinstance(tools, list | tuple) or not tools:
        return None
    nested = [tool for tool in _nested(tools, options, findings) if tool is not None]
    if nested and (fault := fault_of(nested)):
        findings.refuse(fault)
    return nested or None


def _nested(tools: Sequence[Any], options: ChatOptions, findings: Findings) -> Iterable[dict[str, Any] | None]:
    for tool in tools:
        nested = _nest(tool, options) if isinstance(tool, dict) else None
        if nested is None:
            findings.note(f"dropped_tool:{label(tool.get('type') if isinstance(tool, dict) else None)}")
            findings.leave_out("tools")
        yield nested


def _nest(tool: dict[str, Any], options: ChatOptions) -> dict[str, Any] | None:
    if tool.get("type", "function") != "function":
        return None
    function = tool.get("function")
    if isinstance(function, dict):
        return tool if "type" in tool else {"type": "function", **tool}
    if not isinstance(tool.get("name"), str):
        return None
    keys = (
        ("name", "description", "parameters", "strict")
        if options.keep_strict
        else ("name", "description", "parameters")
    )
    return {"type": "function", "function": {key: tool[key] for key in keys if tool.get(key) is not None}}
