"""No page of another site reaches the app: a websocket and whatever changes something must come from the app's own.

The answers of the running app are those to raw sockets, and every connection it tries to open is written down.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from making import gym, write
from rollout_curator.errors import ServerRefused
from rollout_curator.ui.server.guard import Guard
from rollout_curator.ui.server.origin import public_hosts
from rollout_curator.ui.server.server import ServeOptions, checked, hosts
from serving import Served, get, printed, served, status, websocket

HOST = "127.0.0.1:8501"
PUBLIC = "https://curator.example"
FOREIGN = (
    "http://evil.example",
    "https://evil.example:8501",
    "http://127.0.0.1",
    "http://127.0.0.1:8502",
    "http://localhost:8501",
    "http://127.0.0.1:8501.evil.example",
    "http://evil.example@127.0.0.1:8501",
    "http://127.0.0.1:8501/path",
    "http://[::1",
    "ftp://127.0.0.1:8501",
    "127.0.0.1:8501",
    "null",
    "",
)


async def told(request: Request) -> Response:
    """Answer with the host the app believes it has."""
    return PlainTextResponse(request.headers["host"])


async def stream(socket: WebSocket) -> None:
    """Say which host and origin arrived."""
    await socket.accept()
    await socket.send_text(f"{socket.headers.get('host')} {socket.headers.get('origin')}")
    await socket.close()


def guarded(*origins: str, base: str = HOST) -> TestClient:
    """Return a client of a small app behind the guard."""
    routes = [Route("/", told, methods=["GET", "POST", "PUT", "DELETE"]), WebSocketRoute("/stream", stream)]
    guard = Guard(Starlette(routes=routes), hosts=("127.0.0.1", "localhost", "curator.example"), origins=origins)
    return TestClient(guard, base_url=f"http://{base}")


def of_stream(client: TestClient, base: str = HOST, **headers: str) -> str:
    """Return what the websocket says to a browser that sends these headers."""
    with client.websocket_connect(f"ws://{base}/stream", headers=headers) as socket:
        return socket.receive_text()


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_websocket_of_another_origin_is_refused(origin: str) -> None:
    with pytest.raises(WebSocketDisconnect):
        of_stream(guarded(), origin=origin)


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_request_of_another_origin_is_refused(method: str, origin: str) -> None:
    assert guarded().request(method, "/", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8501", "https://127.0.0.1:8501", "HTTP://127.0.0.1:8501"])
def test_the_own_origin_is_let_in(origin: str) -> None:
    assert of_stream(guarded(), origin=origin) == f"{HOST} {origin.lower()}"
    assert guarded().post("/", headers={"Origin": origin}).status_code == 200


def test_what_is_no_browser_sends_no_origin_and_is_let_in() -> None:
    assert of_stream(guarded()) == f"{HOST} None"
    assert guarded().post("/").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_another_site_is_refused(site: str) -> None:
    assert guarded().post("/", headers={"Sec-Fetch-Site": site}).status_code == 403
    with pytest.raises(WebSocketDisconnect):
        of_stream(guarded(), **{"sec-fetch-site": site})


def test_a_link_on_another_site_still_opens_the_page() -> None:
    assert guarded().get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin", "told"),
    [
        ("LocalHost:8501", "http://localhost:8501", "localhost:8501 http://localhost:8501"),
        ("localhost:8501", "HTTP://LOCALHOST:8501", "localhost:8501 http://localhost:8501"),
        ("Localhost.", "https://LOCALHOST.", "localhost. https://localhost."),
        ("127.0.0.1:8501", "https://Curator.Example", "curator.example https://curator.example"),
        ("LocalHost:8501", None, "localhost:8501 None"),
    ],
)
def test_host_and_origin_agree_to_the_letter_once_they_are_let_in(host: str, origin: str | None, told: str) -> None:
    headers = {"origin": origin} if origin else {}
    assert of_stream(guarded(PUBLIC), host, host=host, **headers) == told


def test_two_origins_are_one_too_many() -> None:
    given = [("Origin", f"http://{HOST}"), ("Origin", "http://evil.example")]
    assert guarded().post("/", headers=given).status_code == 403


def test_behind_a_proxy_the_public_origin_is_let_in_and_its_host_goes_on() -> None:
    assert of_stream(guarded(PUBLIC), origin=PUBLIC) == f"curator.example {PUBLIC}"
    assert guarded(PUBLIC).post("/", headers={"Origin": PUBLIC}).text == "curator.example"


@pytest.mark.parametrize("origin", ["http://curator.example", "https://curator.example:8443", "https://evil.example"])
def test_behind_a_proxy_any_other_origin_is_refused(origin: str) -> None:
    with pytest.raises(WebSocketDisconnect):
        of_stream(guarded(PUBLIC), origin=origin)


@pytest.mark.parametrize(
    "given", ["curator.example", "https://", "https://a.example/path", "ftp://a.example", "https://a b", "https://a:x"]
)
def test_a_public_origin_that_is_none_stops_the_start(given: str) -> None:
    with pytest.raises(ServerRefused, match=r"--origin .*https://curator\.example"):
        checked(ServeOptions(origins=(given,)))


def test_the_host_of_the_public_origin_is_one_the_app_answers_to() -> None:
    assert "curator.example" in hosts(ServeOptions(origins=("https://Curator.example:8443",)))


def test_hosts_of_origins_are_names_alone() -> None:
    assert public_hosts(("https://A.example:8443", "http://[2001:db8::1]:80")) == ("a.example", "2001:db8::1")


# The running app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one rollout."""
    folder = tmp_path_factory.mktemp("served")
    with served(folder, write(folder / "run.jsonl", [gym()])) as running:
        yield running


