"""Means and their 95% intervals, by task: attempts at one task are alike, so tasks are counted and not attempts.

An interval says where the mean would lie over other tasks like these, chosen by the same rules. Its width comes from
how far the mean moves when one task is left out (the jackknife, which a task with most of the attempts does not fool),
with a quantile of Student's t for as many tasks of equal size as weigh the same (Kish 1965).

Where the values lie within 0 and 1, or are two only (pass and fail as -1 and 1), the ends are those of a share from as
many independent draws as would vary so much (Korn and Graubard 1998, Survey Methodology 24): near its ends a mean is
skewed, and the plain interval covers too little. Where fewer than five tasks are off an end, how much tasks vary is not
known, and there are no more draws than tasks. Fewer than five tasks give none.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TASKS_MIN = 5
TAIL = 0.025
ROUNDING = 1e-12
"""What is smaller than this beside the values themselves comes from rounding."""
NOTE = "95% CI by task, for the same rules on other tasks like these; none for fewer than five tasks"


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Per group: its number of values and of tasks, their mean, and the ends of its interval (NaN where none)."""

    n: Ints
    tasks: Ints
    mean: Floats
    low: Floats
    high: Floats


def means(codes: Ints, values: Floats, task: Ints, n: int) -> Means:
    """Return the means of finite values in `n` groups, by the group and the task of each value."""
    size = np.bincount(codes, minlength=n)
    with np.errstate(all="ignore"):
        mean = np.bincount(codes, weights=values, minlength=n) / size
        sums, held, of = _by_task(codes, task, values - mean[codes])
        tasks = np.bincount(of, minlength=n)
        share = held / size[of]
        variance = _variance(sums / size[of], share, of, tasks)
        weight = 1 / np.bincount(of, weights=share**2, minlength=n)
        t = _quantiles(tasks, weight)
        least, most, is_share = _range(codes, values, n)
        width, at = most - least, (sums / held + mean[of] - least[of]) / (most - least)[of]
        scarce = np.minimum(*(np.bincount(of[off > ROUNDING], minlength=n) for off in (at, 1 - at))) < TASKS_MIN
        ends = _shares((mean - least) / width, variance / width**2, np.where(scarce, weight, np.inf), weight, t)
        half = t * np.sqrt(np.where(variance > (ROUNDING * mean) ** 2, variance, np.nan))
        low = np.where(is_share, least + width * ends[0], mean - half)
        high = np.where(is_share, least + width * ends[1], mean + half)
    return Means(size, tasks, mean, low, high)


def change(values: Floats, task: Ints, a: Bools, b: Bools) -> tuple[float, float, float]:
    """Return by how much the mean of `b` is above that of `a`, and the ends of the interval of that (NaN where none).

    What stands in both, and tasks that stand in both, are taken as such: the two are compared on the same tasks. Each
    needs five tasks. A selection that holds all of one value, as a bound at the highest reward does, has just that
    mean; where others of that value are outside, values that are all equal tell nothing of other tasks.
    """
    a, b = a & np.isfinite(values), b & np.isfinite(values)
    if not a.any() or not b.any():
        return np.nan, np.nan, np.nan
    with np.errstate(all="ignore"):
        return _changed(values, task, a, b)


def _changed(values: Floats, task: Ints, a: Bools, b: Bools) -> tuple[float, float, float]:
    """Return the change from one selection of finite values to another."""
    by = float(values[b].mean() - values[a].mean())
    for fixed, other, sign in ((b, a, -1), (a, b, 1)):
        if np.ptp(values[fixed]) == 0:
            low, high = _against(values, task, fixed, other)
            return (by, low, high) if sign > 0 else (by, -high, -low)
    n = int(task.max()) + 1
    sides = [_side(values[chosen], task[chosen], n) for chosen in (a, b)]
    tasks = np.array([np.count_nonzero(share) for _, share in sides])
    weight = np.array([1 / (share @ share) for _, share in sides])
    half = float(_quantiles(tasks, weight).max())  # NaN where one is
    moves = np.subtract(*(pull / (1 - share) for pull, share in sides))
    either = np.count_nonzero((sides[0][1] > 0) | (sides[1][1] > 0))
    half *= float(np.sqrt((either - 1) / either * (moves @ moves)))
    half = half if half > ROUNDING * float(np.abs(values[a | b]).max()) else np.nan
    return by, by - half, by + half


