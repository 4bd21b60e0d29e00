"""How hard the tasks are: each task's mean reward and range, how many pass, and what more attempts bring.

Two pseudo columns stand in the texts that marks open, a number per task that all its rollouts share: `pass_rate` (the
share of its rated attempts that pass) and `task_mean` (its mean reward); `strategies.rates_of_rows` gives both.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection.group_statistics import Floats
from rollout_curator.selection.group_tables import tasks_by_mean
from rollout_curator.selection.slices import Range, encode
from rollout_curator.ui.plots.base import FIRST_COLOUR, SECOND_COLOUR, SIXTH_COLOUR, finish, nothing, plot
from rollout_curator.ui.plots.labels import label
from rollout_curator.words import counted, exact

MAX_MARKS = 400
N_BARS = 10
PASS_RATE = "pass_rate"
TASK_MEAN = "task_mean"


class PassAt(Protocol):
    """One point of a curve of pass@k: see `strategies.PassAt`."""

    @property
    def k(self) -> int:
        """How many attempts are drawn."""

    @property
    def chance(self) -> float:
        """The chance that they hold a pass."""

    @property
    def low(self) -> float:
        """The lower end of its interval."""

    @property
    def high(self) -> float:
        """The upper end of its interval."""

    @property
    def tasks(self) -> int:
        """Over how many tasks."""


@plot
def reward_by_task(frame: pd.DataFrame) -> go.Figure:
    """Draw each task's mean reward and range, ascending; beyond 400 tasks, averages of neighbouring tasks."""
    title = "Reward per task, hardest first"
    table = tasks_by_mean(frame)
    n = len(table)
    if not n:
        return nothing(title, "no rewards")
    part = np.arange(n) * min(n, MAX_MARKS) // n
    ends = table[["mean", "lowest", "highest"]].groupby(part).mean()
    rank = pd.Series(np.arange(1, n + 1)).groupby(part).agg(["min", "max", "mean"])
    at = rank["mean"].to_numpy()
    is_crowd = n > MAX_MARKS
    spread = go.Bar(
        x=at,
        y=(ends["highest"] - ends["lowest"]).to_numpy(),
        base=ends["lowest"].to_numpy(),
        width=(rank["max"] - rank["min"] + 1).to_numpy() * (1.0 if is_crowd else 0.8),
        marker={"color": FIRST_COLOUR, "opacity": 0.3, "line": {"width": 0}},
        hoverinfo="skip",
    )
    means = go.Scatter(
        x=at,
        y=ends["mean"].to_numpy(),
        mode="markers",
        marker={"color": FIRST_COLOUR, "size": 5},
        customdata=[[text] for text in (_opens_crowds(table, rank) if is_crowd else _opens_tasks(table))],
        text=_words_of_crowds(rank, ends) if is_crowd else _words_of_tasks(table),
        hovertemplate="%{text}<extra></extra>",
    )
    figure = go.Figure([spread, means])
    each = f", about {round(n / MAX_MARKS):,} tasks per mark" if is_crowd else ""
    figure.update_xaxes(title=f"{counted(n, 'task')} by mean reward{each}", tickformat=",d", nticks=6)
    figure.update_yaxes(title="reward (mean, range)", nticks=6)
    finish(figure, title, f"{title}: {_extremes(table)}")
    return figure.update_layout(hovermode="x")


def pass_rate_table(pass_rate: npt.NDArray[np.floating]) -> pd.DataFrame:
    """Return how many tasks none, some or all attempts pass: 12 rows of `attempts` (in words), `tasks` and `opens`.

    `opens` is the text of those tasks, empty where there are none. A NaN is a task without a rating, and not counted.
    """
    rate = np.asarray(pass_rate, dtype=np.float64)
    rate = rate[~np.isnan(rate)]
    parts = _rate_parts(np.sort(rate))
    count = [int(np.count_nonzero(part.fits(rate))) for part in parts]
    names = ["none pass", *(f"{i * 10}–{(i + 1) * 10}% pass" for i in range(N_BARS)), "all pass"]
    opens = [encode([part]) if n else "" for part, n in zip(parts, count, strict=True)]
    return pd.DataFrame({"attempts": names, "tasks": count, "opens": opens})


