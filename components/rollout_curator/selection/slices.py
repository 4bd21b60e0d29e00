"""A part of the rollouts by what they are: ranges of numbers and words of classes, as a short text that stands in URLs.

What a bar, a cell or a row of a table stands for: `reward=0.7..0.8;agent==swe`. Knows the text and which values fit;
`workspace` knows the columns. Anything in a name or word that has a meaning here is percent-encoded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from rollout_curator.words import exact

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

    def fits(self, values: Array) -> Array:
        """Return which of these floats lie in the range; NaN lies in none but `missing`."""
        if self.missing:
            return np.isnan(values)
        fits = ~np.isnan(values)
        if self.low is not None:
            fits &= values >= self.low
        if self.high is not None:
            fits &= values <= self.high if self.closed else values < self.high
        return fits


@dataclass(frozen=True, slots=True)
class Is:
    """One word of a class column: an agent, a source, a model, how it ended."""

    column: str
    word: str


Part = Range | Is


def encode(parts: Sequence[Part]) -> str:
    """Return the text of some parts, all of which must fit."""
    return ";".join(map(_encoded, parts))


def decode(text: str) -> tuple[Part, ...] | None:
    """Return the parts of a text, None where it is no such text."""
    found = [_decoded(piece) for piece in text.split(";")] if text else []
    return None if None in found else tuple(part for part in found if part is not None)


def _encoded(part: Part) -> str:
    name = _quoted(part.column)
    if isinstance(part, Is):
        return f"{name}=={_quoted(part.word)}"
    if part.missing:
        return f"{name}={MISSING}"
    low, high = ("" if bound is None else repr(float(bound)) for bound in (part.low, part.high))
    return f"{name}={low}{'..' if part.closed else '..<'}{high}"


def _quoted(text: str) -> str:
    return quote(text, safe=" ", errors="surrogatepass")


def _plain(text: str) -> str:
    return unquote(text, errors="surrogatepass") if text.isascii() else text


def _decoded(piece: str) -> Part | None:
    name, equals, rest = piece.partition("=")
    if not equals or not name:
        return None
    column = _plain(name)
    if rest.startswith("="):
        return Is(column, _plain(rest[1:]))
    if rest == MISSING:
        return Range(column, missing=True)
    low, dots, high = rest.partition("..")
    closed = not high.startswith("<")
    bounds = _bound(low), _bound(high.removeprefix("<"))
    if not dots or math.nan in bounds:
        return None
    return Range(column, *bounds, closed=closed)


def _bound(text: str) -> float | None:
    """Return a bound, None for none; the one `math.nan` for what is no number."""
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        return math.nan
    return math.nan if math.isnan(found) else found


def words(part: Part, name: str) -> str:
    """Return a part in words; `name` is what its column is called."""
    if isinstance(part, Is):
        return f"{name} {part.word or '(none)'}"
    if part.missing:
        return f"without {name}"
    if part.low is not None and part.low == part.high:
        return f"{name} {exact(part.low)}"
    if part.low is None or part.high is None:
        if part.low is None and part.high is None:
            return f"any {name}"
        if part.high is None:
            return f"{name} {exact(part.low or 0.0)} or more"
        return f"{name} {exact(part.high)} or less" if part.closed else f"{name} below {exact(part.high)}"
    return f"{name} {exact(part.low)} to {'' if part.closed else 'below '}{exact(part.high)}"
