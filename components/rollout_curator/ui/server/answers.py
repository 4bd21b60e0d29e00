"""How the reader's routes answer: who may ask is checked, work is done in a thread, failures become words.

Each request carries the token its page was given and comes from the same origin. Host names are checked before
(`guard`). Knows nothing of rollouts or decisions.
"""

import json
from collections.abc import Callable
from secrets import compare_digest
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from rollout_curator.errors import CuratorError
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.origin import own_host
from rollout_curator.ui.server.rendering import of_request
from rollout_curator.ui.server.site import Site

Json = dict[str, Any]
TOKEN_HEADER = "x-curator-token"
BODY_BYTES = 1_000_000


class Refusal(Exception):
    """A request that gets no answer but these words."""

    def __init__(self, status: int, words: str, **more: int) -> None:
        super().__init__(words)
        self.status, self.more = status, more


async def answer(request: Request, site: Site, work: Callable[[], bytes]) -> Response:
    """Check who asks, work in a thread, and say what went wrong in words."""
    try:
        _check(request, site)
        with of_request(request.headers, request.client.host if request.client else "").under_way():
            return _json(await to_thread.run_sync(work))
    except Refusal as refusal:
        return _json({"error": str(refusal), **refusal.more}, refusal.status)
    except CuratorError as error:
        return _json({"error": str(error)}, 409)
    except Exception as error:  # noqa: BLE001  no traceback may reach a browser
        return _json({"error": f"unexpected error; see error {log_error(error)} in the server log"}, 500)


async def answer_post(request: Request, site: Site, work: Callable[[Site, bytes], bytes]) -> Response:
    """Answer a request by what its body says, which has a limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            return _json({"error": "request too large: nothing was saved; send less at a time"}, 413)
    return await answer(request, site, lambda: work(site, bytes(body)))


def _check(request: Request, site: Site) -> None:
    given = request.headers.get(TOKEN_HEADER, "")
    if not compare_digest(given.encode(), site.token.encode()):
        raise Refusal(403, "the server has restarted; reload the page")
    if own_host(request.scope, is_fetched=True) is None:
        raise Refusal(403, "cross-site request refused")
    if request.method == "POST" and request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise Refusal(415, "decisions must be sent as application/json")


def dump(value: Any) -> bytes:
    """Return JSON; text with half a surrogate pair is escaped to ASCII and arrives as it was."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=True).encode("ascii")


def _json(value: bytes | Json, status: int = 200) -> Response:
    content = value if isinstance(value, bytes) else dump(value)
    return Response(content, status, {"Cache-Control": "no-store"}, "application/json")
