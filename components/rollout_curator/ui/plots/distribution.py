"""How rewards are distributed over all rollouts."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection.group_tables import numbers
from rollout_curator.ui.plots.base import FIRST_COLOUR, finish, nothing, plot

MAX_POINTS = 400
MAX_VALUE_BARS = 30


@plot
def ecdf(frame: pd.DataFrame) -> go.Figure:
    """Draw the share of rated rollouts at or below each reward."""
    title = "Reward ECDF"
    reward = np.sort(numbers(frame, "reward"))
    reward = reward[: int(np.count_nonzero(~np.isnan(reward)))]
    if not len(reward):
        return nothing(title, "no rewards")
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
        hovertemplate="%{customdata:,} rollouts (%{y:.1%}) have a reward ≤ %{x:.6~g}<extra></extra>",
    )
    figure = go.Figure(line)
    figure.update_xaxes(title="reward")
    figure.update_yaxes(title="cumulative share", tickformat=".0%", range=[0, 1.02])
    half = float(reward[(len(reward) - 1) // 2])
    return finish(figure, title, f"{title}: half of {len(reward):,} rollouts with a reward are at {half:.6g} or below.")


def ecdf_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the reward below which each tenth of the rated rollouts lies, the ends included: `share`, `reward`."""
    reward = numbers(frame, "reward")
    reward = np.sort(reward[~np.isnan(reward)])
    share = np.linspace(0, 1, 11) if len(reward) else np.empty(0)
    place = np.ceil(share * (len(reward) - 1) - 1e-9).astype(np.int64)
    return pd.DataFrame({"share": share, "reward": reward[place]})
