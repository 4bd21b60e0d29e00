"""Where the next step of a bound leads, and how it is said; every value by hand."""

import numpy as np
import pytest

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import ThresholdCounts, count_thresholds
from rollout_curator.ui.pages.select_bounds import Band, band, band_words, step_of

FEW = [0.0, 0.5, 0.5, 1.0, np.inf, np.nan]
MANY = [number / 100 for number in range(101)]


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


def test_a_step_is_said_in_all_its_digits() -> None:
    assert band_words(Band(12345.6, 12345.1, 1, 0, -1)) == "12345.6 → 12345.1: +1 rollout, 0 tasks, −1 token"
