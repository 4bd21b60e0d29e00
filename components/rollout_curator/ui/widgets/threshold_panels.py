"""Many small threshold pickers side by side, one for each agent, source or model.

Each has a bound of its own or follows the one that holds for all. Hears back one choice at a time. Knows nothing of
what the panels stand for, nor of where the page keeps their bounds. The drawing is `threshold_panels.js`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rollout_curator.levels import Levels
from rollout_curator.ui.widgets.threshold_payload import heard, script, small_payload, text

SCRIPTS = ("threshold_numbers.js", "threshold_counts.js", "threshold_panel.js", "threshold_panels.js")
MAX_STOPS = 60
"""A small plot has so many stops for its handle at most."""

_mount = st.components.v2.component("rollout_curator_panels", css=text("threshold_panels.css"), js=script(*SCRIPTS))


@dataclass(frozen=True, slots=True)
class Panel:
    """One small plot: its bound is `levels.bounds.at_least`, its own or, if not `own`, the one for all."""

    name: str
    note: str
    levels: Levels
    own: bool


@dataclass(frozen=True, slots=True)
class PanelChoice:
    """What the user has just done to one panel.

    With `opened`, to read it. Otherwise `at_least` is its own bound from now on, None to follow the one for all again.
    """

    index: int
    name: str
    at_least: float | None = None
    opened: bool = False


def threshold_panels(
    panels: Sequence[Panel], *, key: str, title: str, one_axis: bool = True, unit: str = ""
) -> PanelChoice | None:
    """Return what the user has just chosen, once; else None. Several choices in a row come one a run.

    With `one_axis` all panels share an axis, so that they can be compared; else each has its own.
    """
    known = heard(key)
    data = {
        "session": known.session,
        "heard": known.sequence,
        "title": title,
        "unit": unit,
        "oneAxis": one_axis,
        "panels": [_panel(panel) for panel in panels],
    }
    result = _mount(key=key, data=data, on_choices_change=_note)
    new = known.new(result.choices)
    if not new:
        return None
    first = new[0]
    known.sequence = first["sequence"]
    index = int(first["index"])
    if index >= len(panels) or panels[index].name != first["name"]:
        return None  # it was chosen from panels that are no longer there
    bound = first.get("atLeast")
    return PanelChoice(index, first["name"], None if bound is None else float(bound), bool(first.get("opened")))


def _panel(panel: Panel) -> dict[str, Any]:
    levels = panel.levels.thinned(MAX_STOPS)
    return {"name": panel.name, "note": panel.note, "own": panel.own, **small_payload(levels)}


def _note() -> None:
    """Make Streamlit offer `choices` on the result; the value itself is read there."""
