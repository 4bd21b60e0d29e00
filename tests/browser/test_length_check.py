"""The check of lengths in a real browser: seen without being asked for, and resolved by Raise, Drop and Trim."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driving import AppServer, Seen
from playwright.sync_api import Page, expect

from making import gym, said, write

MORE = {"type": "message", "role": "user", "content": "More?"}
ROLLOUTS = [gym(), gym("Long.", "c" * 30_000), gym("Twice.", output=[said("a"), MORE, said("b" * 30_000)])]
EXCEED = "2 of 3 exceed 1,024 tokens (NeMo RL default, estimated): fully masked"


def button(page: Page, count: int) -> None:
    """Wait until the button would write so many."""
    words = f"Export {count} example" + ("s" if count != 1 else "")
    expect(page.get_by_role("button", name=words, exact=True)).to_be_visible(timeout=120_000)


def choose(page: Page, choice: str) -> None:
    """Choose what happens to examples that exceed the limit."""
    page.get_by_role("radiogroup", name="exceed the trainer's max length").get_by_text(choice).click()


def verdict(page: Page, words: str) -> None:
    """Wait until the verdict above the button says this of the checks."""
    expect(page.locator(".st-key-verdict")).to_contain_text(re.compile(words), timeout=30_000)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 900)])
def test_what_exceeds_the_default_is_seen_and_resolved_three_ways(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path, scheme: str, width: int
) -> None:
    """Drop, trim and keep change what would be written; raised, all are written and the config carries the number."""
    folder = tmp_path / "runs"
    folder.mkdir()
    write(folder / "run.jsonl", ROLLOUTS)
    app = app_server(folder, "--out-dir", tmp_path)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app.url}/export")
    button(page, 3)
    expect(page.get_by_role("link", name=EXCEED)).to_be_visible()
    verdict(page, r"Checks: 1 failed \(too long\), 4 passed")

    choose(page, "drop")
    button(page, 1)
    verdict(page, "Checks: 0 failed, 5 passed")
    choose(page, "trim")
    button(page, 2)
    verdict(page, "Checks: 0 failed, 5 passed")
    choose(page, "keep")
    button(page, 3)
    expect(page.get_by_role("link", name=EXCEED)).to_be_visible()

    page.get_by_role("button", name="Raise to 6,144").click()
    verdict(page, "Checks: 0 failed, 5 passed")
    expect(page.get_by_role("spinbutton", name="Max length (tokens)")).to_have_value("6144")
    page.get_by_role("button", name="Export 3 examples", exact=True).click()
    expect(page.get_by_text("Wrote 3 examples")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("max_total_sequence_length: 6144")).to_be_visible()
    expect(page.locator(".st-key-result").get_by_text(f"rollout-curator export {folder} --out")).to_be_visible()
    manifest: dict[str, Any] = json.loads((tmp_path / "curated.nemo_rl.jsonl.manifest.json").read_text())
    assert (manifest["max_length"]["limit"], manifest["max_length"]["exceed"], manifest["rows"]) == (6144, 0, 3)

    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert seen.outside(app.url) == []
    assert (seen.console_errors, seen.page_errors) == ([], [])
