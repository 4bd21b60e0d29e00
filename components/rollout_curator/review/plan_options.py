"""How many to read, decided before reading: so many reads, so many bad ones allowed, and how often that passes.

A plan is what makes the exact bound true: it holds for a number of reads fixed beforehand. A plan with few reads is
passed only by sets that are much better than the goal; `chance` says how often, for a set with so many bad ones.
"""

import math
from dataclasses import dataclass

from rollout_curator.review import confidence as bounds

ALLOWED = (0, 1, 3, 9)
"""Bad ones that the plans on offer allow."""
BETTER = 0.4
"""The share of the goal that is truly bad, for which the chance is given: 2% for a goal of 5%."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan to choose: `reads` with at most `bad` bad ones meet the goal, which happens with `chance` at `share`."""

    reads: int
    bad: int
    share: float
    chance: float


def offers(goal: float, total: int, confidence: float = bounds.CONFIDENCE) -> list[Offer]:
    """Return the plans for a set of this size, the shortest first; none that would read all of it."""
    found = []
    for bad in ALLOWED:
        reads = bounds.planned(goal, total, confidence, bad) if total else 0
        if 0 < reads < total:
            share = goal * BETTER
            found.append(Offer(reads, bad, share, passes(reads, bad, share, total)))
    return found


def allowed(goal: float, reads: int, total: int, confidence: float = bounds.CONFIDENCE) -> int:
    """Return how many bad ones among so many reads still show the goal, 0 where even none does not."""
    bad = 0
    while bad < reads and bounds.most_bad(bad + 1, min(reads, total), total, confidence) <= goal * total:
        bad += 1
    return bad


def passes(reads: int, bad: int, share: float, total: int) -> float:
    """Return the chance of at most `bad` bad ones among `reads` of `total`, of which this share is bad."""
    return min(1.0, bounds.chance_of_at_most(bad, reads, total, math.floor(share * total)))
