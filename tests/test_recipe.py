"""A recipe: what TOML it takes, what it refuses in one sentence, and what it becomes joined with a target."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import gym
from rollout_curator.conversation import EXCLUDED_BY_DEFAULT, GYM_OPTIONS, ChatOptions, FlatOptions
from rollout_curator.errors import RecipeError
from rollout_curator.formats.base import read_object
from rollout_curator.recipe import Recipe, example, from_table, load, plan, to_table, to_toml
from rollout_curator.rollout import Rollout
from rollout_curator.strategies import Step

LEFT_OUT = EXCLUDED_BY_DEFAULT | {"image", "audio", "video"}
FULL = Recipe(
    sources=("runs/a.jsonl", "runs/b.jsonl"),
    min_reward=0.75,
    target="nemo_rl",
    format="chat",
    options={"reasoning": "field", "keep_strict": True, "joiner": "\n"},
    keep=("truncated",),
    drop=("ends_in_tool_call",),
    metadata=("reward", "line"),
)


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_saved_as_toml_is_read_back_whole(tmp_path: Path) -> None:
    assert load(saved(tmp_path, to_toml(FULL))) == FULL


def test_the_default_recipe_is_read_back_whole(tmp_path: Path) -> None:
    assert load(saved(tmp_path, to_toml(Recipe()))) == Recipe()


def test_an_empty_file_is_the_default_recipe(tmp_path: Path) -> None:
    assert load(saved(tmp_path, "")) == Recipe()


def test_a_table_leaves_out_what_is_not_set() -> None:
    assert to_table(Recipe(min_reward=None, drop=("image",))) == {
        "sources": [],
        "target": "nemo_rl",
        "format": "",
        "options": {},
        "keep": [],
        "drop": ["image"],
        "metadata": [],
    }


def test_an_integer_threshold_becomes_a_float(tmp_path: Path) -> None:
    assert repr(load(saved(tmp_path, "min_reward = 1")).min_reward) == "1.0"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"threshold": 1},
            "here: unknown key 'threshold'; a recipe has drop, format, keep, kind, metadata, min_reward, options,"
            " pairs, sources, split, strategies, target",
        ),
        ({"sources": "a.jsonl"}, "here: sources is 'a.jsonl', expected a list of names"),
        ({"keep": [1]}, "here: keep is [1], expected a list of names"),
        ({"min_reward": "high"}, "here: min_reward is 'high', expected a number"),
        ({"min_reward": True}, "here: min_reward is True, expected a number"),
        ({"min_reward": float("nan")}, "here: min_reward is nan, expected a number"),
        ({"min_reward": float("-inf")}, "here: min_reward is -inf, expected a number"),
        ({"min_reward": 10**400}, "here: min_reward is beyond every reward, expected a number"),
        ({"target": "trl2"}, 'here: target: there is no "trl2"; choose one of '),
        ({"target": ["gym"]}, "here: target is ['gym'], expected a name"),
        ({"format": "dpo2"}, "here: format is 'dpo2', expected one of flat, chat"),
        ({"format": 1}, "here: format is 1, expected a name"),
        ({"options": []}, "here: options is [], expected a table of conversion options"),
        ({"options": {"joinr": ""}}, "here: options: there is no 'joinr' here; choose from reasoning, reasoning_key"),
        ({"options": {"reasoning": "yes"}}, "here: options: reasoning is 'yes', expected one of drop, field, inline"),
        ({"options": {"reasoning": []}}, "here: options: reasoning is [], expected one of drop, field, inline"),
        ({"options": {"joiner": 3}}, "here: options: joiner is 3, expected str"),
        ({"options": {"keep_empty": 1}}, "here: options: keep_empty is 1, expected bool"),
        (
            {"options": {"reasoning_key": "content"}},
            "here: options: reasoning_key is 'content', expected a key that messages do not have yet",
        ),
        (
            {"format": "flat", "options": {"reasoning": "drop"}},
            "here: options: there is no 'reasoning' here; choose from developer_to_system, strip_think, joiner,"
            " with_instructions",
        ),
        ({"drop": ["imge"]}, "here: keep or drop names 'imge', which is no issue; see `rollout-curator check`"),
        ({"metadata": ["id"]}, "here: metadata names 'id', expected some of reward, source, line, task, agent, key"),
    ],
)
def test_a_wrong_key_or_value_is_one_sentence_that_names_it(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecipeError) as refused:
        from_table(table, "here")
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(RecipeError) as refused:
        load(path)
    assert str(refused.value) == f"{path}: the recipe cannot be read (No such file or directory)"


@pytest.mark.parametrize("text", ["min_reward 0.8", "a = " + "[" * 5000, "min_reward = 1\nmin_reward = 2"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(RecipeError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}: the recipe is not TOML (")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"target = '\xff'")
    with pytest.raises(RecipeError, match="the recipe is not TOML"):
        load(path)


@pytest.mark.parametrize("bound", ["inf", "-inf", "1e999", "nan"])
def test_a_threshold_that_is_not_finite_is_no_plan(bound: str) -> None:
    with pytest.raises(RecipeError) as refused:
        plan(Recipe(min_reward=float(bound)))
    assert str(refused.value) == f"min_reward is {float(bound)}, expected a number"


def test_a_wrong_parameter_of_a_strategy_is_no_plan() -> None:
    with pytest.raises(RecipeError, match="^best_of_n: n is 0, expected 1 or more$"):
        plan(Recipe(strategies=(Step("best_of_n", {"n": 0}),)))


def test_nemo_rl_keeps_tools_as_objects_and_drops_reasoning_and_what_it_would_train_wrongly() -> None:
    made = plan(Recipe())
    assert (made.target.name, made.format) == ("nemo_rl", "chat")
    assert made.chat == ChatOptions(reasoning="drop", arguments="object", trailing="trim")
    assert made.exclude == LEFT_OUT
    assert made.exclude_invalid == {"masked", "truncated", "failed"}


def test_gym_leaves_nothing_out_and_converts_as_gym_does() -> None:
    made = plan(Recipe(target="gym"))
    assert (made.format, made.chat) == ("chat", GYM_OPTIONS)
    assert (made.exclude, made.exclude_invalid) == (frozenset(), frozenset())


def test_options_of_a_flat_recipe_are_those_of_flat() -> None:
    made = plan(Recipe(format="flat", options={"strip_think": True, "joiner": "\n"}))
    assert made.flat == FlatOptions(strip_think=True, joiner="\n")
    assert made.chat == ChatOptions()


def test_options_change_only_what_they_name() -> None:
    assert plan(Recipe(target="gym", options={"reasoning": "drop"})).chat == ChatOptions(
        reasoning="drop",
        reasoning_content=False,
        arguments="string",
        developer_to_system=False,
        null_content=True,
        keep_empty=True,
        content="parts",
        trailing="keep",
    )


def test_keep_takes_an_issue_off_the_list_of_those_that_keep_a_rollout_out() -> None:
    made = plan(Recipe(keep=("duplicate_call_id", "masked")))
    assert made.exclude == LEFT_OUT - {"duplicate_call_id"}
    assert made.exclude_invalid == {"truncated", "failed"}


def test_keep_truncated_lets_in_what_its_source_says_was_cut_off() -> None:
    made = plan(Recipe(keep=("truncated",)))
    assert made.exclude == LEFT_OUT
    assert made.exclude_invalid == {"masked", "failed"}


def test_drop_adds_issues_and_invalid_kinds() -> None:
    made = plan(Recipe(target="gym", drop=("image", "failed")))
    assert (made.exclude, made.exclude_invalid) == (frozenset({"image"}), frozenset({"failed"}))


@pytest.mark.parametrize(
    "recipe", [Recipe(options={"inline_think": "split"}), Recipe(format="flat", options={"strip_think": True})]
)
def test_thinking_that_was_never_closed_is_left_out_once_it_is_taken_out_of_the_text(recipe: Recipe) -> None:
    rollout = read_object(gym(answer="4. <think>So"))
    assert isinstance(rollout, Rollout)
    assert example(rollout, plan(recipe)).skip == "unclosed_think"
    assert example(rollout, plan(replace(recipe, keep=("unclosed_think",)))).skip is None
