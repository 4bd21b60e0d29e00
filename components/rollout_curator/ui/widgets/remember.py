"""A value that this browser keeps: a cookie, which the server reads when the page is opened again.

Names only: nothing in it may matter for who may do what.
"""

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

SCRIPT = """
export default function ({ data }) {
  const value = encodeURIComponent(data.value);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${value}; Max-Age=31536000; Path=/; SameSite=Strict${secure}`;
}
"""


def remember(name: str, value: str) -> None:
    """Keep a value in the browser under a name."""
    _component()(key=f"rc.remember-{name}", data={"name": name, "value": value}, height=1)


@cache
def _component() -> ComponentRenderer:
    """Return the component, registered once."""
    return st.components.v2.component("rollout_curator_remember", html="<span></span>", js=SCRIPT)
