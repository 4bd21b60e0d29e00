"""What trainers refuse, said again from their sources and without this project's code: for tests on exported files."""

import json
from pathlib import Path
from typing import Any

ROLES = {"system", "user", "assistant", "tool"}


def nemo_rl_accepts_file(path: Path) -> str | None:
    """Return why NeMo RL would not load the file, or None; it reads every line, so one bad row is enough.

    NVIDIA-NeMo/RL `oai_format_dataset.py`, `use_preserving_dataset: true`: text mode, one `json.loads` a line.
    """
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                reason = nemo_rl_accepts(json.loads(line, parse_constant=_refuse_constant))
            except ValueError as error:
                return f"line {number}: not JSON: {error}"
            if reason:
                return f"line {number}: {reason}"
    return None


def nemo_rl_accepts(row: Any) -> str | None:
    """Return why NeMo RL would refuse `row` or train on nonsense; None when it accepts."""
    messages = row.get("messages") if isinstance(row, dict) else None
    if not isinstance(messages, list) or not messages:
        return "messages is missing or empty"
    for index, message in enumerate(messages):
        if reason := _message_fault(message):
            return f"messages[{index}]: {reason}"
    last = messages[-1]
    if last["role"] != "assistant":
        return f"the last message is of {last['role']}, not of assistant"
    if not last.get("content") and not last.get("tool_calls") and not last.get("reasoning_content"):
        return "the last message is empty"
    return _tools_fault(row.get("tools"))


def _message_fault(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return "not an object with a role that templates know"
    calls = message.get("tool_calls")
    if message.get("content") is None and not calls:
        return "content is missing and there are no tool calls"
    if not isinstance(message.get("content"), str | None):
        return "content is not a string"
    if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
        return "a tool message without tool_call_id"
    if "tool_calls" in message and (not isinstance(calls, list) or not calls or message["role"] != "assistant"):
        return "tool_calls is empty, not a list, or not of assistant"
    return next(filter(None, map(_call_fault, calls or [])), None)


def _call_fault(call: Any) -> str | None:
    function = call.get("function") if isinstance(call, dict) and call.get("type") == "function" else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return "a tool call that is not {type: function, function: {name, arguments}}"
    if not isinstance(function.get("arguments"), dict):
        return f"arguments of {function['name']} are not an object"
    return None


def _tools_fault(tools: Any) -> str | None:
    if tools is None:
        return None
    if not isinstance(tools, list) or not tools:
        return "tools is not a list of tools"
    for tool in tools:
        nested = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(nested, dict) or not isinstance(nested.get("name"), str):
            return "a tool that is not {type: function, function: {name, ...}}"
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
