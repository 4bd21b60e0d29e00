"""What every request passes first: the host it asks for, who may ask, and the headers every answer carries.

Streamlit checks host names on its websocket only and sends no policy; here all of it is one small ASGI layer. In
shared mode the token of the printed link is exchanged once for a cookie that scripts cannot read.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from re import DOTALL, findall
from urllib.parse import parse_qs, urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollout_curator.ui.origin import own_host

COOKIE = "rollout_curator"
ENTERED = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=."><title>rollout-curator</title>'
)
BASE_SCRIPT = 'window.__streamlit = {BACKEND_BASE_URL: location.origin + "/"}'
"""Tells Streamlit's page where its server is; without it /review would first be asked for as if it were a folder."""
HEAD = b"<head>"
LOCKED = (
    "This app is shared by a link that carries a token.\n"
    "Open the link that was printed where it was started, or ask the person who started it.\n"
)


def script_hashes() -> str:
    """Return the hashes of the inline scripts in the served page, so that the policy lets just these run."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts: list[str] = findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), DOTALL)
    digests = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in (*scripts, BASE_SCRIPT))
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def policy(host: str, hashes: str) -> str:
    """Return the content security policy of a page served under a host that was checked."""
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' ws://{host} wss://{host}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class Guard:
    """An ASGI layer that refuses foreign hosts and strangers, and adds the security headers."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str = "", origins: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = frozenset(origin.lower() for origin in origins)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token = token
        self._cookie = hashlib.sha256(f"cookie of {token}".encode()).hexdigest()
        self._hashes = script_hashes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _hostname(host) not in self._hosts:
            await _refuse(scope, receive, send, "This address is not one the app answers to.\n")
        elif (own := own_host(scope, self._origins)) is None:
            await _refuse(scope, receive, send, "This was asked from another site.\n")
        elif own != host:
            await self(_with_host(scope, own), receive, send)
        elif not self._token or self._knows(headers):
            await self._app(_unpacked(scope, headers), receive, self._with_headers(send, host))
        elif scope["type"] == "http" and self._is_link(scope):
            entered = HTMLResponse(ENTERED, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
            entered.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict", path="/")
            await entered(scope, receive, send)
        else:
            await _refuse(scope, receive, send, LOCKED, 401)

    def _knows(self, headers: Headers) -> bool:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return False
        held = cookies[COOKIE].value if COOKIE in cookies else ""
        return compare_digest(held.encode(), self._cookie.encode())

    def _is_link(self, scope: Scope) -> bool:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        return scope["method"] == "GET" and compare_digest(given.encode(), self._token.encode())

    def _with_headers(self, send: Send, host: str) -> Send:
        """Return a `send` that adds the headers, and the script to the page itself."""
        held: list[Message] = []

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                self._secure(headers, host)
                if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                    held.append(message)
                    return
            elif held and message["type"] == "http.response.body":
                start = held.pop()
                found = message.get("body", b"")
                body = found.replace(HEAD, HEAD + f"<script>{BASE_SCRIPT}</script>".encode(), 1)
                headers = MutableHeaders(scope=start)
                if "content-length" in headers:
                    headers["content-length"] = str(int(headers["content-length"]) + len(body) - len(found))
                await send(start)
                message = {**message, "body": body}
            await send(message)

        return sent

    def _secure(self, headers: MutableHeaders, host: str) -> None:
        for name in [name for name in headers if name.startswith("access-control-")]:
            del headers[name]
        headers["Content-Security-Policy"] = policy(host, self._hashes)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _unpacked(scope: Scope, headers: Headers) -> Scope:
    """Return the request of a page without its wish for compression, so that the script can be added to the answer."""
    if "text/html" not in headers.get("accept", ""):
        return scope
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}


def _with_host(scope: Scope, host: str) -> Scope:
    """Return a request as it is when it asks for another host."""
    others = [pair for pair in scope["headers"] if pair[0] != b"host"]
    return {**scope, "headers": [(b"host", host.encode("latin-1")), *others]}


def _hostname(host: str) -> str:
    """Return the host name of a Host header, empty when it is not one."""
    if "/" in host or "@" in host or not host:
        return ""
    try:
        split = urlsplit(f"//{host}")
        _ = split.port
    except ValueError:
        return ""
    return (split.hostname or "").lower().rstrip(".")


async def _refuse(scope: Scope, receive: Receive, send: Send, words: str, status: int = 403) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse(words, status, {"X-Content-Type-Options": "nosniff"})(scope, receive, send)
