"""The plan of a reading: how many to read at random, chosen before, kept in the review store for one selection.

A plan holds for the reads that come after it; those before it are left out of its sample. It may be chosen anew as long
as nothing was read under it: who could choose again after each look would find one that passes.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from rollout_curator.errors import DecisionRefused
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.random_sample import population
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Sampling:
    """A plan that was chosen: so many `reads`, of them at most `bad` for the goal, after the act of this `clock`."""

    reads: int
    bad: int
    goal: float
    clock: int


def name_of(recipe: Recipe) -> str:
    """Return the name of a selection, the same for all recipes that select alike."""
    said = repr(recipes.selection_pairs(recipe))
    return f"sampling {hashlib.sha256(said.encode(errors='surrogatepass')).hexdigest()[:16]}"


def chosen(workspace: Workspace, recipe: Recipe) -> Sampling | None:
    """Return the plan for this selection, None when none was chosen or it makes no sense."""
    found = workspace.decisions.setting(name_of(recipe), None) if workspace.decisions else None
    if not isinstance(found, dict):
        return None
    values = [found.get(name) for name in ("reads", "bad", "goal", "clock")]
    if not all(isinstance(value, int | float) for value in values) or not 0 < float(values[0] or 0) < 2**31:
        return None
    return Sampling(int(values[0] or 0), int(values[1] or 0), float(values[2] or 0), int(values[3] or 0))


def choose(workspace: Workspace, recipe: Recipe, reads: int, bad: int, goal: float, reviewer: str = "") -> Sampling:
    """Choose how many to read next at random. Raises DecisionRefused when reading under another plan has begun."""
    store = workspace.decisions
    if store is None:
        raise DecisionRefused("the plan cannot be saved: no review store")
    now = population(workspace, recipe)
    before = chosen(workspace, recipe)
    if before is not None and np.any(now.member & now.read & (now.when > before.clock)):
        raise DecisionRefused(
            f"a plan of {before.reads:,} reviews was chosen for this selection and review has begun; it stays, since "
            "a plan chosen after the first results would prove nothing"
        )
    if not 0 < reads <= np.count_nonzero(now.member):
        raise DecisionRefused(f"{reads:,} reviews are not possible: only {np.count_nonzero(now.member):,} are selected")
    made = Sampling(reads, bad, goal, store.clock())
    store.set(name_of(recipe), {"reads": reads, "bad": bad, "goal": goal, "clock": made.clock}, reviewer)
    return made
