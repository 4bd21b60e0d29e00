"""The only way text from data reaches Streamlit: names, reasons and file names become harmless here.

Streamlit renders markdown in labels, messages and tooltips, and a remote image in it would load by itself. So text
that this program did not write is escaped (`label`), shown as it stands (`show_untrusted`) or at least freed of what
cannot be seen (`plain`, for places that render no markdown: cells, choices, file names).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from rollout_curator.printable import spaced

MARKDOWN = frozenset("\\`*_{}[]()#+-.!:$|<>~&=^@'\"")
MAX_CHARS = 400
_LINKS = re.compile(r"(?<=http:)(?=//)|(?<=https:)(?=//)|(?<=www)(?=\.)|(?=@[-\w]+\.[-\w])", re.IGNORECASE)
_JOINER = "\u2060"
"""Put into addresses, for Streamlit's page makes links of them after it has taken out all backslashes."""


def plain(text: object, most: int = MAX_CHARS) -> str:
    """Return text on one line in which every character can be seen; long text loses its middle."""
    shown = spaced(str(text)[: most * 4])
    if len(shown) > most:
        tail = most // 3
        shown = f"{shown[: most - tail - 1]}…{shown[-tail:]}"
    return shown


def label(text: object, most: int = MAX_CHARS) -> str:
    """Return text that Streamlit's markdown shows verbatim, addresses in it without links."""
    shown = _LINKS.sub(_JOINER, plain(text, most))
    return "".join(f"\\{character}" if character in MARKDOWN else character for character in shown)


def sentence_case(words: str) -> str:
    """Return plain text with a capital first letter; the rest stays, for it may hold names."""
    shown = plain(words)
    return shown[:1].upper() + shown[1:]


def signed(number: float, form: str = ",") -> str:
    """Return a change with its sign, a real minus: +412, −9, ±0."""
    size = f"{abs(number):{form}}"
    if not float(size.replace(",", "")):
        return f"\u00b1{size}"
    return f"+{size}" if number > 0 else f"\u2212{size}"


def heads(columns: Iterable[object], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a table's columns with every head in sentence case."""
    found = {}
    for name in map(str, columns):
        one = dict(config.get(name) or {})
        found[name] = {**one, "label": sentence_case(one.get("label") or name.replace("_", " "))}
    return found


def show_untrusted(text: str, *, height: int | None = None) -> None:
    """Show text of any length exactly as it stands, monospaced, without markdown or links.

    What has a height scrolls in a container together with its copy button, by which the keyboard gets there.
    """
    shown = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    if height is None:
        st.code(shown, language=None)
    else:
        with st.container(height=height, border=False):
            st.code(shown, language=None, wrap_lines=True)
