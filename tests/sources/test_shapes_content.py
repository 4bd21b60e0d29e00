"""Reasoning, system text and media in the shapes that frameworks write (M3, M4, M7), values by hand."""

import json
from typing import Any

import pytest

from shaping import ASKED, SAID, call, called, line, made, messages, notes, out, result

THOUGHT = {**SAID, "reasoning_content": "Low water."}
PIXEL = "data:image/png;base64,QUJD"
IMAGE = {"type": "image_url", "image_url": {"url": PIXEL}}


def answer(**more: Any) -> dict[str, Any]:
    """Return a line whose answer has more than a text."""
    return line(ASKED, {**SAID, **more})


@pytest.mark.parametrize(
    "beside",
    [
        {"reasoning": "Low water."},
        {"thinking": "Low water."},
        {"thought": "Low water."},
        {"reasoning_content": "Low water.", "reasoning": "Low water."},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Low water.", "format": "x-v1", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Low water."}], "reasoning": "Low water."},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Low water."}]},
        {"thinking": {"text": "Low water."}},
    ],
)
def test_reasoning_beside_a_text_is_read_under_every_key(beside: Any) -> None:
    assert messages(answer(**beside)) == [ASKED, THOUGHT]
    assert notes(answer(**beside)) == []


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "Low water."},
        {"type": "reasoning", "text": "Low water."},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Low water."}]},
        {"type": "thinking", "thinking": [{"type": "text", "text": "Low water."}]},
    ],
)
def test_reasoning_among_the_parts_is_read(block: Any) -> None:
    assert messages(answer(content=[block, {"type": "text", "text": "05:12."}])) == [ASKED, THOUGHT]


def test_the_parts_of_a_thought_stay_in_order() -> None:
    parts = [{"type": "text", "text": text} for text in ("First.", "Then.")]
    made_of = answer(content=[{"type": "thinking", "thinking": parts}, {"type": "text", "text": "05:12."}])
    assert messages(made_of)[1]["reasoning_content"] == "First.\n\nThen."


@pytest.mark.parametrize(
    "beside",
    [
        {"content": [{"type": "redacted_thinking", "data": "b64"}, {"type": "text", "text": "05:12."}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "b64"}]},
        {"thinking_blocks": [{"type": "redacted_thinking", "data": "b64"}]},
    ],
)
def test_reasoning_that_only_its_provider_can_read_is_counted(beside: Any) -> None:
    example = made(answer(**beside))
    assert example.messages == [ASKED, SAID]
    assert (example.issues, example.left_out) == (("reasoning_hidden",), (("hidden_reasoning", 1),))


def test_a_hidden_thought_beside_a_text_of_the_same_is_counted_too() -> None:
    details = [{"type": "reasoning.text", "text": "Low water."}, {"type": "reasoning.encrypted", "data": "b64"}]
    example = made(answer(reasoning="Low water.", reasoning_details=details))
    assert example.messages == [ASKED, THOUGHT]
    assert dict(example.left_out) == {"hidden_reasoning": 1}


def test_another_thought_under_a_second_key_keeps_a_rollout_out() -> None:
    fields = answer(reasoning="Low water.", thinking="Another.")
    assert notes(fields) == ["unread_content:message.thinking"]
    assert out(fields) == "unread_content"


def test_reasoning_of_a_user_is_content_however_short() -> None:
    assert notes(line({**ASKED, "reasoning": "Hm."}, SAID)) == ["unread_content:message.reasoning"]


def test_a_signature_is_told_and_costs_nothing() -> None:
    fields = answer(content=[{"type": "thinking", "thinking": "Low water.", "signature": "b64"}, {"text": "05:12."}])
    assert messages(fields) == [ASKED, THOUGHT]
    assert notes(fields) == ["unread:part.signature"]


def test_what_stands_in_a_summary_beside_its_text_keeps_a_rollout_out() -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Low.", "more": "Very low."}]}
    fields = {"responses_create_params": {"input": "Tide?"}, "response": {"output": [thought, SAID]}, "reward": 1.0}
    assert notes(fields) == ["unread_content:thought.more"]


