"""From the threshold to verified files on the Export page: a split with a card and a config, then pairs, then a cut."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from driving import IDLE, AppServer, Seen, export
from playwright.sync_api import Page, expect

from loaders import nemo_rl_accepts_file
from making import rows_of
from rollout_curator.export import verify


def test_from_threshold_to_a_split_verified_export_with_its_config_and_to_pairs(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, rollouts: Path
) -> None:
    """Each result is read from the disk and verified; nothing is asked of any other host."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/select")
    bound = page.get_by_role("spinbutton", name="Min reward", exact=True)
    expect(bound).to_be_visible(timeout=30_000)
    bound.fill("0.5")
    bound.press("Enter")
    page.wait_for_url(re.compile("min=0.5"))
    page.get_by_role("link", name="Export").first.click()
    page.get_by_role("button", name=re.compile("^Export")).wait_for(timeout=30_000)

    split(page)
    page.get_by_text("Dataset card", exact=True).click()
    page.locator(IDLE).wait_for(timeout=30_000)
    promised = export(page, "examples")
    expect(page.get_by_text(f"Verified: {promised:,} of {promised:,} examples read back")).to_be_visible()
    expect(page.get_by_text("use_preserving_dataset: true").first).to_be_visible()
    manifest = rollouts / "curated.nemo_rl.jsonl.manifest.json"
    made = json.loads(manifest.read_bytes())
    parts = {name: rollouts / f"curated.nemo_rl.{name}.jsonl" for name in ("train", "validation")}
    assert sum(len(rows_of(path)) for path in parts.values()) == promised == made["round_trip"]["same"]
    assert [nemo_rl_accepts_file(path) for path in parts.values()] == [None, None]
    assert (rollouts / "curated.nemo_rl.card.md").read_text(encoding="utf-8").startswith("---\n")
    assert [check for check in verify(manifest) if not check.holds] == []

    parts["train"].write_bytes(parts["train"].read_bytes().replace(b"user", b"User", 1))
    page.reload()
    page.get_by_role("button", name=re.compile("^Export")).wait_for(timeout=30_000)
    split(page)
    warning = page.get_by_text("is not the file its manifest was written for")
    expect(warning.first).to_be_visible(timeout=30_000)
    page.get_by_test_id("stCheckbox").filter(has_text="Overwrite curated.nemo_rl.train.jsonl").locator("label").click()
    export(page, "examples")
    expect(warning).to_have_count(0, timeout=30_000)
    assert [check for check in verify(manifest) if not check.holds] == []

    page.get_by_text("DPO pairs", exact=True).click()
    expect(page.get_by_text(re.compile(r"pairs? from")).first).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"The chosen side is longer in \d+ of")).first).to_be_visible(timeout=30_000)
    promised = export(page, "pairs")
    pairs = [
        row for part in ("train", "validation") for row in rows_of(rollouts / f"curated.nemo_rl.pairs.{part}.jsonl")
    ]
    assert len(pairs) == promised
    assert {tuple(row) for row in pairs} <= {("context", "completions"), ("context", "completions", "tools")}
    checks = verify(rollouts / "curated.nemo_rl.pairs.jsonl.manifest.json")
    assert [check for check in checks if not check.holds] == []
    assert seen.outside(app.url) == []
    assert seen.console_errors == []
    assert seen.page_errors == []


def test_what_is_downloaded_is_what_lies_on_the_disk_and_what_the_manifest_names(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, rollouts: Path
) -> None:
    """Data, manifest and config come through the app itself, byte for byte; no lock is left beside the file."""
    app = app_server(rollouts)
    page.goto(f"{app.url}/export")
    export(page, "examples")
    card = page.locator(".st-key-result")
    expect(card).to_contain_text(re.compile(r"\d\d:\d\d Wrote [\d,]+ examples.*verified"))
    out, beside = rollouts / "curated.nemo_rl.jsonl", rollouts / "curated.nemo_rl.jsonl.manifest.json"
    held = {name: downloaded(page, name) for name in (out.name, beside.name)}
    assert held == {out.name: out.read_bytes(), beside.name: beside.read_bytes()}
    assert hashlib.sha256(held[out.name]).hexdigest() == json.loads(held[beside.name])["sha256"]
    config = downloaded(page, "Config (curated.nemo_rl.yaml)").decode()
    assert f'data_path: "{out}"' in config
    assert list(rollouts.glob(".*.lock")) == []
    expect(card.get_by_role("button", name="Copy to clipboard").first).to_be_visible()
    page.get_by_text("SFT flat", exact=True).click()
    expect(card.get_by_text("Output file")).to_be_hidden(timeout=30_000)
    expect(card).to_contain_text("Wrote")
    assert seen.outside(app.url) == []
    assert (seen.console_errors, seen.page_errors) == ([], [])


def downloaded(page: Page, name: str) -> bytes:
    """Press a download button and return the bytes that arrive."""
    with page.expect_download(timeout=30_000) as coming:
        page.locator(".st-key-downloads").get_by_role("button", name=name, exact=True).click()
    return Path(coming.value.path()).read_bytes()


def split(page: Page) -> None:
    """Choose a split by percentage behind its sentence, and close what opened."""
    page.locator(".st-key-folded-split").get_by_role("button", name="Change").click()
    page.get_by_text("By percentage").click()
    expect(page.locator(".st-key-folded-split")).to_contain_text("train/validation", timeout=30_000)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_question_which_files_are_replaced_can_be_read_whole(
    app_server: Callable[..., AppServer], page: Page, rollouts: Path, scheme: Literal["light", "dark"]
) -> None:
    """Three files of somebody at 900 px; what one ticks is on the screen, and so is the button that waits for it."""
    for name in ("train.jsonl", "validation.jsonl", "card.md"):
        (rollouts / f"curated.nemo_rl.{name}").write_text("theirs\n")
    page.set_viewport_size({"width": 900, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{app_server(rollouts).url}/export")
    page.get_by_text("Dataset card", exact=True).click(timeout=60_000)
    split(page)
    question = page.get_by_text(re.compile("^Overwrite .*train.*validation.*card"))
    expect(question).to_be_visible(timeout=30_000)
    cut = """e => { const wide = [];
        for (let at = e; at.dataset.testid !== "stCheckbox"; at = at.parentElement)
            if (at.scrollWidth > at.clientWidth && getComputedStyle(at).display !== "inline") wide.push(at.tagName);
        return wide }"""
    assert question.evaluate(cut) == []
    button = page.get_by_role("button", name=re.compile("^Export"))
    expect(button).to_be_disabled()
    ink, ground = button.evaluate(
        """b => [getComputedStyle(b.querySelector("p")).color, getComputedStyle(b).backgroundColor,
                  getComputedStyle(document.querySelector(".stApp")).backgroundColor]"""
    )[::2]
    light = [sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3 for colour in (ink, ground)]
    assert abs(light[0] - light[1]) > 60
