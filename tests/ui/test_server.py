"""The server refuses to be unsafe: addresses, hosts, tokens, headers, folders."""

import base64
import gc
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config

from rollout_curator.decisions.store import Decisions
from rollout_curator.errors import DecisionsError, ExportError, ServerRefused, SourceChanged, SourceRefused
from rollout_curator.export import export_with_controls
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources.find import find
from rollout_curator.ui.server import jobs, server
from rollout_curator.ui.server.guard import COOKIE, Guard
from rollout_curator.ui.server.server import ServeOptions, checked, hosts, settings
from rollout_curator.ui.server.site import Site, check_roots, current
from rollout_curator.workspace.workspace import Workspace

TOKEN = "a-token-of-this-test"
STREAM = "ws://127.0.0.1:8501/stream"


async def page(request: Request) -> Response:
    """Answer with a page."""
    return HTMLResponse("<html><head><title>t</title></head></html>", headers={"Access-Control-Allow-Origin": "*"})


async def health(request: Request) -> Response:
    """Answer in text."""
    return PlainTextResponse("ok")


async def stream(socket: WebSocket) -> None:
    """Answer once."""
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def guarded(token: str = "", host: str = "127.0.0.1:8501") -> TestClient:
    """Return a client of a small app behind the guard."""
    app = Starlette(routes=[Route("/", page), Route("/health", health), WebSocketRoute("/stream", stream)])
    return TestClient(Guard(app, hosts=("127.0.0.1", "localhost"), token=token), base_url=f"http://{host}")


def test_only_this_machine_is_served_unless_told() -> None:
    assert checked(ServeOptions()).address == "127.0.0.1"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.7", "", "example.org"])
def test_another_address_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(ServerRefused, match=r"127\.0\.0\.1.*--shared"):
        checked(ServeOptions(address=address))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_loopback_address_needs_no_token(address: str) -> None:
    assert checked(ServeOptions(address=address, token="x")).token == ""


def test_behind_a_proxy_the_host_names_must_be_known() -> None:
    with pytest.raises(ServerRefused, match="--origin"):
        checked(ServeOptions(address="10.0.0.1", behind_proxy=True))


def test_these_settings_are_forced() -> None:
    options = ServeOptions()
    found = {name: value for name, value in settings(options).items() if not name.startswith("theme.")}
    assert found == {
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "global.developmentMode": False,
        "server.address": "127.0.0.1",
        "server.allowedHosts": ["localhost", "127.0.0.1", "::1"],
        "server.corsAllowedOrigins": [],
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.maxUploadSize": 1,
        "server.runOnSave": False,
        "server.scriptHealthCheckEnabled": False,
    }


@pytest.mark.parametrize("name", sorted(settings(ServeOptions())))
def test_every_forced_setting_is_one_that_streamlit_has(name: str) -> None:
    assert name in config.get_config_options()


def test_a_setting_that_was_loosened_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    values = settings(ServeOptions()) | {"server.enableStaticServing": True}
    monkeypatch.setattr(config, "get_option", values.__getitem__)
    with pytest.raises(ServerRefused, match=r"server\.enableStaticServing is True, must be False"):
        server.check_settings(ServeOptions())


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServerRefused, match="--port"):
            server._free_port(ServeOptions(port=taken.getsockname()[1]))


def test_a_shared_app_answers_to_its_own_address() -> None:
    assert "192.168.1.7" in hosts(ServeOptions(address="192.168.1.7", shared=True))


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "a:b"])
def test_another_host_name_is_refused(host: str) -> None:
    assert guarded().get("/health", headers={"Host": host}).status_code == 403


def test_another_host_name_gets_no_websocket() -> None:
    with pytest.raises(WebSocketDisconnect), guarded().websocket_connect(STREAM, headers={"Host": "evil.example"}):
        pass


def test_every_answer_carries_the_headers() -> None:
    headers = guarded().get("/health").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_policy_lets_scripts_of_this_server_run_only() -> None:
    policy = guarded().get("/").headers["content-security-policy"]
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in script
    assert re.findall(r"https?:", policy) == []


def test_no_other_site_may_read_an_answer() -> None:
    assert "access-control-allow-origin" not in guarded().get("/").headers


def test_the_script_in_the_page_is_the_one_the_policy_allows() -> None:
    answer = guarded().get("/", headers={"Accept": "text/html"})
    script = re.search("<script>(.*?)</script>", answer.text)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_stranger_gets_nothing_from_a_shared_app() -> None:
    client = guarded(TOKEN)
    assert [client.get(path).status_code for path in ("/", "/health", "/?token=wrong")] == [401, 401, 401]
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM):
        pass


def test_the_link_is_exchanged_for_a_cookie_that_scripts_cannot_read() -> None:
    client = guarded(TOKEN)
    answer = client.get(f"/?token={TOKEN}")
    cookie = answer.headers["set-cookie"]
    assert ("HttpOnly" in cookie, "SameSite=strict" in cookie, TOKEN in cookie) == (True, True, False)
    assert client.get("/health").status_code == 200
    with client.websocket_connect(STREAM) as socket:
        assert socket.receive_text() == "hello"


def test_a_cookie_of_another_run_opens_nothing() -> None:
    client = guarded(TOKEN)
    client.cookies.set(COOKIE, "0" * 64)
    assert client.get("/health").status_code == 401


