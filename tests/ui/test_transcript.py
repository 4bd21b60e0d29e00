"""What the reading pane shows of a rollout."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rollout_curator.rollout import Rollout
from rollout_curator.ui.reader.blocks import Block
from rollout_curator.ui.reader.transcript import Turn, transcript

REAL = Path(__file__).parents[2].parent / "shared" / "rollouts" / "nemo_gym"
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def shown(output: Any, prompt: Any = None, instructions: str | None = None) -> list[Turn]:
    """Return the turns of a rollout with this output."""
    return transcript(Rollout("test", prompt, output, 1.0, instructions=instructions))


def block(kind: str, text: str, name: str = "", call_id: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a block as it is expected."""
    return {"kind": kind, "text": text, "name": name, "callId": call_id, **more}


def call(call_id: str, arguments: str = "{}") -> dict[str, Any]:
    """Return a recorded call of the tool `add`."""
    return {"type": "function_call", "name": "add", "arguments": arguments, "call_id": call_id}


def answer(call_id: str, output: Any) -> dict[str, Any]:
    """Return a recorded answer."""
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def kinds(turn: Turn) -> list[str]:
    """Return the kinds of the blocks of a turn."""
    return [block["kind"] for block in turn["blocks"]]


def only_block(turns: list[Turn]) -> Block:
    """Return the block of the one turn."""
    ((found,),) = [turn["blocks"] for turn in turns]
    return found


def test_instructions_then_prompt_then_output_become_numbered_turns() -> None:
    turns = shown([{"role": "assistant", "content": "4"}], "2 + 2?", "Be brief.")
    assert turns == [
        {"n": 1, "role": "system", "side": "prompt", "blocks": [block("text", "Be brief.", "instructions")]},
        {"n": 2, "role": "user", "side": "prompt", "blocks": [block("text", "2 + 2?")]},
        {"n": 3, "role": "assistant", "side": "output", "blocks": [block("text", "4")]},
    ]


def test_an_answer_stands_behind_its_call_with_arguments_laid_out() -> None:
    turns = shown([call("c1", '{"a": 1}'), answer("c1", "3")])
    assert turns[0]["blocks"] == [
        block("call", '{\n  "a": 1\n}', "add", "c1", language="json", fields=[["a", "1"]]),
        block("result", "3", "add", "c1"),
    ]


def test_a_result_that_holds_code_is_read_line_by_line() -> None:
    turns = shown([call("c1"), answer("c1", '{"output": "a.py\\nb.py", "code": 0}')])
    assert turns[0]["blocks"][1]["fields"] == [["output", "a.py\nb.py"], ["code", "0"]]


def test_parallel_calls_each_keep_their_own_answer() -> None:
    turns = shown([call("c1"), call("c2"), answer("c2", "two"), answer("c1", "one")])
    assert [(b["kind"], b["callId"], b["text"]) for b in turns[0]["blocks"]] == [
        ("call", "c1", "{}"),
        ("result", "c1", "one"),
        ("call", "c2", "{}"),
        ("result", "c2", "two"),
    ]


def test_a_call_after_an_answer_begins_the_next_turn() -> None:
    turns = shown([call("c1"), answer("c1", "one"), call("c2"), answer("c2", "two")])
    assert [kinds(turn) for turn in turns] == [["call", "result"], ["call", "result"]]


def test_a_call_id_used_twice_is_answered_in_order() -> None:
    turns = shown([call("c1"), answer("c1", "one"), call("c1"), answer("c1", "two")])
    assert [turn["blocks"][1]["text"] for turn in turns] == ["one", "two"]


def test_an_answer_to_no_call_stands_where_it_was_found() -> None:
    turns = shown([answer("lost", "?"), {"role": "assistant", "content": "Well."}])
    assert [turn["role"] for turn in turns] == ["tool", "assistant"]
    assert turns[0]["blocks"] == [
        block("note", "", "no matching call recorded"),
        block("result", "?", "", "lost"),
    ]


def test_an_argument_of_several_lines_is_shown_as_it_stands() -> None:
    turns = shown([call("c1", json.dumps({"code": "a = 1\nb = 2", "wait": "no"}))])
    assert turns[0]["blocks"][0]["fields"] == [["code", "a = 1\nb = 2"], ["wait", '"no"']]


def test_arguments_that_are_no_json_are_shown_as_they_stand() -> None:
    assert only_block(shown([call("c1", '{"a": ')]))["text"] == '{"a": '


def test_a_number_that_layout_would_change_is_shown_as_it_stands() -> None:
    assert only_block(shown([call("c1", '{"a": 1e400}')]))["text"] == '{"a": 1e400}'


def test_an_answer_that_is_json_is_laid_out_over_lines() -> None:
    turns = shown([call("c1"), answer("c1", '{"ok":true}')])
    assert turns[0]["blocks"][1]["text"] == '{\n  "ok": true\n}'


def test_reasoning_stands_in_the_turn_it_leads_to() -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    turns = shown([thought, {"role": "assistant", "content": "Yes."}])
    assert [kinds(turn) for turn in turns] == [["reasoning", "text"]]


