"""The recipe somebody last worked with on the same files, so that they can go on with it the next day.

A small file in the cache, one for each set of opened paths and reviewer: a convenience that can be deleted at any time
and decides nothing by itself. Failing to write or read it is no error.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from rollout_curator.errors import CuratorError
from rollout_curator.files.path_access import ANYWHERE, Reach
from rollout_curator.printable import beside, digest
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe


def remember_recipe(cache: Path, paths: Iterable[Path], reviewer: str, recipe: Recipe) -> None:
    """Keep a recipe as the one that was last worked with."""
    place = _place(cache, paths, reviewer)
    with contextlib.suppress(OSError, ValueError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = beside(place, after=f".{digest(recipe)[:12]}.tmp")
        draft.write_text(recipes.to_toml(recipe), encoding="utf-8")
        draft.replace(place)


def recall_recipe(cache: Path, paths: Iterable[Path], reviewer: str, *, reach: Reach = ANYWHERE) -> Recipe | None:
    """Return the recipe that was last worked with, None where there is none or it makes no sense any more.

    Files it names are opened within the reach alone: it may have been wider when the recipe was kept.
    """
    place = _place(cache, paths, reviewer)
    try:
        return recipes.from_table(recipes.DOOR.toml(place), str(place), reach=reach)
    except (CuratorError, OSError):
        return None


def _place(cache: Path, paths: Iterable[Path], reviewer: str) -> Path:
    return cache / "recent" / f"{digest(reviewer, *sorted(str(path.absolute()) for path in paths))[:32]}.toml"
