"""What all figures share: the table of plots, the look, the sentence for those who cannot see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from textwrap import wrap
from typing import Any, TypeVar

import plotly.graph_objects as go
from plotly.colors import qualitative

FIRST_COLOUR = "#000001"
SECOND_COLOUR = "#000002"
THIRD_COLOUR = "#000003"
SIXTH_COLOUR = "#000006"
"""Streamlit puts the colours of its theme in place of these; elsewhere they are nearly black."""
FILLED = (FIRST_COLOUR, SECOND_COLOUR, THIRD_COLOUR, "#000004", "#000005", SIXTH_COLOUR)
BARE_TOP = 16
"""The space above a figure that has no title."""
NOTE_WIDTH = 64
"""As many characters of a note fit a line of the narrowest column of the app."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot of the table: its name, and the function that draws it from a frame, a table or a record."""

    name: str
    draw: Callable[..., go.Figure]


PLOTS: dict[str, Plot] = {}
Draw = TypeVar("Draw", bound=Callable[..., go.Figure])


def plot(draw: Draw) -> Draw:
    """Enter a function in the table of plots under its own name."""
    PLOTS[draw.__name__] = Plot(draw.__name__, draw)
    return draw


def alt(figure: go.Figure) -> str:
    """Return the sentence that says what a figure shows to someone who cannot see it."""
    return unescape(str(figure.layout.meta or ""))


def split_heading(figure: go.Figure) -> tuple[str, str, go.Figure]:
    """Return the title of a figure, its note, and the figure without both, for a page that says them itself."""
    title = figure.layout.title
    note = str(title.subtitle.text or "").replace("<br>", " ")
    margin = figure.layout.margin
    bare = go.Figure(figure)
    bare.update_layout(title=None, margin={"t": BARE_TOP}, height=figure.layout.height - margin.t + BARE_TOP)
    return unescape(str(title.text or "")), unescape(note), bare


def finish(figure: go.Figure, title: str, says: str, *, height: int = 320, note: str = "") -> go.Figure:
    """Give a figure its title, the lines below it, its size and its sentence."""
    lines = wrap(note, NOTE_WIDTH)
    figure.update_layout(
        title={
            "text": title,
            "subtitle": {"text": "<br>".join(lines), "font": {"size": 11}},
            "font": {"size": 15},
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
        },
        meta=says,
        height=height,
        margin={"l": 60, "r": 20, "t": 48 + 16 * len(lines), "b": 48},
        showlegend=False,
        hoverlabel={"align": "left"},
    )
    return figure


def nothing(title: str, why: str) -> go.Figure:
    """Return the figure that says why there is nothing to draw."""
    figure = go.Figure()
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(text=why, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5, font={"size": 14})
    return finish(figure, title, f"{title}: {why}.", height=200)


def coloured(figure: go.Figure) -> go.Figure:
    """Put plotly's own colours in place of those that only Streamlit fills in; return the figure."""
    for trace in figure.data:
        _colour(trace, trace.to_plotly_json())
    return figure


def _colour(part: Any, told: Mapping[str, Any]) -> None:
    """Colour a part of a figure and all parts of it; `told` is the part as JSON."""
    for name, value in told.items():
        if isinstance(value, Mapping):
            _colour(part[name], value)
        elif name == "color" and isinstance(value, str) and value in FILLED:
            part[name] = qualitative.Plotly[FILLED.index(value)]
