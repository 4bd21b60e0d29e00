"""What must not be noisy, and what must not be taken for chat: rows of ordinary data sets, and of known frameworks."""

from typing import Any

import pytest

from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Unreadable
from rollout_curator.sources.formats.base import read_object
from rollout_curator.training.targets.base import targets
from shaping import ASKED, SAID, line, made, notes, rollout

SYSTEM = {"role": "system", "content": "Be brief."}
RENDERED = "<|im_start|>user\nTide?<|im_end|>\n<|im_start|>assistant\n05:12.<|im_end|>\n"
ORDINARY = {
    "ultrachat": {"prompt": "Tide?", "prompt_id": "9f", "messages": [ASKED, SAID]},
    "openhermes": {
        "conversations": [
            {"from": "human", "value": "Tide?", "weight": None},
            {"from": "gpt", "value": "05:12.", "weight": None},
        ],
        "source": "x",
        "category": None,
        "system_prompt": None,
        "model": None,
        "idx": None,
        "views": 3,
    },
    "stamps": line(
        {**ASKED, "id": "m1", "created_at": "2026-01-01T00:00:00Z"},
        {**SAID, "id": "m2", "logprobs": {"content": []}},
        timestamp="2026-01-01",
        uuid="u",
        name="run 3",
        model="m",
        metadata={"notes": "word " * 100, "tags": ["a", "b"]},
    ),
    "usage": line(ASKED, {**SAID, "usage": {"prompt_tokens": 3}, "finish_reason": "stop", "model": "m"}),
    "tokens": line(ASKED, {**SAID, "tokens": ["05", ":12", "."], "token_ids": [1, 2, 3]}),
    "rendered": line(ASKED, SAID, text=RENDERED),
    "llama": line(ASKED, SAID, text="<s>[INST] Tide? [/INST] 05:12. </s>"),
    "counts": line(ASKED, SAID, steps=12, turns=1, response=None, images=[], audio=None, history=[]),
    "answer": line(ASKED, SAID, response="05:12.", question="Tide?"),
    "info": line(ASKED, SAID, info="the run of Monday, " * 30),
    "empty": line(
        ASKED, {**SAID, "tool_calls": None, "function_call": None, "refusal": None, "audio": None, "annotations": []}
    ),
    "litellm": line(
        ASKED, {**SAID, "provider_specific_fields": {"refusal": None}, "images": [], "thinking_blocks": None}
    ),
    "gym": {
        "responses_create_params": {"input": [SYSTEM, ASKED], "tools": [], "metadata": {"note": "x " * 200}},
        "response": {"id": "r", "output": [SAID], "usage": {"input_tokens": 3}, "status": "completed"},
        "reward": 1.0,
        "verifier_metadata": {"answer": ["05:12"]},
    },
    "pair": {"prompt": "Tide?", "completion": "05:12.", "answer": "05:12", "ground_truth": "05:12", "reward": 1.0},
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_row_lost_nothing_and_says_nothing(name: str) -> None:
    fields = {"reward": 1.0, **ORDINARY[name]}
    assert notes(fields) == []
    for target in targets():
        for format_name in ("chat", "flat"):
            example = recipes.example(rollout(fields), recipes.plan(Recipe(target=target, format=format_name)))
            assert (example.skip, example.issues, example.left_out) == (None, (), ())


@pytest.mark.parametrize(
    ("beside", "note"),
    [
        ({"timestamp": 1767225600}, "unread:message.timestamp"),
        ({"timestamp": "2026-01-01T00:00:00.123+01:00"}, "unread:message.timestamp"),
        ({"author": "Ada"}, "unread:message.author"),
        ({"is_final": True}, "unread:message.is_final"),
    ],
)
def test_a_stamp_a_name_or_a_flag_is_told_once_and_costs_no_row(beside: Any, note: str) -> None:
    fields = line({**ASKED, **beside}, {**SAID, **beside})
    assert notes(fields) == [note]
    assert made(fields).skip is None


@pytest.mark.parametrize(
    "beside",
    [
        {"extra": ["05:12"]},
        {"extra": {"note": "05:13"}},
        {"extra": "x" * 201},
        {"value": "05:13"},
        {"text": "2026-01-01"},
    ],
)
def test_what_is_likely_to_be_conversation_keeps_a_row_out(beside: Any) -> None:
    assert made(line({**ASKED, **beside}, SAID)).skip == "unread_content"


def test_a_key_that_was_declared_harmless_costs_no_row() -> None:
    fields = line({**ASKED, "extra": ["a", "b"]}, SAID)
    assert made(fields, harmless=("message.extra",)).skip is None


def test_a_rendered_text_that_says_more_keeps_a_row_out() -> None:
    assert notes(line(ASKED, SAID, text=RENDERED + "And the moon?")) == ["unread_content:line.text"]


def test_messages_that_are_json_text_are_read_in_a_pair_too() -> None:
    pair = {
        "prompt": '[{"role": "user", "content": "Tide?"}]',
        "completion": '[{"role": "assistant", "content": "05:12."}]',
    }
    assert made(pair).messages == [ASKED, SAID]


@pytest.mark.parametrize("text", ['["a", "b"]', "[1]", "[]", '[{"a": 1}]', "[x"])
def test_a_text_that_is_other_json_stays_a_text(text: str) -> None:
    assert made({"prompt": text, "completion": "05:12."}).messages == [{"role": "user", "content": text}, SAID]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"example_id": 0, "prompt": [ASKED], "completion": [SAID], "metrics": {}}, "a verifiers result: not read yet"),
        ({"id": 0, "prompt": "a", "completion": "b", "is_completed": True}, "a verifiers result: not read yet"),
        ({"step": 1, "prompt": "a", "completion": "b", "advantage": 0.1}, "a completion logged by TRL: not read yet"),
        (line(ASKED, SAID, scores={}, epoch=1), "an Inspect sample: not read yet"),
        (line(ASKED, SAID, reward_info={}, termination_reason="user_stop"), "a tau2 simulation: not read yet"),
        (line(ASKED, SAID, trajectory_format="mini-swe-agent-1"), "a mini-swe-agent trajectory: not read yet"),
        (line(ASKED, SAID, sessionId="s", projectHash="h"), "a Gemini CLI session: not read yet"),
        (line(ASKED, SAID, group_index=0, trajectory_index=1), "an ART trajectory: not read yet"),
        ({"prompt": "a", "response": "b", "chosen": "b", "rejected": "c"}, "a preference pair, not a rollout"),
    ],
)
def test_a_record_of_a_known_framework_is_named_and_never_misread(fields: dict[str, Any], reason: str) -> None:
    found = read_object(fields)
    assert isinstance(found, Unreadable)
    assert found.reason == reason
