"""What surrounds a conversation: settings of its chat template, system text beside it, a history that was rewritten.

NeMo Gym carries `chat_template_kwargs` in the metadata of a request (as JSON text), others at the top of the line.
Its agents with context compaction write `rollout_trace_contract` with events, or several `training_traces`: then the
model never saw the conversation that the line shows.
"""

from collections.abc import Mapping
from typing import Any

from rollout_curator.shapes.calls import read_json
from rollout_curator.shapes.view import is_empty

SYSTEM_KEYS = ("system", "system_prompt")
_REWRITES = ("rewrit", "compact", "summar", "truncat", "evict")


def template_kwargs(*places: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the chat template that a rollout was sampled with."""
    for place in places:
        found = read_json(place.get("chat_template_kwargs"))
        if isinstance(found, dict) and found:
            return found
        if isinstance(place.get("enable_thinking"), bool):
            return {"enable_thinking": place["enable_thinking"]}
    return {}


def is_compacted(line: Mapping[str, Any]) -> bool:
    """Whether the history was rewritten on the way, so that no single conversation was ever seen whole."""
    traces = line.get("training_traces")
    if isinstance(traces, list) and len(traces) > 1:
        return True
    return _has_rewrite(line.get("rollout_trace_contract"))


def _has_rewrite(value: Any, key: str = "") -> bool:
    """Whether an event of a trace contract says that history was rewritten."""
    if isinstance(value, dict):
        return any(_has_rewrite(inner, name) for name, inner in value.items())
    is_event = any(word in key.lower() for word in _REWRITES)
    if isinstance(value, list):
        return (is_event and not is_empty(value)) or any(_has_rewrite(inner, key) for inner in value)
    if isinstance(value, str):
        return key in ("type", "kind", "event", "event_type", "reason", "name", "action") and any(
            word in value.lower() for word in _REWRITES
        )
    return is_event and type(value) is int and value > 0


def system_text(line: Mapping[str, Any]) -> str:
    """Return the system text that stands beside the messages, empty where there is none."""
    return next((line[key] for key in SYSTEM_KEYS if isinstance(line.get(key), str) and line[key]), "")
