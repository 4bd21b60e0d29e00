"""The rules that keep or drop: ADD ONE FUNCTION.

Each takes the frame of the rollouts still in (one row each, index = row numbers) and keyword parameters, and returns a
boolean Series aligned with it, True for what stays. Columns read: `reward` (NaN when unrated), `group` (the task),
`key_hi`, `key_lo`, `attempt`, `example` (a hash of what is written, only for rules that say they read it), and those
named by a parameter. The order of the rows has no say: ties are settled by the content's random rank. An unrated
rollout passes no rule on rewards and is no success; where no bound is set, everything stays. A rule that is `by_task`
gets the frame of all rollouts instead, also those that fell before: its rates, quantiles and z-scores are those of all
rewards in `measured` (a reward that is no measurement is NaN there; without that column, of all rewards).
"""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from rollout_curator.selection.group_statistics import Floats
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.strategies.base import Says, strategy
from rollout_curator.selection.strategies.ranking import (
    dense,
    first_of_each,
    lowest_of_each,
    marked,
    measured,
    numbers,
    places,
    ranks_to_draw_by,
    rewards,
)
from rollout_curator.selection.strategies.task_statistics import pass_rates, quantile_bounds, z_scores
from rollout_curator.words import exact

if TYPE_CHECKING:
    import pandas as pd

UNSET = "nothing (no limit set)"
Seed = Annotated[int, Says("random seed")]
Success = Annotated[float, Says("success threshold (reward ≥)")]


def _bound_words(column: str, at_least: float | None, at_most: float | None) -> str:
    asked = Interval(at_least, at_most)
    if not asked.is_bounded:
        return UNSET
    of = "" if at_least is None or at_most is None else "of "
    return f"without {'a reward' if column == 'reward' else column} {of}{asked.ends}"


@strategy(_bound_words)
def threshold(
    frame: "pd.DataFrame",
    *,
    column: Annotated[str, Says("column")] = "reward",
    at_least: Annotated[float | None, Says("min")] = None,
    at_most: Annotated[float | None, Says("max")] = None,
) -> "pd.Series[bool]":
    """Keep rollouts whose value is between min and max (inclusive); missing values are dropped."""
    values, asked = numbers(frame, column, "threshold: column"), Interval(at_least, at_most)
    return marked(frame, asked.mask(values) if asked.is_bounded else np.ones(len(frame), dtype=bool))


@strategy(
    lambda n: "not the best attempt of their task" if n == 1 else f"not among the {n:,} best attempts of their task"
)
def best_of_n(
    frame: "pd.DataFrame", *, n: Annotated[int, Says("rollouts to keep per task", low=1)] = 1
) -> "pd.Series[bool]":
    """Keep the n highest-reward rollouts of each task; ties are settled at random."""
    reward = rewards(frame)
    return first_of_each(frame, -reward, n, ~np.isnan(reward))


_CAPPED = {
    "reward": "not among the {k:,} best attempts of their task",
    "first": "not among the first {k:,} attempts of their task",
    "random": "not among the {k:,} sampled from their task",
}


@strategy(lambda k, order, seed: _CAPPED[order].format(k=k))
def at_most_per_task(
    frame: "pd.DataFrame",
    *,
    k: Annotated[int, Says("max rollouts per task", low=1)] = 1,
    order: Annotated[Literal["reward", "first", "random"], Says("which to keep")] = "reward",
    seed: Seed = 0,
) -> "pd.Series[bool]":
    """Keep at most k rollouts per task; by reward, those without a reward come last (`best_of_n` drops them).

    The first ones are those with the lowest number of the attempt, as the lines give it; ties are settled at random.
    """
    everything = np.ones(len(frame), dtype=bool)
    if order == "random":
        return first_of_each(frame, ranks_to_draw_by(frame, seed, "at_most_per_task"), k, everything)
    return first_of_each(frame, -rewards(frame) if order == "reward" else _attempts(frame), k, everything)


def _attempts(frame: "pd.DataFrame") -> Floats:
    """Return the number of each attempt, NaN where the line gives none."""
    attempt = numbers(frame, "attempt", "at_most_per_task: order")
    return np.where(attempt < 0, np.nan, attempt)


@strategy(
    lambda at_least, n, by: (
        f"not {'the shortest success' if n == 1 else f'among the {n:,} shortest successes'} of their task by {by}"
    )
)
def shortest_success(
    frame: "pd.DataFrame",
    *,
    at_least: Success = 1.0,
    n: Annotated[int, Says("rollouts to keep per task", low=1)] = 1,
    by: Annotated[str, Says("length column")] = "tokens",
) -> "pd.Series[bool]":
    """Keep the n shortest successful rollouts per task; ties are settled at random, those without a length drop."""
    length = numbers(frame, by, "shortest_success: by")
    return first_of_each(frame, length, n, (rewards(frame) >= at_least) & ~np.isnan(length))


