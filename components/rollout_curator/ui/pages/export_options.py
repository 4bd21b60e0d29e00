"""The options of an export as one sentence, and behind it the choices in plain words: those that matter first."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.conversation.options import REASONING_KEYS
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import METADATA, Recipe
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import label, plain, sentence_case
from rollout_curator.words import counted


@dataclass(frozen=True, slots=True)
class Words:
    """How an option is asked for; `choices` says each of its values in words, `needs` when it means anything."""

    label: str
    choices: Mapping[Any, str]
    needs: Callable[[Any], bool] = lambda options: True


JOINERS = {"": "nothing", " ": "space", "\n": "newline", "\n\n": "blank line"}
MAIN: dict[str, Words] = {
    "reasoning": Words(
        "Reasoning",
        {"drop": "omit", "field": "separate field", "inline": "inline in <think> tags"},
    ),
    "arguments": Words("Tool arguments", {"object": "as objects", "string": "as strings"}),
    "strip_think": Words("<think> in the text", {False: "keep", True: "remove"}),
    "joiner": Words("Joiner between text parts", JOINERS),
}
REASONING = {"drop": "reasoning omitted", "field": "reasoning in a separate field", "inline": "reasoning inline"}
MORE: dict[str, Words] = {
    "reasoning_key": Words(
        "Name of the reasoning field",
        {name: name for name in REASONING_KEYS},
        lambda options: options.reasoning == "field",
    ),
    "think": Words(
        "Inline reasoning layout",
        {"gym": "one block per item, in place", "qwen": "one block before the text"},
        lambda options: options.reasoning == "inline",
    ),
    "reasoning_content": Words(
        "Raw reasoning content",
        {True: "include (where a summary is missing)", False: "omit"},
        lambda options: options.reasoning != "drop",
    ),
    "inline_think": Words("<think> inside the text", {"keep": "keep inline", "split": "move to reasoning"}),
    "trailing": Words(
        "Messages after the last assistant message",
        {"trim": "remove", "skip": "drop the rollout", "keep": "keep"},
    ),
    "tools": Words("Tools", {"list": "as a list", "text": "as JSON text"}),
    "developer_to_system": Words("Developer messages", {True: "become system messages", False: "stay"}),
    "with_instructions": Words("Request `instructions`", {False: "omit", True: "as system message"}),
    "media": Words("Images, audio, video", {"keep": "keep", "drop": "remove them", "skip": "drop the rollout"}),
    "image_style": Words("Image format", {"image_url": "as image_url parts", "image": "as image parts"}),
    "content": Words(
        "Message content",
        {"text": "string", "parts": "lists stay lists, text stays text", "lists": "always a list of parts"},
    ),
    "null_content": Words("Empty content", {False: '""', True: "null"}),
    "keep_empty": Words("Empty messages", {False: "remove", True: "keep"}),
    "keep_strict": Words("`strict` of tools", {False: "omit", True: "keep"}),
}


def options_form(recipe: Recipe) -> None:
    """Draw the options of the chosen format as one sentence, and the choices behind it."""
    plan = recipes.plan(recipe)
    chosen: ChatOptions | FlatOptions = plan.flat if plan.format == "flat" else plan.chat
    usual: ChatOptions | FlatOptions = plan.target.flat if plan.format == "flat" else plan.target.chat
    said = sentence_of(plan.format, chosen, usual, recipe.metadata)
    with folded("Options", said, "options"):
        main = [name for name in MAIN if hasattr(chosen, name) and (name != "joiner" or plan.format == "flat")]
        _row(main, MAIN, chosen, usual)
        more = [name for name in MORE if hasattr(chosen, name) and MORE[name].needs(chosen)]
        if plan.format == "chat":
            more.append("joiner")
        _row(more, {**MORE, "joiner": MAIN["joiner"]}, chosen, usual)
        _metadata(recipe)


def folded(title: str, said: str, name: str) -> AbstractContextManager[object]:
    """Draw a choice as a sentence; return what opens beside it to change it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"folded-{name}"):
        st.markdown(f"**{label(title)}:** {label(said, 1000)}")
        return st.popover("Change", type="tertiary", key=f"rc.change-{name}")


def sentence_of(form: str, chosen: Any, usual: Any, metadata: Sequence[str]) -> str:
    """Return what the options come to: "chat, reasoning omitted, arguments as objects"."""
    said = [form]
    said += [REASONING[chosen.reasoning]] if hasattr(chosen, "reasoning") else []
    said += [f"arguments {MAIN['arguments'].choices[chosen.arguments]}"] if hasattr(chosen, "arguments") else []
    others = [name for name in {**MAIN, **MORE} if name not in ("reasoning", "arguments") and hasattr(chosen, name)]
    n_changed = sum(getattr(chosen, name) != getattr(usual, name) for name in others)
    said += [counted(n_changed, "other option") + " changed"] if n_changed else []
    said += [counted(len(metadata), "extra column")] if metadata else []
    return ", ".join(said)


def _row(names: Sequence[str], words: Mapping[str, Words], chosen: Any, usual: Any) -> None:
    """Draw choices two beside each other."""
    for first in range(0, len(names), 2):
        for column, name in zip(st.columns(2), names[first : first + 2], strict=False):
            with column:
                _choice(name, words[name], chosen, getattr(usual, name))


def _choice(name: str, words: Words, chosen: Any, usual: Any) -> None:
    value = getattr(chosen, name)
    choices = {**words.choices} if value in words.choices else {**words.choices, value: str(value)}
    said = {choice: plain(word + (" (default)" if choice == usual else "")) for choice, word in choices.items()}
    take = partial(_take_option, name, usual)
    st.selectbox(
        label(words.label),
        list(choices),
        format_func=lambda choice: sentence_case(said.get(choice) or str(choice)),
        **state.bind(f"option-{name}", value, take, choices=said.values()),
    )


def _take_option(name: str, usual: Any, value: Any) -> None:
    settings.set_option(name, value, usual)


def _metadata(recipe: Recipe) -> None:
    """Draw the columns written beside the messages, for a trainer that takes any."""
    if not recipes.plan(recipe).target.takes_metadata:
        return
    st.multiselect(
        "Extra columns",
        list(METADATA),
        format_func=plain,
        placeholder="none",
        **state.bind("metadata", list(recipe.metadata), lambda names: settings.set_names("metadata", tuple(names))),
    )