@pytest.mark.parametrize(
    "system",
    [{"system": "Be brief."}, {"system_prompt": "Be brief."}, {"system": [{"type": "text", "text": "Be brief."}]}],
)
@pytest.mark.parametrize("sides", [{"messages": [ASKED, SAID]}, {"prompt": "Tide?", "completion": "05:12."}])
def test_a_system_text_beside_the_conversation_comes_first(system: Any, sides: Any) -> None:
    assert messages({**sides, **system, "reward": 1.0}) == [{"role": "system", "content": "Be brief."}, ASKED, SAID]


def test_a_system_text_that_stands_in_the_messages_too_is_written_once() -> None:
    first = {"role": "system", "content": "Be brief."}
    assert messages(line(first, ASKED, SAID, system_prompt="Be brief.")) == [first, ASKED, SAID]
    assert notes(line(first, ASKED, SAID, system_prompt="Be brief.")) == []


def test_two_system_texts_that_differ_keep_a_rollout_out() -> None:
    fields = line({"role": "system", "content": "Be brief."}, ASKED, SAID, system="Be long.")
    assert notes(fields) == ["unread_content:line.system"]
    assert out(line(ASKED, SAID, system="Be long.", system_prompt="Be brief.")) == "unread_content"


@pytest.mark.parametrize(
    "output",
    [
        [IMAGE],
        [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}],
        [{"type": "image", "data": "QUJD", "mimeType": "image/png"}],
        {"content": [{"type": "image", "data": "QUJD", "mimeType": "image/png"}], "isError": False},
        {"type": "image", "source": {"type": "url", "url": PIXEL}},
        [{"type": "input_image", "image_url": {"url": PIXEL}}],
    ],
)
def test_an_image_that_a_tool_gave_is_an_image(output: Any) -> None:
    fields = line(ASKED, called(call()), result(content=output), SAID)
    example = made(fields, keep=("image",))
    assert example.messages is not None
    assert example.messages[2]["content"] == [IMAGE]
    assert "image" in example.issues


@pytest.mark.parametrize(
    "output",
    [
        [{"type": "file", "name": "a.txt"}, {"type": "dir", "name": "b"}],
        [{"type": "text", "words": 3}],
        {"content": [{"type": "text", "text": "05:12"}], "isError": False},
        {"type": "text", "text": "05:12"},
        {"time": "05:12"},
    ],
)
def test_a_value_that_a_tool_gave_is_written_as_json(output: Any) -> None:
    fields = line(ASKED, called(call()), result(content=output), SAID)
    assert messages(fields)[2] == result(content=json.dumps(output))
    assert notes(fields) == []


def test_a_part_of_an_unknown_kind_keeps_a_rollout_out() -> None:
    parts = [{"type": "text", "text": "See:"}, {"type": "document", "source": {"type": "text", "data": "05:12"}}]
    assert notes(line({"role": "user", "content": parts}, SAID)) == ["unread_content:part.document"]
    assert out(line({"role": "user", "content": parts}, SAID)) == "unread_content"
    assert out(line(ASKED, called(call()), result(content=parts), SAID)) == "unread_content"


def test_a_second_place_of_a_medium_is_not_passed_over() -> None:
    part = {"type": "image", "image_url": PIXEL, "url": "https://example.org/other.png"}
    assert notes(line({"role": "user", "content": [part]}, SAID)) == ["unread_content:part.url"]


@pytest.mark.parametrize("key", ["images", "videos", "audios"])
def test_media_beside_the_messages_keep_a_rollout_out(key: str) -> None:
    fields = line({"role": "user", "content": "<image>Tide?"}, SAID, **{key: ["a.png"]})
    assert notes(fields) == [f"unread_content:line.{key}"]


def test_no_empty_turn_is_made_of_blocks() -> None:
    use = {"type": "tool_use", "id": "c1", "name": "tide", "input": {}}
    given = {"type": "tool_result", "tool_use_id": "c1"}
    fields = line(ASKED, {"role": "assistant", "content": [use]}, {"role": "user", "content": [given]}, SAID)
    assert messages(fields) == [ASKED, called(call()), result(content=""), SAID]
