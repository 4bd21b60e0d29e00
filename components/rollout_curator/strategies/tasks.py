"""Estimates per task: pass rates, pass@k, quantiles and z-scores of its rewards.

Input are rewards (NaN where unrated) and tasks as dense codes 0, 1, 2, ..., or a frame with `reward` and `group`.
Unrated attempts are no attempts at anything here; infinite rewards are left out of means and spreads.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rollout_curator.strategies.order import Floats, Ints, by_task, rewards

if TYPE_CHECKING:
    import pandas as pd

PASS_KS = (1, 2, 4, 8)


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
    n = _n_tasks(task)
    rated = np.bincount(task[~np.isnan(reward)], minlength=n)
    passes = np.bincount(task[reward >= at_least], minlength=n)
    return _ratio(passes, rated)


def quantile_bounds(reward: Floats, task: Ints, q: float) -> Floats:
    """Return the q-quantile of each task's rated rewards, NaN where none is rated.

    It is the next higher reward that occurs: `reward >= bound` then holds for the same rollouts as with the
    interpolated quantile, without its rounding.
    """
    n = _n_tasks(task)
    rows = np.flatnonzero(~np.isnan(reward))
    ordered = reward[rows][by_task(task[rows], reward[rows])]
    rated = np.bincount(task[rows], minlength=n)
    place = np.cumsum(rated) - rated + np.ceil(q * (rated - 1) - 1e-9).astype(np.int64)
    bounds = np.full(n, np.nan)
    has_rated = rated > 0
    bounds[has_rated] = ordered[place[has_rated]]
    return bounds


def z_scores(reward: Floats, task: Ints) -> Floats:
    """Return how many sample standard deviations each reward lies above its task's mean, NaN where unrated.

    It is 0 in a task whose rewards are all alike, as the advantage of such a group is in training.
    """
    finite = np.isfinite(reward)
    mean, spread = _moments(reward[finite], task[finite], _n_tasks(task))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (reward - mean[task]) / np.nan_to_num(spread)[task]
    any_reward = np.full(len(mean), np.nan)
    rated = ~np.isnan(reward)
    any_reward[task[rated]] = reward[rated]
    differs = np.bincount(task[rated & (reward != any_reward[task])], minlength=len(mean)) > 0
    score[rated & ~differs[task]] = 0.0
    score[rated & (reward == mean[task])] = 0.0
    return score


def task_table(frame: "pd.DataFrame", at_least: float) -> "pd.DataFrame":
    """Return one row per task, by `group`: attempts, rated, passes, pass@1, pass@2, pass@4, pass@8, mean, spread.

    pass@k is NaN where fewer than k attempts are rated, `spread` (the sample standard deviation) below two.
    """
    import pandas as pd  # whoever has a frame has pandas; reading a recipe does without

    codes, groups = pd.factorize(frame["group"].to_numpy(), sort=True)
    task, reward = np.asarray(codes, dtype=np.int64), rewards(frame)
    rated = np.bincount(task[~np.isnan(reward)], minlength=len(groups))
    passes = np.bincount(task[reward >= at_least], minlength=len(groups))
    finite = np.isfinite(reward)
    mean, spread = _moments(reward[finite], task[finite], len(groups))
    table = pd.DataFrame(index=pd.Index(groups, name="group"))
    table["attempts"], table["rated"], table["passes"] = np.bincount(task, minlength=len(groups)), rated, passes
    for k in PASS_KS:
        table[f"pass@{k}"] = pass_at_k(rated, passes, k)
    table["mean"], table["spread"] = mean, spread
    return table


def _n_tasks(task: Ints) -> int:
    return int(task.max(initial=-1)) + 1


def _moments(reward: Floats, task: Ints, n: int) -> tuple[Floats, Floats]:
    """Return the mean and the sample standard deviation per task of finite rewards, NaN where undefined."""
    size = np.bincount(task, minlength=n)
    mean = _ratio(np.bincount(task, weights=reward, minlength=n), size)
    squares = np.bincount(task, weights=(reward - mean[task]) ** 2, minlength=n)
    return mean, np.sqrt(_ratio(squares, np.maximum(size - 1, 0)))


def _ratio(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> Floats:
    """Return above / below, NaN where below is 0."""
    top, bottom = above.astype(np.float64), below.astype(np.float64)
    return np.asarray(np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0))
