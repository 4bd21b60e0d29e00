"""The one vocabulary of parts: what each type is, and that reading, conversion and reader agree on it."""

from typing import Any

import pytest

from rollout_curator.conversation import ChatOptions, to_chat
from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import read_object
from rollout_curator.sources.shapes.parts import ContentPart, parts_of, texts_of


def test_a_text_is_one_part_and_nothing_has_none() -> None:
    assert [list(parts_of("4")), list(parts_of("")), list(parts_of(None))] == [[ContentPart("text", "4", "4")], [], []]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ({"type": "output_text", "text": "4"}, "text", "4"),
        ({"type": "refusal", "refusal": "No."}, "refusal", "No."),
        ({"type": "reasoning_text", "text": "Hm."}, "thought", "Hm."),
        ({"type": "thinking", "thinking": "Hm."}, "thought", "Hm."),
        ({"type": "redacted_thinking", "data": "x"}, "thought", None),
        ({"type": "computer_screenshot", "image_url": "u"}, "image", None),
        ({"type": "text", "text": 4}, "text", None),
        ({"type": "new", "text": "4"}, "other", "4"),
        ({"type": ["text"], "text": "4"}, "other", "4"),
        ("bare", "none", "bare"),
        (4, "none", None),
    ],
)
def test_a_part_is_what_its_type_says(value: Any, kind: str, text: str | None) -> None:
    assert list(parts_of([value])) == [ContentPart(kind, text, value)]  # type: ignore[arg-type]


def test_texts_are_those_of_every_kind_of_part() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}, {"type": "image", "image": "u"}]
    assert texts_of(parts) == ["a", "b"]


@pytest.mark.parametrize("kind", ["reasoning", "reasoning_text", "thought"])
def test_a_thought_among_the_parts_of_an_answer_is_reasoning_under_every_type(kind: str) -> None:
    parts = [{"type": kind, "text": "Hm."}, {"type": "text", "text": "4"}]
    read = read_object({"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": parts}]})
    assert isinstance(read, Rollout)
    made = to_chat(read, ChatOptions(reasoning="field"))
    assert (made.messages or [])[1:] == [{"role": "assistant", "content": "4", "reasoning_content": "Hm."}]
    assert made.issues == ("reasoning",)
