"""Bounds of all kinds on real files: what each drops, in which words, and what an axis chooses from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import RecipeError
from rollout_curator.export import command_of
from rollout_curator.recipe.command_line import recipe_of
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.filters import Filter, Thresholds, dropped_words, filter_words
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.slices import Equals, Range
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.strategies import Step
from rollout_curator.selection.threshold_counts import count_thresholds
from rollout_curator.workspace.masks import rows_matching
from rollout_curator.workspace.workspace import Workspace

SWE, MATH = {"agent_ref": {"name": "swe"}}, {"agent_ref": {"name": "math, hard"}}
LINES = [
    gym("a", reward=1.0, quality=3, **SWE, _ng_task_index=0),
    gym("a", reward=0.2, quality=1, **SWE, _ng_task_index=0),
    gym("b", reward=7.0, **MATH, _ng_task_index=1),
    gym("b", reward=4.0, quality=2, **MATH, _ng_task_index=1),
    gym("c", reward=None, quality=9, **SWE, _ng_task_index=2),
    gym("c", reward=1.0, mask_sample=True, **SWE, _ng_task_index=2),
]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open six rollouts of two agents with rewards on two scales, one unrated, one masked."""
    decisions = Decisions.open(tmp_path / "curation.sqlite")
    opened = Workspace.open([write(tmp_path / "run.jsonl", LINES)], tmp_path / "cache", decisions)
    yield opened
    opened.close()


def kept(workspace: Workspace, recipe: Recipe) -> list[int]:
    return [int(row) for row in np.flatnonzero(workspace.select(recipe).kept)]


def accept(workspace: Workspace, row: int) -> None:
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(row), "accept", reviewer="ann")])


def test_a_facet_that_is_always_a_boolean_is_a_boolean_axis(tmp_path: Path) -> None:
    lines = [gym(passed=True, mixed=True, quality=1), gym(passed=False, mixed=0.5, quality=2), gym(quality=3)]
    opened = Workspace.open([write(tmp_path / "run.jsonl", lines)], tmp_path / "cache")
    assert [name for name, axis in opened.axes.items() if axis.is_boolean] == ["estimated", "passed"]
    np.testing.assert_array_equal(opened.numbers("passed"), [1.0, 0.0, np.nan])
    opened.close()


def test_an_upper_bound_is_inclusive_and_said(workspace: Workspace) -> None:
    recipe = Recipe(min_reward=1.0, max_reward=4.0)
    assert kept(workspace, recipe) == [0, 3]
    expected = "2 kept, 4 dropped: 1 was masked by the environment, 1 without a reward, 1 below 1, 1 above 4"
    assert workspace.funnel(recipe).sentence() == expected


def test_an_upper_bound_alone_drops_the_unrated(workspace: Workspace) -> None:
    assert kept(workspace, Recipe(max_reward=4.0)) == [0, 1, 3]


def test_an_upper_bound_asks_nothing_of_those_with_a_threshold_of_their_own(workspace: Workspace) -> None:
    assert kept(workspace, Recipe(max_reward=1.0, thresholds=Thresholds("agent", {"math, hard": 5.0}))) == [0, 1, 2]


def test_a_filter_takes_any_number_of_the_lines_and_counts_those_without_it_apart(workspace: Workspace) -> None:
    recipe = Recipe(filters=(Filter("quality", at_least=2.0),))
    assert kept(workspace, recipe) == [0, 3, 4]
    expected = "3 kept, 3 dropped: 1 was masked by the environment, 1 without quality, 1 with quality < 2"
    assert workspace.funnel(recipe).sentence() == expected


def test_a_filter_takes_names_of_a_class(workspace: Workspace) -> None:
    recipe = Recipe(filters=(Filter("agent", one_of=("math, hard",)),))
    assert kept(workspace, recipe) == [2, 3]
    assert workspace.funnel(recipe).drops[-1].words == "whose agent is not math, hard"


def test_a_filter_on_what_no_line_has_is_refused_by_name(workspace: Workspace) -> None:
    with pytest.raises(RecipeError, match="these files have no numeric column 'speed'"):
        workspace.select(Recipe(filters=(Filter("speed", at_least=1.0),)))


def test_a_threshold_of_its_own_takes_the_place_of_the_common_one(workspace: Workspace) -> None:
    recipe = Recipe(min_reward=1.0, thresholds=Thresholds("agent", {"math, hard": 5.0}))
    assert kept(workspace, recipe) == [0, 2]
    assert workspace.funnel(recipe).as_json()["dropped"] == {"masked": 1, "unrated": 1, "below": 1, "below-own": 1}


def test_a_threshold_of_its_own_asks_nothing_of_other_agents(workspace: Workspace) -> None:
    assert kept(workspace, Recipe(thresholds=Thresholds("agent", {"math, hard": 5.0}))) == [0, 1, 2, 4]


