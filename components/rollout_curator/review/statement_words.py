"""What a statement about the kept set says, in the words of the app, of the command line and of the data card.

Shares of bad ones are rounded up to a tenth of a percent, shares of good ones down, so that words never promise more
than the numbers. What the statement depends on stands beside it, in `notes`; whoever prints one prints the other.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.plan_options import Offer, offers
from rollout_curator.review.sampling_plan import Sampling
from rollout_curator.review.statement import ALL
from rollout_curator.review.summary import PLAN, Statement, statement, verdicts
from rollout_curator.review.verdicts import NEVER, is_compared
from rollout_curator.words import counted, said_of
from rollout_curator.workspace.workspace import Workspace


def sentence(said: Statement) -> str:
    """Return the statement as people read it, in one or two sentences."""
    total, read = counted(said.sample.total, "selected rollout"), said.sample.read
    if not said.sample.total:
        return "Nothing selected, nothing to review."
    if not said.kept:
        return f"None of the {total} is kept, so no error rate can be given."
    if not read:
        return f"None of the {total} has been reviewed at random yet, so the kept set has no error bound yet."
    planned = ", as planned" if said.basis == PLAN else ""
    first = f"{read:,} of the {total} reviewed at random{planned}, {said.sample.bad:,} bad"
    if said.is_refuted:
        return (
            f"{first}, but {said.left_reading:,} were rejected in other queues, more than the {said.allows:,} that "
            "this sample allows: by chance, or by another standard. So the kept set has no error bound."
        )
    return f"{first}: {_bound(said)}. {_goal(said)}"


def _bound(said: Statement) -> str:
    reader = "this reviewer" if said.readers < 2 else "these reviewers"
    sure = f"({percent(said.confidence)} confidence{'' if said.basis in (PLAN, ALL) else ', whenever you stop'})"
    if said.basis == ALL:
        sure = "(all were reviewed)"
    if said.is_pairs:
        pairs = f"at most {said.units_at_most:,} of {said.units:,} pairs have a chosen side that {reader} would reject"
        return f"{pairs} {sure}; no bound for the rejected sides"
    rows = f", at most {said.units_at_most:,} of {said.units:,} examples" if said.copies else ""
    return f"at most {percent(said.upper)} of the unique kept rollouts would be rejected by {reader}{rows} {sure}"


def _goal(said: Statement) -> str:
    goal, plan = percent(said.goal), said.plan
    if said.upper <= said.goal:
        return f"Goal of {goal} reached."
    if plan is not None and said.plan_bad_at_most < 0:
        if said.is_plan_exceeded:
            return (
                f"The plan of {plan.reads:,} reviews allowed {_allowed(plan.bad)} and has {said.plan_bad:,}: "
                f"judged at its end, it may miss {goal}."
            )
        return f"A plan of {plan.reads:,} reviews is under way and is judged at its end."
    brings = f"{said.more:,} more, {'if good' if said.more == 1 else 'all good'}, would bring it to {goal}"
    if said.basis == PLAN:
        brings = f"by the bound that holds whenever you stop, {brings}"
        return f"Goal of {goal} not reached; {brings}." if said.more else f"Goal of {goal} not reached."
    return f"{brings}." if said.more else f"Goal of {goal} not reached."


def notes(said: Statement) -> list[str]:
    """Return what the statement depends on, in sentences."""
    return [*_on_plan(said), *_on_bound(said), *_on_set(said)]


def plan_words(plan: Sampling) -> str:
    """Return the plan that was chosen, as "Plan for this selection: 59 random reviews, 0 bad."."""
    return f"Plan for this selection: {plan.reads:,} random reviews, {_allowed(plan.bad)}."


def _on_plan(said: Statement) -> list[str]:
    """Return, before reading, the plan that was chosen, or those there are to choose from."""
    if said.sample.read or not said.kept:
        return []
    if said.plan is not None:
        return [plan_words(said.plan)]
    found = [f"{offer_words(one, said)}." for one in offered(said)]
    first = "Choose a plan before you start. Without one you can stop at any time, but more reviews are needed."
    return [first, *found] if found else []


def _allowed(bad: int) -> str:
    return f"at most {bad:,} bad" if bad else "0 bad"


def _on_bound(said: Statement) -> list[str]:
    """Return what the bound rests on."""
    if not said.sample.read or not said.kept or said.basis == ALL:
        return []
    fixed = "if the rules and the threshold were fixed before you started"
    if said.basis == PLAN:
        return [f"The plan of {said.sample.read:,} reviews was chosen before them, for this selection: valid {fixed}."]
    found = [f"Valid whenever you stop, {fixed}."]
    if said.plan is not None and said.plan_bad_at_most >= 0:
        share = percent(said.plan_bad_at_most / said.kept)
        found.append(
            f"At its end the plan of {said.plan.reads:,} reviews showed at most {share}; more were reviewed since."
        )
    elif said.upper_if_planned < said.upper:
        would = f", which would reach the goal of {percent(said.goal)}" if said.upper_if_planned <= said.goal else ""
        had = f"Had just these {said.sample.read:,} reviews been planned"
        found.append(f"{had} before, it would be at most {percent(said.upper_if_planned)}{would}.")
    return found


def _on_set(said: Statement) -> list[str]:
    """Return what was done with contents that are no plain reads or no plain members."""
    found = []
    if said.copies and not said.is_pairs:
        found.append(f"Duplicates count once: {said.units:,} kept rollouts, {said.kept:,} unique.")
    if said.sample.beyond:
        found.append(
            f"You skipped a rollout in the random sample. {said.sample.beyond:,} reviewed after it, or in other "
            "queues, "
            "count once you decide it."
        )
    if said.left_reading:
        were = said_of(said.left_reading, "were rejected in other queues, maybe by another standard")
        found.append(f"{said.left_reading:,} more {were}: out of the kept set, not counted as bad.")
    if said.left_otherwise:
        were = said_of(said.left_otherwise, "were rejected in bulk or not chosen in a comparison")
        found.append(f"{said.left_otherwise:,} {were}: out of the kept set, as if by a rule.")
    if said.came:
        were = said_of(said.came, "were rejected in another way when their turn at random had come or was near")
        found.append(f"{said.came:,} {were}; counted as bad.")
    if said.disputed:
        are = (
            "are kept although somebody rejected them" if said.disputed > 1 else "is kept although somebody rejected it"
        )
        found.append(f"{said.disputed:,} of the sample {are}: bad until the conflict is resolved.")
    if said.uncovered:
        found.append(
            f"{said.uncovered:,} kept rollouts were not in the sampled population (e.g. the runner-up of a rejected "
            "one). Each "
            "counts as bad."
        )
    return found


def offered(said: Statement) -> list[Offer]:
    """Return the plans for the set as it is now, without what was read of it."""
    left = said.sample.total - said.sample.read
    return offers(said.goal, left, said.confidence) if said.plan is None or not said.sample.read else []


def offer_words(offer: Offer, said: Statement) -> str:
    """Return what a plan asks for and how often it passes: "59 reviews, 0 bad: at most 5%; passes 30% of the time"."""
    passes = f"passes {math.floor(offer.chance * 100 + 0.5)}% of the time when {percent(offer.share)} are bad"
    return f"{offer.reads:,} reviews, {_allowed(offer.bad)}: at most {percent(said.goal)}; {passes}"


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that is said of how good a set is: the statement, what it depends on, how decisions came about."""

    statement: str
    notes: tuple[str, ...]
    decided: str


