"""The reward against people: how often what was read at a reward is accepted, and from which reward on it is enough.

Readers do not read at random: they look at what is flagged, or near the threshold. So nothing is weighted back; in each
band of rewards only the sample is used that ranks make of that band (`random_order`), which is random whatever else was
read and however many of the band. The same holds for everything above a threshold. Intervals are exact (`bounds`), each
for one look at a number of reads fixed before; `whenever` gives bounds that hold for all thresholds and looks at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rollout_curator.review.confidence import CONFIDENCE, interval, least_share, most_bad_whenever
from rollout_curator.review.random_order import random_sample_of

Array = np.ndarray[Any, Any]
BANDS_MAX = 10


@dataclass(frozen=True, slots=True)
class Reads:
    """What is known per rollout, as arrays: its rank, its reward, whether it is in question, the verdicts."""

    sample_rank: Array
    reward: Array
    member: Array
    decided: Array
    accepted: Array


@dataclass(frozen=True, slots=True)
class Band:
    """Rewards from `low` to `high`, both included: how many there are, were drawn and accepted, and the interval."""

    low: float
    high: float
    total: int
    read: int
    accepted: int
    at_least: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Above:
    """Everything with a reward of `threshold` or more: its sample, and the share of good ones it has at least."""

    threshold: float
    total: int
    read: int
    accepted: int
    at_least: float


def edges(reward: Array, extra: Sequence[float] = ()) -> Array:
    """Return where bands of rewards begin, ascending: every value when they are few, else about equal parts.

    A value that a tenth of all have is a band of its own. `extra` are further beginnings, such as the threshold in use;
    those outside of the rewards are left out.
    """
    rated = reward[~np.isnan(reward)]
    values, counts = np.unique(rated, return_counts=True)
    starts = values
    if len(values) > BANDS_MAX:
        common = np.flatnonzero(counts >= len(rated) / BANDS_MAX)
        after = common[common + 1 < len(values)] + 1
        parts = np.quantile(rated, np.linspace(0, 1, BANDS_MAX, endpoint=False), method="inverted_cdf")
        starts = np.concatenate([parts, values[common], values[after]])
    inside = [value for value in extra if len(values) and values[0] < value <= values[-1]]
    return np.unique(np.concatenate([starts, inside]))


def bands(reads: Reads, starts: Array, confidence: float = CONFIDENCE) -> list[Band]:
    """Return one band per beginning, each with the sample that reading has made of it."""
    found = []
    which = np.searchsorted(starts, reads.reward, side="right") - 1
    for number in range(len(starts)):
        inside = reads.member & (which == number) & ~np.isnan(reads.reward)
        sample = random_sample_of(reads.sample_rank, inside, reads.decided, ~reads.accepted)
        if not sample.total:
            continue
        good = sample.read - sample.bad
        values = reads.reward[inside]
        span = (float(values.min()), float(values.max()))
        found.append(Band(*span, sample.total, sample.read, good, *interval(good, sample.read, confidence)))
    return found


def above(reads: Reads, starts: Array, confidence: float = CONFIDENCE) -> list[Above]:
    """Return what is known of everything from each beginning on, the highest first."""
    found = []
    for start in sorted(starts.tolist(), reverse=True):
        sample = random_sample_of(
            reads.sample_rank, reads.member & (reads.reward >= start), reads.decided, ~reads.accepted
        )
        good = sample.read - sample.bad
        found.append(Above(start, sample.total, sample.read, good, least_share(good, sample.read, confidence)))
    return found


def lowest_threshold(steps: Sequence[Above], wanted: float, confidence: float = CONFIDENCE) -> Above | None:
    """Return the lowest threshold above which at least `wanted` of all are good, None while none is shown to be.

    Steps are tried from the highest down, those too little read to pass even without a bad one left out, and the first
    that fails ends it. What is shown is `wanted`, not the bound of the step found: that one was picked. Tried in an
    order fixed beforehand, many thresholds cost no confidence (fixed-sequence testing:
    Maurer, Hothorn & Lehmacher 1995; "Learn then Test", Angelopoulos et al. 2021). As every bound here it is for one
    look: trying again after each rollout until it passes makes it less sure (`lowest_whenever`).
    """
    best = None
    for step in steps:
        if least_share(step.read, step.read, confidence) < wanted:
            continue
        if step.at_least < wanted:
            break
        best = step
    return best


def whenever(steps: Sequence[Above], confidence: float = CONFIDENCE) -> list[Above]:
    """Return the steps with shares that hold at once for all of them, whenever one looks and however often.

    Each has its part of what may go wrong (Bonferroni), and the bound that holds at every moment of the reading. So the
    largest of them may be named, which the largest of one-look bounds may not: that one is wrong in one case of ten.
    """
    each = 1.0 - (1.0 - confidence) / max(len(steps), 1)
    return [replace(step, at_least=_least_whenever(step, each)) for step in steps]


def lowest_whenever(steps: Sequence[Above], wanted: float, confidence: float = CONFIDENCE) -> Above | None:
    """Return the lowest threshold above which `wanted` are good by a bound that holds for every look at every step."""
    return min(
        (step for step in whenever(steps, confidence) if step.read and step.at_least >= wanted),
        key=lambda step: step.threshold,
        default=None,
    )


def _least_whenever(step: Above, confidence: float) -> float:
    if not step.total:
        return 0.0
    return 1.0 - most_bad_whenever(step.read - step.accepted, step.read, step.total, confidence) / step.total


def disagree(reads: Reads, threshold: Array) -> Array:
    """Return which rows a reader and the reward judge differently: high and rejected, or low and accepted.

    High is the row's threshold or more; where that is NaN, the median of the rewards in question.
    """
    rated = reads.reward[reads.member & ~np.isnan(reads.reward)]
    usual = float(np.median(rated)) if len(rated) else np.nan
    high = reads.reward >= np.where(np.isnan(threshold), usual, threshold)
    return np.asarray(reads.decided & ~np.isnan(reads.reward) & (high != reads.accepted))
