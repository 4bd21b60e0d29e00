"""How often a reviewer errs, and the share of bad ones with that taken out: by hand, and simulated."""

import numpy as np
import pytest

from rollout_curator.review.reviewer_error import Corrected, Rates, corrected, rates

ANN = {"a": "reject", "b": "accept", "c": "accept", "d": "reject", "x": "accept"}
BOB = {"a": "reject", "b": "accept", "c": "reject", "d": "accept", "y": "reject"}


def test_right_is_what_both_said_or_settled_on() -> None:
    """a is bad and b good to both; c was settled as bad, which Ann missed, d as good, which Ann rejected."""
    assert rates({"ann": ANN, "bob": BOB}, {"c": "reject", "d": "accept"}) == [
        Rates("ann", bad=2, caught=1, good=2, passed=1, differences=0),
        Rates("bob", bad=2, caught=2, good=2, passed=2, differences=0),
    ]


def test_what_is_not_settled_is_counted_and_no_rate_is_given() -> None:
    ann, _ = rates({"ann": ANN, "bob": BOB}, {"c": "reject"})
    assert (ann.bad, ann.good, ann.differences, ann.is_enough) == (2, 1, 1, False)


def test_who_shares_nothing_has_no_rate() -> None:
    assert rates({"ann": ANN, "eve": {"z": "accept"}}, {}) == []


def test_too_few_read_twice_correct_nothing() -> None:
    assert corrected(10, 100, Rates("ann", 9, 9, 90, 90, 0)) is None
    assert corrected(10, 100, Rates("ann", 20, 20, 90, 90, 1)) is None
    assert corrected(0, 0, Rates("ann", 20, 20, 90, 90, 0)) is None


def test_a_coin_corrects_nothing() -> None:
    assert corrected(50, 100, Rates("ann", 20, 10, 20, 10, 0)) is None


def test_the_errors_are_taken_out_by_rogan_and_gladen() -> None:
    """20 of 100 rejected by one who rejects 8 of 10 bad and 1 of 10 good ones: (0.2 + 0.9 - 1) / (0.8 + 0.9 - 1)."""
    found = corrected(20, 100, Rates("ann", 100, 80, 100, 90, 0))
    assert isinstance(found, Corrected)
    assert found.share == pytest.approx(1 / 7)
    assert 0 <= found.low < 1 / 7 < found.high < 0.35


def test_a_share_is_never_below_0_or_above_1() -> None:
    none = corrected(0, 200, Rates("ann", 20, 19, 20, 15, 0))
    every = corrected(200, 200, Rates("ann", 20, 15, 20, 19, 0))
    assert none is not None
    assert every is not None
    assert (none.share, none.low, every.share, every.high) == (0.0, 0.0, 1.0, pytest.approx(1.0, abs=0.01))


def covered(bad: float, error: float, n_twice: int, n_random: int, runs: int) -> tuple[float, int]:
    """Return how often the interval holds the true share of bad ones, and how often one could be given.

    Two err alike and apart; what they differ on is settled rightly; what both got wrong stays wrong.
    """
    dice = np.random.default_rng(29)
    held = []
    for _ in range(runs):
        is_bad = dice.random(n_random) < bad
        ann, bob = (is_bad ^ (dice.random(n_random) < error) for _ in range(2))
        said = [{f"{n}": "reject" if own[n] else "accept" for n in range(n_twice)} for own in (ann, bob)]
        settled = {f"{n}": "reject" if is_bad[n] else "accept" for n in np.flatnonzero(ann != bob)}
        found = corrected(int(ann.sum()), n_random, rates({"ann": said[0], "bob": said[1]}, settled)[0])
        if found is not None:
            held.append(found.low <= bad <= found.high)
    return float(np.mean(held)), len(held)


@pytest.mark.parametrize(("bad", "error", "n_twice"), [(0.3, 0.1, 60), (0.15, 0.05, 120), (0.5, 0.2, 60)])
def test_the_interval_of_the_corrected_share_holds_the_truth(bad: float, error: float, n_twice: int) -> None:
    share, given = covered(bad, error, n_twice, n_random=300, runs=200)
    assert given >= 100
    assert share >= 0.93