def test_an_axis_chooses_from_what_everything_else_keeps(workspace: Workspace) -> None:
    recipe = Recipe(min_reward=0.5, filters=(Filter("agent", one_of=("swe",)),), strategies=(Step("best_of_n"),))
    assert np.flatnonzero(workspace.candidates(recipe).among).tolist() == [0, 1, 4]
    by_quality = Recipe(min_reward=0.5, filters=(Filter("quality", at_least=9.0),))
    assert np.flatnonzero(workspace.candidates(by_quality, "quality").among).tolist() == [0, 2, 3]


def test_what_a_person_accepted_or_has_its_own_threshold_stays_whatever_the_bound(workspace: Workspace) -> None:
    accept(workspace, 5)
    found = workspace.candidates(Recipe(min_reward=0.5, thresholds=Thresholds("agent", {"math, hard": 5.0})))
    assert np.flatnonzero(found.among).tolist() == [0, 1, 2, 4, 5]
    assert np.flatnonzero(found.always).tolist() == [2, 5]


def test_a_slice_is_the_candidates_that_fit(workspace: Workspace) -> None:
    slices = [Range("reward", 1.0, 7.0, closed=False), Equals("agent", "swe")]
    assert slice_queues.rows(workspace, Recipe(min_reward=5.0), slice_queues.queue("reward", *slices)).tolist() == [0]
    among = workspace.candidates(Recipe()).among
    assert not rows_matching(workspace, [Equals("agent", "nobody")], among).any()
    with pytest.raises(RecipeError, match="unknown category 'reward'; choose one of"):
        rows_matching(workspace, [Equals("reward", "1")], among)


def test_figures_open_what_they_show_whatever_thresholds_of_their_own(workspace: Workspace) -> None:
    recipe = Recipe(thresholds=Thresholds("agent", {"math, hard": 5.0}))
    assert slice_queues.rows(
        workspace, recipe, slice_queues.queue(slice_queues.ANY, Equals("agent", "math, hard"))
    ).tolist() == [2, 3]
    assert slice_queues.rows(
        workspace, recipe, slice_queues.queue("reward", Equals("agent", "math, hard"))
    ).tolist() == [2]


def test_the_tasks_of_a_bar_are_found_by_their_pass_rate_and_mean(workspace: Workspace) -> None:
    half = Range(slice_queues.pass_rate(1.0), 0.5, 0.5)
    assert slice_queues.rows(workspace, Recipe(), slice_queues.queue(slice_queues.ANY, half)).tolist() == [0, 1]
    assert slice_queues.rows(
        workspace, Recipe(), slice_queues.queue(slice_queues.ANY, Range("task_mean", 5.0, 6.0))
    ).tolist() == [2, 3]
    assert slice_queues.rows(
        workspace, Recipe(), slice_queues.queue(slice_queues.ANY, Range("group", 2.0, 2.0))
    ).tolist() == [4]
    assert slice_queues.rows(workspace, Recipe(), "in:reward:nonsense").tolist() == []
    assert slice_queues.words(slice_queues.queue(slice_queues.ANY, half)) == "pass rate of the task (reward ≥ 1): 0.5"


def test_invalid_rollouts_are_a_part_of_their_own(workspace: Workspace) -> None:
    name = slice_queues.queue(slice_queues.INVALID, Range("reward", 1.0))
    assert slice_queues.rows(workspace, Recipe(min_reward=5.0), name).tolist() == [5]
    assert slice_queues.words(name) == "invalid, reward ≥ 1"


def test_a_control_has_as_many_rollouts_of_each_task_as_the_selection(workspace: Workspace) -> None:
    recipe = Recipe(min_reward=1.0, strategies=(Step("best_of_n"),))
    drawn = workspace.select(Recipe(min_reward=1.0, strategies=(Step("best_of_n"),), control=3))
    group = workspace.groups().codes
    assert (
        np.bincount(group[drawn.kept]).tolist() == np.bincount(group[workspace.select(recipe).kept]).tolist() == [1, 1]
    )
    assert [drop.name for drop in drawn.drops] == ["masked", "not-drawn"]
    assert sum(drop.count for drop in drawn.drops) + drawn.n_kept == 6


