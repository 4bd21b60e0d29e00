"""The one row below the picker: the limits as numbers, one step of the threshold either way, rules, the baseline."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.slices import Range
from rollout_curator.selection.threshold_counts import Kept, ThresholdCounts
from rollout_curator.ui import links
from rollout_curator.ui.pages.select_rules import add_rule, baseline_switch
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import label, signed
from rollout_curator.words import exact
from rollout_curator.workspace.workspace import Workspace

FEW = 200
"""Up to this many values that occur, a step of the threshold leads to the next of them."""
DIGITS = 3
"""A step is not said in fewer significant digits than this, for it should be near the value it leads to."""


def bounds_bar(workspace: Workspace, recipe: Recipe, axis: str) -> None:
    """Draw the row: min, max, the two steps of the lower limit, the way to add a rule, the random baseline."""
    bounds, words = choices.bounds(axis), workspace.axes[axis].words
    with st.container(horizontal=True, vertical_alignment="center", key="threshold-bar", gap="small"):
        st.markdown("Min", width="content")
        _number(f"Min {words}", bounds.low, f"least-{axis}", lambda low: Interval(low, bounds.high), axis)
        st.markdown("Max", width="content")
        _number(f"Max {words}", bounds.high, f"most-{axis}", lambda high: Interval(bounds.low, high), axis)
        st.button(
            "Clear",
            on_click=choices.set_bounds,
            args=(axis, Interval()),
            disabled=not bounds.is_bounded,
            help=label(f"Clear the min and max of {words}"),
        )
        _steps(measures.axis_levels(workspace, recipe, axis, bounds), bounds, axis)
        add_rule(workspace)
        baseline_switch(recipe)


def _number(words: str, value: float | None, name: str, made: Callable[[float | None], Interval], axis: str) -> None:
    def take(given: float | None) -> None:
        choices.set_bounds(axis, made(given))

    st.number_input(
        label(words),
        value=None,
        step=0.05 if axis == REWARD else 1.0,
        format=_format(value, axis),
        placeholder="any",
        label_visibility="collapsed",
        width=130,
        **state.bind(name, value, take),
    )


def _format(value: float | None, axis: str) -> str:
    """Return a number format that shows every digit of a bound."""
    usual = 2 if axis == REWARD else 0
    if value is None or "e" in repr(value):
        return f"%.{usual}f"
    decimals = 0 if value.is_integer() else len(repr(value).partition(".")[2])
    return f"%.{min(max(decimals, usual), 12)}f"


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between the lower bound and its next step, downward (gained) or upward (lost)."""

    start: float
    end: float
    rollouts: int
    tasks: int
    tokens: int

    @property
    def is_gain(self) -> bool:
        """Say whether the step lowers the bound."""
        return self.end < self.start


def step_of(levels: ThresholdCounts, at_least: float, *, up: bool) -> float | None:
    """Return where the next step of the bound leads: one value that occurs further, or a round share of the range."""
    values = levels.lower.value
    if not len(values):
        return None
    if levels.is_every_value and len(values) <= FEW:
        lowest_kept = int(np.searchsorted(values, at_least, side="left"))
        place = lowest_kept + 1 if up else lowest_kept - 1
        if not 0 <= place < len(values):
            return None
        return short_between(float(values[place - 1]) if place else -np.inf, float(values[place]))
    lowest, highest = float(values[0]), float(values[-1])
    if not up and not lowest < at_least <= highest:
        return highest if at_least > highest else None
    span = highest / 20 - lowest / 20
    power = 10.0 ** np.floor(np.log10(span)) if span > 0 else 0.0
    step = power * next((n for n in (1, 2, 5, 10) if n * power >= span), 10)
    end = float(f"{max(at_least, lowest) + step if up else at_least - step:.12g}")
    return None if up and end > highest else end


def short_between(below: float, value: float) -> float:
    """Return a value in few digits that a bound may have in its place: above `below`, and not above the value.

    It is the value rounded down to as few decimals as that allows, in DIGITS significant digits at the least, and never
    longer than the value itself: 0.786 for 0.786012218243101 where 0.77 is the value before.
    """
    digits = Decimal(repr(value))
    if value.is_integer() or not -12 < digits.adjusted() < 15:
        return value
    first = max(0, DIGITS - 1 - digits.adjusted())
    for decimals in range(first, first + 15):
        found = float(digits.quantize(Decimal(1).scaleb(-decimals), ROUND_FLOOR))
        if below < found <= value:
            return found if len(repr(found)) < len(repr(value)) else value
    return value


def band(levels: ThresholdCounts, bounds: Interval, *, up: bool) -> Band | None:
    """Return what the next step of the lower bound brings or costs, None where there is none."""
    if bounds.low is None:
        return None
    now, end = levels.at(bounds), bounds.low
    for _ in range(FEW):
        further = step_of(levels, end, up=up)
        if further is None or (bounds.high is not None and further > bounds.high):
            return None
        end, then = further, levels.at(Interval(further, bounds.high))
        if then != now:
            return Band(bounds.low, end, *_difference(now, then))
    return None


def _difference(now: Kept, then: Kept) -> tuple[int, int, int]:
    return then.rollouts - now.rollouts, then.tasks - now.tasks, then.tokens - now.tokens


def band_words(one: Band) -> str:
    """Return a step as its button says it: "Lower to 0.75: +214 rollouts, +11 tasks"."""
    counts = ((one.rollouts, "rollout"), (one.tasks, "task"))
    said = [f"{signed(n)} {unit}{'' if abs(n) == 1 else 's'}" for n, unit in counts if n or unit == "rollout"]
    end = exact(one.end).replace("-", "\u2212")
    return f"{'Lower' if one.is_gain else 'Raise'} to {end}: {', '.join(said)}"


def _steps(levels: ThresholdCounts, bounds: Interval, axis: str) -> None:
    """Draw what one step down would bring and one step up would cost, with those rollouts one click away."""
    found = [one for one in (band(levels, bounds, up=False), band(levels, bounds, up=True)) if one is not None]
    for one in found:
        way = "down" if one.is_gain else "up"
        with st.container(horizontal=True, vertical_alignment="center", gap=None, width="content", key=f"step-{way}"):
            st.button(
                label(band_words(one)),
                on_click=choices.set_bounds,
                args=(axis, Interval(one.end, bounds.high)),
                key=f"rc.band-{way}",
                help=label(f"{signed(one.tokens)} generated tokens"),
            )
            low, high = (one.end, one.start) if one.is_gain else (one.start, one.end)
            if one.rollouts:
                between = slice_queues.free(axis, Range(axis, low, high, closed=False))
                links.link("Review", "review", queue=between)
