"""How often reviewers accept what has a reward: one point per band of rewards, with the interval around it."""

import pandas as pd
import plotly.graph_objects as go

from rollout_curator.ui.plots.base import FIRST_COLOUR, finish, nothing

TITLE = "Acceptance rate by reward"


def acceptance(bands: pd.DataFrame, threshold: float | None) -> go.Figure:
    """Draw the share that reviewers accept per band; `bands` has low, high, read, accepted, at_least and at_most."""
    known = bands[bands["read"] > 0]
    if known.empty:
        return nothing(TITLE, "no random reviews yet")
    share = known["accepted"] / known["read"]
    points = go.Scatter(
        x=(known["low"] + known["high"]) / 2,
        y=share,
        mode="markers",
        cliponaxis=False,
        marker={"color": FIRST_COLOUR, "size": 9},
        error_y={"array": known["at_most"] - share, "arrayminus": share - known["at_least"], "color": FIRST_COLOUR},
        error_x={"array": (known["high"] - known["low"]) / 2, "color": FIRST_COLOUR, "width": 0, "thickness": 1},
        customdata=known[["accepted", "read", "at_least", "at_most"]],
        hovertemplate="%{customdata[0]:,} of %{customdata[1]:,} accepted; 95% CI %{customdata[2]:.0%}–"
        "%{customdata[3]:.0%}<extra></extra>",
    )
    figure = go.Figure(points)
    if threshold is not None:
        figure.add_vline(x=threshold, line={"dash": "dot", "color": FIRST_COLOUR, "width": 1})
    figure.update_xaxes(title="reward")
    figure.update_yaxes(title="acceptance rate", tickformat=".0%", range=[-0.02, 1.02])
    parts = zip(known["low"], known["high"], share, strict=True)
    said = ", ".join(f"{low:g} to {high:g}: {part:.0%}" for low, high, part in parts)
    return finish(figure, TITLE, f"{TITLE}. {said}.", height=260)
