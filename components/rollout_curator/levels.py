"""What each reward threshold would keep: exact counts of rollouts, tasks and tokens.

Input is three arrays of one length: rewards (float64, NaN where unrated), trained tokens, and task codes
(dense integers as pandas categoricals hold them; negative means no task). "Kept" is always `reward >= threshold`
in float64, never rounded. Knows nothing of frames, files or the screen.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAX_DISTINCT = 2000
"""Up to this many distinct rewards, each is a stop of the handle."""
MAX_GRID = 1000
"""Beyond that, this many rewards that occur are the stops."""
MAX_VALUE_BINS = 60
"""Up to this many distinct rewards, each has a bin of its own."""
MAX_BINS = 2002
"""Fine bins lie between a tenth of this number and this number; a plot adds neighbours together."""
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class Kept:
    """How much a threshold keeps: rollouts, distinct tasks among them, their trained tokens."""

    rollouts: int
    tasks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Steps:
    """What is kept at each of some ascending rewards.

    The three counts have one entry more than `value`: the last is what lies above every value (rewards of +inf).
    """

    value: Floats
    rollouts: Ints
    tasks: Ints
    tokens: Ints

    def at(self, threshold: float) -> Kept:
        """Return what `reward >= threshold` keeps; exact for a value of these steps."""
        i = int(np.searchsorted(self.value, threshold, side="left"))
        return Kept(int(self.rollouts[i]), int(self.tasks[i]), int(self.tokens[i]))


@dataclass(frozen=True, slots=True)
class Bins:
    """A histogram of the finite rewards: a reward r is in a bin when left <= r < right.

    With `per_value` each bin holds one distinct reward at its middle. Otherwise bins touch, their edges are the
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


@dataclass(frozen=True, slots=True)
class Levels:
    """The stops of a threshold handle and what each keeps.

    `stops` are all distinct finite rewards when there are few, else a grid of rewards that occur, from the
    smallest to the largest. `total` counts every rollout, unrated ones too. `n_infinite` of the rated are
    +inf or -inf: they have no place on an axis, but are counted.
    """

    stops: Steps
    every: Steps
    bins: Bins
    total: Kept
    n_unrated: int
    n_infinite: int

    @property
    def is_every_value(self) -> bool:
        """Every reward that occurs is a stop."""
        return len(self.stops.value) == len(self.every.value)

    def at(self, threshold: float | None) -> Kept:
        """Return what `reward >= threshold` keeps, exact for any finite threshold; None keeps everything."""
        return self.total if threshold is None else self.every.at(threshold)


def levels(reward: npt.NDArray[np.float64], tokens: npt.NDArray[np.generic], task: npt.NDArray[np.generic]) -> Levels:
    """Return what every threshold on `reward` keeps."""
    rewards: Floats = np.asarray(reward, dtype=np.float64) + 0.0  # + 0.0 makes -0.0 and 0.0 one value
    weights = _whole(tokens)
    codes: Ints = np.asarray(task).astype(np.int64, copy=False)
    rated = np.flatnonzero(~np.isnan(rewards))
    order = rated[np.argsort(rewards[rated])]
    every = _steps(rewards[order], weights[order], codes[order])
    n_tasks = int(np.count_nonzero(np.bincount(codes[codes >= 0]))) if len(codes) else 0
    n_infinite = int(np.count_nonzero(np.isinf(rewards)))
    return Levels(
        stops=_stops(every),
        every=every,
        bins=bins(every),
        total=Kept(len(rewards), n_tasks, int(weights.sum())),
        n_unrated=len(rewards) - len(rated),
        n_infinite=n_infinite,
    )


def _whole(tokens: npt.NDArray[np.generic]) -> Ints:
    """Return token counts as integers; a missing count (NaN) adds nothing."""
    numbers = np.asarray(tokens)
    if numbers.dtype.kind == "f":
        numbers = np.nan_to_num(numbers, nan=0.0)
    return numbers.astype(np.int64)


def _steps(reward: Floats, tokens: Ints, task: Ints) -> Steps:
    """Return the steps at every distinct finite reward; `reward` is ascending, without NaN."""
    n = len(reward)
    low, high = np.searchsorted(reward, -np.inf, side="right"), np.searchsorted(reward, np.inf, side="left")
    finite = reward[low:high]
    is_first = np.ones(len(finite), dtype=bool)
    np.not_equal(finite[1:], finite[:-1], out=is_first[1:])
    start = np.append(low + np.flatnonzero(is_first), high)
    # A task is kept while its best rollout is: the last one in ascending order (the last write wins).
    last = np.full(int(task.max(initial=-1)) + 1, -1, dtype=np.int64)
    has_task = np.flatnonzero(task >= 0)
    last[task[has_task]] = has_task
    is_best = np.zeros(n, dtype=np.int64)
    is_best[last[last >= 0]] = 1
    return Steps(
        value=reward[start[:-1]],
        rollouts=(n - start).astype(np.int64),
        tasks=_from_the_top(is_best)[start],
        tokens=_from_the_top(tokens)[start],
    )


def _from_the_top(amount: Ints) -> Ints:
    """Return, for each position and the one after the last, the sum from there to the end."""
    sums = np.zeros(len(amount) + 1, dtype=np.int64)
    sums[:-1] = np.cumsum(amount[::-1])[::-1]
    return sums


def _stops(every: Steps) -> Steps:
    """Return all steps when there are few, else half at quantiles of the rollouts, half of the distinct values."""
    n = len(every.value)
    if n <= MAX_DISTINCT:
        return every
    by_value = np.linspace(0, n - 1, MAX_GRID // 2).round().astype(np.int64)
    rank = every.rollouts[0] - every.rollouts[:-1]
    wanted = np.linspace(0, rank[-1], MAX_GRID // 2)
    by_rollout = np.searchsorted(rank, wanted, side="right") - 1
    pick = np.unique(np.concatenate([by_value, by_rollout]))
    with_end = np.append(pick, n)
    return Steps(every.value[pick], every.rollouts[with_end], every.tasks[with_end], every.tokens[with_end])


def bins(every: Steps) -> Bins:
    """Return a bin per value when the values are few, else fine bins at round edges."""
    value = every.value
    if len(value) <= MAX_VALUE_BINS:
        gap = np.diff(value * 0.5).min() if len(value) > 1 else 0.5
        left, right = np.maximum(value, gap - _LARGEST) - gap, np.minimum(value, _LARGEST - gap) + gap
        return Bins(left, right, every.rollouts[:-1] - every.rollouts[1:], 0, per_value=True)
    found = round_edges(float(value[0]), float(value[-1]), most=MAX_BINS, steps=(1,))
    edges = found.edges
    at_edge = every.rollouts[np.searchsorted(value, edges[:-1], side="left")]
    count = at_edge - np.append(at_edge[1:], every.rollouts[-1])
    return Bins(edges[:-1], edges[1:], count, found.first, per_value=False)


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
