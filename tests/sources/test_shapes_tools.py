"""Tools a rollout was offered, in the shapes that frameworks write (M1), values by hand."""

import json
from typing import Any

import pytest

from shaping import ASKED, SAID, call, called, line, made, messages, notes, out, result

SCHEMA = {"type": "object", "properties": {"port": {"type": "string"}}}
NESTED = {"type": "function", "function": {"name": "tide", "description": "Tide.", "parameters": SCHEMA}}
FLAT = {"type": "function", "name": "tide", "description": "Tide.", "parameters": SCHEMA}
BARE = {"name": "tide", "description": "Tide.", "parameters": SCHEMA}
ANTHROPIC = {"name": "tide", "description": "Tide.", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}}
MCP = {"name": "tide", "title": "Tide", "description": "Tide.", "inputSchema": SCHEMA, "annotations": {"hint": "safe"}}
SIGNED = "You are a desk. Signatures are within <tools></tools> XML tags:"
HERMES = f"{SIGNED}\n<tools>\n{json.dumps(NESTED)}\n</tools>\nCall them."
READ = {"options": {"system_tools": "read"}}


def tools(fields: dict[str, Any], **recipe: Any) -> Any:
    """Return the tools that are written for a line."""
    return made(fields, **recipe).record().get("tools")


@pytest.mark.parametrize(
    "given",
    [
        [NESTED], [FLAT], [BARE], [ANTHROPIC], [MCP], {"tools": [MCP]}, NESTED, [json.dumps(FLAT)],
        json.dumps([ANTHROPIC]), [{"type": "custom", **ANTHROPIC}], [{**BARE, "parameters": json.dumps(SCHEMA)}],
        [{"type": "function", "function": {"name": "tide", "description": "Tide.", "inputSchema": SCHEMA}}],
    ],
)  # fmt: skip
def test_tools_are_read_in_every_form(given: Any) -> None:
    assert tools(line(ASKED, SAID, tools=given)) == [NESTED]
    assert notes(line(ASKED, SAID, tools=given)) == []


@pytest.mark.parametrize("key", ["tools", "tool_defs", "functions", "available_tools"])
def test_tools_are_read_under_every_name(key: str) -> None:
    assert tools(line(ASKED, SAID, **{key: [BARE]})) == [NESTED]


@pytest.mark.parametrize("info", [{"tools": [FLAT]}, {"oai_tools": [NESTED]}, json.dumps({"oai_tools": [NESTED]})])
def test_tools_are_read_from_info(info: Any) -> None:
    assert tools(line(ASKED, SAID, info=info)) == [NESTED]


@pytest.mark.parametrize("key", ["messages", "conversations"])
def test_tools_are_read_from_a_system_message_wherever_it_stands(key: str) -> None:
    system = {"role": "system", "content": "Be brief.", "tools": json.dumps([FLAT])}
    assert tools({key: [ASKED, system, SAID]}) == [NESTED]


def test_tools_of_a_system_message_of_nemo_gym_are_read() -> None:
    given = [{"role": "system", "content": "Be brief.", "tools": [FLAT]}, ASKED]
    fields = {"responses_create_params": {"input": given}, "response": {"output": [SAID]}, "reward": 1.0}
    assert tools(fields) == [NESTED]


def test_the_same_tools_in_two_places_are_no_loss() -> None:
    assert notes(line(ASKED, SAID, tools=[FLAT], info={"oai_tools": json.dumps([NESTED])})) == []


def test_other_tools_in_a_second_place_keep_a_rollout_out() -> None:
    fields = line(ASKED, SAID, tools=[FLAT], info={"oai_tools": [{**FLAT, "name": "moon"}]})
    assert notes(fields) == ["unread_content:info.oai_tools"]
    assert out(fields) == "unread_content"


@pytest.mark.parametrize("given", ["tide(port)", ["tide"], 5, True, [{"type": "function"}], [{"name": 5}], [[1]]])
def test_what_is_no_list_of_tools_keeps_a_rollout_out(given: Any) -> None:
    assert out(line(ASKED, SAID, tools=given)) == "unread_tools"


@pytest.mark.parametrize("given", [None, "", "[]", "null", [], {}, [None], [{}], [[]]])
def test_no_tools_are_nothing_to_tell(given: Any) -> None:
    assert notes(line(ASKED, SAID, tools=given)) == []


