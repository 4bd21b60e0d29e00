"""What of an example would do nothing in training, or harm: found, named, left out, trimmed or kept, and counted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import SAMPLE_DATA, SHARED_ROLLOUTS, exported, gym, rows_of, said, write
from rollout_curator.conversation import HAZARDS
from rollout_curator.export import verify
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example, Rollout
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.sources.formats.base import read_object
from rollout_curator.training.hazards import Look, hazards, view
from rollout_curator.training.targets.base import get, targets
from rollout_curator.training.templates import built_in, pasted, to_table
from rollout_curator.workspace.workspace import Workspace

QUESTION = {"role": "user", "content": "2+2?"}
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 2}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "4"}
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Four."}]}
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
TOOL = {"type": "function", "name": "add", "parameters": {"type": "object"}}
CHATML = to_table(built_in("chatml_tools"))


def made(recipe: Recipe, *output: dict[str, Any], prompt: Any = "2+2?", tools: Any = ()) -> Example:
    """Return the example of a rollout as preview and export have it."""
    fields = gym(output=list(output))
    fields["responses_create_params"] = {"input": prompt, "tools": list(tools)}
    rollout = read_object(fields)
    assert isinstance(rollout, Rollout)
    return recipes.example(rollout, recipes.plan(recipe))


def found(recipe: Recipe, *output: dict[str, Any], prompt: Any = "2+2?", tools: Any = ()) -> list[str]:
    """Return the hazards of a rollout, whatever becomes of it."""
    fields = gym(output=list(output))
    fields["responses_create_params"] = {"input": prompt, "tools": list(tools)}
    rollout = read_object(fields)
    assert isinstance(rollout, Rollout)
    issues = recipes.convert_with_issues(rollout, recipes.plan(recipe), always=True).issues
    return [issue for issue in issues if issue.partition(":")[0] in HAZARDS]


# Each hazard


def test_a_plain_answer_has_none_for_any_trainer() -> None:
    for name in targets():
        assert found(Recipe(target=name, template=to_table(built_in("chatml")), max_tokens=500), said("4")) == []


def test_an_example_of_just_the_limit_is_too_long_for_nemo_rl_alone() -> None:
    template = to_table(pasted("{% for m in messages %}{{ m.content }}{% endfor %}"))
    output, prompt = said("1" * 10), "2" * 10  # a digit is a token
    assert found(Recipe(template=template, max_tokens=20), output, prompt=prompt) == ["over_length:about 20 tokens"]
    assert found(Recipe(target="trl", template=template, max_tokens=20), output, prompt=prompt) == []
    assert found(Recipe(target="trl", template=template, max_tokens=19), output, prompt=prompt) == [
        "over_length:about 20 tokens"
    ]


def test_without_a_template_lengths_are_estimated_with_the_tools() -> None:
    long_tool = {**TOOL, "description": "1" * 900}
    assert found(Recipe(max_tokens=1000), said("4"), tools=[long_tool])[0].startswith("over_length:about 1,0")


def test_without_a_template_what_a_template_adds_is_estimated_too() -> None:
    assert found(Recipe(max_tokens=30), said("1" * 10), prompt="2" * 10) == ["over_length:about 30 tokens"]
    assert found(Recipe(max_tokens=31), said("1" * 10), prompt="2" * 10) == []


def test_an_example_that_is_too_long_ends_on_the_last_answer_that_fits() -> None:
    output = [said("a" * 40), {"type": "message", **QUESTION}, said("b" * 4000)]
    example = made(Recipe(trim=("over_length",), max_tokens=100), *output)
    assert [message["content"] for message in example.messages or []] == ["2+2?", "a" * 40]
    assert (example.issues, example.skip) == (("trimmed:over_length",), None)


def test_an_example_whose_first_answer_is_too_long_is_left_out() -> None:
    assert made(Recipe(trim=("over_length",), max_tokens=100), said("b" * 4000)).skip == "over_length"


def test_nothing_is_trained_on_where_the_template_writes_no_answer() -> None:
    template = to_table(pasted("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"))
    assert found(Recipe(template=template), said("4")) == ["no_trained_token"]


def test_nothing_is_trained_on_where_every_answer_is_empty() -> None:
    assert made(Recipe(options={"keep_empty": True}), said("")).skip == "no_trained_token"


def test_a_template_that_fails_is_told_in_its_own_words() -> None:
    template = to_table(pasted("{{ raise_exception('No tools.') if tools }}{{ messages[-1].content }}"))
    example = made(Recipe(template=template), said("4"), tools=[TOOL])
    assert (example.skip, example.issues) == ("template_error", ("template_error:No tools.",))


def test_a_beginning_that_fails_matters_where_beginnings_are_rendered() -> None:
    prompt = [{"role": "system", "content": "Be brief."}, QUESTION]
    headers = to_table(built_in("headers"))
    names = ("nemo_rl", "axolotl", "trl", "unsloth")
    kinds = {
        name: found(Recipe(target=name, template=headers), said("4"), prompt=prompt, tools=[TOOL]) for name in names
    }
    said_by_template = "prefix_error:Tools can only be described in a conversation that has a user message."
    assert kinds == {"nemo_rl": [said_by_template], "axolotl": [], "trl": [], "unsloth": []}


def test_history_that_a_template_rewrites_is_found_and_can_be_cut() -> None:
    output = [THOUGHT, said("4"), {"type": "message", "role": "user", "content": "Sure?"}, said("Yes.")]
    recipe = Recipe(template=to_table(built_in("chatml_thinking")), options={"reasoning": "field"})
    assert found(recipe, *output) == ["history_rewritten:at message 3"]
    assert made(recipe, *output).skip == "history_rewritten"
    cut = made(replace(recipe, trim=("history_rewritten",)), *output)
    assert cut.messages == [QUESTION, {"role": "assistant", "content": "4", "reasoning_content": "Four."}]


def test_arguments_that_a_template_encodes_again_are_found_in_its_text() -> None:
    recipe = Recipe(template=CHATML, options={"arguments": "string"})
    assert found(recipe, CALL, RESULT, said("4"), tools=[TOOL]) == ["double_encoded"]
    assert found(replace(recipe, options={}), CALL, RESULT, said("4"), tools=[TOOL]) == []


def test_arguments_that_llamafactory_encodes_again_need_no_template() -> None:
    recipe = Recipe(target="llamafactory", options={"arguments": "string"})
    assert found(recipe, CALL, RESULT, said("4")) == ["double_encoded"]


def test_answers_in_the_prompt_are_counted_and_by_default_kept() -> None:
    prompt = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}, QUESTION]
    assert found(Recipe(), said("4"), prompt=prompt) == ["trained_prompt:1 answer"]
    assert made(Recipe(), said("4"), prompt=prompt).skip is None
    assert made(Recipe(drop=("trained_prompt",)), said("4"), prompt=prompt).skip == "trained_prompt"
    assert found(Recipe(pairs=Pairs()), said("4"), prompt=prompt) == []


def test_parts_that_a_text_template_prints_as_python_are_found() -> None:
    prompt = [{"role": "user", "content": [{"type": "input_text", "text": "What is this?"}, IMAGE]}]
    printing = to_table(pasted("{% for m in messages %}{{ m.content }}{% endfor %}"))
    recipe = Recipe(template=printing, keep=("image", "mixed_content"))
    assert made(recipe, said("A cat."), prompt=prompt).skip == "image_repr"
    assert found(replace(recipe, template=CHATML), said("A cat."), prompt=prompt) == ["mixed_content"]


def test_a_row_llamafactory_passes_over_is_left_out_or_ends_before_it() -> None:
    output = [said("4"), {"type": "message", **QUESTION}, {"type": "message", **QUESTION}, said("4")]
    recipe = Recipe(target="llamafactory")
    assert made(recipe, *output).issues == ("skipped_by_trainer:message 4 (user) breaks the turn order",)
    assert made(recipe, *output).skip == "skipped_by_trainer"
    assert len(made(replace(recipe, trim=("skipped_by_trainer",)), *output).messages or []) == 2


def test_text_beside_calls_at_which_some_templates_of_llamafactory_stop_is_told() -> None:
    assert found(Recipe(target="llamafactory"), said("Let me add."), CALL, RESULT, said("4")) == ["text_beside_calls"]


def test_a_record_openai_refuses_is_told() -> None:
    recipe = Recipe(target="openai", options={"reasoning": "field"})
    assert found(recipe, THOUGHT, said("4")) == ["refused_by_trainer:message 2 has the key reasoning_content"]


def test_tools_as_lists_are_told_where_they_become_columns() -> None:
    assert found(Recipe(target="trl", options={"tools": "list"}), said("4"), tools=[TOOL]) == ["none_filled"]
    assert found(Recipe(target="trl"), said("4"), tools=[TOOL]) == []


# Lists beside texts


@pytest.fixture(scope="module")
def real(shared_folder: Path) -> Iterator[Workspace]:
    """Open the real rollouts."""
    workspace = Workspace.open([SHARED_ROLLOUTS])
    yield workspace
    workspace.close()


PICTURE = [{"role": "user", "content": [{"type": "input_text", "text": "And this?"}, IMAGE]}]
TEXTS = [{"role": "user", "content": [{"type": "input_text", "text": "2+"}, {"type": "input_text", "text": "2?"}]}]


def test_lists_never_stand_beside_texts_without_a_word() -> None:
    assert made(Recipe(keep=("image",)), said("A cat."), prompt=PICTURE).skip == "mixed_content"
    assert made(Recipe(options={"content": "parts"}), said("4"), prompt=TEXTS).skip == "mixed_content"


def test_lists_stand_beside_texts_when_the_user_says_so() -> None:
    example = made(Recipe(keep=("image", "mixed_content")), said("A cat."), prompt=PICTURE)
    assert (example.skip, example.issues) == (None, ("image", "mixed_content"))


def test_lists_alone_need_no_word() -> None:
    example = made(Recipe(keep=("image",), options={"content": "lists"}), said("A cat."), prompt=PICTURE)
    assert example.skip is None
    assert all(isinstance(message["content"], list) for message in example.messages or [])


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(set(targets()) - {"gym", "openai"}))
@pytest.mark.parametrize("content", ["parts", "lists"])
def test_no_file_of_real_rollouts_mixes_lists_and_texts(
    real: Workspace, tmp_path: Path, name: str, content: str
) -> None:
    recipe = Recipe(target=name, keep=("image", "audio", "video"), options={"content": content})
    done = exported(real, recipe, tmp_path / "sft.jsonl")
    texts = [turn["value"] for row in rows_of(done.path) for turn in row.get("conversations", ())]
    texts += [message["content"] for row in rows_of(done.path) for message in row.get("messages", ())]
    assert set(map(type, texts)) == {list if content == "lists" and name != "llamafactory" else str}


# Counted: the funnel, the file and the manifest say the same


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(template=CHATML, max_tokens=400),
        Recipe(template=to_table(built_in("headers")), trim=("prefix_error", "over_length"), max_tokens=300),
        Recipe(target="trl", template=to_table(built_in("generation")), options={"tools": "list"}),
        Recipe(target="llamafactory", trim=("skipped_by_trainer",), drop=("trained_prompt",)),
        Recipe(target="axolotl", keep=("truncated",), trim=("unanswered_tool_call", "ends_in_tool_call")),
    ],
)
def test_an_export_that_was_looked_at_is_what_was_shown_and_verifies(tmp_path: Path, recipe: Recipe) -> None:
    workspace = Workspace.open([SAMPLE_DATA])
    plan = recipes.plan(recipe)
    done = exported(workspace, recipe, tmp_path / "sft.jsonl")
    rows = [row for row in range(workspace.n_rollouts) if workspace.select(recipe).kept[row]]
    shown = b"".join(workspace.training_line(row, plan).text for row in rows)
    assert done.path.read_bytes() == shown
    assert [check for check in verify(done.manifest_path) if not check.holds] == []
    counts = done.funnel.as_json()
    assert counts["rollouts"] == done.rows + sum(counts["dropped"].values())
    assert sum(counts["dropped"].values()) + sum(counts["trimmed"].values()) > 0


def test_what_is_trimmed_is_counted_by_its_reason(tmp_path: Path) -> None:
    long = gym(output=[said("a"), {"type": "message", **QUESTION}, said("b" * 4000)])
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(), long, long])])
    counts = workspace.funnel(Recipe(trim=("over_length",), max_tokens=100)).as_json()
    assert (counts["exportable"], counts["trimmed"]) == (3, {"over_length": 2})


def test_a_changed_mind_about_a_hazard_looks_at_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(), gym(answer="b" * 4000)])])
    assert workspace.funnel(Recipe(max_tokens=100)).as_json()["dropped"] == {"over_length": 1}
    monkeypatch.setattr(recipes, "convert_with_issues", None)
    assert workspace.funnel(Recipe(max_tokens=100, keep=("over_length",))).as_json()["dropped"] == {}


def test_a_look_says_how_far_it_is_and_can_be_left(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(answer=str(n)) for n in range(40)])])
    plan = recipes.plan(Recipe(template=CHATML))
    steps = workspace.conversion_outcomes.check_examples(plan)
    assert [next(steps), next(steps)] == [16, 32]
    steps.close()
    assert not workspace.conversion_outcomes.is_checked(plan)
    assert list(workspace.conversion_outcomes.check_examples(plan)) == [16, 32]
    assert workspace.conversion_outcomes.is_checked(plan) and workspace.conversion_outcomes.is_cached(plan)


def test_the_usual_recipe_is_known_without_a_look(tmp_path: Path) -> None:
    outcomes = Workspace.open([write(tmp_path / "a.jsonl", [gym()])]).conversion_outcomes
    assert [name for name in targets() if outcomes.is_cached(recipes.plan(Recipe(target=name)))] == [
        "gym",
        "nemo_rl",
        "trl",
        "unsloth",
    ]


def test_gym_leaves_out_what_is_asked_for_and_nothing_else(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(), gym(answer="b" * 4000)])])
    assert workspace.funnel(Recipe(target="gym", max_tokens=100)).exportable == 2
    assert workspace.funnel(Recipe(target="gym", max_tokens=100, drop=("over_length",))).exportable == 1


# The trainer's view


def seen_by(name: str, template: str, *messages: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return the pieces of a conversation and whether each is trained on."""
    shown = view(Example(list(messages)), Look(get(name), built_in(template)))
    return list(zip(shown.texts, shown.trained, strict=True))


