"""The record `Problem`, what a wrong way looks like, and how numbers are written."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Slip:
    """A wrong route and the answer it ends in."""

    answer: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A question, its answer, three right routes, and the slips people and models make on it.

    `musing` is what the model thinks to itself before it writes; it commits to no figure.
    """

    question: str
    answer: str
    routes: tuple[tuple[str, ...], ...]
    slips: tuple[Slip, ...]
    musing: str


def number(value: Fraction | int) -> str:
    """Return a whole number, a short decimal, or a fraction a/b, whichever is exact."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return str(exact.numerator)
    for digits in (1, 2):
        if (exact * 10**digits).denominator == 1:
            return f"{float(exact):.{digits}f}"
    return f"{exact.numerator}/{exact.denominator}"
