"""Calls, their results and their ids in the shapes that frameworks write (M2), values by hand."""

import json
from typing import Any

import pytest

from shaping import ASKED, SAID, call, called, line, made, messages, notes, out, result

LANGCHAIN = {"name": "tide", "args": {"port": "Lowmoor"}, "id": "c1", "type": "tool_call"}
OPENAI = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"port": "Lowmoor"}'}}
WHOLE = [ASKED, called(call(port="Lowmoor")), result(), SAID]


@pytest.mark.parametrize(
    "written",
    [
        LANGCHAIN,
        OPENAI,
        {"id": "c1", "name": "tide", "parameters": {"port": "Lowmoor"}},
        {"id": "c1", "function": "tide", "arguments": '{"port": "Lowmoor"}'},
        {"tool_call_id": "c1", "function_name": "tide", "arguments": {"port": "Lowmoor"}},
        {
            "id": "fc_9",
            "call_id": "c1",
            "type": "function",
            "function": {"name": "tide", "arguments": {"port": "Lowmoor"}},
        },
        json.dumps(OPENAI),
    ],
)
def test_a_call_is_read_in_every_spelling(written: Any) -> None:
    fields = line(ASKED, {"role": "assistant", "content": None, "tool_calls": [written]}, result(), SAID)
    assert messages(fields) == WHOLE
    assert notes(fields) == []


@pytest.mark.parametrize(
    "signed", [{"thought_signature": "b64"}, {"extra_content": {"google": {"thought_signature": "b64" * 100}}}]
)
def test_a_signature_of_the_provider_is_told_and_costs_no_row(signed: dict[str, Any]) -> None:
    written = {**OPENAI, **signed}
    fields = line(ASKED, {"role": "assistant", "content": None, "tool_calls": [written]}, result(), SAID)
    assert messages(fields) == WHOLE
    assert notes(fields) == [f"unread:call.{next(iter(signed))}"]


def test_the_older_function_call_is_paired_with_its_function_message() -> None:
    old = {"role": "assistant", "content": None, "function_call": {"name": "tide", "arguments": '{"port": "Lowmoor"}'}}
    fields = line(ASKED, old, {"role": "function", "name": "tide", "content": "05:12"}, SAID)
    answer = {"role": "tool", "tool_call_id": "call_1", "content": "05:12", "name": "tide"}
    assert messages(fields) == [ASKED, called(call("call_1", port="Lowmoor")), answer, SAID]
    assert notes(fields) == ["made_call_ids", "paired_by_order"]


def test_a_sharegpt_function_call_may_hold_several_calls() -> None:
    calls = json.dumps([{"name": "tide", "arguments": {"port": "A"}}, {"name": "tide", "arguments": {"port": "B"}}])
    turns = [
        ("human", "Tide?"),
        ("function_call", calls),
        ("observation", "1"),
        ("observation", "2"),
        ("gpt", "05:12."),
    ]
    fields = {"conversations": [{"from": role, "value": text} for role, text in turns], "reward": 1.0}
    both = called(call("call_1", port="A"), call("call_2", port="B"))
    assert messages(fields) == [ASKED, both, result("call_1", "1"), result("call_2", "2"), SAID]


def test_calls_of_ms_swift_in_a_row_are_one_answer() -> None:
    one, two = ({"role": "tool_call", "content": json.dumps({"name": "tide", "arguments": {"n": n}})} for n in (1, 2))
    answers = [{"role": "tool_response", "content": text} for text in ("a", "b")]
    both = called(call("call_1", n=1), call("call_2", n=2))
    assert messages(line(ASKED, one, two, *answers, SAID)) == [
        ASKED, both, result("call_1", "a"), result("call_2", "b"), SAID
    ]  # fmt: skip


def test_results_without_ids_stay_out_where_their_number_differs() -> None:
    two = called(*({"type": "function", "function": {"name": "tide", "arguments": "{}"}} for _ in range(2)))
    assert out(line(ASKED, two, {"role": "tool", "content": "05:12"}, SAID)) == "missing_call_id"


def test_several_blocks_and_their_results_in_one_turn_keep_their_order_and_the_text_beside_them() -> None:
    uses = [{"type": "tool_use", "id": name, "name": "tide", "input": {"port": name}} for name in ("a", "b")]
    answers = [{"type": "tool_result", "tool_use_id": name, "content": f"at {name}"} for name in ("a", "b")]
    asked_again = {"type": "text", "text": "Which is later?"}
    fields = line(
        ASKED,
        {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, *uses]},
        {"role": "user", "content": [*answers, asked_again]},
        SAID,
    )
    assert messages(fields) == [
        ASKED,
        called(call("a", port="a"), call("b", port="b"), text="Let me look."),
        result("a", "at a"),
        result("b", "at b"),
        {"role": "user", "content": "Which is later?"},
        SAID,
    ]


