"""The recipe that somebody last worked with on the same files."""

from pathlib import Path

import pytest

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.recent import recall_recipe, remember_recipe

RECIPE = Recipe(min_reward=0.85, target="trl")


def test_a_recipe_is_recalled_for_the_same_paths_in_any_order(tmp_path: Path) -> None:
    remember_recipe(tmp_path, [Path("a"), Path("b")], "ann", RECIPE)
    assert recall_recipe(tmp_path, [Path("b"), Path("a")], "ann") == RECIPE


def test_other_paths_and_other_reviewers_have_their_own(tmp_path: Path) -> None:
    remember_recipe(tmp_path, [Path("a")], "ann", RECIPE)
    assert recall_recipe(tmp_path, [Path("a")], "bob") is None
    assert recall_recipe(tmp_path, [Path("a"), Path("b")], "ann") is None


def test_the_newest_recipe_counts(tmp_path: Path) -> None:
    remember_recipe(tmp_path, [Path("a")], "ann", RECIPE)
    remember_recipe(tmp_path, [Path("a")], "ann", Recipe(min_reward=0.5))
    assert recall_recipe(tmp_path, [Path("a")], "ann") == Recipe(min_reward=0.5)


@pytest.mark.parametrize("text", ["", "min_reward = 'much'", "\0", "no toml", "unknown = 1"])
def test_a_spoiled_file_recalls_nothing_or_an_empty_recipe(tmp_path: Path, text: str) -> None:
    remember_recipe(tmp_path, [Path("a")], "ann", RECIPE)
    next((tmp_path / "recent").iterdir()).write_text(text)
    assert recall_recipe(tmp_path, [Path("a")], "ann") in (None, Recipe())


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "recent").write_text("in the way")
    remember_recipe(tmp_path, [Path("a")], "ann", RECIPE)
    assert recall_recipe(tmp_path, [Path("a")], "ann") is None
