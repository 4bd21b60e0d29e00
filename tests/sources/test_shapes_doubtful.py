"""Shapes in which one reading is a guess: what is plain is read, and what is not keeps the rollout out by name."""

from typing import Any

import pytest

from making import call as cli
from making import rows_of, write
from rollout_curator.conversation import FlatOptions, to_flat
from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import read_object
from shaping import ASKED, NAMED, SAID, call, line, made, messages, notes, out, rollout

BARE = {"type": "function", "function": {"name": "tide", "arguments": "{}"}}
OTHER = {"type": "function", "function": {"name": "moon", "arguments": "{}"}}
DESCRIBED = {"type": "function", "function": {"name": "tide", "description": "Look up the tide."}}


@pytest.mark.parametrize("nothing", ["", "  ", "null", "[]", None, []])
def test_calls_that_say_there_are_none_are_none(nothing: Any) -> None:
    assert messages(line(ASKED, {**SAID, "tool_calls": nothing})) == [ASKED, SAID]


@pytest.mark.parametrize("word", ["none", "auto", "null"])
def test_a_word_in_place_of_the_older_call_is_no_call(word: str) -> None:
    assert messages(line(ASKED, {**SAID, "function_call": word})) == [ASKED, SAID]


def test_text_in_place_of_the_older_call_is_not_taken_for_the_name_of_a_tool() -> None:
    assert notes(line(ASKED, {**SAID, "function_call": "tide(x=1)"})) == ["unread_content:message.function_call"]


def test_a_call_that_cannot_be_read_is_never_written_as_words_of_an_answer() -> None:
    talk = line(ASKED, {"role": "tool_call", "content": "tide(x=1)"}, {"role": "tool_response", "content": "5"}, SAID)
    assert out(talk) == "bad_tool_call"
    assert to_flat(rollout(talk), FlatOptions()).record()["messages"] == [ASKED, SAID]


def test_roles_are_the_same_in_capitals() -> None:
    assert messages(line({"role": "User", "content": "Tide?"}, {"role": "ASSISTANT ", "content": "05:12."})) == [
        ASKED,
        SAID,
    ]


def test_results_without_ids_that_name_another_call_are_not_paired_by_order() -> None:
    results = [{"role": "tool", "name": "moon", "content": "full"}, {"role": "tool", "name": "tide", "content": "5"}]
    talk = line(ASKED, {"role": "assistant", "content": "", "tool_calls": [BARE, OTHER]}, *results, SAID)
    assert out(talk) == "missing_call_id"


def test_results_without_ids_that_name_their_calls_in_order_are_paired() -> None:
    results = [{"role": "tool", "name": "tide", "content": "5"}, {"role": "tool", "name": "moon", "content": "full"}]
    talk = line(ASKED, {"role": "assistant", "content": "", "tool_calls": [BARE, OTHER]}, *results, SAID)
    assert [m.get("tool_call_id") for m in messages(talk)] == [None, None, "call_1", "call_2", None]
    assert messages(talk)[1]["tool_calls"] == [call("call_1"), call("call_2", "moon")]


def test_a_mask_may_be_json_text() -> None:
    talk = line(ASKED, SAID, ASKED, SAID, message_loss_mask="[0, 0, 0, 1]")
    assert made(talk, options={"marks": "message_loss_mask"}).record()["message_loss_mask"] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("mask", "said"), [([0, 0, 0, 1], "unread_content:line.loss_mask"), ([0] * 9, "unread:line.loss_mask")]
)
def test_a_mask_nobody_knows_keeps_a_rollout_out_where_it_has_a_mark_a_message(mask: list[int], said: str) -> None:
    assert notes(line(ASKED, SAID, ASKED, SAID, loss_mask=mask)) == [said]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tool_schemas": [DESCRIBED]}, ["unread_content:line.tool_schemas"]),
        ({"tools_json": '[{"name": "tide", "parameters": {"type": "object"}}]'}, ["unread_content:line.tools_json"]),
        ({"metadata": {"tools": [DESCRIBED]}}, ["unread_content:metadata.tools"]),
        ({"tools_used": ["tide"], "n_tools": 1, "tool_stats": {"tide": 2}, "metadata": {"tools": [NAMED]}}, []),
        ({"tools": [DESCRIBED], "tool_schemas": [DESCRIBED]}, []),
    ],
)
def test_tools_under_a_key_nobody_knows_keep_a_rollout_out_where_no_others_are(
    more: dict[str, Any], said: list[str]
) -> None:
    assert notes(line(ASKED, SAID, **more)) == said


@pytest.mark.parametrize(
    "more",
    [
        {"enable_thinking": "false"},
        {"extra_body": {"chat_template_kwargs": {"enable_thinking": False}}},
        {"extra_body": '{"chat_template_kwargs": {"enable_thinking": false}}'},
    ],
)
def test_settings_of_the_template_are_read_as_text_and_in_an_extra_body(more: dict[str, Any]) -> None:
    found = read_object(line(ASKED, SAID, **more))
    assert isinstance(found, Rollout)
    assert found.template_kwargs == {"enable_thinking": False}


def test_an_answer_whose_choice_was_cut_is_cut() -> None:
    found = read_object(line(ASKED, SAID, choices=[{"finish_reason": "length"}]))
    assert isinstance(found, Rollout)
    assert found.invalid == "truncated"


@pytest.mark.parametrize("target", ["nemo_rl", "trl", "openai", "axolotl", "llamafactory"])
def test_a_report_tells_as_much_for_every_trainer(tmp_path: Any, target: str) -> None:
    asked = {"role": "assistant", "content": "", "tool_calls": [{**BARE, "id": "c"}]}
    talk = line(ASKED, asked, {"role": "tool", "tool_call_id": "c", "content": "5"}, SAID, tools=[OTHER])
    source = write(tmp_path / "r.jsonl", [talk, line(ASKED, {"role": "ipython", "content": "5"}, SAID)])
    args = ["--target", target, "--report", "rows.jsonl", "--cache-dir", tmp_path / "cache"]
    assert cli("export", source, "--out", tmp_path / "out.jsonl", *args).code == 0
    told = [row["notes"] for row in rows_of(tmp_path / "rows.jsonl")]
    assert told == [["unknown_tool:tide"], ["unknown_role:ipython"]]
