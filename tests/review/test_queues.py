"""What each queue holds and in which order, on a small real file; every row by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import summary
from rollout_curator.review.queue_members import QueueRequest, plan
from rollout_curator.review.queues import KINDS, about, kind_of, queues, rows_of, words_of
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.workspace.workspace import Workspace

KEEP = Recipe(min_reward=0.5)
FAILING = {"type": "function_call", "call_id": "c", "name": "run", "arguments": "{}"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open rows 0-3 of reward 1.0 (3 is masked), 4-5 of 0.6 (5 ends in a call), 6-8 of 0.4, 0.2, 0.0, and 9 unrated."""
    lines = [gym(answer=f"{n}", reward=1.0, _ng_task_index=n % 2) for n in range(3)]
    lines.append(gym(answer="masked", reward=1.0, _ng_task_index=5, mask_sample=True))
    lines += [gym(answer="fine", reward=0.6, _ng_task_index=2), gym(output=[FAILING], reward=0.6, _ng_task_index=2)]
    lines += [gym(answer=f"low {reward}", reward=reward, _ng_task_index=3) for reward in (0.4, 0.2, 0.0)]
    lines.append(gym(answer="unrated", reward=None, _ng_task_index=4))
    source = write(tmp_path / "run.jsonl", lines)
    opened = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    yield opened
    opened.close()


def decide(workspace: Workspace, row: int, verdict: str, who: str = "ann") -> None:
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(row), verdict, reviewer=who, queue="random")])


def held(workspace: Workspace, name: str, reviewer: str = "") -> list[int]:
    return [int(row) for row in rows_of(workspace, KEEP, name, reviewer)]


def by_lot(workspace: Workspace, rows: list[int]) -> list[int]:
    return sorted(rows, key=lambda row: int(workspace.sample_rank[row]))


def test_the_random_queue_is_what_rules_select_by_lot_and_stays_so_while_it_is_read(workspace: Workspace) -> None:
    expected = by_lot(workspace, held(workspace, "kept"))
    assert held(workspace, "random") == expected
    decide(workspace, expected[0], "reject")
    assert held(workspace, "random") == expected
    assert held(workspace, "kept") == sorted(expected[1:])


def test_near_the_threshold_the_lot_decides_between_equals(workspace: Workspace) -> None:
    found = held(workspace, "near")
    assert found == [*by_lot(workspace, [4, 5, 6]), 7, *by_lot(workspace, [0, 1, 2, 8])]


def test_just_below_is_what_a_lower_threshold_lets_in(workspace: Workspace) -> None:
    assert held(workspace, "just-below") == [6, 7, 8]
    assert rows_of(workspace, Recipe(), "just-below").tolist() == []


def test_high_but_flagged_holds_what_something_speaks_against_masked_ones_too(workspace: Workspace) -> None:
    assert sorted(held(workspace, "flagged")) == [3, 5]


def test_low_but_clean_holds_what_a_verifier_may_have_missed(workspace: Workspace) -> None:
    assert sorted(held(workspace, "low-clean")) == [6, 7, 8]


def test_one_of_every_task_comes_before_the_second_of_any(workspace: Workspace) -> None:
    found = held(workspace, "by-task")
    tasks = workspace.frame["task"].astype(str).to_numpy()[found]
    n_tasks = len(set(tasks))
    assert len(set(tasks[:n_tasks])) == n_tasks


def test_every_reward_has_its_turn(workspace: Workspace) -> None:
    found = held(workspace, "by-reward")
    rewards = workspace.column("reward")[found]
    n_values = len(np.unique(rewards))
    assert len(np.unique(rewards[:n_values])) == n_values


def test_disagreements_begin_with_rejected_high_rewards(workspace: Workspace) -> None:
    decide(workspace, 8, "accept")
    decide(workspace, 1, "reject")
    decide(workspace, 0, "accept")
    assert held(workspace, "disagree") == [1, 8]


