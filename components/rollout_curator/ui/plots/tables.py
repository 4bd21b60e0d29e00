"""The numbers behind the figures: by group, by task, and of one number against another.

What is missing or infinite is left out of every mean; a table has no figure's limits on how many rows it shows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rollout_curator.selection.task_means import means

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

QUANTILES = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}


@dataclass(frozen=True, slots=True)
class Moments:
    """Per group: how many numbers, their mean, their sample standard deviation (NaN below two)."""

    n: Ints
    mean: Floats
    spread: Floats


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a numeric or boolean column as floats, with NaN for whatever is missing or infinite."""
    values = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def moments(codes: Ints, values: Floats, n: int) -> Moments:
    """Return the moments of finite values in `n` groups, by the group of each."""
    size = np.bincount(codes, minlength=n)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.bincount(codes, weights=values, minlength=n) / size
        squares = np.bincount(codes, weights=(values - mean[codes]) ** 2, minlength=n)
        spread = np.sqrt(squares / np.where(size > 1, size - 1, np.nan))
    return Moments(size, mean, spread)


def group_table(frame: pd.DataFrame, column: str, *, at_least: float | None = None) -> pd.DataFrame:
    """Return one row per value of `column`, largest first, with the row of what has none at its place, under NaN.

    rollouts, rated, mean, spread, lowest, p10, p25, median, p75, p90, highest; pass_rate, the share of the rated at or
    above `at_least`, when that is given (by the column `outcome` where there is one, and of all that have one); tasks
    (of the rated), low and high, the ends of the mean's 95% interval (see `intervals`). `spread` is the sample
    standard deviation, NaN below two ratings.
    """
    table = _grouped(frame, column, at_least)
    codes, reward = _codes(frame, column), numbers(frame, "reward")
    rated = np.flatnonzero(~np.isnan(reward))
    found = means(codes[rated], reward[rated], frame["group"].to_numpy()[rated], len(table))
    table = table.assign(tasks=found.tasks, low=found.low, high=found.high)
    return table[table["rollouts"] > 0].sort_values("rollouts", ascending=False, kind="stable")


def _grouped(frame: pd.DataFrame, column: str, at_least: float | None) -> pd.DataFrame:
    """Return the rows of a group table in the order of the categories, then that of what has none; some are empty."""
    categories = frame[column].astype("category").cat.categories
    codes, n = _codes(frame, column), len(categories) + 1
    reward = numbers(frame, "reward")
    rollouts = np.bincount(codes, minlength=n)
    pass_rate = None if at_least is None else _pass_rate(frame, codes, n, at_least)
    rated = ~np.isnan(reward)
    if not rated.all():
        codes, reward = codes[rated], reward[rated]
    found = moments(codes, reward, n)
    columns = {"rollouts": rollouts, "rated": found.n, "mean": found.mean, "spread": found.spread}
    columns |= _quantiles(codes, reward, n)
    if pass_rate is not None:
        columns["pass_rate"] = pass_rate
    groups = np.append(categories.to_numpy(dtype=object), np.nan)
    return pd.DataFrame(columns, index=pd.Index(groups, name=column, dtype=object))


def _codes(frame: pd.DataFrame, column: str) -> Ints:
    """Return the category of each row as a code; what has none comes after all categories."""
    category = frame[column].astype("category").cat
    codes = category.codes.to_numpy().astype(np.int64)
    codes[codes < 0] = len(category.categories)
    return codes


def _pass_rate(frame: pd.DataFrame, codes: Ints, n: int, at_least: float) -> Floats:
    """Return the share of the attempts with an outcome that pass, in each of `n` groups."""
    outcome = frame["outcome"].to_numpy() if "outcome" in frame.columns else numbers(frame, "reward")
    rated = np.bincount(codes[~np.isnan(outcome)], minlength=n)
    passes = np.bincount(codes[outcome >= at_least], minlength=n)
    return np.asarray(np.divide(passes, rated, out=np.full(n, np.nan), where=rated > 0))


def _quantiles(codes: Ints, values: Floats, n: int) -> dict[str, Floats]:
    """Return the lowest, the highest and the interpolated quantiles of the values in each of `n` groups."""
    ordered = values[_sorted(codes, values, n)]
    size = np.bincount(codes, minlength=n)
    start, has = np.cumsum(size) - size, size > 0
    table = {}
    for name, q in {"lowest": 0.0, **QUANTILES, "highest": 1.0}.items():
        place = start[has] + q * (size[has] - 1)
        below = np.floor(place).astype(np.int64)
        above, part = np.minimum(below + 1, start[has] + size[has] - 1), place - below
        table[name] = np.full(n, np.nan)
        table[name][has] = ordered[below] * (1 - part) + ordered[above] * part
    return table


def _sorted(codes: Ints, values: Floats, n: int) -> Ints:
    """Return the order by group, then by value; numpy sorts 16-bit numbers by radix."""
    order = np.argsort(values)
    for shift in range(0, n.bit_length(), 16):
        digit = (codes[order] >> shift).astype(np.uint16)
        order = order[np.argsort(digit, kind="stable")]
    return order


def task_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `group_table` of the tasks that have a rating, ascending by mean, with the code of each in `group`."""
    table = _grouped(frame, "task_id", None)
    codes = frame["task_id"].astype("category").cat.codes.to_numpy()
    group = np.full(len(table), -1, dtype=np.int64)
    group[codes] = frame["group"].to_numpy()  # what has no task is -1, the last
    table["group"] = group
    named = table.iloc[:-1]
    return named[named["rated"] > 0].sort_values(["mean", "rollouts"], kind="stable")
