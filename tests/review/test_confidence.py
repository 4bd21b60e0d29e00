"""What reading a part says of the whole, against values worked out by hand, printed tables and scipy."""

import math

import numpy as np
import pytest
from scipy.stats import beta, hypergeom

from rollout_curator.review import confidence
from rollout_curator.review.calibration import (
    Above,
    Reads,
    above,
    bands,
    disagree,
    edges,
    lowest_threshold,
    lowest_whenever,
    whenever,
)
from rollout_curator.review.order_breaks import had_come
from rollout_curator.review.plan_options import offers
from rollout_curator.review.random_order import in_share, in_turns, random_sample_of, unread_among_first
from rollout_curator.review.time_budget import mix, pace

# --- bounds


def test_no_bad_one_in_59_is_at_most_5_percent() -> None:
    assert confidence.most_share(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert round(confidence.most_share(0, 59), 4) == 0.0495
    assert round(confidence.most_share(0, 58), 4) == 0.0503


def test_one_bad_one_in_59_is_at_most_7_8_percent() -> None:
    upper = confidence.most_share(1, 59)
    assert round(upper, 4) == 0.0779
    assert (1 - upper) ** 59 + 59 * upper * (1 - upper) ** 58 == pytest.approx(0.05)


def test_the_interval_is_that_of_the_printed_tables() -> None:
    """Clopper and Pearson at 95%: 8 of 10 is 0.4439 to 0.9748, 0 of 20 is 0 to 0.1684 (any table of exact limits)."""
    assert [round(bound, 4) for bound in confidence.interval(8, 10)] == [0.4439, 0.9748]
    assert [round(bound, 4) for bound in confidence.interval(0, 20)] == [0.0, 0.1684]
    assert confidence.interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("bad", "read"), [(0, 1), (3, 40), (17, 200), (40, 40)])
def test_the_share_is_a_quantile_of_the_beta_distribution(bad: int, read: int) -> None:
    expected = 1.0 if bad == read else beta.ppf(0.95, bad + 1, read - bad)
    assert confidence.most_share(bad, read) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("bad", "read", "total"),
    [(0, 59, 3871), (1, 59, 3871), (5, 300, 1000), (0, 20, 40), (30, 400, 1_000_000), (2, 2, 9)],
)
def test_the_bound_for_a_finite_set_is_the_last_number_that_scipy_finds_likely_enough(
    bad: int, read: int, total: int
) -> None:
    most = confidence.most_bad(bad, read, total)
    assert hypergeom.cdf(bad, total, most, read) > 0.05
    assert most == total - (read - bad) or hypergeom.cdf(bad, total, most + 1, read) <= 0.05


def test_a_small_set_by_hand() -> None:
    """4 of 10 read, none bad: with 5 bad among 10, C(5,4)/C(10,4) = 5/210 = 2.4%; with 4, C(6,4)/210 = 7.1%."""
    assert confidence.most_bad(0, 4, 10) == 4


def test_whoever_read_all_knows_the_number() -> None:
    assert (confidence.most_bad(3, 50, 50), confidence.most_bad_whenever(3, 50, 50)) == (3, 3)


def test_whoever_read_nothing_knows_nothing() -> None:
    assert (confidence.most_bad(0, 0, 50), confidence.most_bad_whenever(0, 0, 50), confidence.most_share(0, 0)) == (
        50,
        50,
        1.0,
    )


def test_the_plan_for_5_percent_is_59_then_93_then_124() -> None:
    assert [confidence.planned(0.05, 10_000_000, bad=bad) for bad in (0, 1, 2, 3)] == [59, 93, 124, 153]


def test_a_small_set_needs_fewer() -> None:
    n = confidence.planned(0.05, 100)
    assert (n, confidence.most_bad(0, n, 100), confidence.most_bad(0, n - 1, 100)) == (39, 5, 6)


def test_what_cannot_be_shown_leaves_all_to_read() -> None:
    assert confidence.more_clean_whenever(30, 40, 100, 5.0) == 60


