"""Intervals of means count tasks, hold as often as they say, and are left out where they would say nothing."""

import numpy as np
import pytest

from rollout_curator.selection.task_means import Means, change, means

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


def tried(tasks: int, chance: float, rng: np.random.Generator, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return passes (1.0 or 0.0) and tasks, where attempts at a task are alike (correlation one half)."""
    of_task = rng.beta(chance, 1 - chance, tasks)
    task = np.repeat(np.arange(tasks), size)
    return (rng.random(len(task)) < of_task[task]).astype(float), task


def covered(tasks: int, attempts: int, chance: float, rng: np.random.Generator, *, fail: float = 0.0) -> float:
    """Return how often the interval holds the mean; a pass is 1, a failure `fail`."""
    held, mean = 0, fail + chance * (1 - fail)
    for _ in range(RUNS):
        passes, task = tried(tasks, chance, rng, np.full(tasks, attempts))
        found = means(np.zeros(len(task), dtype=np.int64), fail + passes * (1 - fail), task, 1)
        held += bool(found.low[0] <= mean <= found.high[0])
    return held / RUNS


@pytest.mark.parametrize(("tasks", "attempts"), [(50, 8), (50, 16), (100, 64)])
@pytest.mark.parametrize("chance", [0.5, 0.8])
def test_an_interval_holds_as_often_as_it_says(tasks: int, attempts: int, chance: float) -> None:
    assert covered(tasks, attempts, chance, np.random.default_rng(8)) >= 0.93


@pytest.mark.parametrize(("tasks", "attempts", "chance"), [(20, 8, 0.95), (50, 8, 0.05), (100, 64, 0.99)])
def test_an_interval_holds_where_few_tasks_differ_from_the_others(tasks: int, attempts: int, chance: float) -> None:
    """It held .89, .93 and .84 of the time where the few that differ said how much tasks vary."""
    assert covered(tasks, attempts, chance, np.random.default_rng(11)) >= 0.93


@pytest.mark.parametrize(("tasks", "attempts", "chance"), [(50, 8, 0.02), (50, 8, 0.95), (100, 64, 0.99)])
def test_an_interval_holds_where_failures_are_minus_one(tasks: int, attempts: int, chance: float) -> None:
    """It held .82, .89 and .74 of the time where only rewards of 0 to 1 were taken for shares."""
    assert covered(tasks, attempts, chance, np.random.default_rng(12), fail=-1.0) >= 0.93


@pytest.mark.parametrize("heavy", [False, True])
def test_an_interval_holds_where_tasks_have_unequal_numbers_of_attempts(heavy: bool) -> None:
    """Up to 200 attempts at a few tasks and 3 at most others: it held .88 to .92 of the time."""
    rng, held = np.random.default_rng(9), 0
    for _ in range(RUNS):
        size = np.minimum(rng.pareto(1.2, 50) * 2 + 2, 200).astype(int) if heavy else rng.integers(1, 16, 50)
        passes, task = tried(50, 0.8, rng, size)
        found = means(np.zeros(len(task), dtype=np.int64), passes, task, 1)
        held += bool(found.low[0] <= 0.8 <= found.high[0])
    assert held / RUNS >= 0.93


def test_rounding_gives_equal_values_no_interval() -> None:
    """The mean of thirty 7.1 is not 7.1 to the last bit; "7.1 to 7.1" was said of it."""
    found = of([7.1] * 30, [n // 3 for n in range(30)])
    assert np.isnan(found.low[0]) and np.isnan(found.high[0])


def test_a_group_is_no_share_because_of_another() -> None:
    """Passes of one agent beside scores to 100 of another: the first are held within 0 and 1 all the same."""
    passes, scores = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0], [80.0, 90.0, 70.0, 100.0, 60.0, 65.0]
    codes, task = np.array([0] * 6 + [1] * 6), np.array([*range(6), *range(6)])
    found, alone = means(codes, np.array(passes + scores), task, 2), of(passes, list(range(6)))
    assert (found.low[0], found.high[0]) == (alone.low[0], alone.high[0])


def test_a_change_is_that_of_the_means_on_the_same_tasks() -> None:
    """The second selection takes the better of two attempts at each task, one higher than the mean of both."""
    task = np.repeat(np.arange(6), 2)
    values = np.array([10.0, 12.0, 20.0, 22.0, 30.0, 32.0, 40.0, 42.0, 50.0, 52.0, 60.0, 62.0])
    everything, better = np.ones(12, dtype=bool), np.arange(12) % 2 == 1
    found = change(values, task, everything, better)
    assert found[0] == pytest.approx(1.0)
    assert np.isnan(found[1]) and np.isnan(found[2])  # it does not vary over the tasks


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


def change_covered(tasks: int, few: int, rng: np.random.Generator) -> float:
    """Return how often the interval of a change holds nothing, where some tasks stand against all others."""
    held = 0
    for _ in range(RUNS):
        passes, task = tried(tasks, 0.5, rng, np.full(tasks, 8))
        _, low, high = change(passes, task, task >= few, task < few)
        held += bool(low <= 0 <= high)
    return held / RUNS


@pytest.mark.parametrize("few", [8, 20, 50])
def test_a_change_to_a_few_other_tasks_is_as_uncertain_as_they_are(few: int) -> None:
    """Eight tasks against 92 others: it held .89 of the time with the quantile for a hundred."""
    assert change_covered(100, few, np.random.default_rng(13)) >= 0.93


@pytest.mark.parametrize("few", [1, 2, 4])
def test_a_change_to_fewer_than_five_tasks_has_no_interval(few: int) -> None:
    """One task against 99 others: an interval was said that held .08 of the time."""
    assert change_covered(100, few, np.random.default_rng(14)) == 0.0


@pytest.mark.parametrize("chance", [0.5, 0.9, 0.97])
def test_the_change_to_the_highest_reward_is_as_uncertain_as_the_mean_of_all(chance: float) -> None:
    """With a chance of .97 it held .85 of the time, though the mean of all had an interval that holds."""
    rng, held, said = np.random.default_rng(15), 0, 0
    for _ in range(RUNS):
        passes, task = tried(50, chance, rng, np.full(50, 8))
        by, low, high = change(passes, task, np.ones(400, dtype=bool), passes >= 1)
        said += bool(by > 0)
        held += bool(low <= 1 - chance <= high)
    assert held / said >= 0.93


def test_a_selection_that_came_out_all_equal_by_luck_has_no_interval_of_its_change() -> None:
    """All of tasks 0 to 4 pass, and so do some of the others: what other tasks would do is not known."""
    values, task = np.array([1.0] * 10 + [1.0, 0.0] * 10), np.repeat(np.arange(15), 2)
    by, low, high = change(values, task, np.ones(30, dtype=bool), task < 5)
    assert by == pytest.approx(1 / 3) and np.isnan(low) and np.isnan(high)


def test_a_change_of_the_same_size_in_every_task_has_no_interval() -> None:
    task, values = np.repeat(np.arange(6), 2), np.array([0.1, 0.3, 0.2, 0.4, 0.3, 0.5, 0.4, 0.6, 0.5, 0.7, 0.6, 0.8])
    by, low, high = change(values, task, np.ones(12, dtype=bool), np.arange(12) % 2 == 1)
    assert by == pytest.approx(0.1) and np.isnan(low) and np.isnan(high)


def test_the_change_of_the_largest_rewards_gives_no_warning() -> None:
    values = np.array([1.7e308, -1.7e308, 1.7e308, 0.0, 1.0, 1.7e308])
    assert not np.isfinite(change(values, np.arange(6), np.ones(6, dtype=bool), np.arange(6) > 0)[1])
