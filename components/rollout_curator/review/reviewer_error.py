"""How often a reviewer is wrong, from rollouts that two read blind, and what that makes of the share they rejected.

What is right is what both said, or what they settled on where they differed. So an error that both made is not seen,
and the rates are somewhat too good; with readers who are right nine times in ten by about one percent. "Bad" is what is
rejected: the sensitivity is the share of bad ones that a reviewer rejects, the specificity that of good ones they
accept. Source of the corrected share: Rogan & Gladen, Am. J. Epidemiol. 107 (1978).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rollout_curator.review.confidence import CONFIDENCE, interval

NEEDED = 10
"""Bad ones, and good ones, that must have been read twice before a rate is given."""
DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Rates:
    """One reviewer on what was read twice: `caught` of the `bad` were rejected, `passed` of the `good` accepted.

    `differences` of theirs are to be settled first: without them the rates would be those of the easy ones.
    """

    reviewer: str
    bad: int
    caught: int
    good: int
    passed: int
    differences: int

    @property
    def is_enough(self) -> bool:
        """Say whether enough was read twice and settled to speak of rates."""
        return min(self.bad, self.good) >= NEEDED and not self.differences

    @property
    def sensitivity(self) -> tuple[float, float]:
        """Return the exact 95% interval of the share of bad ones that is rejected."""
        return interval(self.caught, self.bad)

    @property
    def specificity(self) -> tuple[float, float]:
        """Return the exact 95% interval of the share of good ones that is accepted."""
        return interval(self.passed, self.good)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A share of bad ones with the errors of the reader taken out, and its interval, all within 0 and 1."""

    share: float
    low: float
    high: float


def rates(first: Mapping[str, Mapping[str, str]], settled: Mapping[str, str]) -> list[Rates]:
    """Return the rates of every reviewer who read something twice.

    `first` are the first verdicts each gave blind, by reviewer and key; `settled` what was decided where they differ.
    """
    said: dict[str, set[str]] = {}
    times: dict[str, int] = {}
    for own in first.values():
        for key, verdict in own.items():
            said.setdefault(key, set()).add(verdict)
            times[key] = times.get(key, 0) + 1
    twice = {key: _right(verdicts, settled.get(key, "")) for key, verdicts in said.items() if times[key] > 1}
    found = (_rates(who, own, twice) for who, own in sorted(first.items()))
    return [one for one in found if one.bad or one.good or one.differences]


def _right(verdicts: set[str], settled: str) -> str:
    return next(iter(verdicts)) if len(verdicts) == 1 else settled


def _rates(who: str, own: Mapping[str, str], twice: Mapping[str, str]) -> Rates:
    pairs = [(verdict, twice[key]) for key, verdict in own.items() if key in twice]
    bad = [verdict for verdict, right in pairs if right == "reject"]
    good = [verdict for verdict, right in pairs if right == "accept"]
    counts = len(bad), bad.count("reject"), len(good), good.count("accept")
    return Rates(who, *counts, len(pairs) - len(bad) - len(good))


def corrected(rejected: int, read: int, known: Rates) -> Corrected | None:
    """Return the share of bad ones in what a reviewer read at random, None where too little is known of their errors.

    The interval are quantiles under Jeffreys' priors on the share rejected and on both rates, which are taken as
    measured apart; the tests simulate what it covers.
    """
    if not known.is_enough or not read:
        return None
    caught, passed = known.caught / known.bad, known.passed / known.good
    if caught + passed <= 1.0:
        return None  # no better than a coin: nothing can be told from what they reject
    share = (rejected / read + passed - 1.0) / (caught + passed - 1.0)
    dice = np.random.default_rng(0)
    apparent = dice.beta(rejected + 0.5, read - rejected + 0.5, DRAWS)
    catches = dice.beta(known.caught + 0.5, known.bad - known.caught + 0.5, DRAWS)
    passes = dice.beta(known.passed + 0.5, known.good - known.passed + 0.5, DRAWS)
    told = catches + passes - 1.0
    informs = told > 0
    drawn = np.clip((apparent + passes - 1.0) / np.where(informs, told, 1.0), 0.0, 1.0)
    low = np.quantile(np.where(informs, drawn, 0.0), (1 - CONFIDENCE) / 2)
    high = np.quantile(np.where(informs, drawn, 1.0), (1 + CONFIDENCE) / 2)
    return Corrected(float(np.clip(share, 0.0, 1.0)), float(low), float(high))
