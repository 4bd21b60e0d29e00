"""A text in pieces, trained and ignored ones told apart by colour, by their edge and by a word; unknown ones have none.

Knows pieces of text with a head each; the drawing is `rendered.js`, which sets text and nothing else.
"""

from collections.abc import Sequence
from functools import cache
from typing import TypedDict

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from rollout_curator.printable import replace_surrogates
from rollout_curator.ui import scripts


class Piece(TypedDict):
    """One piece: `head` says whose it is and how long; `trained` is None where that is not known."""

    head: str
    text: str
    trained: bool | None


def rendered(pieces: Sequence[Piece], *, key: str) -> None:
    """Draw pieces one below the other; half surrogate pairs cannot be sent and become question marks."""
    fit = replace_surrogates
    sendable = [{**piece, "text": fit(piece["text"]), "head": fit(piece["head"])} for piece in pieces]
    _component()(key=key, data={"pieces": sendable})


@cache
def _component() -> ComponentRenderer:
    """Return the component, registered once."""
    return st.components.v2.component(
        "rollout_curator_rendered",
        html='<div class="rc-rendered" role="list" tabindex="0"></div>',
        css=scripts.text("widgets/rendered.css"),
        js=scripts.text("widgets/rendered.js"),
    )
