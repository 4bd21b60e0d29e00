"""The groups of a column side by side on one axis: where the rewards of each lie, as one row.

Input is a `group_table` in the order of its rows, sorted by whoever draws: a new order costs no look at the rollouts.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection.slices import Equals, encode
from rollout_curator.ui.plots.base import FIRST_COLOUR, SECOND_COLOUR, finish, nothing, plot
from rollout_curator.ui.plots.labels import distinct, label, name_of
from rollout_curator.words import counted

MAX_ROWS = 40
MAX_LABEL = 22


@plot
def by_group(table: pd.DataFrame, column: str) -> go.Figure:
    """Draw a row per group of a `group_table`, from its first down: at most 40, then all others as one row.

    A thin bar holds the middle 80% of the rewards, a thick one the middle half; a line is the median, a dot the mean
    with its interval.
    """
    title = f"Reward per {name_of(column)}"
    if not len(table) or not table["rated"].any():
        return nothing(title, "no rewards")
    shown, rest = table.iloc[:MAX_ROWS], table.iloc[MAX_ROWS:]
    groups = ["" if _is_missing(group) else str(group) for group in shown.index]
    names = [name or "(none)" for name in distinct(groups, most=MAX_LABEL)]
    opens = [encode([Equals(column, group)]) for group in groups]
    records = zip(groups, shown.to_dict("records"), strict=True)
    words = [_words(label(group) or "(none)", row) for group, row in records]
    if len(rest):
        shown = pd.concat([shown, _others(rest)])
        names.append(f"({len(rest):,} others)")
        words.append(_words(names[-1], shown.iloc[-1].to_dict()))
        opens.append("")
    ticks = [f"{name} ({n:,})" for name, n in zip(names, shown["rollouts"].tolist(), strict=True)]
    figure = go.Figure(_traces(shown, opens, words))
    figure.update_yaxes(
        tickvals=list(range(len(ticks))), ticktext=ticks, range=[len(ticks) - 0.4, -0.6], showgrid=False, zeroline=False
    )
    figure.update_xaxes(title="reward", nticks=6, showgrid=True, range=_range(shown))
    note = (
        "(n) = rollouts; thin: 10th–90th percentile; thick: quartiles; line: median; "
        "dot: mean, 95% CI by task from five tasks on"
    )
    says = f"{title}, {len(table):,} in all. The first is {words[0].replace('<br>', ', ')}."
    finish(figure, title, says, height=140 + 22 * len(ticks), note=note)
    return figure.update_layout(hovermode="y", bargap=0, barmode="overlay")


def _traces(shown: pd.DataFrame, opens: Sequence[str], words: Sequence[str]) -> list[go.Bar | go.Scatter]:
    at = np.arange(len(shown))
    mean = shown["mean"].to_numpy()
    above, below = ((shown[end] - shown["mean"]).abs().fillna(0).to_numpy() for end in ("high", "low"))
    means = go.Scatter(
        x=mean,
        y=at,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "color": SECOND_COLOUR,
            "thickness": 1.5,
            "width": 0,
        },
        mode="markers",
        marker={"size": 8, "color": SECOND_COLOUR},
        hoverinfo="skip",
    )
    medians = go.Scatter(
        x=shown["median"].to_numpy(),
        y=at,
        mode="markers",
        marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": FIRST_COLOUR}},
        hoverinfo="skip",
    )
    middle = shown["mean"].fillna(shown["mean"].mean()).to_numpy()
    hidden = go.Scatter(
        x=middle,
        y=at,
        mode="markers",
        marker={"size": 14, "opacity": 0, "color": FIRST_COLOUR},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[text] for text in opens],
        text=list(words),
        hovertemplate="%{text}<extra></extra>",
    )
    return [_bar(shown, "p10", "p90", 0.22), _bar(shown, "p25", "p75", 0.6), medians, means, hidden]


def _range(shown: pd.DataFrame) -> list[float] | None:
    """Return the ends of the axis: all that is drawn but the intervals, which may be wide where rollouts are few."""
    drawn = shown[["p10", "p90", "mean", "median"]].to_numpy()
    low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    pad = (high / 2 - low / 2) * 0.08 or 0.5
    ends = [low - pad, high + pad]
    return ends if np.isfinite(ends).all() and ends[0] < ends[1] else None


def _bar(shown: pd.DataFrame, low: str, high: str, width: float) -> go.Bar:
    return go.Bar(
        orientation="h",
        y=np.arange(len(shown)),
        base=shown[low].to_numpy(),
        x=(shown[high] - shown[low]).to_numpy(),
        width=width,
        marker={"color": FIRST_COLOUR, "opacity": 0.35, "line": {"width": 0}},
        hoverinfo="skip",
    )


def _others(rest: pd.DataFrame) -> pd.DataFrame:
    """Return the row of all other groups; nothing is known of how their rewards lie but the ends and the mean."""
    rated = rest["rated"].to_numpy()
    total = int(rated.sum())
    row = {
        "rollouts": int(rest["rollouts"].sum()),
        "rated": total,
        "mean": float((rest["mean"].fillna(0).to_numpy() * rated).sum() / total) if total else np.nan,
        "lowest": float(rest["lowest"].min()),
        "highest": float(rest["highest"].max()),
    }
    return pd.DataFrame([row], columns=rest.columns)


def _is_missing(group: object) -> bool:
    return isinstance(group, float) and bool(np.isnan(group))


def _words(name: str, row: Mapping[Hashable, float]) -> str:
    """Return what there is to know of a row; `row` is one of the table."""
    counts = f"{name}<br>{row['rated']:,.0f} of {counted(int(row['rollouts']), 'rollout')} with a reward"
    if not row["rated"]:
        return counts
    lines = [counts, f"mean {row['mean']:.4g}, from {row['lowest']:.4g} to {row['highest']:.4g}"]
    if not np.isnan(row["low"]):
        lines.append(f"95% CI of the mean by {row['tasks']:,.0f} tasks: {row['low']:.4g} to {row['high']:.4g}")
    if not np.isnan(row["median"]):
        lines.append(f"median {row['median']:.4g}, quartiles {row['p25']:.4g} to {row['p75']:.4g}")
    if not np.isnan(row.get("pass_rate", np.nan)):
        lines.append(f"{row['pass_rate']:.1%} pass")
    return "<br>".join(lines)