def test_a_key_of_a_tool_that_is_not_read_keeps_a_rollout_out() -> None:
    fields = line(ASKED, SAID, tools=[{**BARE, "returns": {"type": "string"}}])
    assert notes(fields) == ["unread_content:tool.returns"]
    assert out(fields) == "unread_content"


def test_a_tool_that_is_no_function_is_left_out_and_counted() -> None:
    example = made(line(ASKED, SAID, tools=[FLAT, {"type": "custom", "custom": {"name": "shell"}}]))
    assert example.tools == [NESTED]
    assert example.left_out == (("tools", 1),)
    assert example.issues == ("dropped_tool:custom",)


def test_calls_without_any_tools_are_told_and_kept() -> None:
    example = made(line(ASKED, called(call(port="A")), result(), SAID))
    assert (example.skip, example.issues) == (None, ("tools_not_recorded",))


@pytest.mark.parametrize(
    ("arguments", "issues"),
    [({"port": "A"}, ()), ({"port": 7}, ("arguments_off_schema:tide",)), ({"quay": 1}, ())],
)
def test_arguments_are_held_against_the_schema(arguments: Any, issues: Any) -> None:
    assert made(line(ASKED, called(call(**arguments)), result(), SAID, tools=[FLAT])).issues == issues


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"port": {"type": [5]}}},
        {"type": "object", "required": [["port"]]},
        {"type": "object", "properties": {"port": {"type": "string", "pattern": "(a+)+$"}}},
        {"type": 5},
        {"$ref": "https://example.org/schema"},
        {"properties": {"port": {"enum": [{"a": 1}, "A"]}}},
    ],
)
def test_a_schema_that_cannot_be_used_claims_nothing(schema: Any) -> None:
    fields = line(ASKED, called(call(port="A")), result(), SAID, tools=[{**FLAT, "parameters": schema}])
    assert made(fields).issues == ()


def test_the_tools_of_a_system_text_stay_text_without_the_option() -> None:
    fields = line({"role": "system", "content": HERMES}, ASKED, SAID)
    assert tools(fields) is None
    assert messages(fields)[0]["content"] == HERMES


def test_the_tools_of_a_system_text_are_read_by_option_and_leave_the_text() -> None:
    fields = line({"role": "system", "content": HERMES}, ASKED, SAID)
    assert tools(fields, **READ) == [NESTED]
    assert messages(fields, **READ)[0] == {"role": "system", "content": f"{SIGNED}\nCall them."}


@pytest.mark.parametrize(
    "block",
    [
        json.dumps([FLAT, {**FLAT, "name": "moon"}]),
        f"{json.dumps(FLAT)}\n{json.dumps({**FLAT, 'name': 'moon'})}",
        f"{json.dumps(FLAT, indent=2)},\n{json.dumps({**FLAT, 'name': 'moon'}, indent=2)}",
    ],
)
def test_a_block_holds_a_list_or_one_tool_after_the_other(block: str) -> None:
    moon = {"type": "function", "function": {**NESTED["function"], "name": "moon"}}  # type: ignore[dict-item]
    fields = line({"role": "system", "content": f"<tools>\n{block}\n</tools>"}, ASKED, SAID)
    assert tools(fields, **READ) == [NESTED, moon]
    assert messages(fields, **READ) == [ASKED, SAID]


def test_a_block_in_the_instructions_is_read() -> None:
    params = {"input": "Tide?", "instructions": HERMES}
    fields = {"responses_create_params": params, "response": {"output": [SAID]}, "reward": 1.0}
    assert tools(fields, **READ) == [NESTED]
    assert "<tools>\n" not in messages(fields, **READ)[0]["content"]


@pytest.mark.parametrize("block", ["{tide}", "[1, 2]", '{"name": "tide"', '[{"type": "function"}]'])
def test_a_block_that_cannot_be_read_keeps_a_rollout_out(block: str) -> None:
    fields = line({"role": "system", "content": f"<tools>{block}</tools>"}, ASKED, SAID)
    assert made(fields, **READ).skip == "unread_tools"


def test_listed_tools_come_before_those_of_the_system_text() -> None:
    fields = line({"role": "system", "content": HERMES}, ASKED, SAID, tools=[{**FLAT, "name": "moon"}])
    assert tools(fields, **READ)[0]["function"]["name"] == "moon"
    assert messages(fields, **READ)[0]["content"] == HERMES
