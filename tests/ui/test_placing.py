"""Where each block of a conversation went in its example."""

from typing import Any

import pytest

from making import SAMPLE_DATA, said
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.ui.reader.example_alignment import changed, left_out, locator
from rollout_curator.ui.reader.transcript import numbered
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
    made = recipes.example(rollout, plan, is_traced=True)
    assert made.messages is not None
    turns = numbered(rollout, locator(made)).turns
    out = left_out(turns, len(made.messages))
    return {"to": [[block["to"] for block in turn["blocks"]] for turn in turns], "out": out}


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
    made = recipes.example(rollout, plan, is_traced=True)
    marks = changed(numbered(rollout, locator(made)).turns, made.messages or [])
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


def test_an_example_knows_the_pieces_of_items_each_message_was_made_of() -> None:
    rollout = Rollout("test", [USER], [THOUGHT, CALL, RESULT, said("4.")], 1.0, instructions="Be brief.")
    made = recipes.example(rollout, recipes.plan(Recipe(options={"reasoning": "field"})), is_traced=True)
    assert made.origins == (
        ((-1, "text"),),
        ((0, "text"), (0, "think"), (0, "part")),
        ((1, "reasoning"), (2, "call")),
        ((3, "text"), (3, "think"), (3, "part")),
        ((4, "text"), (4, "think")),
    )


@pytest.mark.parametrize("form", ["chat", "flat"])
def test_origins_are_there_only_when_they_are_asked_for_and_change_nothing(form: str) -> None:
    prompt = [{"role": "system", "content": "Be kind."}, USER]
    rollout = Rollout("test", prompt, [THOUGHT, CALL, RESULT, said("4.")], 1.0, instructions="Be brief.")
    plan = recipes.plan(Recipe(format=form))
    made, traced = recipes.example(rollout, plan), recipes.example(rollout, plan, is_traced=True)
    assert (made.origins, len(traced.origins)) == ((), len(traced.messages or []))
    assert made.record() == traced.record()
    assert not any("pieces" in message for message in [*(made.messages or []), *(traced.messages or [])])


def test_one_part_of_two_that_is_left_out_is_told_from_the_other() -> None:
    file = {"type": "input_file", "filename": "a.pdf"}
    prompt = [{"role": "user", "content": [{"type": "input_text", "text": "what is it?"}, file, PIXEL]}]
    found = placed([said("a dot")], prompt, keep=("media", "file"), options={"media": "keep"})
    assert found["to"] == [[0, None, 0], [1]]


def test_parts_that_are_no_text_leave_a_system_prompt_that_the_instructions_stand_in() -> None:
    system = {"role": "system", "content": [{"type": "input_text", "text": "Look."}, PIXEL]}
    found = placed([said("a dot")], [system, USER], "Be brief.", keep=("media",), options={"media": "keep"})
    assert found["to"] == [[0], [0, None], [1], [2]]


def test_of_a_text_with_two_thoughts_what_is_written_is_in_its_message() -> None:
    text = "<think>a</think>one<think>b</think>two"
    assert placed([said(text)], options={"inline_think": "keep"})["to"] == [[0], [1, 1]]
    assert placed([said(text)], options={"inline_think": "split"})["to"] == [[0], [None, 1]]


def test_a_text_that_is_nothing_but_thoughts_goes_where_thoughts_go() -> None:
    output = [said("<think>a</think><think>b"), said("4.")]
    assert placed(output, options={"inline_think": "split"})["to"] == [[0], [None, None, 1]]
    kept = placed(output, options={"inline_think": "split", "reasoning": "field"}, keep=("unclosed_think",))
    assert kept["to"] == [[0], [1, 1, 1]]


def test_a_part_of_a_thought_that_has_no_text_is_left_out() -> None:
    thought = {"type": "reasoning", "summary": [*THOUGHT["summary"], {"type": "summary_text"}]}
    assert placed([thought, said("4.")], options={"reasoning": "field"})["to"] == [[0], [1, None, 1]]


def test_what_nobody_read_of_a_message_is_left_out_beside_it() -> None:
    assert placed([said("4.")], [{**USER, "unread": {"mood": "calm"}}])["to"] == [[0, None], [1]]


def test_a_tool_block_that_leaves_the_system_message_moves_no_other_number() -> None:
    tools = '<tools>{"type": "function", "function": {"name": "add", "parameters": {}}}</tools>'
    found = placed([said("4.")], [{"role": "system", "content": tools}, USER], options={"system_tools": "read"})
    assert found["to"] == [[None], [0], [1]]
    beside = placed(
        [said("4.")], [{"role": "system", "content": f"Hi. {tools}"}, USER], options={"system_tools": "read"}
    )
    assert beside["to"] == [[0], [1], [2]]


@pytest.mark.parametrize("chosen", [{}, {"format": "flat"}, {"target": "gym"}], ids=["chat", "flat", "gym"])
def test_every_message_of_the_sample_data_comes_from_a_turn(chosen: dict[str, Any], tmp_path: Any) -> None:
    workspace, plan = Workspace.open([SAMPLE_DATA], tmp_path), recipes.plan(Recipe(**chosen))
    unexplained = []
    for row in range(workspace.n_rollouts):
        rollout = workspace.rollout(row)
        made = recipes.example(rollout, plan, is_traced=True)
        turns = numbered(rollout, locator(made)).turns
        held = {block["to"] for turn in turns for block in turn["blocks"]}
        full = [n for n, message in enumerate(made.messages or ()) if message["content"] or message.get("tool_calls")]
        unexplained += [(workspace.where(row), n) for n in full if n not in held]
    assert unexplained == []
