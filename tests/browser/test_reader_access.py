"""The app for people who read by keyboard or by ear: axe-core on every page, and the whole loop without a mouse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from driving import AppServer
from playwright.sync_api import Page, expect
from reading import reader_of, rollouts, stored, wait_saved, wait_shown

__all__ = ["rollouts"]
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def faults(page: Page) -> list[tuple[str, Any]]:
    """Return what axe-core calls serious or critical, with where it is."""
    found = Axe().run(page).response["violations"]
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_and_no_state_of_the_reader_has_a_serious_fault(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path, scheme: str
) -> None:
    """Every page; of the reader the side-by-side view, the list of keys, a rejected rollout with a note begun."""
    app = app_server(rollouts)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = {}
    for name in ("sources", "rewards", "export", "review"):
        page.goto(f"{app.url}/{name}")
        expect(page.get_by_text("exportable").first).to_be_visible(timeout=30_000)
        page.locator(IDLE).wait_for(timeout=30_000)
        found[name] = faults(page)
    wait_shown(page, 0)
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="keep this one").first).to_be_visible()
    found["side by side"] = faults(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found["keys"] = faults(page)
    page.keyboard.press("?")
    page.get_by_label("move on").uncheck()
    page.keyboard.press("x")
    page.keyboard.press("w")
    found["a note"] = faults(page)
    assert {name: fault for name, fault in found.items() if fault} == {}
    reader_of(page).evaluate("reader => reader.append(document.createElement('button'))")
    assert [fault for fault, _ in faults(page)] == ["button-name"]


def test_the_loop_works_by_keyboard_alone(app_server: Callable[..., AppServer], page: Page, rollouts: Path) -> None:
    """Tab reaches every part in the order it is read; keys of the reader work from wherever the focus is."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/review")
    wait_shown(page, 0)
    reached: list[str] = []
    reader_of(page).get_by_role("button", name="next attempt").focus()
    while "?keys" not in reached and len(reached) < 200:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { let e = document.activeElement; while (e.shadowRoot) e = e.shadowRoot.activeElement;"
                " return e.getAttribute('aria-label') || e.textContent.trim() }"
            )
        )
    expected = ["bcompare attempts", "find", "copy all", "turns", "conversation"]
    assert [name for name in reached if name in expected] == expected
    assert {"1wrong answer", "xreject", "aaccept", "?keys"} <= set(reached), reached
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.keyboard.press("k")
    wait_shown(page, 1)
    wait_saved(page)
    live = reader_of(page).locator(".unseen-live[role=status]")
    expect(live).to_contain_text("accepted by")
    assert [verdict for _, verdict in stored(rollouts)] == ["reject", "accept"]
