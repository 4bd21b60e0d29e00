"""Where a request comes from: the app's own pages, something that is no browser, or a page of another site.

Browsers say it in `Origin`, which no page can change, with every websocket and everything that is not plain reading.
The rule: an origin that is told must be that of the app, host and port; it is asked before Streamlit sees the request,
because Streamlit takes every port of this machine for its own and looks up foreign ones on the network. It takes one in
other letters for foreign too: what is let in tells host and origin alike (`as_own`). Behind a proxy that gives the app
another host, the origins it has in public are told at its start. Knows headers, no pages.
"""

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from rollout_curator.errors import ServerRefused

READING = ("GET", "HEAD", "OPTIONS")
OWN_SITE = ("same-origin", "none")
_ORIGIN = re.compile(r"https?://([^/?#@\\\s]+)", re.IGNORECASE)


def own_host(scope: Scope, public: Collection[str] = (), *, is_fetched: bool = False) -> str | None:
    """Return the host, in lower case, that a request of the app's own asks for, None for one from another site.

    A link on another site may open a page, so what reads and tells no origin is let in, as is what is no browser; not
    so where it `is_fetched`, by a script of the app's. Under a public origin the host is that one's, so that whatever
    asks next finds both alike.
    """
    headers = Headers(scope=scope)
    host, origins = headers.get("host", "").lower(), headers.getlist("origin")
    acts = is_fetched or scope["type"] == "websocket" or scope["method"] not in READING
    if acts and any(site not in OWN_SITE for site in headers.getlist("sec-fetch-site")):
        return None
    if not origins:
        return host
    given = origins[0].lower()
    found = _ORIGIN.fullmatch(given)
    if found is None or len(origins) > 1:
        return None
    if given in public:
        return found[1]
    return host if found[1] == host else None


def as_own(scope: Scope, host: str) -> Scope:
    """Return a request that was let in with this host, and with an origin that agrees with it to the letter."""
    others = [pair for pair in scope["headers"] if pair[0] not in (b"host", b"origin")]
    origin = Headers(scope=scope).get("origin")
    told = [] if origin is None else [(b"origin", f"{origin.split(':')[0].lower()}://{host}".encode("latin-1"))]
    return {**scope, "headers": [(b"host", host.encode("latin-1")), *others, *told]}


def public_hosts(origins: Iterable[str]) -> tuple[str, ...]:
    """Return the host names of public origins, without ports. Raises ServerRefused for what is no origin."""
    return tuple(_hostname(origin) for origin in origins)


def _hostname(origin: str) -> str:
    try:
        split = urlsplit(origin)
        name, _ = split.hostname, split.port
    except ValueError:
        name = None
    if not name or not _ORIGIN.fullmatch(origin):
        raise ServerRefused(
            f"--origin {origin}: not an origin; give scheme, host and, unless it is the default, port, "
            "e.g. https://curator.example"
        )
    return name
