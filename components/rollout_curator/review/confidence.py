"""Exact bounds on how many are bad, from how many bad ones were found in some drawn at random.

`read` are drawn from `total` without putting back, `bad` of them were bad. Every bound here holds with at least the
confidence asked for, for a number of reads **fixed beforehand**. Whoever looks again and again and stops as soon as the
bound is good enough is wrong more often than that: stopping at 59 clean ones, or else going on until 93 hold at most 1
bad, or 124 at most 2, makes 91% of 95%; going on to 311 and 9 makes 85%. So `sampling_plan` gives the number to
decide on before reading, and `most_bad_whenever` a bound that holds at every moment at once, whenever one stops; it
asks for about twice as many. Sources: Clopper & Pearson, Biometrika 26 (1934); Buonaccorsi, Am. Stat. 41 (1987) for the
finite population; Waudby-Smith & Ramdas, NeurIPS 2020 (prior-posterior-ratio martingale) for looking at any time.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

CONFIDENCE = 0.95
_REMEMBERED = 65536
"""So many answers of each bound, which a page asks for again and again."""


def most_share(bad: int, read: int, confidence: float = CONFIDENCE) -> float:
    """Return the highest share of bad ones that still fits, one-sided, in a set without end."""
    from scipy.special import betaincinv  # scipy takes 0.3 s to import; whoever asks for a bound waits that once

    return 1.0 if bad >= read else float(betaincinv(bad + 1, read - bad, confidence))


def least_share(good: int, read: int, confidence: float = CONFIDENCE) -> float:
    """Return the lowest share of good ones that still fits, one-sided, in a set without end."""
    return 1.0 - most_share(read - good, read, confidence)


def interval(good: int, read: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two-sided interval of Clopper and Pearson for a share; (0, 1) when nothing was read."""
    each = (1.0 + confidence) / 2.0
    return least_share(good, read, each), most_share(good, read, each)


@lru_cache(maxsize=_REMEMBERED)
def most_bad(bad: int, read: int, total: int, confidence: float = CONFIDENCE) -> int:
    """Return the highest number of bad ones among all that still fits: hypergeometric, one-sided, exact."""
    fits = _at_most(bad, read, total)
    return _last(lambda n: fits(n) > 1.0 - confidence, bad, total - (read - bad))


@lru_cache(maxsize=_REMEMBERED)
def most_bad_whenever(bad: int, read: int, total: int, confidence: float = CONFIDENCE) -> int:
    """Return a number of bad ones that is not exceeded at any moment of the reading, whenever one looks or stops.

    The number n fits while prior(n) / posterior(n) < 1 / (1 - confidence), under a uniform prior on 0 ... total; the
    chance of `bad` under that prior is 1 / (read + 1).
    """
    log_chance = _log_chance(read, total)
    least = math.log((1.0 - confidence) / (read + 1))
    peak = min(max(bad, bad * (total + 1) // max(read, 1)), total - (read - bad))
    return _last(lambda n: bool(log_chance(bad, n) >= least), peak, total - (read - bad))


@lru_cache(maxsize=_REMEMBERED)
def planned(goal: float, total: int, confidence: float = CONFIDENCE, bad: int = 0) -> int:
    """Return how many to read so that `bad` bad ones among them still show a share of at most `goal`."""
    return _first(lambda read: most_bad(bad, read, total, confidence) <= goal * total, bad, total)


def more_clean_whenever(bad: int, read: int, total: int, most: float, confidence: float = CONFIDENCE) -> int:
    """Return how many more must be read, all of them clean, until the bad ones number at most `most`.

    It is by the bound that holds at any time, so that reading on until then is no harm. When not even reading all of
    them can show that, the number is what is left to read.
    """
    return _first(lambda n: most_bad_whenever(bad, n, total, confidence) <= most, read, total) - read


def chance_of_at_most(bad: int, read: int, total: int, n_bad: int) -> float:
    """Return the chance to find at most `bad` bad ones among the read when `n_bad` of `total` are."""
    return 1.0 if read - (total - n_bad) > bad else _at_most(bad, read, total)(n_bad) if n_bad > bad else 1.0


def _at_most(bad: int, read: int, total: int) -> Callable[[int], float]:
    """Return the chance of at most `bad` bad ones among the read, as a function of how many there are among all."""
    log_chance = _log_chance(read, total)

    def chance(n: int) -> float:
        first = max(0, read - (total - n))
        found = np.arange(first, bad + 1)
        return float(np.exp(log_chance(found, n)).sum())

    return chance


def _log_chance(read: int, total: int) -> Callable[..., np.ndarray]:
    """Return log P(found of n bad ones are among the read) as a function of (found, n)."""
    from scipy.special import gammaln

    def choose(n: int | np.ndarray, k: int | np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(np.subtract(n, k) + 1.0))

    every = choose(total, read)
    return lambda found, n: choose(n, found) + choose(total - n, read - found) - every


def _last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the last number from `low` to `high` for which it holds; it holds for `low` and, once broken, stays so."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number from `low` to `high` for which it holds, `high` when it holds for none."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
