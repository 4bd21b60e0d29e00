"""What the examples lack of their rollouts, and the keys of the data that nobody read: counted, named, opened."""

from functools import partial

import streamlit as st

from rollout_curator.export import left_out, left_out_said, unread
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.queues import ISSUE
from rollout_curator.ui import links
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import label
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

SHOWN = 30


def draw_left_out(workspace: Workspace, recipe: Recipe) -> None:
    """Draw what the kept examples lack, by kind and by what."""
    found = left_out(workspace, recipe, workspace.select(recipe).kept)
    st.subheader("Omitted from the examples")
    if not found:
        st.caption("Nothing: the examples hold everything that was recorded.")
        return
    with st.container(key="left-out", gap=None):
        for kind, one in found.items():
            number, _, words = left_out_said(kind, one).partition(" ")
            st.markdown(f"**{label(number)}** {label(words)}")


def has_unread(workspace: Workspace, recipe: Recipe) -> bool:
    """Say whether there are keys that nothing reads."""
    return bool(unread(workspace, recipe))


def draw_unread(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the keys that were not read, each with a way to say that it holds no conversation."""
    found = unread(workspace, recipe)
    if not found:
        return
    st.caption(
        "Nothing reads these keys. If one probably holds conversation, its rollouts are dropped until you mark it as "
        "holding none; the others are only reported."
    )
    with st.container(key="unread", gap=None):
        for name, one in list(found.items())[:SHOWN]:
            words, choice = st.columns([5, 3], vertical_alignment="center")
            says = "probably conversation" if one["is_content"] else "only reported"
            said = f"{name} in {counted(one['rollouts'], 'rollout')}, {says}"
            with words:
                issue = "unread_content" if one["is_content"] else "unread"
                links.link(said, "review", queue=f"{ISSUE}{issue}")
            choice.checkbox(
                "Holds no conversation",
                **state.bind(f"harmless-{name}", one["is_harmless"], partial(settings.set_harmless, name)),
            )
    if len(found) > SHOWN:
        st.caption(f"{len(found) - SHOWN:,} more; `rollout-curator check --json` lists all.")