@plot
def tasks_by_pass_rate(pass_rate: npt.NDArray[np.floating], at_least: float) -> go.Figure:
    """Draw how many tasks nothing solves, everything solves, or some attempts solve; NaN is a task without a rating.

    `pass_rate` is the share of each task's rated attempts with a reward of at least `at_least`.
    """
    title = "Pass rate per task"
    table = pass_rate_table(pass_rate)
    count = table["tasks"].to_numpy()
    total = int(count.sum())
    if not total:
        return nothing(title, "no rewards")
    bars = go.Bar(
        x=[-0.06, *((np.arange(N_BARS) + 0.5) / N_BARS).tolist(), 1.06],
        y=count,
        width=[0.08, *[0.09] * N_BARS, 0.08],
        marker={"color": [SIXTH_COLOUR, *[FIRST_COLOUR] * N_BARS, SIXTH_COLOUR], "line": {"width": 0}},
        customdata=table[["opens"]].to_numpy().tolist(),
        text=[
            f"{counted(n, 'task')} ({n / total:.1%})<br>{name}"
            for name, n, _ in table.itertuples(index=False, name=None)
        ],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(
        title=f"pass rate (reward ≥ {exact(at_least)})",
        tickvals=[-0.06, 0.25, 0.5, 0.75, 1.06],
        ticktext=["none", "25%", "50%", "75%", "all"],
        range=[-0.13, 1.13],
        showgrid=False,
    )
    figure.update_yaxes(title="tasks", rangemode="tozero", nticks=5, tickformat="~s")
    none, every = int(count[0]), int(count[-1])
    mixed = total - none - every
    note = f"{none:,} never solved · {every:,} always solved · {mixed:,} in between"
    finish(figure, title, f"{title}: of {counted(total, 'task')}, {note}.", note=note)
    return figure.update_layout(hovermode="x")


@plot
def pass_at_k(curve: Sequence[PassAt], uncut: Sequence[PassAt] = ()) -> go.Figure:
    """Draw the chance that one of k attempts passes, with its interval, over the k of a `task_summary`.

    `uncut` is the same without what was truncated, which counts as failed in `curve`.
    """
    title = "pass@k"
    if not curve:
        return nothing(title, "no rewards")
    k, chance = np.array([point.k for point in curve]), np.array([point.chance for point in curve])
    line = go.Scatter(
        x=k,
        y=chance,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": np.array([point.high for point in curve]) - chance,
            "arrayminus": chance - np.array([point.low for point in curve]),
            "thickness": 1.5,
            "width": 3,
            "color": FIRST_COLOUR,
        },
        mode="lines+markers",
        marker={"size": 7},
        line={"width": 2, "color": FIRST_COLOUR},
        text=[f"pass@{p.k}: {p.chance:.1%}<br>95% CI {p.low:.1%}–{p.high:.1%}" for p in curve],
        hovertemplate="%{text}<extra></extra>",
    )
    figure = go.Figure([line, *_uncut(uncut)])
    is_log = k[-1] > 16
    figure.update_xaxes(title="k", type="log" if is_log else "linear", showgrid=False)
    figure.update_xaxes(tickvals=_ticks(k), ticktext=[str(tick) for tick in _ticks(k)])
    figure.update_yaxes(title="pass@k", tickformat=".0%", rangemode="tozero", nticks=6)
    note = f"over the same {counted(curve[0].tasks, 'task')} with at least {counted(curve[-1].k, 'attempt')}"
    says = f"{title}, {note}: from {chance[0]:.1%} at 1 to {chance[-1]:.1%} at {curve[-1].k}"
    note = f"{note}; error bars: 95% CI"
    if uncut:
        over = "" if uncut[0].tasks == curve[0].tasks else f" ({uncut[0].tasks:,} of these tasks)"
        note += f"; dotted: without truncated attempts{over}, which otherwise count as failed"
        says += (
            f"; without truncated attempts{over} from {uncut[0].chance:.1%} to {uncut[-1].chance:.1%} at {uncut[-1].k}"
        )
    return finish(figure, title, f"{says}.", note=note)


