"""An example as its trainer sees it: which template is rendered, what of its text is trained on, what is not known."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from rollout_curator.rollout import Example
from rollout_curator.training.hazards import looked_for
from rollout_curator.training.targets import trl_templates
from rollout_curator.training.targets.base import effective, get, targets
from rollout_curator.training.targets.trl_templates import of_folder
from rollout_curator.training.templates import ChatTemplate, built_in, pasted
from rollout_curator.training.templates.message_keys import named_on
from rollout_curator.training.trainer_view import Look, View, view

QUESTION = {"role": "user", "content": "2+2?"}
ANSWER = {"role": "assistant", "content": "4"}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}
CALLING = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "5"}
PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"
MARKED = (
    "{% for m in messages %}({{ m.role }}){% if m.role == 'assistant' %}{% generation %}{{ m.content }}!"
    "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"
)


def seen_by(name: str, template: ChatTemplate, *messages: dict[str, Any], limit: int | None = None) -> View:
    """Return a conversation as a trainer sees it."""
    return view(Example(list(messages)), Look(get(name), template, limit))  # type: ignore[arg-type]


def pieces(seen: View) -> list[tuple[str, bool | None]]:
    """Return the pieces of a view."""
    return list(zip(seen.texts, seen.trained, strict=True))


def sha256(text: str) -> str:
    """Return the hash by which TRL's originals are known."""
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def no_trl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take TRL away, as where it is not installed."""
    monkeypatch.setattr(trl_templates, "installed", lambda: None)


@pytest.fixture
def own_trl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put a TRL there whose only family is `mine`, of which MARKED is the training template."""
    (tmp_path / "mine.jinja").write_text(PLAIN)
    (tmp_path / "mine_training.jinja").write_text(MARKED)
    (tmp_path / "other.jinja").write_text(f"{PLAIN}other")
    monkeypatch.setattr(trl_templates, "installed", lambda: of_folder(tmp_path, "9.9"))


# TRL


@pytest.mark.usefixtures("own_trl")
def test_the_view_shows_the_text_and_the_spans_of_the_template_that_trl_takes() -> None:
    seen = seen_by("trl", pasted(PLAIN), QUESTION, ANSWER)
    assert pieces(seen) == [("(user)2+2?(assistant)", False), ("4!", True)]
    assert seen.words == (
        "TRL renders with its own mine_training.jinja in place of this template; shown as in TRL 9.9, found here."
    )


@pytest.mark.usefixtures("own_trl")
def test_one_letter_more_and_trl_stops() -> None:
    seen = seen_by("trl", pasted(f"{PLAIN}."), QUESTION, ANSWER)
    assert (seen.n_trained, set(seen.trained)) == (None, {None})
    assert seen.words == (
        "TRL 9.9, found here, fails on this template: it has no {% generation %} around the answers, and TRL has none "
        "for it. Put the answers of the model's template between {% generation %} and "
        "{% endgeneration %}."
    )


@pytest.mark.usefixtures("own_trl")
def test_a_template_whose_last_line_break_was_lost_is_told_from_one_that_trl_does_not_know() -> None:
    assert "but for white space at its ends" in seen_by("trl", pasted(f"{PLAIN}\n\n"), QUESTION, ANSWER).words


@pytest.mark.usefixtures("no_trl")
def test_a_known_template_without_trl_is_not_known_and_its_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(trl_templates.SINCE, sha256(PLAIN), ("mine", "1.3"))
    seen = seen_by("trl", pasted(PLAIN), QUESTION, ANSWER)
    assert pieces(seen) == [("[user]2+2?\n", None), ("[assistant]4\n", None)]
    assert (seen.n_trained, seen.exact) == (None, False)
    assert seen.words == (
        "Unknown what is trained: TRL 1.3 or newer renders with its own mine_training.jinja in place of this "
        "template. To see what it trains, install trl beside rollout-curator (pip install --no-deps trl) and start "
        "again, or choose its file trl/chat_templates/mine_training.jinja as the chat template."
    )


@pytest.mark.usefixtures("own_trl")
def test_a_template_that_only_another_trl_knows_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(trl_templates.SINCE, sha256(f"{PLAIN}new"), ("new", "10.1"))
    words = seen_by("trl", pasted(f"{PLAIN}new"), QUESTION, ANSWER).words
    assert "TRL 10.1 or newer renders with its own new_training.jinja" in words
    assert "TRL 9.9, found here, has none for it." in words


@pytest.mark.usefixtures("no_trl")
def test_a_built_in_template_is_no_models_own() -> None:
    seen = seen_by("trl", built_in("chatml"), QUESTION, ANSWER)
    assert seen.n_trained is None
    assert seen.words == "Unknown what TRL trains: this template does not belong to a model. Choose the model's."


@pytest.mark.usefixtures("no_trl")
@pytest.mark.parametrize("tag", ["{% generation %}", "{%- generation -%}", "{%generation%}"])
def test_trl_keeps_a_template_that_has_the_tag_however_it_is_written(tag: str) -> None:
    template = pasted(MARKED.replace("{% generation %}", tag))
    assert effective(template, get("trl")).template == template
    assert pieces(seen_by("trl", template, QUESTION, ANSWER))[-1] == ("4!", True)