ANSWER = {"role": "assistant", "content": "4"}


def test_nemo_rl_trains_on_every_answer_with_what_stands_around_it() -> None:
    assert seen_by("nemo_rl", "chatml", QUESTION, ANSWER) == [
        ("<|im_start|>user\n2+2?<|im_end|>\n", False),
        ("<|im_start|>assistant\n4<|im_end|>\n", True),
    ]


def test_trl_trains_on_what_the_template_marks() -> None:
    assert seen_by("trl", "generation", QUESTION, ANSWER) == [
        ("<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n", False),
        ("4<|im_end|>", True),
        ("\n", False),
    ]


def test_a_trainer_with_templates_of_its_own_is_shown_the_messages() -> None:
    assert seen_by("llamafactory", "chatml", QUESTION, ANSWER) == [("2+2?", False), ("4", True)]


def test_every_hazard_of_an_example_is_told_once() -> None:
    text = Example([QUESTION, {"role": "assistant", "content": ""}, QUESTION])
    kinds = [hazard.kind for hazard in hazards(text, Look(get("nemo_rl"), max_tokens=1))]
    assert kinds == ["refused_by_trainer", "over_length", "no_trained_token"]


# What the trainer's loader would change, or stop at

BIG = {**CALL, "arguments": '{"a": 18446744073709551617}'}
BIG_TOOL = {**TOOL, "parameters": {"type": "object", "properties": {"a": {"type": "integer", "maximum": 2**63}}}}
ROUNDED = {**CALL, "arguments": '{"a": 0.3}'}


