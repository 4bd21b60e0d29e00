"""How rewards are distributed: over all rollouts, and side by side for the groups of a column."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rollout_curator.levels import round_edges
from rollout_curator.plots.base import FIRST_COLOUR, finish, nothing, plot
from rollout_curator.plots.labels import label, name_of
from rollout_curator.plots.tables import Floats, Ints, numbers

MAX_POINTS = 400
MAX_GROUPS = 12
MAX_VALUE_BARS = 30


@plot
def ecdf(frame: pd.DataFrame) -> go.Figure:
    """Draw the share of rated rollouts at or below each reward."""
    title = "Share of rollouts at or below a reward"
    reward = np.sort(numbers(frame, "reward"))
    reward = reward[: int(np.count_nonzero(~np.isnan(reward)))]
    if not len(reward):
        return nothing(title, "no rollout has a reward")
    value = np.unique(reward)
    if len(value) > MAX_POINTS:
        value = np.unique(reward[np.linspace(0, len(reward) - 1, MAX_POINTS).round().astype(np.int64)])
    below = np.searchsorted(reward, value, side="right")
    line = go.Scatter(
        x=value,
        y=below / len(reward),
        customdata=below,
        mode="lines+markers" if len(value) <= MAX_VALUE_BARS else "lines",
        line={"shape": "hv", "color": FIRST_COLOUR},
        hovertemplate="%{customdata:,} rollouts (%{y:.1%}) have a reward of %{x:.6~g} or less<extra></extra>",
    )
    figure = go.Figure(line)
    figure.update_xaxes(title="reward")
    figure.update_yaxes(title="share of rated rollouts", tickformat=".0%", range=[0, 1.02])
    half = float(reward[(len(reward) - 1) // 2])
    return finish(figure, title, f"{title}: of {len(reward):,} rated rollouts half are at {half:.6g} or less.")


@plot
def reward_by_group(frame: pd.DataFrame, column: str) -> go.Figure:
    """Draw a small histogram per value of `column` on one shared axis: the 12 largest, then all others as one."""
    title = f"Reward by {name_of(column)}"
    reward = numbers(frame, "reward")
    if np.isnan(reward).all():
        return nothing(title, "no rollout has a reward")
    panels = _panels(frame[column])
    bars = _bars(reward)
    shown = bars.of_row >= 0
    n_panels, n_bars = len(panels.names), len(bars.middle)
    cell = panels.of_row[shown] * n_bars + bars.of_row[shown]
    counts = np.bincount(cell, minlength=n_panels * n_bars).reshape(n_panels, n_bars)
    size = np.bincount(panels.of_row, minlength=n_panels)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.bincount(panels.of_row[shown], weights=reward[shown], minlength=n_panels) / counts.sum(axis=1)
    heads = [_head(*each) for each in zip(panels.names, size.tolist(), mean.tolist(), strict=True)]
    figure, n_rows = _grid(heads)
    for i, name in enumerate(panels.names):
        figure.add_trace(_histogram(bars, counts[i], is_rest=name.startswith("(")), row=i // 3 + 1, col=i % 3 + 1)
    says = (
        f"{title}: {n_panels} histograms on one axis; the largest is {panels.names[0]} with {int(size[0]):,} rollouts."
    )
    finish(figure, title, says, height=90 + 140 * n_rows)
    return figure.update_layout(bargap=0, margin={"t": 84})


@dataclass(frozen=True, slots=True)
class _Bars:
    """Where the bars of a shared axis stand, what each is called, and the bar of each row (-1 for none)."""

    middle: Floats
    width: float
    words: list[str]
    of_row: Ints


@dataclass(frozen=True, slots=True)
class _Panels:
    """The names of the small plots, and the plot of each row."""

    names: list[str]
    of_row: Ints


def _bars(reward: Floats) -> _Bars:
    """Return a bar per value when rewards are few, else bars of round width."""
    rated = ~np.isnan(reward)
    value = np.unique(reward[rated])
    of_row = np.full(len(reward), -1, dtype=np.int64)
    if len(value) <= MAX_VALUE_BARS:
        of_row[rated] = np.searchsorted(value, reward[rated])
        half_gap = float(np.diff(value * 0.5).min()) if len(value) > 1 else 0.5
        half_span = float(value[-1] / 2 - value[0] / 2)
        return _Bars(value, max(half_gap * 1.6, half_span / 25), [f"reward {v:.6g}" for v in value], of_row)
    edges = round_edges(float(value[0]), float(value[-1]), most=50).edges
    of_row[rated] = np.minimum(np.searchsorted(edges, reward[rated], side="right") - 1, len(edges) - 2)
    words = [f"reward {a:.6g} to {b:.6g}" for a, b in itertools.pairwise(edges)]
    return _Bars(edges[:-1] / 2 + edges[1:] / 2, float(edges[1] - edges[0]), words, of_row)


def _panels(column: "pd.Series[Any]") -> _Panels:
    """Return a panel for each of the largest groups, and one for all others."""
    category = column.astype("category").cat
    n = len(category.categories)
    codes = category.codes.to_numpy().astype(np.int64)
    codes = np.where(codes < 0, n, codes)
    size = np.bincount(codes, minlength=n + 1)
    order = np.argsort(-size, kind="stable")
    order = order[size[order] > 0]
    first = order[:MAX_GROUPS]
    names = ["(none)" if code == n else label(category.categories[code], most=24) for code in first.tolist()]
    panel_of = np.full(n + 1, len(names), dtype=np.int64)
    panel_of[first] = np.arange(len(first))
    if len(order) > len(first):
        names.append(f"({len(order) - len(first):,} others)")
    return _Panels(names, panel_of[codes])


def _head(name: str, n: int, mean: float) -> str:
    words = "none rated" if np.isnan(mean) else f"mean {mean:.3g}"
    return f'{name}<br><span style="font-size:11px">{n:,} rollouts, {words}</span>'


def _grid(heads: list[str]) -> tuple[go.Figure, int]:
    n_rows = -(-len(heads) // 3)
    figure = make_subplots(
        rows=n_rows,
        cols=min(3, len(heads)),
        shared_xaxes="all",
        subplot_titles=heads,
        vertical_spacing=0.42 / n_rows if n_rows > 1 else 0,
        horizontal_spacing=0.06,
    )
    figure.update_annotations(font={"size": 13})
    figure.update_yaxes(nticks=3, rangemode="tozero", tickformat="~s")
    figure.update_xaxes(title="reward", row=n_rows)
    return figure, n_rows


def _histogram(bars: _Bars, counts: Ints, *, is_rest: bool) -> go.Bar:
    share = counts / max(1, int(counts.sum()))
    return go.Bar(
        x=bars.middle,
        y=counts,
        width=bars.width,
        marker={"color": FIRST_COLOUR, "line": {"width": 0}, "opacity": 0.5 if is_rest else 1},
        customdata=list(zip(bars.words, share.tolist(), strict=True)),
        hovertemplate="%{customdata[0]}: %{y:,} rollouts, %{customdata[1]:.1%} of those rated<extra></extra>",
    )