@pytest.mark.usefixtures("no_trl")
def test_a_tag_that_marks_nothing_trains_nothing() -> None:
    seen = seen_by("trl", pasted(f"{PLAIN}{{# {{% generation %}} #}}"), QUESTION, ANSWER)
    assert (seen.n_trained, seen.trained) == (0, (False,))


@pytest.mark.usefixtures("no_trl")
def test_hazards_of_a_text_that_trl_does_not_render_are_not_looked_for() -> None:
    asked = looked_for(Look(get("trl"), pasted(PLAIN)))
    assert asked["template_error"] == "the trainer's own template"
    assert looked_for(Look(get("nemo_rl"), pasted(PLAIN)))["template_error"] == ""


def test_the_known_originals_are_hashes_with_a_family_and_a_version() -> None:
    assert len(trl_templates.SINCE) == 31
    assert {len(digest) for digest in trl_templates.SINCE} == {64}
    assert trl_templates.SINCE["a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8"] == ("qwen3", "1.1")


def test_the_script_asks_for_the_loss_that_the_view_shows() -> None:
    from rollout_curator.training.targets.base import ConfigFacts

    script = get("trl").config(ConfigFacts("a.jsonl", "chat", has_tools=False))
    assert "assistant_only_loss=True" in script
    assert get("trl").trains == "generation"


# Unsloth


def chatml(eos: str = "<|im_end|>") -> ChatTemplate:
    """Return ChatML as a model's own."""
    return ChatTemplate("mine", built_in("chatml_tools").text, special=(("eos_token", eos),))


def test_unsloth_trains_from_the_mark_of_an_answer_to_its_end() -> None:
    assert pieces(seen_by("unsloth", chatml(), QUESTION, ANSWER, QUESTION)) == [
        ("<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n", False),
        ("4<|im_end|>", True),
        ("\n<|im_start|>user\n2+2?<|im_end|>\n", False),
    ]


def test_unsloth_trains_up_to_the_next_message_where_no_token_ends_an_answer() -> None:
    shown = pieces(seen_by("unsloth", chatml("</s>"), QUESTION, ANSWER, QUESTION))
    assert [text for text, trained in shown if trained] == ["4<|im_end|>\n"]


def test_what_unsloth_trains_is_not_known_without_the_marks_of_its_script() -> None:
    seen = seen_by("unsloth", pasted(PLAIN), QUESTION, ANSWER)
    assert (seen.n_trained, set(seen.trained)) == (None, {None})
    assert seen.words == (
        "Unknown what is trained: the text has no <|im_start|>assistant, the mark in the script. Put the marks of "
        "your template there."
    )


# Axolotl


def test_axolotl_trains_on_an_answer_and_what_ends_it_without_what_begins_it() -> None:
    assert pieces(seen_by("axolotl", chatml(), QUESTION, ANSWER)) == [
        ("<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n", False),
        ("4", True),
        ("<|im_end|>", True),
        ("\n", False),
    ]


def test_axolotl_reads_arguments_that_are_text() -> None:
    seen = seen_by("axolotl", chatml(), QUESTION, CALLING, RESULT, ANSWER)
    assert '{"name": "add", "arguments": {"a": 2}}' in "".join(text for text, trained in pieces(seen) if trained)


def test_axolotl_hands_on_what_is_read_of_message_alone() -> None:
    text = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% if m.tool_calls %}<call>{% endif %}{% endfor %}"
    seen = seen_by("axolotl", pasted(text), QUESTION, CALLING, RESULT, ANSWER)
    assert "<call>" not in "".join(seen.texts)
    assert seen.words.startswith("Axolotl leaves the tool calls out")
    seen = seen_by("axolotl", pasted(text.replace("m.", "message.").replace("for m", "for message")), QUESTION, CALLING)
    assert ("<call>" in "".join(seen.texts), seen.words) == (True, "")


def test_what_axolotl_cannot_render_with_another_answer_is_not_known() -> None:
    text = "{% for message in messages %}{% if message.content not in ['2+2?', '4'] %}{{ raise_exception('odd') }}"
    seen = seen_by("axolotl", pasted(f"{text}{{% endif %}}{{{{ message.content }}}}{{% endfor %}}"), QUESTION, ANSWER)
    assert seen.n_trained is None
    assert seen.words == "Axolotl stops: with another text as message 2 the template fails: odd"


def test_the_keys_a_template_names_are_found_without_running_it() -> None:
    text = "{% generation %}{{ message.role }}{{ message['content'][0].text }}{{ other.name }}{% endgeneration %}"
    assert named_on("message", text) == {"role", "content", "0", "text"}
    assert named_on("message", "{% if %}") == frozenset()


# The others


def test_an_answer_of_a_template_that_fails_is_called_neither_trained_nor_ignored() -> None:
    for name in ("nemo_rl", "axolotl", "unsloth"):
        seen = seen_by(name, pasted("{{ raise_exception('no') }}"), QUESTION, ANSWER)
        assert (name, seen.n_trained, set(seen.trained)) == (name, None, {None})


def test_gym_trains_nothing_and_who_has_a_template_of_its_own_counts_about() -> None:
    assert set(seen_by("gym", chatml(), QUESTION, ANSWER).trained) == {None}
    assert {name: seen_by(name, chatml(), QUESTION, ANSWER).exact for name in targets()} == dict.fromkeys(
        targets(), False
    )
