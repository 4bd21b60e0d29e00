"""The frame in a real browser: a task is known by its words, opened and saved; files and old addresses lead on."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from driving import IDLE, AppServer, Seen
from playwright.sync_api import Page, expect

from making import gym, write

TASKS = ["Translate the ferry timetable.", "Count the harbour lights.", "Name the tide that floods the pier."]
HEAD_PX = ROW_PX = 35


@pytest.fixture
def app(app_server: Callable[..., AppServer], tmp_path: Path) -> AppServer:
    """Start the app on two files: three tasks with two attempts each, one task whose file has a broken line too."""
    (folder := tmp_path / "harbour").mkdir()
    lines = [gym(task, f"Answer {n} of {task[:9]}", n / 2) for task in TASKS for n in (1, 2)]
    write(folder / "clean.jsonl", lines)
    write(folder / "torn.jsonl", [gym("Mend the net.", "=SUM(1)", 0.3), "no json"])
    return app_server(folder, "--out-dir", tmp_path)


def opened(page: Page, app: AppServer, address: str) -> None:
    """Open a page and wait until it is drawn."""
    page.goto(f"{app.url}/{address}")
    expect(page.locator(".st-key-funnel")).to_be_visible(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)


def choose_row(page: Page, words: str) -> None:
    """Press the box at the left of the row of a table that holds these words."""
    table = page.get_by_test_id("stDataFrame").last
    cell = table.locator('[role="gridcell"]').filter(has_text=re.compile(f"^{re.escape(words)}$")).first
    expect(cell).to_be_attached()
    row = int(cell.locator("xpath=..").get_attribute("aria-rowindex") or 0) - 2
    table.scroll_into_view_if_needed()
    drawn = table.bounding_box()
    assert drawn is not None
    page.mouse.click(drawn["x"] + 15, drawn["y"] + HEAD_PX + row * ROW_PX + ROW_PX // 2)


def query(page: Page) -> dict[str, list[str]]:
    """Return the parameters of the address."""
    return parse_qs(urlparse(page.url).query)


@pytest.mark.skip(reason="a row is chosen by its pixels in a drawn grid: not yet shown to be reliable")
def test_a_task_is_known_by_its_words_and_leads_to_its_rollouts_and_to_the_reader(
    app: AppServer, page: Page, seen: Seen, tmp_path: Path
) -> None:
    opened(page, app, "select?section=tasks")
    choose_row(page, TASKS[1])
    expect(page.locator(".st-key-opened")).to_contain_text("2 rollouts", timeout=30_000)
    assert query(page)["section"] == ["rollouts"]

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "rollouts.csv")
    rows = list(csv.DictReader((tmp_path / "rollouts.csv").open(newline="")))
    assert [(row["task"], row["answer"], row["reward"]) for row in rows] == [
        (TASKS[1], "Answer 1 of Count the", "0.5"),
        (TASKS[1], "Answer 2 of Count the", "1.0"),
    ]

    page.locator(IDLE).wait_for(timeout=30_000)
    choose_row(page, "Answer 2 of Count the")
    expect(page.get_by_test_id("reader")).to_contain_text(TASKS[1], timeout=60_000)
    expect(page.get_by_test_id("reader")).to_contain_text("Answer 2 of Count the")
    assert (seen.outside(app.url), seen.console_errors, seen.page_errors) == ([], [], [])


@pytest.mark.skip(reason="a row is chosen by its pixels in a drawn grid: not yet shown to be reliable")
def test_a_row_of_a_file_leads_to_select_filtered_by_that_file(app: AppServer, page: Page, seen: Seen) -> None:
    opened(page, app, "data?min=0.2")
    choose_row(page, "torn.jsonl")
    page.wait_for_url(re.compile("/select.*where="), timeout=30_000)
    assert (query(page)["where"], query(page)["min"]) == (["source==torn.jsonl"], ["0.2"])
    expect(page.locator(".st-key-funnel")).to_contain_text("1 kept", timeout=30_000)
    assert (seen.outside(app.url), seen.console_errors, seen.page_errors) == ([], [], [])


@pytest.mark.parametrize(("before", "now"), [("sources", "data"), ("rewards", "select")])
def test_an_old_address_leads_on_with_all_its_parameters(app: AppServer, page: Page, before: str, now: str) -> None:
    opened(page, app, f"{before}?min=0.4&max=0.9&where=tokens%3D1.0..&target=trl")
    page.wait_for_url(re.compile(f"/{now}\\?"), timeout=30_000)
    assert query(page) == {"min": ["0.4"], "max": ["0.9"], "where": ["tokens=1.0.."], "target": ["trl"]}
    expect(page.locator(".st-key-funnel")).to_contain_text("3 kept", timeout=30_000)


def test_the_bar_at_the_top_names_the_product(app: AppServer, page: Page) -> None:
    opened(page, app, "select")
    expect(page.get_by_test_id("stHeaderLogo")).to_be_visible()
    assert page.title() in ("rollout-curator", "Select")
    expect(page.get_by_role("link", name="harbour (2 files)")).to_be_visible()
