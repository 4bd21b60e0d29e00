"""The reader as a reviewer uses it: reasons, notes, keys, attempts, marks in place, links, what others decided."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import AppServer, Seen
from playwright.sync_api import Locator, Page, expect
from reading import STORE, reader_of, stored, until, wait_ahead, wait_saved, wait_shown

from making import gym, said, write
from rollout_curator.decisions.store import Decisions, Entry

REASONS = "SELECT verdict, reasons, note FROM decision ORDER BY id"
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Two and two."}]}


@pytest.fixture
def opened(app_server: Callable[..., AppServer], page: Page, seen: Seen) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the Review page on a folder or file; nothing may go wrong on it."""

    def open_on(path: Path, query: str = "queue=all") -> Page:
        app = app_server(path)
        page.goto(f"{app.url}/review?{query}")
        wait_shown(page)
        return page

    yield open_on
    assert seen.page_errors == []


@pytest.fixture
def attempts(tmp_path: Path) -> Path:
    """Return a folder with three attempts at one task and one at another; the second attempt was cut short."""
    folder = tmp_path / "collected"
    folder.mkdir()
    answers = [("The answer is surely four.", 1.0), ("The answer is surely five.", 0.0), ("Four.", 1.0)]
    lines = [gym(answer=answer, reward=reward, _ng_task_index=0) for answer, reward in answers]
    write(folder / "run.jsonl", [*lines, gym("Another?", "Yes.", 1.0, _ng_task_index=1)])
    return folder


def button(page: Page, name: str) -> Locator:
    """Return a button of the reader."""
    return reader_of(page).get_by_role("button", name=name)


def test_reasons_and_notes_go_with_the_verdict_or_are_added_to_it(opened: Callable[..., Page], rollouts: Path) -> None:
    """Given before the verdict they survive a reload; a digit on a rejection that stands is recorded at once."""
    page = opened(rollouts)
    key = wait_shown(page, 0)
    page.keyboard.press("2")
    page.keyboard.press("w")
    page.keyboard.type("xaj typed, not pressed")
    page.keyboard.press("Enter")
    expect(reader_of(page).locator(".note-badge")).to_have_text(
        "draft note (saved with your decision): xaj typed, not pressed"
    )
    page.reload()
    assert wait_shown(page, 0) == key
    expect(button(page, "reward hack")).to_have_attribute("aria-pressed", "true")
    button(page, "keys").wait_for()
    page.keyboard.press("x")
    wait_shown(page, 1)
    page.keyboard.press("k")
    page.keyboard.press("1")
    page.keyboard.press("2")
    expect(button(page, "wrong answer")).to_have_attribute("aria-pressed", "true")
    wait_saved(page)
    wait_shown(page, 0)
    note = "xaj typed, not pressed"
    assert stored(rollouts, REASONS) == [
        ("reject", '["reward_hack"]', note),
        ("reject", '["reward_hack", "wrong_answer"]', note),
        ("reject", '["wrong_answer"]', note),
    ]


def test_a_key_can_be_changed_and_single_keys_turned_off(opened: Callable[..., Page], rollouts: Path) -> None:
    """What was chosen is shown, holds after a reload, and the old key means nothing any more."""
    page = opened(rollouts)
    wait_shown(page, 0)
    page.keyboard.press("?")
    button(page, "Change the key for reject").click()
    page.keyboard.press("a")
    expect(reader_of(page).get_by_text("a is already used for accept")).to_be_visible()
    button(page, "Change the key for reject").click()
    page.keyboard.press("q")
    expect(reader_of(page).get_by_text("q now means reject")).to_be_visible()
    page.keyboard.press("?")
    page.reload()
    wait_shown(page, 0)
    expect(button(page, "reject")).to_have_attribute("aria-keyshortcuts", "q")
    page.keyboard.press("x")
    page.keyboard.press("Control+q")
    page.keyboard.press("q")
    wait_shown(page, 1)
    page.keyboard.press("?")
    reader_of(page).get_by_label("Disable single-key shortcuts").check()
    page.keyboard.press("?")
    page.keyboard.press("q")
    page.keyboard.press("j")
    button(page, "next").last.click()
    wait_shown(page, 2)
    wait_saved(page)
    assert [verdict for _, verdict in stored(rollouts)] == ["reject"]


def test_a_reason_that_waits_is_told_when_the_rollout_is_accepted(opened: Callable[..., Page], rollouts: Path) -> None:
    page = opened(rollouts)
    wait_shown(page, 0)
    page.keyboard.press("1")
    page.keyboard.press("a")
    wait_shown(page, 1)
    said = reader_of(page).locator(".last")
    expect(said).to_have_text("✓ #1 accepted; its reason was not saved: reasons go with a rejection")
    page.keyboard.press("a")
    wait_shown(page, 2)
    expect(said).to_have_text("✓ #2 accepted")
    wait_saved(page)
    assert stored(rollouts, REASONS) == [("accept", "[]", ""), ("accept", "[]", "")]


