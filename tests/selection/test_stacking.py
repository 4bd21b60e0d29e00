"""Strategies in a recipe: what they drop from real files, beside the threshold and what people decide."""

import random
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making import call, exported, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import RecipeError
from rollout_curator.export import verify
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.filters import Filter
from rollout_curator.selection.funnel import ACCEPT, NONE, REJECT, Array, Drop, RewardBounds, RuleDrop, Rules, select
from rollout_curator.selection.strategies import Step
from rollout_curator.workspace.random_controls import beside
from rollout_curator.workspace.workspace import Workspace

SAMPLE = Path(__file__).parents[2] / "sample_data"
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
        "1 kept, 2 dropped: 1 not among the 2 best attempts of their task, 1 without a reward ≥ 0.7"
    )


def test_strategies_follow_the_threshold(tmp_path: Path) -> None:
    funnel = attempts(tmp_path).funnel(Recipe(min_reward=0.5, strategies=BEST.strategies))
    assert (funnel.rollouts, funnel.selected, funnel.exportable) == (3, 1, 1)


def test_a_number_of_the_lines_can_be_compared(tmp_path: Path) -> None:
    lines = [gym(answer="a", steps=3), gym(answer="b", steps=9), gym(answer="c")]
    workspace = Workspace.open([write(tmp_path / "rollouts.jsonl", lines)], tmp_path / "cache")
    assert kept(workspace, Recipe(strategies=(Step("threshold", {"column": "steps", "at_most": 5}),))) == [0]


def test_a_strategy_never_drops_what_already_fell() -> None:
    nothing = np.zeros(3, dtype="uint8")
    rules = Rules(
        RewardBounds(), frozenset(), nothing, [""], late=(RuleDrop("strategy-1", "not the best", mask(0, 1, 1)),)
    )
    after = select(np.ones(3), nothing, [""], np.array([REJECT, NONE, ACCEPT]), rules)
    assert after.drops == (
        Drop("selected", "strategy-1", "not the best", 1),
        Drop("not_rejected", "rejected", "rejected in review", 1),
    )
    assert after.reason.tolist() == [2, 1, 0]


def mask(*marks: int) -> Array:
    """Return booleans."""
    return np.array(marks, dtype=bool)


def test_a_recipe_with_strategies_survives_a_file(tmp_path: Path) -> None:
    recipe = Recipe(min_reward=0.5, strategies=(Step("best_of_n", {"n": 2}), Step("task_quantile", {"q": 0.5})))
    file = tmp_path / "recipe.toml"
    file.write_text(recipes.to_toml(recipe))
    assert recipes.load(file) == recipe


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("best", "strategies is 'best', expected [[strategies]] tables"),
        ([{"n": 2}], "a rule is {'n': 2}, expected a table with a name and parameters"),
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
        ("random baseline 1", 2, 1),
        ("random baseline 2", 2, 1),
        ("random baseline 3", 2, 1),
        ("random baseline, same tokens", 2, 1),
    ]
    assert [one["shared"] for one in found[:2]] == [2, 1]


def test_the_controls_beside_a_selection_are_what_they_are_called_whatever_its_own_is_matched_on() -> None:
    """With `--control-by tokens` the "random baseline 1" was another one with as many tokens."""
    found = beside(Recipe(min_reward=1.0, control_by="tokens"))
    assert found == beside(Recipe(min_reward=1.0))
    assert [one.control_by for one in found.values()] == ["rollouts", "rollouts", "rollouts", "tokens"]


def test_side_by_side_it_is_said_what_the_intervals_are(tmp_path: Path) -> None:
    """They stood in brackets, with no word of what they are."""
    lines = [gym(prompt=f"{n}", answer=f"{n}", reward=n / 8, _ng_task_index=n) for n in range(8)]
    path, other = write(tmp_path / "rollouts.jsonl", lines), tmp_path / "best.toml"
    other.write_text(recipes.to_toml(BEST))
    said = call("stats", path, "--compare", other).out.splitlines()
    note = "means with 95% CI by task, for the same rules on other tasks like these; none for fewer than five tasks"
    assert note in said


def test_the_change_to_another_recipe_is_said(tmp_path: Path) -> None:
    lines = [gym(answer=f"{reward}", reward=reward, _ng_task_index=0) for reward in (0.2, 0.9, 0.6)]
    path, other = write(tmp_path / "rollouts.jsonl", lines), tmp_path / "best.toml"
    other.write_text(recipes.to_toml(BEST))
    found = call("stats", path, "--min-reward", "0.5", "--compare", other, "--json").json["comparison"]
    assert found[1]["change"] == "−1 rollout, 0 tasks, −3 tokens, mean reward +0.15"


# Rules on tasks see every valid rated attempt


