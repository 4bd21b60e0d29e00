"""Signals are numbers computed from the output of a rollout."""

import math

from hypothesis import given
from hypothesis import strategies as st

from rollout_curator.signals import SIGNALS, distinct_tools, final_chars, repeated_calls

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["function_call", "message", "reasoning"]) | JSON,
        "role": st.sampled_from(["assistant", "user"]) | JSON,
        "name": JSON,
        "arguments": JSON,
        "content": JSON,
        "tool_calls": JSON,
    },
)


def call(name: str, arguments: str) -> dict[str, object]:
    """Return a function call item."""
    return {"type": "function_call", "call_id": "c", "name": name, "arguments": arguments}


def test_a_call_made_twice_to_the_letter_is_repeated_once() -> None:
    assert repeated_calls([call("ls", "{}"), call("ls", '{"a": 1}'), call("ls", "{}")]) == 1.0


def test_two_tools_called_three_times_are_two_tools() -> None:
    assert distinct_tools([call("ls", "{}"), call("cat", "{}"), call("ls", "{}")]) == 2.0


def test_calls_inside_chat_messages_count_too() -> None:
    message = {"role": "assistant", "tool_calls": [{"function": {"name": "ls", "arguments": "{}"}}]}
    assert distinct_tools([message]) == 1.0


def test_the_final_text_is_that_of_the_last_assistant_message() -> None:
    first = {"role": "assistant", "content": "a long first answer"}
    last = {"role": "assistant", "content": [{"type": "output_text", "text": "four"}]}
    assert final_chars([first, last, call("ls", "{}")]) == 4.0


@given(st.lists(ITEM, max_size=5))
def test_every_signal_is_finite_on_any_output(output: list[dict[str, object]]) -> None:
    assert all(math.isfinite(measure(output)) for measure in SIGNALS.values())
