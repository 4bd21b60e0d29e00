"""Estimates per task: pass rates, pass@k and its mean over tasks, quantiles and z-scores of its rewards.

Input are rewards (NaN where unrated) and tasks as dense codes 0, 1, 2, ..., or a frame with `reward` and `group`, and
`outcome` where an attempt may pass or fail by something else than its reward: then passes are counted by that, and
rated are those that have one. Unrated attempts are no attempts at anything here; infinite rewards are left out of means
and spreads.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rollout_curator.selection.group_statistics import Floats, Ints, SortedGroups, count_passes, sort_groups
from rollout_curator.selection.strategies.ranking import dense, outcomes, rewards

if TYPE_CHECKING:
    import pandas as pd

PASS_KS = (1, 2, 4, 8)
EVERY_K_TO = 8
"""A curve of pass@k has every k up to here, then powers of two."""
K_MAX = 128
Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class PassAt:
    """The mean pass@k over some tasks, with the ends of its 95% interval."""

    k: int
    chance: float
    low: float
    high: float
    tasks: int


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """How many tasks there are, and what their attempts say; an attempt without a rating says nothing.

    `solved`, `unsolved` and `mixed` are the `tasks` with a rating of which all, none or some attempts pass; `single`
    of them have one rated attempt. `curve` is
    pass@k over the same tasks at every k: those with as many rated attempts as half of all tasks have.
    """

    tasks: int
    unrated: int
    solved: int
    unsolved: int
    mixed: int
    single: int
    curve: tuple[PassAt, ...]


@dataclass(frozen=True, slots=True)
class RatesOfRows:
    """What each rollout shares with the others of its task, NaN where none is rated (or has no finite reward)."""

    pass_rate: Floats
    task_mean: Floats


def pass_at_k(n: npt.ArrayLike, c: npt.ArrayLike, k: npt.ArrayLike) -> Floats:
    """Return the chance that k of n attempts, of which c passed, drawn without putting back, hold a pass.

    1 - C(n-c, k) / C(n, k), the unbiased estimator of Chen et al. 2021 (arXiv 2107.03374), summed as the chance that
    draw j is the first pass: no binomial overflows and nothing cancels. NaN unless 1 <= k <= n and 0 <= c <= n.
    """
    attempts, passes, draws = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (n, c, k)))
    chance, none_yet = np.zeros(attempts.shape), np.ones(attempts.shape)
    for j in range(int(draws.max(initial=0))):
        left = np.maximum(attempts - j, 1.0)
        chance = np.where(j < draws, chance + none_yet * passes / left, chance)
        none_yet = none_yet * np.maximum(attempts - passes - j, 0.0) / left
    chance = np.where(attempts - passes < draws, 1.0, np.minimum(chance, 1.0))
    valid = (draws >= 1) & (draws <= attempts) & (passes >= 0) & (passes <= attempts)
    return np.where(valid, chance, np.nan)


def pass_rates(reward: Floats, task: Ints, at_least: float) -> Floats:
    """Return the share of each task's rated attempts that pass, NaN where none is rated."""
    return count_passes(task, reward, at_least, _n_tasks(task)).rate


def quantile_bounds(reward: Floats, task: Ints, q: float) -> Floats:
    """Return the q-quantile of each task's rated rewards, the next higher one that occurs; NaN where none is rated."""
    rated = ~np.isnan(reward)
    return sort_groups(task[rated], reward[rated], _n_tasks(task)).quantile_above(q)


def z_bounds(reward: Floats, task: Ints, z: float) -> Floats:
    """Return the reward that lies z sample standard deviations above each task's mean, NaN where none is rated."""
    found = _finite_groups(reward, task).moments()
    return found.mean + z * np.nan_to_num(found.spread)


