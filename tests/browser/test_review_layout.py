"""The room on the Review page: how high the reading pane is, what may scroll, where findings and the bound stand."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from driving import AppServer, Seen
from playwright.sync_api import Page, expect
from reading import reader_of, stored, wait_saved, wait_shown
from test_reader_access import faults

from making import gym, write

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
MAIN = "document.querySelector('[data-testid=\"stMain\"]')"


def opened(page: Page, url: str) -> str:
    page.goto(url)
    key = wait_shown(page)
    page.locator(IDLE).wait_for(timeout=30_000)
    return key


def heights(page: Page) -> dict[str, float]:
    """Return how high the reading pane, the header, the foot and the bar are, and how far the page could scroll."""
    boxes = {name: reader_of(page).locator(f".{name}").bounding_box() for name in ("talk", "head", "foot")}
    boxes["bar"] = page.locator(".st-key-review-bar").bounding_box()
    found = {name: box["height"] for name, box in boxes.items() if box is not None}
    return {**found, "scrolls": page.evaluate(f"{MAIN}.scrollHeight - {MAIN}.clientHeight")}


def test_the_pane_is_640_of_900_pixels_high_wide_and_narrow(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    app = app_server(rollouts)
    for width in (1440, 900):
        page.set_viewport_size({"width": width, "height": 900})
        opened(page, f"{app.url}/review?queue=random")
        found = heights(page)
        assert found["talk"] >= 640, found
        assert max(found["head"], found["foot"], found["bar"]) <= 44, found
        assert found["scrolls"] == 0


def test_neither_a_jump_nor_a_new_queue_moves_the_page(
    app_server: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    """In a window too low for everything: `f` moves the pane alone, another queue begins at the top."""
    folder = tmp_path / "collected"
    folder.mkdir()
    shared = "The same beginning. " * 400
    write(folder / "run.jsonl", [gym(shared, f"Answer {n}.", 1.0, _ng_task_index=0) for n in range(3)])
    app = app_server(folder)
    page.set_viewport_size({"width": 1440, "height": 560})
    opened(page, f"{app.url}/review?queue=all")
    page.evaluate(f"{MAIN}.scrollTop = 40")
    page.keyboard.press("f")
    expect(reader_of(page).locator(".last")).to_contain_text("first difference")
    assert reader_of(page).locator(".talk").evaluate("talk => talk.scrollTop") > 0
    assert page.evaluate(f"{MAIN}.scrollTop") == 40
    page.get_by_role("button", name=re.compile("random reviews")).click()
    page.get_by_role("link", name=re.compile("^Review 3 more at random")).click()
    expect(page).to_have_url(re.compile("queue=random"), timeout=30_000)
    page.wait_for_function(f"{MAIN}.scrollTop === 0")


def test_findings_stand_in_place_of_the_reader_and_lead_back_to_it(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, rollouts: Path
) -> None:
    app = app_server(rollouts)
    opened(page, f"{app.url}/review?queue=all")
    page.keyboard.press("j")
    key = wait_shown(page, 1)
    expect(page).to_have_url(re.compile(key))
    page.get_by_text("Findings", exact=True).click()
    expect(page).to_have_url(re.compile("findings=rewards"), timeout=30_000)
    expect(reader_of(page)).to_have_count(0, timeout=30_000)
    page.keyboard.press("x")
    page.get_by_text("Read", exact=True).click()
    assert wait_shown(page, 1) == key
    assert (stored(rollouts), seen.page_errors) == ([], [])


def test_the_example_is_text_json_or_the_line_that_is_written(
    app_server: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    """Line breaks are line breaks in text; `v` changes the shape, which a reload keeps; the line is byte for byte."""
    folder = tmp_path / "collected"
    folder.mkdir()
    write(folder / "run.jsonl", [gym("One\nline?", "Two\n\nlines, and a\ttab.", 1.0)])
    app = app_server(folder)
    with page.expect_response(re.compile("/api/rollouts")) as caught:
        opened(page, f"{app.url}/review?queue=all")
    line = caught.value.json()["rollouts"][0]["example"]["line"]
    shown = reader_of(page).locator(".side .json")
    expect(shown).to_contain_text("Two\n\nlines, and a\ttab.")
    expect(shown).not_to_contain_text("\\n")
    page.keyboard.press("v")
    expect(shown).to_contain_text('"content": "Two\\n\\nlines, and a\\ttab."')
    page.keyboard.press("v")
    assert shown.evaluate("box => box.textContent") == line
    page.reload()
    wait_shown(page)
    expect(shown).to_have_attribute("data-shape", "line")


def test_those_passed_over_stay_kept_until_they_are_rejected_from_the_toast(
    app_server: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "collected"
    folder.mkdir()
    lines = [gym(answer=f"Answer {n}.", reward=1.0, _ng_task_index=n // 3) for n in range(5)]
    write(folder / "run.jsonl", lines)
    app = app_server(folder)
    first = opened(page, f"{app.url}/review?queue=all")
    page.keyboard.press("b")
    page.get_by_role("button", name="Prefer this (1)", exact=True).click()
    wait_shown(page, 3)
    assert faults(page) == []
    page.get_by_role("button", name="Reject them").click()
    expect(reader_of(page).locator(".last")).to_have_text("2 other attempts rejected")
    wait_saved(page)
    verdicts = stored(folder)
    assert verdicts[0] == (first, "accept")
    assert [verdict for _, verdict in verdicts[1:]] == ["reject", "reject"]


def test_facts_and_key_stand_behind_one_button_and_the_key_can_be_copied(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    app = app_server(rollouts)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    key = opened(page, f"{app.url}/review?queue=all")
    reader = reader_of(page)
    expect(reader.locator(".details")).to_be_hidden()
    reader.get_by_role("button", name=re.compile("Details|score")).click()
    expect(reader.locator(".details")).to_contain_text(key)
    expect(reader.locator(".details")).to_contain_text("Ended")
    reader.get_by_role("button", name="Copy key").click()
    page.wait_for_function("key => navigator.clipboard.readText().then((text) => text === key)", arg=key)


CONTRAST = """([text, ground]) => {
    const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const light = colour => { const [r, g, b] = parts(colour).map(v => linear(v / 255));
        return .2126 * r + .7152 * g + .0722 * b };
    const [high, low] = [light(text), light(ground)].sort((a, b) => b - a);
    return (high + .05) / (low + .05) }"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_and_the_button_that_opened_it_can_be_read_in_light_and_dark(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path, scheme: Literal["light", "dark"]
) -> None:
    """Popovers lie outside the element that says whether the page is dark."""
    page.emulate_media(color_scheme=scheme)
    opened(page, f"{app_server(rollouts).url}/review?queue=random")
    button = page.locator(".st-key-bound").get_by_test_id("stPopoverButton")
    button.click()
    caption = page.get_by_test_id("stPopoverBody").get_by_test_id("stCaptionContainer").first
    expect(caption).to_be_visible(timeout=30_000)
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    for one in (caption, button):
        ink = one.evaluate("e => getComputedStyle(e).color")
        assert page.evaluate(CONTRAST, [ink, ground]) >= 4.5, ink


def test_the_choices_above_an_export_stand_on_one_line(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    """Their labels, and below them boxes and switches of one height; at 1440 pixels."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{app_server(rollouts).url}/export")
    row = page.locator(".st-key-export-top")
    expect(row.get_by_role("radio", name="DPO pairs")).to_be_visible(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=30_000)
    labels = row.get_by_test_id("stWidgetLabel").evaluate_all("all => all.map(e => e.getBoundingClientRect().bottom)")
    switches = row.get_by_role("radio").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    box = row.get_by_test_id("stSelectbox").first.get_by_role("group").bounding_box()
    assert (len(labels), max(labels) - min(labels) < 1) == (5, True)
    assert box is not None
    assert max(abs(height - box["height"]) for height in switches) <= 4
