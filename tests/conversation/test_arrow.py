"""What Hugging Face `datasets` makes of a record, said again: each claim is held against the real one in test_peers."""

from typing import Any

import pytest

from rollout_curator.conversation import encode
from rollout_curator.conversation.datasets_values import (
    Columns,
    has_half_pair,
    number_faults,
    read_again,
    shape_of,
    untold,
)


@pytest.mark.parametrize("value", [7, 2**63 - 1, -(2**63), True, None, "18446744073709551617", {"a": [1, {"b": "x"}]}])
def test_whole_numbers_of_64_bits_and_texts_are_safe(value: Any) -> None:
    assert number_faults(value) == frozenset()


@pytest.mark.parametrize("value", [2**63, 2**64, 10**30, -(2**63) - 1, {"a": [{"b": 2**63}]}, 1.23456789012345e19])
def test_a_number_beyond_64_bits_is_found_wherever_it_stands(value: Any) -> None:
    assert number_faults(value) == {"big_number"}


@pytest.mark.parametrize("value", [0.1, 0.5, 2.0, 0.0, 1e-5, 123456.75, 1e22])
def test_decimals_that_come_back_as_they_were_are_safe(value: float) -> None:
    assert number_faults({"a": value}) == frozenset()


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (0.3, 0.30000000000000004),
        (3.141592653589793, 3.1415926536),
        (1.2345678901234567e-12, 0.0),
        (-2.5e-08, -2.5000000000000002e-08),
    ],
)
def test_other_decimals_are_rounded(value: float, back: float) -> None:
    assert (number_faults([value]), read_again(value)) == ({"rounded_number"}, back)


def test_a_zero_loses_its_sign() -> None:
    assert number_faults({"a": -0.0}) == {"rounded_number"}


def test_half_a_surrogate_pair_is_found_in_texts_and_keys() -> None:
    assert [has_half_pair(value) for value in ("\ud83d", {"\udc00": 1}, ["x"], "😀", '"\\ud83d"')] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_what_was_told_of_a_record_is_not_untold() -> None:
    record = {"messages": [{"content": "\ud83d", "n": 2**64}]}
    assert untold(record, encode(record), ()) == {"big_number", "half_surrogate"}
    assert untold(record, encode(record), ("big_number", "half_surrogate")) == frozenset()


PLAIN = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
CALLING = {"messages": [*PLAIN["messages"], {"role": "assistant", "content": "", "tool_calls": []}]}
TEN_MB = 10 << 20


@pytest.mark.parametrize(
    ("first", "later", "late"),
    [
        (PLAIN, PLAIN, ""),
        (PLAIN, CALLING, "messages"),
        (CALLING, PLAIN, ""),
        (CALLING, {"messages": [{"role": "tool", "other": 1}]}, ""),
        (CALLING, {**CALLING, "tools": "[]"}, "tools"),
        ({**PLAIN, "tools": "[]"}, PLAIN, ""),
    ],
)
def test_what_the_first_ten_megabytes_lack_comes_too_late(first: Any, later: Any, late: str) -> None:
    columns = Columns()
    columns.add(shape_of(first), TEN_MB)
    columns.add(shape_of(later), 100)
    assert columns.late == late


def test_what_the_first_ten_megabytes_have_decides_in_any_order() -> None:
    columns = Columns()
    columns.add(shape_of(PLAIN), 100)
    columns.add(shape_of(CALLING), TEN_MB)
    columns.add(shape_of(CALLING), 100)
    assert columns.late == ""


def test_texts_that_all_read_as_dates_are_noticed() -> None:
    columns, others = Columns(), Columns()
    dates = {
        "messages": [{"role": "user", "content": "2024-01-01"}, {"role": "assistant", "content": "2024-01-02 10:00"}]
    }
    columns.add(shape_of(dates), 100)
    others.add(shape_of(dates), 100)
    others.add(shape_of({"conversations": [{"from": "human", "value": "2+2?"}]}), 100)
    assert (columns.is_dates, others.is_dates, columns.late, others.late) == (True, False, "", "")
