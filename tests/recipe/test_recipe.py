"""A recipe: what TOML it takes, what it refuses in one sentence, and what it becomes joined with a target."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import gym
from rollout_curator.conversation import EXCLUDED_BY_DEFAULT, GYM_OPTIONS, ChatOptions, FlatOptions
from rollout_curator.errors import RecipeError
from rollout_curator.recipe.recipe import Recipe, example, from_table, load, plan, to_table, to_toml
from rollout_curator.rollout import Rollout
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.strategies import Step
from rollout_curator.sources.formats.base import read_object
from rollout_curator.training.templates import built_in, pasted
from rollout_curator.training.templates import to_table as to_template

HARMFUL = {
    "refused_by_trainer",
    "skipped_by_trainer",
    "over_length",
    "no_trained_token",
    "template_error",
    "prefix_error",
    "history_rewritten",
    "double_encoded",
    "image_repr",
    "mixed_content",
}
LEFT_OUT = EXCLUDED_BY_DEFAULT | {"image", "audio", "video", "file"} | HARMFUL
FULL = Recipe(
    sources=("runs/a.jsonl", "runs/b.jsonl"),
    min_reward=0.75,
    target="nemo_rl",
    format="chat",
    options={"reasoning": "field", "keep_strict": True, "joiner": "\n"},
    keep=("truncated",),
    drop=("ends_in_tool_call",),
    trim=("over_length",),
    template=to_template(built_in("chatml")),
    max_tokens=8192,
    metadata=("reward", "line"),
    max_reward=2.5,
    filters=(Filter("n_turns", 2.0, 12.0), Filter("agent", one_of=("swe", "math"))),
    thresholds=Thresholds("source", {"a.jsonl": 0.5}),
    control=7,
    control_by="tokens",
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


# Three lists and a limit


def test_a_recipe_from_before_trims_and_templates_still_loads(tmp_path: Path) -> None:
    old = 'min_reward = 0.8\nkeep = ["truncated"]\ndrop = ["image"]\n[options]\nfinal_tool_call = "skip"\n'
    assert load(saved(tmp_path, old)) == Recipe(
        min_reward=0.8, keep=("truncated",), drop=("image",), options={"final_tool_call": "skip"}
    )


def test_a_template_is_named_or_a_file_and_becomes_a_table(tmp_path: Path) -> None:
    (tmp_path / "my.jinja").write_text("{{ messages }}")
    named, given = from_table({"template": "chatml"}, "here"), from_table({"template": f"{tmp_path}/my.jinja"}, "here")
    assert named.template == {"name": "chatml", "sha256": built_in("chatml").sha256}
    assert {name: given.template[name] for name in ("name", "text")} == {"name": "my.jinja", "text": "{{ messages }}"}


def test_a_pasted_template_lies_in_the_recipe_whole(tmp_path: Path) -> None:
    mine = replace(pasted("{{ messages }}\r\n\t\u2028 {# é #}"), special=(("eos_token", "</s>"),))
    read = load(saved(tmp_path, to_toml(Recipe(template=to_template(mine)))))
    assert plan(read).look.template == mine


def test_what_is_trimmed_is_not_left_out() -> None:
    made = plan(Recipe(trim=("truncated", "ends_in_tool_call", "unanswered_tool_call", "over_length")))
    assert made.exclude_invalid == {"masked", "failed"}
    assert (made.chat.final_tool_call, made.chat.trim) == ("trim", {"truncated", "unanswered_tool_call"})
    assert made.trim == {"over_length"}


def test_an_item_that_chat_cannot_express_is_left_out_or_cut_at() -> None:
    assert plan(Recipe(keep=("unsupported_item",))).chat.unsupported == "omit"
    assert plan(Recipe(trim=("unsupported_item",))).chat.unsupported == "trim"


def test_openai_takes_no_extra_columns() -> None:
    with pytest.raises(RecipeError, match="metadata: OpenAI does not accept extra columns"):
        plan(Recipe(target="openai", metadata=("reward",)))


def test_an_integer_threshold_becomes_a_float(tmp_path: Path) -> None:
    assert repr(load(saved(tmp_path, "min_reward = 1")).min_reward) == "1.0"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"threshold": 1},
            "here: unknown key 'threshold'; allowed: control, control_by, drop, filters, format, group_by,"
            " harmless, keep, kind, max_reward, max_tokens, metadata, min_reward, options, pairs, sources, split,"
            " strategies, target, template, threshold_last, thresholds, trim",
        ),
        ({"sources": "a.jsonl"}, "here: sources is 'a.jsonl', expected a list of names"),
        ({"trim": "image"}, "here: trim is 'image', expected a list of names"),
        ({"trim": ["image"]}, "here: trim: 'image' cannot be trimmed; choose from double_encoded, duplicate_call_id, "),
        ({"trim": ["truncated"], "keep": ["truncated"]}, "here: 'truncated' is in trim and in keep/drop"),
        ({"options": {"trim": "truncated"}}, "here: unknown option 'trim'; choose from reasoning, "),
        ({"max_tokens": 0}, "here: max_tokens is 0, expected a number of tokens"),
        ({"template": "nothing"}, "here: template nothing: no such file or folder; built-in: chatml, "),
        ({"template": {"name": "chatml", "sha256": "0"}}, "here: template chatml: changed since the recipe was"),
        ({"template": {"text": "x"}}, "here: template: the table has no name"),
        ({"keep": [1]}, "here: keep is [1], expected a list of names"),
        ({"min_reward": "high"}, "here: min_reward is 'high', expected a number"),
        ({"min_reward": True}, "here: min_reward is True, expected a number"),
        ({"min_reward": float("nan")}, "here: min_reward is nan, expected a number"),
        ({"min_reward": float("-inf")}, "here: min_reward is -inf, expected a number"),
        ({"min_reward": 10**400}, "here: min_reward is too large; use a smaller number"),
        ({"target": "trl2"}, 'here: unknown target "trl2"; choose one of '),
        ({"target": ["gym"]}, "here: target is ['gym'], expected a name"),
        ({"format": "dpo2"}, "here: format is 'dpo2', expected one of flat, chat"),
        ({"control_by": "turns"}, "here: control_by is 'turns', expected one of rollouts, tokens"),
        ({"format": 1}, "here: format is 1, expected a name"),
        ({"options": []}, "here: options is [], expected a table of conversion options"),
        ({"options": {"joinr": ""}}, "here: unknown option 'joinr'; choose from reasoning, reasoning_key"),
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
            "here: unknown option 'reasoning'; choose from developer_to_system, strip_think, joiner, with_instructions",
        ),
        ({"drop": ["imge"]}, "here: keep or drop names 'imge': unknown issue; see `rollout-curator check`"),
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
    assert str(refused.value) == f"{path}: the recipe cannot be read (No such file or directory); choose another file"


@pytest.mark.parametrize("text", ["min_reward 0.8", "min_reward = 1\nmin_reward = 2"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(RecipeError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}: the recipe is not TOML (")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"target = '\xff'")
    with pytest.raises(RecipeError, match=r"the recipe is not UTF-8 text \(byte 11 of it\)"):
        load(path)


@pytest.mark.parametrize("bound", ["inf", "-inf", "1e999", "nan"])
def test_a_threshold_that_is_not_finite_is_no_plan(bound: str) -> None:
    with pytest.raises(RecipeError) as refused:
        plan(Recipe(min_reward=float(bound)))
    assert str(refused.value) == f"min_reward is {float(bound)}, expected a number"


def test_a_wrong_parameter_of_a_strategy_is_no_plan() -> None:
    with pytest.raises(RecipeError, match="^best_of_n: n is 0, expected ≥ 1$"):
        plan(Recipe(strategies=(Step("best_of_n", {"n": 0}),)))


def test_nemo_rl_keeps_tools_as_objects_and_drops_reasoning_and_what_it_would_train_wrongly() -> None:
    made = plan(Recipe())
    assert (made.target.name, made.format) == ("nemo_rl", "chat")
    assert made.chat == ChatOptions(reasoning="drop", arguments="object", trailing="trim", marks="message_loss_mask")
    assert made.exclude == LEFT_OUT
    assert made.exclude_invalid == {"masked", "truncated", "failed"}


def test_gym_leaves_nothing_out_and_converts_as_gym_does() -> None:
    made = plan(Recipe(target="gym"))
    assert (made.format, made.chat) == ("chat", GYM_OPTIONS)
    assert (made.exclude, made.exclude_invalid) == (frozenset(), frozenset())


def test_options_of_a_flat_recipe_are_those_of_flat() -> None:
    made = plan(Recipe(format="flat", options={"strip_think": True, "joiner": "\n"}))
    assert made.flat == FlatOptions(strip_think=True, joiner="\n", marks="message_loss_mask")
    assert made.chat == ChatOptions(marks="message_loss_mask")


def test_options_change_only_what_they_name() -> None:
    assert plan(Recipe(target="gym", options={"reasoning": "drop"})).chat == ChatOptions(
        reasoning="drop",
        reasoning_content=False,
        arguments="string",
        developer_to_system=False,
        null_content=True,
        keep_empty=True,
        joiner="",
        content="parts",
        empty_arguments="keep",
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