def covered(n_sets: int, *, peeks: bool) -> tuple[float, float]:
    """Return how often the bounds held over many random sets, part of whose reading was not at random."""
    dice = np.random.default_rng(11)
    held, held_whenever = [], []
    for _ in range(n_sets):
        total = int(dice.integers(100, 1500))
        bad = dice.random(total) < dice.choice([0.01, 0.03, 0.08, 0.2])
        sample_rank = dice.permutation(total).astype(np.uint64)
        flagged = dice.random(total) < np.where(bad, 0.5, 0.1)
        decided = flagged & (dice.random(total) < 0.7)  # read for a reason, bad ones far more often
        n = int(dice.integers(20, 90))
        decided |= sample_rank < n
        if dice.random() < 0.3:  # an unpleasant one is skipped: the first bad one, or the second or third
            unpleasant = np.sort(sample_rank[bad])[dice.integers(0, 3) :]
            decided &= ~np.isin(sample_rank, unpleasant[:1])
        sample = random_sample_of(sample_rank, np.ones(total, dtype=bool), decided, bad)
        most = confidence.most_bad(sample.bad, sample.read, total)
        left = max(most - int(np.count_nonzero(decided & bad)), 0)
        held.append(int(bad.sum()) <= most and int(np.count_nonzero(bad & ~decided)) <= left)
        if peeks:
            found = np.cumsum(bad[np.argsort(sample_rank)])
            held_whenever.append(
                all(
                    bad.sum() <= confidence.most_bad_whenever(int(found[n - 1]), n, total)
                    for n in range(1, min(total, 60))
                )
            )
    return float(np.mean(held)), float(np.mean(held_whenever)) if peeks else 1.0


def test_the_bound_holds_in_at_least_95_percent_of_2000_random_sets_also_when_much_was_not_read_at_random() -> None:
    assert covered(2000, peeks=False)[0] >= 0.95


def test_the_bound_for_looking_at_any_time_holds_at_every_moment_at_once() -> None:
    assert covered(150, peeks=True)[1] >= 0.95


# --- drawing at random

LOTS = np.array([50, 10, 40, 20, 30], dtype=np.uint64)
ALL = np.ones(5, dtype=bool)


def these(*rows: int) -> np.ndarray:
    marked = np.zeros(5, dtype=bool)
    marked[list(rows)] = True
    return marked


def test_the_sample_ends_at_the_first_undecided_one() -> None:
    sample = random_sample_of(LOTS, ALL, decided=these(1, 3, 2), bad=these(3))
    assert (sample.read, sample.bad, sample.stop, sample.beyond, sample.total) == (2, 1, 4, 1, 5)


def test_what_is_read_elsewhere_changes_nothing() -> None:
    before = random_sample_of(LOTS, ALL, decided=these(1, 3), bad=these(3))
    after = random_sample_of(LOTS, ALL, decided=these(1, 3, 0), bad=these(3, 0))
    assert (before.read, before.bad) == (after.read, after.bad) == (2, 1)


def test_a_set_that_shrinks_keeps_its_sample() -> None:
    assert random_sample_of(LOTS, these(0, 1, 3), decided=these(1, 3), bad=these()).read == 2


def test_a_set_that_grows_asks_for_the_newcomers_that_come_first() -> None:
    sample = random_sample_of(LOTS, ALL, decided=these(1, 4), bad=these())
    assert (sample.read, sample.stop) == (1, 3)
    assert unread_among_first(LOTS, ALL, these(1, 4), 3) == 1


def test_when_all_is_read_the_sample_is_everything() -> None:
    sample = random_sample_of(LOTS, ALL, decided=ALL, bad=these(0))
    assert (sample.read, sample.bad, sample.stop, sample.beyond) == (5, 1, -1, 0)


def test_every_stratum_has_its_turn() -> None:
    rows = in_turns(LOTS, np.arange(5), np.array(["a", "a", "a", "b", "b"]))
    assert rows.tolist() == [1, 3, 4, 2, 0]


def test_a_share_is_about_its_size_and_holds_every_smaller_one() -> None:
    sample_rank = np.random.default_rng(3).integers(0, 2**64, 20_000, dtype=np.uint64)
    tenth, fifth = in_share(sample_rank, 0.1), in_share(sample_rank, 0.2)
    assert (round(tenth.mean(), 2), round(fifth.mean(), 2), bool((tenth & ~fifth).any())) == (0.1, 0.2, False)
    first = np.argsort(sample_rank)[:2000]
    assert 0.07 < tenth[first].mean() < 0.13


# --- the reward against people


def reads_of(reward: list[float], decided: list[int], accepted: list[int]) -> Reads:
    n = len(reward)
    marked = [np.isin(np.arange(n), rows) for rows in (decided, accepted)]
    return Reads(np.arange(n, dtype=np.uint64), np.array(reward), np.ones(n, dtype=bool), *marked)


def test_few_rewards_are_bands_of_their_own() -> None:
    assert edges(np.array([1.0, 0.0, 0.5, np.nan, 1.0])).tolist() == [0.0, 0.5, 1.0]


def test_many_rewards_are_about_equal_bands_and_the_threshold_begins_one() -> None:
    found = edges(np.linspace(0, 1, 1001), [0.55, 7.0])
    assert len(found) == 11
    assert 0.55 in found.tolist()


