"""What reading says about the rollouts that are kept: real files, a real review store, every number by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from making import gym, write
from rollout_curator import reading
from rollout_curator import reading_words as words
from rollout_curator.decisions import Decisions, Entry
from rollout_curator.filters import Thresholds
from rollout_curator.recipe import Recipe
from rollout_curator.review.drawing import in_order
from rollout_curator.strategies import Step
from rollout_curator.workspace import Workspace

KEEP = Recipe(min_reward=0.5)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open 200 rollouts of reward 1.0, one of them twice, and 40 of 0.2; all of 60 tasks."""
    high = [gym(answer=f"high {n}", reward=1.0, _ng_task_index=n % 60) for n in range(200)]
    low = [gym(answer=f"low {n}", reward=0.2, _ng_task_index=n) for n in range(40)]
    source = write(tmp_path / "run.jsonl", [*high, high[0], *low])
    opened = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    yield opened
    opened.close()


def decide(workspace: Workspace, rows: np.ndarray, verdict: str, who: str = "ann", queue: str = "") -> None:
    assert workspace.decisions is not None
    keys = [workspace.key(int(row)) for row in rows]
    workspace.decisions.record([Entry(key, verdict, reviewer=who, queue=queue) for key in keys])


def drawn_order(workspace: Workspace, recipe: Recipe = KEEP) -> np.ndarray:
    return in_order(workspace.lots, workspace.once(reading.selected(workspace, recipe)))


def test_the_selected_are_what_rules_select_each_content_once(workspace: Workspace) -> None:
    assert len(drawn_order(workspace)) == 200
    decide(workspace, drawn_order(workspace)[:5], "reject")
    assert len(drawn_order(workspace)) == 200


def test_before_reading_the_plan_is_known(workspace: Workspace) -> None:
    said = reading.statement(workspace, KEEP)
    assert (said.sample.read, said.kept, said.kept_bad_at_most, said.more, said.planned) == (0, 200, 200, 47, 47)


def test_reading_at_random_gives_the_exact_bound(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace)[:47], "accept")
    said = reading.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.bad, said.kept_bad_at_most, said.more) == (47, 0, 10, 0)
    assert said.upper == 0.05


def test_a_bad_one_found_at_random_is_out_of_the_kept(workspace: Workspace) -> None:
    order = drawn_order(workspace)
    decide(workspace, order[:1], "reject")
    decide(workspace, order[1:47], "accept")
    said = reading.statement(workspace, KEEP)
    assert (said.sample.bad, said.kept, said.bad_at_most - said.kept_bad_at_most) == (1, 199, 1)
    assert (said.bad_at_most, said.more) == (17, 25)


def test_bad_ones_found_elsewhere_lower_what_is_left_and_touch_no_sample(workspace: Workspace) -> None:
    order = drawn_order(workspace)
    decide(workspace, order[:47], "accept")
    decide(workspace, order[150:153], "reject")
    said = reading.statement(workspace, KEEP)
    assert (said.sample.read, said.found_elsewhere, said.bad_at_most, said.kept_bad_at_most, said.kept) == (
        47,
        3,
        10,
        7,
        197,
    )
    assert said.sample.beyond == 3


def test_a_skipped_one_ends_the_sample_and_is_named(workspace: Workspace) -> None:
    order = drawn_order(workspace)
    decide(workspace, np.delete(order[:47], 20), "accept")
    said = reading.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.beyond, said.stop_key) == (20, 26, workspace.key(int(order[20])))
    assert (said.more, said.to_read) == (27, 1)


def test_another_threshold_uses_the_same_reading(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace, Recipe())[:30], "accept")
    n_high = int(np.count_nonzero(workspace.column("reward")[drawn_order(workspace, Recipe())[:30]] > 0.5))
    assert reading.statement(workspace, Recipe()).sample.read == 30
    assert reading.statement(workspace, KEEP).sample.read == n_high


def test_what_is_rejected_in_bulk_is_a_rule_and_not_reading(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    order = drawn_order(workspace)
    decide(workspace, order[:10], "accept")
    out = [workspace.key(int(row)) for row in order[5:25]]
    workspace.decisions.record_bulk(out, Entry("", "reject", reviewer="ann"), seen=workspace.decisions.version())
    said = reading.statement(workspace, KEEP)
    assert (said.sample.total, said.sample.read, said.kept) == (180, 5, 185)
    workspace.decisions.undo("ann")
    assert reading.statement(workspace, KEEP).sample.read == 10


def test_what_is_accepted_in_bulk_is_kept_and_still_unread(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    low = [workspace.key(row) for row in range(201, 211)]
    workspace.decisions.record_bulk(low, Entry("", "accept", reviewer="ann"), seen=0)
    said = reading.statement(workspace, KEEP)
    assert (said.sample.total, said.kept, said.sample.read) == (210, 210, 0)


def test_one_that_takes_the_place_of_a_rejected_one_counts_as_bad(tmp_path: Path) -> None:
    lines = [gym(answer=f"{n}", reward=1.0 - n / 10, _ng_task_index=0) for n in range(3)]
    source = write(tmp_path / "run.jsonl", lines)
    best = Recipe(strategies=(Step("best_of_n", {"n": 1}),))
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    decide(workspace, np.array([0]), "reject")
    said = reading.statement(workspace, best)
    assert (said.sample.total, said.sample.bad, said.kept, said.uncovered, said.kept_bad_at_most) == (1, 1, 1, 1, 1)
    workspace.close()


def test_the_sentence_says_all_of_it_and_rounds_up(workspace: Workspace) -> None:
    assert words.sentence(reading.statement(workspace, KEEP)) == (
        "None of the 200 selected was read at random yet. 47 clean ones show that at most 5 % of the kept set is bad "
        "(95 % sure)."
    )
    order = drawn_order(workspace)
    decide(workspace, order[:1], "reject")
    decide(workspace, order[1:47], "accept")
    assert words.sentence(reading.statement(workspace, KEEP)) == (
        "47 of the 200 selected read at random, 1 bad: at most 8.1 % of the kept set is bad (95 % sure). "
        "25 more clean ones bring it to 5 %."
    )


def test_a_clean_reading_meets_its_goal_in_words(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace)[:47], "accept")
    assert words.sentence(reading.statement(workspace, KEEP)) == (
        "47 of the 200 selected read at random, 0 bad: at most 5 % of the kept set is bad (95 % sure). "
        "That meets the goal of 5 %."
    )


def test_of_an_empty_kept_set_nothing_good_is_said(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace), "reject")
    said = reading.statement(workspace, KEEP)
    assert (said.kept, said.upper) == (0, 0.0)
    assert words.sentence(said) == "Nothing is kept of the 200 selected: there is no kept set to speak of."


