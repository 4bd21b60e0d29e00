"""The threshold picker: a histogram whose handles are dragged, with exact counts that need no server.

Hands the browser the stops of two handles and what each keeps (`ThresholdCounts`), and hears back what the user chose.
Knows nothing of where the page keeps the bounds. `panels` is many small ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import ThresholdCounts
from rollout_curator.ui import scripts
from rollout_curator.ui.picker.messages import PickerData
from rollout_curator.ui.picker.payload import heard, payload
from rollout_curator.ui.state.state import of_component

_mount = st.components.v2.component(
    "rollout_curator_threshold",
    css=scripts.text("picker/picker.css") + scripts.text("picker/threshold.css"),
    js=scripts.loader("picker/threshold.js"),
)


@dataclass(frozen=True, slots=True)
class Outside:
    """Rollouts that have no place on the axis; `words` follow their number: "12 masked".

    A part of some that are counted already is no share of its own.
    """

    name: str
    words: str
    count: int
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Then:
    """What follows the bounds: what those within them are said to do ("pass the threshold"), and how many are kept."""

    passing: str
    count: int
    words: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user has just done: set bounds, or opened something to read, or both.

    `opened` is a bar (its low end, its high end, whether the high end belongs to it) or the name of an `Outside`.
    """

    bounds: Interval | None = None
    opened: tuple[float, float, bool] | str | None = None


def threshold_picker(
    levels: ThresholdCounts,
    *,
    key: str,
    title: str = "Reward",
    kind: Literal["number", "boolean"] = "number",
    outside: Sequence[Outside] = (),
    then: Then | None = None,
    take: Callable[[Interval], None] | None = None,
) -> Choice | None:
    """Return what the user has just chosen, once; else None.

    Bounds go to `take`, where there is one, before the page runs: it need not run twice to be up to date. The caller
    keeps the bounds and passes levels made for them from then on, so whatever changes them (a number box,
    a link) wins over an earlier drag. What was chosen on an axis of another `title` is not taken for this one. `title`
    and the words of `outside` and `then` are shown as text. Without `then`, what the bounds keep is kept.
    """
    known = heard(key)
    data: PickerData = {
        "session": known.session,
        "heard": known.sequence,
        "title": title,
        "kind": kind,
        "outside": [
            {"name": one.name, "words": one.words, "count": one.count, "isPart": one.is_part} for one in outside
        ],
        "then": None if then is None else {"passing": then.passing, "count": then.count, "words": then.words},
        **payload(levels),
    }

    def take_bounds() -> None:
        choice = choice_of([one for one in known.new(of_component(key).get("choices")) if one["axis"] == title])
        if take is not None and choice is not None and choice.bounds is not None and choice.opened is None:
            known.sequence = of_component(key)["choices"]["waiting"][-1]["sequence"]
            take(choice.bounds)

    result = _mount(key=key, data=data, on_choices_change=take_bounds)
    new = known.new(result.choices)
    if not new:
        return None
    known.sequence = new[-1]["sequence"]
    return choice_of([choice for choice in new if choice["axis"] == title])


def choice_of(new: list[dict[str, Any]]) -> Choice | None:
    """Return several choices as one: of bounds, and of what to open, the last one counts; None without any."""
    if not new:
        return None  # they were made on the axis that was shown before
    bounds = next((choice["bounds"] for choice in reversed(new) if choice.get("bounds")), None)
    opened = next((choice["opened"] for choice in reversed(new) if choice.get("opened")), None)
    if isinstance(opened, list):
        opened = (float(opened[0]), float(opened[1]), bool(opened[2]))
    return Choice(None if bounds is None else Interval(_float(bounds["atLeast"]), _float(bounds["atMost"])), opened)


def _float(bound: float | None) -> float | None:
    return None if bound is None else float(bound)
