"""How many rollouts lie where on a number: bars, of which a selection's part stands apart."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection.group_statistics import Ints
from rollout_curator.selection.group_tables import numbers
from rollout_curator.selection.slices import encode
from rollout_curator.selection.task_means import Bools
from rollout_curator.ui.plots.base import FIRST_COLOUR, SIXTH_COLOUR, finish, nothing, plot
from rollout_curator.ui.plots.bins import Bins, bins
from rollout_curator.ui.plots.labels import name_of
from rollout_curator.words import counted

N_BARS = 40
MAX_TICKED = 12
"""Up to so many values, each has its number on the axis."""


@plot
def histogram(frame: pd.DataFrame, column: str, *, kept: Bools | None = None, n_before: int = 0) -> go.Figure:
    """Draw how many rollouts lie where on a column, from `kept` ones up.

    `kept` says of each row of the frame whether it is kept, None that all are; `n_before` are dropped already.
    """
    title = f"Rollouts by {name_of(column)}"
    values = numbers(frame, column)
    rows = np.flatnonzero(~np.isnan(values))
    if not len(rows):
        return nothing(title, f"no {name_of(column)} values")
    parts = bins(column, values[rows], N_BARS)
    at = parts.of(values[rows])
    is_kept = np.ones(len(rows), dtype=bool) if kept is None else kept[rows]
    figure = go.Figure([_bars(parts, at[is_kept], "kept", FIRST_COLOUR)])
    if not is_kept.all():
        figure.add_trace(_bars(parts, at[~is_kept], "dropped", SIXTH_COLOUR))
    _axes(figure, parts)
    note = counted(len(rows), "rollout") + ("" if is_kept.all() else f", {np.count_nonzero(is_kept):,} kept")
    note += f"; {len(values) - len(rows):,} without a number" if len(rows) < len(values) else ""
    note += f"; {n_before:,} dropped before" if n_before else ""
    finish(figure, title, f"{title}: {note}.", note=note)
    return figure.update_layout(barmode="stack", hovermode="x", showlegend=not is_kept.all())


def _bars(parts: Bins, at: Ints, name: str, colour: str) -> go.Bar:
    n = np.bincount(at, minlength=parts.n)
    low, high = parts.edges[:-1], parts.edges[1:]
    return go.Bar(
        name=name,
        x=low / 2 + high / 2,
        y=n,
        width=high - low,
        marker={"color": colour, "line": {"width": 0.5, "color": "white"}},
        customdata=[[encode([parts.part(i)])] for i in range(parts.n)],
        text=[f"{counted(held, 'rollout')} {name}<br>{parts.words(i)}" for i, held in enumerate(n.tolist())],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _axes(figure: go.Figure, parts: Bins) -> None:
    figure.update_yaxes(title="rollouts")
    figure.update_xaxes(title=name_of(parts.column), nticks=8)
    if 0 < len(parts.value) <= MAX_TICKED:
        figure.update_xaxes(tickvals=parts.value.tolist(), ticktext=[f"{value:,.4g}" for value in parts.value.tolist()])
    if parts.is_log:
        ends = np.log10(parts.edges[[0, -1]])
        figure.update_xaxes(type="log", range=ends.tolist())
