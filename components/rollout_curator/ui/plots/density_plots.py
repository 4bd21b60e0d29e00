"""One number against another: a million rollouts as density, a few as points, and the mean with its interval.

Everything is binned here. Each cell, each point and each mean carries the text of what it opens.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection.group_statistics import Floats, Ints, sort_groups
from rollout_curator.selection.group_tables import numbers
from rollout_curator.selection.slices import Range, encode
from rollout_curator.selection.task_means import Bools, Means, means
from rollout_curator.ui.plots.base import FIRST_COLOUR, SECOND_COLOUR, finish, nothing, plot
from rollout_curator.ui.plots.bins import Bins, bins, is_skewed
from rollout_curator.ui.plots.clicks import row_text
from rollout_curator.ui.plots.labels import label, name_of
from rollout_curator.words import counted

N_COLUMNS = 48
N_ROWS = 24
N_MEANS = 12
"""As many means are drawn over single points, at most."""
MAX_POINTS = 1500
"""Up to this many rollouts are drawn one by one."""
MEAN_OF = 5
"""The mean is drawn where at least this many rollouts lie."""
MAX_TICKS, MAX_TICKED = 5, 12
"""Up to so many values in so many bins, each has its number on the axis."""
LEFT_OUT_MAX = 0.05
"""At most this share of the rollouts may lie at 0 or below when an axis becomes logarithmic without them."""
STEPS = (0.7548776662466927, 0.5698402909980532)
"""Multiples of these fill a square evenly (Roberts 2018, the sequence R2)."""


@plot
def reward_against(frame: pd.DataFrame, column: str) -> go.Figure:
    """Draw the reward against another numeric column; see `density`."""
    return density(frame, column, "reward")


def against_table(frame: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return the numbers behind the line of means: one row per part of x that holds a rollout, ascending.

    Columns: the part in words, rollouts, mean and spread of the reward, and `opens`, the text of the part.
    """
    across, up = numbers(frame, x), numbers(frame, "reward")
    rows = np.flatnonzero(~np.isnan(across) & ~np.isnan(up))
    columns = {name: list[object]() for name in (name_of(x), "rollouts", "mean", "spread", "opens")}
    if not len(rows):
        return pd.DataFrame(columns)
    parts = bins(x, across[rows], N_MEANS)
    groups = sort_groups(parts.of(across[rows]), up[rows], parts.n)
    at, found = np.flatnonzero(groups.size), groups.moments()
    columns[name_of(x)] = [parts.words(i) for i in at.tolist()]
    columns["opens"] = [encode([parts.part(i)]) for i in at.tolist()]
    held = {"rollouts": groups.size[at], "mean": found.mean[at], "spread": found.spread[at]}
    return pd.DataFrame(columns | {name: values.tolist() for name, values in held.items()})


@plot
def density(frame: pd.DataFrame, x: str, y: str) -> go.Figure:
    """Draw a number against another: as points when few, else as density, with the mean of y and its interval.

    An axis is logarithmic when its numbers are positive and skewed; the few at 0 or below are then left out and counted
    in the words of the figure. Of the frame, `task_id` and `agent` name the single points, its index their rows, and
    `group` is their task.
    """
    title = f"{name_of(y).capitalize()} vs {name_of(x)}"
    across, up = numbers(frame, x), numbers(frame, y)
    has_both = ~np.isnan(across) & ~np.isnan(up)
    if not has_both.any():
        return nothing(title, f"no rollouts with both {name_of(x)} and {name_of(y)}")
    drawn = has_both & _drawn(across, has_both) & _drawn(up, has_both)
    n, n_left_out = int(np.count_nonzero(drawn)), int(np.count_nonzero(has_both & ~drawn))
    rows = None if n == len(drawn) else np.flatnonzero(drawn)
    task = frame["group"].to_numpy()
    if rows is not None:
        across, up, task = across[rows], up[rows], task[rows]
    is_single = n <= MAX_POINTS
    columns, lines = bins(x, across, N_COLUMNS), bins(y, up, N_ROWS)
    if is_single:
        wide = bins(x, across, N_MEANS)
        marks = [_points(frame if rows is None else frame.iloc[rows], columns, lines, (across, up))]
        mean = _mean(wide, wide.of(across), up, task, y)
    else:
        at = columns.of(across)
        marks, mean = _cells(columns, lines, at, lines.of(up)), _mean(columns, at, up, task, y)
    figure = go.Figure([*marks, *mean])
    _axes(figure, columns, lines)
    note = f"{counted(n, 'rollout')}{'' if is_single else ' as density'}; line: mean, 95% CI by task"
    if n_left_out:
        note += f"; {n_left_out:,} {'value' if n_left_out == 1 else 'values'} ≤ 0 not shown (log axis)"
    return finish(figure, title, f"{title}: {note}. {_trend(mean)}", note=note, height=360)


