"""How hard the tasks are: each task's mean reward and range."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.plots.base import FIRST_COLOUR, finish, nothing, plot
from rollout_curator.plots.labels import label
from rollout_curator.plots.tables import task_table

MAX_MARKS = 400


@plot
def reward_by_task(frame: pd.DataFrame) -> go.Figure:
    """Draw each task's mean reward and range, ascending; beyond 400 tasks, averages of neighbouring tasks."""
    title = "Reward by task, from hardest to easiest"
    table = task_table(frame)
    n = len(table)
    if not n:
        return nothing(title, "no task has a rated rollout")
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
        customdata=_words_of_crowds(rank, ends) if is_crowd else _words_of_tasks(table),
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure = go.Figure([spread, means])
    each = f", about {round(n / MAX_MARKS):,} to a mark" if is_crowd else ""
    figure.update_xaxes(title=f"{n:,} {'task' if n == 1 else 'tasks'} by mean reward{each}", tickformat=",d")
    figure.update_yaxes(title="reward: mean and range")
    return finish(figure, title, f"{title}: {_extremes(table)}")


def _extremes(table: pd.DataFrame) -> str:
    best, worst = table["highest"].max(), table["lowest"].min()
    failed, solved = int((table["highest"] == worst).sum()), int((table["lowest"] == best).sum())
    return (
        f"of {len(table):,} tasks, {failed:,} have only rollouts of the lowest reward ({worst:.6g}) "
        f"and {solved:,} only of the highest ({best:.6g})."
    )


def _words_of_tasks(table: pd.DataFrame) -> list[str]:
    return [
        f"{label(name)}<br>mean {mean:.4g}, from {low:.4g} to {high:.4g}<br>{rated:,} rated of {n:,} rollouts"
        for name, n, rated, mean, _, low, high in table.itertuples(name=None)
    ]


def _words_of_crowds(rank: pd.DataFrame, ends: pd.DataFrame) -> list[str]:
    columns = [rank["min"], rank["max"], ends["mean"], ends["lowest"], ends["highest"]]
    return [
        f"tasks {first:,.0f} to {last:,.0f}<br>on average: mean {mean:.4g}, from {low:.4g} to {high:.4g}"
        for first, last, mean, low, high in zip(*columns, strict=True)
    ]
