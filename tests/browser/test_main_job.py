"""The main job as a new user does it: threshold, reading, rejecting by keys, export, training file."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import AppServer, Seen
from playwright.sync_api import Page, expect

from loaders import nemo_rl_accepts_file
from rollout_curator.export import verify

SAMPLE = Path(__file__).parents[2] / "sample_data"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def number(page: Page, name: str) -> int:
    """Return one of the picker's live numbers."""
    text = page.get_by_test_id("threshold-numbers").get_attribute(f"data-{name}")
    assert text is not None
    return int(text)


def wait_shown(page: Page, position: int) -> str:
    """Wait until the reader shows the rollout at a place of the queue; return its key."""
    reader = page.get_by_test_id("reader")
    expect(reader).to_have_attribute("data-pos", str(position), timeout=30_000)
    expect(reader).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=30_000)
    return str(reader.get_attribute("data-key"))


def wait_saved(page: Page) -> None:
    """Wait until every press is on disk."""
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=15_000)


def stored(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Return rows of the review store."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_new_user_picks_a_threshold_rejects_by_keys_and_exports_what_was_shown(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, rollouts: Path
) -> None:
    """The whole job on a copy of the sample data; the file, the manifest and the database are checked at the end."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/select")
    handle = page.get_by_test_id("threshold-handle")
    expect(handle).to_be_visible(timeout=30_000)
    every = number(page, "rollouts")
    plot = page.get_by_test_id("threshold-plot").bounding_box()
    grip = handle.bounding_box()
    assert plot and grip
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.37, grip["y"] + 40, steps=12)
    page.mouse.up()
    page.wait_for_url(re.compile("min="))
    kept = number(page, "rollouts")
    assert 0 < kept < every

    page.get_by_role("link", name="Review").first.click()
    keys = []
    for n in range(3):
        keys.append(wait_shown(page, n))
        page.keyboard.press("x")
    page.keyboard.press("u")
    wait_saved(page)
    database = rollouts / "curation.sqlite"
    expect(page.get_by_test_id("reader")).to_have_attribute("data-key", keys[2])
    assert stored(database, "select key, verdict from current where verdict = 'reject' order by id") == [
        (keys[0], "reject"),
        (keys[1], "reject"),
    ]
    assert [row[0] for row in stored(database, "select act from decision order by id")] == ["decide"] * 3 + ["undo"]

    page.get_by_role("link", name="Export").first.click()
    button = page.get_by_role("button", name=re.compile(r"^Export [\d,]+ examples"))
    expect(button).to_be_visible(timeout=120_000)
    promised = int(re.sub(r"\D", "", button.inner_text()))
    button.click()
    out = rollouts / "curated.nemo_rl.jsonl"
    manifest = rollouts / "curated.nemo_rl.jsonl.manifest.json"
    expect(page.get_by_text(re.compile("SHA-256|Checksums")).first).to_be_visible(timeout=30_000)
    written = json.loads(manifest.read_bytes())
    lines = out.read_bytes().splitlines()
    assert len(lines) == promised == written["rows"] == written["counts"]["exportable"]
    assert written["counts"]["dropped"]["rejected"] == 2
    assert written["decisions"]["rejected"] == 2
    assert nemo_rl_accepts_file(out) is None
    assert all(check.holds for check in verify(manifest))
    assert seen.outside(app.url) == []
    assert seen.console_errors == []
    assert seen.page_errors == []


def test_twenty_fast_presses_are_twenty_decisions(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path
) -> None:
    """Twenty presses 30 ms apart, as fast as a key repeats."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/review")
    wait_shown(page, 0)
    for _ in range(20):
        page.keyboard.press("x", delay=5)
        page.wait_for_timeout(25)
    wait_shown(page, 20)
    wait_saved(page)
    assert stored(rollouts / "curation.sqlite", "select count(*), count(distinct key) from decision") == [(20, 20)]


def test_the_example_shown_is_the_line_that_is_written(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path, tmp_path: Path
) -> None:
    """What the reader calls exact is compared with the exported file, byte by byte."""
    app = app_server(rollouts)
    with page.expect_response(re.compile("/api/rollouts")) as caught:
        page.goto(f"{app.url}/review")
    shown = caught.value.json()["rollouts"][0]["example"]["line"]
    page.goto(f"{app.url}/export")
    button = page.get_by_role("button", name=re.compile(r"^Export [\d,]+ examples"))
    expect(button).to_be_visible(timeout=30_000)
    button.click()
    expect(page.get_by_text(re.compile("SHA-256|Checksums")).first).to_be_visible(timeout=30_000)
    first = (rollouts / "curated.nemo_rl.jsonl").read_bytes().split(b"\n")[0]
    assert first.decode() == shown.rstrip("\n")


@pytest.mark.parametrize("width", [1440, 900])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["data", "select", "review", "export"])
def test_every_page_fits_its_window(
    shared_app: AppServer, page: Page, seen: Seen, name: str, scheme: str, width: int
) -> None:
    """No page scrolls sideways, none asks anything of another host or complains on the console, the funnel is there."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{shared_app.url}/{name}")
    expect(page.get_by_text("after review").first).to_be_visible(timeout=30_000)
    page.locator(IDLE).wait_for(timeout=30_000)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert seen.outside(shared_app.url) == []
    assert seen.console_errors == []
    assert seen.page_errors == []


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Start one app for the tests that only look."""
    server = AppServer(
        [str(SAMPLE), "--decisions", str(tmp_path_factory.mktemp("d") / "d.sqlite")], tmp_path_factory.mktemp("home")
    )
    server.start()
    yield server
    server.stop()