def _drawn(values: Floats, among: Bools) -> Bools:
    """Return which values are drawn: all, unless a logarithmic axis without a few at 0 or below serves better."""
    positive = values > 0
    n, n_positive = int(np.count_nonzero(among)), int(np.count_nonzero(positive & among))
    if n - LEFT_OUT_MAX * n <= n_positive < n and is_skewed(values[positive & among]):
        return positive
    return among


def _cells(columns: Bins, lines: Bins, x: Ints, y: Ints) -> list[go.Heatmap | go.Scatter]:
    """Return the heatmap, and a mark nobody sees in each of its cells: plotly does not report a click on a cell."""
    counts = np.bincount(y * columns.n + x, minlength=lines.n * columns.n).reshape(lines.n, columns.n)
    at_y, at_x = np.nonzero(counts)
    held = counts[at_y, at_x]
    z = np.full(counts.shape, np.nan)
    z[at_y, at_x] = np.log10(held)
    powers = range(int(np.log10(counts.max())) + 1)
    heat = go.Heatmap(
        x=columns.edges,
        y=lines.edges,
        z=z.astype(np.float32),
        zmin=0,
        zmax=max(1.0, float(np.log10(counts.max()))),
        hoverinfo="skip",
        colorbar={
            "title": {"text": "rollouts", "font": {"size": 11}},
            "tickfont": {"size": 11},
            "tickvals": list(powers),
            "ticktext": [f"{10**power:,}" for power in powers],
            "thickness": 10,
            "xpad": 4,
        },
    )
    x_parts, y_parts = [columns.part(i) for i in range(columns.n)], [lines.part(i) for i in range(lines.n)]
    x_words, y_words = [columns.words(i) for i in range(columns.n)], [lines.words(i) for i in range(lines.n)]
    cells = list(zip(at_x.tolist(), at_y.tolist(), strict=True))
    marks = _hidden_marks(
        columns.middle[at_x],
        lines.middle[at_y],
        [encode([x_parts[i], y_parts[j]]) for i, j in cells],
        [
            f"{counted(n, 'rollout')}<br>{y_words[j]}<br>{x_words[i]}"
            for (i, j), n in zip(cells, held.tolist(), strict=True)
        ],
    )
    return [heat, marks]


def _hidden_marks(x: Floats, y: Floats, opens: Sequence[str], words: Sequence[str]) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"symbol": "square", "size": 10, "opacity": 0, "color": FIRST_COLOUR},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[text] for text in opens],
        text=list(words),
        hovertemplate="%{text}<extra></extra>",
    )