def test_what_is_good_is_rounded_down() -> None:
    shares = (0.94999, 0.95, 0.29, 1.0, 0.0)
    assert [words.least(share) for share in shares] == ["94.9 %", "95 %", "29 %", "100 %", "0 %"]


def test_the_statement_asks_for_a_threshold_fixed_before_reading(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace)[:47], "accept")
    note = words.notes(reading.statement(workspace, KEEP))[-1]
    assert note.startswith("This is for a number (47 for 5 %) and a threshold fixed before reading.")


def test_disagreements_name_rollout_reward_and_reader(workspace: Workspace) -> None:
    decide(workspace, np.array([3, 4]), "reject")
    decide(workspace, np.array([210]), "accept", "bob")
    decide(workspace, np.array([211]), "reject")
    found = list(reading.disagreement_lines(workspace, KEEP))
    assert [(line["line"], line["reward"], line["verdict"], line["reviewer"]) for line in found] == [
        (4, 1.0, "reject", "ann"),
        (5, 1.0, "reject", "ann"),
        (211, 0.2, "accept", "bob"),
    ]
    assert list(found[0]) == [
        "key", "source", "line", "task", "agent", "reward", "verdict", "reasons", "note", "reviewer", "at",
    ]  # fmt: skip


def test_each_reviewer_has_verdicts_of_their_own_until_one_settles_it(workspace: Workspace) -> None:
    decide(workspace, np.array([1, 2]), "reject", "ann")
    decide(workspace, np.array([1]), "accept", "bob")
    key = workspace.key(1)
    assert {who: own[key][0] for who, own in reading.judged(workspace).items()} == {"ann": "reject", "bob": "accept"}
    assert reading.to_settle(workspace) == [key]
    decide(workspace, np.array([1]), "accept", "ann", queue="settle")
    assert reading.to_settle(workspace) == []
    assert reading.judged(workspace)["ann"][key][0] == "reject"


def test_a_newer_opinion_opens_a_settled_difference_again(workspace: Workspace) -> None:
    decide(workspace, np.array([1]), "reject", "ann")
    decide(workspace, np.array([1]), "accept", "bob")
    decide(workspace, np.array([1]), "accept", "ann", queue="settle")
    decide(workspace, np.array([1]), "reject", "eve")
    assert reading.to_settle(workspace) == [workspace.key(1)]


def test_who_reads_a_shared_part_second_is_asked_for_what_others_decided(workspace: Workspace) -> None:
    decide(workspace, np.arange(100), "accept", "ann")
    mine, theirs = reading.second_reads(workspace, "ann", 0.2), reading.second_reads(workspace, "bob", 0.2)
    assert len(mine) == 0
    assert 10 <= len(theirs) <= 30
    decide(workspace, theirs[:3], "accept", "bob")
    assert reading.second_reads(workspace, "bob", 0.2).tolist() == theirs[3:].tolist()


def test_rejects_are_counted_by_each_of_their_reasons(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    said = [
        ("reject", ("unsafe", "truncated")),
        ("reject", ("truncated",)),
        ("accept", ("unsafe",)),
        ("reject", ("off",)),
    ]
    entries = [Entry(workspace.key(row), verdict, why) for row, (verdict, why) in enumerate(said)]
    workspace.decisions.record([*entries, Entry(workspace.key(3), "clear"), Entry("elsewhere", "reject", ("unsafe",))])
    assert reading.reasons(workspace) == {"truncated": 2, "unsafe": 1}


def test_a_lower_bound_is_judged_by_what_it_would_keep(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace, Recipe()), "accept")
    found = [(step.threshold, step.total) for step in reading.calibration(workspace, Recipe(), 0.95)[1]]
    assert found == [(1.0, 200), (0.2, 240)]
    up_to = reading.calibration(workspace, Recipe(max_reward=0.5), 0.95)[1]
    assert [(step.threshold, step.total) for step in up_to] == [(1.0, 0), (0.2, 40)]
    own = Recipe(thresholds=Thresholds("agent", {workspace.frame["agent"].iat[0]: 0.5}))
    assert [step.total for step in reading.calibration(workspace, own, 0.95)[1]] == [0, 0]
