"""Text from rollouts is shown to the letter in every place it can appear, and asks nothing of anyone."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driving import AppServer, Seen
from hostile import EVIL, HOSTILE
from playwright.sync_api import Page, expect
from reading import STORE, reader_of, wait_shown

from making import gym, said, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.workspace.workspace import Workspace

READ = """reader => {
  const text = (element) => [...element.childNodes].map((node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (!node.classList.contains("unseen")) return text(node);
    const codes = node.textContent.slice(1, -1).split(" ");
    return codes.map((code) => String.fromCodePoint(parseInt(code.slice(2), 16))).join("");
  }).join("");
  const all = (selector) => [...reader.querySelectorAll(selector)].map(text);
  for (const fold of reader.querySelectorAll("details")) fold.open = true;
  for (const fold of reader.querySelectorAll("details")) fold.fill?.();
  return {
    prose: [...reader.querySelectorAll(".talk .text")].map((box) => [...box.firstChild.children].map(text).join("\\n")),
    names: all(".talk .tool-name"), terms: all(".talk .fields dt"),
    facts: all(".facts dd"), components: all(".components dt"), badges: all(".badge"), reasons: all(".reason"),
    elements: reader.querySelectorAll("img, script, iframe, svg, video, object, link, meta, form, a").length,
  };
}"""


def rollout(text: str) -> dict[str, Any]:
    """Return a rollout that says one text in every place."""
    call = {"type": "function_call", "name": text, "arguments": json.dumps({text: text}), "call_id": text}
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]},
        said(text),
        call,
        {"type": "function_call_output", "call_id": text, "output": text},
    ]
    prompt = [{"role": "system", "content": text}, {"role": "user", "content": text}]
    more = {"agent_ref": {"name": text}, f"facet {text}": 1.5, "response": {"model": text}}
    return {**gym(output=[*output, said("end")], **more), "responses_create_params": {"input": prompt}}


def test_fifty_hostile_texts_are_shown_to_the_letter_and_reach_nobody(
    app_server: Callable[..., AppServer], page: Page, seen: Seen, tmp_path: Path
) -> None:
    """Prompt, reasoning, answers, tools, arguments, ids, results, agents, models, numbers' names, notes, reviewers."""
    folder = tmp_path / "collected"
    folder.mkdir()
    source = write(folder / "run.jsonl", map(rollout, HOSTILE))
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(folder / STORE))
    keys = [workspace.key(row) for row in range(len(HOSTILE))]
    entries = [Entry(key, "accept", (text[:200],), text, text[:200]) for key, text in zip(keys, HOSTILE, strict=True)]
    assert workspace.decisions is not None
    workspace.decisions.record(entries)
    workspace.close()
    app = app_server(folder)
    page.goto(f"{app.url}/review?queue=all")
    shown = []
    for n in range(len(HOSTILE)):
        wait_shown(page, n)
        shown.append(reader_of(page).evaluate(READ))
        page.keyboard.press("j")
    wrong = [text for text, parts in zip(HOSTILE, shown, strict=True) if not holds(text, parts)]
    assert wrong == []
    assert [parts["elements"] for parts in shown] == [0] * len(HOSTILE)
    page.keyboard.press("t")
    for name in ("data", "select", "export"):
        page.goto(f"{app.url}/{name}")
        expect(page.get_by_text("after review").first).to_be_visible(timeout=30_000)
    assert page.evaluate("window.hacked") is None
    assert seen.outside(app.url) == []
    assert seen.page_errors == []
    assert [request for request in seen.requests if EVIL in request] == []


def holds(text: str, parts: dict[str, Any]) -> bool:
    """Say whether a text stands, letter by letter, wherever the reader must show it.

    Said five times, and once as an argument, which is JSON unless it has lines; a result that is JSON is laid out. The
    store keeps no half of a pair and no NUL, the index no half of a pair, and no number by a name that cannot be seen.
    """
    kept = re.sub("[\ud800-\udfff]", "\ufffd", text).replace("\0", "\u2400")
    argument = text if "\n" in text else json.dumps(text, ensure_ascii=False)
    laid_out = json.dumps(json.loads(text), indent=2) if text.startswith('{"') else text
    expected = [text, text, text, text, argument, laid_out, "end"]
    return (
        sorted(parts["prose"]) == sorted(expected)
        and parts["names"] == [text]
        and parts["terms"] == [text]
        and parts["facts"].count(text.encode("utf-8", "replace").decode()) >= 2
        and (f"facet {text}" in parts["components"] or not text.isprintable())
        and any(kept in badge for badge in parts["badges"])
    )
