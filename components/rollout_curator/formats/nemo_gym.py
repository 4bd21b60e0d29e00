"""Rollouts as NVIDIA NeMo Gym writes them (nemo-gym 0.2 to 0.7, `nemo_gym/rollout_collection.py`).

One line: {"responses_create_params": {"input": [...], "tools": [...]}, "response": {"output": [...]}, "reward": 1.0}.
The SFT guide describes `output` at the top level instead of `response.output`; both are read (N6).
Materialized inputs, reward profiles and failure sidecars lie beside rollouts and are named as what they are.
"""

from typing import Any

from rollout_curator.formats.base import Fields, Format, read_reward
from rollout_curator.rollout import Rollout, Unreadable


def claims(fields: Fields) -> bool:
    """Whether the object is a rollout of NeMo Gym or one of the files NeMo Gym lays beside it."""
    return (
        "responses_create_params" in fields
        or "_ng_failure_class" in fields
        or "mean/reward" in fields
        or (isinstance(fields.get("response"), dict) and "output" in fields["response"])
    )


def read(fields: Fields) -> Rollout | Unreadable:
    """Return the rollout; one without prompt or answer is kept and marked unusable (N7)."""
    if "_ng_failure_class" in fields:
        return Unreadable("failure_record", f"a failure record ({_short(fields['_ng_failure_class'])}), not a rollout")
    if "mean/reward" in fields:
        return Unreadable("reward_profile", "a reward profile of a task, not a rollout")
    if not {"reward", "response", "output"} & fields.keys():
        return Unreadable("materialized_input", "a materialized input: the task, without response and reward")
    has_params = isinstance(fields.get("responses_create_params"), dict)
    params = fields["responses_create_params"] if has_params else {}
    response = fields["response"] if isinstance(fields.get("response"), dict) else {}
    output = response["output"] if "output" in response else fields.get("output")
    reward = read_reward(fields, "reward")
    instructions, tools = params.get("instructions"), params.get("tools")
    return Rollout(
        format="nemo_gym",
        prompt=params.get("input"),
        output=output,
        reward=reward.value,
        instructions=instructions if isinstance(instructions, str) and instructions else None,
        tools=tools if isinstance(tools, list) else (),
        notes=(reward.note,) if reward.note else (),
        truncated=_truncated(response),
        unusable=_unusable(has_params, "output" in response or "output" in fields, output),
        fields=fields,
    )


def _unusable(has_params: bool, has_output: bool, output: Any) -> str | None:
    if not has_params:
        return "no_params"
    if not has_output or not isinstance(output, list | None):
        return "no_response"
    return None if output else "empty_output"


def _truncated(response: Fields) -> str | None:
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return _short(reason) if reason else None


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, str | int | float) else "unknown"
    return text[:60].encode("utf-8", "backslashreplace").decode()


NEMO_GYM = Format("nemo_gym", "NeMo Gym rollout", 10, claims, read)
