"""The counts shown while a threshold is dragged are the counts of a plain comparison."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rollout_curator.levels import MAX_GRID, Kept, Levels, levels

FEW = some.sampled_from([0.0, -0.0, 1.0, 0.5, 0.1 + 0.2, 0.3, -100.0, 19.4, float("nan"), float("inf"), float("-inf")])
ANY = some.floats(allow_nan=True, allow_infinity=True)
ROW = some.tuples(FEW | ANY, some.integers(0, 10**6), some.integers(-1, 5))


def brute_force(
    reward: npt.NDArray[np.float64], tokens: npt.NDArray[np.int64], task: npt.NDArray[np.int64], threshold: float
) -> Kept:
    kept = reward >= threshold
    return Kept(int(kept.sum()), len({code for code in task[kept].tolist() if code >= 0}), int(tokens[kept].sum()))


def columns(
    rows: list[tuple[float, int, int]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    reward = np.array([row[0] for row in rows], dtype=np.float64)
    return reward, np.array([row[1] for row in rows], dtype=np.int64), np.array([row[2] for row in rows], np.int64)


def some_levels(*reward: float) -> Levels:
    return levels(np.array(reward), np.ones(len(reward), np.int64), np.arange(len(reward)))


def spread(n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    dice = np.random.default_rng(7)
    reward = dice.normal(0.3, 1.0, n)
    reward[::5] = 1.0
    reward[::11] = np.nan
    return reward, dice.integers(0, 5000, n), dice.integers(0, n // 8 + 1, n)


@given(some.lists(ROW, max_size=40))
def test_every_stop_counts_as_a_plain_comparison_does(rows: list[tuple[float, int, int]]) -> None:
    reward, tokens, task = columns(rows)
    made = levels(reward, tokens, task)
    assert [made.at(value) for value in made.stops.value.tolist()] == [
        brute_force(reward, tokens, task, value) for value in made.stops.value.tolist()
    ]


@given(some.lists(ROW, max_size=40), some.floats(allow_nan=False, allow_infinity=False))
def test_any_other_threshold_counts_as_a_plain_comparison_does(
    rows: list[tuple[float, int, int]], threshold: float
) -> None:
    reward, tokens, task = columns(rows)
    assert levels(reward, tokens, task).at(threshold) == brute_force(reward, tokens, task, threshold)


@given(some.lists(ROW, max_size=40))
def test_the_stops_are_the_distinct_finite_rewards(rows: list[tuple[float, int, int]]) -> None:
    reward, tokens, task = columns(rows)
    finite = reward[np.isfinite(reward)]
    assert levels(reward, tokens, task).stops.value.tolist() == sorted({value + 0.0 for value in finite.tolist()})


@given(some.lists(ANY, max_size=200))
@settings(max_examples=200)
def test_the_bins_hold_every_finite_reward_once(rewards: list[float]) -> None:
    reward = np.array(rewards, dtype=np.float64)
    made = levels(reward, np.ones(len(reward), np.int64), np.zeros(len(reward), np.int64))
    assert int(made.bins.count.sum()) == int(np.isfinite(reward).sum())
    assert np.all(made.bins.left <= made.bins.right)


@given(some.lists(some.floats(-1e6, 1e6), min_size=70, max_size=200, unique=True))
def test_a_bin_holds_what_lies_from_its_left_edge_to_before_its_right(rewards: list[float]) -> None:
    reward = np.array(rewards)
    made = levels(reward, np.ones(len(reward), np.int64), np.zeros(len(reward), np.int64)).bins
    inside = (reward[None, :] >= made.left[:, None]) & (reward[None, :] < made.right[:, None])
    assert inside.sum(axis=1).tolist() == made.count.tolist()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_grid_of_stops_counts_as_a_plain_comparison_does(seed: int) -> None:
    reward, tokens, task = spread(20_000)
    made = levels(reward, tokens, task)
    value = float(np.random.default_rng(seed).choice(made.stops.value))
    assert made.stops.at(value) == brute_force(reward, tokens, task, value)


def test_a_grid_of_stops_is_made_of_rewards_that_occur_and_reaches_both_ends() -> None:
    reward, tokens, task = spread(20_000)
    stops = levels(reward, tokens, task).stops.value
    assert len(stops) <= MAX_GRID
    assert np.isin(stops, reward).all()
    assert (stops[0], stops[-1]) == (np.nanmin(reward), np.nanmax(reward))


def test_a_grid_still_counts_exactly_between_its_stops() -> None:
    reward, tokens, task = spread(20_000)
    assert levels(reward, tokens, task).at(0.123456) == brute_force(reward, tokens, task, 0.123456)


def test_no_threshold_keeps_everything_and_a_threshold_never_keeps_the_unrated() -> None:
    made = some_levels(np.nan, 0.0, 1.0)
    assert made.at(None) == Kept(rollouts=3, tasks=3, tokens=3)
    assert made.at(0.0) == Kept(rollouts=2, tasks=2, tokens=2)
    assert made.n_unrated == 1


def test_minus_zero_is_zero() -> None:
    assert some_levels(-0.0, 0.0).stops.value.tolist() == [0.0]


def test_infinite_rewards_are_counted_but_are_no_stops() -> None:
    made = some_levels(-np.inf, 0.5, np.inf)
    assert made.stops.value.tolist() == [0.5]
    assert made.stops.rollouts.tolist() == [2, 1]
    assert made.n_infinite == 2


def test_float32_neighbours_stay_apart() -> None:
    assert some_levels(0.3, 0.1 + 0.2).at(0.1 + 0.2).rollouts == 1


def test_a_missing_token_count_adds_nothing() -> None:
    made = levels(np.array([1.0, 1.0]), np.array([np.nan, 7.0]), np.array([0, 1]))
    assert made.at(1.0) == Kept(rollouts=2, tasks=2, tokens=7)


def test_a_rollout_without_a_task_is_no_task() -> None:
    assert levels(np.array([1.0, 1.0]), np.array([3, 4]), np.array([-1, 0])).at(1.0) == Kept(2, 1, 7)


def test_without_rollouts_there_are_no_stops() -> None:
    made = some_levels()
    assert made.stops.value.tolist() == []
    assert made.at(0.5) == Kept(0, 0, 0)
    assert made.bins.count.tolist() == []


def test_few_rewards_have_a_bin_each() -> None:
    made = some_levels(0.0, 0.5, 0.5, 2.0).bins
    assert made.per_value
    assert made.count.tolist() == [1, 2, 1]
    assert made.left.tolist() == [-0.25, 0.25, 1.75]
    assert made.right.tolist() == [0.25, 0.75, 2.25]


def test_many_rewards_have_bins_at_round_edges() -> None:
    made = levels(np.arange(1000) / 1000, np.ones(1000, np.int64), np.arange(1000)).bins
    assert not made.per_value
    assert made.left[:4].tolist() == [0.0, 0.001, 0.002, 0.003]
    assert set(made.count.tolist()) == {1}
    assert made.first == 0


def test_a_million_rollouts_are_counted_exactly() -> None:
    reward, tokens, task = spread(1_000_000)
    made = levels(reward, tokens, task)
    value = float(made.stops.value[500])
    assert made.stops.at(value) == brute_force(reward, tokens, task, value)
