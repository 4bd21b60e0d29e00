"""What each place of a threshold handle would keep: one curve for the lower bound, one for the upper.

Input is three arrays of one length: a number (float64, NaN where missing), generated tokens, and task codes (dense
integers as pandas categoricals hold them; negative means no task), and optionally who is kept whatever the bounds.
Knows nothing of frames, files or the screen.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rollout_curator.selection.intervals import ANY, Interval
from rollout_curator.selection.threshold_counts.bins import Bins, Floats, Ints, make_bins
from rollout_curator.selection.threshold_counts.sorted_columns import (
    Flags,
    Kept,
    Numbers,
    Slice,
    SortedColumns,
    sort_columns,
)

MAX_STOPS = 1000
"""Up to this many distinct values, each is a stop of a handle; beyond that, this many values that occur are."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What is kept when one bound stands at each of some ascending values and the other bound stays.

    `open` is what is kept without this bound, `beyond` what is kept when it lies past every finite value.
    """

    value: Floats
    rollouts: Ints
    tasks: Ints
    tokens: Ints
    open: Kept
    beyond: Kept

    def at(self, i: int) -> Kept:
        """Return what is kept at the i-th value."""
        return Kept(int(self.rollouts[i]), int(self.tasks[i]), int(self.tokens[i]))


@dataclass(frozen=True, slots=True)
class ThresholdCounts:
    """The stops of two handles and what each keeps, given where the other one is.

    `lower` is what `at_least = stop` keeps given `bounds.high`; `upper` is what `at_most = stop` keeps given
    `bounds.low`. Stops are all distinct finite values when there are few, else a grid of values that occur, from
    the smallest to the largest. `total` counts every rollout, those without a value too; `n_infinite` have no place on
    an axis but are counted; `n_always` are kept whatever the bounds, `always` of them in each bin. `kept` is what
    `bounds` keep.
    """

    lower: Curve
    upper: Curve
    bins: Bins
    always: Ints
    bounds: Interval
    kept: Kept
    total: Kept
    n_missing: int
    n_infinite: int
    n_always: int
    n_distinct: int
    most: int
    columns: SortedColumns = field(repr=False, compare=False)
    start: Ints = field(repr=False, compare=False)

    @property
    def is_every_value(self) -> bool:
        """Every finite value that occurs is a stop."""
        return len(self.lower.value) == self.n_distinct

    def at(self, bounds: Interval) -> Kept:
        """Return what `bounds` keep, exact for any of them."""
        return self.columns.at(bounds)

    def within(self, bounds: Interval) -> "ThresholdCounts":
        """Return the levels of the same population for other bounds, without sorting it again."""
        return _counts_of(self.columns, bounds, self.start, self.most)

    def thinned(self, most: int) -> "ThresholdCounts":
        """Return the same levels with at most so many stops and about so many bins, for a small plot."""
        return self if most >= self.most else _counts_of(self.columns, self.bounds, self.start, most)


def count_thresholds(
    value: npt.NDArray[np.float64],
    tokens: Numbers,
    task: Numbers,
    *,
    always: Flags | None = None,
    bounds: Interval = ANY,
    order: npt.NDArray[np.intp] | None = None,
) -> ThresholdCounts:
    """Return what every bound on `value` keeps, the other bound being that of `bounds`.

    `order` is the argsort of `value` with NaN last; a caller that keeps it saves the sorting.
    """
    values: Floats = np.asarray(value, dtype=np.float64) + 0.0  # + 0.0 makes -0.0 and 0.0 one value
    columns = sort_columns(values, tokens, task, always, order)
    return _counts_of(columns, bounds, _starts(columns.value), MAX_STOPS)


def _starts(value: Floats) -> Ints:
    """Return the position of the first of each distinct finite value, and the one after the last finite value."""
    low, high = np.searchsorted(value, -np.inf, side="right"), np.searchsorted(value, np.inf, side="left")
    finite = value[low:high]
    is_first = np.ones(len(finite), dtype=bool)
    np.not_equal(finite[1:], finite[:-1], out=is_first[1:])
    return np.append(low + np.flatnonzero(is_first), high)


def _counts_of(columns: SortedColumns, bounds: Interval, start: Ints, most: int) -> ThresholdCounts:
    picked = _stops(start, most)
    first, past = start[:-1], int(start[-1])
    low = int(start[0])
    histogram = make_bins(columns.value[low:past], first - low, most=most * 2)
    edges = low + np.concatenate([[0], np.cumsum(histogram.count)])
    return ThresholdCounts(
        lower=_lower(columns, bounds, first[picked], past),
        upper=_upper(columns, bounds, start[picked + 1], low),
        bins=histogram,
        always=histogram.count - np.diff(columns.rollouts[edges]),
        bounds=bounds,
        kept=columns.at(bounds),
        total=columns.total,
        n_missing=columns.total.rollouts - len(columns.value),
        n_infinite=len(columns.value) - (past - low),
        n_always=columns.always.rollouts,
        n_distinct=len(first),
        most=most,
        columns=columns,
        start=start,
    )


def _stops(start: Ints, most: int) -> Ints:
    """Return which distinct values are stops: all, or half at quantiles of the rollouts, half of the values."""
    n = len(start) - 1
    if n <= most:
        return np.arange(n)
    by_value = np.linspace(0, n - 1, most // 2).round().astype(np.int64)
    wanted = np.linspace(start[0], start[-2], most // 2)
    by_rollout = np.searchsorted(start[:-1], wanted, side="right") - 1
    return np.unique(np.concatenate([by_value, by_rollout]))


def _lower(columns: SortedColumns, bounds: Interval, first: Ints, past: int) -> Curve:
    """Return what each lower bound keeps; a task is kept while its last row up to the upper bound is."""
    whole = columns.slice(replace(bounds, low=None))
    last = np.full(columns.n_codes + 1, -1, dtype=np.int64)
    last[columns.task[: whole.stop]] = np.arange(whole.stop)  # the last write wins
    before = _counted(last[:-1], whole.stop)
    start = np.minimum(first, whole.stop)
    return Curve(
        value=columns.value[first],
        rollouts=columns.always.rollouts + columns.rollouts[whole.stop] - columns.rollouts[start],
        tasks=columns.always.tasks + before[-1] - before[start],
        tokens=columns.always.tokens + columns.tokens[whole.stop] - columns.tokens[start],
        open=columns.at(replace(bounds, low=None)),
        beyond=columns.within(Slice(min(past, whole.stop), whole.stop)),
    )


def _upper(columns: SortedColumns, bounds: Interval, after: Ints, low: int) -> Curve:
    """Return what each upper bound keeps; a task is kept once its first row from the lower bound on is.

    `after` is the position after the last row of each stop.
    """
    whole = columns.slice(replace(bounds, high=None))
    first = np.full(columns.n_codes + 1, -1, dtype=np.int64)
    first[columns.task[whole.start :][::-1]] = np.arange(whole.stop - 1, whole.start - 1, -1)
    before = _counted(first[:-1], whole.stop)
    stop = np.maximum(after, whole.start)
    return Curve(
        value=columns.value[after - 1],
        rollouts=columns.always.rollouts + columns.rollouts[stop] - columns.rollouts[whole.start],
        tasks=columns.always.tasks + before[stop],
        tokens=columns.always.tokens + columns.tokens[stop] - columns.tokens[whole.start],
        open=columns.at(replace(bounds, high=None)),
        beyond=columns.within(Slice(whole.start, max(whole.start, low))),
    )


def _counted(position: Ints, n: int) -> Ints:
    """Return, for each of n positions and the one after, how many of `position` come before it; -1 is nowhere."""
    is_there = np.zeros(n + 1, dtype=np.int64)
    is_there[position[position >= 0] + 1] = 1
    return np.cumsum(is_there)
