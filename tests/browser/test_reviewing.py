"""Reading as a team does it: a plan, a bound that moves with each press, a whole queue at once, blind reading."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from driving import AppServer, Seen
from playwright.sync_api import Browser, Page, expect
from test_reader_access import faults

SAMPLE = Path(__file__).parents[2] / "sample_data"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def opened(page: Page, url: str) -> None:
    """Open a page of the app and wait until its reader shows a rollout and nothing runs."""
    page.goto(url)
    shows_a_rollout(page)
    page.locator(IDLE).wait_for(timeout=30_000)


def shows_a_rollout(page: Page) -> None:
    expect(page.get_by_test_id("reader")).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=30_000)


def called(page: Page, name: str) -> None:
    """Give the reviewer's name, and wait until the browser keeps it."""
    more(page)
    box = page.get_by_role("textbox", name="reviewer")
    box.fill(name)
    box.press("Enter")
    page.wait_for_function("name => document.cookie.includes(name)", arg=name)
    page.locator(IDLE).wait_for()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def more(page: Page) -> None:
    """Open the menu at the end of the bar."""
    page.get_by_role("button", name="…", exact=True).click()


def behind_the_progress(page: Page) -> None:
    """Open what stands behind the progress toward the bound."""
    page.get_by_role("button", name=re.compile("bad|bound|random reviews")).first.click()


def saved(page: Page) -> None:
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=15_000)


def stored(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{folder / 'curation.sqlite'}?mode=ro", uri=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_team_reads_at_random_in_bulk_and_blind(
    app_server: Callable[..., AppServer], chromium: Browser, page: Page, seen: Seen, tmp_path: Path
) -> None:
    """Ann reads at random and rejects a queue at once; bob, in another browser, reads hers again without knowing."""
    folder = tmp_path / "collected"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("generator", "*.md", "curat*"))
    app = app_server(folder, "--reviewer", "somebody")

    opened(page, f"{app.url}/review?min=0.5&queue=random")
    called(page, "ann")
    page.get_by_test_id("reader").locator(".talk").click(position={"x": 4, "y": 4})
    for key in "axaaaa":
        before = page.get_by_test_id("reader").get_attribute("data-key")
        page.keyboard.press(key)
        expect(page.get_by_test_id("reader")).not_to_have_attribute("data-key", str(before))
    saved(page)
    expect(page.get_by_text(re.compile(r"1 bad, at most [\d.]+% \(95% confidence\)"))).to_be_visible(timeout=15_000)
    page.locator(IDLE).wait_for()
    behind_the_progress(page)
    bound = page.get_by_text(re.compile(r"^6 of the \d+ selected rollouts reviewed at random, 1 bad: at most"))
    expect(bound).to_be_visible(timeout=15_000)
    expect(page.get_by_text(re.compile(r"6 of \d+ reviewed by you"))).to_be_visible()
    assert faults(page) == []

    opened(page, f"{app.url}/review?min=0.5&queue=below")
    more(page)
    expect(page.get_by_role("textbox", name="reviewer")).to_have_value("ann")  # the browser remembers it
    page.get_by_role("button", name="Bulk decision…").click()
    page.get_by_role("dialog").get_by_text("Reject", exact=True).click(timeout=15_000)
    confirm = page.get_by_role("button", name=re.compile(r"^Reject [\d,]+ rollouts$"))
    expect(confirm).to_be_visible(timeout=15_000)
    assert faults(page) == []
    n = int(re.sub(r"\D", "", confirm.inner_text()))
    if n > 100:
        page.get_by_role("textbox", name=f"Type {n:,} to confirm").fill(str(n))
        page.keyboard.press("Enter")
    expect(confirm).to_be_enabled(timeout=15_000)
    confirm.click()
    expect(page.get_by_text(f"Rejected {n:,} rollouts.")).to_be_visible(timeout=15_000)
    expect(page.get_by_text(re.compile("^rejected by you")).first).to_be_visible()
    assert stored(folder, "select count(*), count(distinct batch) from current where batch <> ''") == [(n, 1)]
    shows_a_rollout(page)
    page.keyboard.press("u")
    saved(page)
    expect(page.get_by_text(f"{n:,} rollouts undone in one step")).to_be_visible()
    expect(page.get_by_text(re.compile("^rejected by you")).first).to_be_hidden(timeout=15_000)
    assert stored(folder, "select count(*) from current where batch <> ''") == [(0,)]
    assert seen.outside(app.url) == []
    assert seen.console_errors == []
    assert seen.page_errors == []

    page.get_by_text("Findings", exact=True).click()
    expect(page.get_by_test_id("reader")).to_have_count(0, timeout=30_000)
    for section in ("Reward vs reviewers", "Disagreements", "Reasons", "Team"):
        page.get_by_text(section, exact=True).click()
        page.locator(IDLE).wait_for()
        page.mouse.move(4, 880)
        page.wait_for_function("() => document.getAnimations().every((one) => one.playState !== 'running')")
        assert faults(page) == []
    page.get_by_role("radio", name="100%", exact=True).click()
    expect(page.get_by_role("radio", name="100%", exact=True)).to_be_checked()
    page.locator(IDLE).wait_for()

    other = chromium.new_context(viewport={"width": 900, "height": 900}).new_page()
    opened(other, f"{app.url}/review?min=0.5&queue=random&blind=1")
    called(other, "bob")
    opened(other, f"{app.url}/review?min=0.5&queue=second&blind=1")
    expect(other.get_by_text("reward hidden (blind)", exact=True)).to_be_visible()
    expect(other.get_by_test_id("reader")).not_to_contain_text("by ann")
    other.keyboard.press("x")
    saved(other)
    by_queue = "select reviewer, queue, count(*) from decision where batch = '' group by 1, 2 order by 1"
    assert stored(folder, by_queue) == [("ann", "random", 6), ("bob", "second", 1)]
    other.context.close()
