"""Places within a task, and an order at random that depends on a seed and content alone.

Input are frames of rollouts, or arrays of one length with tasks as dense codes 0, 1, 2, ... in any order.
"""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rollout_curator.errors import RecipeError
from rollout_curator.index.hashing import Hashes, mixed
from rollout_curator.selection.group_statistics import Floats, Ints, order_by_group

if TYPE_CHECKING:
    import pandas as pd

NO_NUMBERS = frozenset({"group", "key_hi", "key_lo", "example"})
"""Columns by which rollouts are told apart; to compare them would let their order decide."""

Bools = npt.NDArray[np.bool_]


def numbers(frame: "pd.DataFrame", column: str, where: str) -> Floats:
    """Return a column of numbers or booleans as floats, NaN where one is missing.

    Raises RecipeError that starts with `where` (step and parameter).
    """
    if column in NO_NUMBERS or column not in frame.columns or frame[column].dtype.kind not in "biuf":
        raise RecipeError(f"{where} is {column!r}, which is not a numeric column here")
    return np.asarray(frame[column].to_numpy(dtype=np.float64, na_value=np.nan))


def rewards(frame: "pd.DataFrame") -> Floats:
    """Return the reward of each row."""
    return np.asarray(frame["reward"].to_numpy(), dtype=np.float64)


def measured(frame: "pd.DataFrame") -> Floats:
    """Return the reward of each row as far as it is a measurement: the column `measured`, else the reward itself."""
    return np.asarray(frame["measured" if "measured" in frame.columns else "reward"].to_numpy(), dtype=np.float64)


def outcomes(frame: "pd.DataFrame") -> Floats:
    """Return how each attempt came out: `outcome`, -inf where it failed whatever its reward, else the reward itself."""
    return np.asarray(frame["outcome" if "outcome" in frame.columns else "reward"].to_numpy(), dtype=np.float64)


def marked(frame: "pd.DataFrame", kept: npt.NDArray[Any]) -> "pd.Series[bool]":
    """Return a mask as a Series aligned with the frame."""
    import pandas as pd  # whoever has a frame has pandas; reading a recipe does without

    return pd.Series(kept, index=frame.index, dtype=bool)


def dense(frame: "pd.DataFrame") -> Ints:
    """Return the task of each row as 0, 1, 2, ... in order of appearance."""
    import pandas as pd  # as above

    return np.asarray(pd.factorize(frame["group"].to_numpy())[0], dtype=np.int64)


def places(task: Ints, key: npt.NDArray[Any]) -> Ints:
    """Return the place of each row in its task, from 0, in the order of `order_by_group`."""
    order = order_by_group(task, key)
    size = np.bincount(task)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    return found


def first_of_each(frame: "pd.DataFrame", key: npt.NDArray[Any], n: int, among: Bools) -> "pd.Series[bool]":
    """Return which rows are among the n lowest by key of their task, counting only those in `among`.

    Of equal keys the lower random rank goes first.
    """
    rows = np.flatnonzero(among)
    kept = np.zeros(len(frame), dtype=bool)
    in_random_order = rows[np.argsort(ties(frame)[rows], kind="stable")]
    kept[in_random_order] = places(dense(frame)[in_random_order], key[in_random_order]) < n
    return marked(frame, kept)


def lowest_of_each(frame: "pd.DataFrame", same: npt.NDArray[Any]) -> "pd.Series[bool]":
    """Return one row of each value of `same`, the one with the lowest random rank."""
    in_random_order = np.argsort(ties(frame), kind="stable")
    kept = np.zeros(len(frame), dtype=bool)
    kept[in_random_order[np.unique(same[in_random_order], return_index=True)[1]]] = True
    return marked(frame, kept)


def ties(frame: "pd.DataFrame") -> Hashes:
    """Return the random rank of each row's content, which settles every tie: no order of lines or files does.

    It has nothing to do with the random ranks by which rollouts are read, so a sample that was read stays a fair one.
    """
    return shuffled(frame, 0, "ties")


def ranks_to_draw_by(frame: "pd.DataFrame", seed: int, purpose: str) -> Hashes:
    """Return a number per row to draw by: that of its content, and for each further copy one of its own.

    Copies would else be drawn together. Which copy has which number tells nothing: their content is the same.
    """
    sample_rank = shuffled(frame, seed, purpose)
    is_copy = frame.duplicated(["key_hi", "key_lo"]).to_numpy()
    if is_copy.any():
        rows = np.flatnonzero(frame.duplicated(["key_hi", "key_lo"], keep=False).to_numpy())
        number = frame.iloc[rows].groupby(["key_hi", "key_lo"], sort=False).cumcount().to_numpy()
        sample_rank[rows] = np.where(number > 0, mixed(sample_rank[rows] + number.astype(np.uint64)), sample_rank[rows])
    return sample_rank


def shuffled(frame: "pd.DataFrame", seed: int, purpose: str) -> Hashes:
    """Return a number per row to order by: a hash of the seed, the purpose and the content key.

    It is the same for the same content wherever its row stands, on every machine and version. Rules with different
    purposes draw independently under one seed.
    """
    digest = hashlib.blake2b(f"{purpose}:{seed}".encode(), digest_size=16).digest()
    first, second = np.frombuffer(digest, dtype="<u8")
    low, high = (frame[name].to_numpy().astype(np.uint64, copy=False) for name in ("key_lo", "key_hi"))
    return mixed(mixed(low ^ first) ^ high ^ second)
