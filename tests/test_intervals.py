"""Intervals of means count tasks, hold as often as they say, and are left out where they would say nothing."""

import numpy as np
import pytest

from rollout_curator.intervals import Means, change, means

RUNS = 400


def of(values: list[float], task: list[int]) -> Means:
    return means(np.zeros(len(values), dtype=np.int64), np.array(values), np.array(task), 1)


def test_the_interval_of_five_tasks_is_that_of_five_numbers() -> None:
    """Means of the tasks 1, 2, 3, 4, 5: standard error sqrt(2.5 / 5), Student's t for 4 is 2.776."""
    found = of([1, 1, 2, 2, 3, 3, 4, 4, 5, 5], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert (found.n[0], found.tasks[0], found.mean[0]) == (10, 5, 3.0)
    assert (round(found.low[0], 3), round(found.high[0], 3)) == (1.037, 4.963)


def test_twice_the_attempts_at_the_same_tasks_tell_no_more() -> None:
    once = of([1, 2, 3, 4, 6], [0, 1, 2, 3, 4])
    twice = of([1, 2, 3, 4, 6] * 2, [0, 1, 2, 3, 4] * 2)
    assert twice.low[0] == pytest.approx(once.low[0]) and twice.high[0] == pytest.approx(once.high[0])


def test_fewer_than_five_tasks_have_no_interval() -> None:
    found = of([1, 0, 1, 0, 1, 1, 0, 1], [0, 0, 1, 1, 2, 2, 3, 3])
    assert np.isnan(found.low[0]) and np.isnan(found.high[0])


def test_five_tasks_that_all_pass_may_be_a_lucky_draw() -> None:
    """(0.025) ** (1 / n) of as many draws as five tasks are worth: 5 * (1.96 / 2.776) ** 2 = 2.49."""
    found = of([1.0] * 10, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert (round(found.low[0], 3), found.high[0]) == (0.228, 1.0)


def test_other_values_that_are_all_equal_have_no_interval() -> None:
    found = of([7.0] * 10, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert found.mean[0] == 7.0 and np.isnan(found.low[0])


def test_each_group_has_its_own_tasks() -> None:
    codes, task = np.array([0] * 6 + [2] * 2), np.array([0, 1, 2, 3, 4, 5, 0, 1])
    found = means(codes, np.arange(8.0), task, 3)
    assert found.tasks.tolist() == [6, 0, 2]
    assert np.isnan(found.mean[1]) and np.isnan(found.low[2]) and not np.isnan(found.low[0])


def test_the_largest_rewards_give_no_interval_and_no_warning() -> None:
    found = of([1.7e308, -1.7e308, 1.7e308, 0.0, 1.0, 1.7e308], [0, 1, 2, 3, 4, 5])
    assert np.isnan(found.low[0]) or np.isinf(found.low[0])


def covered(tasks: int, attempts: int, chance: float, rng: np.random.Generator, *, unequal: bool = False) -> float:
    """Return how often the interval holds the chance, where attempts at a task are alike (correlation one half)."""
    held = 0
    for _ in range(RUNS):
        of_task = rng.beta(chance, 1 - chance, tasks)
        size = rng.integers(1, 2 * attempts, tasks) if unequal else np.full(tasks, attempts)
        task = np.repeat(np.arange(tasks), size)
        passes = (rng.random(len(task)) < of_task[task]).astype(float)
        found = means(np.zeros(len(task), dtype=np.int64), passes, task, 1)
        held += bool(found.low[0] <= chance <= found.high[0])
    return held / RUNS


@pytest.mark.parametrize(("tasks", "attempts"), [(50, 8), (50, 16), (100, 64)])
@pytest.mark.parametrize("chance", [0.5, 0.8])
def test_an_interval_holds_as_often_as_it_says(tasks: int, attempts: int, chance: float) -> None:
    assert covered(tasks, attempts, chance, np.random.default_rng(8)) >= 0.93


def test_an_interval_holds_where_tasks_have_unequal_numbers_of_attempts() -> None:
    assert covered(50, 8, 0.5, np.random.default_rng(9), unequal=True) >= 0.93


def test_a_change_is_that_of_the_means_on_the_same_tasks() -> None:
    """The second selection takes the better of two attempts at each task, one higher than the mean of both."""
    task = np.repeat(np.arange(6), 2)
    values = np.array([10.0, 12.0, 20.0, 22.0, 30.0, 32.0, 40.0, 42.0, 50.0, 52.0, 60.0, 62.0])
    everything, better = np.ones(12, dtype=bool), np.arange(12) % 2 == 1
    found = change(values, task, everything, better)
    assert found[0] == pytest.approx(1.0)
    assert np.isnan(found[1]) or (found[1] == pytest.approx(1.0) and found[2] == pytest.approx(1.0))


def test_a_change_to_the_same_selection_is_none() -> None:
    task, values = np.arange(8), np.arange(8.0)
    among = np.ones(8, dtype=bool)
    assert change(values, task, among, among)[0] == 0.0


def test_a_change_to_nothing_is_not_known() -> None:
    among = np.ones(8, dtype=bool)
    assert np.isnan(change(np.arange(8.0), np.arange(8), among, ~among)).all()


def test_the_interval_of_a_change_holds_as_often_as_it_says() -> None:
    """One random attempt of each task against all of them: the chances are the same, the change is nothing."""
    rng, held = np.random.default_rng(10), 0
    for _ in range(RUNS):
        task = np.repeat(np.arange(50), 8)
        passes = (rng.random(400) < rng.beta(0.5, 0.5, 50)[task]).astype(float)
        one = np.isin(np.arange(400), np.arange(50) * 8 + rng.integers(0, 8, 50))
        _, low, high = change(passes, task, np.ones(400, dtype=bool), one)
        held += bool(low <= 0 <= high)
    assert held / RUNS >= 0.93
