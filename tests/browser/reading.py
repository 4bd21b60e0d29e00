"""The reader under test: a copy of the sample data, presses at the speed of a key repeat, what reached the store."""

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from making import gym, write

EVERY_MS = 30
STORE = "curation.sqlite"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Return a folder of 260 rollouts of about 6 KB, no two alike."""
    folder = tmp_path / "collected"
    folder.mkdir()
    write(
        folder / "run.jsonl", (gym(f"Question {n}?", f"Answer {n}. " + "Because it is so. " * 160) for n in range(260))
    )
    return folder


def reader_of(page: Page) -> Locator:
    """Return the reader."""
    return page.get_by_test_id("reader")


def wait_shown(page: Page, position: int | None = None) -> str:
    """Wait until the reader shows a rollout, at a place of the queue if one is given; return its key."""
    if position is not None:
        expect(reader_of(page)).to_have_attribute("data-pos", str(position), timeout=30_000)
    expect(reader_of(page)).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=30_000)
    return str(reader_of(page).get_attribute("data-key"))


def until(page: Page, claim: str, *, timeout_ms: int = 30_000) -> None:
    """Wait until a claim about the element `reader` holds; playwright's own checks read the whole page each time."""
    function = f"reader => {claim}"
    page.wait_for_function(function, arg=reader_of(page).element_handle(), timeout=timeout_ms)


def wait_ahead(page: Page, n_rollouts: int) -> None:
    """Wait until so many rollouts are held ahead of the one that is read."""
    until(page, f"Number(reader.dataset.ahead) >= {n_rollouts}")


def press(page: Page, key: str, times: int, *, every_ms: int = EVERY_MS) -> None:
    """Press a key as fast as it repeats when held."""
    for _ in range(times):
        page.keyboard.press(key)
        page.wait_for_timeout(max(0, every_ms - 5))


def wait_saved(page: Page) -> None:
    """Wait until every press is on disk."""
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=30_000)


def stored(folder: Path, sql: str = "SELECT key, verdict FROM decision ORDER BY id") -> list[tuple[object, ...]]:
    """Return rows of the review store."""
    with sqlite3.connect(f"file:{folder / STORE}?mode=ro", uri=True) as connection:
        return connection.execute(sql).fetchall()


def stored_once(folder: Path) -> tuple[object, ...]:
    """Return how many acts there are, on how many rollouts, with how many numbers of their browsers."""
    sql = "SELECT count(*), count(DISTINCT key), count(DISTINCT client || seq) FROM decision"
    return stored(folder, sql)[0]


def stored_place(page: Page) -> tuple[str, int]:
    """Return the key that the address names, once it is the one shown, and its place."""
    key = wait_shown(page)
    expect(page).to_have_url(re.compile(f"key={key}"))
    return key, int(str(reader_of(page).get_attribute("data-pos")))