def test_a_number_beyond_64_bits_is_out_where_datasets_would_change_it() -> None:
    skips = {name: made(Recipe(target=name), BIG, RESULT, said("4")).skip for name in targets()}
    assert {name: skip for name, skip in skips.items() if skip} == {"trl": "big_number"}


def test_a_number_that_is_written_as_text_stays_in() -> None:
    recipe = Recipe(target="trl", options={"arguments": "string"})
    assert made(recipe, BIG, RESULT, said("4"), tools=[BIG_TOOL]).skip is None
    assert made(Recipe(target="trl"), CALL, RESULT, said("4"), tools=[BIG_TOOL]).issues == ()
    listed = made(Recipe(target="trl", options={"tools": "list"}), CALL, RESULT, said("4"), tools=[BIG_TOOL])
    assert (listed.skip, listed.issues[0]) == ("big_number", "big_number:tools")


@pytest.mark.parametrize("name", sorted(set(targets()) - {"axolotl", "llamafactory"}))
def test_parquet_holds_no_number_that_cannot_be_read_from_it(name: str) -> None:
    """All but Axolotl and LLaMA-Factory get tools as lists, or arguments as objects."""
    recipe = Recipe(target=name, kind="parquet")
    assert made(recipe, BIG, RESULT, said("4"), tools=[BIG_TOOL]).skip == "big_number"


