"""The tools a rollout was offered, in whatever form: lists, JSON text, other names of the key, other names of a schema.

Sources of the forms: OpenAI `tools` (nested) and the older `functions`, Responses (flat), Anthropic `input_schema`, MCP
`inputSchema`, verifiers `tool_defs` and `info.oai_tools`, TRL and LLaMA-Factory files (JSON text).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollout_curator.sources.shapes.calls import read_json
from rollout_curator.sources.shapes.key_tracker import Notes, View, is_empty, is_same, note_unread

KEYS = ("tools", "tool_defs", "functions", "available_tools")
INFO_KEYS = ("tools", "oai_tools")
_FLAT_KEYS = frozenset({"type", "name", "description", "parameters", "strict"})
_NESTED_KEYS = frozenset({"type", "function"})
_SCHEMAS = ("parameters", "input_schema", "inputSchema")
_FUNCTIONS = (None, "function", "custom")


def read_tools(top: View, notes: Notes) -> Sequence[Any]:
    """Return the tools of a record, from the first key or system message that offers any; others are noted."""
    offers = [(f"line.{key}", top.take(key)) for key in KEYS]
    info = read_json(top.fields.get("info"))
    if isinstance(info, dict):
        offers += [(f"info.{key}", info.get(key)) for key in INFO_KEYS]
    return choose_tools(offers, notes)


def note_elsewhere(top: View, notes: Notes) -> None:
    """Note a list of tools under a key nobody knows, at the top of a record or one step below."""
    below = [(key, read_json(top.fields.get(key))) for key in ("info", *_BESIDE)]
    for where, fields in (("line", top.unread()), *below):
        for key, value in fields.items() if isinstance(fields, dict) else ():
            if ("tool" in key.lower() or "function" in key.lower()) and _offers_tools(read_json(value)):
                note_unread(notes, where, key, value, is_content=True)


def _offers_tools(value: Any) -> bool:
    """Whether a value describes tools, and does not just name or call them."""
    flat = map(_flat, read_list(value, Notes()) or ())
    return any(tool.get("description") or tool.get("parameters") for tool in flat)


_BESIDE = ("metadata", "extra_info", "extra")


def choose_tools(offers: Sequence[tuple[str, Any]], notes: Notes) -> Sequence[Any]:
    """Return the tools of the first offer that is not empty, those of system messages last.

    A later one that says the same is no loss.
    """
    chosen: Sequence[Any] | None = None
    is_first = True
    for where, value in (*offers, *(("message.tools", tools) for tools in notes.tools)):
        value = read_json(value)
        if is_empty(value):
            continue
        if is_first:
            is_first = False
            chosen = read_list(value, notes)
            if chosen is None:
                notes.add("unread_tools")
        elif chosen is None or not _is_same(read_list(value, Notes()), chosen):
            place, _, key = where.partition(".")
            note_unread(notes, place, key, value, is_content=True)
    return chosen or ()


def _is_same(tools: Sequence[Any] | None, others: Sequence[Any]) -> bool:
    """Whether two lists hold the same tools, nested or flat."""
    if tools is None or len(tools) != len(others):
        return False
    return all(is_same(_flat(one), _flat(other)) for one, other in zip(tools, others, strict=True))


def _flat(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    fields = function if isinstance(function, dict) else tool
    return {key: value for key, value in fields.items() if value is not None and key not in ("type", "strict")}


def read_list(value: Any, notes: Notes) -> list[Any] | None:
    """Return a list of tools each in a known form, None for what is no list of tools."""
    if isinstance(value, dict):
        value = _unwrapped(value, notes)
    if not isinstance(value, list):
        return None
    tools = [_tool(read_json(tool), notes) for tool in value]
    return None if any(tool is None for tool in tools) else tools


def _unwrapped(value: dict[str, Any], notes: Notes) -> list[Any]:
    """Return the list inside {"tools": [...]}, as MCP answers; any other object is one tool."""
    if not isinstance(value.get("tools"), list):
        return [value]
    view = View(value, "tool")
    tools: list[Any] = view.take("tools")
    view.report(notes)
    return tools


def _tool(tool: Any, notes: Notes) -> Any:
    """Return a tool whose schema stands under `parameters`; None for what cannot be one."""
    if not isinstance(tool, dict):
        return None
    kind = tool.get("type")
    if kind == "function" and tool.keys() <= _FLAT_KEYS and isinstance(tool.get("name"), str):
        return _with_schema(tool)  # nearly every one
    function = read_json(tool.get("function"))
    if isinstance(function, dict):
        return _nested(tool, function, notes)
    has_schema = any(isinstance(tool.get(key), dict | str) for key in _SCHEMAS)
    if kind not in _FUNCTIONS or (kind == "custom" and not has_schema):
        return tool if isinstance(kind, str) else None  # no function: the conversions leave it out, and say so
    if kind != "custom" and tool.keys() <= _FLAT_KEYS:
        return _with_schema(tool) if isinstance(tool.get("name"), str) else None
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
    place = next((key for key in _SCHEMAS if function.get(key) is not None), "parameters")
    if place != "parameters":
        rest = {key: value for key, value in function.items() if key not in (place, "parameters")}
        function = {**rest, "parameters": function[place]}
    function = _with_schema(function)
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
