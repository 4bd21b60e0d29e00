"""What the examples lack of their rollouts, and the keys of the data that nobody read: counted, named, opened."""

from functools import partial

import streamlit as st

from rollout_curator.conversation import LEFT_OUT_WORDS
from rollout_curator.publishing import left_out, unread
from rollout_curator.recipe import Recipe
from rollout_curator.ui import places, settings, state
from rollout_curator.ui.queues import ISSUE
from rollout_curator.ui.text import label
from rollout_curator.wording import counted
from rollout_curator.workspace import Workspace

SHOWN = 30


def draw_left_out(workspace: Workspace, recipe: Recipe) -> None:
    """Draw what the kept examples lack, by kind and by what."""
    found = left_out(workspace, recipe, workspace.select(recipe).kept)
    st.subheader("What these examples leave out")
    if not found:
        st.caption("Nothing: all that was recorded stands in them.")
        return
    with st.container(key="left-out", gap=None):
        for kind, one in found.items():
            things = f"**{one['things']:,}** {label(LEFT_OUT_WORDS.get(kind, kind))}"
            by = f" ({label(one['by'])})" if one["by"] else ""
            st.markdown(f"{things} of {label(counted(one['rollouts'], 'rollout'))}{by}")


def draw_unread(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the keys that were not read, each with a way to say that it holds no conversation."""
    found = unread(workspace, recipe)
    if not found:
        return
    st.subheader("Keys that were not read")
    st.caption(
        "Nobody knows here what these hold. Where it is likely to be conversation, the rollouts stay out of the file "
        "until you say that it is none; anything else is only told."
    )
    with st.container(key="unread", gap=None):
        for name, one in list(found.items())[:SHOWN]:
            words, choice = st.columns([5, 3], vertical_alignment="center")
            says = "likely conversation" if one["is_content"] else "told only"
            said = f"{name} in {counted(one['rollouts'], 'rollout')}, {says}"
            with words:
                issue = "unread_content" if one["is_content"] else "unread"
                places.link(said, "review", queue=f"{ISSUE}{issue}")
            choice.checkbox(
                "holds no conversation",
                **state.bind(f"harmless-{name}", one["is_harmless"], partial(settings.set_harmless, name)),
            )
    if len(found) > SHOWN:
        st.caption(f"{len(found) - SHOWN:,} more; `rollout-curator check --json` lists all.")
