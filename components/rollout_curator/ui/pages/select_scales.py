"""The notice that agents use different reward scales, so that one threshold for all means something else for each.

A scale is the highest reward of an agent. Up to 1 it counts as 1: an agent that never gets to 1 may just be weak.
"""

from typing import Any

import numpy as np
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.pages.select_thresholds import thresholds_form
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.state import choices, measures
from rollout_curator.ui.text import label
from rollout_curator.words import exact
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
AGENT = "agent"
RATIO = 1.5
"""Scales this far apart are different."""
LISTED = 4
"""Up to so many scales are listed, of more the ends."""


def scales_notice(workspace: Workspace, recipe: Recipe) -> None:
    """Say that scales differ among agents without a threshold of their own, with the way to one for each.

    It goes when it is dismissed.
    """
    if choices.declined_scales() or recipe.thresholds_by not in ("", AGENT):
        return
    found = scales(workspace, recipe, besides=frozenset(recipe.group_thresholds(AGENT)))
    if not differ(found):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="scales"):
        words = f"Highest rewards differ between agents ({scale_words(found)})"
        words += ": one threshold means something else for each."
        st.markdown(f":material/info: {label(words)}", width="content")
        with st.popover("Set per-agent thresholds", width="content", key=choices.fresh_key("scales-thresholds")):
            thresholds_form(workspace, recipe, AGENT, name="scales")
        st.button("Dismiss", type="tertiary", on_click=choices.decline_scales, key="rc.scales-not")


def scales_differ(workspace: Workspace, recipe: Recipe) -> bool:
    """Say whether agents use clearly different scales."""
    return differ(scales(workspace, recipe))


def differ(found: list[float]) -> bool:
    """Say whether these scales are clearly different."""
    return bool(found) and max(found) >= RATIO * min(found)


def scale_words(found: list[float]) -> str:
    """Return scales in words: all of a few, the ends of many."""
    if len(found) <= LISTED:
        return ", ".join(map(exact, found))
    return f"{exact(found[0])} to {exact(found[-1])}"


def scales(workspace: Workspace, recipe: Recipe, besides: frozenset[str] = frozenset()) -> list[float]:
    """Return the scale of every agent that ever had a reward above 0, besides some by name, ascending."""
    return _scales(workspace, workspace.refresh_decisions(), measures.whole_of(recipe), besides)


@st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=6)
def _scales(workspace: Workspace, version: int, rest: Recipe, besides: frozenset[str]) -> list[float]:
    found = measures.population(workspace, rest, REWARD)
    codes, words = workspace.classes(AGENT)
    if besides:
        codes = np.where(np.isin(codes, [code for code, word in enumerate(words) if word in besides]), -1, codes)
    return scales_of(codes[found.rows][found.order], found.value[found.order], len(words))


def scales_of(codes: Array, ascending: Array, n_agents: int) -> list[float]:
    """Return the scales of agents by their codes, from rewards that ascend."""
    highest = np.zeros(n_agents)
    is_usable = np.isfinite(ascending) & (codes >= 0)
    highest[codes[is_usable]] = ascending[is_usable]  # the last write wins
    scale: list[float] = np.sort(np.maximum(highest[highest > 0], 1.0)).tolist()
    return scale
