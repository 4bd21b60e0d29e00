"""The rules: a way to add one, the random baseline, and those that are on in their order with the threshold."""

import inspect
from collections.abc import Mapping
from typing import Any

import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import BOUND_DROPS, Selection
from rollout_curator.selection.strategies import MATCHED, STRATEGIES, Parameter, Step, parameters, words
from rollout_curator.ui import links
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, sentence_case
from rollout_curator.words import name_of
from rollout_curator.workspace import random_controls
from rollout_curator.workspace.workspace import Workspace


def rules_list(workspace: Workspace, recipe: Recipe) -> None:
    """Draw one line per rule that is on, in order, with the threshold at its place; nothing without any.

    With a random control in its place, each still says what it drops: so many rollouts the control has to leave out.
    """
    if not recipe.strategies and not recipe.is_control:
        return
    ruled = workspace.select(recipe.with_control(None))
    drops = {drop.name: drop for drop in ruled.drops}
    with st.container(key="rules", gap=None):
        if not recipe.threshold_last:
            _threshold(recipe, ruled)
        for number, step in enumerate(recipe.strategies, 1):
            name = f"strategy-{number}"
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"rule-{number}"):
                st.markdown(f"Rule {number:,} ({label(_title(step.name))}) drops", width="content")
                count = drops[name].count if name in drops else 0
                if not count:
                    st.markdown(f"**0** {label(words(step))}", width="content")
                elif not recipe.is_control:
                    links.link_number(count, words(step), "review", queue=name)
                else:  # the control holds others, so there is no queue of these
                    st.markdown(f"**{count:,}** {label(words(step))}", width="content")
                if len(recipe.strategies) > 1:
                    _mover(number - 1, -1, disabled=number == 1)
                    _mover(number - 1, 1, disabled=number == len(recipe.strategies))
                st.button(
                    "Remove",
                    type="tertiary",
                    on_click=choices.remove_part,
                    args=("strategies", number - 1),
                    key=f"rc.rule-{number - 1}-remove",
                )
        if recipe.threshold_last:
            _threshold(recipe, ruled)
        if recipe.is_control:
            _baseline(workspace, recipe)


def add_rule(workspace: Workspace) -> None:
    """Draw the way to add a rule; it closes once one was added."""
    with st.popover("Add rule", type="tertiary", width="content", key=choices.fresh_key("add-rule")):
        _form(workspace)


def _threshold(recipe: Recipe, ruled: Selection) -> None:
    """Draw what the bounds of the reward drop, and the way to put them before or after the rules."""
    if not recipe.strategies or not recipe.has_bounds:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="rule-threshold"):
        st.markdown("Threshold drops", width="content")
        found = [drop for drop in ruled.drops if drop.name in BOUND_DROPS]
        said = ", ".join(f"**{drop.count:,}** {label(drop.said)}" for drop in found)
        st.markdown(said or "**0** rollouts", width="content")
        st.button(
            "Move before the rules" if recipe.threshold_last else "Move after the rules",
            type="tertiary",
            on_click=choices.set_threshold_last,
            args=(not recipe.threshold_last,),
            key="rc.threshold-order",
            help="Rules on tasks use all valid attempts either way; best, shortest and random are chosen among the "
            "rollouts that are left at that step.",
        )


def _mover(place: int, by: int, *, disabled: bool) -> None:
    st.button(
        "Move up" if by < 0 else "Move down",
        type="tertiary",
        on_click=choices.move_strategy,
        args=(place, by),
        disabled=disabled,
        key=f"rc.rule-{place}-{'earlier' if by < 0 else 'later'}",
    )


def baseline_switch(recipe: Recipe) -> None:
    """Draw the switch to the random baseline, which shows whether the rules choose anything at all."""
    st.toggle(
        "Random baseline",
        help=random_controls.HELP,
        **state.bind(
            "control", recipe.is_control, lambda on: choices.set_control(random_controls.SEEDS[0] if on else None)
        ),
    )


def _baseline(workspace: Workspace, recipe: Recipe) -> None:
    """Draw which random baseline it is, and how much it shares with the selection."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="rule-baseline"):
        st.markdown("Random baseline: seed", width="content")
        st.number_input(
            "Seed",
            step=1,
            width=110,
            label_visibility="collapsed",
            **state.bind("control-seed", recipe.control, choices.set_control),
        )
        st.markdown("with the same number of", width="content")
        st.selectbox(
            "Same number of",
            MATCHED,
            width=120,
            label_visibility="collapsed",
            **state.bind("control-by", recipe.control_by, choices.set_control_by),
        )
        if (found := random_controls.overlap(workspace, recipe)) is not None:
            st.caption(label(f"It {found.sentence()}."))


def _form(workspace: Workspace) -> None:
    """Draw the choice of a rule with its parameters."""
    name = st.selectbox("Rule", list(STRATEGIES), format_func=_title, key="rc.rule")
    st.caption(label(_says(name)))
    given = {}
    for parameter, about in parameters(name).items():
        value = _widget(workspace, about, key=f"rc.rule-{name}-{parameter}")
        if value != about.default:
            given[parameter] = value
    asks_nothing = _asks_nothing(name, given)
    st.button(
        "Add rule", on_click=_add, args=(Step(name, given),), type="primary", disabled=asks_nothing, key="rc.rule-add"
    )


def _asks_nothing(name: str, given: Mapping[str, Any]) -> bool:
    """Say whether a rule that goes by one of several numbers has none of them."""
    optional = [parameter for parameter, about in parameters(name).items() if about.default is None]
    return bool(optional) and not any(parameter in given for parameter in optional)


def _add(step: Step) -> None:
    choices.add_strategy(step)
    choices.draw_anew("add-rule")


def _title(name: str) -> str:
    return sentence_case(name.replace("_", " "))


def _says(name: str) -> str:
    """Return the first line of what a strategy says of itself."""
    return (inspect.getdoc(STRATEGIES[name].keep) or "").partition("\n")[0]


def _widget(workspace: Workspace, about: Parameter, key: str) -> Any:
    """Draw the widget for a parameter; return what it holds."""
    if about.type is str:
        offered = list(about.choices) or list(workspace.axes)
        first = offered.index(about.default) if about.default in offered else 0
        return st.selectbox(label(sentence_case(about.words)), offered, index=first, format_func=_name, key=key)
    kind = about.type
    return st.number_input(
        label(sentence_case(about.words)),
        value=about.default if about.default is None else kind(about.default),
        min_value=None if about.low is None else kind(about.low),
        max_value=None if about.high is None else kind(about.high),
        step=1 if kind is int else 0.05,
        format="%d" if kind is int else None,
        placeholder="none",
        key=key,
    )


def _name(word: str) -> str:
    return sentence_case(name_of(word))
