"""Chat templates: where they come from, the sandbox they run in, and what of their text belongs to which message."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import CHECKOUT
from rollout_curator.errors import TemplateError
from rollout_curator.training.templates import WORDS, built_in, from_table, load, pasted, to_table, with_tokenizer
from rollout_curator.training.templates.render import check, render
from rollout_curator.training.templates.worker import first_difference

USER = {"role": "user", "content": "2+2?"}
ANSWER = {"role": "assistant", "content": "4"}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": "<é>"}}}
TOOL_USE: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    USER,
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "4"},
    ANSWER,
]


def whole(text: str, messages: list[dict[str, Any]] | None = None, tools: list[Any] | None = None) -> str:
    """Return what a pasted template makes of a conversation, or its error."""
    made = render(pasted(text), messages or [USER, ANSWER], tools, prefixes=False)
    return made.error or made.whole


# The sandbox of transformers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% for m in messages %}\n{{ m.role }}\n{% endfor %}", "user\nassistant\n"),
        ("a\n    {% if true %}\nb\n    {% endif %}\nc", "a\nb\nc"),
        ("{{ {'b': '<é&>', 'a': 1} | tojson }}", '{"b": "<é&>", "a": 1}'),
        ("{{ [1, 2] | tojson(indent=2) }}", "[\n  1,\n  2\n]"),
        ("{{ {'é': 1} | tojson(ensure_ascii=true, separators=(',', ':')) }}", '{"\\u00e9":1}'),
        ("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i > 2 %}{% break %}{% endif %}{{ i }}"
         "{% endfor %}", "02"),
        ("{{ raise_exception('No tools here.') }}", "No tools here."),
        ("{{ strftime_now('%d %b %Y') }}", "01 Jan 2026"),
        ("{% generation %}x{% endgeneration %}", "x"),
        ("{{ tools is none }} {{ documents is none }} {{ add_generation_prompt }}", "True True False"),
        ("{{ eos_token is undefined }}", "True"),
        ("{% set ns = namespace(n=1) %}{% set ns.n = 2 %}{{ ns.n }}", "2"),
    ],
)  # fmt: skip
def test_a_template_finds_what_transformers_gives_it(text: str, expected: str) -> None:
    assert whole(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
        ("{{ messages.append(1) }}", "access to attribute 'append' of 'list' object is unsafe."),
        ("{{ cycler.__init__.__globals__ }}", "is unsafe"),
        ("{% include '/etc/passwd' %}", "no loader for this environment specified"),
        ("{{ range(999999) | list }}", "Range too big"),
        ("{{ messages[0].nothing.more }}", "has no attribute 'nothing'"),
        ("{{ 'a' * 10000000000 }}", "MemoryError"),
        ("{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "it writes more than 16,777,216 characters"),
    ],
)
def test_a_hostile_template_gets_a_sentence(text: str, sentence: str) -> None:
    assert sentence in whole(text)


def test_a_template_that_does_not_end_is_ended_and_others_go_on() -> None:
    endless = pasted("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
    for _ in range(3):
        assert render(endless, [USER], None, limit_s=0.3).error == "rendering timed out after 0.3 s"
    assert render(endless, [USER], None, limit_s=0.3).error == "it was ended 3 times and is not tried again"
    assert whole("{{ messages[0].content }}") == "2+2?"


def test_what_is_no_template_is_refused_in_one_sentence() -> None:
    with pytest.raises(TemplateError, match=r"pasted: not a chat template: .*end of statement block"):
        check(pasted("{% if %}"))


def test_text_with_half_a_surrogate_pair_is_rendered() -> None:
    assert whole("{{ messages[0].content }}", [{"role": "user", "content": "a\ud800b"}]) == "a\ud800b"


# The text of each message


def test_the_texts_of_the_messages_make_up_the_whole() -> None:
    made = render(built_in("chatml_tools"), TOOL_USE, [TOOL])
    assert "".join(made.chunks) == made.whole
    assert made.chunks[2:4] == (
        '<|im_start|>assistant\n<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": "<é>"}}\n</tool_call>'
        "<|im_end|>\n",
        "<|im_start|>user\n<tool_response>\n4\n</tool_response><|im_end|>\n",
    )
    assert (made.failed_at, made.drift_at) == (None, None)


def test_a_template_that_drops_earlier_thinking_rewrites_history() -> None:
    thoughtful = {**ANSWER, "reasoning_content": "Four, I think."}
    made = render(built_in("chatml_thinking"), [USER, thoughtful, {"role": "user", "content": "Sure?"}, ANSWER], None)
    assert made.drift_at == 2
    assert made.chunks[1] == "<|im_start|>assistant\n<think>\nFour, I think.\n</think>\n\n4<|im_end|>\n"
    assert made.chunks[2] == "4<|im_end|>\n<|im_start|>user\nSure?<|im_end|>\n"
    assert "Four" not in made.whole


def test_a_beginning_that_fails_is_named_while_the_whole_succeeds() -> None:
    made = render(built_in("headers"), TOOL_USE, [TOOL])
    assert (made.error, made.failed_at) == ("", 0)
    assert made.prefix_error == "Tools can only be described in a conversation that has a user message."


def test_beginning_and_end_of_the_text_are_added_where_they_lack() -> None:
    text = "{% for m in messages %}{{ m.content }}{% endfor %}"
    table = {"name": "x", "text": text, "special": {"bos_token": "<s>", "eos_token": "</s>"}}
    assert render(from_table(table), [USER, ANSWER], None).chunks == ("<s>2+2?", "4</s>")


def test_an_end_before_a_line_break_is_not_added_again() -> None:
    assert render(built_in("chatml"), [USER, ANSWER], None).chunks[1] == "<|im_start|>assistant\n4<|im_end|>\n"


def test_what_is_marked_as_generated_is_found_in_the_whole() -> None:
    made = render(built_in("generation"), [USER, ANSWER, USER, ANSWER], None)
    assert [made.whole[start:end] for start, end in made.spans] == ["4<|im_end|>", "4<|im_end|>"]


@pytest.mark.parametrize(("one", "other", "n"), [("", "a", 0), ("ab", "ab", 2), ("ab", "abc", 2), ("abc", "abd", 2),
                                                 ("abc", "ab", 2), ("xbc", "abc", 0)])  # fmt: skip
def test_the_first_difference_of_two_texts(one: str, other: str, n: int) -> None:
    assert first_difference(one, other) == n


def test_every_built_in_template_has_words() -> None:
    files = CHECKOUT.glob("components/rollout_curator/training/templates/builtin/*.jinja")
    assert sorted(file.stem for file in files) == sorted(WORDS)


@pytest.mark.parametrize("name", WORDS)
def test_every_built_in_template_renders_a_plain_conversation(name: str) -> None:
    made = render(built_in(name), [USER, ANSWER], None)
    assert (made.error, made.prefix_error, made.drift_at) == ("", "", None)
    assert "2+2?" in made.chunks[0] and "4" in made.chunks[1]


# Where templates come from


def folder(path: Path, **files: Any) -> str:
    """Return a tokenizer's folder with these files; `__` in a name is a dot."""
    path.mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return str(path)


