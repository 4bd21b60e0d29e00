"""How far readers agree: values by hand and printed ones, brute force, and intervals that are simulated."""

from itertools import permutations, product

import numpy as np
import pytest

from rollout_curator.review.agreement import LEAST, agreements, differing, kappa, kappa_interval
from rollout_curator.review.krippendorff import alpha, alpha_interval

# --- two reviewers


def test_kappa_of_the_classic_example() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, kappa 0.4."""
    assert kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)


def test_kappa_is_1_0_and_undefined_where_it_must_be() -> None:
    assert kappa([[5, 0], [0, 5]]) == 1.0
    assert kappa([[4, 4], [4, 4]]) == 0.0
    assert kappa([[9, 0], [0, 0]]) is None
    assert kappa([[0, 0], [0, 0]]) is None


def test_two_reviewers_are_compared_on_what_both_decided() -> None:
    ann = {
        "a": ("reject", ["unsafe", "formatting"]),
        "b": ("accept", []),
        "c": ("reject", ["unsafe"]),
        "d": ("accept", []),
    }
    bob = {
        "a": ("reject", ["unsafe"]),
        "b": ("reject", ["off_task"]),
        "c": ("reject", ["off_task"]),
        "z": ("accept", []),
    }
    found = agreements({"bob": bob, "ann": ann, "eve": {}})
    assert [(pair.one, pair.other, pair.both, pair.agreed) for pair in found] == [("ann", "bob", 3, 2)]
    assert found[0].reasons == {"formatting": (0, 1), "off_task": (0, 1), "unsafe": (1, 2)}
    assert (found[0].kappa, found[0].low, found[0].high) == (None, None, None)
    assert found[0].rejected == (2, 3)
    assert (found[0].on_accepts, found[0].on_rejects) == (0.0, pytest.approx(4 / 5))
    assert differing({"ann": ann, "bob": bob}) == {"b"}


def brute_kappa(pairs: list[tuple[int, int]]) -> float:
    """Return kappa by its meaning: how far agreement is from that of each one's verdicts dealt out anew."""
    observed = np.mean([one == other for one, other in pairs])
    by_chance = np.mean([one == other for (one, _), (_, other) in product(pairs, repeat=2)])
    return float((observed - by_chance) / (1 - by_chance))


@pytest.mark.parametrize("seed", range(20))
def test_kappa_is_what_brute_force_finds(seed: int) -> None:
    dice = np.random.default_rng(seed)
    pairs = [(0, 1), (1, 0), *dice.integers(0, 2, (int(dice.integers(3, 40)), 2)).tolist()]
    table = [[sum(pair == [a, b] or pair == (a, b) for pair in pairs) for b in (0, 1)] for a in (0, 1)]
    assert kappa(table) == pytest.approx(brute_kappa([(a, b) for a, b in pairs]))


def test_the_interval_is_never_a_point_and_holds_kappa() -> None:
    """20 of 20 alike is no proof of perfect agreement; the asymptotic interval would be 1 to 1."""
    low, high = kappa_interval([[15, 0], [0, 5]])
    assert 0.4 < low < 0.8 < 0.95 < high < 1.0
    low, high = kappa_interval([[20, 5], [10, 15]])
    assert low == pytest.approx(0.13, abs=0.03)
    assert high == pytest.approx(0.62, abs=0.03)


def test_below_20_there_is_no_kappa() -> None:
    ann = {f"{n}": ("reject" if n % 2 else "accept", []) for n in range(LEAST)}
    fewer = dict(list(ann.items())[1:])
    assert [pair.kappa for pair in agreements({"ann": ann, "bob": ann})] == [1.0]
    assert [pair.kappa for pair in agreements({"ann": ann, "bob": fewer})] == [None]


def kappas_covered(n: int, rejected: float, error: float, runs: int) -> float:
    """Return how often the interval holds the true kappa of two readers with the same error."""
    dice = np.random.default_rng(5)
    agree_bad = (1 - rejected) * error**2 + rejected * (1 - error) ** 2
    agree_good = (1 - rejected) * (1 - error) ** 2 + rejected * error**2
    cells = np.array([agree_good, error * (1 - error), error * (1 - error), agree_bad])
    truth = kappa((cells.reshape(2, 2) * 1_000_000).tolist())
    held = []
    for _ in range(runs):
        table = dice.multinomial(n, cells).reshape(2, 2).tolist()
        if kappa(table) is not None:
            low, high = kappa_interval(table)
            held.append(truth is not None and low <= truth <= high)
    return float(np.mean(held))


