"""Tables of rewards: a row per agent, source or model, and a row per task.

Input is a frame with one row per rollout: `reward` (NaN unrated), `group` (the code of the task), `outcome` where an
attempt may pass or fail by something else than its reward, and the column to group by. What is missing or infinite is
left out of every mean; a table has no figure's limits on how many rows it shows.
"""

import numpy as np
import pandas as pd

from rollout_curator.selection.group_statistics import Floats, Ints, count_passes, sort_groups
from rollout_curator.selection.strategies.ranking import outcomes
from rollout_curator.selection.strategies.task_statistics import PASS_KS, pass_at_k
from rollout_curator.selection.task_means import means

QUANTILES = {"lowest": 0.0, "p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "highest": 1.0}


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a numeric or boolean column as floats, with NaN for whatever is missing or infinite."""
    values = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def group_table(frame: pd.DataFrame, column: str, *, at_least: float | None = None) -> pd.DataFrame:
    """Return one row per value of `column`, largest first, with the row of what has none at its place, under NaN.

    rollouts, rated, mean, spread, lowest, p10, p25, median, p75, p90, highest; pass_rate, the share of those with an
    outcome that have one of `at_least` on, when that is given; tasks (of the rated), low and high, the ends of the
    mean's 95 % interval (see `task_means`). `spread` is the sample standard deviation, NaN below two ratings.
    """
    table = _grouped(frame, column)
    codes, reward = _codes(frame, column), numbers(frame, "reward")
    if at_least is not None:
        table["pass_rate"] = count_passes(codes, outcomes(frame), at_least, len(table)).rate
    rated = np.flatnonzero(~np.isnan(reward))
    found = means(codes[rated], reward[rated], frame["group"].to_numpy()[rated], len(table))
    table = table.assign(tasks=found.tasks, low=found.low, high=found.high)
    return table[table["rollouts"] > 0].sort_values("rollouts", ascending=False, kind="stable")


def tasks_by_mean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `_grouped` for each `task_id` with a rating, ascending by mean, and its code in `group`."""
    table = _grouped(frame, "task_id")
    group = np.full(len(table), -1, dtype=np.int64)
    group[_codes(frame, "task_id")] = frame["group"].to_numpy()
    table["group"] = group
    named = table.iloc[:-1]
    return named[named["rated"] > 0].sort_values(["mean", "rollouts"], kind="stable")


def task_table(frame: pd.DataFrame, at_least: float) -> pd.DataFrame:
    """Return one row per task, by `group`: attempts, rated, passes, pass@1, pass@2, pass@4, pass@8, mean, spread.

    Rated are attempts with an outcome. pass@k is NaN where fewer than k are, `spread` (the sample standard deviation)
    below two finite rewards.
    """
    codes, groups = pd.factorize(frame["group"].to_numpy(), sort=True)
    task, reward = np.asarray(codes, dtype=np.int64), numbers(frame, "reward")
    found, finite = count_passes(task, outcomes(frame), at_least, len(groups)), ~np.isnan(reward)
    moments = sort_groups(task[finite], reward[finite], len(groups)).moments()
    table = pd.DataFrame(index=pd.Index(groups, name="group"))
    table["attempts"] = np.bincount(task, minlength=len(groups))
    table["rated"], table["passes"] = found.rated, found.passed
    for k in PASS_KS:
        table[f"pass@{k}"] = pass_at_k(found.rated, found.passed, k)
    table["mean"], table["spread"] = moments.mean, moments.spread
    return table


def _grouped(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows of a group table in the order of the categories, then that of what has none; some are empty."""
    categories = frame[column].astype("category").cat.categories
    codes, reward, n = _codes(frame, column), numbers(frame, "reward"), len(categories) + 1
    rollouts, rated = np.bincount(codes, minlength=n), ~np.isnan(reward)
    if not rated.all():
        codes, reward = codes[rated], reward[rated]
    groups = sort_groups(codes, reward, n)
    moments = groups.moments()
    columns = {"rollouts": rollouts, "rated": groups.size, "mean": moments.mean, "spread": moments.spread}
    columns |= {name: groups.quantile(q) for name, q in QUANTILES.items()}
    names = np.append(categories.to_numpy(dtype=object), np.nan)
    return pd.DataFrame(columns, index=pd.Index(names, name=column, dtype=object))


def _codes(frame: pd.DataFrame, column: str) -> Ints:
    """Return the category of each row as a code; what has none comes after all categories."""
    category = frame[column].astype("category").cat
    codes = category.codes.to_numpy().astype(np.int64)
    codes[codes < 0] = len(category.categories)
    return codes
