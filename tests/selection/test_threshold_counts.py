"""The counts shown while a threshold is dragged are the counts of a plain comparison."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import Curve, Kept, ThresholdCounts, count_thresholds
from rollout_curator.selection.threshold_counts.curves import MAX_STOPS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FEW = some.sampled_from([0.0, -0.0, 1.0, 0.5, 0.1 + 0.2, 0.3, -100.0, 19.4, float("nan"), float("inf"), float("-inf")])
ANY = some.floats(allow_nan=True, allow_infinity=True)
ROWS = some.lists(some.tuples(FEW | ANY, some.integers(0, 10**6), some.integers(-1, 5), some.booleans()), max_size=40)
BOUND = some.none() | FEW.filter(np.isfinite) | some.floats(allow_nan=False, allow_infinity=False)
BOUNDS = some.builds(Interval, BOUND, BOUND)


class Population:
    """Columns of one length, and how a reader would count them."""

    def __init__(self, value: Floats, tokens: Ints, task: Ints, always: Flags) -> None:
        self.value, self.tokens, self.task, self.always = value, tokens, task, always

    def levels(self, bounds: Interval) -> ThresholdCounts:
        return count_thresholds(self.value, self.tokens, self.task, always=self.always, bounds=bounds)

    def kept(self, at_least: float | None, at_most: float | None) -> Kept:
        inside = np.ones(len(self.value), dtype=bool)
        if at_least is not None:
            inside &= self.value >= at_least
        if at_most is not None:
            inside &= self.value <= at_most
        inside |= self.always
        tasks = {code for code in self.task[inside].tolist() if code >= 0}
        return Kept(int(inside.sum()), len(tasks), int(self.tokens[inside].sum()))


def population(rows: list[tuple[float, int, int, bool]]) -> Population:
    value, tokens, task, always = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Population(
        np.array(value, np.float64), np.array(tokens, np.int64), np.array(task, np.int64), np.array(always, np.bool_)
    )


def spread(n: int) -> Population:
    dice = np.random.default_rng(7)
    value = dice.normal(0.3, 1.0, n)
    value[::5] = 1.0
    value[::11] = np.nan
    value[3::1001] = np.inf
    value[4::1001] = -np.inf
    task = dice.integers(-1, n // 8 + 1, n)
    return Population(value, dice.integers(0, 5000, n), task, np.arange(n) % 97 == 0)


def some_levels(*value: float) -> ThresholdCounts:
    return count_thresholds(np.array(value), np.ones(len(value), np.int64), np.arange(len(value)))


def every_stop(steps: Curve) -> list[Kept]:
    return [steps.at(i) for i in range(len(steps.value))]


@given(ROWS, BOUNDS)
@settings(max_examples=150)
def test_every_stop_of_either_handle_counts_as_a_plain_comparison_does(
    rows: list[tuple[float, int, int, bool]], bounds: Interval
) -> None:
    people = population(rows)
    made = people.levels(bounds)
    assert every_stop(made.lower) == [people.kept(value, bounds.high) for value in made.lower.value.tolist()]
    assert every_stop(made.upper) == [people.kept(bounds.low, value) for value in made.upper.value.tolist()]


@given(ROWS, BOUNDS)
def test_a_handle_that_is_taken_away_or_pushed_past_every_value_is_counted_too(
    rows: list[tuple[float, int, int, bool]], bounds: Interval
) -> None:
    people = population(rows)
    made = people.levels(bounds)
    assert made.lower.open == people.kept(None, bounds.high)
    assert made.upper.open == people.kept(bounds.low, None)
    assert made.lower.beyond == people.kept(np.inf, bounds.high)
    assert made.upper.beyond == people.kept(bounds.low, -np.inf)


@given(ROWS, BOUNDS, BOUNDS)
def test_any_bounds_count_as_a_plain_comparison_does(
    rows: list[tuple[float, int, int, bool]], given_bounds: Interval, bounds: Interval
) -> None:
    people = population(rows)
    made = people.levels(given_bounds)
    assert made.at(bounds) == people.kept(bounds.low, bounds.high)
    assert made.kept == people.kept(given_bounds.low, given_bounds.high)


@given(ROWS, BOUNDS, BOUNDS)
def test_levels_moved_to_other_bounds_are_levels_made_for_them(
    rows: list[tuple[float, int, int, bool]], before: Interval, bounds: Interval
) -> None:
    moved, made = population(rows).levels(before).within(bounds), population(rows).levels(bounds)
    assert (moved.kept, moved.bounds) == (made.kept, bounds)
    assert every_stop(moved.lower) == every_stop(made.lower)
    assert every_stop(moved.upper) == every_stop(made.upper)


@given(ROWS)
def test_the_stops_are_the_distinct_finite_values(rows: list[tuple[float, int, int, bool]]) -> None:
    people = population(rows)
    finite = people.value[np.isfinite(people.value)]
    made = people.levels(Interval())
    assert made.lower.value.tolist() == sorted({value + 0.0 for value in finite.tolist()})
    assert made.upper.value.tolist() == made.lower.value.tolist()


@given(some.lists(ANY, max_size=200))
@settings(max_examples=200)
def test_the_bins_hold_every_finite_value_once(values: list[float]) -> None:
    made = some_levels(*values)
    assert int(made.bins.count.sum()) == int(np.isfinite(np.array(values, dtype=np.float64)).sum())
    assert np.all(made.bins.left <= made.bins.right)


@given(ROWS)
def test_every_bin_says_how_many_of_its_rollouts_are_kept_whatever_the_bounds(
    rows: list[tuple[float, int, int, bool]],
) -> None:
    people = population(rows)
    made = people.levels(Interval(low=0.0))
    accepted = (people.value[people.always] + 0.0).tolist()
    assert made.bins.per_value
    assert made.always.tolist() == [accepted.count(value) for value in made.lower.value.tolist()]


@given(some.lists(some.floats(-1e6, 1e6), min_size=70, max_size=200, unique=True))
def test_a_bin_holds_what_lies_from_its_left_edge_to_before_its_right(values: list[float]) -> None:
    value = np.array(values)
    made = some_levels(*values).bins
    inside = (value[None, :] >= made.left[:, None]) & (value[None, :] < made.right[:, None])
    assert inside.sum(axis=1).tolist() == made.count.tolist()


def test_a_grid_of_stops_is_made_of_values_that_occur_and_reaches_both_ends() -> None:
    people = spread(20_000)
    stops = people.levels(Interval()).lower.value
    finite = people.value[np.isfinite(people.value)]
    assert len(stops) <= MAX_STOPS
    assert np.isin(stops, finite).all()
    assert (stops[0], stops[-1]) == (finite.min(), finite.max())


def test_a_grid_counts_exactly_at_its_stops_and_between_them() -> None:
    people = spread(20_000)
    made = people.levels(Interval(high=1.25))
    assert not made.is_every_value
    assert every_stop(made.lower) == [people.kept(value, 1.25) for value in made.lower.value.tolist()]
    assert made.at(Interval(0.123456, 0.9)) == people.kept(0.123456, 0.9)


@pytest.mark.parametrize("bounds", [Interval(), Interval(0.25, None), Interval(0.25, 1.0)])
def test_a_million_rollouts_are_counted_exactly(bounds: Interval) -> None:
    people = spread(1_000_000)
    made = people.levels(bounds)
    low, high = float(made.lower.value[300]), float(made.upper.value[800])
    assert made.lower.at(300) == people.kept(low, bounds.high)
    assert made.upper.at(800) == people.kept(bounds.low, high)
    assert made.at(Interval(low, high)) == people.kept(low, high)


def test_a_known_order_is_used_and_changes_nothing() -> None:
    people = spread(5_000)
    columns = (people.value, people.tokens, people.task)
    known = np.argsort(people.value)
    right = count_thresholds(*columns, bounds=Interval(0.5)).lower
    assert every_stop(count_thresholds(*columns, bounds=Interval(0.5), order=known).lower) == every_stop(right)
    known[1000:2000] = known[1000:2000][::-1]
    wrong = count_thresholds(*columns, bounds=Interval(0.5), order=known).lower
    assert wrong.value.tolist() != right.value.tolist(), "the order that was given was not used"


def test_no_bound_keeps_everything_and_any_bound_drops_what_has_no_value() -> None:
    made = some_levels(np.nan, 0.0, 1.0)
    assert made.at(Interval()) == Kept(rollouts=3, tasks=3, tokens=3)
    assert made.at(Interval(0.0)) == Kept(rollouts=2, tasks=2, tokens=2)
    assert made.at(Interval(None, 1.0)) == Kept(rollouts=2, tasks=2, tokens=2)
    assert made.n_missing == 1


def test_a_task_is_not_lost_while_one_of_its_rollouts_was_accepted_by_hand() -> None:
    value, task = np.array([0.0, 1.0, np.nan]), np.array([0, 0, 1])
    made = count_thresholds(value, np.array([5, 7, 11]), task, always=np.array([True, False, True]))
    assert made.at(Interval(2.0)) == Kept(rollouts=2, tasks=2, tokens=16)
    assert made.at(Interval(1.0)) == Kept(rollouts=3, tasks=2, tokens=23)
    assert made.n_always == 2
    assert made.bins.count.tolist() == [1, 1]
    assert made.always.tolist() == [1, 0]


def test_distinct_tasks_of_an_interval_are_counted_not_subtracted() -> None:
    made = count_thresholds(
        np.array([0.0, 0.5, 1.0]), np.ones(3, np.int64), np.array([0, 1, 0]), bounds=Interval(high=0.5)
    )
    assert every_stop(made.lower) == [Kept(2, 2, 2), Kept(1, 1, 1), Kept(0, 0, 0)]


def test_minus_zero_is_zero() -> None:
    assert some_levels(-0.0, 0.0).lower.value.tolist() == [0.0]


def test_infinite_values_pass_one_bound_each_and_are_no_stops() -> None:
    made = some_levels(-np.inf, 0.5, np.inf)
    assert made.lower.value.tolist() == [0.5]
    assert (made.at(Interval(0.5)).rollouts, made.at(Interval(None, 0.5)).rollouts) == (2, 2)
    assert made.at(Interval(0.5, 0.5)).rollouts == 1
    assert made.n_infinite == 2


def test_neighbouring_floats_stay_apart() -> None:
    assert some_levels(0.3, 0.1 + 0.2).at(Interval(0.1 + 0.2)).rollouts == 1


def test_a_missing_token_count_adds_nothing() -> None:
    made = count_thresholds(np.array([1.0, 1.0]), np.array([np.nan, 7.0]), np.array([0, 1]))
    assert made.at(Interval(1.0)) == Kept(rollouts=2, tasks=2, tokens=7)


def test_a_rollout_without_a_task_is_no_task() -> None:
    assert count_thresholds(np.array([1.0, 1.0]), np.array([3, 4]), np.array([-1, 0])).at(Interval(1.0)) == Kept(
        2, 1, 7
    )


def test_without_rollouts_there_are_no_stops() -> None:
    made = some_levels()
    assert made.lower.value.tolist() == []
    assert made.at(Interval(0.5)) == Kept(0, 0, 0)
    assert made.bins.count.tolist() == []


def test_few_values_have_a_bin_each() -> None:
    made = some_levels(0.0, 0.5, 0.5, 2.0).bins
    assert made.per_value
    assert made.count.tolist() == [1, 2, 1]
    assert made.left.tolist() == [-0.25, 0.25, 1.75]
    assert made.right.tolist() == [0.25, 0.75, 2.25]


def test_many_values_have_bins_at_round_edges() -> None:
    made = count_thresholds(np.arange(1000) / 1000, np.ones(1000, np.int64), np.arange(1000)).bins
    assert not made.per_value
    assert made.left[:4].tolist() == [0.0, 0.001, 0.002, 0.003]
    assert set(made.count.tolist()) == {1}
    assert made.first == 0


def test_a_small_plot_gets_fewer_stops_and_bins_that_count_as_exactly() -> None:
    people = spread(20_000)
    made = people.levels(Interval(high=1.0)).thinned(40)
    assert len(made.lower.value) <= 40
    assert len(made.bins.count) <= 82
    assert every_stop(made.lower) == [people.kept(value, 1.0) for value in made.lower.value.tolist()]
    assert int(made.bins.count.sum()) == int(np.isfinite(people.value).sum())


def test_every_pair_of_bounds_over_a_small_set_is_exact() -> None:
    people = population([(0.0, 1, 0, False), (0.5, 2, 1, False), (0.5, 4, 0, True), (1.0, 8, 2, False)])
    stops = [None, 0.0, 0.25, 0.5, 1.0]
    made = people.levels(Interval())
    pairs = list(itertools.product(stops, stops))
    assert [made.at(Interval(*pair)) for pair in pairs] == [people.kept(*pair) for pair in pairs]
