"""Attempts stay attempts: pass rates and pass@k count all of them, whatever is kept, and say what they count."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making import call, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.slices import Range
from rollout_curator.selection.strategies import Step
from rollout_curator.selection.strategies.task_statistics import pass_at_k
from rollout_curator.workspace.attempts import attempts, counted_words, fared, fared_words, frame_of, usual_success
from rollout_curator.workspace.workspace import Workspace

FAILED = -np.inf
CUT = {"response": {"incomplete_details": {"reason": "max_output_tokens"}}}
ANY = Recipe()


def opened(
    folder: Path, tasks: dict[int, list[float | None]], more: dict[int, dict[str, Any]] | None = None
) -> Workspace:
    """Open attempts at tasks by number; `more` are keys of single lines, by row."""
    rewards = [(task, reward) for task, several in tasks.items() for reward in several]
    lines = [
        gym(answer=f"{row}", reward=reward, _ng_task_index=task, **(more or {}).get(row, {}))
        for row, (task, reward) in enumerate(rewards)
    ]
    path = write(folder / "rollouts.jsonl", lines)
    return Workspace.open([path], folder / "cache", Decisions.open(folder / "curation.sqlite"))


def decide(workspace: Workspace, rows: list[int], verdict: str) -> None:
    """Record a verdict on rows."""
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(row), verdict, reviewer="ada") for row in rows])


def frame(workspace: Workspace, recipe: Recipe = ANY) -> Any:
    """Return the attempts as a frame, as the Select page makes it."""
    return frame_of(workspace, recipe, attempts(workspace, recipe))


def outcomes(workspace: Workspace, recipe: Recipe = ANY) -> list[float]:
    """Return how every attempt came out."""
    return [float(one) for one in attempts(workspace, recipe).outcome]


def words(workspace: Workspace, recipe: Recipe = ANY) -> str:
    """Return how the tasks fare."""
    return fared_words(fared(frame(workspace, recipe), 1.0))


def test_tasks_with_one_attempt_each_are_not_said_to_be_solved_by_every_attempt(tmp_path: Path) -> None:
    assert words(opened(tmp_path, {1: [1], 2: [0], 3: [1]})) == (
        "3 tasks with a reward, one attempt each: 2 solved, 1 not (success: reward ≥ 1)."
    )


# Which attempts there are, and how each came out


def test_a_rejected_failure_is_still_a_failed_attempt(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0]})
    decide(workspace, [1], "reject")
    assert outcomes(workspace) == [1.0, FAILED]


def test_a_rejected_success_is_a_failure(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0]})
    decide(workspace, [0], "reject")
    assert outcomes(workspace) == [FAILED, 0.0]


def test_a_rejection_leaves_the_mean_reward_as_it_is(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0]})
    decide(workspace, [0], "reject")
    assert attempts(workspace, ANY).reward.tolist() == [1.0, 0.0]


def test_accepting_changes_nothing(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0, 1]}, {2: CUT})
    before = outcomes(workspace)
    decide(workspace, [0, 1, 2], "accept")
    assert outcomes(workspace) == before == [1.0, 0.0, FAILED]


def test_an_attempt_that_cannot_be_written_counts_by_its_reward(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0]}, {1: {"output": []}})
    assert workspace.select(ANY).n_kept == 1
    assert outcomes(workspace) == [1.0, 0.0]


def test_an_attempt_cut_off_at_a_limit_fails_whatever_its_reward(tmp_path: Path) -> None:
    found = attempts(opened(tmp_path, {1: [1, 1]}, {0: CUT}), ANY)
    assert (found.outcome.tolist(), found.cut_off.tolist()) == ([FAILED, 1.0], [True, False])


def test_where_nothing_is_rated_nothing_failed(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [None, None]}, {0: CUT})
    assert np.isnan(outcomes(workspace)).all()
    assert words(workspace) == "No task has a reward."


def test_what_is_masked_is_no_attempt_and_counted(tmp_path: Path) -> None:
    found = attempts(opened(tmp_path, {1: [1, 0, None]}, {1: {"mask_sample": True}}), ANY)
    assert (found.rows.tolist(), found.left_out, found.unrated) == ([0, 2], {"masked": 1}, 1)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(min_reward=1.0),
        Recipe(thresholds=Thresholds("agent", {"": 5.0})),
        Recipe(filters=(Filter("reward", at_least=1.0),)),
        Recipe(strategies=(Step("best_of_n"),)),
        Recipe(target="gym"),
        Recipe(keep=("truncated",)),
        Recipe(control=3),
    ],
)
def test_nothing_that_chooses_what_is_kept_makes_attempts_fewer(tmp_path: Path, recipe: Recipe) -> None:
    workspace = opened(tmp_path, {1: [1, 0, 1]}, {2: CUT})
    assert outcomes(workspace, recipe) == [1.0, 0.0, FAILED]


def test_a_filter_by_model_says_whose_attempts_are_looked_at(tmp_path: Path) -> None:
    model = {"response": {"model": "b"}}
    workspace = opened(tmp_path, {1: [1, 0]}, {1: model})
    assert attempts(workspace, Recipe(filters=(Filter("model", one_of=("b",)),))).rows.tolist() == [1]


# Pass rates and pass@k


def test_rejecting_failures_moves_no_pass_rate(tmp_path: Path) -> None:
    """100 tasks of 8 attempts, 383 of which pass; of the failures 200 are rejected, three in each of most tasks."""
    tasks: dict[int, list[float | None]] = {task: [1, 1, 1, 1, 0, 0, 0, 0] for task in range(83)}
    tasks |= {task: [1, 1, 1, 0, 0, 0, 0, 0] for task in range(83, 100)}
    workspace = opened(tmp_path, tasks)
    before = words(workspace)
    assert "0 are solved by every attempt" in before
    assert "Over all 100 tasks: pass@1 47.9%" in before
    decide(
        workspace, [row for row in range(800) if workspace.column("reward")[row] == 0 and row % 8 > 4][:200], "reject"
    )
    assert words(workspace) == before


def test_pass_at_1_and_pass_at_k_are_over_the_same_tasks(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1], 2: [1, 0, 0, 0], 3: [0, 0, 0, 0]})
    assert words(workspace) == (
        "3 tasks with a reward, 1 of them with one attempt: 1 is solved by every attempt, 1 by none, 1 by some "
        "(success: reward ≥ 1). "
        "Over the 2 tasks with at least 4 attempts: pass@1 12.5%, pass@4 50.0%."
    )


def test_what_is_cut_off_fails_and_the_other_reading_stands_beside(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 1, 0, 0], 2: [1, 0, 0, 1]}, {3: CUT, 7: CUT})
    assert words(workspace).endswith(
        "Over all 2 tasks: pass@1 37.5%, pass@4 100.0%; without truncated attempts pass@1 50.0%."
    )


def test_a_task_whose_attempts_were_all_cut_off_has_one_reading(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0], 2: [0, 0]}, {2: CUT, 3: CUT})
    assert words(workspace).endswith(
        "Over all 2 tasks: pass@1 25.0%; without truncated attempts pass@1 50.0% (1 of them)."
    )


def test_where_all_was_cut_off_there_is_one_reading(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [0, 0]}, {0: CUT, 1: CUT})
    assert words(workspace).endswith("Over the 1 task: pass@1 0.0%; all their attempts were truncated.")


def test_what_counts_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0, 1, 1, None, 1]}, {0: CUT, 3: {"mask_sample": True}})
    decide(workspace, [1], "reject")
    assert counted_words(attempts(workspace, ANY)) == (
        "5 attempts, whatever the threshold, rules and trainer; 1 truncated and 1 rejected in review count as "
        "failed; not counted: 1 that was masked by the environment, 1 without a reward."
    )


def test_what_counts_is_one_short_sentence_where_all_counts(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0]})
    assert counted_words(attempts(workspace, ANY)) == "2 attempts, whatever the threshold, rules and trainer."


def test_a_success_is_the_highest_reward_where_none_is_one(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [0.25, 0.5, 0.75]}, {2: CUT})
    decide(workspace, [1], "reject")
    assert usual_success(attempts(workspace, ANY)) == 0.5


def test_pass_rates_are_those_of_brute_force(tmp_path: Path) -> None:
    dice = np.random.default_rng(7)
    tasks: dict[int, list[float | None]] = {
        task: [None if one < 0.1 else float(one > 0.6) for one in dice.random(6)] for task in range(25)
    }
    cut = {int(row): CUT for row in dice.choice(150, 20, replace=False)}
    workspace = opened(tmp_path, tasks, cut)
    bad = dice.choice(150, 40, replace=False).tolist()
    decide(workspace, bad, "reject")
    counts = []
    for task in range(25):
        rows = range(task * 6, task * 6 + 6)
        tried = [row for row in rows if row in cut or tasks[task][row % 6] is not None]
        passed = [row for row in tried if row not in cut and row not in bad and (tasks[task][row % 6] or 0) >= 1]
        counts.append((len(tried), len(passed)))
    rated = [(n, c) for n, c in counts if n]
    found = fared(frame(workspace), 1.0).summary
    most = found.curve[-1].k
    same = [(n, c) for n, c in rated if n >= most]
    for point in found.curve:
        expected = np.mean([float(pass_at_k(n, c, point.k)) for n, c in same])
        assert point.tasks == len(same)
        assert point.chance == pytest.approx(expected, rel=1e-12)


# What figures and tables open


def test_a_bar_of_pass_rates_opens_the_attempts_it_counts(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 1], 2: [1, 0], 3: [1, 1]}, {4: CUT})
    decide(workspace, [0], "reject")
    solved = slice_queues.queue(slice_queues.ATTEMPTS, Range("pass_rate@1", 1.0, 1.0))
    half = slice_queues.queue(slice_queues.ATTEMPTS, Range("pass_rate@1", 0.5, 0.5))
    assert slice_queues.rows(workspace, Recipe(min_reward=1.0), solved).tolist() == []
    assert slice_queues.rows(workspace, Recipe(min_reward=1.0), half).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_threshold_changes_no_attempt_that_a_row_opens(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 0]})
    group = int(workspace.groups("task").codes[0])
    name = slice_queues.queue(slice_queues.ATTEMPTS, Range("group", group, group))
    for recipe in (ANY, Recipe(min_reward=1.0), replace(ANY, target="gym")):
        assert slice_queues.rows(workspace, recipe, name).tolist() == [0, 1]


# The command line


def test_stats_says_how_tasks_fare_whatever_is_kept(tmp_path: Path) -> None:
    workspace = opened(tmp_path, {1: [1, 1, 0, 0], 2: [1, 0, 0, 1]}, {3: CUT, 7: CUT})
    decide(workspace, [2], "reject")
    found = call("stats", tmp_path / "rollouts.jsonl", "--min-reward", "1", "--json").json["attempts"]
    assert found == {
        "success": 1.0,
        "attempts": 8,
        "cut_off": 2,
        "rejected": 1,
        "unrated": 0,
        "left_out": {},
        "solved": 0,
        "unsolved": 0,
        "mixed": 2,
        "pass_at": {
            "1": [0.375, 2],
            "2": [pytest.approx(2 / 3), 2],
            "3": [0.875, 2],
            "4": [1.0, 2],
        },
        "pass_at_without_cut_off": {"1": [0.5, 2], "2": [pytest.approx(5 / 6), 2], "3": [1.0, 2]},
        "tasks": words(workspace),
        "counted": "8 attempts, whatever the threshold, rules and trainer; 2 truncated and 1 rejected in review "
        "count as failed.",
    }


def test_stats_prints_a_huge_mean_in_few_digits(tmp_path: Path) -> None:
    opened(tmp_path, {1: [1e308, 0, 0, 0]})
    row = call("stats", tmp_path / "rollouts.jsonl").out.split("rollouts  kept")[1].splitlines()[1]
    assert row.split()[:3] == ["4", "4", "2.5e+307"]
