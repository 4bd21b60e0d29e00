"""Histograms whose edges are the numbers a person would write.

Input is an ascending array of finite float64. Knows nothing of thresholds, frames or the screen.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAX_VALUE_BINS = 60
"""Up to this many distinct values, each has a bin of its own."""
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class Bins:
    """A histogram: a value v is in a bin when left <= v < right (the largest float is in the last bin).

    With `per_value` each bin holds one distinct value at its middle. Otherwise bins touch, their edges are the
    decimals a person would write, and bin i starts at (first + i) times a power of ten: grouping bins whose
    `first + i` share a quotient by 2, 5, 10, ... gives round edges again.
    """

    left: Floats
    right: Floats
    count: Ints
    first: int
    per_value: bool


@dataclass(frozen=True, slots=True)
class RoundEdges:
    """Edges at whole multiples of a round step, ascending; `first` is the multiple of the first."""

    edges: Floats
    first: int


def make_bins(value: Floats, start: Ints, *, most: int) -> Bins:
    """Return a bin per value when the values are few, else fine bins at round edges.

    `value` is ascending and finite, `start` the position of the first of each distinct value. The fine bins are
    between a tenth of `most` and `most`; a plot adds neighbours together.
    """
    if len(start) <= min(MAX_VALUE_BINS, most):
        return _bin_per_value(value[start], np.diff(np.append(start, len(value))))
    found = round_edges(float(value[0]), float(value[-1]), most=most, steps=(1,))
    edges = found.edges
    at_edge = np.append(np.searchsorted(value, edges[:-1], side="left"), len(value))
    return Bins(edges[:-1], edges[1:], np.diff(at_edge), found.first, per_value=False)


def _bin_per_value(value: Floats, count: Ints) -> Bins:
    gap = np.diff(value * 0.5).min() if len(value) > 1 else 0.5
    left, right = np.maximum(value, gap - _LARGEST) - gap, np.minimum(value, _LARGEST - gap) + gap
    return Bins(left, right, count, 0, per_value=True)


def round_edges(low: float, high: float, *, most: int, steps: tuple[int, ...] = (1, 2, 5)) -> RoundEdges:
    """Return round numbers from `low` or less to more than `high`, about `most` apart at the finest.

    They are multiples of a power of ten times one of `steps` (which begin with 1 and ascend).
    """
    width = max(high / most - low / most, 5e-324)
    exponent = max(-323, math.floor(math.log10(width)))
    wanted = width / float(f"1e{exponent}") * (1 - 1e-12)
    step = next((step for step in steps if step >= wanted), 10)

    def edge(multiple: int) -> float:
        return float(f"{multiple * step}e{exponent}")  # parsing gives the float a person means by 0.3; 3 * 0.1 does not

    first, last = math.floor(low / edge(1)), math.floor(high / edge(1)) + 1
    while edge(first) > low:
        first -= 1
    while edge(last) <= high:
        last += 1
    edges = np.unique([edge(multiple) for multiple in range(first, last + 1)])
    return RoundEdges(np.clip(edges, -_LARGEST, _LARGEST), first)
