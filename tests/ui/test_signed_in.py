"""Who decides is who is signed in: over real sockets, with a real store, whatever a request says of itself."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from raw import Answer, ask, running, served
from rollout_curator.decisions.store import Decisions
from rollout_curator.errors import ServerRefused
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.reader.routes import routes
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server import identity, logout
from rollout_curator.ui.server.guard import COOKIE, Guard
from rollout_curator.ui.server.login_delays import Delays
from rollout_curator.ui.server.proxies import Proxies
from rollout_curator.ui.server.server import ServeOptions, checked
from rollout_curator.ui.server.sessions import IDLE_S, LONGEST_S, MOST, Sessions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

TOKEN = "a-token-of-this-test"
PROXY, ELSEWHERE = "127.0.0.2", "127.0.0.3"


class App:
    """One site with three rollouts behind the guard, on a real port."""

    def __init__(self, folder: Path, **options: Any) -> None:
        source = folder / "run.jsonl"
        message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}
        prompt = {"input": [{"role": "user", "content": "What is 2 + 2?"}]}
        rollout = {"responses_create_params": prompt, "response": {"output": [message]}}
        source.write_text("".join(json.dumps({**rollout, "reward": n}) + "\n" for n in range(3)))
        self.store = folder / "curation.sqlite"
        workspace = Workspace.open([source], folder / "cache", Decisions.open(self.store))
        self.site = Site(ServeOptions(paths=(source,), **options), workspace)
        made = self.site.options
        inner = Starlette(routes=[*routes(self.site), logout.route(self.site)])
        proxies = Proxies(made.proxies, made.user_header if made.behind_proxy else "")
        self.guard = Guard(
            inner,
            ("127.0.0.1",),
            made.token,
            sessions=self.site.sessions,
            proxies=proxies,
            behind_proxy=made.behind_proxy,
        )
        self.port = 0

    def view(self, reviewer: str) -> View:
        """Return a queue that this reviewer opened."""
        assert self.site.workspace is not None
        return self.site.views.hold(View(self.site.workspace, Recipe(), np.arange(3), reviewer))

    def enter(self, more: str = "", source: str = "127.0.0.1") -> str:
        """Open the link and return the session."""
        answer = ask(self.port, f"GET /?token={TOKEN} HTTP/1.1\n{more}", source)
        assert answer.status == 200
        return answer.header("set-cookie").split(";")[0].removeprefix(f"{COOKIE}=")

    def decide(self, view: View, more: str = "", source: str = "127.0.0.1", **entry: object) -> Answer:
        """Reject the first rollout of a queue."""
        plain = {"seq": 1, "kind": "decide", "verdict": "reject", "key": view.key_at(0), "pos": 0}
        body = json.dumps({"view": view.token, "client": "c", "entries": [{**plain, **entry}]}).encode()
        head = f"POST /api/decisions HTTP/1.1\nContent-Type: application/json\nX-Curator-Token: {self.site.token}\n"
        return ask(self.port, head + more, source, body)

    def who_decided(self) -> list[str]:
        """Return the reviewer of every act, read from the file."""
        with Decisions.open(self.store) as store:
            return [row.reviewer for row in store.history()]


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[App]:
    """Serve an app that is shared by a link."""
    app = App(tmp_path, shared=True, token=TOKEN)
    with served(app.guard) as app.port:
        yield app


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[App]:
    """Serve an app behind a proxy that stands at 127.0.0.2."""
    app = App(tmp_path, behind_proxy=True, proxies=(PROXY,), hosts=("127.0.0.1",))
    with served(app.guard) as app.port:
        yield app


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[App]:
    """Serve an app for this machine."""
    app = App(tmp_path)
    with served(app.guard) as app.port:
        yield app


def named(app: App, name: str) -> tuple[str, View]:
    """Open the link, choose a name, open a queue; return the cookie header and the queue."""
    session = app.enter()
    return f"Cookie: {COOKIE}={session}", app.view(identity.choose(app.site, name, session))


# --- shared by a link


def test_the_name_in_the_request_is_not_who_decides(shared: App) -> None:
    cookie, view = named(shared, "eve")
    (result,) = json.loads(shared.decide(view, cookie, reviewer="ann").body)["results"]
    assert result["refused"] == "it was made as ann, who is not signed in here"
    assert (result["elsewhere"], shared.who_decided()) == (True, [])


def test_a_name_that_nobody_vouches_for_is_marked_in_the_store_and_in_exports(shared: App) -> None:
    cookie, view = named(shared, "ann")
    assert shared.decide(view, cookie).status == 200
    assert shared.who_decided() == ["ann (unverified)"]
    with Decisions.open(shared.store) as store:
        assert json.loads(next(iter(store.give_out())))["reviewer"] == "ann (unverified)"


def test_nobody_decides_in_a_queue_that_was_opened_under_another_name(shared: App) -> None:
    _, anns = named(shared, "ann")
    eve, _ = named(shared, "eve")
    assert (shared.decide(anns, eve).status, shared.who_decided()) == (403, [])


def test_nobody_decides_without_a_name(shared: App) -> None:
    session = shared.enter()
    answer = shared.decide(shared.view("ann (unverified)"), f"Cookie: {COOKIE}={session}")
    assert (answer.status, shared.who_decided()) == (403, [])


def test_a_name_is_chosen_once_in_a_session(shared: App) -> None:
    session = shared.enter()
    assert identity.choose(shared.site, "ann", session) == "ann (unverified)"
    assert identity.choose(shared.site, "eve", session) == "ann (unverified)"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  ann \n b ", "ann b (unverified)"),
        ("ann (unverified)", "ann (unverified)"),
        ("ann(unverified) (unverified)", "ann (unverified)"),
        ("x" * 500, "x" * 100 + " (unverified)"),
        ("\u202eann\0", "ann (unverified)"),
        (" (unverified) ", ""),
    ],
)
def test_a_typed_name_cannot_look_like_a_verified_one(shared: App, typed: str, kept: str) -> None:
    assert identity.choose(shared.site, typed, shared.enter()) == kept


def test_a_header_with_a_name_means_nothing_without_a_proxy(shared: App) -> None:
    cookie, view = named(shared, "eve")
    more = f"{cookie}\nX-Forwarded-User: ann\nX-Curator-User: ann"
    assert shared.decide(view, more).status == 200
    assert shared.who_decided() == ["eve (unverified)"]


def test_after_logging_out_the_cookie_opens_nothing(shared: App) -> None:
    cookie, view = named(shared, "ann")
    left = ask(shared.port, f"POST /leave HTTP/1.1\n{cookie}")
    assert (left.status, 'rollout_curator=""' in left.header("set-cookie")) == (200, True)
    assert "Max-Age=0" in left.header("set-cookie")
    answer = shared.decide(view, cookie)
    assert (answer.status, list(json.loads(answer.body)), shared.who_decided()) == (401, ["error"], [])


def test_a_page_of_another_site_logs_nobody_out(shared: App) -> None:
    cookie, view = named(shared, "ann")
    assert ask(shared.port, f"POST /leave HTTP/1.1\n{cookie}\nOrigin: http://evil.example").status == 403
    assert shared.decide(view, cookie).status == 200


def test_one_who_logs_out_leaves_the_others_in(shared: App) -> None:
    ann, _ = named(shared, "ann")
    eve, view = named(shared, "eve")
    ask(shared.port, f"POST /leave HTTP/1.1\n{ann}")
    assert shared.decide(view, eve).status == 200


def test_a_session_ends_when_it_is_not_used_and_after_a_week_anyway() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    idle, busy = sessions.begin(), sessions.begin()
    sessions.choose(busy, "ann")
    for _ in range(14):
        now[0] += IDLE_S - 1
        assert sessions.name(busy) == "ann"
    assert not sessions.holds(idle)
    now[0] = LONGEST_S + 1.0
    assert (sessions.holds(busy), sessions.name(busy), sessions.choose(busy, "eve")) == (False, "", "")


def test_whoever_opens_the_link_again_and_again_fills_no_memory() -> None:
    sessions = Sessions()
    first = sessions.begin()
    for _ in range(MOST):
        sessions.begin()
    assert not sessions.holds(first)


# --- wrong tokens


def test_a_wrong_token_is_answered_later_each_time() -> None:
    now = [0.0]
    delays = Delays(lambda: now[0])
    assert [delays.note("a") for _ in range(9)] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert delays.note("b") == 0.25
    now[0] = 901.0
    assert delays.note("a") == 0.25


def test_a_wrong_token_keeps_nobody_else_out(shared: App) -> None:
    """The right one is answered while the answers to wrong ones, also from the same address, are held back."""
    cookie, view = named(shared, "ann")
    done: Queue[int] = Queue()

    def guess() -> None:
        for n in range(4):
            done.put(ask(shared.port, f"GET /?token=wrong-{n} HTTP/1.1").status)

    guessing = threading.Thread(target=guess)
    guessing.start()
    assert [done.get(timeout=30) for _ in range(3)] == [401, 401, 401]
    assert (len(shared.enter()) > 20, len(shared.enter(source=ELSEWHERE)) > 20) == (True, True)
    assert shared.decide(view, cookie).status == 200
    assert done.empty()  # the fourth is held back for two seconds
    assert done.get(timeout=30) == 401
    guessing.join()


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ServerRefused, match="a token of 4 characters is too short"):
        checked(ServeOptions(shared=True, token="1234"))


# --- cookies and TLS


def test_the_cookie_is_secure_when_the_proxy_speaks_tls(shared: App) -> None:
    answer = ask(shared.port, f"GET /?token={TOKEN} HTTP/1.1\nX-Forwarded-Proto: https")
    cookie = answer.header("set-cookie")
    parts = {part.strip().split("=")[0].lower() for part in cookie.split(";")}
    assert parts >= {COOKIE, "httponly", "samesite", "max-age", "path", "secure"}
    plain = ask(shared.port, f"GET /?token={TOKEN} HTTP/1.1").header("set-cookie")
    assert "secure" not in plain.lower()


def test_tls_counts_only_from_a_trusted_address(tmp_path: Path) -> None:
    app = App(tmp_path, shared=True, token=TOKEN, proxies=(PROXY,))
    with served(app.guard) as app.port:
        request = f"GET /?token={TOKEN} HTTP/1.1\nX-Forwarded-Proto: https"
        assert "Secure" not in ask(app.port, request, ELSEWHERE).header("set-cookie")
        assert "Secure" in ask(app.port, request, PROXY).header("set-cookie")


# --- behind a proxy that signs people in


def test_behind_a_proxy_its_header_says_who_decides(proxied: App) -> None:
    view = proxied.view("Zoë")
    more = "X-Forwarded-User: " + "Zoë".encode().decode("latin-1")
    assert proxied.decide(view, more, PROXY).status == 200
    assert proxied.who_decided() == ["Zoë"]


def test_behind_a_proxy_the_name_in_the_request_is_not_who_decides(proxied: App) -> None:
    answer = proxied.decide(proxied.view("ann"), "X-Forwarded-User: ann", PROXY, reviewer="bob")
    assert ("refused" in json.loads(answer.body)["results"][0], proxied.who_decided()) == (True, [])


def test_behind_a_proxy_nobody_gets_in_around_it(proxied: App) -> None:
    answer = proxied.decide(proxied.view("ann"), "X-Forwarded-User: ann", ELSEWHERE)
    assert (answer.status, proxied.who_decided()) == (403, [])


def test_forwarded_addresses_make_nobody_the_proxy(proxied: App) -> None:
    more = f"X-Forwarded-User: ann\nX-Forwarded-For: {PROXY}\nForwarded: for={PROXY}\nX-Real-IP: {PROXY}"
    assert proxied.decide(proxied.view("ann"), more, ELSEWHERE).status == 403


def test_a_view_of_somebody_else_is_refused_behind_a_proxy(proxied: App) -> None:
    assert proxied.decide(proxied.view("ann"), "X-Forwarded-User: eve", PROXY).status == 403
    assert proxied.who_decided() == []


def test_only_the_header_that_was_named_counts(proxied: App) -> None:
    more = "Remote-User: ann\nX-Curator-User: ann\nX_Forwarded_User: ann\nX-Forwarded-User: eve"
    assert proxied.decide(proxied.view("eve"), more, PROXY).status == 200
    assert proxied.decide(proxied.view("ann"), more, PROXY, seq=2).status == 403


def test_a_proxy_that_passes_on_a_second_name_is_refused(proxied: App) -> None:
    more = "X-Forwarded-User: eve\nX-Forwarded-User: ann"
    assert (proxied.decide(proxied.view("ann"), more, PROXY).status, proxied.who_decided()) == (400, [])


def test_no_name_beside_one_is_a_second_name(proxied: App) -> None:
    more = "X-Forwarded-User: ann\nX-Forwarded-User:"
    assert (proxied.decide(proxied.view("ann"), more, PROXY).status, proxied.who_decided()) == (400, [])


@pytest.mark.parametrize("name", ["X User", "X-User:", "X-Üser", "X-User\n"])
def test_what_is_no_name_of_a_header_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ServerRefused, match="is not a header name; use one such as X-Forwarded-User"):
        Proxies(user_header=name)


def test_the_real_server_believes_no_forwarded_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uvicorn would take such a header for the address of the connection."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with running(tmp_path, "--behind-proxy", "--proxy", PROXY) as (port, _):
        forwarded = f"X-Forwarded-For: {PROXY}\nX-Forwarded-User: ann"
        assert ask(port, f"GET / HTTP/1.1\n{forwarded}").status == 403
        assert ask(port, f"GET / HTTP/1.1\n{forwarded}", PROXY).status == 200


@pytest.mark.parametrize("address", ["", "proxy.example", "10.0.0.5/8", "10.0.0", "::1/200"])
def test_what_is_no_address_of_a_proxy_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(ServerRefused, match="is not a proxy address; use one such as"):
        Proxies([address])


# --- alone on this machine


def test_alone_on_this_machine_a_decision_carries_the_name_it_was_made_under(alone: App) -> None:
    assert alone.decide(alone.view("ann"), "X-Forwarded-User: eve\nX-Curator-User: eve", reviewer="zoe").status == 200
    assert alone.who_decided() == ["zoe"]


# --- websockets


async def echo(socket: WebSocket) -> None:
    """Answer everything until the other side goes."""
    await socket.accept()
    while (message := await socket.receive())["type"] == "websocket.receive":
        await socket.send_text(message["text"])


def test_a_websocket_ends_with_its_session() -> None:
    sessions = Sessions()
    inner = Starlette(routes=[WebSocketRoute("/stream", echo)])
    with served(Guard(inner, ("127.0.0.1",), TOKEN, sessions=sessions)) as port:
        stays, goes = sessions.begin(), sessions.begin()
        url = f"ws://127.0.0.1:{port}/stream"
        with (
            connect(url, additional_headers={"Cookie": f"{COOKIE}={stays}"}) as other,
            connect(url, additional_headers={"Cookie": f"{COOKIE}={goes}"}) as socket,
        ):
            socket.send("before")
            assert socket.recv(timeout=20) == "before"
            sessions.end(goes)
            socket.send("after")
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=20)
            other.send("still here")
            assert other.recv(timeout=20) == "still here"


def test_an_idle_websocket_ends_with_its_session_too() -> None:
    sessions = Sessions()
    inner = Starlette(routes=[WebSocketRoute("/stream", echo)])
    with served(Guard(inner, ("127.0.0.1",), TOKEN, sessions=sessions)) as port:
        goes = sessions.begin()
        url = f"ws://127.0.0.1:{port}/stream"
        with connect(url, additional_headers={"Cookie": f"{COOKIE}={goes}"}) as socket:
            socket.send("before")
            assert socket.recv(timeout=20) == "before"
            sessions.end(goes)
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=20)


def test_to_look_whether_a_session_goes_on_does_not_use_it() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    id = sessions.begin()
    now[0] = IDLE_S - 1.0
    assert sessions.goes_on(id)
    now[0] = IDLE_S + 1.0
    assert not sessions.goes_on(id)