def test_a_band_uses_only_what_was_drawn_in_it() -> None:
    found = bands(reads_of([0.0, 1.0, 1.0, 1.0, 0.0], decided=[1, 2, 4], accepted=[1]), np.array([0.0, 1.0]))
    assert [(band.low, band.high, band.total, band.read, band.accepted) for band in found] == [
        (0.0, 0.0, 2, 0, 0),
        (1.0, 1.0, 3, 2, 1),
    ]
    assert (round(found[1].at_least, 4), round(found[1].at_most, 4)) == (0.0126, 0.9874)


def test_above_a_threshold_only_what_was_drawn_of_all_above_it_counts() -> None:
    found = above(reads_of([0.0, 1.0, 1.0, 0.5], decided=[1, 2], accepted=[1, 2]), np.array([0.0, 0.5, 1.0]))
    assert [(step.threshold, step.total, step.read, step.accepted) for step in found] == [
        (1.0, 2, 2, 2),
        (0.5, 3, 2, 2),
        (0.0, 4, 0, 0),
    ]
    assert found[0].at_least == pytest.approx(0.05 ** (1 / 2))


def step(threshold: float, read: int, accepted: int) -> Above:
    return Above(threshold, 1000, read, accepted, confidence.least_share(accepted, read))


def test_the_lowest_threshold_is_the_last_that_passes_before_one_fails() -> None:
    steps = [step(1.0, 10, 10), step(0.9, 60, 60), step(0.8, 100, 99), step(0.7, 120, 110), step(0.6, 900, 899)]
    found = lowest_threshold(steps, 0.95)
    assert found is not None
    assert found.threshold == 0.8


def test_without_enough_reading_no_threshold_is_offered() -> None:
    assert lowest_threshold([step(1.0, 58, 58), step(0.5, 58, 58)], 0.95) is None


def test_bounds_for_every_look_and_threshold_are_lower_and_name_no_unread_step() -> None:
    """One look at 59 clean: 95%; for every look (0.05 / 60) ** (1 / 59) is 88.7% of an endless set, with a tenth of
    the risk (0.005 / 60) ** (1 / 59), 85.3%; a little more of 1,000.
    """
    alone, unread = step(1.0, 59, 59), Above(0.5, 1000, 0, 0, 0.0)
    shares = [found[0].at_least for found in (whenever([alone]), whenever([alone] * 10), whenever([unread, unread]))]
    assert [round(share, 3) for share in shares] == [0.891, 0.858, 0.0]
    assert lowest_whenever([unread], 0.5) is None


def test_the_lowest_threshold_for_every_look_needs_no_order() -> None:
    steps = [step(1.0, 10, 10), step(0.9, 900, 900), step(0.8, 900, 899), step(0.7, 900, 700)]
    found = lowest_whenever(steps, 0.98)
    assert found is not None
    assert found.threshold == 0.8


def test_everything_read_is_known_whenever_one_looks() -> None:
    assert whenever([Above(0.5, 40, 40, 39, 0.88)])[0].at_least == pytest.approx(39 / 40)


def looked(runs: int) -> dict[str, float]:
    """Return how often claims are wrong of who looks every 20 reads and believes the first that pleases.

    Ten rewards; good ones are commoner the higher the reward, and just below 95% from the top down.
    """
    dice = np.random.default_rng(23)
    wrong: dict[str, list[bool]] = {"once": [], "largest of ten": [], "whenever": [], "so far": []}
    for _ in range(runs):
        reward = dice.integers(1, 11, 1500) / 10
        good = dice.random(1500) < 0.90 + 0.045 * reward
        sample_rank = dice.permutation(1500).astype(np.uint64)
        truth = {level: good[reward >= level].mean() for level in np.unique(reward).tolist()}
        found: dict[str, bool] = dict.fromkeys(wrong, False)
        for n in range(60, 301, 20):
            reads = Reads(sample_rank, reward, np.ones(1500, dtype=bool), sample_rank < n, (sample_rank < n) & good)
            steps = above(reads, np.unique(reward))
            for name, best in (("once", lowest_threshold(steps, 0.95)), ("whenever", lowest_whenever(steps, 0.95))):
                found[name] |= best is not None and truth[best.threshold] < 0.95
            for name, claims in (("largest of ten", steps), ("so far", whenever(steps))):
                most = max(claims, key=lambda one: one.at_least)
                found[name] |= most.at_least > truth[most.threshold]
        for name, was in found.items():
            wrong[name].append(was)
    return {name: float(np.mean(was)) for name, was in wrong.items()}


def test_who_looks_often_is_wrong_in_one_case_of_20_at_most_by_the_bounds_for_every_look() -> None:
    wrong = looked(40)
    assert max(wrong["whenever"], wrong["so far"]) <= 0.05
    assert max(wrong["once"], wrong["largest of ten"]) > 0.08  # the claims of one look, which say that they are


