"""Who reads: the name this browser remembers, else the one a proxy signed in, else the one the app was started with."""

from urllib.parse import unquote

import streamlit as st

from rollout_curator.ui.site import Site

COOKIE = "rollout_curator_reviewer"
SIGNED_IN = ("X-Forwarded-User", "X-Forwarded-Preferred-Username", "Remote-User")
"""Headers in which a proxy that signs people in names them."""


def name_of(site: Site) -> tuple[str, bool]:
    """Return the name decisions carry, and whether this browser's user chose it; else it is only proposed."""
    remembered = unquote(dict(st.context.cookies).get(COOKIE, "")).strip()[:200]
    if remembered:
        return remembered, True
    if site.options.behind_proxy:
        signed_in = next((st.context.headers[name] for name in SIGNED_IN if st.context.headers.get(name)), "")
        return signed_in.strip()[:200] or site.reviewer, False
    return site.reviewer, not site.options.shared
