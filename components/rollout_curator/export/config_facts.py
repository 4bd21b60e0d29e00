"""The trainer's config for an export: what it is told of the written files, their lengths and the steps asked for."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rollout_curator.export.choice import Chosen
from rollout_curator.export.costing import longest
from rollout_curator.export.settings import Settings
from rollout_curator.export.trainer_config import config_of
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.length_check import LengthCheck
from rollout_curator.training.targets.base import ConfigFacts
from rollout_curator.workspace.workspace import Workspace


def config_for(
    workspace: Workspace,
    recipe: Recipe,
    chosen: Chosen,
    paths: Mapping[str, Path],
    settings: Settings,
    length: LengthCheck | None,
) -> str:
    """Return the config that trains on the written files; `length` is the check of what they hold."""
    plan = recipes.plan(recipe)
    rows = np.unique(np.concatenate([part.units.ravel() for part in chosen.parts]))
    validation = paths.get("validation")
    facts = ConfigFacts(
        str(paths[next(iter(paths))]),
        plan.format,
        bool((workspace.column("n_tools")[rows] > 0).any()) and plan.format == "chat",
        None if validation is None else str(validation),
        (length.longest if length else longest(workspace, plan, rows)) or None,
        plan.look.max_tokens,
        len(chosen.parts[0].units),
        settings.batch_size,
        settings.epochs,
        *((length.sentence(), length.fits_all) if length else ()),
    )
    return config_of(recipe, plan, facts)
