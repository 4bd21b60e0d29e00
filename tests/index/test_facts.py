"""What the index knows of one rollout, on rollouts made by hand."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from indexing import rollout
from rollout_curator.conversation import GYM_OPTIONS, ChatOptions, to_chat, to_flat
from rollout_curator.index.facts import CLASS_NAMES, NUMBER_NAMES, facts, outcome, read_outcome
from rollout_curator.index.scan import read_line
from rollout_curator.rollout import Rollout, Unreadable
from rollout_curator.sources.formats.base import read_object

USER = {"role": "user", "content": "2+2?"}
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a":2}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "4"}
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "think"}]}


def said(text: str = "four") -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def of(fields: dict[str, Any]) -> dict[str, Any]:
    """Return every number and class of a rollout by column name."""
    found = read_object(fields)
    assert isinstance(found, Rollout)
    row = facts(found, "env")
    return dict(zip((*NUMBER_NAMES, *CLASS_NAMES), (*row.numbers, *row.classes), strict=True))


def with_output(*output: Any, **response: Any) -> dict[str, Any]:
    return rollout() | {"response": {"output": list(output), **response}}


def picked(found: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)


def test_every_column_of_a_small_rollout() -> None:
    assert of(rollout(4) | {"agent_ref": {"name": "calc"}, "_ng_rollout_index": 2}) == {
        "reward": 0.5, "attempt": 2, "n_items": 2, "n_turns": 1, "n_user_turns": 1, "n_calls": 0,
        "n_tool_errors": 0, "n_tools": 0, "n_images": 0, "chars_prompt": 11, "chars_out": 4, "chars_reasoning": 0,
        "chars_tool": 0, "tokens_in": 8, "tokens": 1, "estimated": True, "weight_read": 8, "weight_earlier": 0,
        "weight_written": 5, "weight_thought": 0, "weight_results": 0, "weight_tools": 0, "weight_low": 10,
        "weight_high": 17, "format": "nemo_gym", "agent": "calc",
        "model": "", "task": "4", "finish": "stop", "invalid": "", "flags": "", "flat": "", "chat": "",
        "chat_reasoning": "", "gym": "", "repeated_calls": 0.0, "distinct_tools": 0.0,
        "final_chars": 4.0,
        "prompt_key": xxh3_64_intdigest(b'[[{"content":"Question 4?","role":"user"}],null,[]]'),
        "task_key": xxh3_64_intdigest(b"4 calc4"), "names_agent": True,
    }  # fmt: skip


# Sums over items


def test_a_turn_lasts_until_a_user_or_a_tool_speaks() -> None:
    output = [THOUGHT, said(), CALL, CALL, RESULT, RESULT, said(), USER, said(), said()]
    found = of(with_output(*output))
    assert picked(found, "n_items", "n_turns", "n_user_turns", "n_calls") == (11, 3, 2, 2)


def test_characters_are_counted_by_who_wrote_them() -> None:
    found = of(with_output(THOUGHT, CALL, RESULT, said("four")))
    assert picked(found, "chars_prompt", "chars_out", "chars_reasoning", "chars_tool") == (11, 11, 5, 1)


def test_a_refusal_and_a_summary_without_parts_are_counted_as_they_are_written() -> None:
    refused = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    found = of(with_output({"type": "reasoning", "summary": "Hm"}, refused))
    assert picked(found, "chars_reasoning", "chars_out", "final_chars") == (2, 3, 3.0)


def test_a_prompt_that_stands_in_the_output_is_prompt() -> None:
    assert picked(of(with_output({"role": "system", "content": "S"}, USER, said())), "chars_prompt") == (16,)


def test_calls_in_the_prompt_are_not_of_this_rollout() -> None:
    fields = rollout() | {"responses_create_params": {"input": [USER, CALL, RESULT], "tools": [{"name": "add"}]}}
    assert picked(of(fields), "n_calls", "chars_tool", "n_tools") == (0, 1, 1)


def test_calls_and_results_of_chat_messages_count_alike() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}, {"id": "2"}], "reasoning": "because"}
    tool = {"role": "tool", "tool_call_id": "1", "content": "Error: no such file"}
    found = of({"messages": [USER, call, tool, {"role": "assistant", "content": "four"}], "reward": 1})
    assert picked(found, "n_calls", "n_turns", "n_tool_errors", "chars_tool", "chars_reasoning") == (2, 2, 1, 19, 7)


def test_images_are_counted_in_every_spelling() -> None:
    parts = [{"type": "input_image", "image_url": "x"}, {"type": "image_url"}, {"type": "image"}, {"type": "text"}]
    fields = rollout() | {"responses_create_params": {"input": [{"role": "user", "content": [*parts, "bare", None]}]}}
    assert picked(of(fields), "n_images") == (3,)


ERRORS = {
    "Error: no such file": 1,
    "  error code 3": 1,
    "Traceback (most recent call last):\n  File": 1,
    '{"error": "no"}': 1,
    '{ "success" : false}': 1,
    '{"error": null, "value": 4}': 0,
    '{"error": ""}': 0,
    '{"success": true}': 0,
    "Errors: 0": 0,
    "no error": 0,
    "": 0,
}


@pytest.mark.parametrize(("text", "count"), ERRORS.items(), ids=list(ERRORS))
def test_a_result_that_begins_like_an_error_is_one(text: str, count: int) -> None:
    assert picked(of(with_output(CALL, RESULT | {"output": text}, said())), "n_tool_errors") == (count,)


# Tokens

USAGES = {
    "responses": ({"input_tokens": 10, "output_tokens": 7}, (10, 7, False)),
    "chat": ({"prompt_tokens": 10, "completion_tokens": 7}, (10, 7, False)),
    "absent": (None, (8, 1, True)),
    "not numbers": ({"input_tokens": "10", "output_tokens": True}, (8, 1, True)),
    "zeros": ({"input_tokens": 0, "output_tokens": 0}, (8, 1, True)),
    "negative": ({"input_tokens": -1, "output_tokens": -1}, (8, 1, True)),
}


def test_generated_tokens_are_those_of_the_text_as_in_usage_and_not_what_a_template_adds() -> None:
    bare, called = of(with_output(said("four"))), of(with_output(CALL, RESULT, said("four")))
    assert picked(bare, "tokens", "weight_written") == (1, 5)
    assert picked(called, "tokens", "weight_written") == (6, 30)


@pytest.mark.parametrize(("usage", "tokens"), USAGES.values(), ids=list(USAGES))
def test_tokens_come_from_usage_or_are_estimated(usage: Any, tokens: tuple[int, int, bool]) -> None:
    assert picked(of(with_output(said(), usage=usage)), "tokens_in", "tokens", "estimated") == tokens


WEIGHED = ("weight_read", "weight_earlier", "weight_written", "weight_thought", "weight_results", "weight_tools")
DIGITS = {"type": "message", "role": "user", "content": "1" * 10}  # a digit is a token


def test_each_part_weighs_its_text_and_what_a_template_adds() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "5" * 10, "arguments": "6" * 10}
    result = {"type": "function_call_output", "call_id": "c", "output": "7" * 10}
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "8" * 10}]}
    fields = with_output(thought, call, result, said("9" * 10))
    fields["responses_create_params"] = {"input": [DIGITS, said("2" * 10), DIGITS, call, result, DIGITS]}
    message, round_call, round_result, round_thought = 5, 14, 9, 5
    assert picked(of(fields), *WEIGHED) == (
        3 * (10 + message) + 2,  # the parts stand on lines of their own
        30 + message + round_call + 1,
        30 + 2 * message + round_call + 1,
        10 + round_thought,
        2 * (10 + round_result) + 1,
        0,
    )


def test_chat_messages_weigh_what_the_same_items_weigh() -> None:
    call = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}]}
    messages = [{"role": "user", "content": "1" * 10}, call, {"role": "tool", "content": "7" * 10}, said("4")]
    items = [
        {"type": "function_call", "call_id": "c", "name": "add", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c", "output": "7" * 10},
        said("4"),
    ]
    as_items = with_output(*items) | {"responses_create_params": {"input": [DIGITS]}}
    weights = (picked(of(fields), *WEIGHED) for fields in ({"messages": messages, "reward": 1}, as_items))
    first, second = weights
    assert first == pytest.approx(second, abs=1)


def test_tools_weigh_their_definitions_and_what_tells_of_them() -> None:
    tool = {"type": "function", "name": "1" * 100, "parameters": {}}
    one, two = (of(rollout() | {"responses_create_params": {"input": "?", "tools": [tool] * n}}) for n in (1, 2))
    assert one["weight_tools"] > 100 + 90
    assert two["weight_tools"] - one["weight_tools"] == pytest.approx(one["weight_tools"] - 90, abs=2)


def test_the_range_of_a_rollout_holds_the_sum_of_its_parts() -> None:
    found = of(with_output(THOUGHT, CALL, RESULT, said("four")))
    assert found["weight_low"] < sum(picked(found, *WEIGHED)) < found["weight_high"]


# How it ended, and whether the reward means something

ENDINGS = {
    "stop": with_output(said()),
    "call_tail": with_output(CALL),
    "tool_tail": with_output(CALL, RESULT),
    "reasoning_tail": with_output(THOUGHT),
    "user_tail": with_output(said(), USER),
    "empty": with_output(),
    "max_output_tokens": with_output(said(), incomplete_details={"reason": "max_output_tokens"}),
    "error": with_output(said(), error={"code": "server_error"}),
    "other": with_output({"type": "web_search_call", "role": ["odd"]}),
}


@pytest.mark.parametrize(("finish", "fields"), ENDINGS.items(), ids=list(ENDINGS))
def test_the_last_item_says_how_a_rollout_ended(finish: str, fields: dict[str, Any]) -> None:
    assert of(fields)["finish"] == finish


def test_chat_messages_end_alike() -> None:
    call = {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}
    assert of({"messages": [USER, call]})["finish"] == "call_tail"
    assert of({"messages": [USER, call, {"role": "tool", "content": "4"}]})["finish"] == "tool_tail"


INVALID = [
    ({"mask_sample": True}, "masked"),
    ({"mask_sample": False}, ""),
    ({"mask_sample": 1}, "masked"),
    ({"mask_sample": 0}, ""),
    ({"truncated": True}, "truncated"),
    ({"agent_timed_out": True}, "failed"),
    ({"agent_timed_out": False}, ""),
    ({"context_length_exceeded_error": 1}, "failed"),
    ({"failure_reason": "sandbox died"}, "failed"),
    ({"failure_reason": "none"}, ""),
    ({"failure_reason": " None "}, ""),
    ({"failure_reason": ""}, ""),
    ({"failure_reason": None}, ""),
    ({"verifier_error_kind": "timeout"}, "failed"),
    ({"exception_type": "ValueError"}, "failed"),
    ({"terminated": True, "truncated": False}, ""),
    ({"response": {"output": [said()], "error": {"code": "x"}}}, "failed"),
    ({"response": {"output": [said()], "incomplete_details": {"reason": "max_output_tokens"}}}, "truncated"),
]


@pytest.mark.parametrize(("changes", "invalid"), INVALID, ids=[str(changes)[:40] for changes, _ in INVALID])
def test_a_reward_that_measures_nothing_says_why(changes: dict[str, Any], invalid: str) -> None:
    assert of(rollout() | changes)["invalid"] == invalid


FLAGS = [
    ({"reward": None}, "reward_missing"),
    ({"reward": "1"}, "reward_not_number"),
    ({"responses_create_params": None}, "no_params"),
    ({"response": None, "reward": None}, "reward_missing|no_response"),
    (with_output(said("<think>a</think>b")), "inline_think"),
    (with_output(said("a</think>b")), "think_never_opened"),
    (with_output(said("<think>a")), "think_never_closed"),
    (with_output(said() | {"generation_token_ids": [1]}), "has_token_ids"),
    (with_output(said() | {"generation_token_ids": []}), ""),
    (
        {"responses_create_params": {"input": "?", "metadata": {"audio_url": "data:audio/wav,"}}},
        "unread_content:metadata.audio_url|has_audio",
    ),
]


@pytest.mark.parametrize(("changes", "flags"), FLAGS, ids=[flags or "none" for _, flags in FLAGS])
def test_what_reading_noticed_is_flagged(changes: dict[str, Any], flags: str) -> None:
    assert of(rollout() | changes)["flags"] == flags


# Names

NAMED = [
    ({"_ng_task_index": 7, "task_id": "t"}, "7"),
    ({"task_idx": 7}, "7"),
    ({"task_id": "t", "id": "i"}, "t"),
    ({"instance_id": "django-1"}, "django-1"),
    ({"task_id": "", "question_id": 0}, "0"),
    ({"id": True, "uuid": "u"}, "u"),
    ({"_ng_task_index": 2**64}, "18446744073709551616"),
    ({"_ng_task_index": {"a": [1, "\ud800"]}}, '{"a":[1,"\\ud800"]}'),
    ({"task_id": "\ud800"}, "?"),
    ({"task_id": "x" * 5000}, "x" * 200),
]


@pytest.mark.parametrize(("changes", "task"), NAMED, ids=[task[:20] for _, task in NAMED])
def test_a_task_is_named_by_its_index_or_its_id(changes: dict[str, Any], task: str) -> None:
    fields = rollout()
    del fields["_ng_task_index"]
    assert of(fields | changes)["task"] == task


def test_a_task_without_a_name_is_named_by_its_prompt() -> None:
    nameless = [rollout(number) | {"_ng_task_index": None} for number in (1, 1, 2)]
    first, same, other = (of(fields)["task"] for fields in nameless)
    assert first.startswith("prompt ")
    assert (first == same, first == other) == (True, False)


@pytest.mark.parametrize(
    ("changes", "agent", "model"),
    [
        ({}, "env", ""),
        ({"agent_ref": {"name": "a"}, "response": {"output": [said()], "model": "m"}}, "a", "m"),
        ({"agent_ref": {"name": ""}, "responses_create_params": {"input": "?", "model": "p"}}, "env", "p"),
        ({"agent": "chat_agent", "model": "m"}, "chat_agent", "m"),
        ({"agent_ref": [1], "model": 5}, "env", ""),
    ],
)
def test_agent_and_model_are_named(changes: dict[str, Any], agent: str, model: str) -> None:
    assert picked(of(rollout() | changes), "agent", "model") == (agent, model)


@pytest.mark.parametrize(("given", "attempt"), [(3, 3), (0, 0), (-1, -1), (2**63, -1), ("3", -1), (True, -1)])
def test_an_attempt_is_a_small_whole_number(given: Any, attempt: int) -> None:
    assert of(rollout() | {"_ng_rollout_index": given})["attempt"] == attempt


# Facets


def test_top_level_numbers_and_booleans_are_facets_and_indexes_are_not() -> None:
    given = {"library_reward": 0.5, "is_correct": True, "similarity": None, "name": "x", "steps": 3, "huge": 10**400}
    left_out = {"_ng_rollout_index": 1, "task_idx": 2, "row_index": 3, "seed": 4, "id": 5, "question_id": 6}
    parts = {"reward_components": {"format": 1, "answer": 0.5, "note": "x", "none": None}}
    found = read_object(rollout() | given | left_out | parts)
    assert isinstance(found, Rollout)
    assert str(dict(facts(found, "env").facets)) == str(
        {"library_reward": 0.5, "is_correct": True, "steps": 3.0, "huge": float("nan")}
        | {"reward_components.format": 1.0, "reward_components.answer": 0.5}
    )


# Outcomes


@pytest.mark.parametrize(
    "text", ["", "no_response", "|dropped_media|nested_output|-media=2", "empty_output|-tools=1|-reasoning=12"]
)
def test_an_outcome_is_read_as_it_was_written(text: str) -> None:
    assert outcome(read_outcome(text)) == text


ITEMS = st.sampled_from(
    [USER, said(), said(""), said("<think>a"), CALL, RESULT, THOUGHT, {"type": "mcp_call"}, {"type": ""}, [said()], 3]
    + [
        {"role": "assistant", "content": "x", "thinking": "t"},
        {"role": "wizard", "content": "x"},
        {"type": "x", "role": []},
    ]
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(ITEMS, max_size=4), st.lists(ITEMS, max_size=6))
def test_the_outcomes_in_the_index_are_those_of_the_conversions(prompt: list[Any], output: list[Any]) -> None:
    fields = with_output(*output) | {"responses_create_params": {"input": prompt}}
    opened = read_object(fields)
    assert isinstance(opened, Rollout)
    made = (
        to_flat(opened),
        to_chat(opened, ChatOptions(reasoning="drop")),
        to_chat(opened, ChatOptions(reasoning="field")),
    )
    assert picked(of(fields), "flat", "chat", "chat_reasoning") == tuple(map(outcome, made))
    assert of(fields)["gym"] == outcome(to_chat(opened, GYM_OPTIONS))


def test_a_rollout_too_deep_to_look_at_is_a_problem() -> None:
    deep = b"[" * 980 + b"]" * 980
    line = b'{"responses_create_params":{"input":' + deep + b'},"response":{"output":' + deep + b'},"reward":1}'
    assert read_line(line, "env") == Unreadable("too_deep", "nested too deeply to read")
