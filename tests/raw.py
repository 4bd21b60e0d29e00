"""A server on a real port and questions over bare sockets: what arrives is what is asked about.

`served` runs an ASGI app under uvicorn as the program does, `running` the program itself; `ask` sends bytes and returns
the answer in three parts.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """The status, the headers in their order, names in lower case, and what follows them."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header, several joined by a line end, empty for none."""
        return "\n".join(value for found, value in self.headers if found == name)


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """Serve an app on a free port of this machine and yield the port."""
    config = uvicorn.Config(app, LOCAL, 0, log_level="critical", ws="websockets-sansio", forwarded_allow_ips="")
    config.lifespan = "off"
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield int(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(20)


@contextmanager
def running(folder: Path, *arguments: str, before: str = "") -> Iterator[tuple[int, str]]:
    """Run `rollout-curator ui` on the sample data in a folder, after some Python; yield its port and its token."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        port = int(probe.getsockname()[1])
    start = before + "from rollout_curator.cli.main import main; main()"
    store = ["--decisions", str(folder / "curation.sqlite")]  # not in the checkout, beside the sample data
    command = [sys.executable, "-c", start, "ui", "--port", str(port), *store, *arguments]
    environment = os.environ | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = next((line for line in process.stdout if "Ctrl-C to stop" in line), "")
        found = re.search(r"token=(\S+)", line)
        try:
            yield port, found[1] if found else ""
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def ask(port: int, request: str, source: str = LOCAL, body: bytes = b"") -> Answer:
    """Send a request line and headers, one a line; `Host` and `Connection` are added where they are missing."""
    lines = [line.strip() for line in request.strip().splitlines()]
    names = {line.split(":")[0].lower() for line in lines[1:]}
    lines += [f"Host: {LOCAL}:{port}"] * ("host" not in names) + ["Connection: close"] * ("connection" not in names)
    lines += [f"Content-Length: {len(body)}"] * bool(body)
    with socket.create_connection((LOCAL, port), timeout=60, source_address=(source, 0)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        found = b""
        while b"\r\n\r\n" not in found or not _is_whole(found):
            piece = connection.recv(65536)
            if not piece:
                break
            found += piece
    head, _, rest = found.partition(b"\r\n\r\n")
    status, *pairs = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (pair.partition(":") for pair in pairs)]
    return Answer(int(status.split()[1]), headers, rest)


def _is_whole(found: bytes) -> bool:
    """Say whether nothing more is to be waited for: a handshake that was taken stays open."""
    return found.startswith(b"HTTP/1.1 101")
