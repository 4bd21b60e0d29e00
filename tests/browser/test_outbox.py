"""What waits in a browser reaches the review store, whatever stands before it in the queue."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from driving import AppServer
from playwright.sync_api import Page, expect


def shown_key(page: Page) -> str:
    """Wait until the reader shows a rollout; return its key."""
    reader = page.get_by_test_id("reader")
    expect(reader).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=30_000)
    return str(reader.get_attribute("data-key"))


def wait_saved(page: Page) -> None:
    """Wait until nothing waits any more."""
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=30_000)


def stored(folder: Path) -> list[tuple[str, str]]:
    """Return the key and verdict of every act."""
    with sqlite3.connect(f"file:{folder / 'curation.sqlite'}?mode=ro", uri=True) as connection:
        return connection.execute("SELECT key, verdict FROM decision ORDER BY id").fetchall()


def test_what_cannot_be_saved_is_said_and_lets_the_rest_pass(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    """An earlier page left three entries: for other files, too long, and a good one."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/review")
    key = shown_key(page)
    entry = {"kind": "decide", "view": "of an earlier run", "pos": 0, "verdict": "accept", "reasons": [], "note": ""}
    elsewhere = {**entry, "seq": 1, "key": "0" * 32}
    left = [elsewhere, {**entry, "seq": 2, "key": key, "note": "x" * 10_001}, {**entry, "seq": 3, "key": key}]
    store = hashlib.sha256(str(rollouts / "curation.sqlite").encode()).hexdigest()[:16]
    place = f"rollout-curator.outbox.{store}.{'ab' * 16}"
    page.evaluate("([place, text]) => localStorage.setItem(place, text)", [place, json.dumps(left)])
    page.reload()
    shown_key(page)
    expect(page.get_by_text("was not saved: note has 10,001 characters")).to_be_visible(timeout=30_000)
    wait_saved(page)
    assert stored(rollouts) == [(key, "accept")]
    assert json.loads(page.evaluate("place => localStorage.getItem(place)", place)) == [elsewhere]


def test_a_press_while_the_server_is_away_is_saved_when_it_is_back(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    """The queue the press was made in is gone by then."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/review")
    key = shown_key(page)
    app.stop()
    page.keyboard.press("x")
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "error", timeout=15_000)
    app.start()
    wait_saved(page)
    assert stored(rollouts) == [(key, "reject")]
