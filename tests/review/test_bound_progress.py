"""The two lines of the queue bar: how far the random reviews are, and what they show by now."""

from dataclasses import replace

from rollout_curator.review.bound_progress import Progress, progress
from rollout_curator.review.random_order import RandomSample
from rollout_curator.review.sampling_plan import Sampling
from rollout_curator.review.statement import ALL, ANY_TIME, Statement
from rollout_curator.review.statement_words import sentence

SAID = Statement(
    confidence=0.95,
    goal=0.05,
    sample=RandomSample(total=298, read=30, bad=6, stop=7, beyond=0),
    stop_key="",
    basis=ANY_TIME,
    plan=None,
    plan_bad_at_most=-1,
    plan_read=30,
    plan_bad=6,
    bad_at_most=110,
    kept=298,
    copies=0,
    units=298,
    units_at_most=100,
    is_pairs=False,
    kept_bad_at_most=100,
    kept_bad_whenever=100,
    kept_bad_if_planned=80,
    left_reading=0,
    left_otherwise=0,
    came=0,
    disputed=0,
    uncovered=0,
    allows=90,
    readers=1,
    planned=53,
    more=114,
    to_read=114,
)


def after(read: int, bad: int, at_most: int, more: int) -> Statement:
    return replace(
        SAID, sample=replace(SAID.sample, read=read, bad=bad), kept_bad_at_most=at_most, more=more, plan_read=read
    )


def test_the_way_to_the_goal_is_what_was_reviewed_and_what_is_missing() -> None:
    assert progress(SAID) == Progress(30, 144, "30 / 144 for ≤ 5% bad", "6 bad, at most 33.6% (95% confidence)")


def test_a_plan_under_way_counts_to_its_own_end() -> None:
    plan = Sampling(reads=88, bad=1, goal=0.05, clock=3)
    said = replace(after(40, 0, 30, 60), plan=plan, plan_read=26, plan_bad=1)
    assert (progress(said).goal, round(progress(said).share, 3)) == ("26 / 88 for ≤ 5% bad", 0.295)


def test_a_plan_with_more_bad_ones_than_it_allows_no_longer_promises_its_goal() -> None:
    plan = Sampling(reads=46, bad=0, goal=0.05, clock=3)
    said = replace(after(2, 1, 180, 120), plan=plan, plan_read=2, plan_bad=1)
    assert progress(said).goal == "2 / 46 of the plan"
    assert "The plan of 46 reviews allowed 0 bad and has 1: judged at its end, it may miss 5%." in sentence(said)


def test_reviews_that_exclude_nothing_are_too_few_for_a_bound() -> None:
    assert progress(after(1, 1, 298, 200)).bound == "too few reviews for a bound (1)"
    assert progress(after(0, 0, 298, 59)) == Progress(0, 59, "0 / 59 for ≤ 5% bad", "no random reviews yet")


def test_a_goal_that_is_met_fills_the_bar() -> None:
    assert progress(after(114, 0, 14, 0)) == Progress(
        114, 114, "114 / 114 for ≤ 5% bad", "0 bad, at most 4.7% (95% confidence)"
    )


def test_a_goal_that_cannot_be_met_any_more_counts_the_reviews_alone() -> None:
    assert progress(after(200, 60, 70, 0)) == Progress(
        200, 298, "200 reviewed at random", "60 bad, at most 23.5% (95% confidence)"
    )
    assert progress(replace(after(298, 60, 60, 0), basis=ALL)).bound == "all reviewed, 60 bad"


def test_more_rejected_elsewhere_than_the_sample_allows_is_no_bound() -> None:
    assert progress(replace(SAID, left_reading=91)).bound == "no bound: 91 rejected outside the sample"


def test_where_nothing_is_selected_there_is_no_way() -> None:
    nothing = replace(after(0, 0, 0, 0), sample=RandomSample(0, 0, 0, -1, 0), kept=0)
    assert (progress(nothing), progress(nothing).share) == (Progress(0, 0, "", "nothing is selected"), 0.0)
