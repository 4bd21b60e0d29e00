"""What random reads of the selected show of the kept: a number of bad ones that is probably not exceeded.

Joins the sample (`random_sample`) with the exact bounds of `confidence`; `statement_words` says it. Bad is what this
reader would reject, reading it by itself. Only bad ones found in the sample are taken off; others that were rejected
may have been judged by another standard. The bound for a number of reads fixed beforehand is used at the end of a plan
(`sampling_plan`) alone, before and after it the one that holds at any time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import confidence as bounds
from rollout_curator.review.random_order import RandomSample, unread_among_first
from rollout_curator.review.random_sample import Population, population
from rollout_curator.review.sampling_plan import Sampling, chosen
from rollout_curator.review.verdicts import Array, verdicts
from rollout_curator.selection.funnel import ACCEPT
from rollout_curator.workspace.workspace import Workspace

GOAL = 0.05
PLAN, ALL, ANY_TIME = "plan", "all", "any time"
"""What a bound rests on: a plan that was read to its end, reading everything, or neither."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What random reading shows. Counts are of different contents, `units` of what is written: rows, or pairs.

    `basis` says which bound `kept_bad_at_most` is; `kept_bad_if_planned` is the one for a number fixed beforehand,
    `plan_bad_at_most` that of the first reads of a plan, -1 before its end, and `plan_read` how many it has had,
    `plan_bad` of them bad ones; all reads where there is no plan. `more` clean ones are missing for the goal by the
    bound that holds at any time, `to_read` of them nobody has read yet. `left_reading` and `left_otherwise` were
    rejected elsewhere or by comparison or in bulk and are out of the set, `came` when their turn had come (they count
    as bad), `disputed` in the sample are kept although somebody rejects them, `uncovered` are kept but not among the
    selected, each of which counts as bad. `allows` is how many bad ones the sample would allow outside of it.
    """

    confidence: float
    goal: float
    sample: RandomSample
    stop_key: str
    basis: str
    plan: Sampling | None
    plan_bad_at_most: int
    plan_read: int
    plan_bad: int
    bad_at_most: int
    kept: int
    copies: int
    units: int
    units_at_most: int
    is_pairs: bool
    kept_bad_at_most: int
    kept_bad_whenever: int
    kept_bad_if_planned: int
    left_reading: int
    left_otherwise: int
    came: int
    disputed: int
    uncovered: int
    allows: int
    readers: int
    planned: int
    more: int
    to_read: int

    @property
    def upper(self) -> float:
        """Return the highest share of bad ones among the kept that still fits."""
        return self._share(self.kept_bad_at_most)

    @property
    def upper_whenever(self) -> float:
        """Return the same for who looks at any time and stops when they like."""
        return self._share(self.kept_bad_whenever)

    @property
    def upper_if_planned(self) -> float:
        """Return what could be said, had so many reads been planned before."""
        return self._share(self.kept_bad_if_planned)

    @property
    def is_refuted(self) -> bool:
        """Say whether reading elsewhere found more bad ones than the sample allows."""
        return self.basis != ALL and self.left_reading > self.allows

    @property
    def is_plan_exceeded(self) -> bool:
        """Say whether a plan under way has found more bad ones than it allows; at its end it may miss its goal."""
        return self.plan is not None and self.plan_bad_at_most < 0 and self.plan_bad > self.plan.bad

    def _share(self, n: int) -> float:
        return n / self.kept if self.kept else 0.0


def statement(
    workspace: Workspace,
    recipe: Recipe,
    goal: float = GOAL,
    confidence: float = bounds.CONFIDENCE,
    written: Array | None = None,
) -> Statement:
    """Return what the random reads of the selected say about the kept, as of now.

    `written` are rows, or pairs of rows (chosen, rejected), in place of the rows that a recipe keeps.
    """
    workspace.refresh_decisions()
    plan = chosen(workspace, recipe)

    def made() -> Statement:
        rows = np.flatnonzero(workspace.select(recipe).kept) if written is None else written
        return _Stating(workspace, recipe, plan, confidence, rows).made(goal)

    if written is not None:
        return made()
    return workspace.as_of_now("statement", (plan, goal, confidence, repr(recipe)), made)


class _Stating:
    """The kept set beside the sample, from which each bound is made."""

    def __init__(
        self, workspace: Workspace, recipe: Recipe, plan: Sampling | None, confidence: float, written: Array
    ) -> None:
        found, first = verdicts(workspace), workspace.first_rows
        self.workspace, self.plan, self.confidence = workspace, plan, confidence
        self.is_pairs, self.readers = written.ndim == 2, len(found.readers)
        rows = written if written.ndim == 1 else written[:, 0]
        self.weight = np.bincount(workspace.contents[rows], minlength=len(first))
        self.kept = self.weight > 0
        self.now: Population = population(workspace, recipe)
        self.codes = found.codes[first]
        good = found.is_read[first] & ~found.is_bad[first] & (self.codes == ACCEPT)
        self.uncovered = self.kept & ~self.now.member & ~good
        self.sample, self.inside = self.now.sample()
        read_good = self.inside & ~self.now.bad
        self.open = self.kept & ~read_good & (self.now.member | ~good)

    def left(self, most: int, gone: int, known: int = 0) -> int:
        """Return how many of the kept are bad at most, when `most` of a set are and `gone` of these are not kept."""
        found = most - gone + known + int(np.count_nonzero(self.uncovered))
        return min(max(found, 0), int(np.count_nonzero(self.open)))

    def gone(self, inside: Array) -> int:
        """Return how many bad ones of a sample are not kept."""
        return int(np.count_nonzero(inside & self.now.bad & ~self.kept))

    def of_plan(self) -> tuple[int, RandomSample]:
        """Return the bound of the first reads of the plan, -1 before its end, and the sample it has made."""
        if self.plan is None:
            return -1, self.sample
        prior = self.now.member & self.now.read & (self.now.when <= self.plan.clock)
        sample, inside = self.now.sample(without=prior)
        places = np.flatnonzero(inside)
        places = places[np.argsort(self.now.sample_rank[places], kind="stable")][: self.plan.reads]
        if len(places) < self.plan.reads:
            return -1, sample
        among = np.zeros(len(inside), dtype=bool)
        among[places] = True
        bad = int(np.count_nonzero(among & self.now.bad))
        most = bounds.most_bad(bad, len(places), sample.total, self.confidence)
        known = int(np.count_nonzero(prior & self.now.bad & self.kept))
        return self.left(most, self.gone(among), known), sample

    def allowed(self, most: Any, n_elsewhere: int) -> int:
        """Return how many bad ones outside of the sample a bound allows, were those found elsewhere in the set."""
        bad, read, total = self.sample.bad, self.sample.read, self.sample.total
        return int(most(bad, read, total + n_elsewhere, self.confidence)) - bad if read else total + n_elsewhere

    def made(self, goal: float) -> Statement:
        """Return the statement."""
        sample, first, n_kept = self.sample, self.workspace.first_rows, int(np.count_nonzero(self.kept))
        numbers, gone = (sample.bad, sample.read, sample.total), self.gone(self.inside)
        whenever = bounds.most_bad_whenever(*numbers, self.confidence)
        at_plan, of_plan = self.of_plan()
        at_end = self.plan is not None and at_plan >= 0 and of_plan.read == self.plan.reads
        basis = ALL if sample.read == sample.total else PLAN if at_end else ANY_TIME
        most_kept = at_plan if basis == PLAN else self.left(whenever, gone)
        allowed = goal * n_kept + gone - int(np.count_nonzero(self.uncovered))
        met = self.left(whenever, gone) <= goal * n_kept
        more = 0 if met else bounds.more_clean_whenever(*numbers, allowed, self.confidence)
        n_elsewhere = int(np.count_nonzero(self.now.left_reading))
        return Statement(
            confidence=self.confidence,
            goal=goal,
            sample=of_plan if basis == PLAN else sample,
            stop_key=self.workspace.key(int(first[sample.stop])) if sample.stop >= 0 else "",
            basis=basis,
            plan=self.plan,
            plan_bad_at_most=at_plan,
            plan_read=of_plan.read,
            plan_bad=of_plan.bad,
            bad_at_most=bounds.most_bad(*numbers, self.confidence) if basis == PLAN else whenever,
            kept=n_kept,
            copies=int(self.weight.sum()) - n_kept,
            units=int(self.weight.sum()),
            units_at_most=self._units(most_kept),
            is_pairs=self.is_pairs,
            kept_bad_at_most=most_kept,
            kept_bad_whenever=self.left(whenever, gone),
            kept_bad_if_planned=self.left(bounds.most_bad(*numbers, self.confidence), gone),
            left_reading=n_elsewhere,
            left_otherwise=int(np.count_nonzero(self.now.left_otherwise)),
            came=int(np.count_nonzero(self.inside & self.now.came)),
            disputed=int(np.count_nonzero(self.inside & self.now.bad & self.kept & (self.codes == ACCEPT))),
            uncovered=int(np.count_nonzero(self.uncovered)),
            allows=self.allowed(bounds.most_bad if basis == PLAN else bounds.most_bad_whenever, n_elsewhere),
            readers=self.readers,
            planned=bounds.planned(goal, sample.total, self.confidence) if sample.total else 0,
            more=more,
            to_read=self._unread(sample.read + more) if more else 0,
        )

    def _unread(self, n: int) -> int:
        """Return how many of the first n members in the random order are still to be read."""
        return unread_among_first(self.now.sample_rank, self.now.member, self.now.read, n)

    def _units(self, most: int) -> int:
        """Return in how many rows or pairs so many bad contents can stand at most."""
        weights = np.sort(self.weight[self.open])[::-1]
        return int(weights[:most].sum())
