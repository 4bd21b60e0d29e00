"""What every page stands in: navigation, the funnel, the opening of the sources, and the place where errors end.

`run` is called for every change on a page.
"""

import time
from collections.abc import Callable
from functools import partial

import streamlit as st

from rollout_curator.errors import CuratorError
from rollout_curator.ui import links
from rollout_curator.ui.funnel_line import funnel_line
from rollout_curator.ui.header import header, logo, offer_last_recipe
from rollout_curator.ui.loading import prepared
from rollout_curator.ui.pages import data, export, review, select
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.rendering import of_page
from rollout_curator.ui.server.site import Opening, Site, current
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.style import style
from rollout_curator.ui.text import label, plain
from rollout_curator.workspace.missing_columns import Unusable, find_unusable
from rollout_curator.workspace.workspace import Workspace

DRAW = {"data": data.page, "select": select.page, "review": review.page, "export": export.page}


def run() -> None:
    """Draw the page that was asked for; every error ends here as a sentence."""
    st.set_page_config(page_title="rollout-curator", layout="wide")
    chosen = st.navigation(links.declare({name: page_of(name) for name in DRAW}, home), position="top")
    try:
        with of_page().under_way():
            chosen.run()
    except CuratorError as error:
        st.error(label(error))
    except Exception as error:  # noqa: BLE001  no traceback may reach a browser
        st.error(f"Unexpected error. See error {label(log_error(error))} in the server log.")


def home() -> None:
    """Lead to the Select page, which is where a newcomer sees most."""
    state.begin(current(), "home")
    links.go("select")


def page_of(name: str) -> Callable[[], None]:
    """Return what draws a page with everything that stands around it."""
    return partial(_page, name)


def _page(name: str) -> None:
    site = current()
    now = state.begin(site, name)
    style()
    logo()
    workspace = _opened(site)
    header(site, workspace)
    if workspace is None:
        return
    _notices(site)
    if now.notice:
        st.warning(label(now.notice))
        now.notice = ""
    unusable = find_unusable(workspace, state.recipe())
    if unusable:
        _unusable(unusable)
        return
    if not prepared(workspace):
        return
    with st.container():  # there with and without an offer: nothing below it is drawn anew when it goes
        offer_last_recipe(site)
    funnel_line(workspace)
    DRAW[name](site, workspace)


def _unusable(parts: list[Unusable]) -> None:
    """Say which rules of the recipe these files cannot be asked, each with the way to take it out."""
    for number, one in enumerate(parts):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.error(label(f"This recipe does not fit these files: {one.why}."))
            taken = (one.part, one.place)
            st.button("Remove", on_click=choices.remove_part, args=taken, key=f"rc.unusable-{number}")


def _opened(site: Site) -> Workspace | None:
    """Return the open workspace; until then draw how far it is, or why it cannot be opened."""
    site.open()
    if site.workspace is None:
        holder = st.empty()
        while site.workspace is None and site.failure is None:
            with holder.container():
                _opening(site.opening)
            time.sleep(0.1)
        holder.empty()
    if site.failure is not None:
        st.error(label(site.failure, 2000))
        st.button("Try again", on_click=site.reload)
        return None
    return site.workspace


def _opening(opening: Opening) -> None:
    progress = opening.progress
    if progress is None:
        st.progress(0.0, "Opening files…")
        return
    share = progress.done_bytes / progress.total_bytes if progress.total_bytes else 1.0
    name = label(plain(progress.path).rsplit("/", 1)[-1])
    done = f"{size(progress.done_bytes)} of {size(progress.total_bytes)}"
    words = f"Reading file {opening.file:,} of {opening.files:,}: {name}, {label(done)}, {progress.rollouts:,} rollouts"
    st.progress(min(1.0, share), words)


def _notices(site: Site) -> None:
    """Say what the reader of any page should know before everything else."""
    if site.notice:
        st.warning(label(site.notice, 2000))
        site.notice = ""
    changed = site.changed()
    if changed:
        names = ", ".join(label(name) for name in changed[:3])
        more = f" and {len(changed) - 3:,} more" if len(changed) > 3 else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(
                f"{names}{more} changed on disk. Numbers shown are from the earlier version; decisions are kept."
            )
            st.button("Reload files", on_click=site.reload, key="reload-changed")
