"""The recipe as a file: what is selected here is saved as TOML, and a saved one is taken up again."""

import tomllib

import streamlit as st

from rollout_curator import recipe as recipes
from rollout_curator.errors import RecipeError
from rollout_curator.recipe import Recipe
from rollout_curator.ui import choices, state
from rollout_curator.ui.text import label, show_untrusted
from rollout_curator.workspace import Workspace

MAX_MB = 1


def recipe_menu(workspace: Workspace) -> None:
    """Draw the menu that saves the recipe and loads another."""
    with st.popover("Recipe", type="tertiary", width="content", key="rc.recipe-menu"):
        text = recipes.to_toml(state.recipe())
        show_untrusted(text.strip(), height=None)
        st.download_button(
            "Save as TOML", text, "recipe.toml", "application/toml", on_click="ignore", key="rc.recipe-save"
        )
        given = st.file_uploader("load a recipe", type="toml", max_upload_size=MAX_MB, key="rc.recipe-load")
        if given is not None:
            _load(given.name, given.getvalue())
        if state.recipe() != Recipe(target=state.recipe().target):
            st.button(
                "Start over",
                on_click=choices.take_recipe,
                args=(Recipe(target=state.recipe().target),),
                key="rc.recipe-new",
            )
        st.caption("On the command line the same file goes after --recipe.")


def _load(name: str, content: bytes) -> None:
    """Offer what an uploaded file holds; it is taken up only on a click, for the widget keeps the file."""
    try:
        found = recipes.from_table(tomllib.loads(content.decode("utf-8")), name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        st.error(f"{label(name)}: the recipe is not TOML ({label(error)})")
    except RecipeError as error:
        st.error(label(error))
    else:
        left, right = st.columns(2)
        left.button("Take it up", type="primary", on_click=choices.take_recipe, args=(found,), key="rc.recipe-take")
        right.button("Compare with it", on_click=choices.compare, args=(name, found), key="rc.recipe-compare")
