"""Who reads: who a proxy signed in, else the name this browser remembers, else the one the app was started with.

Whoever signs in comes first, because a browser remembers whoever used it before.
"""

from collections.abc import Mapping
from urllib.parse import unquote

import streamlit as st

from rollout_curator.ui.site import Site

COOKIE = "rollout_curator_reviewer"
SIGNED_IN = ("X-Forwarded-User", "X-Forwarded-Preferred-Username", "Remote-User")
"""Headers in which a proxy that signs people in names them."""


def name_of(site: Site) -> tuple[str, bool]:
    """Return the name decisions carry, and whether it is known to be this user's; else it is only proposed."""
    return named(site, dict(st.context.cookies), st.context.headers)


def named(site: Site, cookies: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, bool]:
    """Return the same for what a browser sent; headers count only behind a proxy, which sets them itself."""
    signed_in = [headers[name].strip() for name in SIGNED_IN if headers.get(name)] if site.options.behind_proxy else []
    remembered = unquote(cookies.get(COOKIE, "")).strip()
    for name in (*signed_in, remembered):
        if name:
            return name[:200], True
    return site.reviewer, not (site.options.shared or site.options.behind_proxy)