def tasks(folder: Path, rewards: dict[int, list[float | None]], **columns: Any) -> Workspace:
    """Open attempts at tasks by their number, one line each, in order."""
    lines = [
        gym(answer=f"{task} {n}", reward=reward, _ng_task_index=task, **columns)
        for task, several in rewards.items()
        for n, reward in enumerate(several)
    ]
    path = write(folder / "rollouts.jsonl", lines)
    return Workspace.open([path], folder / "cache", Decisions.open(folder / "curation.sqlite"))


MIXED: dict[int, list[float | None]] = {1: [1, 1, 1, 1], 2: [1, 0, 0, 0], 3: [0, 0, 0, 1], 4: [0, 0, 0, None]}
EASY = Step("drop_easy_tasks")


def test_a_threshold_leaves_the_pass_rate_of_a_task_as_it_is(tmp_path: Path) -> None:
    recipe = Recipe(min_reward=1.0, strategies=(EASY,))
    assert kept(tasks(tmp_path, MIXED), recipe) == [4, 11]


def test_a_rejection_leaves_the_pass_rate_of_a_task_as_it_is(tmp_path: Path) -> None:
    workspace = tasks(tmp_path, MIXED)
    for row in (5, 6, 7):
        decide(workspace, row, "reject")
    assert kept(workspace, Recipe(min_reward=1.0, strategies=(EASY,))) == [4, 11]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step("drop_hard_tasks", {"rate_below": 0.3}), [0, 1, 2, 3]),
        (Step("task_quantile", {"q": 0.5}), [0, 1, 2, 3, 4, 11]),
        (Step("task_zscore", {"at_least": 1.2}), [4, 11]),
        (Step("task_zscore", {"at_least": 0.1}), [4, 11]),
    ],
)
def test_every_rule_on_tasks_judges_by_all_attempts(tmp_path: Path, step: Step, expected: list[int]) -> None:
    assert kept(tasks(tmp_path, MIXED), Recipe(min_reward=1.0, strategies=(step,))) == expected


def test_a_rule_before_leaves_the_pass_rate_of_a_task_as_it_is(tmp_path: Path) -> None:
    recipe = Recipe(strategies=(Step("threshold", {"at_least": 1.0}), EASY))
    assert kept(tasks(tmp_path, MIXED), recipe) == [4, 11]


def test_a_filter_on_how_rollouts_came_out_leaves_the_pass_rate_as_it_is(tmp_path: Path) -> None:
    recipe = Recipe(filters=(Filter("reward", at_least=1.0),), strategies=(EASY,))
    assert kept(tasks(tmp_path, MIXED), recipe) == [4, 11]


def test_a_filter_by_model_says_whose_attempts_are_looked_at(tmp_path: Path) -> None:
    lines = [
        gym(answer=f"{model} {n}", reward=float(model == "a"), _ng_task_index=0, model=model)
        for n in (1, 2)
        for model in "ab"
    ]
    workspace = Workspace.open([write(tmp_path / "rollouts.jsonl", lines)], tmp_path / "cache")
    both = Recipe(min_reward=1.0, strategies=(EASY,))
    assert kept(workspace, both) == [0, 2]
    assert kept(workspace, replace(both, filters=(Filter("model", one_of=("a",)),))) == []


def test_an_attempt_that_is_no_measurement_says_nothing_of_its_task(tmp_path: Path) -> None:
    lines = [
        gym(answer=f"{n}", reward=reward, _ng_task_index=0, mask_sample=masked)
        for n, (reward, masked) in enumerate([(1.0, False), (1.0, False), (0.0, True)])
    ]
    workspace = Workspace.open([write(tmp_path / "rollouts.jsonl", lines)], tmp_path / "cache")
    assert (
        workspace.select(Recipe(strategies=(EASY,))).words(0) == "without a reward or in a task with a pass rate > 0.9"
    )
    assert kept(workspace, Recipe(strategies=(EASY,), keep=("masked",))) == [0, 1, 2]


def test_the_best_are_still_chosen_among_those_that_may_be_kept(tmp_path: Path) -> None:
    workspace = tasks(tmp_path, {1: [3, 2, 1]})
    decide(workspace, 0, "reject")
    assert kept(
        workspace, Recipe(max_reward=2.5, strategies=(Step("task_quantile", {"q": 0.0}), Step("best_of_n")))
    ) == [1]


def test_the_sample_keeps_what_is_not_in_easy_tasks() -> None:
    found = call("stats", SAMPLE / "math_reasoning", "--min-reward", "1", "--strategy", "drop_easy_tasks", "--json")
    assert found.json["funnel"]["exportable"] == 54
    assert "22 without a reward or in a task with a pass rate > 0.9" in found.json["sentence"]


