"""The real app in a process of its own, spoken to with raw sockets; every connection it tries to open is written down.

A `sitecustomize` that the process loads at its start notes the address of each `connect` and each name of another
machine that is looked up, whoever does it.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from making import environment

START_LIMIT_S = 90.0
ANSWER_LIMIT_S = 60.0
RECORDER = """
import os, socket

_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

def _note(address):
    with open(os.environ["CONNECTS"], "a", encoding="utf-8") as file:
        file.write(repr(address) + "\\n")

def _look_up(host, *arguments, **more):
    if host not in (None, "", "127.0.0.1", b"127.0.0.1"):
        _note(host)
    return _getaddrinfo(host, *arguments, **more)

socket.getaddrinfo = _look_up

class Noting(socket.socket):
    def connect(self, address):
        _note(address)
        return _connect(self, address)

    def connect_ex(self, address):
        _note(address)
        return _connect_ex(self, address)

socket.socket = Noting
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running app: its port, and the file of the connections it tried to open."""

    port: int
    connects: Path

    @property
    def host(self) -> str:
        """Return what a browser sends as Host."""
        return f"127.0.0.1:{self.port}"

    def outbound(self) -> list[str]:
        """Return every address the app tried to connect to."""
        return self.connects.read_text(encoding="utf-8").splitlines()


@contextmanager
def served(folder: Path, *arguments: str | Path) -> Iterator[Served]:
    """Start `rollout-curator ui` with these arguments in a folder; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    hooks = folder / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    connects = folder / "connects.txt"
    connects.touch()
    own = environment(CONNECTS=str(connects), XDG_CACHE_HOME=str(folder / "cache"), HOME=str(folder))
    own["PYTHONPATH"] = os.pathsep.join([str(hooks), own["PYTHONPATH"]])
    program = "from rollout_curator.cli.main import main; main()"
    command = [sys.executable, "-c", program, "ui", *map(str, arguments), "--port", str(port)]
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log)
        try:
            wait_until_answered(process, port, folder / "app.log")
            yield Served(port, connects)
        finally:
            process.kill()
            process.wait()


def wait_until_answered(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Wait until a process listens on a port; fail with what it printed when it ends or takes too long."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"it did not start: {log.read_text(errors='replace')}")


def printed(folder: Path, words: str) -> str:
    """Wait until the app has printed some words, and return all it printed."""
    log, deadline = folder / "app.log", time.monotonic() + START_LIMIT_S
    while words not in log.read_text(errors="replace") and time.monotonic() < deadline:
        time.sleep(0.05)
    return log.read_text(errors="replace")


def sent(port: int, request: str) -> socket.socket:
    """Send the head of a request as it stands and return the socket."""
    connection = socket.create_connection(("127.0.0.1", port), ANSWER_LIMIT_S)
    connection.sendall(request.replace("\n", "\r\n").encode("latin-1"))
    return connection


def status(connection: socket.socket) -> int:
    """Return the status of the answer, and close the socket."""
    with connection:
        head = b""
        while b"\r\n" not in head and (some := connection.recv(4096)):
            head += some
    return int(head.split()[1]) if head else 0


def websocket(port: int, host: str, *headers: str) -> socket.socket:
    """Ask for the app's websocket with these further headers and return the socket."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    return sent(port, "\n".join(lines) + "\n\n")


def get(port: int, host: str, path: str = "/_stcore/health", *headers: str) -> socket.socket:
    """Ask for a page with these further headers and return the socket."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return sent(port, "\n".join(lines) + "\n\n")