def test_a_second_reader_gets_what_others_decided_of_the_shared_part(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    workspace.decisions.set("share", 1.0)
    decide(workspace, 0, "accept", "ann")
    decide(workspace, 1, "reject", "ann")
    assert sorted(held(workspace, "second", "bob")) == [0, 1]
    assert held(workspace, "second", "ann") == []
    decide(workspace, 1, "accept", "bob")
    assert (held(workspace, "second", "bob"), held(workspace, "settle")) == ([0], [1])


def test_a_plan_mixes_what_is_undecided_each_rollout_once(workspace: Workspace) -> None:
    for row in held(workspace, "random")[:2]:
        decide(workspace, row, "accept")
    found = held(workspace, "plan-30", "ann")
    assert len(found) == len(set(found))
    assert not set(held(workspace, "random")[:2]) & set(found)
    assert set(plan(QueueRequest(workspace, KEEP, "ann", "30"))) == {"random", "near", "flagged"}
    assert held(workspace, "plan-0") == held(workspace, "plan-x") == []


def test_a_plan_counts_what_its_queue_holds_also_where_its_kinds_overlap(workspace: Workspace) -> None:
    for minutes, n in (("3", 4), ("5", 7), ("60", 9)):  # 45 s each; nine are rated
        counted = plan(QueueRequest(workspace, KEEP, "ann", minutes))
        assert sum(counted.values()) == len(held(workspace, f"plan-{minutes}", "ann")) == n


def test_the_list_names_what_holds_something_and_counts_as_the_queue_does(workspace: Workspace) -> None:
    listed = {queue.name: queue.count for queue in queues(workspace, KEEP)}
    assert {name: len(held(workspace, name)) for name in listed} == listed
    assert list(listed)[:4] == ["kept", "dropped", "random", "near"]
    assert "settle" not in listed


@pytest.mark.parametrize("name", KINDS)
def test_every_queue_orders_all_that_it_holds_each_once(workspace: Workspace, name: str) -> None:
    kind, _ = kind_of(name)
    in_it = kind.holds(QueueRequest(workspace, KEEP, "ann", "30")).tolist()
    ordered = kind.order(QueueRequest(workspace, KEEP, "ann", "30"), np.array(in_it, dtype=np.int64)).tolist()
    assert sorted(ordered) == sorted(set(in_it))


def test_the_list_follows_the_decisions(workspace: Workspace) -> None:
    decide(workspace, 0, "reject")
    assert {queue.name: queue.count for queue in queues(workspace, KEEP)}["rejected-by-hand"] == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("task-99", "a task that is not here"),
        ("plan-30", "session of 30 minutes"),
        ("no such queue", "no such queue"),
        ("fell-valid", "dropped: invalid reward"),
        ("near", "nearest the threshold"),
    ],
)
def test_a_queue_has_words_also_when_it_holds_nothing(workspace: Workspace, name: str, words: str) -> None:
    assert words_of(workspace, KEEP, name) == words


def test_what_a_queue_is_for_is_said(workspace: Workspace) -> None:
    assert about("random") == "For the error bound: start at the first, skip none."
    assert about("kept") == about("below") == ""


def test_progress_counts_what_one_reviewer_decided(workspace: Workspace) -> None:
    decide(workspace, 0, "accept", "ann")
    decide(workspace, 1, "reject", "bob")
    assert np.flatnonzero(summary.own_codes(workspace, "ann")).tolist() == [0]


def rows_under(workspace: Workspace, recipe: Recipe, name: str) -> list[int]:
    return [int(row) for row in rows_of(workspace, recipe, name)]


def test_queues_at_a_threshold_follow_the_one_an_agent_has_for_itself(workspace: Workspace) -> None:
    agent = workspace.frame["agent"].iat[0]
    own = Recipe(min_reward=0.9, thresholds=Thresholds("agent", {agent: 0.5}))
    for name in ("near", "just-below", "flagged", "low-clean"):
        assert rows_under(workspace, own, name) == held(workspace, name)
    decide(workspace, 4, "accept")
    decide(workspace, 8, "accept")
    assert rows_under(workspace, own, "disagree") == [8]
    assert words_of(workspace, Recipe(thresholds=own.thresholds), "near") == "nearest the threshold"


def test_queues_at_a_threshold_follow_an_upper_one(workspace: Workspace) -> None:
    up_to = Recipe(min_reward=0.2, max_reward=0.6)
    assert rows_under(workspace, up_to, "near")[:3] == by_lot(workspace, [4, 5, 7])
    assert rows_under(workspace, up_to, "flagged") == [5]
    assert rows_under(workspace, Recipe(max_reward=0.6), "near")[:2] == by_lot(workspace, [4, 5])


def test_no_queue_offers_what_a_filter_keeps_out_anyway(workspace: Workspace) -> None:
    decide(workspace, 0, "reject")
    decide(workspace, 8, "accept")
    no_calls = Recipe(min_reward=0.5, filters=(Filter("n_calls", at_most=0),))
    for name in ("near", "just-below", "flagged", "low-clean"):
        assert 5 not in rows_under(workspace, no_calls, name)
    calls = Recipe(min_reward=0.5, filters=(Filter("n_calls", at_least=1),))
    assert rows_under(workspace, calls, "disagree") == rows_under(workspace, calls, "just-below") == []
    assert rows_under(workspace, no_calls, "disagree") == [0, 8]
