"""The numbers behind the figures: rewards by group and by task.

What is missing or infinite is left out of every mean; a table has no figure's limits on how many rows it shows.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a numeric or boolean column as floats, with NaN for whatever is missing or infinite."""
    values = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def group_table(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return one row per value of `column`, largest first: rollouts, rated, mean, spread, lowest, highest.

    `spread` is the sample standard deviation, NaN below two ratings.
    """
    reward = pd.Series(numbers(frame, "reward"), index=frame.index)
    grouped = reward.groupby(frame[column], observed=True, dropna=False)
    table = grouped.agg(["size", "count", "mean", "std", "min", "max"])
    table.columns = pd.Index(["rollouts", "rated", "mean", "spread", "lowest", "highest"])
    return table.sort_values("rollouts", ascending=False, kind="stable")


def task_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `group_table` of the tasks that have a rating, ascending by mean."""
    table = group_table(frame[frame["task_id"].notna()], "task_id")
    return table[table["rated"] > 0].sort_values(["mean", "rollouts"], kind="stable")
