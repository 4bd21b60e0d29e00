"""What was drawn at random, told from everything else that was read.

Every rollout has a random rank: a number hashed from its content, the same for ever and everywhere. The members of any
set, by ascending rank, are the set in random order. So the members that come before the first one nobody has decided
are a simple random sample of that set, however many others were read elsewhere and for whatever reason: the flagged,
those near a threshold, a friend's favourites. Skipping one is visible, because the sample ends there, and skipping bad
ones gains nothing: who leaves out the second bad one has read as if waiting for it, which the exact bound covers; and
when a threshold moves, the same ranks give the sample of the new set. The set itself must not depend on the verdicts.

Arrays of one length: `sample_rank` uint64, the others boolean.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class RandomSample:
    """A random sample: `read` of `total` members, `bad` of them; `stop` is the row of the first undecided, -1 if none.

    `beyond` counts members that were read after that one: they say nothing yet.
    """

    total: int
    read: int
    bad: int
    stop: int
    beyond: int


def random_sample_of(sample_rank: Array, member: Array, decided: Array, bad: Array) -> RandomSample:
    """Return the sample that reading has made of a set: its members by rank up to the first undecided one."""
    open_rows = np.flatnonzero(member & ~decided)
    stop = int(open_rows[np.argmin(sample_rank[open_rows])]) if len(open_rows) else -1
    known = np.flatnonzero(member & decided)
    inside = known if stop < 0 else known[sample_rank[known] < sample_rank[stop]]
    n_read = len(inside)
    return RandomSample(
        len(open_rows) + len(known), n_read, int(np.count_nonzero(bad[inside])), stop, len(known) - n_read
    )


def unread_among_first(sample_rank: Array, member: Array, decided: Array, n: int) -> int:
    """Return how many of the first n members by rank are still undecided."""
    rows = np.flatnonzero(member)
    if n < len(rows):
        rows = rows[np.argpartition(sample_rank[rows], n)[:n]] if n > 0 else rows[:0]
    return int(np.count_nonzero(~decided[rows]))


def in_order(sample_rank: Array, rows: Array) -> Array:
    """Return rows by ascending rank."""
    return np.asarray(rows[np.argsort(sample_rank[rows], kind="stable")])


def in_turns(sample_rank: Array, rows: Array, stratum: Array) -> Array:
    """Return rows so that every stratum has its first, then every one its second, by rank within each turn.

    `stratum` names that of each of `rows`.
    """
    order = np.argsort(sample_rank[rows], kind="stable")
    ordered = rows[order]
    _, codes = np.unique(stratum[order], return_inverse=True)
    by_stratum = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    turn = np.empty(len(ordered), dtype=np.int64)
    turn[by_stratum] = np.arange(len(ordered)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray(ordered[np.argsort(turn, kind="stable")])


def in_share(sample_rank: Array, share: float) -> Array:
    """Return which rows belong to a share of all; a larger share holds every smaller one, independent of the order.

    The ranks are stirred once more, else the share would be the beginning of the random order.
    """
    stirred = (sample_rank ^ (sample_rank >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray((stirred >> np.uint64(11)).astype(np.float64) < share * 2.0**53)
