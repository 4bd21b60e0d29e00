"""What surrounds a conversation: settings of its chat template, system text beside it, a history that was rewritten.

NeMo Gym carries `chat_template_kwargs` in the metadata of a request (as JSON text), others at the top of the line.
Its agents with context compaction write `rollout_trace_contract` with events, or several `training_traces`: then the
model never saw the conversation that the line shows.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from rollout_curator.sources.shapes.calls import read_json
from rollout_curator.sources.shapes.key_tracker import Notes, is_empty, note_unread
from rollout_curator.sources.shapes.loss_marks import as_mark

SYSTEM_KEYS = ("system", "system_prompt", "system_message")
_SETTINGS = frozenset({"chat_template_kwargs", "enable_thinking"})
_MAY_HOLD = _SETTINGS | {"extra_body"}
_EVENT_KEYS = ("type", "kind", "event", "event_type", "reason", "name", "action", "op")
_REWRITES = ("rewrit", "compact", "summar", "truncat", "evict")


def template_kwargs(notes: Notes, *places: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the chat template that a rollout was sampled with; what cannot be read is noted."""
    asked = [place for place in places if not _MAY_HOLD.isdisjoint(place)]  # nearly always none
    for place in chain.from_iterable(map(_with_extra_body, asked)):
        found = read_json(place.get("chat_template_kwargs"))
        if isinstance(found, dict) and found:
            return found
        if not is_empty(found):
            note_unread(notes, "line", "chat_template_kwargs", found)
        switch = place.get("enable_thinking")
        if (is_on := as_mark(switch)) is not None:
            return {"enable_thinking": is_on}
        if not is_empty(switch):
            note_unread(notes, "line", "enable_thinking", switch)
    return {}


def _with_extra_body(place: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a place, and what clients of vLLM send beside a request, also as JSON text."""
    yield place
    if "extra_body" in place and isinstance(extra := read_json(place["extra_body"]), dict):
        yield extra


def is_compacted(line: Mapping[str, Any]) -> bool:
    """Whether the history was rewritten on the way, so that no single conversation was ever seen whole."""
    traces = line.get("training_traces")
    if isinstance(traces, list) and len(traces) > 1:
        return True
    return "rollout_trace_contract" in line and _has_rewrite(line["rollout_trace_contract"])


def _has_rewrite(contract: Any) -> bool:
    """Whether anything in a trace contract says that history was rewritten: a count, a flag, a list or an event."""
    pending = [("", contract)]
    while pending:
        key, value = pending.pop()
        is_event = any(word in key.lower() for word in _REWRITES)
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, list):
            if is_event and not is_empty(value):
                return True
            pending += [(key, inner) for inner in value]
        elif isinstance(value, str):
            if key in _EVENT_KEYS and any(word in value.lower() for word in _REWRITES):
                return True
        elif is_event and isinstance(value, bool | int) and value > 0:
            return True
    return False
