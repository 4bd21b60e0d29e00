"""What a request owes to a proxy before the app: who is signed in, whether the browser speaks TLS, where it stands.

Each of these is a header that anybody can write, so it counts only when the connection comes from a trusted address,
and is taken out of every other request. The name is passed on in one header of ours, percent-encoded, so that all who
read it read the same. uvicorn would believe such headers from other addresses (`FORWARDED_ALLOW_IPS`): `server` turns
that off.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Scope

from rollout_curator.errors import ServerRefused

USUAL = ("127.0.0.0/8", "::1")
NAME_HEADER = "X-Curator-User"
"""Where the name of who is signed in stands for the pages and routes behind the guard."""
OWN = NAME_HEADER.lower().encode()
_HEADER = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
TLS = {"http": "https", "ws": "wss"}


class Proxies:
    """The addresses that are trusted, and the header in which they name who is signed in (empty for none)."""

    def __init__(self, addresses: Iterable[str] = (), user_header: str = "") -> None:
        """Raise ServerRefused for an address that is none, or a name that no header can have."""
        if user_header and not _HEADER.fullmatch(user_header):
            raise ServerRefused(f"{user_header[:80]!r} is not a header name; use one such as X-Forwarded-User")
        self._networks = [_network(address) for address in tuple(addresses) or USUAL]
        self._user = user_header.lower()

    def trusts(self, scope: Scope) -> bool:
        """Say whether a connection comes from a trusted address."""
        return self._is_trusted(_address((scope.get("client") or ("",))[0]))

    def address(self, scope: Scope) -> str:
        """Return where a request comes from: the last address before the trusted ones."""
        found = str((scope.get("client") or ("",))[0])
        if self.trusts(scope):
            passed = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
            for step in reversed([step.strip() for step in passed.split(",") if step.strip()]):
                found = step[:64]
                if not self._is_trusted(_address(found)):
                    break
        return found

    def seen(self, scope: Scope) -> Scope:
        """Return a request as the proxy says it is, without what others say of themselves."""
        headers = Headers(scope=scope)
        kept = [pair for pair in scope["headers"] if pair[0].lower() != OWN]
        made = {**scope, "headers": kept}
        if not self.trusts(scope):
            return made
        names = self._names(headers)
        if len(names) == 1 and (name := names.pop()):
            kept.append((OWN, quote(name, safe="").encode("ascii")))
        spoken = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
        if spoken in ("https", "wss"):
            made["scheme"] = TLS.get(scope.get("scheme", "http"), scope.get("scheme"))
        return made

    def names_two(self, scope: Scope) -> bool:
        """Say whether a trusted address passed on a header of the browser beside its own."""
        return self.trusts(scope) and len(self._names(Headers(scope=scope))) > 1

    def _names(self, headers: Headers) -> set[str]:
        given = headers.getlist(self._user) if self._user else []
        return {_decoded(value).strip() for value in given}

    def _is_trusted(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _decoded(value: str) -> str:
    """Return the text of a header: UTF-8 where it is that, as proxies send it."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise ServerRefused(f"{text[:80]!r} is not a proxy address; use one such as 10.0.0.5 or 10.0.0.0/24") from error
