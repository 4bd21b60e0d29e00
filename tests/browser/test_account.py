"""What was left out, and why, as people meet it: on Export, in Review at its place, on the Data page, in the file."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from driving import IDLE, AppServer, Seen, export
from playwright.sync_api import Page, expect
from test_reader_access import faults

from making import rows_of, write

ASKED = {"role": "user", "content": "When is high tide at Lowmoor?"}
PLAIN = {"messages": [ASKED, {"role": "assistant", "content": "At 05:12."}], "reward": 1.0}
THOUGHT = {
    "messages": [ASKED, {"role": "assistant", "content": "At 05:12.", "reasoning_content": "It was in the table."}],
    "reward": 1.0,
}
ODD = {
    "messages": [ASKED, {"role": "assistant", "content": "See the map.", "attachments": [{"map": "of the harbour"}]}],
    "reward": 1.0,
}
CUT = {"messages": [ASKED, {"role": "assistant", "content": "At 05"}], "finish_reason": "length", "reward": 1.0}


def text_of(page: Page) -> str:
    """Return all words on the page, on one line."""
    return re.sub(r"\s+", " ", page.locator('[data-testid="stMain"]').inner_text())


def test_what_is_left_out_is_said_opened_and_let_in_again(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path
) -> None:
    folder = tmp_path / "harbour"
    folder.mkdir()
    write(folder / "talks.jsonl", [PLAIN, THOUGHT, ODD, CUT])
    app = app_server(folder, "--out-dir", tmp_path)
    page.goto(f"{app.url}/export")
    expect(page.get_by_role("button", name="Export 2 examples")).to_be_enabled(timeout=120_000)
    page.locator(IDLE).wait_for(timeout=60_000)
    page.get_by_text("What will be exported (2 of 4 rollouts)").click()
    expect(page.get_by_role("heading", name="Omitted from the examples")).to_be_visible(timeout=30_000)
    words = text_of(page)
    assert "1 was truncated (hit a limit)" in words
    assert "1 has content that was not understood" in words
    assert "Omitted from the examples 1 block of reasoning in 1 rollout (option reasoning = drop)" in words
    assert faults(page) == []

    page.get_by_role("link", name=re.compile("has content that was not understood")).last.click()
    expect(page.get_by_test_id("reader")).to_have_attribute("data-key", re.compile("^[0-9a-f]{32}$"), timeout=30_000)
    left = page.locator('.turn[data-n="2"]')
    expect(left).to_contain_text("not read: attachments")
    expect(left).to_contain_text("of the harbour")

    page.goto(f"{app.url}/data")
    page.get_by_role("radio", name="Unread keys").click(timeout=30_000)
    box = page.get_by_text("Holds no conversation")
    expect(box).to_have_count(1, timeout=30_000)
    assert "message.attachments in 1 rollout, probably conversation" in text_of(page)
    box.click()
    page.get_by_role("link", name="Export").first.click()
    page.get_by_text("Report", exact=True).click(timeout=30_000)
    assert export(page, "examples") == 3
    rows = rows_of(tmp_path / "curated.nemo_rl.jsonl")
    assert [row["messages"][1]["content"] for row in rows] == ["At 05:12.", "At 05:12.", "See the map."]
    report = [json.loads(line) for line in (tmp_path / "curated.nemo_rl.report.jsonl").read_text().splitlines()]
    assert [(row["line"], row["state"], row["left_out"]) for row in report] == [
        (1, "exported", {}),
        (2, "exported", {"reasoning": 1}),
        (3, "exported", {}),
        (4, "truncated", {}),
    ]
    assert (seen.outside(app.url), seen.console_errors, seen.page_errors) == ([], [], [])
