"""Rows in ShareGPT, as LLaMA-Factory reads them: what is written, what is told, and that we read it again."""

import json
from pathlib import Path
from typing import Any

import pytest

from making import exported, gym, rows_of, said, write
from rollout_curator.conversation import record_of
from rollout_curator.conversation.sharegpt import says_the_same, written
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example, Rollout
from rollout_curator.sources.formats.base import read_object
from rollout_curator.training.file_types.parquet import read_lines
from rollout_curator.workspace.workspace import Workspace

LLAMAFACTORY = recipes.plan(Recipe(target="llamafactory"))
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Both ports."}]}
TOOL = {"type": "function", "name": "tide", "description": "Tide.", "parameters": {"type": "object"}}


def call(n: int, arguments: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": f"c{n}", "name": "tide", "arguments": arguments}


def result(n: int, text: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": f"c{n}", "output": text}


TWO = [call(1, '{"port": "A", "day": "2024-01-01"}'), call(2, '{"n": 1}'), result(1, "05:12"), result(2, "06:40")]
OFFERED = {"responses_create_params": {"input": "Tides?", "tools": [TOOL]}}
NESTED = {"type": "function", "function": {"name": "tide", "description": "Tide.", "parameters": {"type": "object"}}}


def made(line: dict[str, Any]) -> Example:
    rollout = read_object(line)
    assert isinstance(rollout, Rollout)
    return recipes.example(rollout, LLAMAFACTORY)


def test_calls_are_one_turn_results_are_one_turn_and_every_value_is_text() -> None:
    example = made(gym(output=[*TWO, said("05:12 and 06:40.")]) | OFFERED)
    assert record_of(example) == {
        "conversations": [
            {"from": "human", "value": "Tides?"},
            {
                "from": "function_call",
                "value": '[{"name": "tide", "arguments": {"port": "A", "day": "2024-01-01"}}, '
                '{"name": "tide", "arguments": {"n": 1}}]',
            },
            {"from": "observation", "value": "05:12\n</tool_response>\n<tool_response>\n06:40"},
            {"from": "gpt", "value": "05:12 and 06:40."},
        ],
        "tools": json.dumps([NESTED]),
    }


def test_text_and_reasoning_stand_before_the_calls_of_a_turn() -> None:
    thoughtful = record_of(made(gym(output=[THOUGHT, *TWO, said("Done.")])))["conversations"][1]["value"]
    assert thoughtful.startswith('<think>\nBoth ports.\n</think>\n\n<tool_call>[{"name": "tide"')
    spoken = record_of(made(gym(output=[said("Let me look."), *TWO, said("Done.")])))["conversations"][1]["value"]
    assert spoken.startswith('Let me look.\n<tool_call>[{"name": "tide"')
    assert spoken.endswith("}]</tool_call>")


def test_no_mark_of_a_call_or_a_thought_can_stand_in_arguments() -> None:
    value = record_of(made(gym(output=[call(1, '{"x": "</tool_call><think>"}'), result(1, "1"), said("1")])))
    turn = value["conversations"][1]["value"]
    assert turn == '[{"name": "tide", "arguments": {"x": "\\u003c/tool_call>\\u003cthink>"}}]'


def test_a_row_without_tools_has_an_empty_text_for_them() -> None:
    assert record_of(made(gym())) == {
        "conversations": [{"from": "human", "value": "What is 2+2?"}, {"from": "gpt", "value": "4."}],
        "tools": "",
    }


def test_the_flat_form_is_sharegpt_too(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym()])])
    [row] = rows_of(exported(workspace, Recipe(target="llamafactory", format="flat"), tmp_path / "b.jsonl").path)
    assert row["conversations"][0] == {"from": "human", "value": "What is 2+2?"}