@strategy(lambda q: f"without a reward or below the {exact(q)} quantile of their task", by_task=True)
def task_quantile(
    frame: "pd.DataFrame",
    *,
    q: Annotated[float, Says("quantile (0–1)", low=0, high=1)] = 0.5,
) -> "pd.Series[bool]":
    """Keep rewards at or above the q-quantile of their task; 0 keeps all rewards, 1 the highest with its ties."""
    task = dense(frame)
    return marked(frame, rewards(frame) >= quantile_bounds(measured(frame), task, q)[task])


@strategy(lambda at_least: f"without a z-score ≥ {exact(at_least)} in their task", by_task=True)
def task_zscore(
    frame: "pd.DataFrame",
    *,
    at_least: Annotated[float, Says("min z-score within the task")] = 0.0,
) -> "pd.Series[bool]":
    """Keep rewards at least this many standard deviations above their task's mean; all alike are at the mean."""
    return marked(frame, z_scores(rewards(frame), dense(frame), measured(frame)) >= at_least)


@strategy(
    lambda pass_at_least, rate_above: f"without a reward or in a task with a pass rate > {exact(rate_above)}",
    by_task=True,
)
def drop_easy_tasks(
    frame: "pd.DataFrame",
    *,
    pass_at_least: Success = 1.0,
    rate_above: Annotated[float, Says("drop tasks with a pass rate above", low=0, high=1)] = 0.9,
) -> "pd.Series[bool]":
    """Drop tasks that almost every valid attempt with a reward solves; a truncated attempt is not a valid one."""
    return marked(frame, ~np.isnan(rewards(frame)) & (_pass_rates(frame, pass_at_least) <= rate_above))


@strategy(
    lambda pass_at_least, rate_below: f"without a reward or in a task with a pass rate < {exact(rate_below)}",
    by_task=True,
)
def drop_hard_tasks(
    frame: "pd.DataFrame",
    *,
    pass_at_least: Success = 1.0,
    rate_below: Annotated[float, Says("drop tasks with a pass rate below", low=0, high=1)] = 0.1,
) -> "pd.Series[bool]":
    """Drop tasks that almost no valid attempt with a reward solves; a truncated attempt is not a valid one."""
    return marked(frame, ~np.isnan(rewards(frame)) & (_pass_rates(frame, pass_at_least) >= rate_below))


def _pass_rates(frame: "pd.DataFrame", pass_at_least: float) -> Floats:
    """Return the pass rate of the task of each row."""
    task = dense(frame)
    return pass_rates(measured(frame), task, pass_at_least)[task]


def _drawn_words(n: int | None, fraction: float | None, seed: int) -> str:
    if fraction is not None:
        return f"not in the {exact(round(fraction * 100, 9))}% sampled from their task"
    return UNSET if n is None else f"not among the {n:,} sampled from their task"


@strategy(_drawn_words)
def random_per_task(
    frame: "pd.DataFrame",
    *,
    n: Annotated[int | None, Says("rollouts to keep per task", low=1)] = None,
    fraction: Annotated[float | None, Says("fraction per task (rounded up)", low=0, high=1, instead_of="n")] = None,
    seed: Seed = 0,
) -> "pd.Series[bool]":
    """Keep n rollouts per task at random, or a fraction (rounded up, so no task is lost)."""
    if n is None and fraction is None:
        return marked(frame, np.ones(len(frame), dtype=bool))
    task = dense(frame)
    size = np.bincount(task)
    wanted = np.full(len(size), n or 0, dtype=np.float64)
    if fraction is not None:
        wanted = np.maximum(np.ceil(fraction * size - 1e-9), fraction > 0)  # 0.1 * 30 may come out above 3
    return marked(frame, places(task, ranks_to_draw_by(frame, seed, "random_per_task")) < wanted[task])


@strategy(lambda: "duplicates of another line")
def drop_copies(frame: "pd.DataFrame") -> "pd.Series[bool]":
    """Keep one of identical lines."""
    return marked(frame, ~frame[["key_hi", "key_lo"]].duplicated().to_numpy())


@strategy(lambda: "written exactly as another rollout", reads=("example",))
def drop_same_example(frame: "pd.DataFrame") -> "pd.Series[bool]":
    """Keep one of the rollouts that are written as the same example, drawn at random; extra columns do not count."""
    return lowest_of_each(frame, frame["example"].to_numpy())
