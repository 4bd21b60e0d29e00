"""The recipe for nginx in the README, run as it stands but for its ports and file names, before the real app.

Needs nginx and openssl; where one is missing the tests are skipped.
"""

import os
import re
import shutil
import socket
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from making import CHECKOUT, gym, write
from serving import printed, served, wait_until_answered

NGINX, OPENSSL = shutil.which("nginx"), shutil.which("openssl")
pytestmark = pytest.mark.skipif(not (NGINX and OPENSSL), reason="needs nginx and openssl")
NAME = "curator.example"
FRAME = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ }}
http {{ access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
{recipe} }}
"""


@dataclass(frozen=True, slots=True)
class Proxied:
    """The app behind nginx: the port of nginx, and a cookie that was got through it."""

    port: int
    cookie: str

    @property
    def origin(self) -> str:
        """Return where browsers think they are."""
        return f"https://{NAME}:{self.port}"


def asked(port: int, *lines: str) -> str:
    """Send a request over TLS and return the beginning of the answer, a page as a whole."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 60) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (some := connection.recv(65536)):
            answer += some
    return answer.decode("latin-1")


def get(port: int, path: str, *headers: str) -> str:
    """Return the head of the answer to a browser that asks for a page."""
    return asked(port, f"GET {path} HTTP/1.1", f"Host: {NAME}:{port}", "Connection: close", *headers)


def websocket(app: Proxied, origin: str, *headers: str) -> int:
    """Return the status with which a websocket is answered."""
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    path, host = "GET /_stcore/stream HTTP/1.1", f"Host: {NAME}:{app.port}"
    return int(asked(app.port, path, host, *upgrade, key, f"Origin: {origin}", *headers).split()[1])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """Start the app in shared mode and nginx before it, and follow the printed link through nginx."""
    folder, port = tmp_path_factory.mktemp("proxied"), free_port()
    source = write(folder / "run.jsonl", [gym()])
    with (
        served(folder, source, "--shared", "--origin", f"https://{NAME}:{port}") as running,
        nginx(folder, port, running.port),
    ):
        token = re.search(r"token=(\S+)", printed(folder, "token="))
        assert token is not None
        cookie = re.search(r"set-cookie: ([^;]+)", get(port, f"/?token={token[1]}"), re.IGNORECASE)
        assert cookie is not None
        yield Proxied(port, f"Cookie: {cookie[1]}")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(folder: Path, port: int, behind: int, *, signs_in: bool = False) -> Iterator[None]:
    """Run nginx with the recipe of the README on a port, before the app on another one."""
    block = re.search(r"```nginx\n(.*?)```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    recipe = block[1].replace("listen 443", f"listen 127.0.0.1:{port}").replace(":8501", f":{behind}")
    recipe = recipe.replace("curator.pem", f"{folder}/curator.pem").replace("curator.key", f"{folder}/curator.key")
    if signs_in:
        recipe = recipe.replace('""; # --behind-proxy: $remote_user, with auth_basic', "$remote_user; auth_basic")
        recipe = recipe.replace("user_file people", f"user_file {folder}/people")
        hashed = subprocess.run([str(OPENSSL), "passwd", "-apr1", "secret"], check=True, capture_output=True, text=True)
        (folder / "people").write_text(f"ann:{hashed.stdout}")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder, recipe=recipe, user=user))
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "1"]
    out = ["-keyout", str(folder / "curator.key"), "-out", str(folder / "curator.pem")]
    subprocess.run([str(OPENSSL), *make, *out], check=True, capture_output=True)
    with (folder / "nginx.out").open("wb") as log:
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until_answered(process, port, folder / "nginx.out")
            yield
        finally:
            process.terminate()
            process.wait()


def test_the_page_comes_through_the_proxy_to_who_has_the_token(app: Proxied) -> None:
    assert get(app.port, "/", app.cookie).startswith("HTTP/1.1 200")
    assert get(app.port, "/").startswith("HTTP/1.1 401")


def test_the_policy_names_the_public_host(app: Proxied) -> None:
    assert f"wss://{NAME}:{app.port}" in get(app.port, "/", app.cookie)


def test_the_websocket_comes_through_from_the_public_origin_alone(app: Proxied) -> None:
    assert websocket(app, app.origin, app.cookie) == 101
    assert websocket(app, f"https://{NAME}", app.cookie) == 403
    assert websocket(app, "http://127.0.0.1:8501", app.cookie) == 403
    assert websocket(app, "https://evil.example", app.cookie) == 403


def test_without_the_token_there_is_no_websocket(app: Proxied) -> None:
    assert websocket(app, app.origin) in (401, 403)


def test_a_proxy_that_signs_people_in_overwrites_the_name_a_browser_sends(tmp_path: Path) -> None:
    port, source = free_port(), write(tmp_path / "run.jsonl", [gym()])
    ann, forged = f"Authorization: Basic {b64encode(b'ann:secret').decode()}", "X-Forwarded-User: eve"
    with (
        served(tmp_path, source, "--behind-proxy", "--origin", f"https://{NAME}:{port}") as running,
        nginx(tmp_path, port, running.port, signs_in=True),
    ):
        heads = [get(port, "/", *headers).split("\r\n")[0] for headers in ((), (ann,), (ann, forged), (forged,))]
    assert [head.split()[1] for head in heads] == ["401", "200", "200", "401"]
