"""How long a key takes on the Review page until the next frame is on the screen, in a real Chromium.

    python bench/bench_reader.py [--presses 60]

Measured by the browser itself (Event Timing: from the key to the next frame, in steps of 8 ms; what is faster than 16
ms is not reported and counts as 16), for `j` (next) and `x` (reject, next), on rollouts of 6, 60 and 400 KB. Each is a
conversation of tool calls, results and reasoning. Then one of 5 MB: until it can be read, and a key while it is shown.
Needs what the browser tests need: playwright and a Chromium.

Two cores that others used too, Chromium 156, 40 presses each, p50 / p95 in ms, next and reject:
    load 3   6 KB 24 / 24, 24 / 32   60 KB 24 / 32, 24 / 40   400 KB 24 / 40, 32 / 48   5 MB shown in 0.20 s
    load 4   6 KB 16 / 24, 24 / 32   60 KB 16 / 40, 24 / 40   400 KB 24 / 40, 32 / 72   5 MB shown in 0.62 s
    load 7   6 KB 16 / 32, 24 / 40   60 KB 16 / 40, 24 / 56   400 KB 32 / 88, 32 / 80   5 MB shown in 0.87 s
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rollouts import WORDS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "browser"))

from driving import AppServer  # noqa: E402
from find_browser import HELP, find_browser  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

SIZES_KB = (6, 60, 400)
TURN_BYTES = 3000
WATCH = """() => {
  window.keys = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "keydown") window.keys.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
}"""
SHOWN = """([reader, before]) => reader.dataset.key && reader.dataset.key !== before
  && reader.querySelector('.turn') && reader.dataset.state === 'reading'"""


def write(path: Path, n_rollouts: int, n_bytes: int) -> None:
    """Write rollouts of about `n_bytes` each, all different."""
    prose = " ".join(WORDS)
    prose = (prose + " ") * (TURN_BYTES // len(prose) + 2)
    with open(path, "w", encoding="utf-8") as file:
        for n in range(n_rollouts):
            output: list[dict[str, object]] = []
            for turn in range(max(1, n_bytes // TURN_BYTES)):
                call = {"type": "function_call", "call_id": f"c{turn}", "name": "read_file"}
                thought = [{"type": "summary_text", "text": f"{n}.{turn} {prose[:600]}"}]
                output.append({"type": "reasoning", "summary": thought})
                output.append({**call, "arguments": json.dumps({"path": f"src/{turn}.py", "why": prose[:60]})})
                output.append({"type": "function_call_output", "call_id": f"c{turn}", "output": prose[:1900]})
            part = {"type": "output_text", "text": f"Rollout {n} is done.", "annotations": []}
            output.append({"type": "message", "role": "assistant", "content": [part]})
            prompt = {"input": [{"role": "user", "content": f"Question {n}: {prose[:200]}"}]}
            line = {"responses_create_params": prompt, "response": {"output": output}, "reward": 1.0}
            file.write(json.dumps({**line, "_ng_task_index": n}) + "\n")


def measure(page: Page, key: str, presses: int) -> str:
    """Press a key many times, at the pace of a fast reader, and return what the browser measured."""
    page.evaluate("window.keys = []")
    reader = page.get_by_test_id("reader").element_handle()
    for _ in range(presses):
        before = reader.get_attribute("data-key") if reader else ""
        page.keyboard.press(key)
        page.wait_for_function(SHOWN, arg=[reader, before])
        page.wait_for_timeout(100)
    slow = sorted(page.evaluate("window.keys"))
    durations = [16.0] * (presses - len(slow)) + slow
    p50, p95 = durations[len(durations) // 2], durations[int(len(durations) * 0.95)]
    return f"p50 {p50:.0f}  p95 {p95:.0f}  max {durations[-1]:.0f} ms"


def measure_one(page: Page, url: str) -> str:
    """Open a page on one rollout, and return when it can be read and what keys then take."""
    page.goto(f"{url}/review")
    page.get_by_test_id("reader").wait_for()
    reader = page.get_by_test_id("reader").element_handle()
    page.wait_for_function(SHOWN, arg=[reader, ""], timeout=60_000)
    before = reader.get_attribute("data-key") if reader else ""
    start = time.perf_counter()
    page.keyboard.press("j")
    page.wait_for_function(SHOWN, arg=[reader, before], timeout=60_000)
    opened = time.perf_counter() - start
    page.evaluate(WATCH)
    for key in ("n", "n", "e", "e", "x"):
        page.keyboard.press(key)
        page.wait_for_timeout(250)
    return f"shown after {opened:.2f} s, then keys in at most {max(page.evaluate('window.keys'), default=16):.0f} ms"


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=60)
    options = parser.parse_args()
    path = find_browser()
    if path is None:
        sys.exit(HELP)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: what others run is measured too", flush=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for size in (*SIZES_KB, 5000):
            home = Path(folder) / str(size)
            source = home / "collected"
            source.mkdir(parents=True)
            write(source / "run.jsonl", 3 if size == 5000 else options.presses * 2 + 20, size * 1000)
            app = AppServer([str(source)], home)
            app.start()
            try:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                if size == 5000:
                    print(f"{size:>5} KB  {measure_one(page, app.url)}", flush=True)
                    continue
                page.goto(f"{app.url}/review")
                page.get_by_test_id("reader").locator(".turn").first.wait_for(timeout=60_000)
                page.wait_for_timeout(1500)
                page.evaluate(WATCH)
                for key, words in (("j", "next"), ("x", "reject, next")):
                    print(f"{size:>5} KB  {words:<13} {measure(page, key, options.presses)}", flush=True)
            finally:
                app.stop()
                page.close()
                shutil.rmtree(home)
        browser.close()


if __name__ == "__main__":
    main()
