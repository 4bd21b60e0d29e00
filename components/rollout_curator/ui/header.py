"""What stands in the bar at the top of every page: the product, what is open, the recipe, and who is signed in.

Also the offer to go on with the recipe of the last time, on a page that was opened without any.
"""

from pathlib import Path

import streamlit as st

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.url import to_link
from rollout_curator.recipe.words import selected_words
from rollout_curator.ui import links
from rollout_curator.ui.pages.recipe_file import recipe_menu
from rollout_curator.ui.server import logout
from rollout_curator.ui.server.browser_paths import reach_of
from rollout_curator.ui.server.identity import who
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, plain
from rollout_curator.ui.widgets.leave import leave
from rollout_curator.words import counted
from rollout_curator.workspace.opening import default_cache
from rollout_curator.workspace.recent import recall_recipe, remember_recipe
from rollout_curator.workspace.workspace import Workspace

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="176" height="28" viewBox="0 0 176 28">
<g fill="#0f8f8a"><rect x="1" y="15" width="4" height="9" opacity=".45"/><rect x="7" y="10" width="4" height="14"
opacity=".45"/><rect x="15" y="4" width="4" height="20"/><rect x="21" y="8" width="4" height="16"/></g>
<rect x="12.4" y="1" width="1.2" height="25" fill="#8a9596"/>
<text x="33" y="20" font-family="system-ui, sans-serif" font-size="16.5" font-weight="600" fill="#0f8f8a">
rollout-curator</text></svg>"""


SHORT_CHARS = 32


def logo() -> None:
    """Put the product's name at the left of the navigation."""
    st.logo(LOGO, size="medium")


def header(site: Site, workspace: Workspace | None) -> None:
    """Draw what is open, the recipe, the way to read the files anew, and who is signed in."""
    asks = who(site)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        if workspace is not None:
            links.link(opened_words(site, workspace), "data", tip=_all_paths(site))
            recipe_menu()
            st.button(
                "Reload",
                icon=":material/refresh:",
                type="tertiary",
                on_click=site.reload,
                key="rc.reload",
                help="Read the files again as they are now on disk; decisions and recipe stay",
            )
        if site.sessions.holds(asks.session):
            if asks.is_fixed:
                st.caption(label(asks.name), width="content")
            leave(logout.PATH)


def opened_words(site: Site, workspace: Workspace) -> str:
    """Return what is open: the path that was named, shortened, and how many files it has."""
    files = counted(len(workspace.sources), "file")
    if site.is_sample:
        return f"sample data ({files})"
    first, more = _short(site.paths[0], site), len(site.paths) - 1
    if len(first) > SHORT_CHARS and not site.options.serves_others:
        first = f"…/{'/'.join(site.paths[0].absolute().parts[-2:])}"
    others = f" and {more:,} more" if more else ""
    return f"{first}{others} ({files})"


def offer_last_recipe(site: Site) -> None:
    """Offer the recipe of the last time until something is chosen; keep what is chosen for the next time."""
    now = state.session()
    chosen = now.recipe
    cache = site.options.cache or default_cache()
    if now.last is None:
        now.last = recall_recipe(cache, site.paths, now.reviewer, reach=reach_of(site)) or Recipe()
    if chosen != now.start:
        now.has_chosen = True
        if chosen != now.last:
            remember_recipe(cache, site.paths, now.reviewer, chosen)
            now.last = chosen
    if now.page == "select" and now.start == Recipe() and now.last != Recipe() and not now.has_chosen:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="continue"):
            st.markdown(f"Last time: {label(_last_words(now.last))}.", width="content")
            st.button("Continue with it", on_click=choices.take_recipe, args=(now.last,), key="rc.continue")
            st.button("Dismiss", type="tertiary", on_click=_forget_last, args=(site,), key="rc.continue-not")


def _last_words(last: Recipe) -> str:
    """Return what a recipe selects; where it selects everything, that it is about the export alone."""
    return selected_words(last) if to_link(last) else "other export settings"


def _forget_last(site: Site) -> None:
    """Offer the recipe of the last time neither here nor in another tab again."""
    now = state.session()
    now.last = Recipe()
    remember_recipe(site.options.cache or default_cache(), site.paths, now.reviewer, now.last)


def _short(path: Path, site: Site) -> str:
    """Return a path as people say it; others than who started the app see the last part alone."""
    if site.options.serves_others:
        return plain(path.name or path)
    home = Path.home()
    full = path.absolute()
    return plain(f"~/{full.relative_to(home)}" if full.is_relative_to(home) else full)


def _all_paths(site: Site) -> str:
    shown = [_short(path, site) for path in site.paths[:8]]
    return "Opened: " + ", ".join(shown) + (f" and {len(site.paths) - 8:,} more" if len(site.paths) > 8 else "")
