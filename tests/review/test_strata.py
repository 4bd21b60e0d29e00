"""The bad ones of a whole from reading some of every stratum: by hand, against the bound of one sample, simulated."""

import numpy as np
import pytest

from rollout_curator.review import confidence
from rollout_curator.review.stratified_bound import Stratum, estimate, most_bad


def test_each_read_counts_for_what_it_stands_for() -> None:
    """1 of 10 in 900 stands for 90, 5 of 10 in 100 for 50."""
    assert estimate([Stratum(900, 10, 1), Stratum(100, 10, 5)]) == 140


def test_without_a_read_in_each_stratum_there_is_no_estimate_and_the_unread_are_bad() -> None:
    assert estimate([Stratum(90, 30, 1), Stratum(5, 0, 0)]) is None
    assert most_bad([Stratum(90, 30, 1), Stratum(5, 0, 0)]) == most_bad([Stratum(90, 30, 1)]) + 5
    assert most_bad([Stratum(5, 0, 0)]) == 5
    assert most_bad([]) == 0


@pytest.mark.parametrize(
    ("bad", "read", "total"), [(0, 59, 1000), (3, 59, 1000), (5, 300, 1000), (20, 20, 40), (3, 50, 50)]
)
def test_one_stratum_is_one_sample(bad: int, read: int, total: int) -> None:
    assert most_bad([Stratum(total, read, bad)]) == confidence.most_bad(bad, read, total)


def test_clean_reads_in_equal_parts_show_as_much_as_one_sample() -> None:
    assert most_bad([Stratum(100, 6, 0)] * 10) == pytest.approx(confidence.most_bad(0, 60, 1000), abs=2)


def test_who_read_all_knows_the_number() -> None:
    assert most_bad([Stratum(30, 30, 4), Stratum(5, 5, 5)]) == 9


def test_three_clean_of_ten_and_two_of_four_by_hand() -> None:
    """No bad one found of n in the ten: C(10-n,3)/C(10,3), 16.7% for 4, 8.3% for 5, 3.3% for 6. In the four:
    C(4-n,2)/C(4,2), 50% for 1. So 5 fit (5 and 0, 8.3%), and 6 do not (5 and 1, 4.2%, is the likeliest).
    """
    assert most_bad([Stratum(10, 3, 0), Stratum(4, 2, 0)]) == 5


WHOLES = {
    "a few rare and bad": ([900, 40, 30, 30], [0.02, 0.3, 0.5, 0.7], [40, 20, 20, 20]),
    "all alike": ([300, 300, 300], [0.05, 0.05, 0.05], [30, 30, 30]),
    "the worst least read": ([900, 100], [0.08, 0.0], [15, 60]),
    "much bad": ([300, 300, 300], [0.3, 0.1, 0.02], [30, 30, 30]),
    "unequal depth": ([2000, 2000], [0.05, 0.05], [30, 150]),
    "eight rewards": ([500, 200, 100, 50, 50, 30, 20, 10], [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.9], [10] * 8),
}  # fmt: skip


def held(name: str, runs: int) -> tuple[float, float]:
    """Return how often the bound holds the truth, and by how much the estimate is off on average."""
    totals, shares, reads = WHOLES[name]
    dice = np.random.default_rng(17)
    covered, off = [], []
    for _ in range(runs):
        bad = dice.binomial(totals, shares)
        strata = [
            Stratum(total, read, int(dice.hypergeometric(n, total - n, read)))
            for total, n, read in zip(totals, bad, reads, strict=True)
        ]
        covered.append(most_bad(strata) >= bad.sum())
        off.append((estimate(strata) or 0.0) - bad.sum())
    return float(np.mean(covered)), float(np.mean(off)) / sum(totals)


@pytest.mark.parametrize("name", WHOLES)
def test_the_bound_holds_and_the_estimate_is_right_on_average(name: str) -> None:
    covered, off = held(name, runs=60)
    assert covered >= 0.95
    assert abs(off) < 0.015


@pytest.mark.simulation
@pytest.mark.parametrize("name", WHOLES)
def test_the_bound_holds_in_95_percent_of_1000_samples(name: str) -> None:
    covered, off = held(name, runs=1000)
    print(f"{name:<24} held {covered:.3f}, estimate off by {off:+.4f} of all")
    assert covered >= 0.945
