"""Rows by what they contain: keys of many rows at once, rows of many keys, identical rows counted once.

Pure functions on the two halves of content keys as uint64 arrays, and on the order that sorts rows by their low half.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ByKey:
    """Rows sorted by the low half of their key: `low` ascending, `order` the row of each."""

    low: Array
    order: Array


def sorted_by_key(low: Array) -> ByKey:
    """Return the order of rows by key; rows of one content stay in theirs."""
    order = np.argsort(low, kind="stable")
    return ByKey(low[order], order)


def as_keys(high: Array, low: Array) -> list[str]:
    """Return keys as 32 hex digits."""
    digits = np.stack([high, low], axis=1).astype(">u8").tobytes().hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def locate(by_key: ByKey, high_of_row: Array, keys: Sequence[str]) -> tuple[Array, Array]:
    """Return the rows with any of these keys, and for each the place of its key; what is no key is nowhere."""
    places = np.array([n for n, key in enumerate(keys) if _KEY.fullmatch(key)], dtype=np.int64)
    halves = np.frombuffer(bytes.fromhex("".join(keys[n] for n in places)), dtype=">u8").reshape(-1, 2)
    high, low = (halves[:, n].astype(np.uint64) for n in (0, 1))
    first, last = (np.searchsorted(by_key.low, low, side=side) for side in ("left", "right"))
    n_rows = last - first
    which = np.repeat(np.arange(len(places)), n_rows)
    within = np.arange(len(which)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
    rows = by_key.order[first[which] + within]
    same = high_of_row[rows] == high[which]
    return rows[same], places[which[same]]


def numbered(by_key: ByKey) -> Array:
    """Return for each row the number of its content, from 0: identical rows share one."""
    numbers = np.zeros(len(by_key.low), dtype=np.int64)
    numbers[by_key.order[1:]] = np.cumsum(by_key.low[1:] != by_key.low[:-1])
    return numbers


def n_different(low: Array) -> int:
    """Return how many contents there are among these low halves, which are sorted in place."""
    low.sort()
    return int(np.count_nonzero(low[1:] != low[:-1])) + (len(low) > 0)


def once(numbers: Array, marked: Array) -> Array:
    """Return the marked rows, of identical ones only the first, ascending."""
    rows = np.flatnonzero(marked)
    first = np.full(int(numbers.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[numbers[rows[::-1]]] = rows[::-1]
    return np.asarray(rows[first[numbers[rows]] == rows])
