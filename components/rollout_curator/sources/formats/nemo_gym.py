"""Rollouts as NVIDIA NeMo Gym writes them (nemo-gym 0.2 to 0.7, `nemo_gym/rollout_collection.py`).

One line: {"responses_create_params": {"input": [...], "tools": [...]}, "response": {"output": [...]}, "reward": 1.0}.
The SFT guide describes `output` at the top level instead of `response.output`; both are read (N6).
Materialized inputs, reward profiles and failure sidecars lie beside rollouts and are named as what they are.
"""

from typing import Any

from rollout_curator.rollout import Rollout, Unreadable
from rollout_curator.sources.formats.base import Fields, Format, read_reward
from rollout_curator.sources.shapes.call_matching import pair_by_order
from rollout_curator.sources.shapes.chat_settings import is_compacted, template_kwargs
from rollout_curator.sources.shapes.finish_reason import read_ending, short
from rollout_curator.sources.shapes.key_tracker import Notes, is_copy, is_empty, note_unread, texts_in
from rollout_curator.sources.shapes.labels import as_object, has_token_ids, read_labels
from rollout_curator.sources.shapes.messages import read_sequence
from rollout_curator.sources.shapes.tools import choose_tools

_ELSEWHERE = ("prompt", "previous_response_id")
"""Request parameters that bring in conversation which the line does not hold."""


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
        return Unreadable("failure_record", f"failure record ({short(fields['_ng_failure_class'])}), not a rollout")
    if "mean/reward" in fields:
        return Unreadable("reward_profile", "a reward profile of a task, not a rollout")
    if not {"reward", "response", "output"} & fields.keys():
        return Unreadable("materialized_input", "task input only (materialized input): no response, no reward")
    notes = Notes()
    has_params = isinstance(fields.get("responses_create_params"), dict)
    params, response = as_object(fields.get("responses_create_params")), as_object(fields.get("response"))
    output = response["output"] if "output" in response else fields.get("output")
    reward = read_reward(fields, "reward")
    instructions, ending = params.get("instructions"), read_ending(fields)
    given, answered = pair_by_order(read_sequence(params.get("input"), notes), read_sequence(output, notes), notes)
    _note_elsewhere(fields, params, response, [given, answered], notes)
    settings = template_kwargs(notes, params, as_object(params.get("metadata")), fields)
    tools = choose_tools([("params.tools", params.get("tools"))], notes)
    return Rollout(
        format="nemo_gym",
        prompt=given,
        output=answered,
        reward=reward.value,
        instructions=instructions if isinstance(instructions, str) and instructions else None,
        tools=tools,
        notes=(*((reward.note,) if reward.note else ()), *notes.found),
        truncated=ending.cut,
        unusable=_unusable(has_params, "output" in response or "output" in fields, output),
        invalid=ending.invalid,
        template_kwargs=settings,
        is_plain=notes.is_plain,
        finish=ending.finish,
        flags=_flags(params, answered),
        **read_labels(fields),
    )


def _note_elsewhere(fields: Fields, params: Fields, response: Fields, read: Any, notes: Notes) -> None:
    """Note conversation that the line has in other places, or only points at."""
    instructions = params.get("instructions")
    if instructions is not None and not isinstance(instructions, str) and not is_empty(instructions):
        note_unread(notes, "params", "instructions", instructions, is_content=True)
    for key in _ELSEWHERE:
        if params.get(key) is not None and not is_empty(params[key]):
            note_unread(notes, "params", key, params[key], is_content=True)
    if isinstance(sound := as_object(params.get("metadata")).get("audio_url"), str) and sound:
        note_unread(notes, "metadata", "audio_url", sound, is_content=True)
    other = fields.get("output") if "output" in response else None
    if other is not None and not is_empty(other) and not is_copy(other, "\n".join(texts_in(read))):
        note_unread(notes, "line", "output", other, is_content=True)
    if is_compacted(fields):
        notes.add("context_compacted")


def _unusable(has_params: bool, has_output: bool, output: Any) -> str | None:
    if not has_params:
        return "no_params"
    if not has_output or not isinstance(output, list | None):
        return "no_response"
    return None if output else "empty_output"


def _flags(params: Fields, answered: Any) -> tuple[str, ...]:
    has_audio = bool(as_object(params.get("metadata")).get("audio_url"))
    return ("has_token_ids",) * has_token_ids(answered) + ("has_audio",) * has_audio


NEMO_GYM = Format(
    "nemo_gym", "NeMo Gym rollout", 10, claims, read,
    keys=frozenset({"responses_create_params", "response"}), tables=(frozenset({"responses_create_params"}),),
)  # fmt: skip
