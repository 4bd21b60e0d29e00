"""A turn is marked "do not train": by the key, at the turn, seen in the example, exported as a mask, undone."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from driving import AppServer, Seen
from playwright.sync_api import Page, expect
from test_reader_access import faults

from making import call, rows_of, write

RECIPE = 'target = "nemo_rl"\n[options]\nmarks = "message_loss_mask"\n'


def turns(n: int) -> list[dict[str, object]]:
    """Return a talk of n questions and answers, each as long as some screens."""
    told = [{"role": "user", "content": "Begin."}, {"role": "assistant", "content": "Begun."}]
    for at in range(1, n):
        told += [
            {"role": "user", "content": f"Question {at}?\n" * 30},
            {"role": "assistant", "content": f"Answer {at}."},
        ]
    return told


def opened(
    tmp_path: Path, app_server: Callable[..., AppServer], page: Page, n: int = 3, recipe: str = RECIPE
) -> AppServer:
    folder = tmp_path / "talks"
    folder.mkdir()
    write(folder / "talks.jsonl", [{"messages": turns(n), "reward": 1.0}, {"messages": turns(2), "reward": 1.0}])
    (tmp_path / "recipe.toml").write_text(recipe)
    app = app_server(folder, "--recipe", tmp_path / "recipe.toml", "--reviewer", "ann")
    page.goto(f"{app.url}/review")
    expect(page.get_by_test_id("reader")).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=30_000)
    return app


def saved(page: Page) -> None:
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved", timeout=15_000)


def acts(tmp_path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{tmp_path / 'talks' / 'curation.sqlite'}?mode=ro", uri=True) as connection:
        return connection.execute("SELECT act, verdict, item, reviewer FROM decision ORDER BY id").fetchall()


def masks(tmp_path: Path) -> list[object]:
    out = tmp_path / "out.jsonl"
    done = call("export", tmp_path / "talks", "--recipe", tmp_path / "recipe.toml", "--out", out)
    assert (done.code, done.err) == (0, "")
    assert call("verify", f"{out}.manifest.json").code == 0
    return [row.get("message_loss_mask") for row in rows_of(out)]


def test_a_turn_is_marked_by_the_key_seen_in_the_example_exported_and_undone(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path
) -> None:
    app = opened(tmp_path, app_server, page)
    fate = page.locator('.turn[data-n="4"] .fate')
    expect(fate).to_have_text("trained")
    for _ in range(3):
        page.keyboard.press("n")
    page.keyboard.press("m")
    expect(fate).to_have_text("not trained: marked by you")
    expect(page.get_by_text("turn 4 is not trained", exact=True).first).to_be_visible()
    saved(page)
    page.keyboard.press("v")
    example = page.locator(".side .json")
    expect(example).to_contain_text(
        re.compile(r'"message_loss_mask": \[\s*0,\s*1,\s*0,\s*0,\s*0,\s*1\s*\]'), timeout=15_000
    )
    expect(page.locator('.message[data-trained="marked"]')).to_have_attribute("data-message", "3")
    expect(page.locator('.turn[data-n="2"] .fate')).to_have_text("trained")
    expect(page.get_by_text("1 answer not trained", exact=True).first).to_be_visible()
    assert faults(page) == []
    assert acts(tmp_path) == [("decide", "mark", 3, "ann")]
    assert masks(tmp_path) == [[0, 1, 0, 0, 0, 1], None]

    page.keyboard.press("u")
    expect(fate).to_have_text("trained")
    saved(page)
    expect(example).not_to_contain_text("message_loss_mask", timeout=15_000)
    assert acts(tmp_path) == [("decide", "mark", 3, "ann"), ("undo", "clear", 3, "ann")]
    assert masks(tmp_path) == [None, None]
    page.keyboard.press("U")
    expect(fate).to_have_text("not trained: marked by you")
    page.locator('.turn[data-n="4"]').hover()
    page.get_by_role("button", name="Do not train turn 4", exact=True).click()
    expect(fate).to_have_text("trained")
    saved(page)
    assert acts(tmp_path)[2:] == [("redo", "mark", 3, "ann"), ("decide", "clear", 3, "ann")]
    assert (seen.outside(app.url), seen.console_errors, seen.page_errors) == ([], [], [])


def test_a_target_without_marks_leaves_the_rollout_out_and_the_page_says_so(
    app_server: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    opened(tmp_path, app_server, page, recipe='target = "trl"\ndrop = ["marked_turns"]\n')
    fate = page.locator('.turn[data-n="2"] .fate')
    expect(fate).to_have_text("trained")
    page.locator('.turn[data-n="2"]').hover()
    page.get_by_role("button", name="Do not train turn 2", exact=True).click()
    saved(page)
    expect(page.locator(".side")).to_contain_text("not exported", timeout=15_000)
    expect(page.locator(".side")).to_contain_text("answers that are marked as not to be trained")
    expect(fate).to_have_text("not trained: marked by you")
    expect(page.get_by_text(re.compile("^dropped: has answers that are marked")).first).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("u")
    expect(page.locator(".side .json")).to_contain_text("Begun.", timeout=15_000)
    expect(fate).to_have_text("trained")


def test_twenty_marks_in_600_ms_are_all_on_disk_after_a_kill(
    app_server: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    """Each press goes to the next answer and marks it; the server is killed once the page says saved."""
    app = opened(tmp_path, app_server, page, n=20)
    page.get_by_test_id("reader").evaluate(
        """async () => {
          const how = { bubbles: true, composed: true };
          const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, ...how }));
          for (let at = 0; at < 20; at += 1) {
            press("n"); press("m"); press("n");
            await new Promise((done) => setTimeout(done, 28));
          }
        }"""
    )
    saved(page)
    app.kill()
    assert acts(tmp_path) == [("decide", "mark", 2 * at + 1, "ann") for at in range(20)]


def test_what_the_data_mark_is_shown_and_stays(
    app_server: Callable[..., AppServer], page: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "talks"
    folder.mkdir()
    talk = turns(2)
    talk[1]["weight"] = 0
    write(folder / "talks.jsonl", [{"messages": talk}])
    (tmp_path / "recipe.toml").write_text(RECIPE)
    app = app_server(folder, "--recipe", tmp_path / "recipe.toml", "--reviewer", "ann")
    page.goto(f"{app.url}/review")
    expect(page.locator('.turn[data-n="2"] .fate')).to_have_text("not trained: marked in the data", timeout=30_000)
    page.keyboard.press("n")
    page.keyboard.press("m")
    expect(page.get_by_text("turn 2 is marked in the data; data is never changed", exact=True).first).to_be_visible()
    assert acts(tmp_path) == []
