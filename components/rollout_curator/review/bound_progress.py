"""How far the random reviews are on the way to an error bound: two short lines for a bar, made from a `Statement`.

The lines hold nothing that the statement does not; `statement_words` says it in full.
"""

from dataclasses import dataclass

from rollout_curator.review.statement import ALL, Statement
from rollout_curator.review.statement_words import percent


@dataclass(frozen=True, slots=True)
class Progress:
    """So many reviews of so many that are `needed`, and in words what they are for and what they show by now."""

    done: int
    needed: int
    goal: str
    bound: str

    @property
    def share(self) -> float:
        """Return how much of the way is done, 0 to 1."""
        return min(1.0, self.done / self.needed) if self.needed else 0.0


def progress(said: Statement) -> Progress:
    """Return how far the reviews are: to the end of a plan under way, else to the goal if no more bad are found."""
    read, plan = said.sample.read, said.plan
    goal = "of the plan" if said.is_plan_exceeded else f"for ≤ {_tight(said.goal)} bad"
    if plan is not None and said.plan_bad_at_most < 0:
        done, needed = said.plan_read, plan.reads
    else:
        done, needed = read, read + said.more
    if said.kept and read and not said.more and said.upper > said.goal:
        return Progress(read, said.sample.total, f"{read:,} reviewed at random", _bound(said))
    return Progress(done, needed, f"{done:,} / {needed:,} {goal}" if needed else "", _bound(said))


def _bound(said: Statement) -> str:
    read, bad = said.sample.read, said.sample.bad
    if not said.sample.total:
        return "nothing is selected"
    if not said.kept:
        return "nothing is kept"
    if not read:
        return "no random reviews yet"
    if said.is_refuted:
        return f"no bound: {said.left_reading:,} rejected outside the sample"
    if said.basis == ALL:
        return f"all reviewed, {bad:,} bad"
    if said.kept_bad_at_most >= said.kept:
        return f"too few reviews for a bound ({read:,})"
    return f"{bad:,} bad, at most {_tight(said.upper)} ({_tight(said.confidence)} confidence)"


def _tight(share: float) -> str:
    """Return a share in percent as a bar has room for it."""
    return percent(share).replace(" ", "")
