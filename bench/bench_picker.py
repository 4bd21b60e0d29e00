"""How soon the threshold picker follows the pointer with a million rollouts, in a real browser.

Serves tests/browser/picker_app.py with PICKER_ROWS rollouts, drags both handles across the plot, and prints the time
from each pointermove to the start of the next frame, and from when the browser got the event to when that frame was
painted, which contains the wait for the screen's beat of 16.7 ms. Prints the bytes of the picker's data and the
server's times (best of three) too.

Exits with 1 if the 95th percentile of the first is 16 ms or more. `python bench/bench_picker.py [--rows N]`
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "components")]

from driving import AppServer  # noqa: E402
from find_browser import HELP, find_browser  # noqa: E402

from rollout_curator.selection.intervals import Interval  # noqa: E402
from rollout_curator.selection.threshold_counts import count_thresholds  # noqa: E402
from rollout_curator.ui.picker.payload import payload  # noqa: E402

LIMIT_MS = 16.0
MOVES = 300
WATCH = """() => {
  window.took = [];
  window.painted = [];
  document.addEventListener('pointermove', (event) => {
    const from = performance.now();
    requestAnimationFrame(() => {
      took.push(performance.now() - from);
      const after = new MessageChannel();  // its message is handled once the frame was laid out and painted
      after.port1.onmessage = () => painted.push(performance.now() - event.timeStamp);
      after.port2.postMessage(0);
    });
  }, { capture: true });
}"""


class PickerServer(AppServer):
    """The page with the picker alone, on as many rollouts as asked for."""

    def start(self) -> None:
        """Start the page and return once it answers."""
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "tests" / "browser" / "picker_server.py")]
        command += ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        command += ["--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "components"), "PICKER_ROWS": self.arguments[0]}
        self.log_file = (self.home / "app.log").open("ab")
        self.process = subprocess.Popen(
            command, env=environment, cwd=self.home, stdout=self.log_file, stderr=self.log_file, start_new_session=True
        )
        self._wait_until_it_answers(self.process)


def measure_server(n: int) -> None:
    """Print what levels cost on n rollouts, and how large the picker's data is."""
    dice = np.random.default_rng(1)
    columns = (dice.beta(0.7, 0.5, n), dice.integers(50, 9000, n), dice.integers(0, max(1, n // 8), n))
    took = dict.fromkeys(("sort once", "levels, order known", "other bounds"), np.inf)
    for _ in range(3):
        clock = [time.perf_counter()]
        order = np.argsort(columns[0])
        clock.append(time.perf_counter())
        made = count_thresholds(*columns, bounds=Interval(0.25), order=order)
        clock.append(time.perf_counter())
        made = made.within(Interval(0.5, 0.9))
        clock.append(time.perf_counter())
        took = {name: min(took[name], seconds) for name, seconds in zip(took, np.diff(clock), strict=True)}
    for name, seconds in took.items():
        print(f"  {name:<22} {seconds * 1000:8.1f} ms")
    print(f"  data of the picker     {len(json.dumps(payload(made))) / 1000:8.1f} kB")


def drag(page: Page, handle: str, *, to_share: float) -> None:
    """Drag a handle over the plot in many small moves, back and forth, a frame or so apart."""
    plot, grip = page.get_by_test_id("threshold-plot").bounding_box(), page.get_by_test_id(handle).locator(".grip")
    box = grip.bounding_box()
    assert plot and box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    end = plot["x"] + 56 + to_share * (plot["width"] - 108)
    page.mouse.move(x, y)
    page.mouse.down()
    for share in np.abs(np.sin(np.linspace(0, 7 * np.pi / 2, MOVES))):
        page.mouse.move(x + float(share) * (end - x), y + 40)
    page.mouse.up()


def measure_browser(url: str, chromium: str) -> float:
    """Print how soon a frame follows a move; return the 95th percentile in ms."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/?case=spread")
        page.get_by_test_id("threshold-handle").wait_for(timeout=120_000)
        page.get_by_test_id("threshold-upper").click()
        page.get_by_test_id("threshold-handle-upper").wait_for()
        page.evaluate(WATCH)
        drag(page, "threshold-handle", to_share=0.9)
        drag(page, "threshold-handle-upper", to_share=0.1)
        took = {name: np.array(page.evaluate(name)) for name in ("took", "painted")}
        browser.close()
    for words, name in (("move to next frame", "took"), ("event to its paint", "painted")):
        p50, p95 = np.percentile(took[name], [50, 95])
        print(f"  {words:<22} {p50:8.1f} ms p50 {p95:8.1f} ms p95 {took[name].max():8.1f} ms max")
    return float(np.percentile(took["took"], 95))


def main() -> int:
    """Measure both sides; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    chromium = find_browser()
    if chromium is None:
        print(HELP, file=sys.stderr)
        return 2
    print(f"{rows:,} rollouts")
    measure_server(rows)
    with tempfile.TemporaryDirectory() as home:
        server = PickerServer([str(rows)], Path(home))
        server.start()
        try:
            p95 = measure_browser(server.url, chromium)
        finally:
            server.stop()
    print(f"  required: p95 under {LIMIT_MS:g} ms: {'held' if p95 < LIMIT_MS else 'NOT held'}")
    return 0 if p95 < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
