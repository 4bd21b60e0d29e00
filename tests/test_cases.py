"""What is written for small inputs rebuilt from public bug reports, each folder a kind; the values are by hand.

Reads `shared/cases` beside the checkout and is skipped where there is none.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from making import call, exported, rows_of
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources.find import Found
from rollout_curator.workspace.workspace import Workspace

CASES = Path(__file__).parents[1].parent / "shared" / "cases"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CASES.is_dir(), reason="shared/cases is not here")]

SCHEMA = {"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]}
TIDE = {"name": "lookup_tide", "description": "Look up the tide of a harbour.", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": TIDE}]
ASKED = {"role": "user", "content": "When is high tide at Lowmoor?"}
DESK = {"role": "system", "content": "You are the harbour desk. Never guess."}
TOLD = {"role": "assistant", "content": "High tide is at 05:12."}


def tide_call(call_id: str, text: str = "") -> dict[str, Any]:
    """Return the message that looks up the tide at Lowmoor."""
    function = {"name": "lookup_tide", "arguments": {"harbour": "Lowmoor"}}
    return {
        "role": "assistant",
        "content": text,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }


def result(call_id: str, text: str = "05:12") -> dict[str, Any]:
    """Return the message that answers a call."""
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def written(name: str, tmp_path: Path, **recipe: Any) -> list[Any]:
    """Return the records of an export of a case; every rollout is kept whatever its reward."""
    workspace = Workspace([Found(path, path.name) for path in sorted((CASES / name).glob("*.jsonl"))], tmp_path, None)
    made = Recipe(**{"target": "nemo_rl", "format": "chat", **recipe})
    exported(workspace, made, tmp_path / "out.jsonl")
    return rows_of(tmp_path / "out.jsonl")


def drops(name: str, tmp_path: Path, **recipe: Any) -> dict[str, int]:
    """Return why rollouts of a case stay out, and how many."""
    workspace = Workspace([Found(path, path.name) for path in sorted((CASES / name).glob("*.jsonl"))], tmp_path, None)
    selection = workspace.select(Recipe(target="nemo_rl", format="chat", **recipe))
    return {drop.name: drop.count for drop in selection.drops}


def report(name: str, tmp_path: Path, *options: str) -> list[Any]:
    """Return state, losses and notes of every rollout of a case, as the command line reports them."""
    source, out, lines = CASES / name, tmp_path / "out.jsonl", tmp_path / "report.jsonl"
    done = call("export", source, "--out", out, "--target", "nemo_rl", "--format", "chat", "--report", lines, *options)
    assert done.code == 0, done.err
    return [[row["state"], row["left_out"], row["notes"]] for row in map(json.loads, lines.read_text().splitlines())]


def test_01_tools_that_are_json_text_are_read(tmp_path: Path) -> None:
    assert written("01_tools_json_text", tmp_path) == [
        {"messages": [ASKED, tide_call("call_a1"), result("call_a1"), TOLD], "tools": TOOLS},
        {"messages": [ASKED, {"role": "assistant", "content": "At 05:12, I believe."}], "tools": TOOLS},
    ]


def test_03_sharegpt_has_its_system_text_its_calls_and_its_results(tmp_path: Path) -> None:
    greeted = [DESK, {"role": "user", "content": "Good morning."}]
    assert written("03_sharegpt_tools", tmp_path) == [
        {"messages": [DESK, ASKED, tide_call("call_1"), result("call_1"), TOLD], "tools": TOOLS},
        {"messages": [*greeted, {"role": "assistant", "content": "Good morning, harbour desk."}]},
    ]


def test_05_blocks_become_a_call_its_result_and_reasoning(tmp_path: Path) -> None:
    thought = {**tide_call("toolu_01", "Let me look."), "reasoning_content": "I must look it up."}
    assert written("05_anthropic_blocks", tmp_path, options={"reasoning": "field"}) == [
        {"messages": [ASKED, thought, result("toolu_01"), TOLD], "tools": TOOLS}
    ]


def test_05_reasoning_that_is_left_out_is_told(tmp_path: Path) -> None:
    assert report("05_anthropic_blocks", tmp_path) == [["exported", {"reasoning": 1}, ["unread:part.signature"]]]


def test_06_marks_in_every_form_say_the_same(tmp_path: Path) -> None:
    rows = written("06_weight_zero", tmp_path, options={"marks": "message_loss_mask"})
    assert [row["message_loss_mask"] for row in rows] == [[0, 0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert [message.keys() for row in rows for message in row["messages"]] == [{"role", "content"}] * 13


def test_06_marks_are_written_inline_where_a_trainer_reads_them_there(tmp_path: Path) -> None:
    assert written("06_weight_zero", tmp_path, options={"marks": "weight"})[1] == {
        "messages": [
            {"role": "user", "content": "Is the bridge open?"},
            {"role": "assistant", "content": "It is open, I guess.", "weight": 0},
            {"role": "user", "content": "Please check."},
            {"role": "assistant", "content": "I checked: it is closed until noon.", "weight": 1},
        ]
    }


def test_06_marks_are_told(tmp_path: Path) -> None:
    assert [notes for _, _, notes in report("06_weight_zero", tmp_path)] == [["marked_turns"]] * 3


def test_08_arguments_that_say_nothing_are_an_empty_object(tmp_path: Path) -> None:
    function = {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}
    made = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": {}}}
    messages = [
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "content": "", "tool_calls": [made]},
        result("c1", "09:40"),
        {"role": "assistant", "content": "It is 09:40."},
    ]
    row = {"messages": messages, "tools": [{"type": "function", "function": function}]}
    assert written("08_empty_arguments", tmp_path) == [row] * 4


def test_08_only_arguments_that_were_changed_are_told(tmp_path: Path) -> None:
    notes = [notes for _, _, notes in report("08_empty_arguments", tmp_path)]
    assert notes == [["empty_arguments"], ["empty_arguments"], ["empty_arguments"], []]


def test_10_answers_that_were_cut_and_errors_stay_out(tmp_path: Path) -> None:
    assert report("10_finish_length", tmp_path) == [
        ["truncated", {}, ["truncated:length"]],
        ["truncated", {}, ["truncated:max_tokens"]],
        ["truncated", {}, ["truncated:max_tokens"]],
        ["failed", {}, []],
        ["exported", {}, []],
    ]


def test_11_settings_of_the_template_stand_in_a_column(tmp_path: Path) -> None:
    asked, answer = {"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Wend."}
    assert written("11_template_kwargs", tmp_path, options={"template_kwargs": "column", "reasoning": "field"}) == [
        {"messages": [asked, answer], "chat_template_kwargs": {"enable_thinking": False}},
        {
            "messages": [asked, {**answer, "reasoning_content": "A river of the valley."}],
            "chat_template_kwargs": {"enable_thinking": True},
        },
    ]


@pytest.mark.parametrize("format_name", ["chat", "flat"])
def test_11_settings_that_are_not_written_are_told(tmp_path: Path, format_name: str) -> None:
    lost = report("11_template_kwargs", tmp_path, "--format", format_name)
    assert [row[1] for row in lost] == [{"template_kwargs": 1}, {"reasoning": 1, "template_kwargs": 1}]


def test_18_what_is_no_number_is_no_reward(tmp_path: Path) -> None:
    missing, odd = ["reward_missing"], ["reward_not_number"]
    notes = [notes for _, _, notes in report("18_reward_shapes", tmp_path)]
    assert notes == [odd, missing, missing, odd, odd, odd, *[missing] * 6]


def test_18_no_rollout_without_a_reward_passes_a_threshold(tmp_path: Path) -> None:
    assert drops("18_reward_shapes", tmp_path, min_reward=0.0) == {"unrated": 12}


def test_22_calls_that_are_json_text_are_read(tmp_path: Path) -> None:
    row = {"messages": [ASKED, tide_call("call_a1"), result("call_a1"), TOLD], "tools": TOOLS}
    assert written("22_tool_calls_text", tmp_path) == [row, row]


def test_24_calls_that_do_not_fit_the_tools_are_told_and_kept(tmp_path: Path) -> None:
    notes = ["unknown_tool:get_tides_now", "arguments_off_schema:lookup_tide"]
    assert report("24_undeclared_tool", tmp_path) == [["exported", {}, notes]]


@pytest.mark.parametrize("issue", ["unknown_tool", "arguments_off_schema"])
def test_24_they_can_be_dropped(tmp_path: Path, issue: str) -> None:
    assert drops("24_undeclared_tool", tmp_path, drop=(issue,)) == {issue: 1}


def test_25_roles_of_other_writers_are_read(tmp_path: Path) -> None:
    asked = {"role": "user", "content": "Tide at Lowmoor?"}
    answer = {"role": "assistant", "content": "05:12."}
    assert written("25_swift_roles", tmp_path) == [
        {"messages": [asked, tide_call("call_1"), result("call_1"), answer], "tools": TOOLS},
        {"messages": [{"role": "user", "content": "Tide?"}, answer]},
    ]


def test_25_a_result_without_a_call_stays_out(tmp_path: Path) -> None:
    lost = report("25_swift_roles", tmp_path)[2]
    assert lost == ["missing_call_id", {}, ["missing_call_id", "orphan_tool_message"]]