def _points(frame: pd.DataFrame, columns: Bins, lines: Bins, at: tuple[Floats, Floats]) -> go.Scatter:
    """Return a mark per rollout; where the values of an axis are few they are spread a little, so that none hides."""
    axes = encode([Range(columns.column), Range(lines.column)])
    tasks, agents = (_names(frame, name) for name in ("task_id", "agent"))
    x, y = at[0].tolist(), at[1].tolist()
    x_name, y_name = name_of(columns.column), name_of(lines.column)
    return go.Scatter(
        x=_spread(at[0], columns, STEPS[0]),
        y=_spread(at[1], lines, STEPS[1]),
        mode="markers",
        marker={"size": 6, "opacity": 0.55, "color": FIRST_COLOUR},
        customdata=[[row_text(int(row)), axes] for row in frame.index],
        text=[
            f"{task}<br>{agent}<br>{y_name} {b:.6g}, {x_name} {a:,.6g}"
            for task, agent, a, b in zip(tasks, agents, x, y, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _names(frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame.columns:
        return [""] * len(frame)
    category = frame[column].astype("category").cat
    codes = category.codes.to_numpy()
    shown = {code: label(category.categories[code], most=24) for code in np.unique(codes[codes >= 0]).tolist()}
    return [shown.get(code, "(none)") for code in codes.tolist()]


def _spread(values: Floats, axis: Bins, step: float) -> Floats:
    """Return values moved by up to a quarter of a bin when each bin is one value, the same way every time."""
    if not len(axis.value) or len(values) <= len(axis.value):
        return values
    width = float(axis.edges[1] - axis.edges[0])
    spread: Floats = values + (np.mod(np.arange(len(values)) * step, 1.0) - 0.5) * width / 2
    return spread


def _mean(columns: Bins, at_x: Ints, up: Floats, task: Ints, y: str) -> list[go.Scatter]:
    """Return the line of means, or nothing where no bin holds enough rollouts."""
    found = means(at_x, up, task, columns.n)
    at = np.flatnonzero((found.n >= MEAN_OF) & np.isfinite(found.mean))
    if not len(at):
        return []
    above, below = np.nan_to_num(found.high - found.mean)[at], np.nan_to_num(found.mean - found.low)[at]
    words = [f"mean {name_of(y)} {_interval_words(found, i)}<br>{columns.words(i)}" for i in at.tolist()]
    line = go.Scatter(
        x=columns.middle[at],
        y=found.mean[at],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "thickness": 1.5,
            "width": 3,
            "color": SECOND_COLOUR,
        },
        customdata=[[encode([columns.part(i)])] for i in at.tolist()],
        mode="lines+markers",
        marker={"size": 5},
        line={"width": 2, "color": SECOND_COLOUR},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        text=words,
        hovertemplate="%{text}<extra></extra>",
    )
    return [line]


def _interval_words(found: Means, at: int) -> str:
    """Return a mean with its interval as people read it: "0.61 (0.55 to 0.68) of 312 rollouts, 40 tasks"."""
    low, high = found.low[at], found.high[at]
    interval = "" if np.isnan(low) else f" ({low:.3g} to {high:.3g})"
    tasks = counted(int(found.tasks[at]), "task")
    return f"{found.mean[at]:.4g}{interval} of {counted(int(found.n[at]), 'rollout')}, {tasks}"


def _trend(mean: list[go.Scatter]) -> str:
    if not mean or len(mean[0].y) < 2:
        return "Too few points for a mean line."
    return f"The mean goes from {mean[0].y[0]:.4g} on the left to {mean[0].y[-1]:.4g} on the right."


def _axes(figure: go.Figure, columns: Bins, lines: Bins) -> None:
    for axis, update in ((columns, figure.update_xaxes), (lines, figure.update_yaxes)):
        update(title=name_of(axis.column), nticks=6, showgrid=False, zeroline=False)
        if 0 < len(axis.value) <= MAX_TICKS and axis.n <= MAX_TICKED:
            update(tickvals=axis.value.tolist(), ticktext=[f"{value:,.4g}" for value in axis.value.tolist()])
        if axis.is_log:
            update(type="log", minor={"ticks": ""}, dtick=1 if axis.edges[-1] > 30 * axis.edges[0] else None)
    figure.update_layout(hoverdistance=12)