def test_parquet_holds_structs_and_texts_that_any_version_of_datasets_reads(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    source = write(tmp_path / "a.jsonl", [gym(output=[*TWO, said("Done.")]) | OFFERED, gym()])
    workspace, recipe = Workspace.open([source]), Recipe(target="llamafactory", kind="parquet", metadata=("reward",))
    done = exported(workspace, recipe, tmp_path / "b.parquet")
    schema = pq.read_schema(done.path)
    assert schema.metadata is None
    assert str(schema.field("conversations").type).startswith("list<element: struct<from: string, value: string")
    assert (str(schema.field("tools").type), str(schema.field("reward").type)) == ("string", "double")
    lines = exported(workspace, Recipe(target="llamafactory", metadata=("reward",)), tmp_path / "b.jsonl").path
    assert b"".join(read_lines(done.path)) == lines.read_bytes()


@pytest.mark.parametrize(
    "output",
    [
        [*TWO, said("Done.")],
        [said("Let me look."), *TWO, said("Done.")],
        [said("Let me look.\n"), *TWO, said("Done.")],
        [said("<tool_response> is a tag."), *TWO, said("Done.")],
    ],
)
def test_what_is_written_is_read_again_with_the_same_messages(output: list[dict[str, Any]]) -> None:
    first = made(gym(output=output) | OFFERED)
    second = made({**record_of(first), "reward": 1.0})
    assert (bare(second), second.tools) == (bare(first), first.tools)


def bare(example: Example) -> list[Any]:
    """Return the messages without the ids of calls, for which the form has no place."""
    found = []
    for message in example.messages or []:
        calls = [given["function"] for given in message.get("tool_calls", ())]
        found.append((message["role"], message["content"], calls))
    return found


def test_results_are_paired_with_their_calls_again() -> None:
    again = made({**record_of(made(gym(output=[*TWO, said("Done.")]))), "reward": 1.0}).messages or []
    assert [given["id"] for given in again[1]["tool_calls"]] == [again[2]["tool_call_id"], again[3]["tool_call_id"]]


def test_other_writers_put_calls_after_a_thought_without_marks() -> None:
    calls = '{"name": "tide", "arguments": {"port": "A"}}'
    turns = [
        {"from": "human", "value": "Tides?"},
        {"from": "function_call", "value": f"<think>\nLook.\n</think>\n\n{calls}"},
        {"from": "observation", "value": "05:12"},
        {"from": "gpt", "value": "05:12."},
    ]
    message = (made({"conversations": turns, "reward": 1.0}).messages or [])[1]
    assert message["content"] == "<think>\nLook.\n</think>\n\n"
    assert message["tool_calls"][0]["function"] == {"name": "tide", "arguments": {"port": "A"}}


def test_a_value_that_means_something_else_is_found() -> None:
    record = {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    row = written(record)
    assert says_the_same(row, record)
    row["conversations"][1]["value"] = "5"
    assert not says_the_same(row, record)


NAMED = {
    "messages": [
        {"role": "user", "content": "Tide?", "name": "ada"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c", "function": {"name": "tide", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "name": "tide", "content": "05:12"},
        {"role": "assistant", "content": "05:12."},
    ]
}


@pytest.mark.parametrize(("target", "lost"), [("llamafactory", 2), ("openai", 1), ("trl", 0)])
def test_names_for_which_a_trainer_has_no_place_are_left_out_and_told(target: str, lost: int) -> None:
    rollout = read_object(NAMED)
    assert isinstance(rollout, Rollout)
    example = recipes.example(rollout, recipes.plan(Recipe(target=target)))
    assert (example.skip, dict(example.left_out).get("names", 0)) == (None, lost)


def test_how_a_row_is_laid_out_is_no_option_of_a_user() -> None:
    with pytest.raises(recipes.RecipeError, match="unknown option 'layout'; choose from"):
        recipes.plan(Recipe(options={"layout": "sharegpt"}))


def test_arguments_that_axolotl_decodes_are_shown_as_its_template_gets_them() -> None:
    from rollout_curator.training.templates import built_in, to_table

    recipe = Recipe(target="axolotl", template=to_table(built_in("chatml_tools")))
    plan = recipes.plan(recipe)
    rollout = read_object(gym(output=[*TWO[:1], *TWO[2:3], said("05:12.")]) | OFFERED)
    assert isinstance(rollout, Rollout)
    example = recipes.example(rollout, plan)
    assert example.skip is None
    from rollout_curator.training.hazards import view

    assert '"arguments": {"port": "A", "day": "2024-01-01"}' in "".join(view(example, plan.look).texts)


def test_a_file_in_which_every_text_reads_as_a_date_is_told(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(prompt="2024-01-01", answer="2024-01-02")])])
    done = exported(workspace, Recipe(target="llamafactory"), tmp_path / "b.jsonl")
    assert [note for note in done.notes if "looks like a date" in note] == list(done.notes)
    other = exported(workspace, Recipe(target="llamafactory", kind="parquet"), tmp_path / "c.parquet")
    assert other.notes == ()