def z_scores(reward: Floats, task: Ints, measured: Floats | None = None) -> Floats:
    """Return how many sample standard deviations each reward lies above its task's mean, NaN where unrated.

    Mean and deviation are those of `measured`, else of the rewards themselves. The score is 0 where the rewards of a
    task are all alike, as the advantage of such a group is in training.
    """
    measured = reward if measured is None else measured
    groups = _finite_groups(measured, task)
    power, n = groups.powers(), len(groups.size)
    found = groups.scaled_moments(power)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scaled = np.ldexp(reward, -power[task])
        score = (scaled - found.mean[task]) / np.nan_to_num(found.spread)[task]
    any_reward = np.full(n, np.nan)
    rated = ~np.isnan(measured)
    any_reward[task[rated]] = measured[rated]
    differs = np.bincount(task[rated & (measured != any_reward[task])], minlength=n) > 0
    score[(reward == any_reward[task]) & ~differs[task]] = 0.0
    score[scaled == found.mean[task]] = 0.0
    return score


def task_summary(frame: "pd.DataFrame", at_least: float) -> TaskSummary:
    """Return what the tasks of a frame amount to; a pass is a reward (or an outcome) of `at_least` on."""
    outcome, task = outcomes(frame), _codes(frame)
    attempts = np.bincount(task)
    found = count_passes(task, outcome, at_least, len(attempts))
    has_rated = found.rated > 0
    unrated = int(np.count_nonzero((attempts > 0) & ~has_rated))
    rated, passes = found.rated[has_rated], found.passed[has_rated]
    solved, unsolved = int(np.count_nonzero(passes == rated)), int(np.count_nonzero(passes == 0))
    return TaskSummary(
        tasks=len(rated),
        unrated=unrated,
        solved=solved,
        unsolved=unsolved,
        mixed=len(rated) - solved - unsolved,
        single=int(np.count_nonzero(rated == 1)),
        curve=pass_curve(rated, passes),
    )


def pass_curve(rated: Ints, passes: Ints) -> tuple[PassAt, ...]:
    """Return the mean pass@k over the tasks with at least K rated attempts, for k up to K; no tasks, no points.

    K is the number of attempts that half of the tasks have. The interval is Wilson's over tasks: it takes each task
    for a coin, whose spread none between 0 and 1 exceeds, and is right at 0 and 1 where a normal one has no width.
    """
    if not len(rated):
        return ()
    most = min(int(np.sort(rated)[len(rated) // 2]), K_MAX)
    has_most = rated >= most
    pairs, n_tasks = np.unique(np.stack([rated[has_most], passes[has_most]]), axis=1, return_counts=True)
    total = int(n_tasks.sum())
    ks = [k for k in range(1, most + 1) if k <= EVERY_K_TO or k & (k - 1) == 0 or k == most]
    means = [float(pass_at_k(pairs[0], pairs[1], k) @ n_tasks / total) for k in ks]
    return tuple(PassAt(k, mean, *_wilson(mean, total), total) for k, mean in zip(ks, means, strict=True))


def rates_of_rows(frame: "pd.DataFrame", at_least: float) -> RatesOfRows:
    """Return the pass rate and the mean reward of the task of each row, which slices call by these names."""
    reward, task = rewards(frame), _codes(frame)
    mean = _finite_groups(reward, task).moments().mean
    return RatesOfRows(pass_rates(outcomes(frame), task, at_least)[task], mean[task])


def _codes(frame: "pd.DataFrame") -> Ints:
    """Return tasks as codes that are not too large to count with: as they are, or dense."""
    codes = frame["group"].to_numpy().astype(np.int64, copy=False)
    if not len(codes) or (codes.min() >= 0 and codes.max() < 4 * len(codes)):
        return codes
    return dense(frame)


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return the ends of Wilson's 95% interval of a share of n (Wilson 1927, JASA 22)."""
    middle = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 * (share * (1 - share) / n + Z_95**2 / (4 * n * n)) ** 0.5 / (1 + Z_95**2 / n)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def _n_tasks(task: Ints) -> int:
    return int(task.max(initial=-1)) + 1


def _finite_groups(reward: Floats, task: Ints) -> SortedGroups:
    """Return the finite rewards by task."""
    finite = np.isfinite(reward)
    return sort_groups(task[finite], reward[finite], _n_tasks(task))
