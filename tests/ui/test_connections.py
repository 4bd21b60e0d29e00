"""No connection keeps the server waiting for long, and no number of them keeps others out."""

import resource
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from raw import LOCAL, ask, running, served
from rollout_curator.ui.server import connections, protocol_errors

LARGE = 40_000_000
ENDED = threading.Event()
"""Set once the answer of `large` is all sent, or was given up."""
HANDSHAKE = """GET /socket HTTP/1.1
    Upgrade: websocket
    Connection: Upgrade
    Sec-WebSocket-Version: 13
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="""


async def small(request: Request) -> Response:
    """Answer with how much arrived."""
    return PlainTextResponse(str(len(await request.body())))


async def early(_request: Request) -> Response:
    """Answer before the body has arrived."""
    return PlainTextResponse("no")


async def large(_request: Request) -> Response:
    """Answer with more than the system keeps for who does not read."""

    async def pieces() -> AsyncIterator[bytes]:
        try:
            for _ in range(LARGE // 1_000_000):
                yield bytes(1_000_000)
        finally:
            ENDED.set()

    return StreamingResponse(pieces())


async def stream(socket: WebSocket) -> None:
    """Take a websocket and keep it."""
    await socket.accept()
    await socket.receive()


@pytest.fixture
def port() -> Iterator[int]:
    """Serve a small app by the protocols of the program."""
    protocol_errors.install()
    routes = [Route(f"/{work.__name__}", work, methods=["GET", "POST"]) for work in (small, early, large)]
    with served(Starlette(routes=[*routes, WebSocketRoute("/socket", stream)])) as found:
        yield found


def opened(port: int, sent: str = "") -> socket.socket:
    """Open a connection and send the beginning of a request."""
    connection = socket.create_connection((LOCAL, port), timeout=60)
    connection.sendall(sent.replace("\n", "\r\n").encode())
    return connection


def rest(connection: socket.socket) -> bytes:
    """Return all that arrives until the server ends the connection; one that stays open is a failure."""
    found = b""
    with connection:
        try:
            while piece := connection.recv(1_000_000):
                found += piece
        except ConnectionResetError:
            pass
    return found


@pytest.mark.parametrize("begun", ["", "GET /small HTTP/1.1\nHost: localhost\nX-Slow: a"])
def test_a_request_whose_head_does_not_arrive_is_ended(port: int, begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    assert rest(opened(port, begun)) == b""


@pytest.mark.parametrize("length", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_end_is_ended(port: int, length: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_S", 0.2)
    assert rest(opened(port, f"POST /small HTTP/1.1\nHost: localhost\n{length}\n\n1\na\n")) == b""


def drip(connection: socket.socket) -> int:
    """Send a byte at a time until the server ends the connection; return how many it took."""
    connection.settimeout(0.02)
    for n in range(3000):
        try:
            connection.send(b"x")
            if not connection.recv(1_000_000):
                return n
        except TimeoutError:
            continue
        except OSError:
            return n
    raise AssertionError("the connection was never ended")


@pytest.mark.parametrize(
    "begun",
    [
        "GET /small HTTP/1.1\nHost: localhost\nX-Slow: a",
        "POST /small HTTP/1.1\nHost: localhost\nContent-Length: 1000000\n\n",
        "POST /early HTTP/1.1\nHost: localhost\nContent-Length: 1000000\n\n",
        "GET /small HTTP/1.1\nHost: localhost\n\nGET /small HTTP/1.1\nHost: localhost\nX-Slow: a",
    ],
)
def test_a_byte_now_and_then_wins_no_time(port: int, begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.4)
    monkeypatch.setattr(connections, "BODY_S", 0.4)
    with opened(port, begun) as connection:
        assert drip(connection) > 0


def test_who_does_not_read_an_answer_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STUCK_S", 0.2)
    ENDED.clear()
    unread = opened(port, "GET /large HTTP/1.1\nHost: localhost\n\n")
    assert unread.recv(10) == b"HTTP/1.1 2"
    assert ENDED.wait(60)
    assert len(rest(unread)) < LARGE


def test_who_reads_gets_the_whole_answer_however_long_it_is(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    found = rest(opened(port, "GET /large HTTP/1.1\nHost: localhost\nConnection: close\n\n"))
    assert len(found) > LARGE


def test_others_are_answered_however_many_connections_wait(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "most", lambda: 20)
    with ExitStack() as stack:
        waiting = [stack.enter_context(opened(port, "GET /small HTTP/1.1\nHost: localhost")) for _ in range(60)]
        assert ask(port, "GET /small HTTP/1.1").body == b"0"
        assert rest(waiting[0]) == b""


def test_half_of_the_connections_at_most_are_websockets(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "most", lambda: 6)
    with ExitStack() as stack:
        held = [stack.enter_context(handshaken(port)) for _ in range(3)]
        assert [one.recv(12) for one in held] == [b"HTTP/1.1 101"] * 3
        refused = ask(port, HANDSHAKE)
        assert (refused.status, refused.body.decode()) == (503, protocol_errors.FULL)
        assert refused.header("x-frame-options") == "DENY"
        assert ask(port, "GET /small HTTP/1.1").status == 200


def handshaken(port: int) -> socket.socket:
    """Ask for a websocket."""
    lines = [line.strip() for line in HANDSHAKE.splitlines()]
    return opened(port, "\n".join([*lines, "Host: localhost", "", ""]))


def test_a_websocket_takes_no_message_of_more_than_it_needs(port: int) -> None:
    with handshaken(port) as connection:
        assert connection.recv(12) == b"HTTP/1.1 101"
        connection.sendall(b"\x82\xff" + (protocol_errors.MESSAGE_BYTES + 1).to_bytes(8, "big") + bytes(4))
        assert b"exceeds limit" in rest(connection)


def test_connections_take_at_most_half_of_the_files_a_process_may_open() -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert connections.most() <= max(1, files // 2)
    assert connections.most() <= 512


def test_a_burst_of_connections_takes_no_more_files_than_there_are(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)); "
    with running(tmp_path, "--shared", before=limit) as (port, token), ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(opened(port))
        assert ask(port, f"GET /?token={token} HTTP/1.1").status == 200


def test_the_app_may_open_as_many_files_as_the_system_lets_it() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
        connections.allow_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(10_240, before[1]), before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
