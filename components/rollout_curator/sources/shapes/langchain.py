"""LangChain's messages: the type says the role, and what the provider gave besides stands in `additional_kwargs`.

{"type": "ai", "content": "", "tool_calls": [{"name": "f", "args": {}, "id": "1", "type": "tool_call"}],
"additional_kwargs": {}, "response_metadata": {}, ...} (langchain-core, `messages/base.py`, `message_to_dict` without
its envelope). Knows nothing of what the keys mean.
"""

from collections.abc import Mapping
from typing import Any

from rollout_curator.sources.shapes.calls import read_calls, read_json
from rollout_curator.sources.shapes.key_tracker import Notes, is_empty, is_same

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "function"}


def as_message(element: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a chat message of the same content, None for what is not of LangChain's."""
    role = _ROLES.get(element["type"]) if isinstance(element.get("type"), str) else None
    if role is None or "content" not in element or "role" in element:
        return None
    rest = {key: value for key, value in element.items() if key not in ("type", "additional_kwargs")}
    more = element.get("additional_kwargs")
    if not isinstance(more, dict):
        return {"role": role, **rest, **({} if more is None else {"additional_kwargs": more})}
    added = {key: value for key, value in more.items() if key not in rest or is_empty(rest[key])}
    left = {key: value for key, value in more.items() if key not in added and not _is_same(key, value, rest[key])}
    return {"role": role, **rest, **added, **({"additional_kwargs": left} if left else {})}


def _is_same(key: str, value: Any, other: Any) -> bool:
    """Whether the calls that stand in both places are the same; arguments are text in one of them."""
    notes = Notes()
    return key == "tool_calls" and is_same(_calls(value, notes), _calls(other, Notes())) and not notes.found


def _calls(value: Any, notes: Notes) -> Any:
    read = read_calls(value, notes)
    calls = read if isinstance(read, list) else [None]
    functions = [call.get("function") if isinstance(call, dict) else None for call in calls]
    return [
        (function.get("name"), read_json(function.get("arguments"))) if isinstance(function, dict) else object()
        for function in functions
    ]
