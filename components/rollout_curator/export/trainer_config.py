"""The trainer's config for what was written: the target's own for examples, that of preference training for pairs."""

import os

from rollout_curator.export.dpo_config import SAYS, preference_config
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import format_of
from rollout_curator.training.targets.base import ConfigFacts
from rollout_curator.training.targets.base import get as get_target

PARQUET = {
    "nemo_rl": "# NeMo RL's openai_format reads JSON Lines: export as jsonl to train. This file is for the hub.\n",
    "unsloth": "# The script for Unsloth reads JSON Lines: export as jsonl to have it. This file is for the hub.\n",
    "openai": "# OpenAI takes JSON Lines: export as jsonl to train there. This file is for the hub.\n",
}
"""What stands where a trainer's own config does not read Parquet."""


def config_of(recipe: Recipe, plan: Plan, facts: ConfigFacts) -> str:
    """Return the config that loads the written files."""
    if recipe.kind == "parquet" and recipe.target in PARQUET and recipe.pairs is None:
        return PARQUET[recipe.target] + _datasets(facts)
    if recipe.pairs is None:
        return plan.target.config(facts)
    return preference_config(format_of(recipe.pairs, recipe.target), facts)


def says_of(recipe: Recipe, plan: Plan) -> tuple[str, tuple[str, ...]]:
    """Return whose trainer is meant, and what it does with the rows that its user may not expect."""
    if recipe.pairs is None:
        return plan.target.title, plan.target.says
    style = format_of(recipe.pairs, recipe.target)
    return get_target(style).title, SAYS[style]


def _datasets(facts: ConfigFacts) -> str:
    """Return how Python loads the files with `datasets`."""
    files = {"train": os.path.abspath(facts.path)}
    if facts.validation_path:
        files["validation"] = os.path.abspath(facts.validation_path)
    call = f"load_dataset({facts.loader!r}, data_files={files!r})"
    return f"from datasets import load_dataset  # 4.7 or newer\ndata = {call}\n"
