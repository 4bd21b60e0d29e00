"""What browser tests hold in their hands: the notebook of a page, and the real app as a process.

Import from here for annotations: `from driving import AppServer, Seen`. Conditions are waited for, never times.
"""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import IO

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, expect

COMPONENTS = Path(__file__).parents[2] / "components"
START = "from rollout_curator.cli.main import main; main()"
START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@dataclass
class Seen:
    """What a page asked for and complained about, in order."""

    requests: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)

    def outside(self, url: str) -> list[str]:
        """Return the requests that went anywhere but to the server at `url`."""
        own = (url.rstrip("/") + "/", url.rstrip("/").replace("http://", "ws://") + "/", "data:", "blob:", "about:")
        return [request for request in self.requests if not request.startswith(own)]

    def watch(self, page: Page) -> None:
        """Note from now on what `page` does."""

        def note_request(request: Request) -> None:
            self.requests.append(request.url)

        def note_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.console_errors.append(message.text)

        page.on("request", note_request)
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("console", note_console)
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class AppServer:
    """The real app in its own process group, on a port that it keeps over a restart."""

    arguments: list[str]
    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    log_file: IO[bytes] | None = None
    under: tuple[str, ...] = ()
    """A command that watches what follows it, such as strace."""

    @property
    def url(self) -> str:
        """Where the app answers."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return what the app printed so far, over all its starts."""
        return (self.home / "app.log").read_text(errors="replace")

    def start(self) -> None:
        """Start the app and return once it answers; fail with what it printed if it ends or takes too long."""
        environment = os.environ | {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "PYTHONPATH": str(COMPONENTS),
            "BROWSER": "true",  # a command that opens nothing
        }
        command = [*self.under, sys.executable, "-c", START, "ui", *self.arguments, "--port", str(self.port)]
        self.log_file = (self.home / "app.log").open("ab")
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait_until_it_answers(self.process)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self.answers():
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                why = f"ended with {process.returncode}" if ended else f"did not answer within {START_LIMIT_S:g} s"
                pytest.fail(f"the app {why}; it printed:\n{self.log()[-4000:]}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Say whether the app is up."""
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError as error:
            return error.code == 401  # it asks for the link it printed
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """Ask the app to end, as a person's Ctrl-C or a service manager does; insist after a while."""
        self._end(SIGTERM)

    def kill(self) -> None:
        """End the app without a chance to tidy up, as a power cut does."""
        self._end(SIGKILL)

    def restart(self) -> None:
        """Stop the app and start it again at the same address."""
        self.stop()
        self.start()

    def _end(self, signal: int) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_LIMIT_S)
        with suppress(ProcessLookupError):  # workers it left behind, and itself if it did not listen
            os.killpg(self.process.pid, SIGKILL)
        self.process.wait()
        self.process = None
        if self.log_file is not None:
            self.log_file.close()


def export(page: Page, unit: str) -> int:
    """Press the button, wait for the result and return how many it promised."""
    page.locator(IDLE).wait_for(timeout=30_000)
    button = page.get_by_role("button", name=re.compile(rf"^Export [\d,]+ {unit}"))
    expect(button).to_be_enabled(timeout=30_000)
    promised = int(re.sub(r"\D", "", button.inner_text()))
    button.click()
    expect(page.get_by_text(re.compile(rf"Wrote {promised:,} ")).first).to_be_visible(timeout=30_000)
    return promised
