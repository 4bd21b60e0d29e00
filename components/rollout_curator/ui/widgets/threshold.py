"""The threshold picker: a histogram whose handle is dragged, with exact counts that need no server.

Hands the browser the stops of a handle and what each keeps (`levels.Levels`), and hears back what the user chose.
Knows nothing of where the page keeps the threshold. The drawing is `threshold*.js`.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from rollout_curator.levels import Kept, Levels, Steps

_HERE = Path(__file__).parent
SCRIPTS = ("threshold_numbers.js", "threshold_look.js", "threshold_plot.js", "threshold.js")
"""The parts of the script in the order they are joined; the last has the default export."""


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "rollout_curator_threshold",
    css=_text("threshold.css"),
    js="\n".join(_text(name) for name in SCRIPTS),
)


@dataclass(slots=True)
class _Heard:
    """The last choice of the user this session has heard of; `session` tells it from those of an earlier server."""

    session: str = field(default_factory=lambda: secrets.token_hex(8))
    sequence: int = 0


@st.cache_resource(scope="session", show_spinner=False)
def _heard(key: str) -> _Heard:
    return _Heard()


def threshold_picker(
    levels: Levels, value: float | None, *, key: str, title: str = "Reward", unit: str = ""
) -> float | None:
    """Return the threshold the user has just chosen, else `value`; None means no threshold.

    A choice is returned once. The caller keeps it and passes it as `value` from then on, so whatever changes
    `value` (a number box, a link) wins over an earlier drag. `title` and `unit` name the axis; they are shown as text.
    """
    heard = _heard(key)
    data = {
        "session": heard.session,
        "heard": heard.sequence,
        "value": value,
        "at": _counts(levels.at(value)),
        "title": title,
        "unit": unit,
        **payload(levels),
    }
    result = _mount(key=key, data=data, on_threshold_change=_note)
    choice: dict[str, Any] = result.threshold or {}
    if choice.get("session") != heard.session or choice["sequence"] <= heard.sequence:
        return value
    heard.sequence = choice["sequence"]
    return None if choice["value"] is None else float(choice["value"])


def _note() -> None:
    """Make Streamlit offer `threshold` on the result; the value itself is read there."""


def payload(levels: Levels) -> dict[str, Any]:
    """Return what the browser needs to draw and to count, as JSON values."""
    return {
        "stops": _arrays(levels.stops),
        "isEvery": levels.is_every_value,
        "bins": {
            "left": levels.bins.left.tolist(),
            "right": levels.bins.right.tolist(),
            "count": levels.bins.count.tolist(),
            "first": levels.bins.first,
            "perValue": levels.bins.per_value,
        },
        "total": _counts(levels.total),
        "unrated": levels.n_unrated,
        "infinite": levels.n_infinite,
    }


def _arrays(steps: Steps) -> dict[str, list[Any]]:
    return {
        "value": steps.value.tolist(),
        "rollouts": steps.rollouts.tolist(),
        "tasks": steps.tasks.tolist(),
        "tokens": steps.tokens.tolist(),
    }


def _counts(kept: Kept) -> dict[str, int]:
    return {"rollouts": kept.rollouts, "tasks": kept.tasks, "tokens": kept.tokens}