def test_files_outside_the_roots_are_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "data", tmp_path / "data-of-others"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "run.jsonl").write_text("{}\n")
    check_roots(find([inside]), (inside,))
    with pytest.raises(SourceRefused, match="outside"):
        check_roots(find([outside]), (inside,))


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text("{}\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(SourceRefused):
        check_roots(find([root / "link.jsonl"]), (root,))


@pytest.mark.parametrize("name", ["/etc/out.jsonl", "../../out.jsonl", "", "out.txt", "a\0.jsonl", "~/../out.jsonl"])
def test_an_export_goes_only_where_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    site = Site(ServeOptions(paths=(tmp_path / "a" / "b",), out_dir=tmp_path / "a" / "b"))
    with pytest.raises(ExportError):
        site.out_path(name)


def test_a_name_goes_into_the_output_folder(tmp_path: Path) -> None:
    assert Site(ServeOptions(out_dir=tmp_path)).out_path("x.jsonl") == tmp_path / "x.jsonl"


def test_a_shared_app_writes_into_its_output_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.chdir(tmp_path)
    site = Site(ServeOptions(out_dir=out, shared=True))
    with pytest.raises(ExportError, match="--out-dir"):
        site.out_path(str(tmp_path / "x.jsonl"))


@pytest.fixture
def opened(tmp_path: Path) -> Site:
    """Return a site whose workspace holds two rollouts."""
    return Site(ServeOptions(paths=(rollouts(tmp_path),), cache=tmp_path / "cache"), workspace_of(tmp_path))


def rollouts(folder: Path) -> Path:
    """Return a file of two rollouts."""
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}
    prompt = {"input": [{"role": "user", "content": "What is 2 + 2?"}]}
    rollout = {"responses_create_params": prompt, "response": {"output": [message]}}
    path = folder / "run.jsonl"
    path.write_text("".join(json.dumps({**rollout, "reward": reward}) + "\n" for reward in (1.0, 0.5)))
    return path


def workspace_of(folder: Path) -> Workspace:
    """Open that file with a review store beside it."""
    return Workspace.open([rollouts(folder)], folder / "cache", Decisions.open(folder / "curation.sqlite"))


@pytest.fixture
def held_export(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let no export get on until the event is set."""
    go = threading.Event()

    def late(*arguments: object) -> Iterator[object]:
        go.wait(20)
        yield from export_with_controls(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "export_with_controls", late)
    yield go
    go.set()


def held_workspace(site: Site) -> Workspace:
    """Return the open workspace."""
    assert site.workspace is not None
    return site.workspace


def wait_open(site: Site) -> None:
    """Wait until the sources are open."""
    deadline = time.monotonic() + 20
    while site.workspace is None and time.monotonic() < deadline:
        time.sleep(0.01)


def test_two_exports_at_once_are_one_and_a_sentence(opened: Site, held_export: threading.Event, tmp_path: Path) -> None:
    job = opened.begin_export(held_workspace(opened), Recipe(), tmp_path / "one.jsonl")
    with pytest.raises(ExportError, match=r"one\.jsonl is being exported"):
        opened.begin_export(held_workspace(opened), Recipe(), tmp_path / "two.jsonl")
    held_export.set()
    assert (job.wait(20), opened.export is job, (tmp_path / "two.jsonl").exists()) == (True, True, False)


def test_sources_are_not_reloaded_under_an_export(opened: Site, held_export: threading.Event, tmp_path: Path) -> None:
    before = opened.workspace
    job = opened.begin_export(held_workspace(opened), Recipe(), tmp_path / "out.jsonl")
    opened.reload()
    assert opened.workspace is before
    assert "out.jsonl is being exported" in opened.notice
    held_export.set()
    assert job.wait(20)
    assert job.result is not None


def test_who_reads_while_the_sources_are_reloaded_reads_on(opened: Site) -> None:
    before = held_workspace(opened)
    opened.reload()
    wait_open(opened)
    assert opened.workspace not in (None, before)
    assert json.loads(before.line(1))["reward"] == 0.5


def test_files_close_once_nobody_reads_them(opened: Site) -> None:
    source = held_workspace(opened).sources[0]
    opened.reload()
    wait_open(opened)
    gc.collect()
    with pytest.raises(SourceChanged, match="closed"):
        source.body(0)


def test_the_end_of_the_server_closes_the_review_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "check_settings", lambda options: None)
    options = ServeOptions(paths=(rollouts(tmp_path),), cache=tmp_path / "cache")
    with TestClient(Starlette(lifespan=server._parts(options)["lifespan"])):
        wait_open(current())
        decisions = held_workspace(current()).decisions
        assert decisions is not None
    with pytest.raises(DecisionsError, match="is closed"):
        decisions.version()


def test_the_end_of_the_server_stops_an_export_and_leaves_the_old_file(
    opened: Site, held_export: threading.Event, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").write_text("old\n")
    job = opened.begin_export(held_workspace(opened), Recipe(), tmp_path / "out.jsonl")
    threading.Timer(0.1, held_export.set).start()
    opened.close()
    assert (job.is_running, job.is_stopped, (tmp_path / "out.jsonl").read_text()) == (False, True, "old\n")
