"""Whatever JSON stands in whatever place: reading and converting end, say the same again, and change nothing."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rollout_curator.conversation import open_rollout, to_chat, to_flat, usual_outcomes
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import read_object
from shaping import ASKED, SAID, line

KEYS = some.sampled_from(
    [
        "role",
        "from",
        "content",
        "value",
        "type",
        "text",
        "tool_calls",
        "function_call",
        "function",
        "name",
        "arguments",
        "args",
        "id",
        "call_id",
        "tool_call_id",
        "reasoning",
        "reasoning_details",
        "thinking",
        "summary",
        "data",
        "source",
        "image_url",
        "url",
        "weight",
        "train",
        "tools",
        "input",
        "output",
        "refusal",
        "signature",
        "additional_kwargs",
        "is_error",
        "finish_reason",
        "annotations",
        "parameters",
        "input_schema",
    ]
)
WORDS = some.sampled_from(
    [
        "user",
        "assistant",
        "system",
        "tool",
        "tool_call",
        "observation",
        "function",
        "ai",
        "human",
        "message",
        "text",
        "function_call",
        "function_call_output",
        "reasoning",
        "tool_use",
        "tool_result",
        "thinking",
        "redacted_thinking",
        "image",
        "image_url",
        "input_text",
        "refusal",
        "length",
        "[",
        "[{}]",
        '{"name": "f", "arguments": {}}',
        "a",
        "",
        '[{"role": "user", "content": "a"}]',
        "<tools>[]</tools>",
        "<tools>{}</tools>",
        "null",
    ]
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-2, 2) | some.floats() | WORDS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
ELEMENTS = some.dictionaries(KEYS, VALUES, min_size=1, max_size=6)
TOP = some.dictionaries(
    some.sampled_from(
        [
            "system",
            "system_prompt",
            "tools",
            "tool_defs",
            "functions",
            "info",
            "message_loss_mask",
            "truncated",
            "finish_reason",
            "error",
            "response",
            "chat_template_kwargs",
            "enable_thinking",
            "rollout_trace_contract",
            "training_traces",
            "text",
            "mask_sample",
            "stop_condition",
            "images",
            "output",
            "reward",
        ]
    ),
    VALUES,
    max_size=5,
)
LINES = some.one_of(
    some.builds(lambda top, items: {**top, "messages": items}, TOP, some.lists(ELEMENTS, max_size=5)),
    some.builds(lambda top, items: {**top, "conversations": items}, TOP, some.lists(ELEMENTS, max_size=5)),
    some.builds(
        lambda top, one, other: {**top, "prompt": one, "completion": other},
        TOP,
        WORDS | some.lists(ELEMENTS, max_size=3),
        WORDS | some.lists(ELEMENTS, max_size=3),
    ),
    some.builds(
        lambda top, params, one, other: {
            **top,
            "responses_create_params": {**params, "input": one},
            "response": {"output": other},
        },
        TOP,
        TOP,
        VALUES | some.lists(ELEMENTS, max_size=3),
        VALUES | some.lists(ELEMENTS, max_size=4),
    ),
)
READ_TOOLS = recipes.plan(Recipe(target="trl", format="chat", options={"system_tools": "read"}))


@settings(max_examples=400)
@given(LINES)
def test_no_value_in_any_place_stops_reading_or_converting_and_none_is_changed(fields: dict[str, Any]) -> None:
    before = copy.deepcopy(fields)
    first, second = read_object(fields), read_object(fields)
    assert repr(first) == repr(second)
    if isinstance(first, Rollout):
        opened = open_rollout(first)
        assert repr(usual_outcomes(opened)) == repr(usual_outcomes(opened))
        to_chat(first)
        to_flat(first)
        recipes.example(first, READ_TOOLS)
    assert repr(fields) == repr(before)


@pytest.mark.parametrize("depth", [200, 600])
@pytest.mark.parametrize("place", ["system", "tools", "info", "text", "mask_sample", "rollout_trace_contract", "error"])
def test_values_that_are_nested_deep_do_not_stop_reading(place: str, depth: int) -> None:
    deep: Any = "x"
    for _ in range(depth):
        deep = [deep]
    for fields in (
        line(ASKED, SAID),
        {"responses_create_params": {"input": [deep, ASKED]}, "response": {"output": [SAID]}},
    ):
        found = read_object({**fields, place: deep})
        assert isinstance(found, Rollout)
        to_chat(found)
