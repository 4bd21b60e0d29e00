"""Every answer of the real server carries the security headers, whoever answers and however it fails."""

import re
from collections.abc import Iterator

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from raw import Answer, ask, running, served
from rollout_curator.ui.server.guard import COOKIE, Guard
from rollout_curator.ui.server.headers import checked_host, hostname, policy

HANDSHAKE = """Upgrade: websocket
    Connection: Upgrade
    Sec-WebSocket-Version: 13
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="""
WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Run the real app, shared; return its port and its token."""
    with running(tmp_path_factory.mktemp("app"), "--shared") as found:
        yield found


@pytest.fixture(scope="module")
def cookie(app: tuple[int, str]) -> str:
    """Return the header of who opened the link."""
    entered = ask(app[0], f"GET /?token={app[1]} HTTP/1.1")
    return "Cookie: " + entered.header("set-cookie").split(";")[0]


def assert_secure(answer: Answer) -> None:
    """Check each header, once, and what the policy says."""
    found = {name: answer.header(name) for name in WANTED}
    assert found == WANTED
    said = answer.header("content-security-policy")
    assert ("frame-ancestors 'none'" in said, "default-src 'self'" in said, "\n" in said) == (True, True, False)
    assert re.findall(r"https?:", said) == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1", 200),
        ("GET /review HTTP/1.1", 200),
        ("HEAD / HTTP/1.1", 200),
        ("GET /_stcore/health HTTP/1.1", 200),
        ("GET /static/none.js HTTP/1.1", 200),
        ("GET /media/none.png HTTP/1.1", 404),
        ("GET /static/../../etc/passwd HTTP/1.1", 400),
        ("GET /..%2f..%2fetc/passwd HTTP/1.1", 400),
        ("GET //evil.example/%2e%2e HTTP/1.1", 400),
        ("GET /api/rollouts HTTP/1.1", 403),
        ("PUT /api/decisions HTTP/1.1", 405),
        ("GET /leave HTTP/1.1", 200),
        ("POST /_stcore/health HTTP/1.1", 405),
        ("GET / HTTP/1.0", 200),
    ],
)
def test_every_answer_has_the_headers(app: tuple[int, str], cookie: str, request_: str, status: int) -> None:
    answer = ask(app[0], f"{request_}\n{cookie}")
    assert answer.status == status
    assert_secure(answer)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1", 401),
        ("GET /api/rollouts HTTP/1.1", 401),
        ("POST /leave HTTP/1.1", 401),
        ("GET /static/none.js HTTP/1.1", 401),
        ("GET /?token=wrong HTTP/1.1", 401),
        ("GET / HTTP/1.1\nHost: evil.example", 403),
        ("GET / HTTP/1.1\nHost: 127.0.0.1;script-src *", 403),
        ("GET / HTTP/1.0\nHost:", 403),
    ],
)
def test_every_refusal_has_the_headers(app: tuple[int, str], request_: str, status: int) -> None:
    answer = ask(app[0], request_)
    assert answer.status == status
    assert_secure(answer)
    assert "evil" not in answer.header("content-security-policy")


def test_the_answer_to_the_link_has_the_headers(app: tuple[int, str]) -> None:
    answer = ask(app[0], f"GET /?token={app[1]} HTTP/1.1")
    assert answer.status == 200
    assert_secure(answer)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("Origin: http://127.0.0.1:{port}", 101),
        ("Origin: http://evil.example", 403),
        ("Host: evil.example", 403),
    ],
)
def test_every_websocket_handshake_has_the_headers(app: tuple[int, str], cookie: str, more: str, status: int) -> None:
    request = f"GET /_stcore/stream HTTP/1.1\n{HANDSHAKE}\n{cookie}\n{more.format(port=app[0])}"
    answer = ask(app[0], request)
    assert answer.status == status
    assert_secure(answer)


def test_a_strangers_websocket_is_refused_with_the_headers(app: tuple[int, str]) -> None:
    answer = ask(app[0], f"GET /_stcore/stream HTTP/1.1\n{HANDSHAKE}\nCookie: {COOKIE}=x")
    assert answer.status == 403
    assert_secure(answer)


# --- what never reaches the app


@pytest.mark.parametrize(
    "request_",
    [
        "GET / HTTP/1.1\nHost: a.example\nHost: b.example",
        "GET / HTTP/1.1\nno header at all",
        "GET /\u00ff HTTP/1.1",
        "nonsense",
        "POST / HTTP/1.1\nContent-Length: 4\nContent-Length: 5",
    ],
)
def test_what_is_no_request_is_refused_with_the_headers(app: tuple[int, str], request_: str) -> None:
    answer = ask(app[0], request_)
    assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")
    assert_secure(answer)


def test_a_request_of_two_lengths_is_refused_and_nothing_after_it_is_answered(app: tuple[int, str]) -> None:
    second = b"0\r\n\r\nGET /_stcore/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = ask(app[0], "POST /leave HTTP/1.1\nTransfer-Encoding: chunked\nConnection: keep-alive", body=second)
    assert (answer.status, answer.body.count(b"HTTP/1.1")) == (400, 0)
    assert_secure(answer)


@pytest.mark.parametrize(
    ("handshake", "status"),
    [
        (HANDSHAKE.replace("Version: 13", "Version: 8"), 400),
        (HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "x"), 400),
        (f"{HANDSHAKE}\nOrigin: http://a.example\nOrigin: http://b.example", 400),
        (f"{HANDSHAKE}\nSec-WebSocket-Protocol: ,,;", 400),
    ],
)
def test_a_handshake_that_is_none_is_refused_with_the_headers(
    app: tuple[int, str], handshake: str, status: int
) -> None:
    answer = ask(app[0], f"GET /_stcore/stream HTTP/1.1\n{handshake}")
    assert answer.status == status
    assert_secure(answer)


def test_a_handshake_by_another_method_is_refused_with_the_headers(app: tuple[int, str]) -> None:
    answer = ask(app[0], f"POST /_stcore/stream HTTP/1.1\n{HANDSHAKE}")
    assert answer.status == 405
    assert_secure(answer)


# --- failures inside


async def moved(request: Request) -> Response:
    """Lead elsewhere."""
    return RedirectResponse("/elsewhere")


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one path and fail at all others, websockets too, before anything is answered."""
    if scope["path"] != "/moved":
        raise RuntimeError("secret of the house")
    await Starlette(routes=[Route("/moved", moved)])(scope, receive, send)


