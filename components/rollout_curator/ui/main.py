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
from rollout_curator.ui.loading import prepared
from rollout_curator.ui.pages import export, review, rewards, sources
from rollout_curator.ui.server import logout
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.identity import who
from rollout_curator.ui.server.rendering import of_page
from rollout_curator.ui.server.site import Opening, Site, current
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.style import style
from rollout_curator.ui.text import label, plain
from rollout_curator.ui.widgets.leave import leave
from rollout_curator.workspace.missing_columns import Unusable, find_unusable
from rollout_curator.workspace.workspace import Workspace

DRAW = {"sources": sources.page, "rewards": rewards.page, "review": review.page, "export": export.page}


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
        st.error(f"Something went wrong that was not foreseen. Error {label(log_error(error))} in the server's log.")


def home() -> None:
    """Lead to the Rewards page, which is where a newcomer sees most."""
    state.begin(current(), "home")
    links.go("rewards")


def page_of(name: str) -> Callable[[], None]:
    """Return what draws a page with everything that stands around it."""
    return partial(_page, name)


def _page(name: str) -> None:
    site = current()
    now = state.begin(site, name)
    style()
    _session(site)
    workspace = _opened(site)
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
    funnel_line(workspace, brief=name == "review")
    DRAW[name](site, workspace)


def _session(site: Site) -> None:
    """Draw who is signed in by the shared link, and the way out."""
    asks = who(site)
    if not site.sessions.holds(asks.session):
        return
    with st.container(horizontal=True, horizontal_alignment="right", key="session"):
        if asks.is_fixed:
            st.caption(label(asks.name), width="content")
        leave(logout.PATH)


def _unusable(parts: list[Unusable]) -> None:
    """Say which rules of the recipe these files cannot be asked, each with the way to take it out."""
    for number, one in enumerate(parts):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.error(label(f"The recipe cannot be applied here: {one.why}."))
            taken = (one.part, one.place)
            st.button("Take it out", on_click=choices.remove_part, args=taken, key=f"rc.unusable-{number}")


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
        st.progress(0.0, "Opening the sources")
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
            st.warning(f"{names}{more} changed on disk since opening. Decisions stay; the numbers are of before.")
            st.button("Reload sources", on_click=site.reload, key="reload-changed")
