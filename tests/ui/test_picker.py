"""What the picker hands the browser, and what it makes of the choices that come back."""

import json

import numpy as np
import pytest

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import ThresholdCounts, count_thresholds
from rollout_curator.selection.threshold_counts.curves import MAX_STOPS
from rollout_curator.ui.picker.payload import Heard, payload, small_payload
from rollout_curator.ui.picker.threshold import Choice, choice_of


def many(n_distinct: int) -> ThresholdCounts:
    dice = np.random.default_rng(1)
    value = dice.choice(dice.normal(0, 1, n_distinct), 1_000_000)
    return count_thresholds(value, dice.integers(0, 100_000, len(value)), dice.integers(0, 100_000, len(value)))


@pytest.mark.parametrize("n_distinct", [MAX_STOPS, 900_000])
def test_the_data_of_a_picker_on_a_million_rollouts_is_small(n_distinct: int) -> None:
    assert len(json.dumps(payload(many(n_distinct)))) < 150_000


def test_the_data_of_forty_small_plots_is_small() -> None:
    assert 40 * len(json.dumps(small_payload(many(900_000).thinned(60)))) < 300_000


def test_a_choice_is_heard_once_and_none_is_lost() -> None:
    heard = Heard(session="a", sequence=1)
    waiting = [{"sequence": 1}, {"sequence": 2}, {"sequence": 3}]
    assert heard.new({"session": "a", "waiting": waiting}) == [{"sequence": 2}, {"sequence": 3}]
    assert heard.new({"session": "of an earlier server", "waiting": waiting}) == []
    assert heard.new(None) == []


def test_of_several_bounds_the_last_counts_and_what_was_opened_stays() -> None:
    first = {"sequence": 1, "bounds": {"atLeast": 0, "atMost": None}}
    opened = {"sequence": 2, "opened": [0.25, 0.5, False]}
    last = {"sequence": 3, "bounds": {"atLeast": 1, "atMost": 2.5}}
    assert choice_of([first, opened, last]) == Choice(Interval(1.0, 2.5), (0.25, 0.5, False))
    assert choice_of([{"sequence": 1, "opened": "masked"}]) == Choice(None, "masked")
    assert choice_of([]) is None
    assert choice_of([{"sequence": 1, "bounds": {"atLeast": None, "atMost": None}}]) == Choice(Interval(), None)
