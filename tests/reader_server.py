"""The reader's routes as a server of their own, to be killed: `python reader_server.py PORT SOURCE CACHE STORE`.

Holds one view of everything for each of two reviewers, by names a client knows, so that no page is needed to decide.
"""

import http.client
import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from making import CHECKOUT, environment

REVIEWERS = ("ann", "bob")
TOKEN = "drill"
UP_S = 120.0


def main(port: int, source: Path, cache: Path, store: Path) -> None:
    """Serve until killed."""
    import uvicorn
    from starlette.applications import Starlette

    from rollout_curator.decisions.store import Decisions
    from rollout_curator.recipe.recipe import Recipe
    from rollout_curator.ui.reader.routes import routes
    from rollout_curator.ui.reader.views import View
    from rollout_curator.ui.server.serve_options import ServeOptions
    from rollout_curator.ui.server.site import Site
    from rollout_curator.workspace.workspace import Workspace

    workspace = Workspace.open([source], cache, Decisions.open(store))
    site = Site(ServeOptions(paths=(source,)), workspace)
    site.token = TOKEN
    for who in REVIEWERS:
        site.views.hold(View(workspace, Recipe(), np.arange(workspace.n_rollouts), who, token=who))
    uvicorn.run(Starlette(routes=routes(site)), host="127.0.0.1", port=port, log_level="error")


class Server:
    """That server as a process which is started again after each kill."""

    def __init__(self, source: Path, cache: Path, store: Path) -> None:
        """Take a free port; nothing runs yet."""
        self._paths = [str(source), str(cache), str(store)]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once it answers."""
        path = f"{CHECKOUT / 'components'}:{CHECKOUT / 'tests'}"
        argv = [sys.executable, str(Path(__file__)), str(self.port), *self._paths]
        self._process = subprocess.Popen(argv, env=environment(PYTHONPATH=path), stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + UP_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError("the server did not come up")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "Server":
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no process behind."""
        self.kill()


class Client:
    """One page of one reviewer: posts one decision after the other on one connection."""

    def __init__(self, port: int, reviewer: str, name: str) -> None:
        """Connect with the first post."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._reviewer, self._name, self.seq = reviewer, name, 0

    def decide(self, key: str, verdict: str, note: str, expected: int | None = None) -> dict[str, Any] | None:
        """Return the answer to one decision, None when the server was gone before it came."""
        self.seq += 1
        entry = {"seq": self.seq, "kind": "decide", "key": key, "verdict": verdict, "note": note, "expected": expected}
        body = json.dumps({"view": self._reviewer, "client": self._name, "entries": [entry]})
        headers = {"Content-Type": "application/json", "X-Curator-Token": TOKEN}
        try:
            self._connection.request("POST", "/api/decisions", body, headers)
            answer = self._connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            return None
        assert answer.status == 200, found
        result: dict[str, Any] = found["results"][0]
        assert found["acked"] == self.seq, found
        return result


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
