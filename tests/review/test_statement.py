"""What reading says about the rollouts that are kept: real files, a real review store, every number by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import DecisionRefused
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import sampling_plan, summary
from rollout_curator.review import statement_words as words
from rollout_curator.review.random_order import in_order
from rollout_curator.selection.filters import Thresholds
from rollout_curator.selection.strategies import Step
from rollout_curator.workspace.workspace import Workspace

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


def decide(workspace: Workspace, rows: np.ndarray, verdict: str, who: str = "ann", queue: str = "random") -> None:
    assert workspace.decisions is not None
    keys = [workspace.key(int(row)) for row in rows]
    workspace.decisions.record([Entry(key, verdict, reviewer=who, queue=queue) for key in keys])


def drawn_order(workspace: Workspace, recipe: Recipe = KEEP) -> np.ndarray:
    return in_order(workspace.sample_rank, workspace.once(summary.selected(workspace, recipe)))


def test_the_selected_are_what_rules_select_each_content_once(workspace: Workspace) -> None:
    assert len(drawn_order(workspace)) == 200
    decide(workspace, drawn_order(workspace)[:5], "reject")
    assert len(drawn_order(workspace)) == 200
    decide(workspace, drawn_order(workspace)[100:103], "reject", queue="flagged")
    assert len(drawn_order(workspace)) == 197


def test_before_reading_the_plan_is_known(workspace: Workspace) -> None:
    said = summary.statement(workspace, KEEP)
    assert (said.sample.read, said.kept, said.kept_bad_at_most, said.more, said.planned) == (0, 200, 200, 98, 47)
    assert [words.offer_words(offer, said) for offer in words.offered(said)] == [
        "47 reviews, 0 bad: at most 5%; passes 34% of the time when 2% are bad",
        "72 reviews, at most 1 bad: at most 5%; passes 54% of the time when 2% are bad",
        "112 reviews, at most 3 bad: at most 5%; passes 90% of the time when 2% are bad",
        "193 reviews, at most 9 bad: at most 5%; passes 100% of the time when 2% are bad",
    ]


def planned(workspace: Workspace, reads: int = 47, bad: int = 0) -> None:
    summary.choose(workspace, KEEP, reads, bad, 0.05, "ann")


def test_a_plan_that_was_chosen_is_said_before_the_first_read(workspace: Workspace) -> None:
    planned(workspace, 72, 1)
    assert words.notes(summary.statement(workspace, KEEP)) == [
        "Plan for this selection: 72 random reviews, at most 1 bad.",
        "Duplicates count once: 201 kept rollouts, 200 unique.",
    ]


def test_where_nothing_was_decided_that_is_said(workspace: Workspace) -> None:
    assert words.decided_words(workspace) == "No decisions yet."


def test_what_was_not_chosen_is_named_without_one_that_was(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(0), "reject", ("not-chosen",), "", "ann", queue="kept")])
    assert words.decided_words(workspace) == "Reviewed one by one: 0; not chosen in a comparison: 1."


def test_reading_a_plan_to_its_end_gives_the_exact_bound(workspace: Workspace) -> None:
    planned(workspace)
    decide(workspace, drawn_order(workspace)[:47], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.basis, said.sample.read, said.sample.bad, said.kept_bad_at_most) == ("plan", 47, 0, 10)
    assert said.upper == 0.05


def test_without_a_plan_or_past_it_the_bound_for_any_time_counts(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace)[:47], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.basis, said.kept_bad_at_most, said.kept_bad_if_planned) == ("any time", 23, 10)
    planned(workspace, 20)
    decide(workspace, drawn_order(workspace)[47:70], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.basis, said.sample.read, said.plan_bad_at_most) == ("any time", 70, 19)


def test_a_bad_one_found_at_random_is_out_of_the_kept(workspace: Workspace) -> None:
    planned(workspace)
    order = drawn_order(workspace)
    decide(workspace, order[:1], "reject")
    decide(workspace, order[1:47], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.sample.bad, said.kept, said.bad_at_most - said.kept_bad_at_most) == (1, 199, 1)
    assert said.bad_at_most == 17


def test_bad_ones_found_elsewhere_leave_the_set_and_are_never_taken_off(workspace: Workspace) -> None:
    planned(workspace)
    order = drawn_order(workspace)
    decide(workspace, order[:47], "accept")
    decide(workspace, order[150:153], "reject", queue="flagged")
    said = summary.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.total, said.left_reading, said.kept) == (47, 197, 3, 197)
    assert (said.bad_at_most, said.kept_bad_at_most) == (10, 10)


def test_what_was_not_chosen_in_a_comparison_is_no_bad_one_that_was_found(tmp_path: Path) -> None:
    """F4: of 1,000, 20 comparisons that leave out 60, then 93 read with 3 bad: 7.6%, where 1.7% was printed."""
    lines = [gym(answer=f"{n}", _ng_task_index=n % 250) for n in range(1000)]
    source = write(tmp_path / "run.jsonl", lines)
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    assert workspace.decisions is not None
    summary.choose(workspace, KEEP, 93, 1, 0.05)
    order = drawn_order(workspace)
    others = [
        Entry(workspace.key(int(row)), "reject", ("not-chosen",), "", "ann", queue="random") for row in order[200:260]
    ]
    workspace.decisions.record(others)
    decide(workspace, order[:90], "accept")
    decide(workspace, order[90:93], "reject")
    said = summary.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.total, said.kept, said.left_otherwise) == (93, 940, 937, 60)
    assert words.percent(said.upper) == "7.6%"
    assert (
        "60 were rejected in bulk or not chosen in a comparison: out of the kept set, as if by a rule."
        in words.notes(said)
    )
    workspace.close()


def test_a_bound_that_reading_elsewhere_refutes_is_not_printed(tmp_path: Path) -> None:
    """F4b: 59 clean of 1,000 allow 48 bad ones, and 60 were found: "at most 0%" was printed."""
    source = write(tmp_path / "run.jsonl", [gym(answer=f"{n}", _ng_task_index=n) for n in range(1000)])
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    summary.choose(workspace, KEEP, 59, 0, 0.05)
    order = drawn_order(workspace)
    decide(workspace, order[:59], "accept")
    decide(workspace, order[300:360], "reject", queue="flagged")
    assert words.sentence(summary.statement(workspace, KEEP)) == (
        "59 of the 940 selected rollouts reviewed at random, as planned, 0 bad, but 60 were rejected in other queues, "
        "more than the 48 that this sample allows: by chance, or by another standard. So the kept set has no error "
        "bound."
    )
    workspace.close()


def test_a_disputed_one_is_bad_until_it_is_settled(tmp_path: Path) -> None:
    """F5: Ann rejects 6 of 59, Bob accepts them: 18.4% stays, where it became 4.8%."""
    source = write(tmp_path / "run.jsonl", [gym(answer=f"{n}", _ng_task_index=n) for n in range(500)])
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    summary.choose(workspace, KEEP, 59, 0, 0.05)
    order = drawn_order(workspace)
    decide(workspace, order[6:59], "accept")
    decide(workspace, order[:6], "reject")
    decide(workspace, order[:6], "accept", "bob", "second")
    said = summary.statement(workspace, KEEP)
    assert (said.sample.bad, said.disputed, words.percent(said.upper)) == (6, 6, "18.4%")
    decide(workspace, order[:6], "accept", "ann", "settle")
    assert summary.statement(workspace, KEEP).sample.bad == 0
    workspace.close()


def test_a_press_taken_back_at_once_is_no_verdict_and_a_changed_mind_is_none_either(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    order = drawn_order(workspace)
    decide(workspace, order[:1], "reject")
    workspace.decisions.undo("ann")
    decide(workspace, order[:3], "accept")
    assert summary.statement(workspace, KEEP).sample.bad == 0
    decide(workspace, order[3:5], "reject")
    workspace.decisions.undo("ann")
    workspace.decisions.undo("ann")
    decide(workspace, order[3:5], "accept")
    assert summary.statement(workspace, KEEP).sample.bad == 1


def test_what_is_compared_instead_of_judged_when_its_turn_had_come_counts_as_bad(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    order = drawn_order(workspace)
    decide(workspace, order[:10], "accept")
    workspace.decisions.record([Entry(workspace.key(int(row)), "reject", way="compared") for row in order[[10, 80]]])
    said = summary.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.bad, said.sample.total, said.came) == (11, 1, 199, 1)


def test_what_was_chosen_in_a_comparison_or_read_elsewhere_still_waits_for_its_turn(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    order = drawn_order(workspace)
    workspace.decisions.record([Entry(workspace.key(int(order[1])), "accept", way="compared", queue="random")])
    decide(workspace, order[3:4], "accept", queue="flagged")
    decide(workspace, order[[0, 2]], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.beyond, said.stop_key) == (1, 1, workspace.key(int(order[1])))


def test_a_plan_holds_for_what_is_read_after_it_and_is_chosen_once(workspace: Workspace) -> None:
    order = drawn_order(workspace)
    decide(workspace, order[:5], "reject")
    planned(workspace, 40)
    planned(workspace, 45)
    decide(workspace, order[5:50], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.basis, said.sample.read, said.sample.bad, said.sample.total, said.kept) == ("plan", 45, 0, 195, 195)
    with pytest.raises(
        DecisionRefused, match="a plan of 45 reviews was chosen for this selection and review has begun"
    ):
        planned(workspace, 60)
    assert sampling_plan.chosen(workspace, Recipe(min_reward=0.1)) is None


def test_copies_are_counted_as_the_rows_they_are(tmp_path: Path) -> None:
    """F10: one unread content in 601 of 1,600 rows is at most one bad content, and 601 bad rows."""
    lines = [gym(answer=f"{n}", _ng_task_index=n) for n in range(1000)]
    source = write(tmp_path / "run.jsonl", [*lines, *[lines[0]] * 600])
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    order = drawn_order(workspace)
    decide(workspace, order[order != 0], "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.kept, said.units, said.units_at_most) == (1000, 1600, 600 + said.kept_bad_at_most)
    assert said.kept_bad_at_most >= 1
    assert f"at most {said.units_at_most:,} of 1,600 examples" in words.sentence(said)
    workspace.close()


def test_of_pairs_it_is_said_how_many_can_have_a_bad_chosen_side(workspace: Workspace) -> None:
    """F10: a content that is chosen in two pairs counts twice; of the rejected sides nothing is said."""
    planned(workspace)
    order = drawn_order(workspace)
    decide(workspace, order[:47], "accept")
    pairs = np.array([[int(row), 201] for row in [*order[100:150], *order[100:150], order[0]]])
    said = summary.statement(workspace, KEEP, written=pairs)
    assert (said.units, said.kept, said.units_at_most) == (101, 51, 20)
    assert words.sentence(said).startswith(
        "47 of the 200 selected rollouts reviewed at random, as planned, 0 bad: at most 20 of 101 pairs have a chosen "
        "side that "
        "this reviewer would reject (95% confidence); no bound for the rejected sides."
    )


def test_a_skipped_one_ends_the_sample_and_is_named(workspace: Workspace) -> None:
    order = drawn_order(workspace)
    decide(workspace, np.delete(order[:47], 20), "accept")
    said = summary.statement(workspace, KEEP)
    assert (said.sample.read, said.sample.beyond, said.stop_key) == (20, 26, workspace.key(int(order[20])))
    assert (said.more, said.to_read) == (78, 52)


def test_another_threshold_uses_the_same_reading(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace, Recipe())[:30], "accept")
    n_high = int(np.count_nonzero(workspace.column("reward")[drawn_order(workspace, Recipe())[:30]] > 0.5))
    assert summary.statement(workspace, Recipe()).sample.read == 30
    assert summary.statement(workspace, KEEP).sample.read == n_high


def test_what_is_rejected_in_bulk_is_a_rule_and_not_reading(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    order = drawn_order(workspace)
    decide(workspace, order[:10], "accept")
    out = [workspace.key(int(row)) for row in order[5:25]]
    workspace.decisions.record_bulk(out, Entry("", "reject", reviewer="ann"), seen=workspace.decisions.version())
    said = summary.statement(workspace, KEEP)
    assert (said.sample.total, said.sample.read, said.kept, said.came) == (181, 6, 185, 1)  # order[10] was next
    workspace.decisions.undo("ann")
    assert summary.statement(workspace, KEEP).sample.read == 10


def test_what_is_accepted_in_bulk_is_kept_and_still_unread(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    low = [workspace.key(row) for row in range(201, 211)]
    workspace.decisions.record_bulk(low, Entry("", "accept", reviewer="ann"), seen=0)
    said = summary.statement(workspace, KEEP)
    assert (said.sample.total, said.kept, said.sample.read) == (210, 210, 0)


def test_one_that_takes_the_place_of_a_rejected_one_counts_as_bad(tmp_path: Path) -> None:
    lines = [gym(answer=f"{n}", reward=1.0 - n / 10, _ng_task_index=0) for n in range(3)]
    source = write(tmp_path / "run.jsonl", lines)
    best = Recipe(strategies=(Step("best_of_n", {"n": 1}),))
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    decide(workspace, np.array([0]), "reject")
    said = summary.statement(workspace, best)
    assert (said.sample.total, said.sample.bad, said.kept, said.uncovered, said.kept_bad_at_most) == (1, 1, 1, 1, 1)
    workspace.close()


def test_the_sentence_says_all_of_it_and_rounds_up(workspace: Workspace) -> None:
    said = summary.statement(workspace, KEEP)
    assert (
        words.sentence(said)
        == "None of the 200 selected rollouts has been reviewed at random yet, so the kept set has no error "
        "bound yet."
    )
    assert words.notes(said)[:2] == [
        "Choose a plan before you start. Without one you can stop at any time, but more reviews are needed.",
        "47 reviews, 0 bad: at most 5%; passes 34% of the time when 2% are bad.",
    ]
    order = drawn_order(workspace)
    decide(workspace, order[:1], "reject")
    decide(workspace, order[1:47], "accept")
    assert words.sentence(summary.statement(workspace, KEEP)) == (
        "47 of the 200 selected rollouts reviewed at random, 1 bad: at most 15.1% of the unique kept rollouts would be "
        "rejected "
        "by this reviewer, at most 31 of 200 examples (95% confidence, whenever you stop). 75 more, all good, would "
        "bring it to 5%."
    )


def test_a_plan_read_to_its_end_meets_its_goal_in_words(workspace: Workspace) -> None:
    planned(workspace)
    decide(workspace, drawn_order(workspace)[:20], "accept")
    assert words.sentence(summary.statement(workspace, KEEP)).endswith(
        "A plan of 47 reviews is under way and is judged at its end."
    )
    decide(workspace, drawn_order(workspace)[20:47], "accept")
    assert words.sentence(summary.statement(workspace, KEEP)) == (
        "47 of the 200 selected rollouts reviewed at random, as planned, 0 bad: at most 5% of the unique kept rollouts "
        "would be "
        "rejected by this reviewer, at most 11 of 201 examples (95% confidence). Goal of 5% reached."
    )


def test_of_an_empty_kept_set_nothing_good_is_said(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace), "reject")
    said = summary.statement(workspace, KEEP)
    assert (said.kept, said.upper) == (0, 0.0)
    assert words.sentence(said) == "None of the 200 selected rollouts is kept, so no error rate can be given."


def test_what_is_good_is_rounded_down() -> None:
    shares = (0.94999, 0.95, 0.29, 1.0, 0.0)
    assert [words.least(share) for share in shares] == ["94.9%", "95%", "29%", "100%", "0%"]


def test_the_notes_say_what_a_bound_rests_on(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace)[:47], "accept")
    assert words.notes(summary.statement(workspace, KEEP))[:2] == [
        "Valid whenever you stop, if the rules and the threshold were fixed before you started.",
        "Had just these 47 reviews been planned before, it would be at most 5%, which would reach the goal of 5%.",
    ]


def test_how_verdicts_came_about_is_counted(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    decide(workspace, np.arange(3), "accept")
    decide(workspace, np.arange(3, 5), "reject", queue="flagged")
    workspace.decisions.record([Entry(workspace.key(9), "accept", ("chosen",), way="compared")])
    keys = [workspace.key(row) for row in range(20, 40)]
    workspace.decisions.record_bulk(keys, Entry("", "accept"), seen=workspace.decisions.version())
    assert words.decided_words(workspace) == (
        "Reviewed one by one: 5 (3 accepted, 2 rejected); first reviewed at random: 3; chosen in a comparison: 1; "
        "accepted in "
        "bulk: 20."
    )


def test_disagreements_name_rollout_reward_and_reader(workspace: Workspace) -> None:
    decide(workspace, np.array([3, 4]), "reject")
    decide(workspace, np.array([210]), "accept", "bob")
    decide(workspace, np.array([211]), "reject")
    found = list(summary.disagreement_lines(workspace, KEEP))
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
    assert {who: own[key][0] for who, own in summary.judged(workspace).items()} == {"ann": "reject", "bob": "accept"}
    assert summary.to_settle(workspace) == [key]
    decide(workspace, np.array([1]), "accept", "ann", queue="settle")
    assert summary.to_settle(workspace) == []
    assert summary.judged(workspace)["ann"][key][0] == "reject"


def test_a_newer_opinion_opens_a_settled_difference_again(workspace: Workspace) -> None:
    decide(workspace, np.array([1]), "reject", "ann")
    decide(workspace, np.array([1]), "accept", "bob")
    decide(workspace, np.array([1]), "accept", "ann", queue="settle")
    decide(workspace, np.array([1]), "reject", "eve")
    assert summary.to_settle(workspace) == [workspace.key(1)]


def test_who_reads_a_shared_part_second_is_asked_for_what_others_decided(workspace: Workspace) -> None:
    decide(workspace, np.arange(100), "accept", "ann")
    mine, theirs = summary.second_reads(workspace, "ann", 0.2), summary.second_reads(workspace, "bob", 0.2)
    assert len(mine) == 0
    assert 10 <= len(theirs) <= 30
    decide(workspace, theirs[:3], "accept", "bob")
    assert summary.second_reads(workspace, "bob", 0.2).tolist() == theirs[3:].tolist()


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
    assert summary.reasons(workspace) == {"truncated": 2, "unsafe": 1}


def test_a_lower_bound_is_judged_by_what_it_would_keep(workspace: Workspace) -> None:
    decide(workspace, drawn_order(workspace, Recipe()), "accept")
    found = [(step.threshold, step.total) for step in summary.calibration(workspace, Recipe(), 0.95)[1]]
    assert found == [(1.0, 200), (0.2, 240)]
    up_to = summary.calibration(workspace, Recipe(max_reward=0.5), 0.95)[1]
    assert [(step.threshold, step.total) for step in up_to] == [(1.0, 0), (0.2, 40)]
    own = Recipe(thresholds=Thresholds("agent", {workspace.frame["agent"].iat[0]: 0.5}))
    assert [step.total for step in summary.calibration(workspace, own, 0.95)[1]] == [0, 0]
