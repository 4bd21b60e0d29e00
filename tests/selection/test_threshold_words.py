"""Where the next step of a bound leads, and how it is said; every value by hand."""

import numpy as np
import pytest

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import ThresholdCounts, count_thresholds
from rollout_curator.ui.pages.select_bounds import Band, band, band_words, short_between, step_of

FEW = [0.0, 0.5, 0.5, 1.0, np.inf, np.nan]
MANY = [number / 500 for number in range(501)]


def of(rewards: list[float]) -> ThresholdCounts:
    value = np.array(rewards)
    return count_thresholds(value, np.full(len(value), 10), np.arange(len(value)))


@pytest.mark.parametrize(
    ("rewards", "at_least", "down", "up"),
    [
        (FEW, 0.5, 0.0, 1.0), (FEW, 0.7, 0.5, None), (FEW, 5.0, 1.0, None), (FEW, -5.0, None, 0.5),
        (MANY, 0.5, 0.45, 0.55), (MANY, 50.0, 1.0, None), (MANY, -50.0, None, 0.05), (MANY, 0.0, None, 0.05),
        ([], 0.5, None, None), ([np.nan], 0.5, None, None), ([1.0], 1.0, None, None),
    ],
)  # fmt: skip
def test_a_step_leads_to_where_something_changes(
    rewards: list[float], at_least: float, down: float | None, up: float | None
) -> None:
    assert (step_of(of(rewards), at_least, up=False), step_of(of(rewards), at_least, up=True)) == (down, up)


def test_a_step_from_beyond_every_reward_says_what_it_brings() -> None:
    assert band(of(MANY), Interval(50.0), up=False) == Band(50.0, 1.0, 1, 1, 10)


def test_a_step_passes_over_rewards_that_are_kept_anyway_and_none_is_offered_where_nothing_changes() -> None:
    """Those at 0.4 and 0.6 have a threshold of their own."""
    value = np.array([0.2, 0.4, 0.6, 0.8])
    always = np.array([False, True, True, False])
    levels = count_thresholds(value, np.full(4, 10), np.arange(4), always=always)
    assert band(levels, Interval(0.5), up=False) == Band(0.5, 0.2, 1, 1, 10)
    assert band(levels, Interval(0.5), up=True) is None


def test_a_step_is_said_with_where_it_leads_and_what_it_brings() -> None:
    assert band_words(Band(12345.6, 12345.1, 1, 0, -1)) == "Lower to 12345.1: +1 rollout"
    assert band_words(Band(-1.0, -0.5, -1200, -11, -9)) == "Raise to −0.5: −1,200 rollouts, −11 tasks"


@pytest.mark.parametrize(
    ("below", "value", "said"),
    [
        (0.77, 0.786012218243101, 0.786), (0.786, 0.786012218243101, 0.78601), (0.7860122182431, 0.786012218243101,
        0.786012218243101), (0.5, 0.9, 0.9), (0.0, 1.0, 1.0), (-np.inf, -2.0000000000000004, -2.01), (900.0, 1234.0,
        1234.0), (1.0, 2.5, 2.5), (0.0, 1e-9, 1e-9), (0.0, 1 / 3, 0.333), (3.1, 12345.678, 12345.0),
        (0.0, 1e300, 1e300),
    ],
)  # fmt: skip
def test_a_step_is_said_in_few_digits_that_keep_the_same_rollouts(below: float, value: float, said: float) -> None:
    assert short_between(below, value) == said


def test_up_to_a_few_hundred_rewards_a_step_leads_to_the_next_that_occurs() -> None:
    found = of([0.123456 + number / 100 for number in range(100)])
    assert (step_of(found, 0.5, up=False), step_of(found, 0.5, up=True)) == (0.493, 0.513)
