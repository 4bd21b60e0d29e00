"""The table of fields: every field of a recipe has a row, and whatever a row writes it reads back.

Values are those that files, agents and people bring: empty names, names with commas, quotes, signs of the spelling
itself, half a surrogate pair.
"""

import math
import shlex
from dataclasses import fields, make_dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rollout_curator.cli import main as cli
from rollout_curator.cli import options
from rollout_curator.errors import RecipeError
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe import url
from rollout_curator.recipe.command_line import command_of, options_of, recipe_of
from rollout_curator.recipe.fields import FIELDS, Field
from rollout_curator.recipe.recipe import Recipe, from_table, to_table
from rollout_curator.recipe.spellings import NAME, Flag
from rollout_curator.selection.filters import CLASSES, GROUPS, Filter, Thresholds
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.strategies import Step
from rollout_curator.training.templates import built_in
from rollout_curator.training.templates import to_table as to_template

TEXT = some.text(some.characters(exclude_categories=(), exclude_characters="\0"), max_size=8)
ODD = TEXT | some.sampled_from(
    ["", "a,b", "a=b", "..", "[x", "{x", "it's", "-1", "--keep", " ", "é\n", "\udcff", ";", "%"]
)
NUMBER = some.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
BOUND = some.none() | NUMBER
ISSUES = ("image", "unread_content", "truncated", "context_compacted")


