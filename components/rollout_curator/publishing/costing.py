"""What training on some rows of a workspace costs: the columns that `cost` asks for, under a recipe."""

from typing import Any

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator.cost import Asked, Cost, cost, lengths
from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace

COLUMNS = ("chars_prompt", "chars_out", "chars_reasoning", "chars_tool", "tokens", "estimated")


def cost_of(workspace: Workspace, recipe: Recipe, kept: np.ndarray[Any, Any], **asked: int) -> Cost:
    """Return what training on the kept rows costs; `asked` are fields of `cost.Asked`.

    Tasks are named by their source and name, as on the command line.
    """
    plan = recipes.plan(recipe)
    rows = np.flatnonzero(kept)
    known = lengths(
        {name: workspace.column(name)[rows] for name in COLUMNS},
        with_reasoning=plan.format == "chat" and plan.chat.reasoning != "drop",
        is_flat=plan.format == "flat",
    )
    agents, agent_names = workspace.classes("agent")
    tasks, task_names = workspace.classes("task")
    sources = [source.name for source in workspace.sources]
    starts = np.cumsum([source.n_rollouts for source in workspace.sources])
    places = np.searchsorted(starts, rows, side="right").tolist()
    named = [
        f"{sources[place]} task {task_names[task]}" for place, task in zip(places, tasks[rows].tolist(), strict=True)
    ]
    return cost(known, Asked(**asked), [agent_names[code] for code in agents[rows].tolist()], named)
