"""The bad ones of a whole, from reading more of some strata than of others: every read counts by what it stands for.

Who reads some of every reward reads rare rewards more closely than common ones, so the reads are no sample of the
whole; within a stratum they are one. The estimate weights each stratum by its size. The bound inverts a test on that
estimate: a number of bad ones still fits when some way to spread it over the strata makes an estimate as low as this
one likely enough. Of the ways to spread it those are tried under which the reads are most likely, and those that put
all beyond the estimate into one stratum; without a bad one found the first is exactly the worst. A stratum nobody read
is bad as a whole. As every bound here it is for a number of reads fixed beforehand, in every stratum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.review.confidence import CONFIDENCE

Array = np.ndarray[Any, Any]
CELLS = 1024


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many there are, how many of them were read at random, and how many of those were bad."""

    total: int
    read: int
    bad: int


def estimate(strata: Sequence[Stratum]) -> float | None:
    """Return how many are bad, as the reads have it, None while a stratum is unread."""
    if not all(one.read for one in strata):
        return None
    return sum(one.total * one.bad / one.read for one in strata)


def most_bad(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> int:
    """Return the highest number of bad ones among all that still fits, one-sided."""
    from scipy.special import gammaln  # takes 0.3 s to import

    unread = sum(one.total for one in strata if not one.read)
    known = [one for one in strata if one.read]
    found, most = sum(one.bad for one in known), sum(one.total - one.read + one.bad for one in known)
    order = _likeliest_order(known)
    usual = min(max(round(estimate(known) or 0.0), found), most)
    logs = gammaln(np.arange(max((one.total for one in known), default=0) + 1) + 1.0)
    low, high = found, most
    while low < high:
        middle = (low + high + 1) // 2
        spread = _spreads(known, order, middle, usual)
        fits = any(_chance(known, ways, logs) > 1.0 - confidence for ways in spread)
        low, high = (middle, high) if fits else (low, middle - 1)
    return low + unread


def _likeliest_order(strata: Sequence[Stratum]) -> Array:
    """Return, for every bad one beyond those found, the stratum where it is likeliest, the likeliest first.

    Within a stratum the likelihood is log-concave, so the first n of this order are the likeliest way to spread n.
    """
    gains, where = [], []
    for number, one in enumerate(strata):
        bad = np.arange(one.bad, one.total - one.read + one.bad)
        # P(found | n + 1 bad) / P(found | n bad), hypergeometric
        left = one.total - bad
        gain = np.log1p(bad) - np.log(bad + 1 - one.bad) + np.log(left - one.read + one.bad) - np.log(left)
        gains.append(gain)
        where.append(np.full(len(bad), number))
    if not gains:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(-np.concatenate(gains), kind="stable")
    return np.asarray(np.concatenate(where)[order])


def _spreads(strata: Sequence[Stratum], order: Array, bad: int, usual: int) -> Sequence[Array]:
    """Return the ways to spread so many bad ones that are tried."""
    found = np.array([one.bad for one in strata])
    room = np.array([one.total - one.read for one in strata])
    n = bad - int(found.sum())
    ways = [found + np.bincount(order[:n], minlength=len(strata))]
    base = np.bincount(order[: min(usual, bad) - int(found.sum())], minlength=len(strata))
    for number in range(len(strata)):
        added = base.copy()
        added[number] += min(n - int(base.sum()), int(room[number] - base[number]))
        missing = n - int(added.sum())
        if missing:
            others = order[order != number]
            rest = others[int(added.sum() - added[number]) :][:missing]
            added = added + np.bincount(rest, minlength=len(strata))
        ways.append(found + added)
    return ways


def _chance(strata: Sequence[Stratum], bad: Array, logs: Array) -> float:
    """Return how likely an estimate of at most this one is, when so many are bad in each stratum.

    Estimates are counted in cells, each rounded down, so the chance is never too small.
    """
    here = estimate(strata) or 0.0
    cell = here / (CELLS - 1) if here else 1.0
    held = np.zeros(CELLS)
    held[0] = 1.0
    for one, n in zip(strata, bad.tolist(), strict=True):
        weight = one.total / one.read
        most = min(n, one.read, int((here + 1e-9) / weight))
        least = max(0, one.read - (one.total - n))
        after = np.zeros(CELLS)
        for k, chance in enumerate(_found(one, n, least, most, logs), least):
            step = int(k * weight / cell + 1e-9) if here else 0
            if chance > 0 and step < CELLS:
                after[step:] += chance * held[: CELLS - step]
        held = after
    return float(held.sum())


def _found(one: Stratum, bad: int, least: int, most: int, logs: Array) -> list[float]:
    """Return how likely it is to find `least`, `least` + 1, ... `most` of the bad ones among those read.

    `logs` are the logarithms of the factorials.
    """
    k = np.arange(least, most + 1)
    good, total, read = one.total - bad, one.total, one.read
    ways = logs[bad] - logs[k] - logs[bad - k] + logs[good] - logs[read - k] - logs[good - read + k]
    chances: list[float] = np.exp(ways - logs[total] + logs[read] + logs[total - read]).tolist()
    return chances
