"""What the browser needs to draw and to count, and which of its choices were heard already.

Shared by the picker and the small plots. Knows nothing of either's look.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import Curve, Kept, ThresholdCounts
from rollout_curator.ui.picker.messages import Bins, BothLevelsSaid, BoundsSaid, Counts, LevelsSaid, StepsSaid


@dataclass(slots=True)
class Heard:
    """The last choice of the user this session has heard of; `session` tells it from those of an earlier server."""

    session: str = field(default_factory=lambda: secrets.token_hex(8))
    sequence: int = 0

    def new(self, given: dict[str, Any] | None) -> list[dict[str, Any]]:
        """Return the choices that were not heard yet, oldest first."""
        if not given or given.get("session") != self.session:
            return []
        return [choice for choice in given["waiting"] if choice["sequence"] > self.sequence]


@st.cache_resource(scope="session", show_spinner=False)
def heard(key: str) -> Heard:
    """Return what was heard of one widget in this session."""
    return Heard()


def payload(levels: ThresholdCounts) -> BothLevelsSaid:
    """Return levels as JSON values, with both curves."""
    return {**small_payload(levels), "upper": _steps(levels.upper)}


def small_payload(levels: ThresholdCounts) -> LevelsSaid:
    """Return levels as JSON values, with the curve of the lower bound alone."""
    return {
        "bounds": _bounds(levels.bounds),
        "kept": _counts(levels.kept),
        "stops": levels.lower.value.tolist(),
        "isEvery": levels.is_every_value,
        "lower": _steps(levels.lower),
        "bins": _bins(levels),
        "total": _counts(levels.total),
        "missing": levels.n_missing,
        "infinite": levels.n_infinite,
        "always": levels.n_always,
    }


def _bins(levels: ThresholdCounts) -> Bins:
    bins = levels.bins
    return {
        "left": bins.left.tolist(),
        "right": bins.right.tolist(),
        "count": bins.count.tolist(),
        "always": levels.always.tolist() if levels.n_always else [],
        "first": bins.first,
        "perValue": bins.per_value,
    }


def _steps(steps: Curve) -> StepsSaid:
    return {
        "rollouts": steps.rollouts.tolist(),
        "tasks": steps.tasks.tolist(),
        "tokens": steps.tokens.tolist(),
        "open": _counts(steps.open),
        "beyond": _counts(steps.beyond),
    }


def _bounds(bounds: Interval) -> BoundsSaid:
    return {"atLeast": bounds.low, "atMost": bounds.high}


def _counts(kept: Kept) -> Counts:
    return {"rollouts": kept.rollouts, "tasks": kept.tasks, "tokens": kept.tokens}
