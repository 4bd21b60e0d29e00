"""The recipe as a file: what is selected here is saved as TOML, and a saved one is used again."""

import tomllib

import streamlit as st

from rollout_curator.errors import RecipeError
from rollout_curator.files.path_access import Reach
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.server.browser_paths import reach_of
from rollout_curator.ui.server.site import current
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, show_untrusted

MAX_MB = 1


def recipe_menu() -> None:
    """Draw the menu that saves the recipe and loads another."""
    with st.popover("Recipe", type="tertiary", width="content", key="rc.recipe-menu"):
        text = recipes.to_toml(state.recipe())
        show_untrusted(text.strip(), height=None)
        st.download_button(
            "Download recipe", lambda: text, "recipe.toml", "application/toml", on_click="ignore", key="rc.recipe-save"
        )
        given = st.file_uploader("Load a recipe (.toml)", type="toml", max_upload_size=MAX_MB, key="rc.recipe-load")
        if given is not None:
            _load(given.name, given.getvalue())
        if state.recipe() != Recipe(target=state.recipe().target):
            st.button(
                "Reset to defaults",
                on_click=choices.take_recipe,
                args=(Recipe(target=state.recipe().target),),
                key="rc.recipe-new",
            )
        st.caption("Same file on the command line: --recipe FILE.")


def read(name: str, content: bytes, reach: Reach) -> Recipe:
    """Return the recipe of an uploaded file, which may name files within reach. Raises RecipeError."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or a number beyond all
        raise RecipeError(f"{name}: not valid TOML ({error})") from error
    return recipes.from_table(table, name, reach=reach)


def _load(name: str, content: bytes) -> None:
    """Offer what an uploaded file holds; it is used only on a click, for the widget keeps the file."""
    try:
        found = read(name, content, reach_of(current()))
    except RecipeError as error:
        st.error(label(error))
        return
    left, right = st.columns(2)
    left.button("Use this recipe", type="primary", on_click=choices.take_recipe, args=(found,), key="rc.recipe-take")
    right.button("Compare", on_click=choices.compare, args=(name, found), key="rc.recipe-compare")
