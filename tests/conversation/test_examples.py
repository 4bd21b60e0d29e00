"""The rules of both conversions, one by one; N, F and C numbers are those of the project's conversion rules."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_curator.conversation import (
    EXCLUDED_BY_DEFAULT,
    GYM_OPTIONS,
    ISSUE_WORDS,
    ChatOptions,
    FlatOptions,
    encode,
    issue_kind,
    normalise,
    to_chat,
    to_flat,
)
from rollout_curator.rollout import Example, Rollout

QUESTION = {"type": "message", "role": "user", "content": "2+2?"}


def rollout(output: Any, prompt: Any = "2+2?", **more: Any) -> Rollout:
    """Return a rollout with this output that asks 2+2."""
    return Rollout(format="nemo_gym", prompt=prompt, output=output, reward=1.0, **more)


def said(text: str, role: str = "assistant") -> dict[str, Any]:
    """Return a Responses message as collected."""
    return {"type": "message", "role": role, "content": [{"type": "output_text", "text": text, "annotations": []}]}


def thought(*summaries: str) -> dict[str, Any]:
    """Return a reasoning item."""
    return {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": text} for text in summaries],
    }


def called(call_id: Any, arguments: Any = '{"n": 4}') -> dict[str, Any]:
    """Return a function call."""
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": "show", "arguments": arguments}


def gave(call_id: Any, output: Any = "four") -> dict[str, Any]:
    """Return what a function gave."""
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def made(call_id: str, arguments: Any = None) -> dict[str, Any]:
    """Return the tool call that `called` becomes."""
    arguments = {"n": 4} if arguments is None else arguments
    return {"id": call_id, "type": "function", "function": {"name": "show", "arguments": arguments}}


USER = {"role": "user", "content": "2+2?"}


def answer(text: Any, **more: Any) -> dict[str, Any]:
    """Return an assistant message of an example."""
    return {"role": "assistant", "content": text, **more}


def result(call_id: str, content: Any = "four") -> dict[str, Any]:
    """Return a tool message of an example."""
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def whole(example: Example) -> tuple[Any, tuple[str, ...], str | None]:
    """Return everything an example says, but tools, and that none were recorded beside its calls."""
    return example.messages, told(example), example.skip


def told(example: Example) -> tuple[str, ...]:
    """Return the issues of an example, but that no tools were recorded: few rollouts here have any."""
    return tuple(issue for issue in example.issues if issue != "tools_not_recorded")


# Normalisation


def test_n1_no_sequence_is_no_items() -> None:
    assert normalise(None).items == []


def test_n2_text_is_one_user_message() -> None:
    assert normalise("2+2?").items == [QUESTION]


def test_n3_lists_that_grow_keep_the_last() -> None:
    found = normalise([[QUESTION], [QUESTION, said("4")]])
    assert (found.items, found.notes) == ([QUESTION, said("4")], ("nested_output", "nested_cumulative"))


def test_n3_other_lists_are_joined() -> None:
    found = normalise([[QUESTION], [said("4")]])
    assert (found.items, found.notes) == ([QUESTION, said("4")], ("nested_output",))


def test_n3_lists_among_items_are_joined() -> None:
    assert normalise([QUESTION, [said("4")]]).items == [QUESTION, said("4")]


def test_n4_an_item_with_a_role_and_no_type_is_a_message() -> None:
    assert whole(to_flat(rollout([{"role": "assistant", "content": "4"}]))) == ([USER, answer("4")], (), None)


def test_n4_an_item_without_type_and_role_skips_the_rollout() -> None:
    assert normalise([{"content": "4"}]).skip == "bad_item"


@pytest.mark.parametrize("element", [None, "4", 4, True, [[4]]])
def test_n5_an_element_that_is_no_object_skips_the_rollout(element: Any) -> None:
    assert (to_flat(rollout([said("4"), element])).skip, to_chat(rollout([said("4"), element])).skip) == (
        "bad_item",
        "bad_item",
    )


@pytest.mark.parametrize("role", ["wizard", None, 4, ["user"]])
def test_a_message_of_an_unknown_role_skips_the_rollout(role: Any) -> None:
    example = to_chat(rollout([{"type": "message", "role": role, "content": "4"}]))
    assert issue_kind(example.skip or "") == "unknown_role"


@pytest.mark.parametrize("content", [{"text": "4"}, 4, True, ["4"], [None]])
def test_content_that_is_neither_text_nor_parts_skips_the_rollout(content: Any) -> None:
    assert to_flat(rollout([{"role": "assistant", "content": content}])).skip == "bad_content"


def test_n7_an_unusable_rollout_keeps_its_reason_in_both_forms() -> None:
    nothing = Example(None, skip="no_params")
    unusable = rollout(None, unusable="no_params")
    assert (to_flat(unusable), to_chat(unusable)) == (nothing, nothing)


def test_n7_an_output_of_empty_lists_is_empty() -> None:
    assert to_chat(rollout([[]])).skip == "empty_output"


# Flat


def test_f1_calls_results_and_reasoning_of_the_prompt_are_dropped_and_told() -> None:
    prompt = [said("Hello", "user"), thought("hm"), called("a"), gave("a")]
    assert whole(to_flat(rollout([said("4")], prompt))) == (
        [{"role": "user", "content": "Hello"}, answer("4")],
        ("dropped_input_reasoning", "dropped_input_function_call", "dropped_input_function_call_output"),
        None,
    )


def test_f2_text_parts_are_joined_and_media_told() -> None:
    parts = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "data:"},
        {"type": "text", "text": "b"},
    ]
    assert whole(to_flat(rollout([said("4")], [{"role": "user", "content": parts}]))) == (
        [{"role": "user", "content": "ab"}, answer("4")],
        ("dropped_media", "dropped_part:input_image"),
        None,
    )


def test_f2_a_refusal_is_text() -> None:
    refusal = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert to_flat(rollout([refusal])).messages == [USER, answer("No.")]


def test_f3_messages_that_lead_the_output_are_prompt() -> None:
    output = [said("Be brief.", "system"), said("2+2?", "user"), said("4")]
    assert whole(to_flat(rollout(output, []))) == (
        [{"role": "system", "content": "Be brief."}, USER, answer("4")],
        ("prompt_in_output",),
        None,
    )


def test_f4_answers_of_all_turns_are_joined_by_a_blank_and_user_turns_told() -> None:
    output = [said("4"), said("And 3+3?", "user"), said("6")]
    assert whole(to_flat(rollout(output))) == ([USER, answer("4 6")], ("dropped_user_turn", "joined_answers"), None)


def test_f4_empty_answers_count() -> None:
    assert to_flat(rollout([said(""), said("4"), said("")])).messages == [USER, answer(" 4 ")]


def test_f6_blank_text_is_no_answer() -> None:
    assert to_flat(rollout([thought("hm"), said(" \n"), said("")])) == Example(
        None, issues=("dropped_reasoning",), skip="no_assistant_text"
    )


def test_f7_developer_becomes_system_unless_told_otherwise() -> None:
    asked = rollout([said("4")], [said("Be brief.", "developer"), QUESTION])
    assert to_flat(asked, FlatOptions(developer_to_system=False)).messages == [
        {"role": "developer", "content": "Be brief."},
        USER,
        answer("4"),
    ]


def test_f7_thinking_in_the_text_can_be_taken_out() -> None:
    example = to_flat(rollout([said("<think>\nhm\n</think>\n\n4")]), FlatOptions(strip_think=True))
    assert whole(example) == ([USER, answer("4")], ("stripped_think",), None)


def test_f5_instructions_are_written_on_request() -> None:
    asked = rollout([said("4")], [said("Be brief.", "system"), QUESTION], instructions="Use no words.")
    assert to_flat(asked, FlatOptions(with_instructions=True)).messages == [
        {"role": "system", "content": "Use no words.\n\nBe brief."},
        USER,
        answer("4"),
    ]


def test_flat_drops_the_calls_of_chat_messages_and_tells() -> None:
    output = [answer(None, tool_calls=[made("a")]), result("a"), answer("4", reasoning_content="hm")]
    assert whole(to_flat(rollout(output))) == (
        [USER, answer("4")],
        ("dropped_function_call", "dropped_function_call_output", "dropped_reasoning"),
        None,
    )


# Chat


def test_c1_consecutive_answers_are_one_message() -> None:
    output = [said("4"), said("!")]
    assert whole(to_chat(rollout(output))) == ([USER, answer("4\n\n!")], ("joined_answers",), None)
    assert to_chat(rollout(output), ChatOptions(joiner=" ")).messages == [USER, answer("4 !")]


def test_c1_for_gym_answers_are_glued_as_its_converter_does() -> None:
    assert to_chat(rollout([said("```"), said("```python")]), GYM_OPTIONS).messages == [USER, answer("``````python")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ChatOptions(), answer("4")),
        (ChatOptions(reasoning="field"), answer("4", reasoning_content="a\n\nb")),
        (ChatOptions(reasoning="field", reasoning_key="thinking"), answer("4", thinking="a\n\nb")),
        (ChatOptions(reasoning="inline"), answer("<think>a</think><think>b</think>4")),
        (ChatOptions(reasoning="inline", think="qwen"), answer("<think>\na\n\nb\n</think>\n\n4")),
    ],
)
def test_c2_reasoning_goes_where_the_options_say(options: ChatOptions, message: dict[str, Any]) -> None:
    assert whole(to_chat(rollout([thought("a", "", "b"), said("4")]), options)) == (
        [USER, message],
        ("reasoning",),
        None,
    )


def test_c2_hidden_reasoning_is_told() -> None:
    hidden = {"type": "reasoning", "summary": [], "encrypted_content": "x"}
    assert whole(to_chat(rollout([hidden, said("4")]))) == ([USER, answer("4")], ("reasoning_hidden",), None)


def test_c2_the_full_reasoning_stands_in_for_a_missing_summary() -> None:
    full = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
    assert to_chat(rollout([full, said("4")]), ChatOptions(reasoning="field")).messages == [
        USER,
        answer("4", reasoning_content="hm"),
    ]


def test_c3_a_call_and_its_result_become_messages() -> None:
    output = [said("Look:"), called("a"), called("b"), gave("a"), gave("b"), said("4")]
    calls = [made("a"), made("b")]
    assert whole(to_chat(rollout(output))) == (
        [USER, answer("Look:", tool_calls=calls), result("a"), result("b"), answer("4")],
        (),
        None,
    )


def test_c3_arguments_can_stay_text() -> None:
    output = [called("a", '{"n":  4}'), gave("a"), said("4")]
    messages = to_chat(rollout(output), ChatOptions(arguments="string")).messages
    assert messages == [USER, answer("", tool_calls=[made("a", '{"n":  4}')]), result("a"), answer("4")]


@pytest.mark.parametrize("text", ["BROKEN", "[4]", '{"n": NaN}', '{"n": 1e400}', '{"n": 4', "[" * 5000])
def test_c3_arguments_that_are_no_json_object_stay_text_and_are_told(text: str) -> None:
    assert whole(to_chat(rollout([called("a", text), gave("a"), said("4")]))) == (
        [USER, answer("", tool_calls=[made("a", text)]), result("a"), answer("4")],
        ("bad_tool_args",),
        None,
    )


@pytest.mark.parametrize("text", ["", "  ", "null", " null\n", None])
def test_c3_blank_arguments_are_an_empty_object_and_told(text: str | None) -> None:
    example = to_chat(rollout([called("a", text), gave("a"), said("4")]))
    assert whole(example) == (
        [USER, answer("", tool_calls=[made("a", {})]), result("a"), answer("4")],
        ("empty_arguments",),
        None,
    )


def test_c3_blank_arguments_as_text_are_an_empty_object_too_but_not_for_gym() -> None:
    blank = rollout([called("a", ""), gave("a"), said("4")])
    as_text = to_chat(blank, ChatOptions(arguments="string")).messages
    assert as_text == [USER, answer("", tool_calls=[made("a", "{}")]), result("a"), answer("4")]
    assert (to_chat(blank, GYM_OPTIONS).messages or [])[1]["tool_calls"] == [made("a", "")]


def test_c3_numbers_in_arguments_survive_exactly() -> None:
    text = '{"big":18446744073709551617,"small":-9223372036854775809,"float":0.1,"half":1.0,"id":12345678901234567890}'
    example = to_chat(rollout([called("a", text), gave("a"), said("4")]))
    assert text.encode() in encode(example.record())


def test_c3_the_item_id_stands_in_for_a_missing_call_id() -> None:
    assert to_chat(rollout([called(None)])).messages == [USER, answer("", tool_calls=[made("fc_1")])]


def test_ids_that_are_missing_still_are_told() -> None:
    call = {"type": "function", "function": {"name": "show", "arguments": {"n": 4}}}
    output = [answer("", tool_calls=[call]), {"role": "tool", "name": "show", "content": "four"}, answer("4")]
    assert whole(to_chat(rollout(output))) == (
        [USER, answer("", tool_calls=[made("")]), {**result(""), "name": "show"}, answer("4")],
        ("missing_call_id",),
        None,
    )


@pytest.mark.parametrize("name", [None, "", 4])
def test_a_call_without_a_name_skips_the_rollout(name: Any) -> None:
    assert to_chat(rollout([{**called("a"), "name": name}])).skip == "bad_tool_call"


@pytest.mark.parametrize(
    ("output", "content", "issues"),
    [
        ('{"error": "x"}', '{"error": "x"}', ()),
        (None, "", ()),
        ({"é": [1, None]}, '{"é": [1, null]}', ()),
        (4, "4", ()),
        ([1, 2], "[1, 2]", ()),
        ([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}], "ab", ()),
        ([{"type": "hotel", "name": "x"}], '[{"type": "hotel", "name": "x"}]', ()),
    ],
)
def test_c4_a_result_is_text(output: Any, content: str, issues: tuple[str, ...]) -> None:
    assert whole(to_chat(rollout([called("a"), gave("a", output), said("4")]))) == (
        [USER, answer("", tool_calls=[made("a")]), result("a", content), answer("4")],
        issues,
        None,
    )


def test_c5_developer_becomes_system_unless_told_otherwise() -> None:
    asked = rollout([said("4")], [{"role": "developer", "content": "Be brief."}, QUESTION])
    assert to_chat(asked).messages == [{"role": "system", "content": "Be brief."}, USER, answer("4")]
    assert to_chat(asked, GYM_OPTIONS).messages == [{"role": "developer", "content": "Be brief."}, USER, answer("4")]


def test_c6_text_stands_before_calls_and_no_text_is_null_on_request() -> None:
    call = [called("a"), gave("a"), said("4")]
    messages = to_chat(rollout(call), ChatOptions(null_content=True)).messages
    assert messages == [USER, answer(None, tool_calls=[made("a")]), result("a"), answer("4")]


def test_c6_an_assistant_message_with_nothing_in_it_is_dropped_and_told() -> None:
    output = [said(""), said("And 3+3?", "user"), said("6")]
    more = {"role": "user", "content": "And 3+3?"}
    assert whole(to_chat(rollout(output))) == ([USER, more, answer("6")], ("dropped_empty_assistant",), None)


def test_c6_gym_keeps_an_assistant_message_with_nothing_in_it() -> None:
    assert to_chat(rollout([said(""), QUESTION, said("4")]), GYM_OPTIONS).messages == [
        USER,
        answer(None),
        USER,
        answer("4"),
    ]


PARTS = [{"type": "input_text", "text": "What is"}, {"type": "input_text", "text": " this?"}]
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA"}


def test_c7_text_parts_become_one_text_or_stay_parts() -> None:
    asked = rollout([said("4")], [{"role": "user", "content": PARTS}])
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": " this?"}]
    assert to_chat(asked).messages == [{"role": "user", "content": "What is this?"}, answer("4")]
    assert to_chat(asked, ChatOptions(content="parts")).messages == [{"role": "user", "content": parts}, answer("4")]
    assert to_chat(asked, ChatOptions(content="lists")).messages == [
        {"role": "user", "content": parts},
        answer([{"type": "text", "text": "4"}]),
    ]


def test_c7_an_image_is_kept_as_a_part() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "auto"}}
    asked = rollout([said("4")], [{"role": "user", "content": [PARTS[0], IMAGE]}])
    content = [{"type": "text", "text": "What is"}, image]
    assert whole(to_chat(asked)) == ([{"role": "user", "content": content}, answer("4")], ("image",), None)


@pytest.mark.parametrize(
    ("options", "content", "issues", "skip"),
    [
        (ChatOptions(image_style="image"), [{"type": "image", "image": "data:image/png;base64,AA"}], ("image",), None),
        (ChatOptions(media="drop"), "", ("dropped_media", "dropped_part:input_image"), None),
        (ChatOptions(media="skip"), None, ("dropped_media", "dropped_part:input_image"), "media"),
    ],
)
def test_c7_media_follow_the_options(options: ChatOptions, content: Any, issues: tuple[str, ...], skip: Any) -> None:
    asked = to_chat(rollout([said("4")], [{"role": "user", "content": [IMAGE]}]), options)
    messages = None if skip else [{"role": "user", "content": content}, answer("4")]
    assert whole(asked) == (messages, issues, skip)


def test_c8_instructions_and_leading_system_messages_are_one() -> None:
    asked = rollout([said("4")], [said("Be brief.", "developer"), QUESTION], instructions="Use no words.")
    assert to_chat(asked).messages == [{"role": "system", "content": "Use no words.\n\nBe brief."}, USER, answer("4")]


def test_c9_tools_are_nested_without_strict_and_nulls() -> None:
    tools = [
        {"type": "function", "name": "show", "description": None, "parameters": {"type": "object"}, "strict": True},
        {"type": "function", "function": {"name": "hide", "strict": True}},
        {"type": "web_search"},
    ]
    example = to_chat(rollout([said("4")], tools=tools))
    nested = {"type": "function", "function": {"name": "show", "parameters": {"type": "object"}}}
    assert (example.tools, example.issues) == ([nested, tools[1]], ("dropped_tool:web_search",))


def test_c9_without_tools_the_key_is_absent() -> None:
    assert to_chat(rollout([said("4")], tools=[])).record() == {"messages": [USER, answer("4")]}


def test_c10_an_item_that_chat_cannot_express_skips_the_rollout() -> None:
    assert to_chat(rollout([{"type": "mcp_call", "name": "x"}, said("4")])).skip == "unsupported_item:mcp_call"


TAIL = [said("4"), said("Thanks", "user")]


def test_c11_what_follows_the_last_answer_is_cut_off_and_told() -> None:
    assert whole(to_chat(rollout(TAIL))) == ([USER, answer("4")], ("trimmed_tail:1",), None)


def test_c4_an_image_that_a_tool_gave_is_an_image() -> None:
    output = [{"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": "data:x"}]
    parts = [{"type": "text", "text": "seen"}, {"type": "image_url", "image_url": {"url": "data:x", "detail": "auto"}}]
    assert whole(to_chat(rollout([called("a"), gave("a", output), said("4")]))) == (
        [USER, answer("", tool_calls=[made("a")]), result("a", parts), answer("4")],
        ("image",),
        None,
    )


def test_c11_a_tail_can_skip_the_rollout_or_stay() -> None:
    assert to_chat(rollout(TAIL), ChatOptions(trailing="skip")).skip == "tail_after_assistant"
    thanks = {"role": "user", "content": "Thanks"}
    assert to_chat(rollout(TAIL), ChatOptions(trailing="keep")).messages == [USER, answer("4"), thanks]


def test_c11_with_nothing_left_there_is_no_example() -> None:
    assert to_chat(rollout([said("")])).skip == "no_final_assistant"


def test_c11_a_final_call_is_told_and_can_skip() -> None:
    ended = rollout([called("a"), gave("a")])
    assert whole(to_chat(ended)) == (
        [USER, answer("", tool_calls=[made("a")])],
        ("trimmed_tail:1", "ends_in_tool_call"),
        None,
    )
    assert to_chat(ended, ChatOptions(final_tool_call="skip")).skip == "final_tool_call"


@pytest.mark.parametrize(
    ("output", "issues"),
    [
        ([called("a"), called("b"), gave("b"), said("4")], ("unanswered_tool_call",)),
        (
            [said("x"), called("a"), said("y"), called("b")],
            ("lost_tool_results", "joined_answers", "ends_in_tool_call"),
        ),
        ([gave("a"), said("4")], ("orphan_tool_message",)),
        ([gave("a"), called("a"), said("x", "user"), said("4")], ("orphan_tool_message", "unanswered_tool_call")),
        ([called("a"), called("a"), gave("a"), gave("a"), said("4")], ("duplicate_call_id",)),
        ([called("a"), gave("a"), called("a"), gave("a"), said("4")], ()),
        ([called("a"), said("x", "user"), gave("a"), said("4")], ("late_tool_result",)),
    ],
)
def test_c12_calls_and_results_that_do_not_pair_are_told(output: Any, issues: tuple[str, ...]) -> None:
    assert told(to_chat(rollout(output))) == issues


def test_c13_a_rollout_that_was_cut_off_is_told() -> None:
    assert to_chat(rollout([said("4")], truncated="max_output_tokens")).issues == ("truncated:max_output_tokens",)


def test_c13_a_conversation_without_a_user_is_told() -> None:
    assert to_chat(rollout([said("4")], [])).issues == ("no_user",)


@pytest.mark.parametrize(
    ("text", "message", "issues"),
    [
        ("<think>A</think>B", answer("B", reasoning_content="A"), ("reasoning",)),
        ("A</think>B", answer("B", reasoning_content="A"), ("reasoning",)),
        ("B<think>A", answer("B", reasoning_content="A"), ("reasoning", "unclosed_think")),
        ("A</think>B<think>C</think>D", answer("BD", reasoning_content="A\n\nC"), ("reasoning",)),
    ],
)
def test_c14_thinking_in_the_text_can_be_split_off(text: str, message: Any, issues: tuple[str, ...]) -> None:
    options = ChatOptions(inline_think="split", reasoning="field")
    assert whole(to_chat(rollout([said(text)]), options)) == ([USER, message], issues, None)


def test_c14_thinking_in_the_text_stays_by_default() -> None:
    assert to_chat(rollout([said("<think>A</think>B")])).messages == [USER, answer("<think>A</think>B")]


def test_valid_chat_messages_come_out_equal() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What?"}, image], "name": "ann"},
        {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [made("a", '{"n": 4}')]},
        {"role": "tool", "tool_call_id": "a", "content": "four"},
        {"role": "assistant", "content": "4"},
    ]
    options = ChatOptions(arguments="string", null_content=True, reasoning="field")
    assert to_chat(rollout(messages[2:], messages[:2]), options).messages == messages


# Encoding


def test_f8_a_record_is_one_line_of_utf8() -> None:
    assert encode({"messages": [answer("é\n")]}) == '{"messages":[{"role":"assistant","content":"é\\n"}]}\n'.encode()


def test_f8_a_lone_surrogate_is_escaped() -> None:
    assert encode({"a": "é\ud800"}) == b'{"a":"\\u00e9\\ud800"}\n'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_f8_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        encode({"a": [None, {"b": number}]})


def test_f8_deep_values_and_big_integers_are_written() -> None:
    deep: Any = 2**70
    for _ in range(300):
        deep = [deep]
    assert json.loads(encode({"a": deep})) == {"a": deep}


@pytest.mark.parametrize(("value", "skip"), [(math.nan, "non_finite_number"), (10**400, None)])
def test_a_number_in_a_tool_that_is_not_finite_skips_the_rollout(value: Any, skip: str | None) -> None:
    tool = {"type": "function", "name": "show", "parameters": {"maximum": value}}
    assert to_chat(rollout([said("4")], tools=[tool])).skip == skip


# Whatever comes


def test_every_kind_that_keeps_a_rollout_out_has_words() -> None:
    assert [kind for kind in EXCLUDED_BY_DEFAULT if kind not in ISSUE_WORDS] == []


TYPES = (
    "message reasoning function_call function_call_output mcp_call text input_text input_image image_url input_audio"
)
ROLES = "user assistant system developer tool wizard"
TEXTS = [
    "",
    "{}",
    '{"n": 18446744073709551617}',
    "BROKEN",
    "<think>",
    "a</think>b",
    "\ud800",
    "4",
    "refusal",
    "function",
]
NAMES = (
    "type role content text summary call_id id name arguments output tool_calls tool_call_id function function_call"
    " reasoning_content image_url input_audio refusal strict"
)
WORDS = st.sampled_from([*TYPES.split(), *ROLES.split(), *TEXTS])
KEYS = st.sampled_from(NAMES.split())
NUMBERS = st.floats() | st.integers() | st.booleans() | st.none()
JSON = st.recursive(
    WORDS | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["message", "reasoning", "function_call", "function_call_output"])},
        optional={
            "role": st.sampled_from(["user", "assistant", "system", "tool"]),
            "content": JSON,
            "call_id": WORDS,
            "name": WORDS,
            "arguments": JSON,
            "output": JSON,
            "summary": JSON,
            "tool_calls": JSON,
        },
    )
    | JSON,
    max_size=5,
)
CHAT_OPTIONS = st.builds(
    ChatOptions,
    reasoning=st.sampled_from(["drop", "field", "inline"]),
    think=st.sampled_from(["gym", "qwen"]),
    arguments=st.sampled_from(["object", "string"]),
    null_content=st.booleans(),
    keep_empty=st.booleans(),
    content=st.sampled_from(["text", "parts", "lists"]),
    media=st.sampled_from(["keep", "drop", "skip"]),
    image_style=st.sampled_from(["image_url", "image"]),
    trailing=st.sampled_from(["trim", "skip", "keep"]),
    inline_think=st.sampled_from(["keep", "split"]),
)


def assert_usable(example: Example, ends_with_assistant: bool) -> None:
    """Check that an example says why it is missing, or can be written and read back."""
    assert (example.messages is None) == (example.skip is not None)
    kinds = {issue_kind(name) for name in (*example.issues, *([example.skip] if example.skip else []))}
    assert kinds <= ISSUE_WORDS.keys()
    if example.messages is not None:
        assert json.loads(encode(example.record())) == example.record()
        assert not ends_with_assistant or example.messages[-1]["role"] == "assistant"


@settings(max_examples=400, deadline=None)
@given(prompt=ITEMS | JSON, output=ITEMS | JSON, tools=st.lists(JSON, max_size=2), options=CHAT_OPTIONS)
def test_whatever_the_json_both_forms_give_an_example_or_a_reason(
    prompt: Any, output: Any, tools: list[Any], options: ChatOptions
) -> None:
    strange = rollout(output, prompt, tools=tools, instructions="x", notes=("non_finite_number",))
    assert_usable(to_flat(strange), ends_with_assistant=True)
    assert_usable(to_flat(strange, FlatOptions(strip_think=True, with_instructions=True)), ends_with_assistant=True)
    assert_usable(to_chat(strange, options), ends_with_assistant=options.trailing != "keep")
    assert_usable(to_chat(replace(strange, instructions=None), GYM_OPTIONS), ends_with_assistant=False)


# C10 to C14 as a policy: what is wrong is left out, or the example ends before it


def cut(output: Any, *kinds: str, **options: Any) -> Example:
    """Return the chat example of an output that ends before issues of these kinds."""
    more = {"truncated": options.pop("truncated", None)}
    return to_chat(rollout(output, **more), ChatOptions(trim=frozenset(kinds), **options))


SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}


def test_c10_an_item_chat_cannot_express_can_end_the_example() -> None:
    example = cut([said("a"), SEARCH, said("b")], unsupported="trim")
    assert example == Example([USER, answer("a")], issues=("trimmed:unsupported_item",))


def test_c10_an_item_chat_cannot_express_can_be_left_out_of_the_example() -> None:
    example = cut([said("a"), SEARCH, said("b")], unsupported="omit")
    assert example == Example([USER, answer("a\n\nb")], issues=("dropped_item:web_search_call", "joined_answers"))


def test_c10_nothing_is_left_when_such_an_item_stands_first() -> None:
    assert cut([SEARCH, said("b")], unsupported="trim").skip == "no_final_assistant"


def test_c11_a_final_call_can_be_cut_off_with_the_results_before_it() -> None:
    example = cut([said("a"), said("more", "user"), called("c1"), gave("c1"), called("c2")], final_tool_call="trim")
    assert example == Example([USER, answer("a")], issues=("trimmed:ends_in_tool_call",))


def test_c11_an_example_that_is_one_call_has_nothing_left_without_it() -> None:
    assert cut([called("c1")], final_tool_call="trim").skip == "no_final_assistant"


def test_c12_an_unanswered_call_can_end_the_example() -> None:
    output = [called("c1"), gave("c1"), called("c2"), said("and?", "user"), said("b")]
    example = cut(output, "unanswered_tool_call")
    assert example.messages == to_chat(rollout(output[:3])).messages
    assert told(example) == ("trimmed:unanswered_tool_call", "ends_in_tool_call")


def test_c12_text_without_the_results_it_followed_can_end_the_example() -> None:
    example = cut([said("a"), called("c1"), thought("hm"), said("b")], "lost_tool_results", reasoning="field")
    assert example.messages == [USER, {**answer("a"), "tool_calls": [made("c1")]}]
    assert told(example) == ("reasoning", "trimmed:lost_tool_results", "ends_in_tool_call")


def test_c12_a_result_without_a_call_can_end_the_example() -> None:
    example = cut([said("a"), gave("c9"), said("b")], "orphan_tool_message")
    assert example == Example([USER, answer("a")], issues=("trimmed:orphan_tool_message",))


def test_c12_an_id_that_is_used_again_can_end_the_example() -> None:
    output = [said("a"), said("go", "user"), called("c1"), called("c1"), gave("c1"), said("b")]
    assert cut(output, "duplicate_call_id").messages == [USER, answer("a")]


def test_c13_an_answer_that_was_cut_off_can_be_taken_away() -> None:
    output = [said("a"), said("more", "user"), said("b and th")]
    example = cut(output, "truncated", truncated="max_output_tokens")
    assert example == Example([USER, answer("a")], issues=("trimmed:truncated", "truncated:max_output_tokens"))


def test_c13_the_only_answer_is_not_taken_away_for_one_of_the_prompt() -> None:
    prompt = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}, QUESTION]
    example = to_chat(rollout([said("4 an")], prompt, truncated="x"), ChatOptions(trim=frozenset({"truncated"})))
    assert example.skip == "no_final_assistant"


def test_c14_thinking_that_was_never_closed_can_end_the_example() -> None:
    output = [said("a"), said("more", "user"), said("<think>b")]
    assert cut(output, "unclosed_think", inline_think="split").messages == [USER, answer("a")]


def test_the_prompt_of_an_example_is_known() -> None:
    prompt = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}, QUESTION]
    assert to_chat(rollout([said("4")], prompt)).n_prompt == 3
    assert to_chat(rollout([said("4")], prompt, instructions="Be brief.")).n_prompt == 4
    assert to_flat(rollout([said("4")], prompt)).n_prompt == 3


def test_tools_can_be_written_as_json_text() -> None:
    example = to_chat(rollout([said("4")], tools=[{"type": "function", "name": "é"}]), ChatOptions(tools="text"))
    assert example.record()["tools"] == '[{"type": "function", "function": {"name": "é"}}]'
