"""Numbers by group: how many there are, their mean, spread and quantiles, and how many of them pass.

Input are arrays of one length: numbers, and the group of each as a code 0, 1, 2, ... in any order. What is returned has
a place for each of `n` groups, NaN where a group has nothing to say.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def order_by_group(codes: Ints, key: npt.NDArray[Any]) -> Ints:
    """Return the order that sorts rows by group, then ascending by key, NaN last, then by position.

    Equals `np.lexsort((key, codes))` for dense codes, in a third of the time: numpy sorts 16-bit numbers by radix.
    """
    order = np.argsort(key, kind="stable")
    for shift in range(0, int(codes.max(initial=0)).bit_length(), 16):
        digit = (codes[order] >> shift).astype(np.uint16)
        order = order[np.argsort(digit, kind="stable")]
    return order


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """Per group: how many attempts have an outcome, and how many of these pass."""

    rated: Ints
    passed: Ints

    @property
    def rate(self) -> Floats:
        """Return the share of the attempts with an outcome that pass."""
        return _ratio(self.passed, self.rated)


def count_passes(codes: Ints, outcome: Floats, at_least: float, n: int) -> Passes:
    """Return how many attempts of each group have an outcome, and how many one of `at_least` on."""
    rated = np.bincount(codes[~np.isnan(outcome)], minlength=n)
    return Passes(rated, np.bincount(codes[outcome >= at_least], minlength=n))


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Per group: the mean of its numbers and their sample standard deviation, NaN below two."""

    mean: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SortedGroups:
    """Numbers in the order of their groups, then ascending; `size` is how many each group has, `start` its first.

    Sums are rounded: taken in this order they are the same for any order of the rows.
    """

    codes: Ints
    values: Floats
    size: Ints
    start: Ints

    def quantile(self, q: float) -> Floats:
        """Return the interpolated quantile of each group."""
        place, most = q * (self.size - 1), self.size - 1
        below = np.floor(place).astype(np.int64)
        part = place - below
        found: Floats = self._at(below) * (1 - part) + self._at(np.minimum(below + 1, most)) * part
        return found

    def quantile_above(self, q: float) -> Floats:
        """Return the next higher number of each group that occurs.

        `value >= quantile` then holds for the same numbers as with the interpolated one, without its rounding.
        """
        return self._at(np.ceil(q * (self.size - 1) - 1e-9).astype(np.int64))

    def moments(self) -> Moments:
        """Return mean and spread of finite numbers, whatever their size."""
        power = self.powers()
        scaled = self.scaled_moments(power)
        with np.errstate(over="ignore"):
            return Moments(np.ldexp(scaled.mean, power), np.ldexp(scaled.spread, power))

    def powers(self) -> npt.NDArray[np.int32]:
        """Return per group the power of two by which its numbers are divided: then no square is 0 or infinite.

        Such a division rounds nothing, so where squares are numbers anyway the moments are the same to the last bit.
        """
        largest = np.maximum(np.abs(self.quantile_above(0)), np.abs(self.quantile_above(1)))
        return np.asarray(np.frexp(np.nan_to_num(largest))[1], dtype=np.int32)

    def scaled_moments(self, power: npt.NDArray[np.int32]) -> Moments:
        """Return mean and spread of the numbers divided by these powers of two."""
        values, n = np.ldexp(self.values, -power[self.codes]), len(self.size)
        mean = _ratio(np.bincount(self.codes, weights=values, minlength=n), self.size)
        squares = np.bincount(self.codes, weights=(values - mean[self.codes]) ** 2, minlength=n)
        return Moments(mean, np.sqrt(_ratio(squares, np.maximum(self.size - 1, 0))))

    def _at(self, place: Ints) -> Floats:
        """Return the number at a place of each group, NaN where it has none."""
        found, has_any = np.full(len(self.size), np.nan), self.size > 0
        found[has_any] = self.values[(self.start + place)[has_any]]
        return found


def sort_groups(codes: Ints, values: Floats, n: int) -> SortedGroups:
    """Return numbers, none of them NaN, by group."""
    order, size = order_by_group(codes, values), np.bincount(codes, minlength=n)
    return SortedGroups(codes[order], values[order], size, np.cumsum(size) - size)


def _ratio(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> Floats:
    """Return above / below, NaN where below is 0."""
    top, bottom = above.astype(np.float64), below.astype(np.float64)
    return np.asarray(np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0))