def _against(values: Floats, task: Ints, fixed: Bools, other: Bools) -> tuple[float, float]:
    """Return the ends of how far the mean of `other` is above the one value of `fixed`."""
    value = float(values[fixed][0])
    if (values[other & ~fixed] == value).any() or np.ptp(values[other]) == 0:
        return np.nan, np.nan
    found = means(np.zeros(np.count_nonzero(other), dtype=np.int64), values[other], task[other], 1)
    return float(found.low[0]) - value, float(found.high[0]) - value


def _side(values: Floats, task: Ints, n: int) -> tuple[Floats, Floats]:
    """Return per task of `n` how much it pulls the mean of some values, and its share of them."""
    size = np.bincount(task, minlength=n)
    return np.bincount(task, weights=values - values.mean(), minlength=n) / len(values), size / len(values)


def _by_task(codes: Ints, task: Ints, values: Floats) -> tuple[Floats, Ints, Ints]:
    """Return the sum of each task of each group, how many values it has, and the group of each sum."""
    import pandas as pd  # brings a hash table; `check` and `--help` do without

    n_tasks = int(task.max(initial=0)) + 1
    cell, known = pd.factorize(codes * n_tasks + task)
    sums = np.bincount(cell, weights=values, minlength=len(known)).astype(np.float64, copy=False)
    return sums, np.bincount(cell, minlength=len(known)), np.asarray(known, dtype=np.int64) // n_tasks


def _variance(pull: Floats, share: Floats, of: Ints, tasks: Ints) -> Floats:
    """Return the variance of each group's mean: how far it moves when each task is left out."""
    moves = np.bincount(of, weights=(pull / (1 - share)) ** 2, minlength=len(tasks))
    return np.asarray((tasks - 1) / tasks * moves)


def _range(codes: Ints, values: Floats, n: int) -> tuple[Floats, Floats, Bools]:
    """Return between what the values of each group lie, and whether they are shares between these."""
    zero, one = np.zeros(n), np.ones(n)
    if not len(values) or (float(values.min()) >= 0 and float(values.max()) <= 1):
        return zero, one, np.ones(n, dtype=bool)
    least, most = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(least, codes, values)
    np.maximum.at(most, codes, values)
    between = np.bincount(codes[(values > least[codes]) & (values < most[codes])], minlength=n)
    within = (least >= 0) & (most <= 1)
    return np.where(within, zero, least), np.where(within, one, most), within | ((between == 0) & (least < most))


def _quantiles(tasks: Ints, weight: Floats) -> Floats:
    """Return the quantile of Student's t for tasks that weigh so many equal ones, NaN where they are too few."""
    from scipy.special import stdtrit  # imported late: it takes a fifth of a second

    found: Floats = stdtrit(np.where(tasks >= TASKS_MIN, np.maximum(weight - 1, 1), np.nan), 1 - TAIL)
    return found


def _shares(mean: Floats, variance: Floats, most: Floats, weight: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return the ends around shares worth at most so many draws, and of equal values as many as tasks weigh."""
    from scipy.special import betaincinv, ndtri

    draws = np.where(variance > ROUNDING**2, mean * (1 - mean) / variance, weight)
    draws = np.minimum(draws, most) * (ndtri(1 - TAIL) / t) ** 2
    hits = mean * draws
    low = np.where(hits > 0, betaincinv(hits, draws - hits + 1, TAIL), 0.0)
    high = np.where(hits < draws, betaincinv(hits + 1, draws - hits, 1 - TAIL), 1.0)
    return np.where(np.isnan(t), np.nan, low), np.where(np.isnan(t), np.nan, high)
