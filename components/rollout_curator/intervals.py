"""Means and their 95 % intervals, by task: attempts at one task are alike, so tasks are counted and not attempts.

An interval says where the mean would lie over other tasks like these. Its width comes from how much the tasks pull the
mean to either side (the linearised variance of a ratio, tasks as clusters), with a quantile of Student's t for their
number. Where all values lie within 0 and 1 the ends are those of a share from as many independent draws as would vary
so much (Korn and Graubard 1998, Survey Methodology 24): near 0 and 1, where a mean is skewed, the plain interval covers
too little, and where all values are equal it has no width. Fewer than five tasks give none.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TASKS_MIN = 5
TAIL = 0.025
NOTE = "by task; none where there are fewer than five"


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
        pulls, of = _summed(codes, task, (values - mean[codes]) / size[codes])
        tasks = np.bincount(of, minlength=n)
        variance = tasks / (tasks - 1) * np.bincount(of, weights=pulls**2, minlength=n)
    is_share = bool(len(values)) and float(values.min()) >= 0 and float(values.max()) <= 1
    low, high = _shares(size, tasks, mean, variance) if is_share else _ends(tasks, mean, variance)
    return Means(size, tasks, mean, low, high)


def change(values: Floats, task: Ints, a: Bools, b: Bools) -> tuple[float, float, float]:
    """Return by how much the mean of `b` is above that of `a`, and the ends of the interval of that (NaN where none).

    What stands in both, and tasks that stand in both, are taken as such: the two are compared on the same tasks.
    """
    among = (a | b) & np.isfinite(values)
    values, task, a, b = values[among], task[among], a[among], b[among]
    if not a.any() or not b.any():
        return np.nan, np.nan, np.nan
    first, second = float(values[a].mean()), float(values[b].mean())
    pull = b * (values - second) / np.count_nonzero(b) - a * (values - first) / np.count_nonzero(a)
    pulls, _ = _summed(np.zeros(len(task), dtype=np.int64), task, pull)
    tasks = len(pulls)
    variance = tasks / (tasks - 1) * float(pulls @ pulls) if tasks > 1 else np.nan
    difference = np.array([second - first])
    low, high = _ends(np.array([tasks]), difference, np.array([variance]))
    return float(difference[0]), float(low[0]), float(high[0])


def _summed(codes: Ints, task: Ints, pull: Floats) -> tuple[Floats, Ints]:
    """Return the pulls summed over each task of each group, and the group of each sum."""
    import pandas as pd  # brings a hash table; `check` and `--help` do without

    n_tasks = int(task.max(initial=0)) + 1
    cell, known = pd.factorize(codes * n_tasks + task)
    sums = np.bincount(cell, weights=pull, minlength=len(known)).astype(np.float64, copy=False)
    return sums, np.asarray(known, dtype=np.int64) // n_tasks


def _quantiles(tasks: Ints) -> Floats:
    """Return the quantile of Student's t for so many tasks, NaN where they are too few."""
    from scipy.special import stdtrit  # imported late: it takes a fifth of a second

    found: Floats = stdtrit(np.where(tasks >= TASKS_MIN, tasks - 1, np.nan), 1 - TAIL)
    return found


def _ends(tasks: Ints, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the ends around a mean of any values; none where nothing varies, which tells nothing of other tasks."""
    with np.errstate(all="ignore"):
        half = _quantiles(tasks) * np.sqrt(np.where(variance > 0, variance, np.nan))
        return mean - half, mean + half


def _shares(size: Ints, tasks: Ints, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the ends around a mean of values within 0 and 1."""
    from scipy.special import betaincinv, ndtri

    t = _quantiles(tasks)
    with np.errstate(all="ignore"):
        draws = np.where(variance > 0, mean * (1 - mean) / variance, tasks)
        draws = np.minimum(draws, size) * (ndtri(1 - TAIL) / t) ** 2
        hits = mean * draws
        low = np.where(hits > 0, betaincinv(hits, draws - hits + 1, TAIL), 0.0)
        high = np.where(hits < draws, betaincinv(hits + 1, draws - hits, 1 - TAIL), 1.0)
    none = np.isnan(t)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)