def ordered(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Return two bounds of which the lower comes first."""
    return (high, low) if low is not None and high is not None and low > high else (low, high)


RANGES = some.builds(
    lambda column, bounds: Filter(column, *ordered(*bounds)),
    ODD.filter(bool),
    some.tuples(BOUND, BOUND).filter(lambda bounds: bounds != (None, None)),
)
NAMED = some.builds(
    lambda column, names: Filter(column, one_of=tuple(names)),
    some.sampled_from(CLASSES),
    some.lists(ODD, min_size=1, max_size=3),
)
THRESHOLDS = some.builds(Thresholds, some.sampled_from(GROUPS), some.dictionaries(ODD, NUMBER, min_size=1, max_size=3))
STEPS = some.sampled_from([Step("best_of_n", {"n": 2}), Step("task_zscore"), Step("drop_copies")])
VALUES: dict[str, some.SearchStrategy[Any]] = {
    "sources": some.just(()),
    "min_reward": some.none() | some.floats(-9, 0).map(lambda number: number + 0.0),
    "max_reward": some.none() | some.floats(0, 9),
    "filters": some.lists(RANGES | NAMED, max_size=3).map(tuple),
    "thresholds": some.none() | THRESHOLDS,
    "control": some.none() | some.integers(-(2**63), 2**63 - 1),
    "control_by": some.sampled_from(["rollouts", "tokens"]),
    "group_by": some.sampled_from(["task", "prompt", "source"]),
    "strategies": some.lists(STEPS, max_size=2).map(tuple),
    "threshold_last": some.booleans(),
    "target": some.sampled_from(["nemo_rl", "trl", "gym"]),
    "format": some.sampled_from(["", "chat"]),
    "options": some.sampled_from([{}, {"reasoning": "field", "keep_strict": True}, {"joiner": "\n=\n"}]),
    "keep": some.sampled_from([(), ISSUES[:1], ISSUES[:2]]),
    "drop": some.sampled_from([(), ISSUES[3:]]),
    "trim": some.sampled_from([(), ("over_length",)]),
    "template": some.sampled_from([{}, to_template(built_in("chatml"))]),
    "max_tokens": some.none() | some.integers(1, 10**12),
    "harmless": some.lists(ODD, max_size=2).map(tuple),
    "metadata": some.sampled_from([(), ("reward", "line")]),
    "kind": some.sampled_from(["jsonl", "parquet"]),
    "split": some.none() | some.sampled_from([Split(), Split(200.0, 0.0, by=("task",)), Split(1e-05, 0.25, seed=-0)]),
    "pairs": some.none() | some.sampled_from([Pairs(), Pairs("margin", 0.25, 3), Pairs(other_turns="leave_out")]),
}
WHOLE = some.fixed_dictionaries(VALUES).map(lambda values: Recipe(**values))
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def given_by(words: list[str]) -> Recipe:
    """Return the recipe of the words of a command line, as `export` understands them."""
    params = cli.export.make_context("export", ["a.jsonl", "--out", "b.jsonl", *words]).params
    asked = {option.name for row in FIELDS for option in row.options} | {"recipe"}
    return recipe_of((), **{name: value for name, value in params.items() if name in asked})


def test_every_field_of_a_recipe_has_a_row_and_every_row_a_field() -> None:
    assert sorted(row.name for row in FIELDS) == sorted(column.name for column in fields(Recipe))


def test_every_field_but_the_sources_has_an_option() -> None:
    assert [row.name for row in FIELDS if not row.options] == ["sources"]


def test_every_field_is_tried_here() -> None:
    assert sorted(VALUES) == sorted(row.name for row in FIELDS)


@MANY
@given(WHOLE)
def test_a_table_is_read_back_whole(recipe: Recipe) -> None:
    assert from_table(to_table(recipe), "here") == recipe


@MANY
@given(WHOLE)
def test_the_command_that_does_the_same_is_read_back_whole(recipe: Recipe) -> None:
    assert given_by(options_of(recipe)) == recipe


@MANY
@given(WHOLE)
def test_a_link_is_read_back_whole(recipe: Recipe) -> None:
    found: Recipe | None = Recipe()
    for name, value in url.to_link(recipe).items():
        found = url.take_parameter(found, name, value) if found is not None else None
    assert found is not None
    shown = {row.name for row in FIELDS if row.parameter}
    assert {name: getattr(found, name) for name in shown} == {name: getattr(recipe, name) for name in shown}


@pytest.mark.parametrize("name", ["a=b", "{x", "a.b..c", "[1]", "it's", "x,y"])
def test_a_filter_on_any_name_of_a_number_is_read_back_from_the_command(name: str) -> None:
    recipe = Recipe(filters=(Filter(name, 0.5, 2.0),))
    assert given_by(options_of(recipe)) == recipe


def test_the_command_is_what_a_person_would_type() -> None:
    recipe = Recipe(min_reward=0.8, filters=(Filter("agent", one_of=("swe", "math")),), kind="parquet")
    words = shlex.split(
        command_of(recipe, [Path("a.jsonl")], Path("sft.parquet"), ["--card", "R.md"], Path("s.sqlite"))
    )
    assert words == [
        "rollout-curator", "export", "a.jsonl", "--out", "sft.parquet", "--min-reward", "0.8", "--filter",
        "agent=swe,math", "--target", "nemo_rl", "--as", "parquet", "--card", "R.md", "--decisions", "s.sqlite",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--filter", "n_turns"], "--filter n_turns: expected COLUMN=LOW..HIGH or COLUMN=NAME,NAME"),
        (["--filter", "n_turns=a..2"], "--filter n_turns=a..2: 'a' is not a number"),
        (["--threshold", "swe=1"], "--threshold swe=1: expected agent:NAME=X, source:NAME=X or model:NAME=X"),
        (["--threshold", "agent:a=1", "--threshold", "model:b=1"], "--threshold: agent and model are mixed;"),
        (["--strategy", "best_of_n 2"], "--rule best_of_n 2: the parameters are not a JSON object"),
        (["--strategy", "best_of_n {"], "--rule best_of_n {: invalid JSON ("),
        (["--strategy", 'best_of_n {"n": NaN}'], "invalid JSON (JSON has no NaN)"),
        (["--set", "joiner"], "--set joiner: expected NAME=VALUE"),
        (["--split", "near=x"], "--split near=x: expected a number after near="),
        (["--pairs", "margin=x"], "--pairs margin=x: expected a number after margin="),
        (["--tokenizer", "x.json"], "--tokenizer needs --template (its text is counted)"),
    ],
)  # fmt: skip
def test_what_an_option_cannot_mean_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(RecipeError) as refused:
        given_by(words)
    assert sentence in str(refused.value)


def test_an_option_that_was_renamed_is_read_by_its_old_name_too() -> None:
    assert given_by(["--strategy", "best_of_n"]) == given_by(["--rule", "best_of_n"])


# A plan is made once


def test_the_plan_of_a_recipe_is_made_once() -> None:
    assert recipes.plan(Recipe(target="trl", max_tokens=77)) is recipes.plan(Recipe(target="trl", max_tokens=77))


def test_recipes_that_are_equal_and_not_the_same_have_plans_of_their_own() -> None:
    recipes.plan(Recipe(options={"keep_strict": True}))
    with pytest.raises(RecipeError, match="keep_strict is 1, expected bool"):
        recipes.plan(Recipe(options={"keep_strict": 1}))


def test_a_recipe_that_makes_no_sense_is_refused_every_time() -> None:
    for _ in range(2):
        with pytest.raises(RecipeError, match="min_reward is nan, expected a number"):
            recipes.plan(Recipe(min_reward=math.nan))


# A field is one row


def test_a_new_field_is_a_row_and_has_every_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = make_dataclass("Toy", [("colour", str, "blue"), ("loud", bool, False)], bases=(Recipe,), frozen=True)
    rows = (
        Field("colour", NAME, "Of what colour.", parameter="colour"),
        Field("loud", Flag("yes"), "Whether it is loud.", "--loud/--quiet", parameter="loud"),
    )
    for module in (recipes, url):
        monkeypatch.setattr(module, "USUAL", toy())
    monkeypatch.setattr(recipes, "Recipe", toy)
    monkeypatch.setattr(recipes, "ROWS", {**recipes.ROWS, **{row.name: row for row in rows}})
    monkeypatch.setattr(recipes, "FIELDS", (*FIELDS, *rows))
    monkeypatch.setattr(url, "ROWS", {**url.ROWS, **{row.parameter: row for row in rows}})
    monkeypatch.setattr(url, "NAMES", (*url.NAMES, "colour", "loud"))
    recipe = from_table({"colour": "red", "loud": True}, "here")
    assert recipe == toy(colour="red", loud=True)
    assert (to_table(recipe)["colour"], to_table(recipe)["loud"]) == ("red", True)
    assert options_of(recipe)[-3:] == ["--colour", "red", "--loud"]
    assert url.to_link(recipe) == {"colour": "red", "loud": "yes"}
    assert url.take_parameter(toy(loud=True), "colour", "red") == recipe


def test_an_option_of_a_row_stands_in_the_help_of_a_verb() -> None:
    import click

    row = Field("colour", NAME, "Of what colour.", metavar="NAME")
    verb = click.command(options.options_of(row)(lambda colour: click.echo(colour)))
    assert "--colour NAME  Of what colour." in CliRunner().invoke(verb, ["--help"]).output
    assert CliRunner().invoke(verb, ["--colour", "red"]).output == "red\n"
