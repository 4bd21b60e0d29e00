"""Below the picker: the exact bounds as numbers, what the next step of the threshold changes, what is kept at last."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.slices import Range
from rollout_curator.selection.threshold_counts import Kept, ThresholdCounts
from rollout_curator.ui import links
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import label
from rollout_curator.words import exact
from rollout_curator.workspace.workspace import Workspace

FEW = 60
"""Up to this many values that occur, a step of the threshold leads to the next of them."""


def bounds_bar(workspace: Workspace, recipe: Recipe, axis: str) -> None:
    """Draw the bounds of an axis as numbers, the marginal band, and what is kept after every step."""
    bounds, words = choices.bounds(axis), workspace.axes[axis].words
    with st.container(horizontal=True, vertical_alignment="center", key="threshold-bar", gap="small"):
        st.markdown(f"Min {label(words)}", width="content")
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
        _kept_in_the_end(workspace, recipe)
    _bands(measures.axis_levels(workspace, recipe, axis, bounds), bounds, axis)
    if axis == REWARD:
        _rewarded_but_invalid(workspace, recipe)


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


def _kept_in_the_end(workspace: Workspace, recipe: Recipe) -> None:
    funnel = workspace.funnel(recipe)
    drawn = " (random baseline)" if recipe.is_control else ""
    words = f"**{funnel.exportable:,}** of {funnel.rollouts:,} rollouts kept after all steps{drawn}"
    st.markdown(words, width="content")


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
        return float(values[place]) if 0 <= place < len(values) else None
    lowest, highest = float(values[0]), float(values[-1])
    if not up and not lowest < at_least <= highest:
        return highest if at_least > highest else None
    span = highest / 20 - lowest / 20
    power = 10.0 ** np.floor(np.log10(span)) if span > 0 else 0.0
    step = power * next((n for n in (1, 2, 5, 10) if n * power >= span), 10)
    end = float(f"{max(at_least, lowest) + step if up else at_least - step:.12g}")
    return None if up and end > highest else end


def band(levels: ThresholdCounts, bounds: Interval, *, up: bool) -> Band | None:
    """Return what the next step of the lower bound brings or costs, None where there is none."""
    if bounds.low is None:
        return None
    end = step_of(levels, bounds.low, up=up)
    if end is None or (bounds.high is not None and end > bounds.high):
        return None
    now, then = levels.at(bounds), levels.at(Interval(end, bounds.high))
    return Band(bounds.low, end, *_difference(now, then))


def _difference(now: Kept, then: Kept) -> tuple[int, int, int]:
    return then.rollouts - now.rollouts, then.tasks - now.tasks, then.tokens - now.tokens


def band_words(one: Band) -> str:
    """Return a band as people say it: "0.8 \u2192 0.75: +214 rollouts, +11 tasks, +31,204 tokens"."""
    counts = ((one.rollouts, "rollout"), (one.tasks, "task"), (one.tokens, "token"))
    said = (f"{_signed(n)} {unit}{'' if abs(n) == 1 else 's'}" for n, unit in counts)
    return f"{exact(one.start)} \u2192 {exact(one.end)}: {', '.join(said)}"


def _signed(n: int) -> str:
    return f"+{n:,}" if n > 0 else f"\u2212{-n:,}" if n < 0 else "0"


def _bands(levels: ThresholdCounts, bounds: Interval, axis: str) -> None:
    """Draw what one step down would bring and one step up would cost, with those rollouts one click away."""
    found = [one for one in (band(levels, bounds, up=False), band(levels, bounds, up=True)) if one is not None]
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bands"):
        for one in found:
            st.markdown(label(band_words(one)), width="content")
            low, high = (one.end, one.start) if one.is_gain else (one.start, one.end)
            if one.rollouts:
                between = slice_queues.free(axis, Range(axis, low, high, closed=False))
                links.link("Review these", "review", queue=between)
            st.button(
                "Move threshold here" if axis == REWARD else "Move min here",
                type="tertiary",
                on_click=choices.set_bounds,
                args=(axis, Interval(one.end, bounds.high)),
                key=f"rc.band-{'down' if one.is_gain else 'up'}",
            )


def _rewarded_but_invalid(workspace: Workspace, recipe: Recipe) -> None:
    """Link the rollouts that a threshold would keep, were their reward valid."""
    at_least = recipe.min_reward
    if at_least is None:
        values = measures.axis_levels(workspace, recipe, REWARD, Interval(None, recipe.max_reward)).lower.value
        at_least = float(values[-1]) if len(values) else 0.0
    name = slice_queues.queue(slice_queues.INVALID, Range(REWARD, at_least))
    count = len(slice_queues.rows(workspace, recipe, name))
    if count:
        with st.container(horizontal=True, vertical_alignment="center", gap=None, key="outside"):
            words = f"invalid but with a reward ≥ {exact(at_least)}"
            links.link_number(count, words, "review", queue=name)