@pytest.mark.parametrize(
    ("n", "rejected", "error"), [(20, 0.05, 0.02), (20, 0.2, 0.1), (20, 0.5, 0.5), (200, 0.2, 0.1)]
)
def test_the_interval_holds_the_true_kappa_in_19_of_20_samples(n: int, rejected: float, error: float) -> None:
    assert kappas_covered(n, rejected, error, runs=500) >= 0.93


# --- three or more


def test_alpha_is_that_of_krippendorffs_first_example() -> None:
    """Two observers, ten units, two values: 0.095 (Computing Krippendorff's Alpha-Reliability, 2011, A)."""
    one, other = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert alpha(list(zip(one, other, strict=True))) == pytest.approx(0.095, abs=0.0005)


def test_alpha_is_that_of_krippendorffs_example_with_missing_values() -> None:
    """Four observers, twelve units, five values, some missing: 0.743 (the same, C)."""
    said = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = [[value for value in unit if value != "."] for unit in zip(*said, strict=True)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_is_1_where_all_agree_and_undefined_where_one_value_is_all_there_is() -> None:
    assert alpha([["a", "a"], ["b", "b", "b"], ["a"]]) == 1.0
    assert alpha([["a", "a"], ["a", "a"]]) is None
    assert alpha([["a"], ["b"]]) is None
    assert alpha([]) is None


def brute_alpha(units: list[list[int]]) -> float:
    """Return alpha over every ordered pair of values: within their unit, and among all."""
    units = [unit for unit in units if len(unit) > 1]
    every = [value for unit in units for value in unit]
    within = sum((a != b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2)) / len(every)
    among = sum(a != b for a, b in permutations(every, 2)) / (len(every) * (len(every) - 1))
    return 1 - within / among


@pytest.mark.parametrize("seed", range(20))
def test_alpha_is_what_brute_force_finds(seed: int) -> None:
    dice = np.random.default_rng(seed)
    units = [[0, 1], *(dice.integers(0, 3, int(dice.integers(0, 6))).tolist() for _ in range(15))]
    assert alpha(units) == pytest.approx(brute_alpha(units))


def alphas_covered(n: int, n_readers: int, missing: float, bad: float, error: float) -> float:
    """Return how often the interval holds the alpha of very many rollouts."""
    dice = np.random.default_rng(8)

    def read(n: int) -> tuple[np.ndarray, np.ndarray]:
        is_bad = dice.random(n)[:, None] < bad
        wrong, there = dice.random((n, n_readers)) < error, dice.random((n, n_readers)) >= missing
        given, rejected = there.sum(axis=1), ((is_bad ^ wrong) & there).sum(axis=1)
        return rejected[given > 1], given[given > 1]

    rejected, given = read(300_000)
    share, pairs = rejected.sum() / given.sum(), 2 * rejected * (given - rejected) / (given - 1)
    truth = 1 - pairs.sum() / given.sum() / (2 * share * (1 - share))
    intervals = [alpha_interval(*read(n)) for _ in range(300)]
    return float(np.mean([low <= truth <= high for low, high in intervals]))


@pytest.mark.parametrize(
    ("n", "n_readers", "missing", "bad", "error"),
    [(20, 3, 0.0, 0.05, 0.02), (50, 5, 0.4, 0.2, 0.1), (200, 3, 0.0, 0.2, 0.1), (200, 5, 0.4, 0.5, 0.3)],
)
def test_the_interval_of_alpha_holds_the_true_one(
    n: int, n_readers: int, missing: float, bad: float, error: float
) -> None:
    assert alphas_covered(n, n_readers, missing, bad, error) >= 0.91


@pytest.mark.simulation
@pytest.mark.parametrize("n", [20, 50, 200])
def test_both_intervals_hold_over_the_whole_range(n: int) -> None:
    found = []
    for rejected, error in product((0.05, 0.2, 0.5), (0.02, 0.1, 0.25, 0.5)):
        two, three = kappas_covered(n, rejected, error, 1000), alphas_covered(n, 3, 0.0, rejected, error)
        found += [two, three, alphas_covered(n, 5, 0.4, rejected, error)]
        print(f"n {n:>3}, {rejected:.0%} bad, error {error:.0%}: kappa {two:.3f}, alpha {three:.3f}, {found[-1]:.3f}")
    assert min(found) >= 0.88
