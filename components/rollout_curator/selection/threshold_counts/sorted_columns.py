"""A population in the order of one number, so that any interval of it is counted exactly and at once.

"Kept" is always `low <= value <= high` in float64, never rounded, or kept whatever the bounds. Distinct tasks
of an interval are no difference of two cumulative counts: they are counted. Knows nothing of stops or histograms.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts.bins import Floats, Ints

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept: rollouts, distinct tasks among them, the tokens generated in them."""

    rollouts: int
    tasks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The positions start <= i < stop of a sorted population; start may lie past stop, then none are meant."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class SortedColumns:
    """The rows that have a value, ascending.

    `value` holds every such row. The rest is about rows that the bounds decide on: `rollouts` and `tokens` are sums
    of what comes before each position (one entry more than `value`), `task` is -1 where the row, or another one of its
    task, is kept whatever the bounds; what these amount to is `always`.
    """

    value: Floats
    rollouts: Ints
    tokens: Ints
    task: Ints
    n_codes: int
    always: Kept
    total: Kept

    def slice(self, bounds: Interval) -> Slice:
        """Return the positions of the values within `bounds`."""
        start, stop = 0, len(self.value)
        if bounds.low is not None:
            start = int(np.searchsorted(self.value, bounds.low, side="left"))
        if bounds.high is not None:
            stop = int(np.searchsorted(self.value, bounds.high, side="right" if bounds.closed else "left"))
        return Slice(start, stop)

    def at(self, bounds: Interval) -> Kept:
        """Return what `bounds` keep; without ends everything, what has no value too."""
        return self.within(self.slice(bounds)) if bounds.is_bounded else self.total

    def within(self, here: Slice) -> Kept:
        """Return what an interval of positions keeps."""
        start, stop = here.start, max(here.start, here.stop)
        is_kept = _seen(self.task[start:stop], self.n_codes)
        return Kept(
            self.always.rollouts + int(self.rollouts[stop] - self.rollouts[start]),
            self.always.tasks + int(np.count_nonzero(is_kept[:-1])),
            self.always.tokens + int(self.tokens[stop] - self.tokens[start]),
        )


def sort_columns(
    value: Floats, tokens: Numbers, task: Numbers, always: Flags | None, order: Ints | None
) -> SortedColumns:
    """Return the population in the order of `value`; `order` is its argsort, NaN last, where it is known."""
    if order is None:
        order = np.argsort(value)
    rated = order[: len(value) - int(np.count_nonzero(np.isnan(value)))]
    weights, codes = _whole(tokens), np.maximum(np.asarray(task).astype(np.int64, copy=False), -1)
    n_codes = int(codes.max(initial=-1)) + 1
    total = Kept(len(value), int(np.count_nonzero(_seen(codes, n_codes)[:-1])), int(weights.sum()))
    ascending, amounts, tasks = value[rated], weights[rated], codes[rated]
    if always is None or not always.any():
        return SortedColumns(ascending, np.arange(len(rated) + 1), _sums(amounts), tasks, n_codes, Kept(0, 0, 0), total)
    is_sure = _seen(codes[always], n_codes)
    sure = int(np.count_nonzero(is_sure[:-1]))
    base = Kept(int(np.count_nonzero(always)), sure, int(weights[always].sum()))
    is_always = always[rated]
    amounts[is_always] = 0
    tasks[is_sure[tasks] | is_always] = -1
    return SortedColumns(ascending, _sums(~is_always), _sums(amounts), tasks, n_codes, base, total)


def _seen(codes: Ints, n_codes: int) -> Flags:
    """Return which codes occur; the last entry is for -1, no task."""
    is_seen = np.zeros(n_codes + 1, dtype=bool)
    is_seen[codes] = True
    return is_seen


def _whole(tokens: Numbers) -> Ints:
    """Return token counts as integers; a missing count (NaN) adds nothing."""
    numbers = np.asarray(tokens)
    if numbers.dtype.kind == "f":
        numbers = np.nan_to_num(numbers, nan=0.0)
    return numbers.astype(np.int64)


def _sums(amount: Ints | Flags) -> Ints:
    """Return, for each position and the one after the last, the sum of what comes before it."""
    sums = np.zeros(len(amount) + 1, dtype=np.int64)
    np.cumsum(amount, out=sums[1:])
    return sums