def test_decimals_that_come_back_rounded_are_told_and_stay_in() -> None:
    example = made(Recipe(target="trl"), ROUNDED, RESULT, said("4"), tools=[TOOL])
    assert (example.skip, example.issues) == (None, ("rounded_number:arguments",))
    assert made(Recipe(), ROUNDED, RESULT, said("4"), tools=[TOOL]).issues == ()
    assert made(Recipe(target="trl", drop=("rounded_number",)), ROUNDED, RESULT, said("4")).skip == "rounded_number"


def test_a_number_that_trimming_takes_away_does_no_harm() -> None:
    output = [said("a"), {"type": "message", **QUESTION}, said("b" * 4000), BIG, RESULT, said("4")]
    example = made(Recipe(target="trl", trim=("over_length",), max_tokens=300), *output, tools=[TOOL])
    assert (example.skip, example.issues) == (None, ("trimmed:over_length",))


def dropped(tmp_path: Path, *lines: dict[str, Any], **recipe: Any) -> dict[str, int]:
    """Return what is dropped of rollouts that are read from a file, in the index and by converting them all."""
    workspace = Workspace.open([write(tmp_path / "a.jsonl", lines)], tmp_path / "cache")
    counts = dict(workspace.funnel(Recipe(**recipe)).as_json()["dropped"])
    plan = recipes.plan(Recipe(**recipe))
    skips = [recipes.example(workspace.rollout(row), plan).skip for row in range(workspace.n_rollouts)]
    assert counts == {skip: skips.count(skip) for skip in skips if skip}
    return counts


