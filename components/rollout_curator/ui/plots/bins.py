"""Bins of a column of numbers: where an axis is cut, and what each piece is called and stands for.

Few values that are evenly spaced have a bin each; all other bins end at short decimals. A value is in a bin exactly
when the range of the bin fits it, so that what a bin opens is what was counted in it. Input is finite floats.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rollout_curator.selection.group_statistics import Floats, Ints
from rollout_curator.selection.slices import Range, words
from rollout_curator.selection.threshold_counts import round_edges
from rollout_curator.ui.plots.labels import name_of

SAMPLE = 10_000
CHUNK = 32_768
"""As many values at a time stay in the processor's cache."""
LARGEST = float(np.finfo(np.float64).max)
N_CELLS = 1024
SKEWED = 20
"""A logarithmic axis serves numbers whose largest is this many times their median."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Pieces of an axis: `n` bins between `n + 1` ascending edges; with `per_value` none holds two values."""

    column: str
    edges: Floats
    value: Floats
    is_log: bool = False

    @property
    def n(self) -> int:
        """How many bins there are."""
        return len(self.edges) - 1

    @property
    def middle(self) -> Floats:
        """The middle of each bin as its axis shows it."""
        low, high = self.edges[:-1], self.edges[1:]
        return np.sqrt(low) * np.sqrt(high) if self.is_log else low / 2 + high / 2

    def of(self, values: Floats) -> Ints:
        """Return the bin of each value."""
        found = np.empty(len(values), dtype=np.int64)
        for start in range(0, len(values), CHUNK):
            found[start : start + CHUNK] = self._of(values[start : start + CHUNK])
        return found

    def _of(self, values: Floats) -> Ints:
        """Return the bins that a grid of even cells suggests, moved until the edges agree."""
        edges, last = self.edges, self.n - 1
        with np.errstate(all="ignore"):
            on_axis = np.log(edges) if self.is_log else edges
            low, high = float(on_axis[0]), float(on_axis[-1])
            cell = ((np.log(values) if self.is_log else values) - low) * (N_CELLS / (high - low))
        if not math.isfinite(high - low) or not np.isfinite(cell).all():
            return np.asarray(np.clip(np.searchsorted(edges, values, side="right") - 1, 0, last), dtype=np.int64)
        bin_of_cell = np.searchsorted(on_axis, np.linspace(low, high, N_CELLS, endpoint=False), side="right") - 1
        found: Ints = np.clip(bin_of_cell, 0, last)[np.clip(cell, 0, N_CELLS - 1).astype(np.int64)]
        while (wrong := (values < edges[found]) & (found > 0)).any():
            found -= wrong
        while (wrong := (values >= edges[found + 1]) & (found < last)).any():
            found += wrong
        return found

    def part(self, i: int) -> Range:
        """Return the range of a bin."""
        if len(self.value):
            held = self.value[(self.value >= self.edges[i]) & (self.value < self.edges[i + 1])]
            if len(held):
                return Range(self.column, float(held[0]), float(held[0]))
        return Range(self.column, float(self.edges[i]), float(self.edges[i + 1]), closed=i == self.n - 1)

    def words(self, i: int) -> str:
        """Return what a bin is called."""
        return words(self.part(i), name_of(self.column))


def bins(column: str, values: Floats, most: int) -> Bins:
    """Return at most about `most` bins for finite values, at least one of them."""
    value = _few(values, most)
    edges = _around(value, most)
    if len(edges):
        return Bins(column, edges, value)
    low, high = float(values.min()), float(values.max())
    if is_skewed(values):
        is_whole = bool((np.floor(sampled := sample(values)) == sampled).all()) and low > 0.5
        edges = _whole(low, high, most) if is_whole else _short(_even_ratios(low, high, most))
        return Bins(column, edges, value[:0], is_log=True)
    return Bins(column, round_edges(low, high, most=most).edges, value[:0])


def is_skewed(values: Floats) -> bool:
    """Say whether a logarithmic axis serves these values: positive, and the largest far from the middle."""
    low, high = float(values.min()), float(values.max())
    with np.errstate(over="ignore"):
        return low > 0 and high / SKEWED > float(np.median(sample(values)))


def sample(values: Floats) -> Floats:
    """Return at most some ten thousand of the values, evenly from all of them."""
    return values[:: len(values) // SAMPLE + 1]


def _few(values: Floats, most: int) -> Floats:
    """Return the distinct values, ascending, or none of them where there are more than `most`."""
    if len(np.unique(sample(values))) > most:
        return values[:0]
    value = np.sort(pd.unique(values))
    return value if len(value) <= most else values[:0]


def _around(value: Floats, most: int) -> Floats:
    """Return edges of even bins that hold one value each, none where values are too many or too close for that."""
    if not len(value):
        return value
    low, high = float(value[0]), float(value[-1])
    half_gap = float(np.diff(value * 0.5).min()) if len(value) > 1 else max(0.5, 2 * math.ulp(low))
    n_gaps = (high / 2 - low / 2) / half_gap if half_gap > 0 else math.inf
    if n_gaps > most:
        return value[:0]
    n = 1 + round(n_gaps)
    with np.errstate(over="ignore", invalid="ignore"):
        ends = max(low - half_gap, -LARGEST), min(high + half_gap, LARGEST)
        edges = np.linspace(*ends, n + 1) if n <= most else value[:0]
    if not len(edges) or not np.isfinite(edges).all() or not np.all(np.diff(edges) > 0):
        return value[:0]
    bin_of = np.searchsorted(edges, value, side="right")
    return edges if len(np.unique(bin_of)) == len(value) else value[:0]


def _even_ratios(low: float, high: float, most: int) -> Floats:
    """Return edges of equal ratio from `low` to `high`."""
    with np.errstate(over="ignore"):
        edges = np.minimum(np.geomspace(low, high, most + 1), high)
    return np.unique(edges)


def _whole(low: float, high: float, most: int) -> Floats:
    """Return whole edges of about equal ratio: between two whole numbers is nothing to be seen of whole numbers."""
    inner = np.unique([float(f"{edge:.3g}") // 1 for edge in _even_ratios(low, high, most).tolist()])
    return np.array([low, *inner[(inner > low) & (inner < high)].tolist(), high])


def _short(edges: Floats) -> Floats:
    """Return inner edges in short decimals, as they came where they are too close for that."""
    short = np.array([float(edges[0]), *(float(f"{edge:.3g}") for edge in edges[1:-1].tolist()), float(edges[-1])])
    return short if np.all(np.diff(short) > 0) else edges
