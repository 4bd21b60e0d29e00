"""What waits in a browser reaches the review store, whatever stands before it in the queue."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from driving import AppServer
from playwright.sync_api import Page, Route, expect

from rollout_curator.workspace.workspace import Workspace


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


LEAVE = """([place, entries]) => localStorage.setItem(place, JSON.stringify(entries))"""


def rejections(app: AppServer, page: Page, n: int, note: str) -> tuple[str, list[dict[str, object]]]:
    """Return the place of an outbox that an earlier page left behind, and n rejections with a note."""
    page.goto(f"{app.url}/review")
    shown_key(page)
    store = hashlib.sha256(f"{app.arguments[0]}/curation.sqlite".encode()).hexdigest()[:16]
    keys = content_keys(Path(app.arguments[0]))[:n]
    entry = {"kind": "decide", "pos": 0, "verdict": "reject", "reasons": [], "note": note, "expected": 0}
    return f"rollout-curator.outbox.{store}.{'cd' * 16}", [{**entry, "seq": i, "key": k} for i, k in enumerate(keys, 1)]


def content_keys(folder: Path) -> list[str]:
    """Return the key of every different line that the folder holds."""
    workspace = Workspace.open([folder], folder.parent / "keys")
    keys = list(dict.fromkeys(workspace.key(row) for row in range(workspace.n_rollouts)))
    workspace.close()
    return keys


def test_more_than_a_request_may_hold_is_sent_in_parts_and_nothing_is_lost(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    """60 notes of 10,000 three-byte characters: 1.8 MB, of which a request takes one."""
    app = app_server(rollouts)
    place, left = rejections(app, page, 60, "€" * 10_000)
    page.evaluate(LEAVE, [place, left])
    page.reload()
    shown_key(page)
    page.wait_for_function("place => localStorage.getItem(place) === null", arg=place, timeout=60_000)
    assert sorted(stored(rollouts)) == sorted((entry["key"], "reject") for entry in left)


def test_a_server_that_takes_fewer_at_once_gets_fewer(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    app = app_server(rollouts)
    place, left = rejections(app, page, 40, "")

    def takes_three(route: Route) -> None:
        sent = json.loads(route.request.post_data or "{}")
        if len(sent["entries"]) > 3:
            route.fulfill(status=413, json={"error": "too many, and none was taken", "most": 3})
        else:
            route.continue_()

    page.route("**/api/decisions", takes_three)
    page.evaluate(LEAVE, [place, left])
    page.reload()
    shown_key(page)
    page.wait_for_function("place => localStorage.getItem(place) === null", arg=place, timeout=60_000)
    assert sorted(stored(rollouts)) == sorted((entry["key"], "reject") for entry in left)


def test_one_that_is_never_taken_waits_aside_and_lets_the_rest_pass(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    app = app_server(rollouts)
    place, left = rejections(app, page, 4, "")
    page.route(
        "**/api/decisions",
        lambda route: (
            route.fulfill(status=400, json={"error": "not a list of decisions"})
            if str(left[1]["key"]) in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    page.evaluate(LEAVE, [place, left])
    page.reload()
    shown_key(page)
    expect(page.get_by_text("not saved now: not a list of decisions; stored in this browser").first).to_be_visible()
    page.wait_for_function(
        "place => JSON.parse(localStorage.getItem(place) || '[]').length === 1", arg=place, timeout=60_000
    )
    assert sorted(stored(rollouts)) == sorted((entry["key"], "reject") for n, entry in enumerate(left) if n != 1)