HALVES = [
    gym(answer="a\ud83d"),
    gym(prompt="a\udc00"),
    gym(output=[{**CALL, "arguments": '{"a": "\\ud83d"}'}, RESULT, said("4")]),
    gym(output=[THOUGHT | {"summary": [{"type": "summary_text", "text": "\ud83d"}]}, said("4")]),
    gym(answer="😀"),
    gym(output=[{**CALL, "arguments": '{"a": "\\ud83d\\ude00"}'}, RESULT, said("4")]),
]


@pytest.mark.parametrize(
    ("name", "n_out"),
    [("nemo_rl", 3), ("trl", 4), ("unsloth", 4), ("axolotl", 4), ("llamafactory", 4), ("openai", 3), ("gym", 0)],
)
def test_half_a_surrogate_pair_in_what_is_written_keeps_a_rollout_out(tmp_path: Path, name: str, n_out: int) -> None:
    """The fourth has it in its reasoning, which NeMo RL and OpenAI do not get."""
    assert dropped(tmp_path, *HALVES, target=name) == ({"half_surrogate": n_out} if n_out else {})


def test_half_a_pair_in_what_flat_leaves_out_does_no_harm(tmp_path: Path) -> None:
    assert dropped(tmp_path, *HALVES, format="flat") == {"half_surrogate": 2}


