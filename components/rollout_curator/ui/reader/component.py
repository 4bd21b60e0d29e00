"""The reading pane of the Review page, as a Streamlit component.

What it is given and gives back stands in `messages`. How it behaves stands in
`main.js` and the modules it imports; rollouts and decisions travel over the two routes of
`ui/routes.py`, not through here, so that moving and deciding never wait for a rerun.
"""

from functools import cache
from typing import cast

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from rollout_curator.ui import scripts
from rollout_curator.ui.reader.messages import Place, ReaderData, ReaderResult


def reader(*, data: ReaderData, key: str) -> ReaderResult:
    """Mount the reader; the page runs again once decisions are on disk and no key was pressed for a while."""
    mounted = _component()(
        key=key,
        data=data,
        on_at_change=_nothing,
        on_decided_change=_nothing,
        on_stale_change=_nothing,
    )
    return {"at": cast(Place | None, mounted.get("at")), "decided": cast(int | None, mounted.get("decided"))}


@cache
def _component() -> ComponentRenderer:
    """Return the component, registered once."""
    html, css = '<div class="rc-mount"></div>', scripts.text("reader/reader.css")
    return st.components.v2.component("rollout_curator_reader", html=html, css=css, js=scripts.loader("reader/main.js"))


def _nothing() -> None:
    """Do nothing: Streamlit lists a value only when it has a callback."""