def said_of_kept(workspace: Workspace, recipe: Recipe, written: Any = None) -> Said:
    """Return what a data card says of what is written, no statement where nothing was read at random yet."""
    said = statement(workspace, recipe, written=written)
    if not said.sample.read:
        return Said("", (), decided_words(workspace))
    return Said(sentence(said), tuple(notes(said)), decided_words(workspace))


def decided_words(workspace: Workspace) -> str:
    """Return how the verdicts that stand here came about: "Reviewed one by one: 80; accepted in bulk: 250."."""
    counts: dict[tuple[str, str], int] = {}
    for key, verdict in workspace.current_verdicts().items():
        act = workspace.decision(key)
        if act is not None:
            way = "bulk" if act.batch else "compared" if is_compared(act) else "read"
            counts[way, verdict] = counts.get((way, verdict), 0) + 1
    read = [counts.get(("read", verdict), 0) for verdict in ("accept", "reject")]
    at_random = int(np.count_nonzero(verdicts(workspace).turn[workspace.first_rows] != NEVER))
    if not counts:
        return "No decisions yet."
    split = f" ({read[0]:,} accepted, {read[1]:,} rejected)" if any(read) else ""
    parts = [f"Reviewed one by one: {sum(read):,}{split}"]
    parts += [f"first reviewed at random: {at_random:,}"] if at_random else []
    named = {
        ("compared", "accept"): "chosen in a comparison",
        ("compared", "reject"): "not chosen in a comparison",
        ("bulk", "accept"): "accepted in bulk",
        ("bulk", "reject"): "rejected in bulk",
    }
    parts += [f"{words}: {counts[way]:,}" for way, words in named.items() if way in counts]
    return "; ".join(parts) + "."


def percent(share: float) -> str:
    """Return a share in percent, rounded up to a tenth."""
    return _tenths(math.ceil(share * 1000 - 1e-9))


def least(share: float) -> str:
    """Return a share in percent, rounded down to a tenth: for what is at least so good."""
    return _tenths(math.floor(share * 1000 + 1e-9))


def _tenths(tenths: int) -> str:
    return f"{tenths // 10:,}%" if tenths % 10 == 0 else f"{tenths / 10:,.1f}%"
