"""What the picker hands the browser, and what it makes of the choices that come back."""

import json
import re
import tomllib
from importlib.resources import files

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


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("curve", "place"), [("tasks", 1), ("tokens", 2)])
def test_curves_have_the_colours_of_charts_and_can_be_told_from_the_ground(curve: str, place: int) -> None:
    ui = files("rollout_curator") / "ui"
    theme = tomllib.loads((ui / "theme.toml").read_text())["theme"]
    css = (ui / "picker" / "threshold.css").read_text()
    colours = re.findall(rf"--{curve}: light-dark\((#\w+), (#\w+)\)", css)
    assert colours == [tuple(theme[scheme]["chartCategoricalColors"][place] for scheme in ("light", "dark"))]
    assert contrast(colours[0][0], theme["light"]["backgroundColor"]) >= 3
    assert contrast(colours[0][1], theme["dark"]["backgroundColor"]) >= 3


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
