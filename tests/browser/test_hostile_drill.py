"""Hostile text in every place a person or a file can put it, on every page: nothing is asked of anyone, nothing runs.

The long form of `test_reader_hostile`: each text in a file of its own that bears it as its name, and as reason, note
and reviewer of what was decided there.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import AppServer, Seen
from hostile import EVIL, HOSTILE
from playwright.sync_api import Dialog, Page, expect
from reading import STORE
from test_reader_hostile import rollout

from ledger import Tried, size
from making import write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.workspace.workspace import Workspace

pytestmark = [
    pytest.mark.drill,
    pytest.mark.promises(24, 27),
    pytest.mark.skipif(not size("texts"), reason="the short form is test_reader_hostile"),
]

PAGES = [
    "",
    "data",
    "select",
    "select?section=tasks",
    "select?section=rollouts",
    "review?queue=all",
    "review?queue=rejected",
    "review?queue=settle",
    "export",
]
NAME_BYTES = 200


def named(text: str) -> str:
    """Return a text as the name of a file, as far as a name can hold it."""
    name = (
        text.replace("/", "\u2215")
        .replace("\0", "")
        .encode("utf-8", "surrogateescape" if text.isascii() else "replace")
    )
    return name[:NAME_BYTES].decode("utf-8", "ignore") or "empty"


def test_hostile_texts_on_every_page_ask_nothing_and_run_nothing(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path, report: Callable[..., None]
) -> None:
    texts, folder, dialogs, popups = HOSTILE[: size("texts")], tmp_path / "collected", list[str](), list[str]()
    folder.mkdir()
    for n, text in enumerate(texts):
        write(folder / f"{n} {named(text)}.jsonl", [rollout(text), rollout(f"{text} again")])
    workspace = Workspace.open([folder], tmp_path / "cache", Decisions.open(folder / STORE))
    entries = [
        Entry(workspace.key(row), verdict, (text[:200],), text, text[:200])
        for row, (text, verdict) in enumerate((text, verdict) for text in texts for verdict in ("reject", "accept"))
    ]
    assert workspace.decisions is not None
    workspace.decisions.record(entries)
    workspace.close()
    app = app_server(folder)

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.context.on("page", lambda other: popups.append(other.url))
    n_looks = 0
    for name in PAGES:
        page.goto(f"{app.url}/{name}")
        expect(page.get_by_text(re.compile("after review|Nothing|rollout")).first).to_be_visible(timeout=60_000)
        for place in range(len(texts) * 2 if name == "review?queue=all" else 1):
            page.keyboard.press("j") if place else None
            n_looks += 1
        page.evaluate("document.querySelectorAll('summary').forEach(fold => fold.click())")
        page.wait_for_load_state("networkidle")
    ran = [
        str(found) for found in (page.evaluate("window.hacked"), page.evaluate("window.__pwned")) if found is not None
    ]
    asked = [request for request in seen.requests if EVIL in request] + seen.outside(app.url)
    found = [*dialogs, *popups, *ran, *asked]
    said = f"{len(texts)} texts as file names, rollouts, reasons, notes and reviewers on {len(PAGES)} pages"
    shutil.rmtree(folder)
    report(
        Tried(24, f"{said}, {n_looks} looks: {len(asked)} requests elsewhere, {len(found) - len(asked)} ran", found),
        Tried(27, f"{len(seen.requests):,} requests of a browser, {len(asked)} elsewhere", asked),
    )
