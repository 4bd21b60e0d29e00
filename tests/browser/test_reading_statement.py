"""The statement line by line while one reads in a browser: a plan, a skip, a comparison, a bulk decision, a dispute."""

import re
from collections.abc import Callable
from pathlib import Path

from driving import AppServer, Seen
from playwright.sync_api import Page, expect
from test_reviewing import IDLE, called, opened, saved, stored

from making import gym, write
from rollout_curator.decisions import Decisions, Entry


def says(page: Page, words: str) -> None:
    expect(page.get_by_text(re.compile(words)).first).to_be_visible(timeout=40_000)


def pressed(page: Page, keys: str) -> None:
    """Press keys, each once the reader has moved on."""
    for key in keys:
        before = page.get_by_test_id("reader").get_attribute("data-key")
        page.keyboard.press(key)
        expect(page.get_by_test_id("reader")).not_to_have_attribute("data-key", str(before), timeout=15_000)
    saved(page)


def at_random(page: Page, app: AppServer) -> None:
    opened(page, f"{app.url}/review?min=0.5&queue=random")
    page.get_by_test_id("reader").click(position={"x": 300, "y": 8})


def test_the_statement_says_what_happened_line_by_line(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path
) -> None:
    folder = tmp_path / "collected"
    folder.mkdir()
    lines = [gym(f"Question {n % 50}?", f"Answer {n}", _ng_task_index=n % 50) for n in range(150)]
    write(folder / "run.jsonl", lines)
    app = app_server(folder, "--reviewer", "ann")

    at_random(page, app)
    called(page, "ann")
    says(page, "^None of the 150 selected has been read at random yet, so nothing is known of the kept")
    says(page, r"^46 reads, 0 bad: meets 5 %; passes \d+ % of the time when 2 % are bad")
    page.get_by_role("button", name="Plan 46 reads, 0 bad").click()
    says(page, "^Plan for this selection: 46 reads at random, 0 bad")
    page.locator(IDLE).wait_for()

    page.get_by_test_id("reader").click(position={"x": 300, "y": 8})
    pressed(page, "aaaaaaaa")
    says(page, r"^8 of the 150 selected read at random, 0 bad: .* A plan of 46 reads is under way")
    pressed(page, "jaa")
    says(page, "^The sample ends at a rollout that nobody has judged by itself in the random order. 2 read after it")
    at_random(page, app)  # it opens where the sample ends
    pressed(page, "x")
    says(page, "^11 of the 150 selected read at random, 1 bad:")

    at_random(page, app)
    page.keyboard.press("b")
    lanes = page.get_by_test_id("lanes")
    expect(lanes.locator(".lane-head").nth(1)).to_be_visible(timeout=15_000)
    lanes.get_by_label("reject the others shown").check()
    page.keyboard.press("1")
    saved(page)
    says(page, r"^\d+ (was|were) rejected in bulk or not chosen in a comparison: out of the set, as if by a rule")
    assert {way for (way,) in stored(folder, "select distinct way from decision where id > 11")} == {"compared"}
    says(page, "^11 of the 14[89] selected read at random, 1 bad:")

    with Decisions.open(folder / "curation.sqlite") as store:
        rejected = [act.key for act in store.singles() if act.verdict == "reject" and act.way == "read"]
        store.record([Entry(rejected[0], "accept", reviewer="bob", queue="second", way="read")])
    at_random(page, app)
    says(page, "^1 of the sample is kept although somebody rejected it: bad until settled")
    says(page, "^11 of the 14[89] selected read at random, 1 bad:")
    assert seen.page_errors == []
