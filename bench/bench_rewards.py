"""How soon the Select page is up to date after a threshold change, and how much it sends, with a million rollouts.

python bench/bench_rewards.py [--rollouts 1000000] [--folder DIR]

Writes a file of small rollouts and indexes it (both are kept in the folder), starts the app, moves the threshold in
real Chromium, and prints the time from the release of the handle to the last change that is seen, and the bytes sent.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "components")]

from driving import AppServer  # noqa: E402
from find_browser import HELP, find_browser  # noqa: E402

from rollout_curator.sources.find import find  # noqa: E402
from rollout_curator.workspace.opening import build_indexes  # noqa: E402

MOVES = 12
QUIET_MS = 1200
WATCH = """() => {
  window.lastChange = window.lastSeen = 0;
  const isSeen = ({target}) => !(target.nodeType === 1 ? target : target.parentElement)?.closest('canvas');
  new MutationObserver((changes) => {
    window.lastChange = performance.now();  // a table's text for screen readers, inside its canvas, follows later
    if (changes.some(isSeen)) window.lastSeen = window.lastChange;
  }).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
  document.addEventListener('pointerup', () => { window.released = performance.now(); }, {capture: true});
}"""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def write(path: Path, n: int) -> None:
    """Write n small rollouts of n / 8 tasks and 12 agents, unless the file is there."""
    if path.exists():
        return
    chance = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        for row in range(n):
            task, agent = row // 8, row // 8 % 12
            reward = chance.betavariate(0.6, 0.5) * (10 if agent == 11 else 1)
            tokens = int(chance.lognormvariate(6, 1)) + 1
            file.write(
                f'{{"_ng_task_index":{task},"_ng_rollout_index":{row % 8},"reward":{reward:.6f},'
                f'"agent_ref":{{"name":"agent {agent}"}},"correctness":{int(reward > 0.5)},'
                f'"responses_create_params":{{"input":"task {task}"}},"response":{{"usage":{{"input_tokens":9,'
                f'"output_tokens":{tokens}}},"output":[{{"type":"message","role":"assistant","content":'
                f'[{{"type":"output_text","text":"answer {row}"}}]}}]}}}}\n'
            )


def count_bytes(session: CDPSession) -> list[int]:
    """Return a list that the size of everything that came over the socket grows in."""
    sizes: list[int] = []
    session.on("Network.webSocketFrameReceived", lambda event: sizes.append(_frame_bytes(event["response"])))
    session.send("Network.enable")
    return sizes


def _frame_bytes(response: dict[str, object]) -> int:
    payload = str(response["payloadData"])
    return len(payload) * 3 // 4 if response["opcode"] == 2 else len(payload)


def settle(page: Page) -> None:
    """Return when the page has been quiet for a while."""
    page.wait_for_selector(IDLE, timeout=600_000)
    page.wait_for_function(
        f"() => performance.now() - window.lastChange > {QUIET_MS} && document.querySelector('{IDLE}')", timeout=120_000
    )


def moved(page: Page, share: float) -> float:
    """Drag the handle to a share of the axis; return the ms from its release to the last change that is seen."""
    plot = page.get_by_test_id("threshold-plot").bounding_box()
    grip = page.get_by_test_id("threshold-handle").locator(".grip").bounding_box()
    assert plot and grip
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(plot["x"] + 60 + share * (plot["width"] - 320), grip["y"] + 30, steps=6)
    page.mouse.up()
    settle(page)
    return float(page.evaluate("window.lastSeen - window.released"))


def measure(url: str, chromium: str) -> None:
    """Print what opening and moving costs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1800})
        sizes = count_bytes(page.context.new_cdp_session(page))
        page.add_init_script(f"document.addEventListener('DOMContentLoaded', {WATCH})")
        for words in ("first visit", "second visit"):
            sizes.clear()
            start = time.perf_counter()
            page.goto(f"{url}/rewards?min=0.5")
            page.get_by_test_id("threshold-handle").wait_for(timeout=600_000)
            settle(page)
            took = time.perf_counter() - start - QUIET_MS / 1000
            print(f"  {words:<22} {took:8.2f} s  {sum(sizes) / 1000:8.0f} kB of data over the socket")
        moved(page, 0.3)
        sizes.clear()
        took_ms = [moved(page, 0.05 + 0.9 * (n * 5 % MOVES) / MOVES) for n in range(MOVES)]
        median, most = statistics.median(took_ms), max(took_ms)
        print(f"  threshold to up to date {median:7.0f} ms median {most:8.0f} ms max of {MOVES}")
        print(f"  data per change         {sum(sizes) / MOVES / 1000:7.0f} kB")
        browser.close()


def main() -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rollout-curator-bench")
    options = parser.parse_args()
    chromium = find_browser()
    if chromium is None:
        print(HELP, file=sys.stderr)
        return 2
    options.folder.mkdir(exist_ok=True)
    path, cache = options.folder / f"small-{options.rollouts}.jsonl", options.folder / "cache"
    write(path, options.rollouts)
    start = time.perf_counter()
    for _ in build_indexes(find([path]), cache):
        pass
    print(
        f"{options.rollouts:,} rollouts, {path.stat().st_size / 1e6:,.0f} MB, "
        f"indexed in {time.perf_counter() - start:.0f} s"
    )
    with tempfile.TemporaryDirectory() as home:
        server = AppServer([str(path), "--cache-dir", str(cache), "--decisions", f"{home}/curation.sqlite"], Path(home))
        server.start()
        try:
            measure(server.url, chromium)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