@pytest.mark.simulation
def test_who_looks_often_over_1000_readings() -> None:
    wrong = looked(1000)
    print("wrong of who looks every 20 reads:", {name: round(share, 3) for name, share in wrong.items()})
    assert max(wrong["whenever"], wrong["so far"]) <= 0.05


def test_high_and_rejected_or_low_and_accepted_is_a_disagreement() -> None:
    reads = reads_of([1.0, 1.0, 0.2, 0.2, 1.0], decided=[0, 1, 2, 3], accepted=[1, 2])
    assert np.flatnonzero(disagree(reads, np.full(5, 0.5))).tolist() == [0, 2]


def test_without_a_threshold_the_median_says_what_is_high() -> None:
    """The median of 1.0, 0.9, 0.2, 0.1 is 0.55; the second has a threshold of its own, which it does not reach."""
    reads = reads_of([1.0, 0.9, 0.2, 0.1], decided=[0, 1, 2, 3], accepted=[1, 2])
    assert np.flatnonzero(disagree(reads, np.array([np.nan, 0.95, np.nan, np.nan]))).tolist() == [0, 1, 2]


# --- planning


def at(*seconds: float) -> list[str]:
    return [f"2026-01-01T00:{int(second) // 60:02d}:{second % 60:09.6f}+00:00" for second in seconds]


def test_the_pace_is_the_mean_time_between_decisions_without_the_breaks() -> None:
    found = pace(at(0, 30, 50, 60, 90, 100, 1000, 1010))
    assert (found.measured, round(found.seconds, 2)) == (6, 18.33)


def test_before_there_are_decisions_the_pace_is_a_guess() -> None:
    assert (pace([]).measured, pace(at(0, 10)).seconds) == (0, 45.0)


def test_thirty_minutes_are_shared_between_bound_threshold_and_harm() -> None:
    assert mix(30, 45.0, {"random": 500, "near": 500, "flagged": 500}) == {"random": 20, "near": 10, "flagged": 10}


def test_what_one_queue_cannot_fill_goes_to_the_others_and_disputes_come_first() -> None:
    assert mix(30, 45.0, {"settle": 4, "random": 10, "near": 3, "flagged": 90}) == {
        "settle": 4,
        "random": 10,
        "near": 3,
        "flagged": 23,
    }


def test_no_time_is_nothing_to_read() -> None:
    assert mix(0, 45.0, {"random": 5}) == {}


def test_who_leaves_the_random_order_when_it_was_their_turn_is_known() -> None:
    """Read are the first and the third by lot; the second was skipped, the fourth is next, the fifth far off."""
    never = np.iinfo(np.int64).max
    sample_rank = np.array([10, 20, 30, 40, 50], dtype=np.uint64)
    turn = np.array([1, never, 2, never, never])
    closed = np.array([1, 3, 2, 4, 5])
    asked = turn == never
    alone = np.zeros(5, dtype=bool)
    assert had_come(sample_rank, ALL, closed, asked, turn, alone).tolist() == [False, True, False, True, True]
    closed = np.array([1, 3, 2, 5, 4])
    assert had_come(sample_rank, ALL, closed, asked, turn, alone).tolist() == [False, True, False, True, False]
    nobody = np.full(5, never)
    assert not had_come(sample_rank, ALL, closed, asked, nobody, alone).any()


def test_what_is_rejected_elsewhere_shortly_before_its_turn_may_have_been_seen_ahead_in_the_random_order() -> None:
    """One of forty is read; the last of the next twenty, and the one after it, are rejected by reading elsewhere."""
    never = np.iinfo(np.int64).max
    sample_rank, turn = np.arange(40, dtype=np.uint64), np.full(40, never)
    turn[0] = 1
    closed = turn.copy()
    closed[[20, 21]] = 2
    asked = closed == 2
    assert np.flatnonzero(had_come(sample_rank, turn > 0, closed, asked, turn, asked)).tolist() == [20]
    assert not had_come(sample_rank, turn > 0, closed, asked, turn, np.zeros(40, dtype=bool)).any()


def test_plans_pass_as_often_as_the_binomial_says() -> None:
    found = [(one.reads, one.bad, round(one.chance, 2)) for one in offers(0.05, 1_000_000)]
    assert found == [(59, 0, 0.3), (93, 1, 0.44), (153, 3, 0.63), (311, 9, 0.9)]
    assert offers(0.05, 0) == []


def test_without_a_plan_it_takes_144_clean_reads_of_1204() -> None:
    assert math.ceil(confidence.most_bad_whenever(0, 59, 1204) / 1204 * 1000) / 10 == 11.1
    assert confidence.more_clean_whenever(0, 59, 1204, 0.05 * 1204) == 144 - 59
