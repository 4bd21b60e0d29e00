"""The security headers of every answer, also of refusals, redirects, failures and websocket handshakes.

`checked_host` is the only way for a Host header into the policy: what is no plain name or address with a port is none.
"""

import hashlib
import re
from base64 import b64encode
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

BASE_SCRIPT = 'window.__streamlit = {BACKEND_BASE_URL: location.origin + "/"}'
"""Tells Streamlit's page where its server is; without it /review would first be asked for as if it were a folder."""
STARTS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9.])?)(:[0-9]{1,5})?", re.ASCII)


def checked_host(host: str) -> str:
    """Return a Host header in lower case, empty when it is not a name or an address with at most a port."""
    found = host.lower()
    match = _HOST.fullmatch(found)
    return found if match and int((match[3] or ":0")[1:]) < 65536 else ""


def hostname(host: str) -> str:
    """Return the name or address in a Host header, without its port; empty when the header is not one."""
    match = _HOST.fullmatch(checked_host(host))
    return match[1].strip("[]").rstrip(".") if match else ""


@cache
def script_hashes() -> str:
    """Return the hashes of the inline scripts in the served page, so that the policy lets just these run."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts: list[str] = re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL)
    digests = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in (*scripts, BASE_SCRIPT))
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def policy(host: str, hashes: str) -> str:
    """Return the content security policy of a page served under a host that was checked."""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def secured(scope: Scope, send: Send, host: str) -> Send:
    """Return a `send` that adds the headers to the beginning of every answer; a refused handshake becomes one.

    A websocket that is closed before it was accepted would be answered by the server without any header.
    """
    is_tls = scope.get("scheme") in ("https", "wss")
    opened = False

    async def sent(message: Message) -> None:
        nonlocal opened
        if message["type"] == "websocket.close" and not opened and _can_deny(scope):
            await sent({"type": "websocket.http.response.start", "status": 403, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        if message["type"] in STARTS:
            opened = True
            message.setdefault("headers", [])
            message["headers"] = list(message["headers"])
            secure(MutableHeaders(scope=message), host, is_tls)
        await send(message)

    return sent


def secure(headers: MutableHeaders, host: str, is_tls: bool) -> None:
    """Add the security headers to those of an answer, take out what invites other sites."""
    for name in [name for name in headers if name.startswith("access-control-")]:
        del headers[name]
    headers["Content-Security-Policy"] = policy(host, script_hashes())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    cookies = headers.getlist("set-cookie")
    if is_tls and cookies:
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", cookie if "; secure" in cookie.lower() else f"{cookie}; Secure")


def _can_deny(scope: Scope) -> bool:
    return "websocket.http.response" in (scope.get("extensions") or {})
