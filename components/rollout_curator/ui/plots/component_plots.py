"""How the components of a reward relate to it: which of them decides, and where they contradict the total.

A component is any numeric column beside the reward. It is called high at or above the middle of its own range: for one
of two values that is the higher. Input are the columns of a frame; what they mean is not known here.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection.group_statistics import Floats
from rollout_curator.selection.group_tables import numbers
from rollout_curator.selection.slices import Range, encode
from rollout_curator.ui.plots.base import FIRST_COLOUR, SECOND_COLOUR, SIXTH_COLOUR, THIRD_COLOUR, finish, nothing, plot
from rollout_curator.ui.plots.labels import label, name_of
from rollout_curator.words import counted, exact

MAX_ROWS = 20
MAX_LABEL = 22
PREFIX = "reward_components."
QUARTERS = {"both": FIRST_COLOUR, "neither": SIXTH_COLOUR, "only_component": SECOND_COLOUR, "only_reward": THIRD_COLOUR}
NAMES = {
    "both": "both high",
    "neither": "both low",
    "only_component": "component high, reward low",
    "only_reward": "component low, reward high",
}


def component_table(frame: pd.DataFrame, names: Sequence[str], at_least: float) -> pd.DataFrame:
    """Return one row per component: how it goes with a reward of at least `at_least`.

    rollouts (those with both), equal (the share whose reward is the component), correlation (Pearson, NaN where one
    does not vary), high (from where the component is high), and counts: both, neither, only_component, only_reward.
    Those that vary come first, of these those with most rollouts, of these the most related.
    """
    reward = numbers(frame, "reward")
    rows = [_row(numbers(frame, name), reward, at_least) for name in names]
    columns = ["rollouts", "equal", "correlation", "high", *QUARTERS]
    table = pd.DataFrame(rows, index=pd.Index(list(names), name="component", dtype=object), columns=columns)
    related = table["correlation"].abs().fillna(-1).to_numpy()
    order = np.lexsort((-related, -table["rollouts"].to_numpy(), related < 0))
    return table.iloc[order]


def _row(component: Floats, reward: Floats, at_least: float) -> dict[str, float]:
    has_both = ~np.isnan(component) & ~np.isnan(reward)
    if not has_both.all():
        component, reward = component[has_both], reward[has_both]
    n = len(reward)
    if not n:
        return dict.fromkeys(["equal", "correlation", "high"], math.nan) | dict.fromkeys(["rollouts", *QUARTERS], 0)
    high = float(component.min()) / 2 + float(component.max()) / 2
    is_high, passes = component >= high, reward >= at_least
    both, component_high = int(np.count_nonzero(is_high & passes)), int(np.count_nonzero(is_high))
    reward_high = int(np.count_nonzero(passes))
    return {
        "rollouts": n,
        "equal": int(np.count_nonzero(component == reward)) / n,
        "correlation": _correlation(component, reward),
        "high": high,
        "both": both,
        "neither": n - component_high - reward_high + both,
        "only_component": component_high - both,
        "only_reward": reward_high - both,
    }


def _correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation, NaN where it is not defined."""
    with np.errstate(all="ignore"):
        a, b = a - a.mean(), b - b.mean()
        found = float((a @ b) / (np.sqrt(a @ a) * np.sqrt(b @ b)))
    return found if math.isfinite(found) else math.nan


@plot
def components(table: pd.DataFrame, at_least: float) -> go.Figure:
    """Draw a row per component of a `component_table`, split by whether component and reward agree."""
    title = "Components of the reward"
    table = table[table["rollouts"] > 0]
    if not len(table):
        return nothing(title, "no rollouts with both a reward and a component")
    shown = table.iloc[:MAX_ROWS]
    figure = go.Figure([_bars(shown, quarter, at_least) for quarter in QUARTERS])
    equal, related = shown["equal"].tolist(), shown["correlation"].tolist()
    names = [label(str(name).removeprefix(PREFIX), most=MAX_LABEL) for name in shown.index]
    counts = shown["rollouts"].tolist()
    ticks = [f"{name} ({n:,})<br>{_says(*each)}" for name, n, *each in zip(names, counts, equal, related, strict=True)]
    at = list(range(len(shown)))
    figure.update_yaxes(tickvals=at, ticktext=ticks, range=[len(at) - 0.4, -0.6], showgrid=False, zeroline=False)
    figure.update_xaxes(title="share of rollouts with both", tickformat=".0%", range=[0, 1], nticks=6)
    note = (
        f"(n) = rollouts with both; high reward: ≥ {exact(at_least)}; high component: upper half of its range; "
        "equal: reward = component; r: correlation"
    )
    first = f"{names[0]} equals the reward in {equal[0]:.1%} of {int(shown['rollouts'].iloc[0]):,} rollouts"
    finish(figure, title, f"{title}, {len(table):,} in all: {first}. {note}.", height=276 + 40 * len(at), note=note)
    legend = {
        "orientation": "h",
        "traceorder": "normal",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
    }
    return figure.update_layout(
        barmode="stack", bargap=0.25, hovermode="closest", showlegend=True, legend=legend, margin={"b": 140}
    )


def _says(equal: float, related: float) -> str:
    return f"equal {equal:.0%}" + (
        "" if math.isnan(related) else f", r {round(related, 2) + 0.0:.2f}".replace("-", "\u2212")
    )


def _bars(shown: pd.DataFrame, quarter: str, at_least: float) -> go.Bar:
    count, n = shown[quarter].to_numpy(dtype=np.int64), shown["rollouts"].to_numpy(dtype=np.int64)
    high, equal = shown["high"].tolist(), shown["equal"].tolist()
    rows = list(zip(shown.index, high, count.tolist(), n.tolist(), equal, strict=True))
    return go.Bar(
        orientation="h",
        name=NAMES[quarter],
        y=np.arange(len(shown)),
        x=count / n,
        marker={"color": QUARTERS[quarter], "line": {"width": 0}},
        customdata=[[_opens(str(name), high, at_least, quarter)] for name, high, *_ in rows],
        text=[
            f"{name_of(str(name))}<br>{NAMES[quarter]}: {held:,} of {counted(of, 'rollout')} ({held / of:.1%})"
            f"<br>high: ≥ {high:.4g}; equal to the reward in {equal:.1%}"
            for name, high, held, of, equal in rows
        ],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _opens(name: str, high: float, at_least: float, quarter: str) -> str:
    is_high, passes = quarter in ("both", "only_component"), quarter in ("both", "only_reward")
    return encode([_side(name, high, up=is_high), _side("reward", at_least, up=passes)])


def _side(column: str, bound: float, *, up: bool) -> Range:
    return Range(column, low=bound) if up else Range(column, high=bound, closed=False)
