"""What `usual_outcomes` says is what the four conversions say: on real rollouts, samples and thousands of odd ones."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_curator.conversation import (
    GYM_OPTIONS,
    ChatOptions,
    Outcome,
    Outcomes,
    open_rollout,
    to_chat,
    to_flat,
    usual_outcomes,
)
from rollout_curator.conversation.datasets_issues import loading_issues
from rollout_curator.rollout import Example, Rollout
from rollout_curator.sources.formats.base import read_object
from rollout_curator.sources.lines import Parsed, parse
from rollout_curator.sources.shapes.key_tracker import Notes
from rollout_curator.sources.shapes.messages import read_sequence

CHECKOUT = Path(__file__).parents[2]

TEXT = st.sampled_from(["", "4", " ", "<think>a</think>4", "</think>", "null", "\ud800"])
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 3, 1.5, 2**70, float("nan"), "", "odd", [], {}, [1], {"a": 1}, [None], [[]], {"a": [float("inf")]}]
)
PART = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["output_text", "input_text", "text", "refusal", "input_image", "input_file", "new"])},
        optional={"text": TEXT, "refusal": TEXT | ODD, "image_url": st.just("u") | ODD},
    ),
    ODD,
)
CONTENT = st.one_of(TEXT, st.lists(PART, max_size=2), ODD)
SUMMARY: st.SearchStrategy[Any] = st.one_of(st.just([]), st.just([{"type": "summary_text", "text": "why"}]), CONTENT)
CALL_ID = st.sampled_from(["a", "b", "c"]) | ODD
ARGUMENTS = st.one_of(
    st.sampled_from(
        ['{"n": 4}', "{}", '{"n": 1.5}', '{"n": 1e400}', "[4]", "no", '{"n": NaN}', '{"n": ' + "9" * 25 + "}"]
    ),
    st.just('{"n": ' + "[" * 300 + "]" * 300 + "}"),
    ODD,
)
FUNCTION = st.fixed_dictionaries({"name": st.just("show") | ODD, "arguments": ARGUMENTS})
CALL = st.one_of(st.fixed_dictionaries({"id": CALL_ID, "type": st.just("function"), "function": FUNCTION}), ODD)
ROLE = st.sampled_from(["assistant", "assistant", "user", "system", "developer", "tool"])
MESSAGE = st.fixed_dictionaries(
    {"role": ROLE, "content": CONTENT},
    optional={
        "type": st.sampled_from(["message", "", None]),
        "name": st.just("ann") | ODD,
        "reasoning_content": TEXT | ODD,
        "tool_calls": st.lists(CALL, max_size=2) | ODD,
        "function_call": FUNCTION | ODD,
        "refusal": TEXT | ODD,
        "tool_call_id": CALL_ID,
    },
)
SAID = st.builds(lambda text: {"type": "message", "role": "assistant", "content": text}, CONTENT)
CALLED = st.fixed_dictionaries(
    {"type": st.just("function_call"), "call_id": CALL_ID, "name": st.just("show"), "arguments": ARGUMENTS}
)
GAVE = st.fixed_dictionaries({"type": st.just("function_call_output"), "call_id": CALL_ID, "output": CONTENT})
THOUGHT = st.fixed_dictionaries({"type": st.just("reasoning"), "summary": SUMMARY}, optional={"content": SUMMARY})
OTHER = st.one_of(st.fixed_dictionaries({"type": st.sampled_from(["web_search_call", "", "message", "a b"])}), ODD)


def chain_all(groups: list[Any]) -> list[Any]:
    """Return the elements of all groups."""
    return [element for group in groups for element in group]


REGULAR: st.SearchStrategy[Any] = st.lists(
    st.sampled_from(
        [
            [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "why"}]}],
            [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}],
            [
                {"type": "function_call", "call_id": "a", "name": "show", "arguments": '{"n": 4}'},
                {"type": "function_call_output", "call_id": "a", "output": "four"},
            ],
            [{"type": "message", "role": "user", "content": "and 3+3?"}],
        ]
    ),
    max_size=6,
).map(chain_all)
ITEMS = st.lists(st.one_of(SAID, CALLED, GAVE, THOUGHT, MESSAGE, OTHER), max_size=6)
SEQUENCE = st.one_of(REGULAR, ITEMS, st.tuples(REGULAR, ITEMS).map(lambda both: both[0] + both[1]), ODD)
TOOL = st.one_of(st.just({"type": "function", "name": "show", "strict": True}), st.just({"type": "web_search"}), ODD)
ROLLOUTS = st.builds(
    Rollout,
    format=st.just("nemo_gym"),
    prompt=st.one_of(st.just("2+2?"), SEQUENCE),
    output=SEQUENCE,
    reward=st.just(1.0),
    instructions=st.sampled_from([None, "be brief"]),
    tools=st.lists(TOOL, max_size=2),
    notes=st.sampled_from([(), (), ("non_finite_number",)]),
    truncated=st.sampled_from([None, None, "max_output_tokens"]),
    unusable=st.sampled_from([None, None, None, "no_params"]),
)


THINKS = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "why"}]}
SAYS = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}


def said_of(example: Example) -> Outcome:
    """Return what an example says beside its messages."""
    return Outcome(example.skip, example.issues, example.left_out)


def converted(rollout: Rollout) -> Outcomes:
    """Return what the four conversions say, each made for itself, and what loading them would change."""
    made = {
        "flat": to_flat(rollout),
        "chat": to_chat(rollout),
        "chat_reasoning": to_chat(rollout, ChatOptions(reasoning="field")),
        "gym": to_chat(rollout, GYM_OPTIONS),
    }
    loading = {name: loading_issues(example, rollout) for name, example in made.items() if name != "gym"}
    return Outcomes(
        **{name: said_of(example) for name, example in made.items()},
        loading=tuple((name, issues) for name, issues in loading.items() if issues),
    )


def usual(rollout: Rollout) -> Outcomes:
    """Return the usual outcomes; for Gym, where arguments are text, loading is another conversion's and not minded."""
    found = usual_outcomes(open_rollout(rollout))
    return replace(found, loading=tuple(pair for pair in found.loading if pair[0] != "gym"))