def _uncut(curve: Sequence[PassAt]) -> list[go.Scatter]:
    """Return the dotted line of the second reading, where there is one."""
    if not curve:
        return []
    return [
        go.Scatter(
            x=[point.k for point in curve],
            y=[point.chance for point in curve],
            mode="lines+markers",
            marker={"size": 5, "color": SECOND_COLOUR},
            line={"width": 2, "dash": "dot", "color": SECOND_COLOUR},
            text=[
                f"pass@{p.k} without truncated attempts: {p.chance:.1%}<br>{counted(p.tasks, 'task')}" for p in curve
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    ]


def _ticks(k: npt.NDArray[np.integer]) -> list[int]:
    """Return the k that get a number on the axis: all of a few, else the powers of two."""
    every: list[int] = k.tolist()
    return every if len(every) <= 8 else [tick for tick in every if tick & (tick - 1) == 0]


def _rate_parts(rate: Floats) -> list[Range]:
    """Return the ranges of the bars: 0, ten between, 1; between them no range begins at 0 or ends with 1."""
    above = rate[rate > 0]
    first = min(float(above[0]), 1 / N_BARS) if len(above) else 1 / N_BARS
    edges = [first, *((np.arange(N_BARS - 1) + 1) / N_BARS).tolist(), 1.0]
    between = [Range(PASS_RATE, low, high, closed=False) for low, high in pairwise(edges)]
    return [Range(PASS_RATE, 0.0, 0.0), *between, Range(PASS_RATE, 1.0, 1.0)]


def _extremes(table: pd.DataFrame) -> str:
    best, worst = table["highest"].max(), table["lowest"].min()
    failed, solved = int((table["highest"] == worst).sum()), int((table["lowest"] == best).sum())
    return (
        f"of {counted(len(table), 'task')}, {failed:,} have only rollouts with the lowest reward ({worst:.6g}) "
        f"and {solved:,} only with the highest ({best:.6g})."
    )


def _opens_tasks(table: pd.DataFrame) -> list[str]:
    return [encode([Range("group", float(group), float(group))]) for group in table["group"].tolist()]


def _opens_crowds(table: pd.DataFrame, rank: pd.DataFrame) -> list[str]:
    mean = table["mean"].to_numpy()
    low, high = mean[rank["min"].to_numpy() - 1].tolist(), mean[rank["max"].to_numpy() - 1].tolist()
    return [encode([Range(TASK_MEAN, *ends)]) for ends in zip(low, high, strict=True)]


def _words_of_tasks(table: pd.DataFrame) -> list[str]:
    columns = [table[name].tolist() for name in ("mean", "lowest", "highest", "rated", "rollouts")]
    return [
        f"{label(name)}<br>mean {mean:.4g}, from {low:.4g} to {high:.4g}"
        f"<br>{rated:,} of {counted(n, 'rollout')} with a reward"
        for name, mean, low, high, rated, n in zip(table.index, *columns, strict=True)
    ]


def _words_of_crowds(rank: pd.DataFrame, ends: pd.DataFrame) -> list[str]:
    columns = [rank["min"], rank["max"], ends["mean"], ends["lowest"], ends["highest"]]
    return [
        f"tasks {first:,.0f} to {last:,.0f}<br>on average: mean {mean:.4g}, from {low:.4g} to {high:.4g}"
        for first, last, mean, low, high in zip(*columns, strict=True)
    ]
