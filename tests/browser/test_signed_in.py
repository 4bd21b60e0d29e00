"""A shared app in a browser: the link lets in, a name is chosen once, decisions carry it, and one can leave."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from driving import AppServer
from playwright.sync_api import Browser, Page, expect


def link(app: AppServer) -> str:
    """Return the link that the app printed."""
    found = re.search(r"\?token=\S+", app.log())
    assert found is not None
    return f"{app.url}/{found[0]}"


def begin(page: Page, app: AppServer, name: str) -> None:
    """Open the link, go to Review and choose a name."""
    page.goto(link(app), wait_until="commit")
    expect(page).to_have_url(re.compile("/select$"), timeout=90_000)
    page.goto(f"{app.url}/review", wait_until="commit")
    asked = page.get_by_label("Your name (stored with your decisions)")
    expect(asked).to_have_value("", timeout=90_000)
    asked.fill(name)
    page.get_by_role("button", name="Start reviewing").click()
    expect(page.get_by_test_id("reader")).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=90_000)


def reject(page: Page) -> None:
    """Reject what is shown and wait until that is saved."""
    page.get_by_test_id("reader").click(position={"x": 5, "y": 5})
    page.keyboard.press("x")
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=90_000)


def who_decided(folder: Path) -> list[str]:
    """Return the reviewer of every act."""
    with sqlite3.connect(f"file:{folder / 'curation.sqlite'}?mode=ro", uri=True) as connection:
        return [who for (who,) in connection.execute("SELECT reviewer FROM decision ORDER BY id")]


def test_the_link_lets_in_a_name_is_chosen_once_and_who_leaves_is_out(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path, chromium: Browser
) -> None:
    app = app_server(rollouts, "--shared")
    page.goto(app.url)
    expect(page.get_by_text("This app needs a link with an access token.")).to_be_visible()
    begin(page, app, "ann")
    expect(page.get_by_text("ann (unverified)").first).to_be_visible()
    expect(page.get_by_label("Reviewer", exact=True)).to_have_count(0)
    reject(page)
    page.reload()
    expect(page.get_by_test_id("reader")).to_be_visible(timeout=90_000)  # the name is not asked again
    other = chromium.new_context().new_page()
    begin(other, app, "bob (unverified)")
    reject(other)
    other.context.close()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("This app needs a link with an access token.")).to_be_visible(timeout=90_000)
    page.goto(f"{app.url}/review")
    expect(page.get_by_text("This app needs a link with an access token.")).to_be_visible()
    assert who_decided(rollouts) == ["ann (unverified)", "bob (unverified)"]
    begin(page, app, "eve")
    expect(page.get_by_text("eve (unverified)").first).to_be_visible()
    key = page.get_by_test_id("reader").get_attribute("data-key")
    left = {"kind": "decide", "seq": 1, "key": key, "pos": 0, "verdict": "accept", "reviewer": "ann (unverified)"}
    store = hashlib.sha256(str(rollouts / "curation.sqlite").encode()).hexdigest()[:16]
    place = f"rollout-curator.outbox.{store}.{'ab' * 16}"
    page.evaluate("([place, text]) => localStorage.setItem(place, text)", [place, json.dumps([left])])
    page.reload(wait_until="commit")
    words = "it was made as ann (unverified), who is not signed in here; stored in this browser"
    expect(page.get_by_text(words).first).to_be_visible(timeout=90_000)
    assert who_decided(rollouts) == ["ann (unverified)", "bob (unverified)"]
    assert json.loads(page.evaluate("place => localStorage.getItem(place)", place)) == [left]
