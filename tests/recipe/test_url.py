"""A selection as parameters of a URL: it comes back whole, and nonsense changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.url import NAMES, take_parameter, to_link
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.strategies import Step

FULL = Recipe(
    min_reward=0.8,
    max_reward=2.0,
    filters=(Filter("n_turns", None, 12.0), Filter("agent", one_of=("swe;x", "math=y"))),
    thresholds=Thresholds("agent", {"judge;=": 7.0, "swe": -0.5}),
    strategies=(Step("best_of_n", {"n": 2}), Step("task_zscore")),
    control=3,
    control_by="tokens",
    group_by="prompt",
)


def read(parameters: dict[str, str]) -> Recipe:
    recipe = Recipe()
    for name, value in parameters.items():
        made = take_parameter(recipe, name, value)
        assert made is not None
        recipe = made
    return recipe


def test_a_selection_is_written_as_people_would() -> None:
    assert to_link(FULL) == {
        "min": "0.8",
        "max": "2.0",
        "where": "n_turns=..12.0;agent==swe%3Bx;agent==math%3Dy",
        "own": "agent;judge%3B%3D=7.0;swe=-0.5",
        "rules": '[{"name":"best_of_n","n":2},{"name":"task_zscore"}]',
        "control": "3",
        "match": "tokens",
        "tasks": "prompt",
    }


def test_a_selection_comes_back_whole() -> None:
    assert read(to_link(FULL)) == FULL


def test_filters_come_back_in_their_order() -> None:
    filters = (Filter("agent", one_of=("swe", "math")), Filter("n_turns", 2.0), Filter("model", one_of=("a",)))
    assert read(to_link(Recipe(filters=filters))).filters == filters


def test_two_filters_on_one_class_stay_two_filters() -> None:
    filters = (Filter("agent", one_of=("swe", "math")), Filter("agent", one_of=("math", "web")))
    link = to_link(Recipe(filters=filters))
    assert link == {"where": "agent==swe;agent==math;;agent==math;agent==web"}
    assert read(link).filters == filters


def test_what_the_app_starts_with_is_taken_away_by_a_link_of_a_selection_without_it() -> None:
    link = to_link(Recipe(min_reward=0.1), start=FULL)
    assert link == {"min": "0.1", **dict.fromkeys(("max", "where", "own", "rules", "control", "match", "tasks"), "any")}
    recipe = FULL
    for name, value in link.items():
        recipe = take_parameter(recipe, name, value) or recipe
    assert recipe == Recipe(min_reward=0.1)


def test_a_recipe_that_selects_nothing_needs_no_parameter() -> None:
    assert to_link(Recipe(target="gym")) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min", "nan"), ("min", "much"), ("max", "inf"), ("where", "n_turns"), ("where", "n_turns=.."),
        ("where", "agent==a;;"), ("where", ";;"),
        ("where", "agent=1..2;agent==a;x==b"), ("own", "task;a=1"), ("own", "agent;a"), ("own", "agent;a=inf"),
        ("rules", "["), ("rules", '[{"name":"best"}]'), ("rules", "{}"), ("control", "x"), ("min", "9"),
        ("tasks", "file"),
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(name: str, value: str) -> None:
    assert take_parameter(Recipe(max_reward=1.0), name, value) is None


_text = some.text(some.characters(exclude_categories=()), max_size=12)


@given(some.sampled_from(NAMES), _text)
def test_any_parameter_is_taken_or_passed_over(name: str, value: str) -> None:
    made = take_parameter(Recipe(), name, value)
    assert made is None or isinstance(made, Recipe)


@given(some.dictionaries(_text, some.floats(allow_nan=False, allow_infinity=False), max_size=3))
def test_thresholds_of_any_name_come_back(bounds: dict[str, float]) -> None:
    recipe = Recipe(thresholds=Thresholds("source", bounds) if bounds else None)
    assert read(to_link(recipe)) == recipe
