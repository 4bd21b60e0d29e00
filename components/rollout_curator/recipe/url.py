"""What a recipe selects as parameters of a URL, and back: a link shows the same selection again.

The parameters are those of the table of fields; `any` stands for none where the app itself starts with some. Options of
the export stay out: links are for looking. No Streamlit.
"""

from dataclasses import replace

from rollout_curator.errors import RecipeError
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.fields import FIELDS
from rollout_curator.recipe.recipe import USUAL, Recipe
from rollout_curator.recipe.spellings import finite

ROWS = {row.parameter: row for row in FIELDS if row.parameter}
NAMES = tuple(ROWS)
NONE = "any"


def to_link(recipe: Recipe, start: Recipe | None = None) -> dict[str, str]:
    """Return the parameters of a recipe; what is not set is left out, or said where `start` sets it."""
    said, before = _said(recipe), {} if start is None else _said(start)
    return {name: said.get(name, NONE) for name in NAMES if name in said or name in before}


def _said(recipe: Recipe) -> dict[str, str]:
    rows = [(row.parameter, row.spelling.to_link(value)) for row, value in recipes.rows_of(recipe) if row.parameter]
    return {name: text for name, text in rows if text}


def take_parameter(recipe: Recipe, name: str, value: str) -> Recipe | None:
    """Return the recipe with one parameter of a URL taken in, None where it makes no sense."""
    row = ROWS[name]
    try:
        meant = getattr(USUAL, row.name) if value == NONE else row.spelling.from_link(value)
        made = replace(recipe, **{row.name: meant})
        recipes.plan(made)
    except (RecipeError, ValueError, RecursionError):
        return None
    return made


def number(value: str) -> float | None:
    """Return the finite number in a parameter of a URL, None where there is none."""
    try:
        return finite(value)
    except ValueError:
        return None
