"""How long a connection may keep the server waiting, and how many there may be at once.

uvicorn waits for ever for the rest of a request and takes every connection, until the process has no file left to open
and answers nobody. Here the head of a request has `HEAD_S`, its body `BODY_S`, and whoever does not read an answer goes
after `STUCK_S`. Beyond `most` connections the one whose time ends soonest gives way to the new one, so that a browser,
which sends its request at once, is answered however many others wait. Knows nothing of what is
asked; how long an answer takes to be made is not limited here.
"""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0
BODY_S = 60.0
STUCK_S = 60.0
MOST = 512
FILES = 10_240


def most() -> int:
    """Return how many connections there may be: at most half of the files this process may have open."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files // 2))


def allow_files() -> None:
    """Let this process open as many files as it may: every source, every page and every connection takes some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_sockets() -> int:
    """Return how many of the connections may be websockets, which stay: half, so that pages are still answered."""
    return max(1, most() // 2)


class Limited(H11Protocol):
    """HTTP whose requests arrive, and whose answers are read, within the limits; else the connection is cut."""

    _timer: asyncio.TimerHandle | None = None
    _stage: tuple[Any, ...] = ()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection in; where there are too many, cut the one whose time ends soonest."""
        super().connection_made(transport)
        self._limit(("head",), HEAD_S)
        if len(self.connections) > most():
            limited = [one for one in self.connections if isinstance(one, Limited) and one._timer is not None]
            min(limited, key=Limited._ends_at).cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unlimit()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived; a stage of a request keeps the limit it began with, however often something arrives."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one, no longer than for a first."""
        super().on_response_complete()
        if self.cycle.response_complete and self.transport.get_protocol() is self:
            self._limit(("answered", self.cycle), HEAD_S)
        else:
            self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over; a websocket has limits of its own."""
        self._unlimit()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Wait for the browser to read."""
        super().pause_writing()
        self._limit(("unread", self.cycle), STUCK_S)

    def resume_writing(self) -> None:
        """Go on: something was read."""
        super().resume_writing()
        if self._stage[:1] == ("unread",):
            self._unlimit()
            self._look()

    def cut(self) -> None:
        """End the connection at once, whatever is still to be sent."""
        self._unlimit()
        self.connections.discard(self)
        self.transport.abort()

    def _ends_at(self) -> float:
        return self._timer.when() if self._timer else 0.0

    def _look(self) -> None:
        """Set the limit of what the request is in the middle of."""
        state = self.conn.their_state
        if self._stage[:1] == ("unread",) or self.transport.get_protocol() is not self:
            return
        if state is h11.SEND_BODY:
            self._limit(("body", self.cycle), BODY_S)
        elif self.cycle is not None and not self.cycle.response_complete:
            self._unlimit()

    def _limit(self, stage: tuple[Any, ...], seconds: float) -> None:
        if stage == self._stage or (stage[0] == "body" and self._stage == ("answered", *stage[1:])):
            return
        self._unlimit()
        self._stage = stage
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(seconds, self._expire, seconds, unsent)

    def _expire(self, seconds: float, unsent: int) -> None:
        """Cut the connection, or wait once more where some of the answer was read meanwhile."""
        if 0 < self.transport.get_write_buffer_size() < unsent:
            self._wait(seconds)
        else:
            self.cut()

    def _unlimit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._stage, self._timer = (), None
