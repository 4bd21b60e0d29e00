"""The rows with answers that a reviewer marked as not to be trained on: few among many, so kept beside the columns.

Knows rows, keys and numbers of items; what a mark does to an example is up to `loss_marks`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

Array = np.ndarray[Any, Any]
Marks = Mapping[str, Collection[int]]
"""Marked items by the key of a content."""
Kind = TypeVar("Kind")


class Keyed(Protocol):
    """What is asked of a collection of rollouts."""

    def rows_of_keys(self, keys: Sequence[str]) -> tuple[Array, Array]:
        """Return the rows with any of these contents, and for each the place of its key."""


@dataclass(frozen=True, slots=True)
class MarkedRows:
    """The marked items of each marked row, and by key of those contents that are open; `version` counts the changes."""

    version: int = 0
    items: Mapping[int, frozenset[int]] = field(default_factory=dict)
    by_key: Mapping[str, list[int]] = field(default_factory=dict)

    def of(self, row: int) -> frozenset[int]:
        """Return the marked items of a row."""
        return self.items.get(row, frozenset())

    def renewed(self, rows: Keyed, marks: Marks) -> "MarkedRows":
        """Return what these marks fall on; the same object when nothing changed."""
        keys = list(marks)
        found = zip(*(part.tolist() for part in rows.rows_of_keys(keys)), strict=True)
        items = {row: frozenset(marks[keys[place]]) for row, place in sorted(found)}
        if items == self.items:
            return self
        open_here = sorted({keys[place] for place in rows.rows_of_keys(keys)[1].tolist()})
        return MarkedRows(self.version + 1, items, {key: sorted(marks[key]) for key in open_here})


def amended(codes: Array, kinds: Sequence[Kind], of_rows: Mapping[int, Kind]) -> tuple[Array, list[Kind]]:
    """Return codes into a list of kinds with those of some rows replaced."""
    codes, names = codes.copy(), list(kinds)
    places = {kind: n for n, kind in enumerate(kinds)}
    for row, kind in of_rows.items():
        if kind not in places:
            places[kind] = len(names)
            names.append(kind)
        codes[row] = places[kind]
    return codes, names
