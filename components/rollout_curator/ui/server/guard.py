"""What every request passes first: the host it asks for, who may ask, and the headers every answer carries.

Streamlit checks host names on its websocket only and sends no policy; here all of it is one small ASGI layer. In
shared mode the token of the printed link is exchanged for a session, whose cookie scripts cannot read; a websocket ends
with its session. Behind a proxy that signs people in nobody gets in around it.
"""

import asyncio
from collections.abc import Iterable
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.headers import BASE_SCRIPT, checked_host, hostname, secured
from rollout_curator.ui.server.login_delays import Delays
from rollout_curator.ui.server.origin import as_own, own_host
from rollout_curator.ui.server.proxies import Proxies
from rollout_curator.ui.server.sessions import LONGEST_S, Sessions

COOKIE = "rollout_curator"
LOOK_EVERY_S = 2.0
"""So soon after its session has ended an idle websocket is closed."""
ENTERED = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=."><title>rollout-curator</title>'
)
HEAD = b"<head>"
LOCKED = (
    "This app needs a link with an access token.\n"
    "Open the link that was printed where the app was started, or ask the person who started it.\n"
)
WRONG = "The access token of this link is not valid.\n" + LOCKED
AROUND = "This app can only be reached through its proxy.\n"
TWO_LENGTHS = "Conflicting request length headers.\n"
TWO_NAMES = "The proxy sent two user names; it must set the user header itself.\n"


class Guard:
    """An ASGI layer that refuses foreign hosts and strangers, and adds the security headers."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str],
        token: str = "",
        *,
        origins: Iterable[str] = (),
        sessions: Sessions | None = None,
        proxies: Proxies | None = None,
        behind_proxy: bool = False,
    ) -> None:
        self._app = app
        self._origins = frozenset(origin.lower() for origin in origins)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token = token
        self._sessions, self._proxies = sessions or Sessions(), proxies or Proxies()
        self._behind_proxy, self._delays = behind_proxy, Delays()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here; what fails beyond is answered here too."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        seen = self._proxies.seen(scope)
        host = checked_host(own_host(seen, self._origins) or Headers(scope=scope).get("host", ""))
        sent = Sent(secured(seen, send, host if hostname(host) in self._hosts else ""))
        try:
            await self._let_in(seen, receive, sent)
        except (ClientDisconnect, WebSocketDisconnect):
            return  # who asked went away, which is no fault
        except Exception as error:
            number = log_error(error)  # answered with the headers too, and without a traceback
            if sent.began:
                raise
            await _refuse(seen, sent, f"Unexpected error. See error {number} in the server log.\n", 500)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and "content-length" in headers:
            await _refuse(scope, send, TWO_LENGTHS, 400)  # a proxy may take another end for its own
        elif hostname(headers.get("host", "")) not in self._hosts:
            await _refuse(scope, send, "Unknown host name for this app.\n")
        elif (own := own_host(scope, self._origins)) is None:
            await _refuse(scope, send, "Cross-site request refused.\n")
        else:
            await self._admit(as_own(scope, own), receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if self._behind_proxy and not self._token and not self._proxies.trusts(scope):
            await _refuse(scope, send, AROUND)
        elif self._proxies.names_two(scope):
            await _refuse(scope, send, TWO_NAMES, 400)
        elif not self._token:
            await self._app(_unpacked(scope, headers), receive, _with_script(send))
        elif self._sessions.holds(id := session_of(headers)):
            receive, send = _until_it_ends(self._sessions, id, scope, receive, send)
            await self._app(_unpacked(scope, headers), receive, _with_script(send))
        else:
            await self._answer_stranger(scope, receive, send)

    async def _answer_stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["type"] != "http" or scope["method"] != "GET" or not given:
            await _refuse(scope, send, LOCKED, 401)
        elif compare_digest(given.encode(), self._token.encode()):
            entered = HTMLResponse(ENTERED, headers={"Cache-Control": "no-store"})
            id = self._sessions.begin()
            entered.set_cookie(COOKIE, id, max_age=LONGEST_S, httponly=True, samesite="strict", path="/")
            await entered(scope, receive, send)
        else:
            waited = await self._delays.hold_back(self._proxies.address(scope))
            await _refuse(scope, send, WRONG, 401 if waited else 429)


class Sent:
    """A `send` that remembers whether an answer began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        self.began = True
        await self._send(message)


def session_of(headers: Headers) -> str:
    """Return the session that a request says it belongs to, empty for none."""
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _until_it_ends(sessions: Sessions, id: str, scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return what a websocket receives and sends as long as its session goes on; then it is closed, also an idle one.

    What the browser sends uses the session; what the server sends does not.
    """
    if scope["type"] != "websocket":
        return receive, send
    closed = False

    async def received() -> Message:
        waiting = asyncio.ensure_future(receive())
        try:
            while sessions.goes_on(id) and not waiting.done():
                await asyncio.wait({waiting}, timeout=LOOK_EVERY_S)
        finally:
            waiting.cancel()
        if waiting.done() and not waiting.cancelled() and sessions.holds(id):
            return waiting.result()
        return {"type": "websocket.disconnect", "code": 1008}

    async def sent(message: Message) -> None:
        nonlocal closed
        if closed:
            return
        if not sessions.goes_on(id):
            closed, message = True, {"type": "websocket.close", "code": 1008}
        await send(message)

    return received, sent


def _with_script(send: Send) -> Send:
    """Return a `send` that adds the script to the page itself."""
    held: list[Message] = []

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
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


def _unpacked(scope: Scope, headers: Headers) -> Scope:
    """Return the request of a page without its wish for compression, so that the script can be added to the answer."""
    if "text/html" not in headers.get("accept", ""):
        return scope
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}


async def _refuse(scope: Scope, send: Send, words: str, status: int = 403) -> None:
    """Answer with words, in JSON to what the reader asks; a websocket is closed, which `secured` makes an answer."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    is_route = scope["path"].startswith("/api/")
    answer: Response = JSONResponse({"error": words.strip()}) if is_route else PlainTextResponse(words)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    if words is TWO_LENGTHS:
        answer.headers["Connection"] = "close"
    await answer(scope, _nothing, send)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
