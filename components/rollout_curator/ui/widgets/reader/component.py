"""The reading pane of the Review page, as a Streamlit component.

Knows the shape of what the component is given and gives back. How it behaves stands in
`main.js` and the modules it imports; rollouts and decisions travel over the two routes of
`ui/routes.py`, not through here, so that moving and deciding never wait for a rerun.
"""

from collections.abc import Mapping
from functools import cache
from typing import NotRequired, TypedDict, cast

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from rollout_curator.ui import scripts


class Reason(TypedDict):
    """One reason a rejection can name."""

    tag: str
    label: str


class ReaderData(TypedDict):
    """What the page gives the reader.

    `view` names a frozen queue of `total` rollouts; the reader opens at `start` when the view is
    new or `start` is a place it did not report itself. `boot` names this run of the server,
    `store` the place decisions go, so that what waits in a browser never reaches another place.
    `base` is the path the server is mounted under. `keys` maps actions to keys. `missing` is the key of a link that
    led to no rollout here, `visit` of one that led to a rollout outside the queue. `queue` names what the view holds: a
    new view under the same name is the old queue made anew, and the reader stays where it is.

    A rollout that the routes mark as `blind` comes without reward, its components, what the rules make of it and what
    others decided; the reader says that these are hidden until it is decided.
    """

    token: str
    view: str
    total: int
    start: int
    boot: str
    reviewer: str
    targetTitle: str
    keys: NotRequired[Mapping[str, str | list[str]]]
    reasons: NotRequired[list[Reason]]
    store: NotRequired[str]
    base: NotRequired[str]
    missing: NotRequired[str]
    visit: NotRequired[str]
    queue: NotRequired[str]


class Place(TypedDict):
    """Where the reader is: position in the view and key of the rollout."""

    pos: int
    key: str


class ReaderResult(TypedDict):
    """What the reader tells the page: the last place it rested at, and the version of the decisions just saved."""

    at: Place | None
    decided: int | None


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
