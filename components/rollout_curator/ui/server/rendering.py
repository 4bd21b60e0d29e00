"""Whose renderings a page, a look or a request is: every user's wait for one another, whoever has how many pages open.

Users are told apart by the name a proxy signed them in with, else by the address they come from; those of one address
share a core. A name that somebody chose does not count: it can be another one on every page.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping

import streamlit as st

from rollout_curator.training.templates.render_queue import Turns, Work, own_turns
from rollout_curator.ui.server.proxies import NAME_HEADER

HERE = ("", "127.0.0.1", "::1")
PAGE_S, REQUEST_S = 300.0, 30.0
"""So long all renderings of a page or of a request may take."""
KNOWN_MAX = 1000

_turns: "OrderedDict[str, Turns]" = OrderedDict()
_lock = threading.Lock()


def turns_of(user: str) -> Turns:
    """Return the turns of a user, by name or address."""
    name = "" if user in HERE else user
    with _lock:
        found = _turns.pop(name, None) or Turns()
        _turns[name] = found
        while len(_turns) > KNOWN_MAX:
            _turns.popitem(last=False)
        return found


def of_page() -> Work:
    """Return the work of the page that is drawn now."""
    return Work(turns_of(st.context.headers.get(NAME_HEADER) or st.context.ip_address or ""), PAGE_S)


def of_request(headers: Mapping[str, str], address: str) -> Work:
    """Return the work of one request to a route."""
    return Work(turns_of(headers.get(NAME_HEADER) or address), REQUEST_S)


def of_job() -> Work:
    """Return work behind the page that begins it, in the turns of the same user; it ends when it is stopped."""
    return Work(own_turns() or turns_of(""))
