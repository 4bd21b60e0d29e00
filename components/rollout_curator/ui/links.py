"""Where the pages are: links to them from anywhere, with parameters that keep what was chosen."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from rollout_curator.ui.state import state
from rollout_curator.ui.text import label

TITLES = {"data": "Data", "select": "Select", "review": "Review", "export": "Export"}
FORMER = {"sources": "data", "rewards": "select"}
"""Names that pages had before: links to them lead on."""
_pages: dict[str, StreamlitPage] = {}


def declare(draw: dict[str, Callable[[], None]], home: Callable[[], None]) -> list[StreamlitPage]:
    """Return the pages for the navigation, the start of the app as a hidden one."""
    for name, function in draw.items():
        _pages[name] = st.Page(function, title=TITLES[name], url_path=name)
    former = [
        st.Page(partial(_lead_on, now), title=TITLES[now], url_path=before, visibility="hidden")
        for before, now in FORMER.items()
    ]
    return [st.Page(home, title="rollout-curator", default=True, visibility="hidden"), *_pages.values(), *former]


def _lead_on(name: str) -> None:
    """Show the page of today with all that the link of before said."""
    st.switch_page(_pages[name], query_params=st.query_params.to_dict())


def go(name: str, **parameters: str) -> None:
    """Show another page."""
    st.switch_page(_pages[name], query_params=state.link(**parameters))


def link(text: str, name: str, *, tip: str | None = None, **parameters: str) -> None:
    """Draw a link to a page; `text` may come from data."""
    said = label(tip) if tip else None
    st.page_link(_pages[name], label=label(text), help=said, query_params=state.link(**parameters))


def link_number(
    count: int, words: str, name: str, *, tip: str | None = None, is_bad: bool = False, **parameters: str
) -> None:
    """Draw a link that begins with a number, in red where it is bad."""
    said = label(tip) if tip else None
    sign = "\u2212" if count < 0 else ""
    text = f"**{sign}{abs(count):,}** {label(words)}"
    st.page_link(
        _pages[name], label=f":red[{text}]" if is_bad else text, help=said, query_params=state.link(**parameters)
    )
