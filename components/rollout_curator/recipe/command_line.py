"""A recipe as options of the command line, both ways: what was given there, and the command that does the same.

Both ways follow the table of fields. Raises RecipeError, which names the option. Knows neither click nor what is open.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rollout_curator.printable import shell
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.fields import FIELDS
from rollout_curator.recipe.recipe import Recipe


def recipe_of(paths: tuple[str, ...], **given: Any) -> Recipe:
    """Join a recipe file with what was given on the command line, which goes first."""
    file = given.pop("recipe")
    if given["format"] == "dpo":  # pairs of the target's own format
        given.update(format=None, pairs=given.get("pairs") or ("best_worst",))
    table: dict[str, Any] = recipes.to_table(recipes.load(file)) if file else {}
    for row in FIELDS:
        if (value := row.from_words(given, table.get(row.name))) is not None:
            table[row.name] = value
    if paths:
        table["sources"] = paths
    return recipes.from_table(table, str(file or "command line"))


def options_of(recipe: Recipe) -> list[str]:
    """Return the options that make a recipe, the inverse of `recipe_of`."""
    return [word for row, value in recipes.rows_of(recipe) for word in row.to_words(value)]


def command_of(
    recipe: Recipe, sources: Iterable[Path], out: Path, beside: Sequence[str] = (), store: Path | None = None
) -> str:
    """Return the command that writes the same files; `beside` are the options of what else is written."""
    words = ["rollout-curator", "export", *map(str, sources), "--out", str(out), *options_of(recipe), *beside]
    return shell([*words, *(["--decisions", str(store)] if store is not None else [])])
