"""Where each block of a conversation went in its example."""

from typing import Any

import pytest

from making import SAMPLE_DATA, said
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.ui.reader.example_alignment import changed, left_out, locate_in_example
from rollout_curator.ui.reader.transcript import transcript
from rollout_curator.workspace.workspace import Workspace

USER = {"role": "user", "content": "What is 2 + 2?"}
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "two and two"}]}
CALL = {"type": "function_call", "name": "add", "arguments": '{"a": 2, "b": 2}', "call_id": "c1"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": '{"sum": 4}'}
PIXEL = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}


def placed(output: list[Any], prompt: Any = (USER,), instructions: str | None = None, **chosen: Any) -> dict[str, Any]:
    """Return the messages each turn's blocks went to, and what was left out."""
    plan = recipes.plan(Recipe(**chosen))
    rollout = Rollout("test", list(prompt), output, 1.0, instructions=instructions)
    messages = recipes.example(rollout, plan).messages
    assert messages is not None
    turns = locate_in_example(transcript(rollout), messages, plan)
    return {"to": [[block["to"] for block in turn["blocks"]] for turn in turns], "out": left_out(turns, len(messages))}


def test_what_is_written_names_its_message() -> None:
    assert placed([CALL, RESULT, said("4.")]) == {"to": [[0], [1, 2], [3]], "out": []}


def test_reasoning_is_left_out_before_the_message_it_led_to() -> None:
    found = placed([THOUGHT, said("4.")])
    assert found == {"to": [[0], [None, 1]], "out": [{"before": 1, "turn": 2, "words": "reasoning, 11 characters"}]}


@pytest.mark.parametrize(
    "how", [{"reasoning": "field"}, {"reasoning": "inline"}, {"reasoning": "inline", "think": "qwen"}]
)
def test_reasoning_that_is_kept_stands_in_its_message(how: dict[str, str]) -> None:
    assert placed([THOUGHT, said("4.")], options=how) == {"to": [[0], [1, 1]], "out": []}


def test_flat_joins_the_answers_and_loses_the_tools() -> None:
    found = placed([said("Let me add."), CALL, RESULT, said("4.")], format="flat")
    assert found["to"] == [[0], [1, None, None], [1]]
    assert found["out"] == [{"before": 1, "turn": 2, "words": "tool call, 22 characters, tool result, 14 characters"}]


def test_flat_loses_the_instructions() -> None:
    found = placed([said("4.")], instructions="Be brief.", format="flat")
    assert found["to"] == [[None], [0], [1]]


def test_instructions_stand_with_the_system_prompt() -> None:
    found = placed([said("4.")], [{"role": "developer", "content": "Be kind."}, USER], "Be brief.")
    assert found["to"] == [[0], [0], [1], [2]]


def changes(output: list[Any], prompt: Any = (USER,), instructions: str | None = None, **chosen: Any) -> list[Any]:
    """Return what the example says otherwise, as (message, turn, words)."""
    rollout = Rollout("test", list(prompt), output, 1.0, instructions=instructions)
    plan = recipes.plan(Recipe(**chosen))
    messages = recipes.example(rollout, plan).messages or []
    marks = changed(locate_in_example(transcript(rollout), messages, plan), messages)
    return [(mark["before"], mark["turn"], mark["words"]) for mark in marks]


def test_what_stands_as_it_was_recorded_is_not_marked_as_changed() -> None:
    assert changes([THOUGHT, CALL, RESULT, said("4.")]) == []


def test_answers_that_become_one_message_are_marked_as_joined() -> None:
    found = changes([said("One."), CALL, RESULT, said("Two.")], format="flat")
    assert found == [(1, 3, "merged into turn 2")]


def test_a_developer_message_is_marked_as_written_as_system() -> None:
    found = changes([said("4.")], [{"role": "developer", "content": "Be kind."}, USER], "Be brief.")
    assert found == [(0, 2, "role changed to system"), (0, 2, "merged into turn 1")]


def test_turns_after_the_last_answer_are_left_out_at_the_end() -> None:
    found = placed([said("4."), {"role": "user", "content": "Sure?"}])
    assert found["out"] == [{"before": 2, "turn": 3, "words": "text, 5 characters"}]


def test_a_repeated_word_is_not_taken_for_its_earlier_self() -> None:
    again = {"role": "user", "content": "go on"}
    found = placed([said("a"), again, said("b"), again])
    assert found["to"] == [[0], [1], [2], [3], [None]]


def test_images_are_kept_or_left_out() -> None:
    prompt = [{"role": "user", "content": [{"type": "input_text", "text": "what is it?"}, PIXEL]}]
    keep = {"keep": ("media",), "options": {"media": "keep"}}
    assert placed([said("a dot")], prompt, **keep)["to"] == [[0, 0], [1]]
    dropped = placed([said("a dot")], prompt, options={"media": "drop"})
    assert dropped["out"] == [{"before": 0, "turn": 1, "words": "image"}]


def test_the_same_call_id_twice_is_two_calls() -> None:
    found = placed([CALL, RESULT, CALL, RESULT, said("4.")])
    assert found["to"] == [[0], [1, 2], [3, 4], [5]]


@pytest.mark.parametrize("chosen", [{}, {"format": "flat"}, {"target": "gym"}], ids=["chat", "flat", "gym"])
def test_every_message_of_the_sample_data_comes_from_a_turn(chosen: dict[str, Any], tmp_path: Any) -> None:
    workspace, plan = Workspace.open([SAMPLE_DATA], tmp_path), recipes.plan(Recipe(**chosen))
    unexplained = []
    for row in range(workspace.n_rollouts):
        rollout = workspace.rollout(row)
        made = recipes.example(rollout, plan)
        turns = locate_in_example(transcript(rollout), made.messages or (), plan)
        held = {block["to"] for turn in turns for block in turn["blocks"]}
        full = [n for n, message in enumerate(made.messages or ()) if message["content"] or message.get("tool_calls")]
        unexplained += [(workspace.where(row), n) for n in full if n not in held]
    assert unexplained == []
