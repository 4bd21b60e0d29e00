"""Marks of what to train, endings, rewritten histories and settings of templates (M5, M6, M8, M10), values by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from making import gym
from rollout_curator.conversation import to_chat, to_flat
from rollout_curator.rollout import Example, Rollout
from shaping import ASKED, SAID, line, made, messages, notes, out, rollout

GUESS = {"role": "assistant", "content": "Noon?"}
AGAIN = {"role": "user", "content": "Look again."}
MASK = {"options": {"marks": "message_loss_mask"}}


def mask(fields: dict[str, Any]) -> Any:
    """Return the mask that is written for a line."""
    return made(fields, **MASK).record().get("message_loss_mask")


@pytest.mark.parametrize("name", ["weight", "loss", "loss_scale", "train", "training", "trainable"])
@pytest.mark.parametrize("value", [0, 0.0, False, "0", "false", "False"])
def test_an_answer_that_is_marked_in_any_way_is_not_trained(name: str, value: Any) -> None:
    fields = line(ASKED, {**GUESS, name: value}, AGAIN, SAID)
    assert mask(fields) == [0, 0, 0, 1]
    assert notes(fields) == []


@pytest.mark.parametrize("value", [1, 1.0, True, None, "true", "1", ""])
def test_a_mark_that_says_nothing_new_leaves_no_trace(value: Any) -> None:
    fields = line(ASKED, {**GUESS, "weight": value}, AGAIN, SAID)
    assert mask(fields) is None
    assert (notes(fields), made(fields).issues) == ([], ())


@pytest.mark.parametrize("value", [0.5, 2, -1, "half", [0], {"a": 1}])
def test_a_mark_that_is_neither_yes_nor_no_keeps_a_rollout_out(value: Any) -> None:
    fields = line(ASKED, {**GUESS, "weight": value}, AGAIN, SAID)
    assert notes(fields) == ["unread_content:message.weight"]
    assert out(fields) == "unread_content"


def test_marks_of_parts_of_an_answer_keep_a_rollout_out() -> None:
    detail = [{"begin_offset": 0, "end_offset": 3, "train": False}]
    assert notes(line(ASKED, {**SAID, "train_detail": detail})) == ["unread_content:message.train_detail"]


def test_of_two_marks_the_one_that_forbids_counts() -> None:
    assert mask(line(ASKED, {**GUESS, "weight": 1, "train": False}, AGAIN, SAID)) == [0, 0, 0, 1]


def test_marks_of_other_messages_are_no_news_unless_they_ask_for_training() -> None:
    assert notes(line({**ASKED, "weight": 0}, SAID)) == []
    assert notes(line({**ASKED, "train": True}, SAID)) == ["unread:message.train"]


def test_a_mark_on_an_item_of_responses_counts() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "tide", "arguments": "{}", "train": False}
    result = {"type": "function_call_output", "call_id": "c1", "output": "05:12"}
    fields = {
        "responses_create_params": {"input": "Tide?"},
        "response": {"output": [call, result, SAID]},
        "reward": 1.0,
    }
    assert mask(fields) == [0, 0, 0, 1]


def test_an_answer_of_two_messages_with_different_marks_cannot_be_written() -> None:
    assert out(line(ASKED, {**GUESS, "weight": 0}, SAID)) == "mixed_marks"


def test_a_mask_beside_the_messages_counts_without_the_system_text_beside_them() -> None:
    fields = line(ASKED, GUESS, AGAIN, SAID, system="Be brief.", message_loss_mask=[0, 0, 0, 1])
    assert mask(fields) == [0, 0, 0, 0, 1]


def test_a_mask_of_a_pair_counts() -> None:
    asked = [ASKED, GUESS, AGAIN]
    assert mask({"prompt": asked, "completion": "05:12.", "message_loss_mask": [0, 0, 0, 1]}) == [0, 0, 0, 1]


@pytest.mark.parametrize("given", [[0, 1], [], [0, 0, 0, None], [0, 0, 0, 0.5], "0001", 1])
def test_a_mask_that_does_not_fit_keeps_a_rollout_out(given: Any) -> None:
    fields = line(ASKED, GUESS, AGAIN, SAID, message_loss_mask=given)
    assert notes(fields) == ["unread_content:line.message_loss_mask"]
    assert out(fields) == "unread_content"


def test_a_mask_that_trains_a_question_is_told() -> None:
    assert notes(line(ASKED, SAID, message_loss_mask=[1, 1])) == ["unread:line.message_loss_mask"]


@pytest.mark.parametrize(
    ("more", "cut"),
    [
        ({"finish_reason": "length"}, "length"),
        ({"finish_reason": "MAX_TOKENS"}, "MAX_TOKENS"),
        ({"stop_reason": "max_tokens"}, "max_tokens"),
        ({"stop_reason": "model_context_window_exceeded"}, "model_context_window_exceeded"),
        ({"stop_condition": "max_turns"}, "max_turns"),
        ({"is_truncated": 1}, "cut"),
        ({"response": {"status": "incomplete"}}, "incomplete"),
        ({"truncated": "true"}, None),
    ],
)
def test_a_rollout_that_was_cut_is_truncated(more: dict[str, Any], cut: str | None) -> None:
    for fields in (line(ASKED, SAID, **more), {"prompt": "Tide?", "completion": "05:12.", **more}):
        assert (rollout(fields).invalid, rollout(fields).truncated) == ("truncated", cut)


@pytest.mark.parametrize(
    ("item", "invalid"),
    [
        ({"type": "message", "role": "assistant", "content": "4"}, "truncated"),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, "truncated"),
        ({"type": "function_call_output", "call_id": "c", "output": "4"}, ""),
    ],
)
def test_an_incomplete_last_item_of_the_model_is_a_cut_answer(item: dict[str, Any], invalid: str) -> None:
    fields = gym(output=[{**item, "status": "incomplete"}])
    assert rollout(fields).invalid == invalid
    assert rollout(gym(output=[{**item, "status": "completed"}])).invalid == ""


@pytest.mark.parametrize("key", ["messages", "conversations"])
def test_the_end_of_the_last_answer_counts(key: str) -> None:
    assert rollout({key: [ASKED, {**SAID, "finish_reason": "length"}]}).invalid == "truncated"
    assert rollout({"prompt": [ASKED], "completion": [{**SAID, "finish_reason": "length"}]}).invalid == "truncated"


def test_an_earlier_answer_that_was_cut_is_told() -> None:
    fields = line(ASKED, {**GUESS, "finish_reason": "length"}, AGAIN, {**SAID, "finish_reason": "stop"})
    assert (rollout(fields).invalid, notes(fields)) == ("", ["unread:message.finish_reason"])


@pytest.mark.parametrize(
    "more",
    [
        {"error": "judge timed out"}, {"error": {"code": 500}}, {"response": {"status": "failed"}},
        {"response": {"status": "cancelled"}}, {"response": {"error": {"message": "no"}}},
        {"stop_condition": "has_error"},
    ],
)  # fmt: skip
def test_a_rollout_that_failed_is_failed(more: dict[str, Any]) -> None:
    assert rollout(line(ASKED, SAID, **more)).invalid == "failed"


@pytest.mark.parametrize("value", [True, 1, "true", "1", "yes"])
def test_a_masked_rollout_is_masked(value: Any) -> None:
    assert rollout(line(ASKED, SAID, mask_sample=value)).invalid == "masked"


@pytest.mark.parametrize(
    "more",
    [
        {"finish_reason": "stop"}, {"stop_reason": "end_turn"}, {"is_truncated": False}, {"error": None}, {"error": ""},
        {"error": "none"}, {"error": False}, {"mask_sample": "false"}, {"mask_sample": 0}, {"truncated": "no"},
        {"response": {"status": "completed"}}, {"stop_condition": "completed"}, {"is_truncated": [[]]},
    ],
)  # fmt: skip
def test_a_rollout_that_ended_well_is_a_measurement(more: dict[str, Any]) -> None:
    assert rollout(line(ASKED, SAID, **more)).invalid == ""


@pytest.mark.parametrize(
    "more",
    [
        {"rollout_trace_contract": {"events": [{"type": "history_rewrite", "at": 3}]}},
        {"rollout_trace_contract": {"history_rewritten": True}},
        {"rollout_trace_contract": {"n_compactions": 2}},
        {"rollout_trace_contract": {"evictions": [4, 5]}},
        {"training_traces": [{"messages": []}, {"messages": []}]},
    ],
)
def test_a_history_that_was_rewritten_keeps_a_rollout_out(more: dict[str, Any]) -> None:
    gym = {"responses_create_params": {"input": "Tide?"}, "response": {"output": [SAID]}, "reward": 1.0}
    assert out({**gym, **more}) == "context_compacted"
    assert out(line(ASKED, SAID, **more)) == "context_compacted"


@pytest.mark.parametrize(
    "more",
    [
        {"rollout_trace_contract": {"version": 1, "events": []}},
        {"rollout_trace_contract": {"n_compactions": 0, "history_rewritten": False, "truncations": []}},
        {"rollout_trace_contract": None},
        {"training_traces": [{"messages": []}]},
    ],
)
def test_a_history_that_was_seen_whole_is_no_news(more: dict[str, Any]) -> None:
    assert notes(line(ASKED, SAID, **more)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"chat_template_kwargs": '{"enable_thinking": false}'},
        {"enable_thinking": False},
    ],
)
def test_settings_of_the_template_are_read_in_every_form(more: dict[str, Any]) -> None:
    column = made(line(ASKED, SAID, **more), options={"template_kwargs": "column"}).record()
    assert column == {"messages": [ASKED, SAID], "chat_template_kwargs": {"enable_thinking": False}}


@pytest.mark.parametrize("convert", [to_chat, to_flat])
def test_settings_that_no_trainer_reads_are_told(convert: Callable[[Rollout], Example]) -> None:
    example = convert(rollout(line(ASKED, SAID, enable_thinking=False)))
    assert (example.issues, example.left_out) == (("template_kwargs",), (("template_kwargs", 1),))


def test_settings_that_cannot_be_read_are_told() -> None:
    assert notes(line(ASKED, SAID, chat_template_kwargs="thinking off")) == ["unread:line.chat_template_kwargs"]


def test_marks_do_not_change_the_text() -> None:
    assert messages(line(ASKED, {**GUESS, "weight": 0}, AGAIN, SAID)) == [ASKED, GUESS, AGAIN, SAID]
