"""A part of the rollouts by what they are: ranges of numbers and words of classes, as a short text that stands in URLs.

What a bar, a cell or a row of a table stands for: `reward=0.7..0.8;agent==swe`. Knows the text and which values fit;
`workspace` knows the columns. Anything in a name or word that has a meaning here is percent-encoded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from rollout_curator.selection.intervals import Interval, parse_interval

Array = np.ndarray[Any, Any]
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Range:
    """Values of a number from `low` to `high`: `low` included, `high` only when `closed`; None is no bound.

    `missing` stands for the rollouts without a value instead, whatever the bounds.
    """

    column: str
    low: float | None = None
    high: float | None = None
    closed: bool = True
    missing: bool = False

    @property
    def interval(self) -> Interval:
        """Return the values it stands for."""
        return Interval(self.low, self.high, self.closed)

    def fits(self, values: Array) -> Array:
        """Return which of these floats lie in the range; NaN lies in none but `missing`."""
        return np.isnan(values) if self.missing else self.interval.mask(values)


@dataclass(frozen=True, slots=True)
class Equals:
    """One word of a class column: an agent, a source, a model, how it ended."""

    column: str
    word: str


Condition = Range | Equals


def encode(parts: Sequence[Condition]) -> str:
    """Return the text of some parts, all of which must fit."""
    return ";".join(map(_encoded, parts))


def decode(text: str) -> tuple[Condition, ...] | None:
    """Return the parts of a text, None where it is no such text."""
    found = [_decoded(piece) for piece in text.split(";")] if text else []
    return None if None in found else tuple(part for part in found if part is not None)


def _encoded(part: Condition) -> str:
    name = _quoted(part.column)
    if isinstance(part, Equals):
        return f"{name}=={_quoted(part.word)}"
    if part.missing:
        return f"{name}={MISSING}"
    return f"{name}={part.interval.text}"


def _quoted(text: str) -> str:
    return quote(text, safe=" ", errors="surrogatepass")


def _plain(text: str) -> str:
    return unquote(text, errors="surrogatepass") if text.isascii() else text


def _decoded(piece: str) -> Condition | None:
    name, equals, rest = piece.partition("=")
    if not equals or not name:
        return None
    column = _plain(name)
    if rest.startswith("="):
        return Equals(column, _plain(rest[1:]))
    if rest == MISSING:
        return Range(column, missing=True)
    found = parse_interval(rest)
    return None if found is None else Range(column, found.low, found.high, found.closed)


def words(part: Condition, name: str) -> str:
    """Return a part in words; `name` is what its column is called."""
    if isinstance(part, Equals):
        return f"{name} {part.word or '(none)'}"
    if part.missing:
        return f"no {name}"
    return f"{name} {part.interval.words}" if part.interval.is_bounded else f"any {name}"