def rollouts_in(folder: Path) -> Iterator[tuple[str, Rollout]]:
    """Yield every rollout under a folder with its place."""
    for path in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            parsed = parse(line) if line.strip() else None
            read = read_object(parsed.obj, parsed.notes) if isinstance(parsed, Parsed) else None
            if isinstance(read, Rollout):
                yield f"{path.name}:{number}", read


def differing(folder: Path) -> list[str]:
    """Return the places where `usual_outcomes` says something else than the conversions."""
    return [place for place, read in rollouts_in(folder) if usual(read) != converted(read)]


@settings(max_examples=3000, deadline=None)
@given(ROLLOUTS)
def test_outcomes_are_those_of_the_conversions(rollout: Rollout) -> None:
    assert usual(rollout) == converted(rollout)


def as_read(rollout: Rollout) -> Rollout:
    """Return a rollout with both sides as formats read them: only these are taken to be regular."""
    notes = Notes()
    prompt, output = read_sequence(rollout.prompt, notes), read_sequence(rollout.output, notes)
    return replace(rollout, prompt=prompt, output=output, is_plain=notes.is_plain)


@settings(max_examples=3000, deadline=None)
@given(ROLLOUTS)
def test_outcomes_of_what_was_read_are_those_of_the_conversions(rollout: Rollout) -> None:
    assert usual(as_read(rollout)) == converted(as_read(rollout))


def step(thinks: bool, says: bool, n_calls: int) -> list[dict[str, Any]]:
    """Return one step: a thought, a text, calls and their results, each if asked for."""
    calls = [{"type": "function_call", "call_id": f"{n}", "name": "show", "arguments": "{}"} for n in range(n_calls)]
    gave = [{"type": "function_call_output", "call_id": f"{n}", "output": "4"} for n in range(n_calls)]
    return [*[THINKS] * thinks, *[SAYS] * says, *calls, *gave]


@pytest.mark.parametrize("tools", [[], [{"type": "function", "name": "show"}]])
@pytest.mark.parametrize("instructions", [None, "be brief"])
def test_outcomes_of_every_order_of_steps_are_those_of_the_conversions(tools: Any, instructions: str | None) -> None:
    steps = [step(*shape) for shape in product((False, True), (False, True), (0, 1, 2))]
    outputs = [chain_all(list(three)) for three in product(steps, repeat=3)]
    made = [as_read(Rollout("", "2+2?", one, 1.0, tools=tools, instructions=instructions)) for one in outputs]
    assert [one.output for one in made if usual(one) != converted(one)] == []


def test_outcomes_of_every_sample_are_those_of_the_conversions() -> None:
    assert differing(CHECKOUT / "sample_data") == []


@pytest.mark.shared
def test_outcomes_of_every_real_rollout_are_those_of_the_conversions(shared_folder: Path) -> None:
    assert differing(shared_folder / "rollouts" / "nemo_gym") == []


def outcomes_of(*output: dict[str, Any]) -> Outcomes:
    """Return the outcomes of a rollout that asks 2+2 and has this output."""
    return usual_outcomes(open_rollout(Rollout("nemo_gym", "2+2?", list(output), 1.0)))


def test_an_answer_has_no_issues_in_any_conversion() -> None:
    assert outcomes_of(SAYS) == Outcomes(*[Outcome(None, ())] * 4)


def test_reasoning_alone_is_an_example_only_where_reasoning_is_kept() -> None:
    assert outcomes_of(THINKS) == Outcomes(
        flat=Outcome("no_assistant_text", ("dropped_reasoning",)),
        chat=Outcome("no_final_assistant", ("reasoning", "dropped_empty_assistant", "trimmed_tail:1")),
        chat_reasoning=Outcome(None, ("reasoning",)),
        gym=Outcome(None, ("reasoning",)),
    )


def test_reasoning_without_a_summary_is_hidden_from_gym() -> None:
    found = outcomes_of({"type": "reasoning", "summary": [], "content": [{"type": "text", "text": "why"}]}, SAYS)
    assert (found.chat.issues, found.gym.issues) == (("reasoning",), ("reasoning_hidden",))


def test_arguments_that_are_no_object_are_no_issue_for_gym() -> None:
    call = {"type": "function_call", "call_id": "a", "name": "show", "arguments": "no"}
    found = outcomes_of(call)
    assert (found.chat.issues, found.gym.issues) == (
        ("bad_tool_args", "ends_in_tool_call", "tools_not_recorded"),
        ("ends_in_tool_call", "tools_not_recorded"),
    )


@pytest.mark.parametrize("convert", [to_flat, to_chat])
def test_an_item_of_empty_type_without_a_role_skips_the_rollout(convert: Any) -> None:
    assert convert(Rollout("nemo_gym", "2+2?", [{"type": "", "content": "4"}], 1.0)).skip == "bad_item"
