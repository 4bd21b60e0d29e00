"""What training on some rows of a workspace costs: the columns that `cost` asks for, under a recipe.

Where the recipe names a chat template and a tokenizer, every example is rendered and counted exactly.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from rollout_curator.index.columns import WEIGHTS
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.cost import Asked, Cost, Lengths, Named, Written, cost, lengths
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
ROWS_A_BLOCK = 4096


def usual(recipe: Recipe) -> Asked:
    """Return how training runs with the config that is given with the file."""
    target = recipes.plan(recipe).target
    return Asked(recipe.max_tokens or target.config_limit, target.usual_batch)


def cost_of(workspace: Workspace, recipe: Recipe, rows: Array, **asked: int) -> Cost:
    """Return what training on the examples of some rows costs; what is not `asked` is as usual."""
    plan = recipes.plan(recipe)
    agents, agent_names = workspace.classes("agent")
    groups = workspace.groups(recipe.group_by).codes[rows]

    def task(code: int) -> str:
        return workspace.group_names(recipe.group_by, [code])[0]

    named = Named(agents[rows], lambda code: agent_names[code]), Named(groups, task)
    return cost(lengths_of(workspace, plan, rows), replace(usual(recipe), **asked), plan.target, *named)


def lengths_of(workspace: Workspace, plan: Plan, rows: Array) -> Lengths:
    """Return the tokens of the examples of some rows: exact with a chat template and its tokenizer, else estimates."""
    if counts_exactly(plan):
        total, trained = workspace.conversion_outcomes.lengths(plan, rows).T
        return Lengths(total, trained, total, total)
    written = Written(
        with_reasoning=plan.format == "chat" and plan.chat.reasoning != "drop",
        is_flat=plan.format == "flat",
        trains_prompt=plan.target.trains_prompt and not plan.chat.mask_prompt,
    )
    return lengths({name: workspace.column(name)[rows] for name in WEIGHTS}, written)


def longest(workspace: Workspace, plan: Plan, rows: Array) -> int:
    """Return the tokens of the longest example of some rows, 0 of none; holds the columns of a block at a time."""
    blocks = (rows[start : start + ROWS_A_BLOCK] for start in range(0, len(rows), ROWS_A_BLOCK))
    return max((int(lengths_of(workspace, plan, block).total.max()) for block in blocks), default=0)


def counts_exactly(plan: Plan) -> bool:
    """Say whether a plan names all that is needed to count the tokens its trainer sees."""
    template = plan.look.template
    has_counter = template is not None and bool(template.tokenizer)
    return has_counter and plan.target.renders != "itself" and plan.look.is_known
