"""What stands in an example as a value and would not survive the loader of some trainers.

`datasets_values` says what that is. These issues are no part of a conversion: whether they matter depends on the
trainer and on the kind of file, which `recipe` knows.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from rollout_curator.conversation.datasets_values import HALF, has_half_pair, number_faults
from rollout_curator.rollout import Example, Message, Rollout

PLACES = frozenset({"arguments", "content", "tools"})
"""Where numbers stand in an example."""
DOUBTFUL = frozenset({"lone_surrogate", "escaped_surrogate"})
"""Notes of the reader without which no text of a line has half a surrogate pair."""


def loading_issues(made: Example, rollout: Rollout, places: frozenset[str] = PLACES) -> tuple[str, ...]:
    """Return the numbers in some places that would be changed, with their place, and halves of surrogate pairs.

    Instructions count as written, though `flat` can leave them out.
    """
    messages = made.messages or []
    found = dict.fromkeys(_in_messages(messages, places)) if places else {}
    if made.tools and "tools" in places:
        found |= dict.fromkeys(f"{fault}:tools" for fault in sorted(tool_faults(made.tools)))
    if is_doubtful(rollout) and any(map(_has_half, [*messages, made.tools, rollout.instructions])):
        found[HALF] = None
    return tuple(found)


def is_doubtful(rollout: Rollout) -> bool:
    """Say whether some text may have half a surrogate pair."""
    return not DOUBTFUL.isdisjoint(rollout.notes)


def tool_faults(tools: list[Any]) -> frozenset[str]:
    """Return what would become of the numbers in tools; those of many rollouts are the same and looked at once."""
    try:
        return _tool_faults(orjson.dumps(tools))
    except orjson.JSONEncodeError:
        return number_faults(tools)


@lru_cache(maxsize=256)
def _tool_faults(written: bytes) -> frozenset[str]:
    return number_faults(orjson.loads(written))


def _in_messages(messages: list[Message], places: frozenset[str]) -> Iterator[str]:
    for message in messages:
        if "tool_calls" in message and "arguments" in places:
            for call in message["tool_calls"]:
                if type(arguments := call["function"]["arguments"]) is dict:
                    yield from (f"{fault}:arguments" for fault in sorted(number_faults(arguments)))
        if type(message["content"]) is list and "content" in places:
            yield from (f"{fault}:content" for fault in sorted(number_faults(message["content"])))


def _has_half(value: Any) -> bool:
    """Whether half a pair stands in a message or in tools, or in arguments once their text is read."""
    if has_half_pair(value):
        return True
    calls = value.get("tool_calls", ()) if isinstance(value, dict) else ()
    return any(_is_half_in(call["function"]["arguments"]) for call in calls)


def _is_half_in(arguments: Any) -> bool:
    if not isinstance(arguments, str) or "\\u" not in arguments:
        return False
    try:
        return has_half_pair(json.loads(arguments))
    except (ValueError, RecursionError):
        return False
