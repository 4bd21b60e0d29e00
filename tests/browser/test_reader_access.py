"""The app for people who read by keyboard or by ear: axe-core on every page, and the whole loop without a mouse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from driving import AppServer
from playwright.sync_api import Page, expect
from reading import reader_of, stored, wait_saved, wait_shown

BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 26)"}
HAS_BACKGROUND = """colour => {
  const app = document.querySelector('[data-testid="stApp"]');
  const host = [...document.querySelectorAll("*")].find((element) => element.shadowRoot?.querySelector(".reader"));
  const shown = [app, host?.shadowRoot.querySelector(".reader")].filter(Boolean);
  const isStill = !document.getAnimations().some((a) => a instanceof CSSTransition && a.playState === "running");
  return isStill && shown.every((element) => getComputedStyle(element).backgroundColor === colour);
}"""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def faults(page: Page) -> list[tuple[str, Any]]:
    """Return what axe-core calls serious or critical, with where it is."""
    found = Axe().run(page).response["violations"]
    return [
        (fault["id"], [(node["target"], node["failureSummary"]) for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def faults_by_scheme(page: Page, name: str) -> dict[str, Any]:
    """Return the faults of a page, light and dark, under its name."""
    found = {}
    for scheme, background in BACKGROUNDS.items():
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.wait_for_function(HAS_BACKGROUND, arg=background)
        if seen := faults(page):
            found[f"{name}, {scheme}"] = seen
    return found


def test_no_page_and_no_state_of_the_reader_has_a_serious_fault(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    """Every page; of the reader the side-by-side view, the list of keys, a rejected rollout with a note begun."""
    app = app_server(rollouts)
    found = {}
    for name in ("data", "select", "export", "review"):
        page.goto(f"{app.url}/{name}")
        expect(page.get_by_text("after review").first).to_be_visible(timeout=30_000)
        page.locator(IDLE).wait_for(timeout=30_000)
        found.update(faults_by_scheme(page, name))
    wait_shown(page, 0)
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Prefer this (1)").first).to_be_visible()
    found.update(faults_by_scheme(page, "side by side"))
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found.update(faults_by_scheme(page, "keys"))
    page.keyboard.press("?")
    page.get_by_label("Auto-advance").uncheck()
    page.keyboard.press("x")
    page.keyboard.press("w")
    found.update(faults_by_scheme(page, "a note"))
    assert found == {}
    reader_of(page).evaluate("reader => reader.append(document.createElement('button'))")
    assert [fault for fault, _ in faults(page)] == ["button-name"]


def test_the_loop_works_by_keyboard_alone(app_server: Callable[..., AppServer], page: Page, rollouts: Path) -> None:
    """Tab reaches every part in the order it is read; keys of the reader work from wherever the focus is."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/review")
    wait_shown(page, 0)
    reached: list[str] = []
    reader_of(page).get_by_role("button", name="Next attempt").focus()
    while "Keys" not in reached and len(reached) < 200:
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { let e = document.activeElement; while (e.shadowRoot) e = e.shadowRoot.activeElement;"
                " return e.getAttribute('aria-label') || e.textContent.trim() }"
            )
        )
    expected = ["Compare attempts", "Find", "Copy all", "Turns", "Conversation"]
    assert [name for name in reached if name in expected] == expected
    assert {"1wrong answer", "xReject", "aAccept", "Keys"} <= set(reached), reached
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.keyboard.press("k")
    wait_shown(page, 1)
    wait_saved(page)
    live = reader_of(page).locator(".unseen-live[role=status]")
    expect(live).to_contain_text("accepted by")
    assert [verdict for _, verdict in stored(rollouts)] == ["reject", "accept"]
