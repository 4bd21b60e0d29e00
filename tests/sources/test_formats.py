"""Every shape of rollout that is read, and what the other shapes are called."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_curator.rollout import Rollout, Unreadable
from rollout_curator.sources.formats.base import formats, read_object, read_reward

USER = {"role": "user", "content": "2+2?"}
ANSWER = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}
SAID = {"role": "assistant", "content": "4"}
PARAMS = {"input": [USER]}


def gym(**changes: Any) -> dict[str, Any]:
    return {"responses_create_params": PARAMS, "response": {"output": [ANSWER]}, "reward": 1.0, **changes}


def without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def opened(fields: dict[str, Any]) -> Rollout:
    found = read_object(fields)
    assert isinstance(found, Rollout)
    return found


def sides(fields: dict[str, Any]) -> tuple[str, Any, Any, float, str | None]:
    found = opened(fields)
    return found.format, found.prompt, found.output, found.reward, found.unusable


SMALLEST = {
    "nemo_gym": gym(),
    "chat": {"messages": [USER, SAID], "reward": 1.0},
    "pair": {"prompt": "2+2?", "completion": "4", "reward": 1.0},
}


def test_every_format_has_a_sample_here() -> None:
    assert [row.name for row in formats()] == list(SMALLEST)


@pytest.mark.parametrize("name", SMALLEST)
def test_a_format_reads_its_own_sample_and_no_other_claims_it(name: str) -> None:
    assert [row.name for row in formats() if row.claims(SMALLEST[name])] == [name]
    found = opened(SMALLEST[name])
    assert (found.format, found.reward, found.unusable) == (name, 1.0, None)


# NeMo Gym


def test_a_gym_rollout_is_read_as_it_stands() -> None:
    tools = [{"type": "function", "name": "f", "parameters": {}}]
    fields = gym(responses_create_params={"input": "2+2?", "instructions": "Be brief.", "tools": tools})
    assert opened(fields) == Rollout("nemo_gym", "2+2?", [ANSWER], 1.0, instructions="Be brief.", tools=tools)


def test_the_documented_output_at_the_top_is_read() -> None:
    fields = {"responses_create_params": PARAMS, "output": [ANSWER], "reward": 0.5}
    assert sides(fields) == ("nemo_gym", [USER], [ANSWER], 0.5, None)


def test_the_output_of_the_response_goes_before_that_at_the_top() -> None:
    assert sides(gym(output=[USER])) == ("nemo_gym", [USER], [ANSWER], 1.0, None)


UNUSABLE = {
    "no params": (without(gym(), "responses_create_params"), "no_params"),
    "params null": (gym(responses_create_params=None), "no_params"),
    "no response": (without(gym(), "response"), "no_response"),
    "response null": (gym(response=None), "no_response"),
    "response without output": (gym(response={"id": "r"}), "no_response"),
    "output is text": (gym(response={"output": "4"}), "no_response"),
    "output is a number": (gym(response={"output": 4}), "no_response"),
    "output null": (gym(response={"output": None}), "empty_output"),
    "output empty": (gym(response={"output": []}), "empty_output"),
}


@pytest.mark.parametrize(("fields", "reason"), UNUSABLE.values(), ids=list(UNUSABLE))
def test_a_gym_rollout_without_a_side_is_kept_and_says_why_it_is_unusable(fields: dict[str, Any], reason: str) -> None:
    found = opened(fields)
    assert (found.format, found.unusable, found.reward) == ("nemo_gym", reason, 1.0)


def test_a_cut_response_says_its_reason() -> None:
    response = {"output": [ANSWER], "incomplete_details": {"reason": "max_output_tokens"}}
    assert opened(gym(response=response)).truncated == "max_output_tokens"


def test_a_reason_that_is_no_text_is_unknown() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    response = {"output": [ANSWER], "incomplete_details": {"reason": deep}}
    assert opened(gym(response=response)).truncated == "unknown"


BESIDE = {
    "materialized input": (
        {"responses_create_params": PARAMS, "agent_ref": {"name": "a"}, "_ng_task_index": 0, "_ng_rollout_index": 0},
        Unreadable("materialized_input", "task input only (materialized input): no response, no reward"),
    ),
    "reward profile": (
        {"mean/reward": 0.5, "max/reward": 1.0, "std/reward": 0.1, "sample": {"responses_create_params": PARAMS}},
        Unreadable("reward_profile", "a reward profile of a task, not a rollout"),
    ),
    "failure record": (
        {"_ng_failure_class": "Timeout", "_ng_failure_terminal": True, "responses_create_params": PARAMS},
        Unreadable("failure_record", "failure record (Timeout), not a rollout"),
    ),
    "own schema": (
        {"reward": 1, "policy_response": "4", "question": "2+2?"},
        Unreadable("unrecognised", "unrecognized format: its keys are reward, policy_response, question"),
    ),
    "nothing": ({}, Unreadable("unrecognised", "an empty object")),
    "half a surrogate in a key": (
        {"\ud800": 1},
        Unreadable("unrecognised", "unrecognized format: its keys are \\ud800"),
    ),
}


@pytest.mark.parametrize(("fields", "named"), BESIDE.values(), ids=list(BESIDE))
def test_what_lies_beside_rollouts_is_named(fields: dict[str, Any], named: Unreadable) -> None:
    assert read_object(fields) == named


# Chat and pairs


def test_messages_are_split_before_the_first_answer() -> None:
    system = {"role": "system", "content": "Be brief."}
    more = {"role": "user", "content": "And 3+3?"}
    fields = {
        "messages": [system, USER, SAID, more, SAID],
        "reward": 0.5,
        "tools": [{"type": "function", "name": "add"}],
    }
    assert sides(fields) == ("chat", [system, USER], [SAID, more, SAID], 0.5, None)
    assert opened(fields).tools == [{"type": "function", "name": "add"}]


def test_sharegpt_turns_become_messages() -> None:
    turns = [("system", "S"), ("human", "U"), ("gpt", "A"), ("function_call", "{}"), ("observation", "R"), ("gpt", "B")]
    found = opened({"conversations": [{"from": who, "value": text} for who, text in turns], "score": 1})
    assert [message["role"] for message in [*found.prompt, *found.output]] == [
        "system",
        "user",
        "assistant",
        "assistant",
        "tool",
        "assistant",
    ]
    assert (found.output[0], found.reward) == ({"role": "assistant", "content": "A"}, 1.0)


def test_a_chat_without_an_answer_is_unusable() -> None:
    assert sides({"messages": [USER], "reward": 1}) == ("chat", [USER], [], 1.0, "empty_output")
    assert sides({"messages": [], "reward": 1}) == ("chat", [], [], 1.0, "empty_output")


@pytest.mark.parametrize("name", ["completion", "response", "output", "text"])
def test_a_pair_has_its_answer_under_any_usual_name(name: str) -> None:
    assert sides({"prompt": "2+2?", name: "4", "reward": 0.25}) == ("pair", "2+2?", [SAID], 0.25, None)


def test_both_sides_of_a_pair_may_be_messages() -> None:
    assert sides({"prompt": [USER], "completion": [SAID], "score": 0.25}) == ("pair", [USER], [SAID], 0.25, None)


def test_an_answer_that_cannot_be_read_leaves_the_next_name() -> None:
    assert sides({"prompt": "2+2?", "completion": None, "text": "4"})[2] == [SAID]


def test_a_pair_with_an_empty_answer_is_unusable() -> None:
    assert sides({"prompt": "2+2?", "completion": [], "reward": 1})[4] == "empty_output"


def test_the_format_is_found_for_every_line_of_a_mixed_file() -> None:
    mixed = [SMALLEST["pair"], SMALLEST["nemo_gym"], {"hello": "world"}, SMALLEST["chat"], BESIDE["reward profile"][0]]
    found = [read_object(fields) for fields in mixed]
    assert [row.format if isinstance(row, Rollout) else row.kind for row in found] == [
        "pair",
        "nemo_gym",
        "unrecognised",
        "chat",
        "reward_profile",
    ]


# Rewards

NUMBERS = [(1, 1.0), (0, 0.0), (-0.0, -0.0), (-2.5, -2.5), (10**30, 1e30), (5e-324, 5e-324)]
NO_NUMBERS = {
    "null": (None, "reward_missing"),
    "true": (True, "reward_not_number"),
    "false": (False, "reward_not_number"),
    "text of a number": ("1.0", "reward_not_number"),
    "empty text": ("", "reward_not_number"),
    "list": ([1.0], "reward_not_number"),
    "object": ({"total": 1}, "reward_not_number"),
    "nan": (math.nan, "reward_not_finite"),
    "infinity": (math.inf, "reward_not_finite"),
    "beyond a double": (10**400, "reward_not_finite"),
}


@pytest.mark.parametrize(("value", "expected"), NUMBERS)
def test_a_finite_number_is_the_reward(value: float, expected: float) -> None:
    found = opened(gym(reward=value))
    assert (found.reward, found.notes) == (expected, ())


@pytest.mark.parametrize(("value", "note"), NO_NUMBERS.values(), ids=list(NO_NUMBERS))
@pytest.mark.parametrize("name", SMALLEST)
def test_anything_else_is_unrated_and_says_so(name: str, value: Any, note: str) -> None:
    found = opened(SMALLEST[name] | {"reward": value})
    assert (math.isnan(found.reward), found.notes) == (True, (note,))


@pytest.mark.parametrize("name", SMALLEST)
def test_a_missing_reward_is_unrated_never_zero(name: str) -> None:
    found = opened(without(SMALLEST[name], "reward"))
    assert (math.isnan(found.reward), found.notes) == (True, ("reward_missing",))


def test_generic_rewards_are_taken_in_a_fixed_order() -> None:
    names = {"reward": 1, "score": 2, "rewards": {"total": 3}, "quality_score": 4}
    pair = without(SMALLEST["pair"], "reward")
    assert opened(pair | names).reward == 1
    assert opened(pair | without(names, "reward")).reward == 2
    assert opened(pair | {"rewards": {"total": 3}, "quality_score": 4}).reward == 3
    assert opened(pair | {"quality_score": 4}).reward == 4


def test_a_reward_that_is_null_does_not_give_way_to_another_name() -> None:
    assert math.isnan(read_reward({"reward": None, "score": 1}, "reward", "score").value)


def test_what_the_parser_noticed_comes_first() -> None:
    found = read_object(gym(reward=None), ("lone_surrogate",))
    assert isinstance(found, Rollout)
    assert found.notes == ("lone_surrogate", "reward_missing")


# Anything

KEYS = st.sampled_from(
    ["responses_create_params", "response", "output", "input", "tools", "instructions", "reward", "rewards", "total"]
    + ["messages", "conversations", "from", "value", "role", "content", "prompt", "completion", "text", "score"]
    + ["incomplete_details", "reason", "_ng_failure_class", "mean/reward"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("\ud800")
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@settings(deadline=None)
@given(st.dictionaries(KEYS | st.text(max_size=3), VALUES, max_size=6))
def test_no_object_makes_reading_raise(fields: dict[str, Any]) -> None:
    found = read_object(fields)
    assert isinstance(found, Rollout | Unreadable)