@pytest.fixture(scope="module")
def small() -> Iterator[int]:
    """Serve an app that breaks."""
    with served(Guard(inner, ("127.0.0.1",))) as port:
        yield port


def test_what_breaks_is_answered_with_the_headers_and_no_word_of_why(small: int) -> None:
    answer = ask(small, "GET /breaks HTTP/1.1")
    words = b"Unexpected error. See error" in answer.body
    assert (answer.status, b"secret" in answer.body, words) == (500, False, True)
    assert_secure(answer)


def test_a_redirect_has_the_headers(small: int) -> None:
    answer = ask(small, "GET /moved HTTP/1.1")
    assert (answer.status, answer.header("location")) == (307, "/elsewhere")
    assert_secure(answer)


def test_a_websocket_that_breaks_is_refused_with_the_headers(small: int) -> None:
    answer = ask(small, f"GET /socket HTTP/1.1\n{HANDSHAKE}")
    assert answer.status == 403
    assert_secure(answer)


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body of a request."""
    await Request(scope, receive).body()


def test_who_goes_away_in_the_middle_of_a_request_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Message] = []

    async def left() -> Message:
        return {"type": "http.disconnect"}

    async def hear(message: Message) -> None:
        told.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"127.0.0.1")]}
    anyio.run(Guard(reading, ("127.0.0.1",)), scope, left, hear)
    assert (told, capsys.readouterr().err) == ([], "")


# --- the host in the policy


@pytest.mark.parametrize(
    "host",
    [
        "localhost?; script-src *",
        "localhost#;script-src *",
        "localhost;script-src *",
        "localhost:80;x",
        "localhost:80 https://evil.example",
        "localhost:99999",
        "localhost:",
        "localhost,evil.example",
        "localhost\thttps:",
        "evil.example@localhost",
        "localhost/..",
        "[::1",
        "::1",
        "-x",
        "l\u00f6calhost",
        "'none'",
        "",
        "*",
    ],
)
def test_what_is_no_plain_host_never_reaches_the_policy(host: str) -> None:
    assert (checked_host(host), hostname(host)) == ("", "")


@pytest.mark.parametrize(
    ("host", "kept", "name"),
    [
        ("LocalHost:8501", "localhost:8501", "localhost"),
        ("[::1]:8501", "[::1]:8501", "::1"),
        ("my-machine.example.", "my-machine.example.", "my-machine.example"),
        ("10.0.0.5", "10.0.0.5", "10.0.0.5"),
        ("a_b.internal:1", "a_b.internal:1", "a_b.internal"),
    ],
)
def test_a_host_is_kept_as_it_is_checked(host: str, kept: str, name: str) -> None:
    assert (checked_host(host), hostname(host)) == (kept, name)


def test_without_a_host_the_policy_names_none() -> None:
    assert "connect-src 'self'; " in policy("", "")


def test_a_host_that_is_none_is_refused_over_the_wire(small: int) -> None:
    answer = ask(small, "GET /moved HTTP/1.1\nHost: 127.0.0.1?; script-src *")
    assert (answer.status, "script-src *" in answer.header("content-security-policy")) == (403, False)
