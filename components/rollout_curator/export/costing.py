"""What training on some rows of a workspace costs, and how many of them exceed the limit, under a recipe."""

from dataclasses import replace
from typing import Any

import numpy as np

from rollout_curator.export.trainer_config import says_of
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.cost import Asked, Cost, Lengths, Named, cost
from rollout_curator.training.length_check import LengthCheck, check_lengths
from rollout_curator.workspace.example_lengths import exceeding, lengths_by_block, lengths_of
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]


def usual(recipe: Recipe) -> Asked:
    """Return how training runs with the config that is given with the file."""
    plan = recipes.plan(recipe)
    limit = plan.look.max_tokens or plan.target.usual_limit or Asked().max_length
    return Asked(limit, plan.target.usual_batch)


def cost_of(workspace: Workspace, recipe: Recipe, rows: Array, **asked: int) -> Cost:
    """Return what training on the examples of some rows costs; what is not `asked` is as usual."""
    plan = recipes.plan(recipe)
    agents, agent_names = workspace.classes("agent")
    groups = workspace.groups(recipe.group_by).codes[rows]

    def task(code: int) -> str:
        return workspace.group_names(recipe.group_by, [code])[0]

    named = Named(agents[rows], lambda code: agent_names[code]), Named(groups, task)
    return cost(lengths_of(workspace, plan, rows), replace(usual(recipe), **asked), plan.target, *named)


def length_check(workspace: Workspace, recipe: Recipe, units: Array) -> LengthCheck | None:
    """Return how many examples of some rows, or pairs of rows, exceed the limit; None where there is no limit.

    A pair exceeds it with either of its sides.
    """
    plan = recipes.plan(recipe)
    if plan.limit is None or not len(units):
        return None
    rows, places = np.unique(units, return_inverse=True)
    known = lengths_by_block(workspace, plan, rows)
    is_over = exceeding(workspace, plan, rows, known)
    if units.ndim == 2:
        sides = places.reshape(units.shape)
        known = Lengths(*(column[sides].max(axis=1) for column in (known.total, known.trained, known.low, known.high)))
        is_over = np.asarray(is_over[sides].any(axis=1))
    target = replace(plan.look.target, title=says_of(recipe, plan)[0])
    return check_lengths(known, is_over, target, plan.limit, plan.look.max_tokens)


def longest(workspace: Workspace, plan: Plan, rows: Array) -> int:
    """Return the tokens of the longest example of some rows, 0 of none."""
    return int(lengths_by_block(workspace, plan, rows).total.max(initial=0))
