"""What the files of an export hold: examples or pairs, which kind of file, one part or several."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rollout_curator.export import Chosen
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import BY_MARGIN, FORMATS, OTHER_TURNS, RULES, Pairs, format_of
from rollout_curator.selection.splits.split import TIES, Split
from rollout_curator.training.file_types.base import file_types
from rollout_curator.ui.pages.export_counts import draw_fault, draw_pairs, draw_parts
from rollout_curator.ui.pages.export_options import folded
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import plain
from rollout_curator.words import counted

ROWS = {"chat": "SFT chat", "flat": "SFT flat", "pairs": "DPO pairs"}
PARTS = {"one": "No split", "share": "By percentage", "count": "By count"}
TIED = {"task": "task", "prompt": "prompt", "near": "near-duplicate prompt"}
STYLES = {"trl": "TRL: prompt, chosen, rejected", "nemo_rl": "NeMo RL: context, completions"}
RATIOS = (0.0, 1.1, 1.25, 1.5, 2.0, 3.0)
PAIRS_SAID = (
    "Pairs two rollouts of the same task, prompt and tools. Chosen: a kept rollout (above the threshold or accepted in "
    "review). Rejected: any other convertible rollout with a valid reward, including ones below the threshold or "
    "rejected in review. An accepted rollout is never the rejected side, a rejected one never the chosen side. Equal "
    "rewards form no pair. Turns that both sides begin with belong to the prompt."
)
SHARE_SAID = (
    "Rollouts that share a task, a prompt or a near-duplicate prompt stay in the same split. Changing the threshold or "
    "reviewing never moves one to another split; adding rollouts only moves those whose prompts then share another "
    "part of their text with many others."
)
COUNT_SAID = (
    "Rollouts that share a task, a prompt or a near-duplicate prompt stay in the same split. The count is divided over "
    "the agents in proportion, by whole tasks, so a split can be a few examples short; which examples are held out "
    "changes with what is kept."
)


def kind_form(recipe: Recipe, kind: DeltaGenerator, file_type: DeltaGenerator) -> None:
    """Draw the kind of example and of file, in two places of a row."""
    kinds = file_types()
    kind.segmented_control(
        "Examples",
        list(ROWS),
        format_func=lambda name: plain(ROWS.get(name, name)),
        required=True,
        help="SFT chat: messages with tool calls and tool definitions. SFT flat: one prompt, one completion, as in "
        "NeMo Gym's SFT guide. DPO pairs: two answers to one prompt.",
        **state.bind("rows", "pairs" if recipe.pairs else recipes.plan(recipe).format, partial(_take_rows, recipe)),
    )
    file_type.segmented_control(
        "File type",
        list(kinds),
        format_func=lambda name: plain(kinds[name].title if name in kinds else name),
        required=True,
        help="Parquet: Hugging Face Hub, TRL, Axolotl, LLaMA-Factory. The other trainers need JSON Lines.",
        **state.bind("kind", recipe.kind, lambda name: settings.set_files(kind=name)),
    )


def files_form(recipe: Recipe, chosen: Chosen | None) -> None:
    """Draw how rollouts are paired and split, each as a sentence with the choices behind it."""
    if recipe.pairs is not None:
        with folded("Pairs", _pairs_said(recipe.pairs, chosen), "pairs"):
            _pairs(recipe, recipe.pairs)
        if chosen is not None:
            draw_pairs(recipe, chosen)
    with folded("Split", _split_said(recipe.split), "split"):
        _split(recipe.split)
        if chosen is not None and chosen.split is not None and recipe.split is not None:
            draw_parts(chosen.split, recipe.split, "examples" if recipe.pairs is None else "pairs")
    if chosen is not None and chosen.split is not None and recipe.split is not None:
        draw_fault(chosen.split, recipe.split)


def _pairs_said(pairs: Pairs, chosen: Chosen | None) -> str:
    """Return how many pairs there are, and by which rule."""
    rule = RULES.get(pairs.rule, pairs.rule)
    if chosen is None or chosen.paired is None:
        return rule
    found = chosen.paired.as_json()
    return f"{counted(found['pairs'], 'pair')} from {found['with_pairs']:,} of {found['groups']:,} tasks, {rule}"


def _split_said(split: Split | None) -> str:
    """Return how large the parts are, and what keeps rollouts together."""
    if split is None:
        return "none, all in one file"
    by = " + ".join(TIED.get(name, name) for name in split.by)
    if split.is_counted:
        return f"{int(split.validation):,} validation and {int(split.test):,} test examples, by {by}"
    held = [round(100 * share, 4) for share in (split.validation, split.test)]
    return f"{100 - sum(held):g}/{held[0]:g}/{held[1]:g}% train/validation/test, by {by}"


def _take_rows(recipe: Recipe, name: str) -> None:
    if name == "pairs":
        settings.set_files(pairs=recipe.pairs or Pairs())
        return
    settings.set_files(pairs=None)
    state.set_format(name)


def _pairs(recipe: Recipe, pairs: Pairs) -> None:
    """Draw which rollouts stand against each other."""
    one, two = st.columns(2)
    one.selectbox(
        "Pairing rule",
        list(RULES),
        format_func=lambda name: plain(RULES.get(name, name)),
        **state.bind("pair-rule", pairs.rule, partial(_set_pairs, pairs, "rule")),
    )
    two.selectbox(
        "Pair format",
        list(FORMATS),
        format_func=lambda name: plain(STYLES.get(name, name)),
        **state.bind("pair-format", format_of(pairs, recipe.target), partial(_set_pairs, pairs, "format")),
    )
    _by_margin(pairs)
    one, two = st.columns(2)
    ratios = sorted({*RATIOS, pairs.max_length_ratio})
    one.selectbox(
        "Length ratio of the two sides",
        ratios,
        format_func=lambda ratio: plain(f"≤ {ratio:g} to 1" if ratio else "any"),
        help="In characters of the model's own answers. If the chosen side is usually longer, the model learns "
        "length; the nearest-length rule, or a limit here, reduces that.",
        **state.bind("pair-ratio", pairs.max_length_ratio, partial(_set_pairs, pairs, "max_length_ratio")),
    )
    two.selectbox(
        "Tool results and user turns within a side",
        list(OTHER_TURNS),
        format_func=lambda name: plain(OTHER_TURNS.get(name, name)),
        help="TRL's DPO trains on everything after the prompt, including these.",
        **state.bind("pair-turns", pairs.other_turns, partial(_set_pairs, pairs, "other_turns")),
    )
    st.caption(PAIRS_SAID)


def _by_margin(pairs: Pairs) -> None:
    """Draw how far rewards must be apart, for the rules that ask it."""
    if pairs.rule not in BY_MARGIN:
        return
    one, two = st.columns(2)
    one.number_input(
        "Min reward margin",
        min_value=0.0001,
        step=0.1,
        format="%g",
        **state.bind("pair-margin", float(pairs.margin), partial(_set_pairs, pairs, "margin")),
    )
    if pairs.rule == "margin":
        two.number_input(
            "Max pairs per task (0 = all)",
            min_value=0,
            step=1,
            **state.bind("pair-most", int(pairs.at_most), partial(_set_pairs, pairs, "at_most")),
        )


def _set_pairs(pairs: Pairs, name: str, value: Any) -> None:
    settings.set_files(pairs=replace(pairs, **{name: value}))


def _split(split: Split | None) -> None:
    """Draw whether and how rollouts are split, the rest of it folded away."""
    chosen = "one" if split is None else "count" if split.is_counted else "share"
    st.segmented_control(
        "Split",
        list(PARTS),
        format_func=lambda name: plain(PARTS.get(name, name)),
        required=True,
        **state.bind("split", chosen, _take_split),
    )
    if split is None:
        return
    one, two = st.columns(2)
    _size(one.number_input, "validation", split)
    _size(two.number_input, "test", split)
    st.caption(COUNT_SAID if split.is_counted else SHARE_SAID)
    _ties(split)


def _take_split(name: str) -> None:
    sizes = {"one": None, "share": Split(), "count": Split(100)}
    settings.set_files(split=sizes.get(name))


def _size(draw: Callable[..., Any], part: str, split: Split) -> None:
    """Draw the size of a part: per cent of the rollouts, or a number of rows."""
    value = float(getattr(split, part))
    if split.is_counted:
        bound = state.bind(f"split-{part}-count", int(value), lambda count: _set_split(split, part, int(count)))
        draw("Validation examples" if part == "validation" else "Test examples", min_value=0, step=10, **bound)
        return
    bound = state.bind(
        f"split-{part}-share", round(value * 100, 4), lambda percent: _set_split(split, part, round(percent / 100, 6))
    )
    draw("Validation, %" if part == "validation" else "Test, %", 0.0, 90.0, step=1.0, format="%g", **bound)


def _set_split(split: Split, name: str, value: Any) -> None:
    """Take one setting; two sizes of nothing are no split."""
    made = replace(split, **{name: value})
    settings.set_files(split=made if made.validation or made.test else None)


def _ties(split: Split) -> None:
    """Draw what ties rollouts together."""
    st.multiselect(
        "Group by",
        list(TIES),
        format_func=lambda name: plain(TIED.get(name, name)),
        **state.bind("split-by", list(split.by), lambda names: _set_split(split, "by", tuple(names) or split.by)),
    )
    one, two = st.columns(2)
    one.number_input(
        "Near-duplicate threshold (Jaccard)",
        min_value=0.05,
        max_value=1.0,
        step=0.05,
        help="Jaccard similarity of word trigrams, without text that many prompts share; 1 = identical apart from that",
        **state.bind("split-near", float(split.near), lambda near: _set_split(split, "near", near)),
    )
    two.number_input(
        "Seed",
        min_value=0,
        step=1,
        help="Change it to hold out other tasks",
        **state.bind("split-seed", int(split.seed), lambda seed: _set_split(split, "seed", int(seed))),
    )
