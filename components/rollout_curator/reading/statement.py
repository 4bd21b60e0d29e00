"""What random reads of the selected show of the kept: a number of bad ones that is probably not exceeded.

Joins the sample that `review.drawing` finds with the exact bounds of `review.bounds`; `reading_words` says it.
"""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from rollout_curator.reading.verdicts import holding, selected, verdicts
from rollout_curator.recipe import Recipe
from rollout_curator.review import bounds
from rollout_curator.review.drawing import Drawn, drawn, unread_among_first
from rollout_curator.selection import ACCEPT, NONE, REJECT
from rollout_curator.workspace import Workspace

GOAL = 0.05


@dataclass(frozen=True, slots=True)
class Statement:
    """What random reading shows. Shares are of the kept; `more` is how many clean ones are missing for the goal.

    `found_elsewhere` were rejected while reading and are not in the sample, `uncovered` are kept but not among the
    selected (the next best in the place of a rejected one): each of those counts as bad. `copies` are kept rows beyond
    the first of each content. `upper_whenever` is the bound
    for who stops when it looks good; `to_read` is how many of the `more` nobody has decided yet.
    """

    confidence: float
    goal: float
    sample: Drawn
    stop_key: str
    bad_at_most: int
    kept: int
    copies: int
    kept_bad_at_most: int
    kept_bad_whenever: int
    found_elsewhere: int
    uncovered: int
    planned: int
    more: int
    to_read: int

    @property
    def upper(self) -> float:
        """Return the highest share of bad ones among the kept that still fits."""
        return self.kept_bad_at_most / self.kept if self.kept else 0.0

    @property
    def upper_whenever(self) -> float:
        """Return the same for who looks at any time and stops when they like."""
        return self.kept_bad_whenever / self.kept if self.kept else 0.0


_stated: WeakKeyDictionary[Workspace, dict[Any, Statement]] = WeakKeyDictionary()


def statement(
    workspace: Workspace, recipe: Recipe, goal: float = GOAL, confidence: float = bounds.CONFIDENCE
) -> Statement:
    """Return what the random reads of the selected say about the kept, as of now."""
    key = (workspace.refresh_decisions(), goal, confidence, repr(recipe))
    held = _stated.setdefault(workspace, {})
    if key not in held:
        if len(held) > 64:
            held.clear()
        held[key] = _statement(workspace, recipe, goal, confidence)
    return held[key]


def _statement(workspace: Workspace, recipe: Recipe, goal: float, confidence: float) -> Statement:
    first = workspace.first_rows
    lots, codes = workspace.lots[first], verdicts(workspace).codes[first]
    member = holding(workspace, selected(workspace, recipe))
    decided, bad = codes != NONE, codes == REJECT
    sample = drawn(lots, member, decided, bad)
    chosen = workspace.select(recipe)
    kept = holding(workspace, chosen.kept)
    n_kept, rejected = int(np.count_nonzero(kept)), int(np.count_nonzero(member & bad))
    uncovered = int(np.count_nonzero(kept & ~member & (codes != ACCEPT)))
    unread = int(np.count_nonzero(kept & (codes != ACCEPT)))

    def left(found: int) -> int:
        return min(max(found - rejected, 0) + uncovered, unread)

    numbers = sample.bad, sample.read, sample.total
    most = bounds.most_bad(*numbers, confidence)
    allowed = rejected + goal * n_kept - uncovered
    more = bounds.more_clean(*numbers, lambda read: allowed, confidence) if left(most) > goal * n_kept else 0
    next_reads = unread_among_first(lots, member, decided, sample.read + more) if more else 0
    return Statement(
        confidence=confidence,
        goal=goal,
        sample=sample,
        stop_key=workspace.key(int(first[sample.stop])) if sample.stop >= 0 else "",
        bad_at_most=most,
        kept=n_kept,
        copies=chosen.n_kept - n_kept,
        kept_bad_at_most=left(most),
        kept_bad_whenever=left(bounds.most_bad_whenever(*numbers, confidence)),
        found_elsewhere=rejected - sample.bad,
        uncovered=uncovered,
        planned=bounds.planned(goal, sample.total, confidence) if sample.total else 0,
        more=more,
        to_read=next_reads,
    )