def test_the_running_app_lets_its_own_page_in(app: Served) -> None:
    assert status(websocket(app.port, app.host, f"Origin: http://{app.host}")) == 101


def test_foreign_websockets_are_refused_at_once_and_the_app_calls_nobody(app: Served) -> None:
    began = time.monotonic()
    waiting = [websocket(app.port, app.host, f"Origin: http://evil{n}.example") for n in range(5)]
    assert status(get(app.port, app.host)) == 200
    assert [status(connection) for connection in waiting] == [403] * 5
    assert time.monotonic() - began < 5
    assert app.outbound() == []


def test_a_host_in_other_letters_than_its_origin_makes_the_app_call_nobody(app: Served) -> None:
    for host, origin in (("LocalHost.", "localhost."), ("LOCALHOST:1", "localhost:1"), ("localhost", "LOCALHOST")):
        assert status(websocket(app.port, host, f"Origin: http://{origin}")) == 101
    assert app.outbound() == []


def test_a_refused_websocket_is_no_error_in_the_log(app: Served) -> None:
    assert status(websocket(app.port, app.host, "Origin: http://evil.example")) == 403
    assert status(get(app.port, app.host)) == 200
    assert "without completing handshake" not in (app.connects.parent / "app.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http://localhost", "https://localhost", "http://0.0.0.0"])
def test_every_other_port_of_this_machine_is_another_origin(app: Served, origin: str) -> None:
    assert status(websocket(app.port, app.host, f"Origin: {origin}")) == 403


def test_a_shared_app_with_its_cookie_refuses_other_origins_too(tmp_path: Path) -> None:
    source = write(tmp_path / "run.jsonl", [gym()])
    with served(tmp_path, source, "--shared") as running:
        token = re.search(r"token=(\S+)", printed(tmp_path, "token="))
        assert token is not None
        with get(running.port, running.host, f"/?token={token[1]}") as entered:
            answer = entered.makefile("rb").read().decode()
        cookie = re.search(r"set-cookie: ([^;]+)", answer, re.IGNORECASE)
        assert cookie is not None
        own, other = f"Origin: http://{running.host}", "Origin: http://127.0.0.1:1"
        assert status(websocket(running.port, running.host, f"Cookie: {cookie[1]}", own)) == 101
        assert status(websocket(running.port, running.host, f"Cookie: {cookie[1]}", other)) == 403
        assert running.outbound() == []
