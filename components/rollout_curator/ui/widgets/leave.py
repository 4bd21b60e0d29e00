"""The button that ends a session and leaves the app."""

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

SCRIPT = """
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.onclick = async () => {
    button.disabled = true;
    try {
      const answer = await fetch(data.path, { method: "POST", cache: "no-store" });
      if (!answer.ok && answer.status !== 401) throw new Error(answer.status);
      location.replace("/");
    } catch {
      button.disabled = false;
      button.textContent = "Not logged out: try again";
    }
  };
}
"""
STYLE = """
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; text-decoration: underline; }
button:hover { cursor: pointer; }
"""


def leave(path: str) -> None:
    """Draw the button, which posts to a path of the server."""
    _component()(key="rc.leave", data={"path": path}, width="content")


@cache
def _component() -> ComponentRenderer:
    """Return the component, registered once."""
    html = '<button type="button">Log out</button>'
    return st.components.v2.component("rollout_curator_leave", html=html, css=STYLE, js=SCRIPT)
