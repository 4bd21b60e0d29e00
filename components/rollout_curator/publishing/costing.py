"""What training on some rows of a workspace costs: the columns that `cost` asks for, under a recipe."""

from typing import Any

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator.cost import Asked, Cost, Named, cost, lengths
from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace

COLUMNS = ("chars_prompt", "chars_out", "chars_reasoning", "chars_tool", "tokens", "estimated")


def cost_of(workspace: Workspace, recipe: Recipe, rows: np.ndarray[Any, Any], asked: Asked) -> Cost:
    """Return what training on the examples of some rows costs."""
    plan = recipes.plan(recipe)
    known = lengths(
        {name: workspace.column(name)[rows] for name in COLUMNS},
        with_reasoning=plan.format == "chat" and plan.chat.reasoning != "drop",
        is_flat=plan.format == "flat",
    )
    agents, agent_names = workspace.classes("agent")
    groups = workspace.groups(recipe.group_by).codes[rows]

    def task(code: int) -> str:
        return workspace.group_names(recipe.group_by, [code])[0]

    return cost(known, asked, Named(agents[rows], lambda code: agent_names[code]), Named(groups, task))
