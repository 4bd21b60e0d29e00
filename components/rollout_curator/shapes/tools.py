"""The tools a rollout was offered, in whatever form: lists, JSON text, other names of the key, other names of a schema.

Sources of the forms: OpenAI `tools` (nested) and the older `functions`, Responses (flat), Anthropic `input_schema`, MCP
`inputSchema`, verifiers `tool_defs` and `info.oai_tools`, TRL and LLaMA-Factory files (JSON text).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollout_curator.shapes.calls import read_json
from rollout_curator.shapes.view import Notes, View, is_empty, note_unread

KEYS = ("tools", "tool_defs", "functions", "available_tools")
INFO_KEYS = ("tools", "oai_tools")
_FLAT_KEYS = frozenset({"type", "name", "description", "parameters", "strict"})
_NESTED_KEYS = frozenset({"type", "function"})
_SCHEMAS = ("parameters", "input_schema", "inputSchema")
_FUNCTIONS = (None, "function", "custom")


def read_tools(top: View, messages: Any, notes: Notes) -> Sequence[Any]:
    """Return the tools of a record, from the first key that offers any; others that differ are told."""
    offers = [(f"line.{key}", top.take(key)) for key in KEYS]
    info = read_json(top.fields.get("info"))
    if isinstance(info, str):
        note_unread(notes, "line", "info", info)
    elif isinstance(info, dict):
        offers += [(f"info.{key}", info.get(key)) for key in INFO_KEYS]
    if isinstance(messages, list) and messages and isinstance(messages[0], Mapping):
        offers.append(("message.tools", messages[0].get("tools")))
    return choose_tools([(where, value) for where, value in offers if value is not None], notes)


def choose_tools(offers: Sequence[tuple[str, Any]], notes: Notes) -> Sequence[Any]:
    """Return the tools of the first offer that is not empty."""
    chosen: Sequence[Any] = ()
    first: Any = None
    for where, value in offers:
        value = read_json(value)
        if is_empty(value):
            continue
        if first is not None:
            if value != first:
                place, _, key = where.partition(".")
                note_unread(notes, place, key, value, is_content=True)
            continue
        first = value
        tools = read_list(value, notes)
        if tools is None:
            notes.add("unread_tools")
        else:
            chosen = tools
    return chosen


def read_list(value: Any, notes: Notes) -> list[Any] | None:
    """Return a list of tools each in a known form, None for what is no list of tools."""
    if isinstance(value, dict):
        value = value["tools"] if isinstance(value.get("tools"), list) else [value]
    if not isinstance(value, list):
        return None
    tools = [_tool(read_json(tool), notes) for tool in value]
    return None if any(tool is None for tool in tools) else tools


def _tool(tool: Any, notes: Notes) -> Any:
    """Return a tool whose schema stands under `parameters`; None for what cannot be one."""
    if not isinstance(tool, dict):
        return None
    function = read_json(tool.get("function"))
    if isinstance(function, dict):
        return _nested(tool, function, notes)
    if tool.keys() <= _FLAT_KEYS or tool.get("type") not in _FUNCTIONS:
        return _with_schema(tool) if isinstance(tool.get("type") or tool.get("name"), str) else None
    view = View(tool, "tool")
    view.take("type", "strict")
    view.take("strict")
    made = {"name": view.take("name"), "description": view.take("description"), "parameters": view.take(*_SCHEMAS)}
    if not isinstance(made["name"], str):
        return None
    view.report(notes)
    return _with_schema({"type": "function", **{key: value for key, value in made.items() if value is not None}})


def _nested(tool: dict[str, Any], function: dict[str, Any], notes: Notes) -> dict[str, Any] | None:
    if not isinstance(function.get("name"), str):
        return None
    if "parameters" not in function or isinstance(function["parameters"], str):
        schema = next((function[key] for key in _SCHEMAS if function.get(key) is not None), None)
        rest = {key: value for key, value in function.items() if key not in _SCHEMAS}
        function = _with_schema(rest if schema is None else {**rest, "parameters": schema})
    if tool.keys() <= _NESTED_KEYS:
        return tool if function is tool.get("function") else {**tool, "function": function}
    view = View(tool, "tool")
    view.take("type")
    view.take("function")
    view.take("strict")
    view.report(notes)
    return {"type": "function", "function": function}


def _with_schema(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool whose schema, if it was JSON text, is an object."""
    schema = tool.get("parameters")
    return {**tool, "parameters": read_json(schema)} if isinstance(schema, str) else tool
