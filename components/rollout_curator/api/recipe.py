"""A recipe as a notebook gives it, read as the table of a TOML file is.

Lists and dicts do for tuples and records, and numbers of numpy for those of Python.
"""

from dataclasses import fields
from typing import Any

import numpy as np

from rollout_curator.errors import RecipeError
from rollout_curator.recipe.recipe import Recipe, from_table


def checked(recipe: Recipe) -> Recipe:
    """Return a recipe whose values were read as those of a TOML file are. Raises RecipeError."""
    if not isinstance(recipe, Recipe):
        raise RecipeError(
            f"recipe: a {type(recipe).__name__} is none; create one with Recipe(...) or Recipe.load(path)"
        )
    return from_table({one.name: _plain(getattr(recipe, one.name)) for one in fields(recipe)}, "recipe")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