def test_the_attempt_that_is_kept_is_chosen_over_the_others(opened: Callable[..., Page], attempts: Path) -> None:
    """Three lanes, the first difference marked to the letter; the choice is on disk with the keys of the others."""
    page = opened(attempts)
    first = wait_shown(page, 0)
    page.keyboard.press("b")
    lanes = page.get_by_test_id("lanes")
    expect(lanes.locator(".lane-head")).to_have_count(3)
    expect(lanes.locator(".lane-head .reward")).to_have_text(["1.00", "0.00", "1.00"])
    expect(lanes.get_by_text("first difference: turn 2")).to_be_visible()
    lanes.get_by_role("button", name="attempt 3, reward 1.00").click()
    expect(lanes.locator(".from-here")).to_have_count(2)
    page.keyboard.press("x")
    page.keyboard.press("1")
    wait_shown(page, 3)  # the next task, not an attempt that was passed over
    expect(lanes).to_be_hidden()
    expect(reader_of(page).locator(".last")).to_contain_text("attempt 1 preferred over 2; others stay kept")
    wait_saved(page)
    page.keyboard.press("k")
    page.keyboard.press("k")
    second = wait_shown(page, 1)
    assert stored(attempts, REASONS) == [("accept", f'["chosen", "chosen-over:{second}"]', "")]
    page.keyboard.press("b")
    lanes.get_by_label("Also reject the other attempts shown").check()
    page.keyboard.press("2")
    wait_shown(page, 3)
    page.keyboard.press("k")
    third = wait_shown(page, 2)
    wait_saved(page)
    expect(reader_of(page).get_by_text("accepted by").first).to_contain_text("preferred over 2 other attempts")
    rows = stored(attempts, "SELECT key, verdict, reasons FROM decision WHERE id > 1 ORDER BY id")
    assert rows == [
        (third, "accept", f'["chosen", "chosen-over:{second}", "chosen-over:{first}"]'),
        (second, "reject", '["not-chosen"]'),
        (first, "reject", '["not-chosen"]'),
    ]


def test_the_next_attempt_opens_also_when_it_is_not_in_the_queue(opened: Callable[..., Page], attempts: Path) -> None:
    """In the queue of those at 0.5 or more the second attempt is missing; it can be read and decided all the same."""
    page = opened(attempts, "min=0.5")
    wait_shown(page, 0)
    page.keyboard.press("o")
    expect(reader_of(page).get_by_text("not in this queue")).to_be_visible()
    expect(reader_of(page)).to_contain_text("surely five")
    page.keyboard.press("f")
    expect(reader_of(page).locator(".last")).to_have_text("first difference from attempt 1: turn 2")
    page.keyboard.press("a")
    wait_shown(page, 0)
    expect(reader_of(page)).to_contain_text("surely four")
    page.keyboard.press("u")
    expect(reader_of(page)).to_contain_text("surely five")
    page.keyboard.press("j")
    wait_shown(page, 1)
    expect(reader_of(page)).to_contain_text("Four.")
    wait_saved(page)
    assert stored(attempts, "SELECT act, verdict FROM decision ORDER BY id") == [
        ("decide", "accept"),
        ("undo", "clear"),
    ]


def test_an_undo_outside_the_queue_says_which_and_shows_it(opened: Callable[..., Page], attempts: Path) -> None:
    """Decided in one queue, taken back in another that holds nothing, after a reload."""
    page = opened(attempts)
    wait_shown(page, 0)
    page.keyboard.press("j")
    page.keyboard.press("a")
    wait_saved(page)
    page.goto(page.url.split("?")[0] + "?queue=agent-none&min=0.5")
    expect(reader_of(page).get_by_text("No rollouts in this queue.")).to_be_visible(timeout=30_000)
    page.keyboard.press("u")
    expect(reader_of(page).get_by_text("Undone: run.jsonl:2 is undecided again")).to_be_visible()
    button(page, "Review").click()
    expect(reader_of(page)).to_contain_text("surely five")


