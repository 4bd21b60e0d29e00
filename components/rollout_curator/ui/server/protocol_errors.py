"""What uvicorn answers itself, before any app sees a request: made to carry the security headers too.

A request that is no HTTP and a handshake that is none are refused by the parsers of h11 and websockets, which know
nothing of the guard; so are websockets beyond what `connections` allows. `install` puts the two protocols here in the
place of those that uvicorn would choose.
"""

from typing import Any

import h11
import uvicorn
import uvicorn.config
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response

from rollout_curator.ui.server.connections import Limited, most, most_sockets
from rollout_curator.ui.server.headers import secure

MESSAGE_BYTES = 32_000_000
"""What a browser may send in one message of a websocket: the marks of a figure with many points, and no more."""
FULL = "Too many pages of this app are open; close some and reload this one."


class Http(Limited):
    """HTTP whose answer to what is no request has the headers."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read as a request and close the connection."""
        self._refuse(400, b"Bad Request", msg)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to a websocket, unless there are too many."""
        if sum(isinstance(one, Sockets) for one in self.connections) >= most_sockets():
            self._refuse(503, b"Service Unavailable", FULL)
        else:
            super().handle_websocket_upgrade(event)

    def _refuse(self, status: int, reason: bytes, words: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer began: nothing can be added to it
            self.transport.close()
            return
        body = words.encode()
        given = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        given += [("Connection", "close"), *own_headers()]
        events: list[Any] = [h11.Response(status_code=status, headers=given, reason=reason)]
        for event in (*events, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Sockets(WebSocketsSansIOProtocol):
    """Websockets whose refusals have the headers, and whose messages are no larger than they need to be."""

    def __init__(self, config: uvicorn.config.Config, *arguments: Any, **more: Any) -> None:
        """Add the headers to whatever response lacks them."""
        config.ws_max_size = min(config.ws_max_size, MESSAGE_BYTES)
        super().__init__(config, *arguments, **more)
        send = self.conn.send_response

        def send_secured(response: Response) -> None:
            for name, value in own_headers():
                if name not in response.headers:
                    response.headers[name] = value
            send(response)

        self.conn.send_response = send_secured  # type: ignore[method-assign]

    async def send(self, message: Any) -> None:
        """Send a message; a refusal is the end of a handshake, which uvicorn would log as an error."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True


class Config(uvicorn.Config):
    """uvicorn's settings, with as many connections waiting to be taken in as can be taken in at a time.

    asyncio takes in all that wait before any of them is counted; with uvicorn's 2,048 that would be every file.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Take the usual settings."""
        super().__init__(*arguments, **{"backlog": max(4, most() // 8), **more})


def own_headers() -> list[tuple[str, str]]:
    """Return the security headers of an answer to nobody that is known."""
    made = MutableHeaders()
    secure(made, "", is_tls=False)
    return made.items()


def install() -> None:
    """Let uvicorn choose these protocols and settings from now on."""
    uvicorn.Config = Config  # type: ignore[misc]
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:Http"
    uvicorn.config.WS_PROTOCOLS["websockets-sansio"] = f"{__name__}:Sockets"
