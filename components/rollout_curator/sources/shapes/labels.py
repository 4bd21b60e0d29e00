"""What a line says beside its conversation: task, attempt, agent, model, tokens and other numbers.

Read at the top of the line, in its `response` and in its request (`responses_create_params`). The keys are those of
NeMo Gym (`agent_ref`, `_ng_task_index`, `_ng_rollout_index`, `response.usage`) and the ids that generic files use.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypedDict

from rollout_curator.rollout import NO_USAGE, Usage
from rollout_curator.words import COMPONENT

_INDEX_MAX = 2**62
_TOKENS_MAX = 2**50
_TASK_NAMES = ("task_id", "instance_id", "id", "uuid", "problem_id", "question_id")
_NOT_FACETS = re.compile(
    r"^_ng_|(^|_)(idx|index|seed)$|^reward$|^(task_id|id|uuid|problem_id|question_id|instance_id)$"
)


class Labels(TypedDict):
    """What a rollout is labelled with, under the names of the fields of `Rollout`."""

    task: str
    attempt: int
    agent: str
    model: str
    usage: Usage
    facets: Mapping[str, float]


def read_labels(line: Mapping[str, Any]) -> Labels:
    """Return what the keys of a line say of its rollout; anything of another type than expected says nothing."""
    response, params = as_object(line.get("response")), as_object(line.get("responses_create_params"))
    model = response.get("model") or params.get("model") or line.get("model")
    return {
        "task": _task(line),
        "attempt": _count(line.get("_ng_rollout_index"), _INDEX_MAX, -1),
        "agent": _agent(line),
        "model": model if isinstance(model, str) else "",
        "usage": _usage(as_object(response.get("usage"))),
        "facets": read_facets(line),
    }


def as_object(value: Any) -> Mapping[str, Any]:
    """Return a value that is a JSON object, an empty one for any other."""
    return value if isinstance(value, dict) else {}


def has_token_ids(output: Any) -> bool:
    """Whether an item of an output, or of a list in it, carries the ids of the tokens that were sampled."""
    for item in output if isinstance(output, list) else ():
        if type(item) is dict:  # as nearly all are
            if item.get("generation_token_ids"):
                return True
        elif isinstance(item, list) and any(isinstance(one, dict) and one.get("generation_token_ids") for one in item):
            return True
    return False


def read_facets(line: Mapping[str, Any]) -> dict[str, float]:
    """Return every top-level number and boolean that is not an index, and the parts of `reward_components`.

    Booleans stay booleans, so that the index knows which facets are never anything else.
    """
    found: dict[str, float] = {}
    for name, value in line.items():
        if isinstance(value, int | float) and _is_facet_name(name):
            found[name] = value if isinstance(value, bool) else _as_float(value)
    for name, value in as_object(line["reward_components"]).items() if "reward_components" in line else ():
        if isinstance(value, int | float):
            found.setdefault(f"{COMPONENT}{name}", value if isinstance(value, bool) else _as_float(value))
    return found


@lru_cache(maxsize=4096)
def _is_facet_name(name: str) -> bool:
    return not _NOT_FACETS.search(name)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def _agent(line: Mapping[str, Any]) -> str:
    reference = line.get("agent_ref")
    name = reference.get("name") if isinstance(reference, dict) else line.get("agent")
    return name if isinstance(name, str) else ""


def _task(line: Mapping[str, Any]) -> str:
    """Return the name that the line gives its task: its index, else its id, empty for none."""
    index = line.get("_ng_task_index", line.get("task_idx"))
    if index is not None:
        return _text(index)
    for name in _TASK_NAMES:
        if isinstance(value := line.get(name), str | int) and not isinstance(value, bool) and value != "":
            return _text(value)
    return ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else json.dumps(value, separators=(",", ":"))


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Return prompt and generated tokens, in the spelling of Responses or of chat completions."""
    if not usage:
        return NO_USAGE
    sent = usage.get("input_tokens", usage.get("prompt_tokens"))
    generated = usage.get("output_tokens", usage.get("completion_tokens"))
    return Usage(_count(sent, _TOKENS_MAX, None), _count(generated, _TOKENS_MAX, None))


def _count(value: Any, most: int, missing: Any) -> Any:
    """Return a whole number from 0 to below `most`, `missing` for anything else."""
    return value if type(value) is int and 0 <= value < most else missing
