"""An interval of a number: which values lie in it, how it is said, and its text as it stands in URLs."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout_curator.words import exact

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """Values from `low` to `high`: `low` included, `high` only when `closed`; None is no bound."""

    low: float | None = None
    high: float | None = None
    closed: bool = True

    @property
    def is_bounded(self) -> bool:
        """Say whether it has an end at all."""
        return self.low is not None or self.high is not None

    def mask(self, values: "Array") -> "Array":
        """Return which of these floats lie in it; NaN lies in none, not even in one without ends."""
        inside: Array = values == values  # NaN is not
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values <= self.high if self.closed else values < self.high
        return inside

    @property
    def words(self) -> str:
        """Return it in words: those of its ends, or its one value."""
        return exact(self.low) if self.low is not None and self.low == self.high else self.ends

    @property
    def ends(self) -> str:
        """Return its ends in words: "3–12", "≥ 3", "≤ 12", "< 12", "[3, 12)", "any"."""
        if self.high is None:
            return "any" if self.low is None else f"≥ {exact(self.low + 0.0)}"
        high = exact(self.high)
        if self.low is None:
            return f"≤ {high}" if self.closed else f"< {high}"
        return f"{exact(self.low)}–{high}" if self.closed else f"[{exact(self.low)}, {high})"

    @property
    def text(self) -> str:
        """Return it as it stands in URLs: `0.7..0.8`, `..<0.8` without its high end."""
        low, high = ("" if bound is None else repr(float(bound)) for bound in (self.low, self.high))
        return f"{low}{'..' if self.closed else '..<'}{high}"


ANY = Interval()


def parse_interval(text: str) -> Interval | None:
    """Return the interval of a text, None where it is no such text."""
    start, dots, end = text.partition("..")
    try:
        low, high = (float(bound) if bound else None for bound in (start, end.removeprefix("<")))
    except ValueError:
        return None
    if not dots or any(bound is not None and math.isnan(bound) for bound in (low, high)):
        return None
    return Interval(low, high, closed=not end.startswith("<"))
