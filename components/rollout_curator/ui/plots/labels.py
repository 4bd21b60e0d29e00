"""Text from data as a figure shows it verbatim.

Plotly reads a small subset of HTML in every title, tick and hover text, links among it. All text that comes from
rollouts (names of agents, tasks, columns) passes through `label` on its way into a figure.
"""

from collections import Counter
from collections.abc import Sequence
from html import escape
from itertools import groupby

from rollout_curator import words as naming
from rollout_curator.printable import spaced

MAX_NAME = 48


def label(text: object, *, most: int = MAX_NAME) -> str:
    """Return text from data as plotly shows it verbatim: short, on one line, without markup or hidden characters."""
    shown = spaced(str(text)[:4000])
    if len(shown) > most:
        tail = most // 3
        shown = f"{shown[: most - tail - 1]}…{shown[-tail:]}"
    return escape(shown, quote=False)


def name_of(column: str) -> str:
    """Return the words a column is called by on an axis."""
    return label(naming.name_of(column))


def distinct(names: Sequence[str], *, most: int) -> list[str]:
    """Return a label for each name in which parts of paths that more than half of the names share give way to a mark.

    A name whose short form another one has too keeps all its parts.
    """
    held = Counter(part for name in names for part in set(name.split("/")))
    short = [_without(name, {part for part, n in held.items() if 2 * n > len(names) > 1}) for name in names]
    n_alike = Counter(short)
    return [label(name if n_alike[form] > 1 else form, most=most) for name, form in zip(names, short, strict=True)]


def _without(name: str, common: set[str]) -> str:
    marked = ("…" if part in common else part for part in name.split("/"))
    return "/".join(part for part, _ in groupby(marked)) if "/" in name else name
