"""Records of frameworks that have no reader here yet, and records that are no rollouts: named, and never misread.

Their keys look like chat or pairs; read as such they would lose tool calls, train on tool results, or take a preference
for an attempt. Each is a named problem until a reader of its own exists: verifiers v0 (`save_utils.py`), TRL's tables
of completions, Inspect (`EvalSample`), tau2-bench (`SimulationRun`), mini-swe-agent, Gemini CLI, ART.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rollout_curator.rollout import Unreadable

_VERIFIERS = ("generation_ms", "timing", "metrics", "is_completed", "tool_defs", "task")


@dataclass(frozen=True, slots=True)
class Named:
    """What a record is, in words, and how its keys show it; `is_rollout` says that a reader could be written."""

    title: str
    claims: Callable[[Mapping[str, Any]], bool]
    is_rollout: bool = True


def _has(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda fields: all(name in fields for name in names)


def _is_verifiers(fields: Mapping[str, Any]) -> bool:
    """Whether it is a row of verifiers' results.jsonl; those of a prompt search have no completion."""
    is_row = "completion" in fields and ("example_id" in fields or "id" in fields)
    is_search = "example_id" in fields and "prompt" in fields
    return (is_row or is_search) and any(name in fields for name in _VERIFIERS)


NAMED = (
    Named("a verifiers result", _is_verifiers),
    Named("a completion logged by TRL", _has("advantage", "step")),
    Named("an Inspect sample", _has("scores", "epoch")),
    Named("a tau2 simulation", _has("reward_info", "termination_reason")),
    Named("a mini-swe-agent trajectory", _has("trajectory_format")),
    Named("a Gemini CLI session", _has("sessionId", "projectHash")),
    Named("an ART trajectory", lambda fields: "messages_and_choices" in fields or "trajectory_json" in fields),
    Named("an ART trajectory", _has("group_index", "trajectory_index")),
    Named("a preference pair", _has("chosen", "rejected"), is_rollout=False),
)


def name_record(fields: Mapping[str, Any]) -> Unreadable | None:
    """Return what a record of a known framework is, None for any other."""
    for row in NAMED:
        if row.claims(fields):
            if row.is_rollout:
                return Unreadable("not_read_yet", f"{row.title}: not read yet")
            return Unreadable("preference_pair", f"{row.title}, not a rollout")
    return None
