"""Strategies in a recipe: what they drop from real files, beside the threshold and what people decide."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making import call, exported, gym, write
from rollout_curator import recipe as recipes
from rollout_curator.decisions import Decisions, Entry
from rollout_curator.errors import RecipeError
from rollout_curator.recipe import Recipe
from rollout_curator.selection import REJECT, Drop, Selection, narrow
from rollout_curator.strategies import Step
from rollout_curator.workspace import Workspace

BEST = Recipe(strategies=(Step("best_of_n", {"n": 1}),))


def attempts(folder: Path) -> Workspace:
    """Open one task with three attempts of reward 0.2, 0.9 and 0.6."""
    lines = [gym(answer=f"{reward}", reward=reward, _ng_task_index=0) for reward in (0.2, 0.9, 0.6)]
    path = write(folder / "rollouts.jsonl", lines)
    return Workspace.open([path], folder / "cache", Decisions.open(folder / "curation.sqlite"))


def decide(workspace: Workspace, row: int, verdict: str) -> None:
    """Record a verdict on a row."""
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(row), verdict, reviewer="ada")])


def kept(workspace: Workspace, recipe: Recipe) -> list[int]:
    """Return the rows a recipe keeps."""
    return np.flatnonzero(workspace.select(recipe).kept).tolist()


def test_the_best_attempt_stays(tmp_path: Path) -> None:
    assert kept(attempts(tmp_path), BEST) == [1]


def test_a_rejected_best_attempt_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    workspace = attempts(tmp_path)
    decide(workspace, 1, "reject")
    assert kept(workspace, BEST) == [2]


def test_an_accepted_attempt_stays_although_it_is_not_the_best(tmp_path: Path) -> None:
    workspace = attempts(tmp_path)
    decide(workspace, 0, "accept")
    assert kept(workspace, BEST) == [0, 1]


def test_each_strategy_says_what_it_dropped(tmp_path: Path) -> None:
    recipe = Recipe(strategies=(Step("best_of_n", {"n": 2}), Step("threshold", {"at_least": 0.7})))
    assert attempts(tmp_path).funnel(recipe).sentence() == (
        "1 kept, 2 dropped: 1 not among the 2 best of their task, 1 without a reward of 0.7 or more"
    )


def test_strategies_follow_the_threshold(tmp_path: Path) -> None:
    funnel = attempts(tmp_path).funnel(Recipe(min_reward=0.5, strategies=BEST.strategies))
    assert (funnel.rollouts, funnel.selected, funnel.exportable) == (3, 1, 1)


def test_a_number_of_the_lines_can_be_compared(tmp_path: Path) -> None:
    lines = [gym(answer="a", steps=3), gym(answer="b", steps=9), gym(answer="c")]
    workspace = Workspace.open([write(tmp_path / "rollouts.jsonl", lines)], tmp_path / "cache")
    assert kept(workspace, Recipe(strategies=(Step("threshold", {"column": "steps", "at_most": 5}),))) == [0]


def test_a_strategy_never_drops_what_already_fell() -> None:
    before = Selection(np.array([0, 1, 0], "uint16"), (Drop("not_rejected", "rejected", "rejected by hand", 1),), 0)
    after = narrow(before, np.array([0, REJECT, 0]), np.array([1, 1, 0]), ["not the best"])
    assert after.drops == (
        Drop("selected", "strategy-1", "not the best", 1),
        Drop("not_rejected", "rejected", "rejected by hand", 1),
    )
    assert after.reason.tolist() == [1, 2, 0]


def test_a_recipe_with_strategies_survives_a_file(tmp_path: Path) -> None:
    recipe = Recipe(min_reward=0.5, strategies=(Step("best_of_n", {"n": 2}), Step("task_quantile", {"q": 0.5})))
    file = tmp_path / "recipe.toml"
    file.write_text(recipes.to_toml(recipe))
    assert recipes.load(file) == recipe


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("best", "strategies is 'best', expected [[strategies]] tables"),
        ([{"n": 2}], "a strategy is {'n': 2}, expected a table with a name and parameters"),
        ([{"name": "best_of_n", "n": "two"}], "best_of_n: n is 'two', expected a whole number"),
    ],
)
def test_a_wrong_strategy_is_one_sentence(table: Any, complaint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipes.from_table({"strategies": table}, "r.toml")
    assert str(caught.value) == f"r.toml: {complaint}"


def test_the_command_that_does_the_same_names_the_strategies(tmp_path: Path) -> None:
    done = exported(attempts(tmp_path), BEST, tmp_path / "app.jsonl")
    words = shlex.split(done.command)[1:]
    words[words.index("--out") + 1] = str(tmp_path / "shell.jsonl")
    assert call(*words).code == 0
    assert (tmp_path / "shell.jsonl").read_bytes() == (tmp_path / "app.jsonl").read_bytes()


def test_parameters_that_are_not_json_are_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "rollouts.jsonl", [gym()])
    ran = call("export", path, "--out", tmp_path / "x.jsonl", "--strategy", "best_of_n {")
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_stats_put_another_recipe_and_a_random_control_beside_the_selection(tmp_path: Path) -> None:
    lines = [gym(answer=f"{reward}", reward=reward, _ng_task_index=0) for reward in (0.2, 0.9, 0.6)]
    path, other = write(tmp_path / "rollouts.jsonl", lines), tmp_path / "best.toml"
    other.write_text(recipes.to_toml(BEST))
    found = call("stats", path, "--min-reward", "0.5", "--compare", other, "--json").json["comparison"]
    assert [(one["name"], one["rollouts"], one["tasks"]) for one in found] == [
        ("this selection", 2, 1),
        ("best.toml", 1, 1),
        ("random control 1", 2, 1),
        ("random control 2", 2, 1),
        ("random control 3", 2, 1),
        ("random control, as many tokens", 2, 1),
    ]
    assert [one["shared"] for one in found[:2]] == [2, 1]
    assert found[1]["change"] == "-1 rollouts, 0 tasks, 0 tokens, mean reward +0.15"
