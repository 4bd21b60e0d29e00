"""Many small threshold pickers side by side, one for each agent, source or model.

Each has a bound of its own or follows the one that holds for all. Hears back one choice at a time. Knows nothing of
what the panels stand for, nor of where the page keeps their bounds. The drawing is `panels.js`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rollout_curator.selection.threshold_counts import ThresholdCounts
from rollout_curator.ui import scripts
from rollout_curator.ui.picker.messages import PanelSaid, PanelsData
from rollout_curator.ui.picker.payload import heard, small_payload
from rollout_curator.ui.state.state import of_component

MAX_STOPS = 60
"""A small plot has so many stops for its handle at most."""

_mount = st.components.v2.component(
    "rollout_curator_panels",
    css=scripts.text("picker/picker.css") + scripts.text("picker/panels.css"),
    js=scripts.loader("picker/panels.js"),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One small plot: its bound is `levels.bounds.low`, its own or, if not `own`, the one for all."""

    name: str
    note: str
    levels: ThresholdCounts
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
    panels: Sequence[Panel],
    *,
    key: str,
    title: str,
    one_axis: bool = True,
    take: Callable[[PanelChoice], None] | None = None,
) -> PanelChoice | None:
    """Return what the user has just chosen, once; else None. Several choices in a row come one a run.

    Bounds go to `take`, where there is one, before the page runs: it need not run twice to be up to date.
    With `one_axis` all panels share an axis, so that they can be compared; else each has its own.
    """
    known = heard(key)
    data: PanelsData = {
        "session": known.session,
        "heard": known.sequence,
        "title": title,
        "oneAxis": one_axis,
        "panels": [_panel(panel) for panel in panels],
    }

    def take_bounds() -> None:
        for said in known.new(of_component(key).get("choices")):
            choice = _choice(panels, said)
            if take is None or said.get("opened"):
                return
            known.sequence = said["sequence"]
            if choice is not None:
                take(choice)

    result = _mount(key=key, data=data, on_choices_change=take_bounds)
    new = known.new(result.choices)
    if not new:
        return None
    known.sequence = new[0]["sequence"]
    return _choice(panels, new[0])


def _choice(panels: Sequence[Panel], first: Mapping[str, Any]) -> PanelChoice | None:
    """Return one choice, None where it was made on panels that are no longer there."""
    index = int(first["index"])
    if index >= len(panels) or panels[index].name != first["name"]:
        return None
    bound = first.get("atLeast")
    return PanelChoice(index, first["name"], None if bound is None else float(bound), bool(first.get("opened")))


def _panel(panel: Panel) -> PanelSaid:
    levels = panel.levels.thinned(MAX_STOPS)
    return {"name": panel.name, "note": panel.note, "own": panel.own, **small_payload(levels)}
