"""The trainer's view in a real browser: a template and a limit are chosen, what falls is counted, text stays text."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import AppServer, Seen
from playwright.sync_api import Page, expect

from making import gym, said, write

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **bold** ![x](http://evil.example/?q=1)"
ROLLOUTS = [
    gym("Say it.", HOSTILE),
    gym(output=[said("a"), {"type": "message", "role": "user", "content": "More?"}, said("b" * 9000)]),
    gym("Long.", "c" * 30_000),
]


def select(page: Page, name: str, option: str) -> None:
    """Choose from a list."""
    page.get_by_role("combobox", name=name).click()
    page.get_by_role("option", name=option).click()


def button(page: Page, count: int) -> None:
    """Wait until the button would write so many."""
    words = f"Export {count} example" + ("s" if count != 1 else "")
    expect(page.get_by_role("button", name=words, exact=True)).to_be_visible(timeout=120_000)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 900)])
def test_a_user_sees_what_is_trained_and_keeps_only_what_fits(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path, scheme: str, width: int
) -> None:
    """From the choice of a template to a written file whose rows all fit, with a trim instead of a loss."""
    source = write(tmp_path / "run.jsonl", ROLLOUTS)
    app = app_server(source, "--out-dir", tmp_path)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app.url}/export")
    button(page, 3)
    select(page, "Chat template", "ChatML, no tools")
    pieces = page.locator(".rc-piece")
    expect(pieces.nth(1).locator(".rc-text")).to_contain_text(HOSTILE, timeout=30_000)
    expect(pieces.nth(0).locator(".rc-word")).to_have_text("not trained")
    expect(pieces.nth(1).locator(".rc-word")).to_have_text("trained")
    expect(pieces.nth(0)).to_have_css("border-left-style", "dotted")
    expect(pieces.nth(1)).to_have_css("border-left-style", "solid")

    page.get_by_role("button", name="Next").click()
    expect(pieces).to_have_count(4, timeout=30_000)
    expect(pieces.nth(2).locator(".rc-text")).to_contain_text("<|im_start|>user")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("button", name=re.compile("^Show [0-9,]+ more characters"))).to_be_visible()

    limit = page.get_by_role("spinbutton", name="Max length (tokens)")
    limit.fill("1000")
    limit.press("Enter")
    button(page, 1)
    expect(page.get_by_role("link", name="2 exceed the trainer's max length").last).to_be_visible()
    page.get_by_role("radiogroup", name="exceed the trainer's max length").get_by_text("trim").click()
    button(page, 2)
    page.get_by_role("button", name="Export 2 examples", exact=True).click()
    expect(page.get_by_text("Wrote 2 examples")).to_be_visible(timeout=30_000)
    written = [json.loads(line) for line in (tmp_path / "curated.nemo_rl.jsonl").read_text().splitlines()]
    assert [len(row["messages"]) for row in written] == [2, 2]
    manifest = json.loads((tmp_path / "curated.nemo_rl.jsonl.manifest.json").read_text())
    assert (manifest["counts"]["dropped"], manifest["counts"]["trimmed"]) == ({"over_length": 1}, {"over_length": 1})

    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert page.title() != "owned"
    assert seen.outside(app.url) == []
    assert (seen.console_errors, seen.page_errors) == ([], [])
