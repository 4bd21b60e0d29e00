"""Whose renderings a page, a look or a request is: every user's wait for one another, whoever has how many pages open.

Users are told apart by the address they come from, behind a proxy on this machine by the one it forwards; those of one
address share a core. Knows addresses, no names: a name can be chosen anew with every page.
"""

import threading
from collections import OrderedDict

import streamlit as st

from rollout_curator.templates.turns import Turns, Work, own_turns

HERE = ("", "127.0.0.1", "::1")
PAGE_S, REQUEST_S = 300.0, 30.0
"""So long all renderings of a page or of a request may take."""
KNOWN_MAX = 1000

_turns: "OrderedDict[str, Turns]" = OrderedDict()
_lock = threading.Lock()


def turns_of(address: str) -> Turns:
    """Return the turns of whoever comes from an address."""
    name = "" if address in HERE else address
    with _lock:
        found = _turns.pop(name, None) or Turns()
        _turns[name] = found
        while len(_turns) > KNOWN_MAX:
            _turns.popitem(last=False)
        return found


def of_page() -> Work:
    """Return the work of the page that is drawn now."""
    return Work(turns_of(st.context.ip_address or ""), PAGE_S)


def of_request(address: str) -> Work:
    """Return the work of one request to a route."""
    return Work(turns_of(address), REQUEST_S)


def of_job() -> Work:
    """Return work behind the page that begins it, in the turns of the same user; it ends when it is stopped."""
    return Work(own_turns() or turns_of(""))