def test_hidden_reasoning_is_named() -> None:
    turns = shown([{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}])
    assert only_block(turns) == block("reasoning", "", "hidden: encrypted")


def test_thinking_inside_the_text_becomes_reasoning_and_text() -> None:
    turns = shown([{"role": "assistant", "content": "<think>Hm.</think>Yes."}])
    assert turns[0]["blocks"] == [
        block("reasoning", "Hm.", "inside the text, in <think> tags"),
        block("text", "Yes."),
    ]


@pytest.mark.parametrize("text", ["So.<think>Hm.</think>Yes.", "<think>Or", "[INST] <think>no</think>"])
def test_tags_that_do_not_begin_a_text_or_never_close_are_shown_to_the_letter(text: str) -> None:
    assert shown([{"role": "assistant", "content": text}])[0]["blocks"] == [block("text", text)]


@pytest.mark.parametrize("image", [{"type": "image", "image": PIXEL}, {"type": "computer_screenshot", "url": PIXEL}])
def test_an_image_is_shown_under_every_name_the_export_writes(image: dict[str, Any]) -> None:
    assert only_block(shown([], [{"role": "user", "content": [image]}])) == block("image", PIXEL, "image")


def test_an_image_inside_the_rollout_is_shown() -> None:
    turns = shown([], [{"role": "user", "content": [{"type": "input_image", "image_url": PIXEL}]}])
    assert only_block(turns) == block("image", PIXEL, "image")


def test_a_remote_image_is_named_and_not_loaded() -> None:
    remote = {"type": "image_url", "image_url": {"url": "https://evil.example/x.png"}}
    turns = shown([], [{"role": "user", "content": [remote]}])
    assert only_block(turns) == block("note", "", "image at https://evil.example/x.png not loaded")


def test_an_svg_image_is_not_shown() -> None:
    image = {"type": "input_image", "image_url": "data:image/svg+xml;base64,PHN2Zz4="}
    assert only_block(shown([], [{"role": "user", "content": [image]}]))["kind"] == "note"


def test_chat_shaped_calls_and_tool_messages_are_paired() -> None:
    asked = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    turns = shown(
        [
            {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [asked]},
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
            {"role": "assistant", "content": "2"},
        ]
    )
    assert [kinds(turn) for turn in turns] == [["reasoning", "call", "result"], ["text"]]


def test_snapshots_that_grow_are_shown_once() -> None:
    first, second = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    assert [turn["role"] for turn in shown([[first], [first, second]])] == ["user", "assistant"]


def test_an_unknown_item_is_shown_as_its_json() -> None:
    turns = shown([{"type": "mcp_call", "id": 1}])
    expected = '{\n  "type": "mcp_call",\n  "id": 1\n}'
    assert only_block(turns) == block("note", expected, "item of type mcp_call", language="json")


def test_an_empty_message_is_named() -> None:
    assert only_block(shown([{"role": "assistant", "content": []}])) == block("note", "", "empty message")


def test_a_lone_surrogate_survives() -> None:
    assert only_block(shown([{"role": "user", "content": "\ud83d"}]))["text"] == "\ud83d"


FIELD_NAMES = """type role content summary text output arguments call_id id name tool_calls function image_url
url reasoning_content refusal input encrypted_content x"""
TEXTS = """message reasoning function_call function_call_output assistant tool user text input_image refusal
thinking c1 {} [1,NaN] <think>a</think>b </think> \ud800"""
KEYS = some.sampled_from(FIELD_NAMES.split())
WORDS = some.sampled_from(TEXTS.split())
ATOMS = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8) | WORDS
ANY_JSON = some.recursive(
    ATOMS, lambda inner: some.lists(inner, max_size=5) | some.dictionaries(KEYS, inner), max_leaves=30
)


@settings(max_examples=400, deadline=None)
@given(output=some.lists(ANY_JSON, max_size=6) | ANY_JSON, prompt=ANY_JSON)
def test_any_json_gives_turns_that_travel_as_json(output: Any, prompt: Any) -> None:
    turns = shown(output, prompt)
    assert json.loads(json.dumps(turns)) == turns


def test_json_of_any_depth_gives_turns() -> None:
    deep: Any = []
    for _ in range(20_000):
        deep = [deep]
    assert shown([{"role": "user", "content": [deep]}])[0]["role"] == "user"


@pytest.mark.skipif(not REAL.is_dir(), reason="the real rollouts are not beside the checkout")
def test_every_real_output_message_is_shown_to_the_letter() -> None:
    lines = [line for path in sorted(REAL.rglob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    recorded = [json.loads(line) for line in lines if line.startswith("{")]
    outputs = [line["response"]["output"] for line in recorded if line.get("response")]
    said = [
        (item["content"][0]["text"], turns)
        for output in outputs
        for turns in [json.dumps(shown(output), ensure_ascii=False)]
        for item in output
        if isinstance(item, dict) and item.get("role") == "assistant" and "think>" not in item["content"][0]["text"]
    ]
    assert len(said) > 100
    assert [text for text, turns in said if json.dumps(text, ensure_ascii=False)[1:-1] not in turns] == []
