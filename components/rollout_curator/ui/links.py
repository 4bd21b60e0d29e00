"""Where the pages are: links to them from anywhere, with parameters that keep what was chosen."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from rollout_curator.ui.state import state
from rollout_curator.ui.text import label

TITLES = {"sources": "Sources", "rewards": "Rewards", "review": "Review", "export": "Export"}
_pages: dict[str, StreamlitPage] = {}


def declare(draw: dict[str, Callable[[], None]], home: Callable[[], None]) -> list[StreamlitPage]:
    """Return the pages for the navigation, the start of the app as a hidden one."""
    for name, function in draw.items():
        _pages[name] = st.Page(function, title=TITLES[name], url_path=name)
    return [st.Page(home, title="rollout-curator", default=True, visibility="hidden"), *_pages.values()]


def go(name: str, **parameters: str) -> None:
    """Show another page."""
    st.switch_page(_pages[name], query_params=state.link(**parameters))


def link(text: str, name: str, *, tip: str | None = None, **parameters: str) -> None:
    """Draw a link to a page; `text` may come from data."""
    said = label(tip) if tip else None
    st.page_link(_pages[name], label=label(text), help=said, query_params=state.link(**parameters))


def link_number(count: int, words: str, name: str, *, tip: str | None = None, **parameters: str) -> None:
    """Draw a link that begins with a number."""
    said = label(tip) if tip else None
    sign = "\u2212" if count < 0 else ""
    st.page_link(
        _pages[name], label=f"**{sign}{abs(count):,}** {label(words)}", help=said, query_params=state.link(**parameters)
    )