def test_a_folder_gives_template_special_tokens_and_tokenizer(tmp_path: Path) -> None:
    config = {
        "chat_template": "{{ bos_token }}",
        "bos_token": {"content": "<s>"},
        "eos_token": "</s>",
        "pad_token": None,
    }
    made = load(folder(tmp_path / "my-model", tokenizer_config__json=config, tokenizer__json="{}"))
    assert (made.name, made.text, dict(made.special)) == (
        "my-model",
        "{{ bos_token }}",
        {"bos_token": "<s>", "eos_token": "</s>"},
    )
    assert made.tokenizer == str(tmp_path / "my-model" / "tokenizer.json")


def test_a_jinja_file_goes_before_the_config_beside_it(tmp_path: Path) -> None:
    config = {"chat_template": "old", "eos_token": "</s>"}
    made = load(folder(tmp_path / "m", tokenizer_config__json=config, chat_template__jinja="new"))
    assert (made.text, made.special) == ("new", (("eos_token", "</s>"),))


def test_of_named_templates_the_one_for_tools_is_used_where_there_are_tools(tmp_path: Path) -> None:
    named = [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "with tools"}]
    made = load(folder(tmp_path / "m", tokenizer_config__json={"chat_template": named}) + "/tokenizer_config.json")
    assert render(made, [USER], None, prefixes=False).whole == "plain"
    assert render(made, [USER], [TOOL], prefixes=False).whole == "with tools"


def test_a_tokenizer_config_can_be_pasted() -> None:
    assert pasted('{"chat_template": "x", "eos_token": "</s>"}').special == (("eos_token", "</s>"),)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "the folder has neither chat_template.jinja nor tokenizer_config.json"),
        ({"tokenizer_config__json": {}}, "has neither"),
        (
            {"tokenizer_config__json": {"eos_token": "x"}},
            "the tokenizer's config has no chat_template; add chat_template",
        ),
        ({"tokenizer_config__json": "{"}, "it is not JSON"),
        ({"tokenizer_config__json": "[]"}, "it is not a JSON object"),
        ({"chat_template__jinja": " \n"}, "it is empty"),
        ({"chat_template__jinja": "x" * 1_000_001}, "it has more than 1,000,000 characters"),
    ],
)
def test_what_holds_no_template_is_refused_in_one_sentence(
    tmp_path: Path, files: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TemplateError, match=sentence):
        load(folder(tmp_path / "m", **files))


def test_only_files_that_can_be_templates_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    with pytest.raises(TemplateError, match=r"secret.txt: expected a .jinja file, tokenizer_config.json, or a"):
        load(str(tmp_path / "secret.txt"))


def test_a_template_goes_into_a_recipe_and_comes_back() -> None:
    mine = replace(pasted("{{ eos_token }}"), special=(("eos_token", "</s>"),))
    assert from_table(to_table(mine)) == mine
    assert from_table(to_table(built_in("headers"))) == built_in("headers")
    assert "text" not in to_table(built_in("headers"))


def test_a_tokenizer_that_changed_is_told(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    table = to_table(with_tokenizer(built_in("chatml"), str(tmp_path)))
    (tmp_path / "tokenizer.json").write_text("{ }")
    with pytest.raises(TemplateError, match="changed since the recipe was saved"):
        from_table(table)


def test_without_a_tokenizer_there_is_nothing_to_count_with(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"no tokenizer.json; choose that file or its folder"):
        with_tokenizer(built_in("chatml"), str(tmp_path))
