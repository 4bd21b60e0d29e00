"""An interval: what lies in it, its words and its text, by hand."""

import numpy as np
import pytest

from rollout_curator.selection.intervals import Interval, parse_interval

VALUES = np.array([-np.inf, 0.5, 0.7, 0.8, np.inf, np.nan])


@pytest.mark.parametrize(
    ("interval", "inside"),
    [
        (Interval(), [True, True, True, True, True, False]),
        (Interval(0.7), [False, False, True, True, True, False]),
        (Interval(None, 0.7), [True, True, True, False, False, False]),
        (Interval(0.5, 0.8), [False, True, True, True, False, False]),
        (Interval(0.5, 0.8, closed=False), [False, True, True, False, False, False]),
        (Interval(0.7, 0.7), [False, False, True, False, False, False]),
    ],
)
def test_an_interval_holds_its_low_end_and_its_high_one_when_closed(interval: Interval, inside: list[bool]) -> None:
    assert interval.mask(VALUES).tolist() == inside


@pytest.mark.parametrize(
    ("interval", "words", "ends", "text"),
    [
        (Interval(), "any", "any", ".."),
        (Interval(3.0), "≥ 3", "≥ 3", "3.0.."),
        (Interval(-0.0), "≥ 0", "≥ 0", "-0.0.."),
        (Interval(None, 12.0), "≤ 12", "≤ 12", "..12.0"),
        (Interval(None, 12.0, closed=False), "< 12", "< 12", "..<12.0"),
        (Interval(3.0, 12.0), "3–12", "3–12", "3.0..12.0"),
        (Interval(0.1, 0.3, closed=False), "[0.1, 0.3)", "[0.1, 0.3)", "0.1..<0.3"),
        (Interval(3.0, 3.0), "3", "3–3", "3.0..3.0"),
    ],
)
def test_an_interval_has_words_and_a_text_that_reads_back(interval: Interval, words: str, ends: str, text: str) -> None:
    assert (interval.words, interval.ends, interval.text) == (words, ends, text)
    assert parse_interval(text) == interval


@pytest.mark.parametrize("text", ["", "3", "3..x", "nan..", "..nan", "<3..4"])
def test_what_is_no_interval_is_none(text: str) -> None:
    assert parse_interval(text) is None