def test_a_tool_that_failed_costs_no_rollout_and_is_told() -> None:
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "tide", "input": {}}]}
    failed = {"type": "tool_result", "tool_use_id": "c1", "content": "no such port", "is_error": True}
    fields = line(ASKED, use, {"role": "user", "content": [failed]}, SAID)
    assert messages(fields) == [ASKED, called(call()), result(content="no such port"), SAID]
    assert notes(fields) == ["unread:result.is_error"]


def test_langchain_messages_are_read_by_their_type() -> None:
    extra = {"additional_kwargs": {}, "response_metadata": {"model_name": "m"}, "name": None, "id": "run-1"}
    fields = line(
        {"type": "system", "content": "Be brief.", **extra},
        {"type": "human", "content": "Tide?", **extra, "example": False},
        {
            "type": "ai",
            "content": "",
            **extra,
            "tool_calls": [LANGCHAIN],
            "additional_kwargs": {"tool_calls": [OPENAI]},
        },
        {"type": "tool", "content": "05:12", "tool_call_id": "c1", **extra},
        {"type": "ai", "content": "05:12.", **extra, "tool_calls": [], "usage_metadata": {"input_tokens": 3}},
    )
    assert messages(fields) == [{"role": "system", "content": "Be brief."}, *WHOLE]


def test_calls_that_differ_in_the_two_places_of_langchain_are_told() -> None:
    other = {**OPENAI, "function": {"name": "tide", "arguments": '{"port": "Hightown"}'}}
    answer = {"type": "ai", "content": "", "tool_calls": [LANGCHAIN], "additional_kwargs": {"tool_calls": [other]}}
    assert out(line(ASKED, answer, result(), SAID)) == "unread_content"


@pytest.mark.parametrize(
    "calls",
    [
        5,
        True,
        "tide()",
        [5],
        [{"type": "custom", "id": "c1", "custom": {"name": "tide", "input": "x"}}],
        [{"id": "c1"}],
    ],
)
def test_what_is_no_call_keeps_a_rollout_out(calls: Any) -> None:
    answer = {"role": "assistant", "content": "", "tool_calls": calls, "function_call": None}
    assert out(line(ASKED, answer, result(), SAID)) in ("bad_tool_call", "unsupported_item:custom")


@pytest.mark.parametrize("calls", [5, True, "tide()", {"a": 1}])
def test_what_is_no_call_beside_an_older_one_keeps_a_rollout_out(calls: Any) -> None:
    answer = {"role": "assistant", "content": "", "tool_calls": calls, "function_call": {"name": "tide"}}
    assert out(line(ASKED, answer, result(), SAID)) == "bad_tool_call"


def test_what_stands_beside_a_call_and_is_not_read_keeps_a_rollout_out() -> None:
    odd = {**OPENAI, "provider_specific_fields": {"plan": "ask twice"}}
    fields = line(ASKED, {"role": "assistant", "content": "", "tool_calls": [odd]}, result(), SAID)
    assert notes(fields) == ["unread_content:call.provider_specific_fields"]
    assert out(fields) == "unread_content"


def test_two_answers_in_a_row_are_joined_by_a_blank_line_and_glued_for_gym() -> None:
    fields = line(ASKED, {"role": "assistant", "content": "Wait."}, SAID)
    assert messages(fields) == [ASKED, {"role": "assistant", "content": "Wait.\n\n05:12."}]
    assert "joined_answers" in made(fields).issues
    assert messages(fields, target="gym", options={"reasoning": "inline"})[1]["content"] == "Wait.05:12."


def test_three_items_of_text_in_a_row_are_one_answer() -> None:
    said = [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]} for text in "abc"
    ]
    fields = {"responses_create_params": {"input": "Tide?"}, "response": {"output": said}, "reward": 1.0}
    assert messages(fields) == [ASKED, {"role": "assistant", "content": "a\n\nb\n\nc"}]


def test_an_empty_answer_joins_nothing() -> None:
    fields = line(ASKED, {"role": "assistant", "content": ""}, SAID)
    assert messages(fields) == [ASKED, SAID]
    assert made(fields).issues == ()
