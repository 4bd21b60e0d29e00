"""The statement line by line while one reads in a browser: a plan, a skip, a comparison, a bulk decision, a dispute."""

import re
from collections.abc import Callable
from pathlib import Path

from driving import AppServer, Seen
from playwright.sync_api import Page, expect
from test_reviewing import IDLE, behind_the_progress, called, more, opened, saved, stored

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry


def says(page: Page, words: str) -> None:
    opened_bound(page)
    expect(page.get_by_text(re.compile(words)).first).to_be_visible(timeout=40_000)


def pressed(page: Page, keys: str) -> None:
    """Press keys, each once the reader has moved on."""
    for key in keys:
        before = page.get_by_test_id("reader").get_attribute("data-key")
        page.keyboard.press(key)
        expect(page.get_by_test_id("reader")).not_to_have_attribute("data-key", str(before), timeout=15_000)
    saved(page)


def at_random(page: Page, app: AppServer) -> None:
    opened(page, f"{app.url}/review?min=0.5&queue=random")
    page.get_by_test_id("reader").locator(".talk").click(position={"x": 4, "y": 4})


def opened_bound(page: Page) -> None:
    """Have the statement in view behind the progress."""
    if not page.locator(".st-key-statement").is_visible():
        behind_the_progress(page)


def whole(page: Page, sentence: str) -> None:
    opened_bound(page)
    expect(page.get_by_text(sentence, exact=True)).to_be_visible(timeout=40_000)


def compared(page: Page) -> None:
    """Choose one of the attempts shown at the task that is open, and reject the others shown."""
    page.keyboard.press("b")
    lanes = page.get_by_test_id("lanes")
    expect(lanes.locator(".lane-head").nth(1)).to_be_visible(timeout=15_000)
    lanes.get_by_label("Also reject the other attempts shown").check()
    page.keyboard.press("1")
    saved(page)


def rejected_at_once(page: Page, app: AppServer, queue: str, count: int) -> None:
    opened(page, f"{app.url}/review?min=0.5&queue={queue}")
    more(page)
    page.get_by_role("button", name="Bulk decision…").click()
    page.get_by_role("dialog").get_by_text("Reject", exact=True).click()
    page.get_by_role("button", name=f"Reject {count} rollouts", exact=True).click()
    expect(page.get_by_text(f"Rejected {count} rollouts.")).to_be_visible(timeout=15_000)


def bound(read: int, of: int, bad: int, share: str) -> str:
    return (
        f"{read} of the {of} selected rollouts reviewed at random, {bad} bad: at most {share} of the unique kept "
        "rollouts would "
        "be rejected by this reviewer (95% confidence, whenever you stop). A plan of 88 reviews is under way and is "
        "judged at "
        "its end."
    )


def test_the_statement_says_what_happened_line_by_line_over_sixty_reads(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path
) -> None:
    """The shares were worked out apart from the program, from scipy's hypergeometric distribution."""
    folder = tmp_path / "collected"
    folder.mkdir()
    lines = [gym(f"Question {n % 250}?", f"Answer {n}", _ng_task_index=n % 250) for n in range(1000)]
    write(folder / "run.jsonl", lines)
    app = app_server(folder, "--reviewer", "ann")

    at_random(page, app)
    called(page, "ann")
    says(
        page,
        "^None of the 1,000 selected rollouts has been reviewed at random yet, so the kept set has no error bound yet",
    )
    says(page, r"^56 reviews, 0 bad: at most 5%; passes 31% of the time when 2% are bad")
    page.get_by_role("button", name=re.compile("^Plan 88 reviews")).click()
    says(page, "^Plan for this selection: 88 random reviews, at most 1 bad.")
    page.locator(IDLE).wait_for()

    page.get_by_test_id("reader").locator(".talk").click(position={"x": 4, "y": 4})
    pressed(page, "a" * 30)
    whole(page, bound(30, "1,000", 0, "19%"))
    whole(page, "Valid whenever you stop, if the rules and the threshold were fixed before you started.")
    whole(page, "Had just these 30 reviews been planned before, it would be at most 9.3%.")
    pressed(page, "x")
    whole(page, bound(31, "1,000", 1, "24.3%"))

    pressed(page, "j" + "a" * 8)
    whole(
        page,
        "You skipped a rollout in the random sample. 8 reviewed after it, or in other queues, count once you decide "
        "it.",
    )
    whole(page, bound(31, "1,000", 1, "24.3%"))
    at_random(page, app)  # it opens where the sample ends
    pressed(page, "a")
    whole(page, bound(40, "1,000", 1, "19.8%"))
    whole(page, "Had just these 40 reviews been planned before, it would be at most 11.1%.")

    at_random(page, app)
    compared(page)
    whole(page, "2 were rejected in bulk or not chosen in a comparison: out of the kept set, as if by a rule.")
    whole(page, bound(40, "998", 1, "19.8%"))

    rejected_at_once(page, app, "task-7", 4)
    at_random(page, app)
    whole(page, "6 were rejected in bulk or not chosen in a comparison: out of the kept set, as if by a rule.")
    ways = stored(folder, "select way, verdict, count(*) from decision group by way, verdict")
    assert set(ways) == {
        ("read", "accept", 39),
        ("read", "reject", 1),
        ("compared", "accept", 1),
        ("compared", "reject", 2),
        ("bulk", "reject", 4),
    }
    pressed(page, "a" * 20)
    whole(page, bound(60, "994", 1, "14%"))
    whole(page, "Had just these 60 reviews been planned before, it would be at most 7.4%.")

    with Decisions.open(folder / "curation.sqlite") as store:
        rejected = [act.key for act in store.singles() if act.verdict == "reject" and act.way == "read"]
        store.record([Entry(rejected[0], "accept", reviewer="bob", queue="second", way="read")])
    at_random(page, app)
    whole(page, "1 of the sample is kept although somebody rejected it: bad until the conflict is resolved.")
    whole(page, bound(60, "994", 1, "14.1%"))
    whole(page, "Had just these 60 reviews been planned before, it would be at most 7.5%.")
    assert seen.page_errors == []