def test_what_a_rule_says_of_tasks_is_that_of_brute_force(tmp_path: Path) -> None:
    dice = random.Random(4)
    rewards: dict[int, list[float | None]] = {t: [dice.choice([0, 0, 1, 1, None]) for _ in range(5)] for t in range(12)}
    workspace = tasks(tmp_path, rewards)
    verdicts = {row: dice.choice(["reject", "accept", ""]) for row in range(60)}
    for row, verdict in verdicts.items():
        if verdict:
            decide(workspace, row, verdict)
    expected = []
    for row, reward in enumerate(one for several in rewards.values() for one in several):
        rated = [one for one in rewards[row // 5] if one is not None]
        easy = bool(rated) and sum(rated) / len(rated) > 0.5
        passes = reward is not None and reward >= 1 and not easy
        if verdicts[row] == "accept" or (passes and verdicts[row] != "reject"):
            expected.append(row)
    assert kept(workspace, Recipe(min_reward=1.0, strategies=(Step(EASY.name, {"rate_above": 0.5}),))) == expected


# The order of threshold and rules


FIRST_TWO = Step("at_most_per_task", {"k": 2, "order": "random", "seed": 3})


def test_the_threshold_comes_last_where_the_recipe_says_so(tmp_path: Path) -> None:
    workspace = tasks(tmp_path, {1: [1, 1, 0, 0, 0, 0, 0, 0]})
    first = Recipe(min_reward=1.0, strategies=(FIRST_TWO,))
    drawn = kept(workspace, Recipe(strategies=(FIRST_TWO,)))
    assert kept(workspace, first) == [0, 1]
    assert kept(workspace, replace(first, threshold_last=True)) == [row for row in drawn if row < 2]


def test_the_funnel_names_rules_and_threshold_in_their_order(tmp_path: Path) -> None:
    recipe = Recipe(min_reward=0.95, strategies=BEST.strategies)
    workspace = attempts(tmp_path)
    decide(workspace, 0, "reject")
    assert workspace.funnel(recipe).sentence() == (
        "0 kept, 3 dropped: 3 below 0.95; a rule that drops nothing: not the best attempt of their task"
    )
    assert workspace.funnel(replace(recipe, threshold_last=True)).sentence() == (
        "0 kept, 3 dropped: 1 not the best attempt of their task, 2 below 0.95"
    )


def test_a_threshold_that_comes_last_chooses_from_what_the_rules_keep(tmp_path: Path) -> None:
    workspace = attempts(tmp_path)
    recipe = Recipe(min_reward=0.5, strategies=BEST.strategies)
    assert workspace.candidates(recipe).among.tolist() == [True, True, True]
    assert workspace.candidates(replace(recipe, threshold_last=True)).among.tolist() == [False, True, False]


def test_a_recipe_says_that_its_threshold_comes_last_in_a_file_too(tmp_path: Path) -> None:
    recipe = Recipe(min_reward=0.5, strategies=BEST.strategies, threshold_last=True)
    file = tmp_path / "recipe.toml"
    file.write_text(recipes.to_toml(recipe))
    assert recipes.load(file) == recipe
    assert "threshold_last" not in recipes.to_toml(replace(recipe, threshold_last=False))


def test_an_order_that_is_neither_is_one_sentence() -> None:
    with pytest.raises(RecipeError) as caught:
        recipes.from_table({"threshold_last": "yes"}, "r.toml")
    assert str(caught.value) == "r.toml: threshold_last is 'yes', expected true or false"


def test_an_export_with_the_threshold_last_holds_and_names_its_command(tmp_path: Path) -> None:
    recipe = Recipe(min_reward=1.0, strategies=(FIRST_TWO, Step("drop_hard_tasks")), threshold_last=True)
    done = exported(tasks(tmp_path, MIXED), recipe, tmp_path / "app.jsonl")
    assert all(check.holds for check in verify(done.manifest_path))
    words = shlex.split(done.command)[1:]
    words[words.index("--out") + 1] = str(tmp_path / "shell.jsonl")
    assert call(*words).code == 0
    assert (tmp_path / "shell.jsonl").read_bytes() == (tmp_path / "app.jsonl").read_bytes()


# A rule that drops nothing is named


def test_a_rule_that_drops_nobody_says_so(tmp_path: Path) -> None:
    recipe = Recipe(
        strategies=(Step("drop_copies"), Step("best_of_n", {"n": 2}), Step("drop_hard_tasks", {"pass_at_least": 0.1}))
    )
    funnel = attempts(tmp_path).funnel(recipe)
    assert funnel.sentence() == (
        "2 kept, 1 dropped: 1 not among the 2 best attempts of their task; rules that drop nothing: duplicates of "
        "another line; "
        "without a reward or in a task with a pass rate < 0.1"
    )
    assert funnel.as_json()["dropped_nobody"] == {
        "strategy-1": "duplicates of another line",
        "strategy-3": "without a reward or in a task with a pass rate < 0.1",
    }
