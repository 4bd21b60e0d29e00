"""How many examples exceed the limit of their trainer, what it does with them, and which limit would hold them all.

Takes tokens per example and gives numbers and a sentence; knows neither files nor rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.training.cost import Lengths, Span, are_too_long
from rollout_curator.training.targets.base import Target

Array = np.ndarray[Any, Any]

OVER_LENGTH = "over_length"
"""What the hazard of an example that exceeds the limit is called."""
OUTCOMES = {"masked": "fully masked", "cut": "cut at the end", "dropped": "dropped in training"}
"""What a trainer does with an example that exceeds its limit, in two or three words."""
SMALLEST = 512


@dataclass(frozen=True, slots=True)
class LengthCheck:
    """The examples of a file beside a limit in tokens: the trainer's default, or one that was chosen.

    `about` is how many of the `n` examples exceed it, between `low` and `high` where lengths are estimates. `fits_all`
    is the smallest usual limit that holds them all, None where none exceeds it or the limit is fixed.
    """

    trainer: str
    limit: int
    is_default: bool
    is_estimated: bool
    outcome: str
    n: int
    exceed: Span
    longest: int
    fits_all: int | None = None

    @property
    def holds(self) -> bool:
        """Say whether no example exceeds the limit."""
        return not self.exceed.about

    def sentence(self) -> str:
        """Return it as people say it, empty where no example exceeds the limit.

        "144 of 334 exceed 1,024 tokens (NeMo RL default, estimated): fully masked"
        """
        return "" if self.holds else f"{self.exceed.about:,} {self.words()}"

    def words(self) -> str:
        """Return what follows the number of examples that exceed the limit."""
        whose = f"{self.trainer} default" if self.is_default else "chosen max length"
        counted = ", estimated" if self.is_estimated else ""
        verb = "exceeds" if self.exceed.about == 1 else "exceed"
        return f"of {self.n:,} {verb} {self.limit:,} tokens ({whose}{counted}): {self.outcome}"

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as they stand in `--json` and in the manifest."""
        return {
            "trainer": self.trainer,
            "limit": self.limit,
            "is_default": self.is_default,
            "is_estimated": self.is_estimated,
            "examples": self.n,
            "exceed": self.exceed.about,
            "exceed_range": [self.exceed.low, self.exceed.high],
            "outcome": self.outcome,
            "longest": self.longest,
            "fits_all": self.fits_all,
            "sentence": self.sentence(),
        }


def check_lengths(known: Lengths, exceeding: Array, target: Target, limit: int, chosen: int | None) -> LengthCheck:
    """Return the check of examples with these lengths, of which a boolean each says whether it exceeds the limit.

    `chosen` is the limit of the recipe, None where it names none.
    """
    n = int(np.count_nonzero(exceeding))
    is_estimated = bool((known.low != known.high).any())
    low, high = (int(np.count_nonzero(are_too_long(some, limit, target))) for some in (known.low, known.high))
    largest = int(known.high.max(initial=0))
    return LengthCheck(
        trainer=target.title,
        limit=limit,
        is_default=chosen is None,
        is_estimated=is_estimated,
        outcome=OUTCOMES[target.overlong],
        n=len(known.total),
        exceed=Span(n, min(low, n), max(high, n)),
        longest=int(known.total.max(initial=0)),
        fits_all=next_size(largest, target) if n and not target.limit_is_fixed else None,
    )


def next_size(longest: int, target: Target) -> int:
    """Return the smallest usual limit that an example of so many tokens does not exceed."""
    return next(size for size in _sizes() if not target.is_too_long(longest, size))


def _sizes() -> Iterator[int]:
    """Yield powers of two, and what lies half way between two of them."""
    size = SMALLEST
    while True:
        yield size
        yield size + size // 2
        size *= 2
