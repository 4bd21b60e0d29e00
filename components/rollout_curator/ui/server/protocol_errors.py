"""What uvicorn answers itself, before any app sees a request: made to carry the security headers too.

A request that is no HTTP and a handshake that is none are refused by the parsers of h11 and websockets, which know
nothing of the guard. `install` puts the two protocols here in the place of those that uvicorn would choose.
"""

from typing import Any

import h11
import uvicorn.config
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response

from rollout_curator.ui.server.headers import secure


class Http(H11Protocol):
    """HTTP whose answer to what is no request has the headers."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read as a request and close the connection."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer began: nothing can be added to it
            self.transport.close()
            return
        given = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close"), *own_headers()]
        events: list[Any] = [h11.Response(status_code=400, headers=given, reason=b"Bad Request")]
        for event in (*events, h11.Data(data=msg.encode()), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Sockets(WebSocketsSansIOProtocol):
    """Websockets whose refusals have the headers."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Add the headers to whatever response lacks them."""
        super().__init__(*arguments, **more)
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


def own_headers() -> list[tuple[str, str]]:
    """Return the security headers of an answer to nobody that is known."""
    made = MutableHeaders()
    secure(made, "", is_tls=False)
    return made.items()


def install() -> None:
    """Let uvicorn choose these protocols from now on."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:Http"
    uvicorn.config.WS_PROTOCOLS["websockets-sansio"] = f"{__name__}:Sockets"
