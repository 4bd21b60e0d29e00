"""Reward against another number, as density: a million rollouts are binned here."""

import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.levels import round_edges
from rollout_curator.plots.base import THIRD_COLOUR, finish, nothing, plot
from rollout_curator.plots.labels import name_of
from rollout_curator.plots.tables import Floats, Ints, numbers

N_COLUMNS = 60
N_ROWS = 30
MEAN_OF = 5
"""The mean is drawn where at least this many rollouts lie."""


@plot
def reward_against(frame: pd.DataFrame, column: str) -> go.Figure:
    """Draw how many rollouts lie where, reward against another numeric column, with the mean reward as a line."""
    name = name_of(column)
    title = f"Reward against {name}"
    reward, other = numbers(frame, "reward"), numbers(frame, column)
    both = ~np.isnan(reward) & ~np.isnan(other)
    if not both.any():
        return nothing(title, f"no rollout has both a reward and {name}")
    reward, other = reward[both], other[both]
    is_log = _is_skewed(other)
    x_edges, y_edges = (_log_edges(other) if is_log else _edges(other, N_COLUMNS)), _edges(reward, N_ROWS)
    x, y = _bin(x_edges, other), _bin(y_edges, reward)
    shape = len(y_edges) - 1, len(x_edges) - 1
    counts = np.bincount(y * shape[1] + x, minlength=shape[0] * shape[1]).reshape(shape)
    middle = np.sqrt(x_edges[:-1]) * np.sqrt(x_edges[1:]) if is_log else x_edges[:-1] / 2 + x_edges[1:] / 2
    figure = go.Figure([_density(counts, x_edges, y_edges, name), _mean(x, reward, middle)])
    figure.update_xaxes(title=name, type="log" if is_log else "linear", nticks=8, showgrid=False)
    if is_log and x_edges[-1] > 100 * x_edges[0]:
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(title="reward", showgrid=False, zeroline=False)
    return finish(figure, title, f"{title}: {len(reward):,} rollouts as density, the mean reward as a dotted line.")


def _density(counts: Ints, x_edges: Floats, y_edges: Floats, name: str) -> go.Heatmap:
    """Return a heatmap whose colour is the logarithm of the count, and whose words are the count."""
    with np.errstate(divide="ignore"):
        z = np.where(counts > 0, np.log10(counts), np.nan)
    powers = range(int(np.log10(counts.max())) + 1)
    x_words = [f"{name} {a:,.6g} to {b:,.6g}" for a, b in itertools.pairwise(x_edges)]
    y_words = [f"reward {a:.6g} to {b:.6g}" for a, b in itertools.pairwise(y_edges)]
    rows = zip(y_words, counts.tolist(), strict=True)
    words = [
        [f"{n:,} rollouts<br>{yw}<br>{xw}" if n else "" for xw, n in zip(x_words, row, strict=True)] for yw, row in rows
    ]
    return go.Heatmap(
        x=x_edges,
        y=y_edges,
        z=z,
        zmin=0,
        zmax=max(1.0, float(np.nanmax(z))),
        text=words,
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        colorbar={
            "title": "rollouts",
            "tickvals": list(powers),
            "ticktext": [f"{10**power:,}" for power in powers],
            "thickness": 12,
        },
    )


def _mean(x: Ints, reward: Floats, middle: Floats) -> go.Scatter:
    n = np.bincount(x, minlength=len(middle))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.bincount(x, weights=reward, minlength=len(middle)) / n
    enough = n >= MEAN_OF
    return go.Scatter(
        x=middle[enough],
        y=mean[enough],
        customdata=n[enough],
        mode="lines+markers",
        marker={"size": 4},
        line={"width": 2, "dash": "dot", "color": THIRD_COLOUR},
        hovertemplate="mean reward %{y:.4~g} of %{customdata:,} rollouts<extra></extra>",
    )


def _bin(edges: Floats, values: Floats) -> Ints:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def _is_skewed(values: Floats) -> bool:
    """A logarithmic axis serves positive values whose largest is far from the middle."""
    return bool(values.min() > 0 and values.max() / 20 > np.median(values))


def _edges(values: Floats, most: int) -> Floats:
    """Return bins around each value when values are evenly spaced and few, else at round numbers."""
    value = np.unique(values)
    low, high = float(value[0]), float(value[-1])
    half_gap = float(np.diff(value * 0.5).min()) if len(value) > 1 else 0.5
    n = 1 + (round((high / 2 - low / 2) / half_gap) if half_gap > 0 and len(value) <= most else most)
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.linspace(low - half_gap, high + half_gap, n + 1) if n <= most else value[:0]
    if len(edges) and np.all(np.diff(edges) > 0) and np.isfinite(edges).all():
        return edges
    return round_edges(low, high, most=most).edges


def _log_edges(values: Floats) -> Floats:
    """Return bins of equal ratio from the smallest value to just above the largest."""
    return np.geomspace(float(values.min()), float(values.max()) * (1 + 1e-9), N_COLUMNS + 1)
