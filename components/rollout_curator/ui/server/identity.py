"""Who decides: who is signed in, and nobody else, whatever a page or a request says.

Behind a proxy that is whom it names (`proxies` lets only a trusted address say so). In an app shared by a link it is
the name that was chosen in the session, once; nobody vouches for it, so it ends in `UNVERIFIED` wherever it is written:
in the store, on the Team page, in exports, cards and manifests. An app that serves this machine alone takes the name
that its user types, remembers it in the browser, and begins with the one it was started with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import streamlit as st

from rollout_curator.ui.server import guard
from rollout_curator.ui.server.answers import Refusal
from rollout_curator.ui.server.proxies import NAME_HEADER
from rollout_curator.ui.server.site import Site

COOKIE = "rollout_curator_reviewer"
UNVERIFIED = " (unverified)"
NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class Who:
    """A name; one that is not `is_known` is proposed only, one that `is_fixed` came with the request and stays.

    `session` is the id of the session it belongs to, empty where there are none.
    """

    name: str
    is_known: bool
    is_fixed: bool = False
    session: str = ""


def who(site: Site) -> Who:
    """Return who opened the page that is drawn."""
    return who_of(site, dict(st.context.cookies), st.context.headers)


def who_of(site: Site, cookies: Mapping[str, str], headers: Mapping[str, str]) -> Who:
    """Return who sent a request with these cookies and headers, which the guard has let through."""
    signed_in = unquote(headers.get(NAME_HEADER) or "").strip() if site.options.behind_proxy else ""
    if signed_in:
        return Who(signed_in[: 2 * NAME_CHARS], True, is_fixed=True)
    session = cookies.get(guard.COOKIE, "") if site.options.shared else ""
    if session and (chosen := site.sessions.name(session)):
        return Who(chosen, True, is_fixed=True, session=session)
    remembered = _cleaned(unquote(cookies.get(COOKIE, "")))
    if site.options.serves_others:
        return Who(remembered, False, session=session)
    return Who(remembered or site.reviewer, True)


def choose(site: Site, name: str, session: str) -> str:
    """Return the name that decisions carry for one that somebody typed; a session keeps the first it was given."""
    clean = _cleaned(name)
    if not clean or not site.options.serves_others:
        return clean
    return site.sessions.choose(session, clean + UNVERIFIED) or clean + UNVERIFIED


def check_view(site: Site, asks: Who, reviewer: str) -> None:
    """Refuse who decides in a queue that somebody else opened, or has no name yet. Raises Refusal."""
    if asks.is_fixed and asks.name != reviewer:
        raise Refusal(403, "this queue was opened under another name; reopening it")
    if site.options.shared and not asks.is_fixed:
        raise Refusal(403, "choose a reviewer name first; the page asks for it")


def refusal_of(site: Site, said: str, reviewer: str) -> str:
    """Return why a decision made under a name cannot be saved by this reviewer, empty when it can."""
    if not site.options.serves_others or said in ("", reviewer):
        return ""
    return f"it was made as {said[:80]}, who is not signed in here"


def _cleaned(name: str) -> str:
    """Return a typed name on one line, without the mark that only this module adds."""
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    while text.endswith(UNVERIFIED.strip()):
        text = text.removesuffix(UNVERIFIED.strip()).strip()
    return text[:NAME_CHARS].strip()