def test_the_funnel_of_a_control_says_what_was_drawn_and_no_more(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    decided = [Entry(workspace.key(row), said, reviewer="ann") for row, said in ((1, "reject"), (3, "accept"))]
    workspace.decisions.record(decided)
    found = [workspace.funnel(Recipe(min_reward=8.0, control=seed)) for seed in range(8)]
    steps = {(one.valid, one.selected, one.not_rejected, one.exportable) for one in found}
    assert steps == {(5, 1, 1, 1)}
    assert {name for one in found for name in one.as_json()["dropped"]} == {"masked", "not-drawn"}
    drawn = [kept(workspace, Recipe(min_reward=8.0, control=seed)) for seed in range(8)]
    assert sorted({row for rows in drawn for row in rows}) == [2, 3]
    assert [one.accepted_by_hand for one in found] == [int(rows == [3]) for rows in drawn]


def test_a_control_counts_only_the_drawn_ones_as_accepted_by_hand(workspace: Workspace) -> None:
    accept(workspace, 1)
    among = Filter("task", one_of=(workspace.classes("task")[1][workspace.classes("task")[0][1]],))
    found = set()
    for seed in range(8):
        drawn = workspace.select(Recipe(min_reward=8.0, filters=(among,), control=seed))
        found.add((tuple(np.flatnonzero(drawn.kept).tolist()), drawn.accepted_by_hand))
    assert found == {((0,), 0), ((1,), 1)}


def test_the_command_that_does_the_same_holds_every_bound(workspace: Workspace, tmp_path: Path) -> None:
    import shlex

    from rollout_curator.cli import main as cli

    recipe = Recipe(
        min_reward=-0.5,
        max_reward=9.0,
        filters=(Filter("quality", 1.0), Filter("agent", one_of=("swe", "math, hard")), Filter("model", one_of=("",))),
        thresholds=Thresholds("agent", {"math, hard": 4.5, "x=y:z": 0.1}),
        control=4,
        control_by="tokens",
        split=Split(1234567.0, 0.0, seed=7),
    )
    words = shlex.split(command_of(workspace, recipe, tmp_path / "out.jsonl"))[2:]
    given = cli.export.make_context("export", words).params
    again = recipe_of(given["paths"], **{name: given[name] for name in SELECTION})
    assert (again.filters, again.thresholds) == (recipe.filters, recipe.thresholds)
    assert (again.min_reward, again.max_reward, again.control, again.control_by) == (-0.5, 9.0, 4, "tokens")
    assert again.split == recipe.split


SELECTION = (
    "recipe", "min_reward", "max_reward", "filters", "thresholds", "control", "control_by", "strategies", "target",
    "format", "reasoning", "arguments", "settings", "keep", "drop", "trim", "template", "tokenizer", "max_tokens",
    "metadata", "split",
)  # fmt: skip


BOUND = some.none() | some.sampled_from([0.0, 0.2, 0.5, 1.0, 4.0, 7.0])
FILTERS = some.lists(
    some.sampled_from([Filter("quality", 2.0), Filter("quality", None, 2.0), Filter("agent", one_of=("swe",))]),
    max_size=2,
)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("still")
    opened = Workspace.open([write(folder / "run.jsonl", LINES)], folder / "cache")
    yield opened
    opened.close()


@settings(deadline=None)
@given(low=BOUND, high=BOUND, filters=FILTERS, own=some.sampled_from([None, Thresholds("agent", {"swe": 0.5})]))
def test_every_rollout_is_kept_or_dropped_for_one_reason(
    still: Workspace, low: float | None, high: float | None, filters: list[Filter], own: Thresholds | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    recipe = Recipe(min_reward=low, max_reward=high, filters=tuple(filters), thresholds=own)
    funnel = still.funnel(recipe)
    assert funnel.exportable + sum(drop.count for drop in funnel.drops) == 6
    assert len({drop.name for drop in funnel.drops}) == len(funnel.drops)


@settings(deadline=None)
@given(low=BOUND, high=BOUND, filters=FILTERS, own=some.sampled_from([None, Thresholds("agent", {"swe": 0.5})]))
def test_what_a_picker_counts_is_what_the_funnel_keeps(
    decided: Workspace, low: float | None, high: float | None, filters: list[Filter], own: Thresholds | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    recipe = Recipe(min_reward=low, max_reward=high, filters=tuple(filters), thresholds=own)
    bounds = Interval(low, high)
    assert counted(decided, recipe, "reward", bounds) == decided.select(recipe).n_kept
    by_quality = Recipe(min_reward=0.5, filters=(Filter("quality", low, high),) if low or high else ())
    assert (
        counted(decided, by_quality, "quality", bounds if low or high else Interval())
        == decided.select(by_quality).n_kept
    )


def counted(workspace: Workspace, recipe: Recipe, axis: str, bounds: Interval) -> int:
    """Return how many rollouts the picker of an axis says these bounds keep."""
    found = workspace.candidates(recipe, axis)
    columns = (workspace.numbers(axis), workspace.column("tokens"), workspace.groups().codes, found.always)
    value, tokens, task, always = (column[found.among] for column in columns)
    return count_thresholds(value, tokens, task, always=always).at(bounds).rollouts


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Open the same rollouts with one accepted that is masked, one accepted that is unrated, and one rejected."""
    folder = tmp_path_factory.mktemp("decided")
    decisions = Decisions.open(folder / "curation.sqlite")
    opened = Workspace.open([write(folder / "run.jsonl", LINES)], folder / "cache", decisions)
    verdicts = ((5, "accept"), (4, "accept"), (1, "reject"))
    decisions.record([Entry(opened.key(row), verdict, reviewer="ann") for row, verdict in verdicts])
    yield opened
    opened.close()


def test_an_empty_name_is_said_and_not_left_blank() -> None:
    nameless = Filter("model", one_of=("", "small"))
    assert filter_words(nameless, "model") == "model (none), small"
    assert dropped_words(Filter("model", one_of=("",)), "model") == "whose model is not (none)"
