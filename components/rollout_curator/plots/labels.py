"""Text from data as a figure shows it verbatim.

Plotly reads a small subset of HTML in every title, tick and hover text, links among it. All text that comes from
rollouts (names of agents, tasks, columns) passes through `label` on its way into a figure.
"""

import unicodedata
from html import escape

MAX_NAME = 48
NAMES = {"tokens": "trained tokens", "turns": "turns", "task_id": "task"}
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Classes of characters that are shown as a mark: direction marks reorder words, lone surrogates cannot be sent."""


def label(text: object, *, most: int = MAX_NAME) -> str:
    """Return text from data as plotly shows it verbatim: short, on one line, without markup or hidden characters."""
    shown = "".join(_visible(character) for character in str(text)[:4000])
    if len(shown) > most:
        tail = most // 3
        shown = f"{shown[: most - tail - 1]}…{shown[-tail:]}"
    return escape(shown, quote=False)


def name_of(column: str) -> str:
    """Return the words a column is called by on an axis."""
    return NAMES.get(column, label(column.replace("_", " ")))


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return "\ufffd" if unicodedata.category(character) in HIDDEN else character