@pytest.mark.parametrize("name", sorted(targets()))
@pytest.mark.parametrize("more", [{}, {"kind": "parquet"}, {"keep": ("big_number",)}, {"drop": ("rounded_number",)}])
def test_the_index_knows_what_a_conversion_finds(tmp_path: Path, name: str, more: dict[str, Any]) -> None:
    tools = {"responses_create_params": {"input": "2+2?", "tools": [BIG_TOOL]}}
    with_tools = gym() | tools
    lines = [gym(output=[call, RESULT, said("4")]) for call in (CALL, BIG, ROUNDED)]
    dropped(tmp_path, *lines, with_tools, *HALVES, target=name, **more)


def test_a_number_that_is_kept_is_told_and_written(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(output=[BIG, RESULT, said("4")])])])
    recipe = Recipe(target="trl", keep=("big_number",))
    assert workspace.issue_counts(recipe)["big_number"] == 1
    [row] = rows_of(exported(workspace, recipe, tmp_path / "sft.jsonl").path)
    assert row["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"a": 18446744073709551617}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("nemo_rl", {"mixed": 3, "over64": 2, "rollouts": 1, "snowflake": 2, "uint64": 2}),
        ("axolotl", {"mixed": 3, "over64": 2, "rollouts": 1, "snowflake": 2, "uint64": 2}),
        ("trl", {"mixed": 2, "over64": 1, "rollouts": 0, "snowflake": 2, "uint64": 1}),
        ("llamafactory", {"mixed": 3, "over64": 2, "rollouts": 1, "snowflake": 2, "uint64": 2}),
    ],
)
def test_big_numbers_of_the_cases_are_exact_or_out(shared_folder: Path, name: str, kept: dict[str, int]) -> None:
    folder = SHARED_ROLLOUTS.parents[1] / "cases" / "15_big_ints"
    opened = {stem: Workspace.open([folder / f"{stem}.jsonl"]) for stem in kept}
    assert {stem: each.funnel(Recipe(target=name)).exportable for stem, each in opened.items()} == kept


# Names and ids OpenAI refuses


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "files.open"}, "message 2 calls the tool 'files.open'"),
        ({"name": "x" * 65}, f"message 2 calls the tool '{'x' * 65}'"),
        ({"call_id": "c" * 41}, "message 2 has an id of 41 characters, and 40 are allowed"),
        ({"name": "x" * 64, "call_id": "c" * 40}, ""),
    ],
)
def test_openai_takes_no_odd_names_and_no_long_ids(changes: dict[str, str], words: str) -> None:
    call = {**CALL, **changes}
    example = made(Recipe(target="openai"), call, {**RESULT, "call_id": call["call_id"]}, said("4"))
    assert tuple(issue for issue in example.issues if issue != "tools_not_recorded") == (
        (f"refused_by_trainer:{words}",) if words else ()
    )


def test_openai_takes_no_tool_of_an_odd_name() -> None:
    example = made(Recipe(target="openai"), said("4"), tools=[{**TOOL, "name": "öffne"}])
    assert example.issues == (r"refused_by_trainer:a tool has the name '\xf6ffne'",)
    assert example.skip == "refused_by_trainer"
