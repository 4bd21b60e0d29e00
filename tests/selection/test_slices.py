"""A part of the rollouts as a text in a URL: what it says, what fits, and that odd names survive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_curator.selection.slices import Condition, Equals, Range, decode, encode, words

NAN = float("nan")


def test_a_bar_is_written_as_people_would() -> None:
    assert encode([Range("reward", 0.7, 0.8, closed=False), Equals("agent", "swe")]) == "reward=0.7..<0.8;agent==swe"


def test_a_range_takes_its_low_end_and_its_high_end_only_when_closed() -> None:
    values = np.array([0.69, 0.7, 0.75, 0.8, NAN, np.inf])
    assert Range("reward", 0.7, 0.8, closed=False).fits(values).tolist() == [False, True, True, False, False, False]
    assert Range("reward", 0.7, 0.8).fits(values).tolist() == [False, True, True, True, False, False]
    assert Range("reward", 0.8).fits(values).tolist() == [False, False, False, True, False, True]
    assert Range("reward", None, 0.7).fits(values).tolist() == [True, True, False, False, False, False]


def test_missing_values_are_a_range_of_their_own() -> None:
    assert Range("reward", missing=True).fits(np.array([1.0, NAN])).tolist() == [False, True]


@pytest.mark.parametrize("text", ["reward", "=1..2", "reward=x..2", "reward=1", "reward=nan..2", "a=1..2;b"])
def test_what_is_no_slice_is_none(text: str) -> None:
    assert decode(text) is None


def test_no_text_is_no_part() -> None:
    assert decode("") == ()


_text = st.text(st.characters(exclude_categories=()), max_size=8)
_name = _text.filter(bool)
_number = st.none() | st.floats(allow_nan=False)
_parts = st.lists(
    st.builds(Range, _name, _number, _number, st.booleans())
    | st.builds(lambda name: Range(name, missing=True), _name)
    | st.builds(Equals, _name, _text),
    max_size=4,
)


@given(_parts)
def test_any_names_and_bounds_come_back_as_they_were(parts: list[Condition]) -> None:
    assert decode(encode(parts)) == tuple(parts)


def test_parts_are_said_in_words() -> None:
    assert words(Range("reward", 0.7, 0.8, closed=False), "reward") == "reward [0.7, 0.8)"
    assert words(Range("reward", 0.5, 0.5), "reward") == "reward 0.5"
    assert words(Range("n_turns", 3.0), "turns") == "turns ≥ 3"
    assert words(Range("n_turns", None, 3.0, closed=False), "turns") == "turns < 3"
    assert words(Range("c", missing=True), "correctness") == "no correctness"
    assert words(Equals("agent", ""), "agent") == "agent (none)"