def test_what_an_example_takes_and_leaves_out_is_marked_in_place(opened: Callable[..., Page], tmp_path: Path) -> None:
    """Each turn says what becomes of it and leads to its message; each gap of the example leads to its turn."""
    folder = tmp_path / "collected"
    folder.mkdir()
    late = {"role": "user", "content": "Are you sure?"}
    write(folder / "run.jsonl", [gym(output=[THOUGHT, said("4."), late])])
    page = opened(folder)
    reader = reader_of(page)
    expect(reader.locator(".turn .fate")).to_have_text(["context", "trained", "not in the example"])
    expect(reader.locator(".turn summary")).to_contain_text("not in the example")
    expect(reader.locator(".left-out > span")).to_have_text(
        ["omitted here: reasoning, 12 characters ", "omitted here: text, 13 characters "]
    )
    trained = reader.locator(".message[data-trained=true]")
    expect(trained).to_contain_text("content4.")
    page.keyboard.press("v")
    expect(trained).to_contain_text('"content": "4."')
    button(page, "trained").click()
    expect(trained).to_have_class(re.compile("pointed"))
    reader.locator(".left-out").last.get_by_role("button").click()
    expect(reader.locator(".rail-row[aria-current]")).to_have_text(re.compile("3user"))
    page.goto(page.url.split("?")[0] + "?format=flat")
    wait_shown(page, 0)
    expect(reader.locator(".turn .fate")).to_have_text(["context", "trained", "not in the example"])


def test_a_dead_link_says_so_until_dismissed_and_back_leaves_in_one_step(
    opened: Callable[..., Page], attempts: Path
) -> None:
    """The words stay while one reads on; the address follows the reading without a trail of steps."""
    page = opened(attempts, f"key={'0' * 32}")
    words = reader_of(page).get_by_text("is not in the open files")
    expect(words).to_be_visible()
    before = page.evaluate("history.length")
    page.keyboard.press("j")
    page.keyboard.press("j")
    key = wait_shown(page, 2)
    expect(page).to_have_url(re.compile(f"key={key}"))
    page.wait_for_function("document.querySelector('[data-test-script-state=notRunning]')")
    expect(words).to_be_visible()
    button(page, "dismiss").click()
    expect(words).to_have_count(0)
    assert page.evaluate("history.length") == before


def test_what_somebody_else_decided_meanwhile_is_shown_and_stays(opened: Callable[..., Page], attempts: Path) -> None:
    """Bob accepts while this page still shows the rollout as undecided; the press that comes after is not recorded.

    Where one comes back to a rollout after a while, what he decided is shown before any press.
    """
    page = opened(attempts)
    key = wait_shown(page, 0)
    page.clock.install()
    with Decisions.open(attempts / STORE) as store:
        store.record([Entry(key, "accept", reviewer="Bob")])
    page.keyboard.press("x")
    notice = reader_of(page).get_by_role("alert")
    expect(notice).to_contain_text("Rollout 1: Bob already accepted it")
    expect(notice).to_contain_text("Your reject was not saved.")
    notice.get_by_role("button", name="Review").click()
    wait_shown(page, 0)
    expect(reader_of(page).locator(".badge.accept")).to_contain_text("accepted by Bob")
    page.keyboard.press("x")
    wait_saved(page)
    who = stored(attempts, "SELECT reviewer = 'Bob', verdict FROM decision ORDER BY id")
    assert who == [(1, "accept"), (0, "reject")]
    page.keyboard.press("j")
    other = wait_shown(page, 2)
    with Decisions.open(attempts / STORE) as store:
        store.record([Entry(other, "reject", ("wrong_answer",), reviewer="Bob")])
    page.clock.fast_forward(20_000)
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.clock.run_for(1_000)
    expect(reader_of(page).locator(".badge.reject")).to_contain_text("rejected by Bob")


def test_five_megabytes_are_read_like_anything_else(opened: Callable[..., Page], tmp_path: Path) -> None:
    """1,500 turns of tool calls: the beginning is there at once, keys answer, find reaches the last turn."""
    folder = tmp_path / "collected"
    folder.mkdir()
    output = []
    for n in range(1500):
        call = {"type": "function_call", "call_id": f"c{n}", "name": "read", "arguments": json.dumps({"n": n})}
        output += [call, {"type": "function_call_output", "call_id": f"c{n}", "output": f"{n} " + "word " * 650}]
    write(
        folder / "run.jsonl", [gym("Small?"), gym("Big?", output=[*output, said("The needle İ.")]), gym("Small again?")]
    )
    page = opened(folder)
    wait_shown(page, 0)
    wait_ahead(page, 2)
    page.keyboard.press("j")
    until(page, "reader.dataset.pos === '1' && reader.querySelectorAll('.turn').length > 2", timeout_ms=1_000)
    page.keyboard.press("n")
    until(page, "reader.querySelector('.rail-row[aria-current]')?.dataset.n === '2'", timeout_ms=1_000)
    page.keyboard.press("/")
    page.keyboard.type("NEEDLE İ")
    until(page, "reader.querySelector('.find-count').textContent === '1 of 1'")
    until(page, "reader.querySelector('mark.here').getBoundingClientRect().bottom < innerHeight")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    wait_shown(page, 2)
    wait_saved(page)
    assert [verdict for _, verdict in stored(folder)] == ["reject"]
