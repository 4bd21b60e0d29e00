"""No press is lost and none counts twice: servers die, connections break, pages reload, tabs work side by side."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from driving import AppServer
from playwright.sync_api import Page, expect
from reading import many, press, stored, stored_once, stored_place, wait_ahead, wait_saved, wait_shown

__all__ = ["many"]


class Wire:
    """A TCP connection to the app that can be cut: what goes through it is dropped, and nothing new gets through."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.is_cut = False
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break what is open, and refuse what comes."""
        self.is_cut = True
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let everything through again."""
        self.is_cut = False

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                for source, goal in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, goal), daemon=True).start()

    def _pass_on(self, source: socket.socket, goal: socket.socket) -> None:
        with suppress(OSError):
            while (some := source.recv(65536)) and not self.is_cut:
                goal.sendall(some)
        for end in (source, goal):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wired() -> Iterator[Callable[[AppServer], Wire]]:
    """Return a function that lays a wire to an app; every wire ends with the test."""
    wires: list[Wire] = []

    def lay(app: AppServer) -> Wire:
        wires.append(Wire(app.port))
        return wires[-1]

    yield lay
    for wire in wires:
        wire.close()


def test_two_hundred_presses_survive_a_killed_server(
    app_server: Callable[..., AppServer], page: Page, many: Path
) -> None:
    """Killed without warning after 60 presses and started again while the presses go on; undo reaches behind that."""
    app = app_server(many)
    page.goto(f"{app.url}/review")
    wait_shown(page, 0)
    wait_ahead(page, 200)
    press(page, "x", 60)
    app.kill()
    press(page, "x", 20)
    starting = threading.Thread(target=app.start)
    starting.start()
    press(page, "x", 120)
    starting.join()
    wait_saved(page)
    assert stored_once(many) == (200, 200, 200)
    page.reload()
    wait_shown(page)
    press(page, "u", 150, every_ms=10)
    wait_saved(page)
    undone = stored(many, "SELECT count(*), count(DISTINCT key) FROM decision WHERE act = 'undo'")
    assert undone == [(150, 150)]


def test_two_hundred_presses_survive_a_connection_cut_for_three_seconds(
    app_server: Callable[..., AppServer], page: Page, many: Path, wired: Callable[[AppServer], Wire]
) -> None:
    """Every fourth press accepts; what was pressed is what is stored, in its order."""
    wire = wired(app_server(many))
    page.goto(f"http://127.0.0.1:{wire.port}/review")
    wait_shown(page, 0)
    wait_ahead(page, 200)
    press(page, "x", 50)
    wire.cut()
    press(page, "a", 100)
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "error")
    wire.mend()
    press(page, "x", 50)
    wait_shown(page, 200)
    wait_saved(page)
    assert stored_once(many) == (200, 200, 200)
    assert [verdict for _, verdict in stored(many)] == ["reject"] * 50 + ["accept"] * 100 + ["reject"] * 50


def test_two_tabs_lose_and_double_nothing_though_they_reload_at_once_after_a_press(
    app_server: Callable[..., AppServer], page: Page, many: Path
) -> None:
    """One tab rejects from the first rollout on, the other accepts from the 131st; each reloads twice."""
    app = app_server(many)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{app.url}/review?queue=all")
        wait_shown(tab, 0)
        wait_ahead(tab, 200)
    press(other, "j", 130, every_ms=0)
    for _ in range(2):
        for tab, key in {page: "x", other: "a"}.items():
            press(tab, key, 50)
            before = stored_place(tab)[0]
            tab.keyboard.press(key)
            tab.reload()
            if wait_shown(tab) == before:
                tab.keyboard.press("j")
    for tab in (page, other):
        wait_saved(tab)
    assert stored_once(many) == (204, 204, 204)
    assert sorted(verdict for _, verdict in stored(many)) == ["accept"] * 102 + ["reject"] * 102
