"""The threshold picker in a real browser: what it shows is what the server counts, by mouse and by keys alone.

Most tests drive `picker_app.py`, a page with the picker alone, served by Streamlit. Those about the order of events run
the widget's own script in a blank page, where the test plays the server.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driving import AppServer, Seen, free_port
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from playwright.sync_api import Browser, Locator, Page, expect

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import count_thresholds
from rollout_curator.ui import scripts
from rollout_curator.ui.picker.payload import payload

HERE = Path(__file__).parent
COMPONENTS = HERE.parents[1] / "components"
EMPTY = '[data-testid="threshold-empty"]'


class PickerServer(AppServer):
    """`picker_app.py`, served by Streamlit."""

    def start(self) -> None:
        """Start the page and return once it answers."""
        command = [sys.executable, "-m", "streamlit", "run", str(HERE / "picker_server.py")]
        options = {"server.port": self.port, "server.address": "127.0.0.1", "server.headless": "true"}
        options |= {"browser.gatherUsageStats": "false", "server.fileWatcherType": "none"}
        self.log_file = (self.home / "app.log").open("ab")
        self.process = subprocess.Popen(
            [*command, *(part for name, value in options.items() for part in (f"--{name}", str(value)))],
            env=os.environ | {"HOME": str(self.home), "PYTHONPATH": str(COMPONENTS)},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait_until_it_answers(self.process)


@pytest.fixture(scope="module")
def picker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page with the picker alone; return its address."""
    server = PickerServer([], tmp_path_factory.mktemp("picker"), free_port())
    server.start()
    yield server.url
    server.stop()


def open_case(page: Page, url: str, case: str) -> None:
    """Open one population and wait until it is drawn and counted."""
    page.goto(f"{url}/?case={case}")
    expect(page.get_by_test_id("stCode")).to_be_visible(timeout=30_000)
    plot = page.locator(f'[data-testid="threshold-handle"][data-x], {EMPTY}:visible, [data-testid="panel-handle"]')
    expect(plot.first).to_be_attached(timeout=15_000)


def said(page: Page) -> dict[str, Any]:
    """Return what the server says: its bounds, what was opened, and its own counts."""
    found: dict[str, Any] = json.loads(page.get_by_test_id("stCode").inner_text())
    return found


def shown(page: Page) -> dict[str, Any]:
    """Return what the picker shows, under the names the server uses; None for what it does not say."""
    numbers = page.get_by_test_id("threshold-numbers")
    read = {name: numbers.get_attribute(f"data-{name}") for name in ("rollouts", "tasks", "tokens")}
    bounds = {"at_least": numbers.get_attribute("data-value"), "at_most": numbers.get_attribute("data-at-most")}
    counts = {name: None if text is None else int(text) for name, text in read.items()}
    return {name: float(text) if text else None for name, text in bounds.items()} | counts


def wait_for_server(page: Page, bounds: dict[str, Any]) -> dict[str, Any]:
    """Wait until the server has the bounds the picker shows; return what it counts."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        now = said(page)
        if (now["at_least"], now["at_most"]) == (bounds["at_least"], bounds["at_most"]):
            return {name: now[name] for name in ("at_least", "at_most", "rollouts", "tasks", "tokens")}
        page.wait_for_timeout(20)
    raise AssertionError(f"the server has {said(page)}, the picker shows {bounds}")


def agrees(page: Page) -> dict[str, Any]:
    """Check that what is shown now, before the server heard of it, is what the server will count."""
    live = shown(page)
    assert live["rollouts"] is not None
    assert wait_for_server(page, live) == live
    return live


def middle(locator: Locator) -> tuple[float, float]:
    """Return where a pointer would press an element."""
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_to(page: Page, handle: str, share: float) -> dict[str, Any]:
    """Drag a handle by its grip to a share of the plot's width; return what was shown before it was let go."""
    grip, plot = page.get_by_test_id(handle).locator(".grip"), page.get_by_test_id("threshold-plot").bounding_box()
    assert plot
    x, y = middle(grip)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(plot["x"] + 56 + share * (plot["width"] - 108), y + 60, steps=4)
    live = shown(page)
    page.mouse.up()
    return live


def test_keys_alone_reach_every_stop_of_both_handles_and_agree_with_the_server(
    page: Page, seen: Seen, picker_url: str
) -> None:
    open_case(page, picker_url, "ties")
    lower, upper = page.get_by_test_id("threshold-handle"), page.get_by_test_id("threshold-handle-upper")
    lower.focus()
    stops = []
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        stops.append(agrees(page)["at_least"])
    assert stops == [-100.0, -1.0, 0.0, 0.25, 1 / 3]
    page.get_by_test_id("threshold-upper").focus()
    page.keyboard.press("Enter")
    expect(upper).to_be_focused()
    ends = [agrees(page)["at_most"]]
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
        ends.append(agrees(page)["at_most"])
    assert ends == [19.4, 1.0, 0.5, 1 / 3, 1 / 3]  # the handles do not cross
    page.keyboard.press("End")
    assert agrees(page)["at_most"] == 19.4
    page.keyboard.press("Shift+Tab")
    expect(lower).to_be_focused()
    page.keyboard.press("Home")
    assert (agrees(page)["at_least"], shown(page)["at_most"]) == (-100.0, 19.4)
    page.keyboard.press("Delete")
    assert agrees(page)["at_least"] is None
    page.keyboard.press("Tab")
    page.keyboard.press("Backspace")
    assert agrees(page) == {"at_least": None, "at_most": None, "rollouts": 3000, "tasks": 496, "tokens": 13440216}
    assert seen.page_errors == []


def test_dragging_either_handle_shows_what_the_server_counts(page: Page, seen: Seen, picker_url: str) -> None:
    open_case(page, picker_url, "odd")
    live = drag_to(page, "threshold-handle", 0.3)
    assert live["rollouts"] is not None
    assert wait_for_server(page, live) == live
    difference = page.get_by_test_id("threshold-difference")
    expect(difference).to_contain_text("no threshold \u2192")
    page.get_by_test_id("threshold-upper").click()
    agrees(page)
    for handle, share in (("threshold-handle-upper", 0.8), ("threshold-handle", 0.5), ("threshold-handle-upper", 0.1)):
        live = drag_to(page, handle, share)
        assert wait_for_server(page, live) == live
    assert live["at_most"] == live["at_least"]  # it was stopped by the other handle
    expect(page.get_by_test_id("threshold-note")).to_contain_text("not affected by this threshold")
    assert seen.page_errors == []


def test_a_double_click_opens_a_bar_and_escape_takes_a_drag_back_and_both_leave_the_bounds_alone(
    page: Page, picker_url: str
) -> None:
    open_case(page, picker_url, "spread")
    plot = page.get_by_test_id("threshold-plot").bounding_box()
    assert plot
    x = plot["x"] + 56 + 0.505 * (plot["width"] - 108)
    page.mouse.move(x, plot["y"] + 150)
    expect(page.get_by_test_id("threshold-tip")).to_contain_text("[0.5, 0.51)")
    page.mouse.dblclick(x, plot["y"] + 150)
    expect(page.get_by_test_id("stCode")).to_contain_text('"opened": [0.5, 0.51, false]')
    assert agrees(page)["at_least"] is None
    page.mouse.move(x, plot["y"] + 150)
    page.mouse.down()
    page.mouse.move(x + 90, plot["y"] + 150, steps=3)
    assert shown(page)["at_least"] > 0.5
    page.keyboard.press("Escape")
    page.mouse.up()
    assert agrees(page)["at_least"] is None
    page.mouse.click(x, plot["y"] + 150)
    assert 0.49 < agrees(page)["at_least"] < 0.52


def test_bars_and_what_is_off_the_axis_open_by_keyboard(page: Page, picker_url: str) -> None:
    open_case(page, picker_url, "ties")
    bars = page.get_by_test_id("threshold-bars")
    bars.focus()
    page.keyboard.press("End")
    expect(bars).to_have_attribute("aria-label", r"Bar 8 of 8, 19.4: 402 rollouts, kept. Enter lists them.")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stCode")).to_contain_text('"opened": [19.4, 19.4, true]')
    page.get_by_test_id("threshold-outside").get_by_role("button", name="140 truncated").press("Enter")
    expect(page.get_by_test_id("stCode")).to_contain_text('"opened": "truncated"')
    assert agrees(page)["at_least"] is None


def test_a_range_is_zoomed_to_by_mouse_and_by_keys_and_handles_stay_in_reach(page: Page, picker_url: str) -> None:
    open_case(page, picker_url, "spread")
    drag_to(page, "threshold-handle", 0.9)
    strip = page.get_by_test_id("threshold-strip").bounding_box()
    assert strip
    y = strip["y"] + 12
    page.mouse.move(strip["x"] + 0.2 * strip["width"], y)
    page.mouse.down()
    page.mouse.move(strip["x"] + 0.4 * strip["width"], y, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("threshold-range")).to_have_text("showing 0.2 to 0.4")
    expect(page.get_by_test_id("threshold-reading-atLeast")).to_contain_text("\u2192")
    live = drag_to(page, "threshold-handle", 0.5)
    assert live["at_least"] == pytest.approx(0.3, abs=0.01)
    page.keyboard.press("End")
    expect(page.get_by_test_id("threshold-range")).to_have_text("showing 0.8 to 1")
    page.keyboard.press("0")
    expect(page.get_by_test_id("threshold-range")).to_be_hidden()
    page.keyboard.press("+")
    expect(page.get_by_test_id("threshold-range")).to_have_text("showing 0.5 to 1")


def test_an_axis_with_outliers_starts_at_its_middle_and_what_the_user_chose_sticks(
    page: Page, seen: Seen, picker_url: str
) -> None:
    open_case(page, picker_url, "outlier")
    shown_part, beyond = page.get_by_test_id("threshold-range"), page.get_by_test_id("threshold-beyond-high")
    expect(beyond).to_have_text("1 value at 10 \u2192")
    expect(page.get_by_test_id("threshold-beyond-low")).to_have_text("\u2190 2 values down to \u22128")
    expect(shown_part).to_be_visible()
    beyond.click()
    expect(beyond).to_be_hidden()
    expect(shown_part).to_be_hidden()
    drag_to(page, "threshold-handle", 0.5)
    agrees(page)
    expect(shown_part).to_be_hidden()
    page.get_by_test_id("threshold-zoom-most").click()
    expect(beyond).to_be_visible()
    drag_to(page, "threshold-handle", 0.8)
    agrees(page)
    expect(beyond).to_be_visible()
    assert seen.page_errors == []


def test_while_a_handle_is_moved_what_follows_is_hidden_the_note_is_right_and_the_page_knows(
    page: Page, picker_url: str
) -> None:
    open_case(page, picker_url, "rules")
    then, note = page.get_by_test_id("threshold-then"), page.get_by_test_id("threshold-note")
    expect(then).to_have_text("→ 7 kept after rules")
    expect(page.get_by_test_id("threshold-numbers")).to_contain_text("3,000 pass the threshold")
    expect(note).to_have_text("100 without reward: kept (no threshold)")
    expect(page.locator("body[data-rc-picking]")).to_have_count(0)
    x, y = middle(page.get_by_test_id("threshold-handle").locator(".grip"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 200, y + 40, steps=4)
    expect(then).to_be_hidden()
    expect(note).to_have_text("100 without reward: dropped")
    expect(page.locator("body[data-rc-picking]")).to_have_count(1)
    page.mouse.up()
    agrees(page)
    expect(then).to_be_visible()
    expect(page.locator("body[data-rc-picking]")).to_have_count(0)


GEOMETRY = """() => {
  const find = (selector) => { const hosts = [document]; const found = [];
    while (hosts.length) { const host = hosts.pop(); found.push(...host.querySelectorAll(selector));
      for (const e of host.querySelectorAll('*')) if (e.shadowRoot) hosts.push(e.shadowRoot); }
    return found; };
  const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const plot = find('[data-testid=threshold-plot]')[0];
  const texts = [...plot.querySelectorAll('text')].filter((e) => e.textContent && !e.hasAttribute('hidden'));
  const bars = plot.querySelector('.dropped');
  return { plot: box(plot), bars: box(bars), texts: texts.map((e) => [e.textContent, ...box(e)]),
    lines: [...plot.querySelectorAll('.handle:not([hidden]) line:first-of-type')].map(box),
    labels: [...plot.querySelectorAll('.label:not([hidden])')].map((e) => ['', ...box(e)]),
    curves: [...plot.querySelectorAll('.curve')].flatMap((e) => { const points = []; const at = box(plot);
      for (let d = 0; d < e.getTotalLength(); d += 2) {
        const { x, y } = e.getPointAtLength(d);
        points.push([x + at[0], y + at[1]]); }
      return points; }),
    width: document.documentElement.scrollWidth - document.documentElement.clientWidth };
}"""


def overlaps(one: list[Any], other: list[Any]) -> bool:
    """Say whether two words lie on each other by more than a hair."""
    return bool(one[1] < other[3] - 1 and other[1] < one[3] - 1 and one[2] < other[4] - 2.5 and other[2] < one[4] - 2.5)


def test_bars_lie_inside_the_axes_handles_on_their_values_and_words_apart(page: Page, picker_url: str) -> None:
    open_case(page, picker_url, "spread")
    page.get_by_test_id("threshold-upper").click()
    for scheme, width in itertools.product(("light", "dark"), (1440, 900)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        for low, high in ((0.0, 0.02), (0.96, 1.0), (0.47, 0.5)):
            first, then = ("-upper", "") if high == 1.0 else ("", "-upper")  # so that neither handle blocks the other
            drag_to(page, f"threshold-handle{first}", high if first else low)
            check_geometry(page, drag_to(page, f"threshold-handle{then}", high if then else low))


def check_geometry(page: Page, live: dict[str, Any]) -> None:
    """Check that everything is where it belongs: within the plot, on its value, and apart."""
    found = page.evaluate(GEOMETRY)
    left, top, right, bottom = found["plot"]
    assert found["width"] == 0
    assert left + 55 <= found["bars"][0] and found["bars"][2] <= right - 51
    assert top + 41 <= found["bars"][1] and found["bars"][3] <= bottom - 23
    at = [left + 56 + live[name] * (right - left - 108) for name in ("at_least", "at_most")]
    assert [(box[0] + box[2]) / 2 for box in found["lines"]] == pytest.approx(at, abs=8)
    words = found["texts"]
    assert [text for text in words if text[1] < left or text[3] > right or text[2] < top or text[4] > bottom] == []
    assert [(a[0], b[0]) for i, a in enumerate(words) for b in words[i + 1 :] if overlaps(a, b)] == []
    assert [box for box in found["labels"] for line in found["lines"] if overlaps(box, ["", *line])] == []
    assert crossed(found) == []


def crossed(found: dict[str, Any]) -> list[Any]:
    """Return the labels that lie on a curve, and where."""
    return [(a, p) for a in found["labels"] for p in found["curves"] if a[1] < p[0] < a[3] and a[2] < p[1] < a[4]]


def test_each_curve_has_its_label_beside_it_whether_or_not_there_is_a_threshold(page: Page, picker_url: str) -> None:
    open_case(page, picker_url, "spread")
    for share in (None, 0.3, 0.7):
        if share is not None:
            drag_to(page, "threshold-handle", share)
        for name in ("rollouts", "tasks", "tokens"):
            expect(page.get_by_test_id(f"threshold-label-{name}")).to_contain_text(re.compile(rf"^{name} [\d.]+%$"))
        found = page.evaluate(GEOMETRY)
        boxes = found["labels"]
        assert [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if overlaps(a, b)] == []
        assert crossed(found) == []


@pytest.mark.parametrize("case", ["empty", "binary", "huge", "tokens"])
def test_every_population_is_drawn_and_counted(page: Page, seen: Seen, picker_url: str, case: str) -> None:
    open_case(page, picker_url, case)
    if case == "empty":
        expect(page.get_by_test_id("threshold-empty")).to_be_visible()
        expect(page.get_by_test_id("threshold-handle")).to_be_hidden()
    else:
        page.get_by_test_id("threshold-handle").focus()
        page.keyboard.press("End")
        assert agrees(page)["rollouts"] >= 1
        assert page.get_by_test_id("threshold-table").locator("tr").count() >= 2
    assert seen.page_errors == []
    assert seen.console_errors == []


def test_a_panel_gets_a_bound_of_its_own_by_dragging_and_follows_again(page: Page, seen: Seen, picker_url: str) -> None:
    open_case(page, picker_url, "panels")
    first = page.get_by_test_id("threshold-panel").first
    plot = first.get_by_test_id("panel-plot").bounding_box()
    assert plot
    grip = middle(first.get_by_test_id("panel-handle").locator(".grip"))
    page.mouse.move(*grip)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] - 20, plot["y"] + 40, steps=5)
    live = int(first.get_by_test_id("panel-numbers").get_attribute("data-rollouts") or -1)
    page.mouse.up()
    expect(page.get_by_test_id("stCode")).to_contain_text('"swe_agent": 1.0')
    assert said(page)["kept"]["swe_agent"]["rollouts"] == live
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("stCode")).to_contain_text('"swe_agent": 0.5')
    first.get_by_test_id("panel-follow").click()
    expect(page.get_by_test_id("stCode")).not_to_contain_text('"swe_agent": 0.5}')
    expect(first.get_by_test_id("panel-follow")).to_be_hidden()
    first.get_by_test_id("panel-name").click()
    expect(page.get_by_test_id("stCode")).to_contain_text('"opened": "swe_agent"')
    assert seen.page_errors == []


# ---- the script in a blank page, where the test plays the server ------------------------------------------------


@pytest.fixture(scope="module")
def blank(chromium: Browser, picker_url: str) -> Iterator[Page]:
    """Return a page that has `keptBy`, `middleOf`, `mount(data)` and `sent`, from the picker's own modules."""
    page = chromium.new_page(viewport={"width": 1000, "height": 600})
    page.goto(f"{picker_url}/_stcore/health")
    page.set_content("<main></main>")
    page.evaluate(
        """async (version) => {
          const load = (name) => import(`/scripts/${version}/picker/${name}.js`);
          const [picker, counts] = await Promise.all([load('threshold'), load('counts')]);
          const parentElement = document.querySelector('main');
          window.keptBy = counts.keptBy;
          window.middleOf = counts.middleOf;
          window.sent = [];
          const setStateValue = (_, value) => sent.push(value);
          window.mount = (data) => picker.default({ parentElement, data, setStateValue });
        }""",
        scripts.version(),
    )
    yield page
    page.close()


ROWS = some.lists(
    some.tuples(
        some.sampled_from([0.0, 1.0, 0.5, 1 / 3, -7.25, 1e300, float("nan"), float("inf"), float("-inf")])
        | some.floats(-10, 10),
        some.integers(0, 999),
        some.integers(-1, 4),
        some.booleans(),
    ),
    min_size=1,
    max_size=25,
)
BOUND = some.none() | some.sampled_from([0.0, 0.4, 0.5, 1.0, -20.0]) | some.floats(-11, 11)


def plain_count(rows: list[tuple[float, int, int, bool]], low: float | None, high: float | None) -> dict[str, int]:
    """Return what two comparisons keep."""
    is_open = low is None and high is None
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    kept = [row for row in rows if row[3] or is_open or low <= row[0] <= high]
    tasks = {row[2] for row in kept if row[2] >= 0}
    return {"rollouts": len(kept), "tasks": len(tasks), "tokens": sum(row[1] for row in kept)}


@given(ROWS, BOUND, BOUND)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_script_counts_every_stop_and_everything_between_as_a_plain_comparison_does(
    blank: Page, rows: list[tuple[float, int, int, bool]], low: float | None, high: float | None
) -> None:
    value, tokens, task, always = (np.array(column) for column in zip(*rows, strict=True))
    made = count_thresholds(
        value.astype(np.float64), tokens, task, always=always.astype(bool), bounds=Interval(low, high)
    )
    bounds = [None, -1e9, 0.123, 1e9, *made.lower.value.tolist()]
    counted = blank.evaluate(
        """([data, bounds]) => [
          bounds.map((bound) => keptBy(data, { ...data.bounds, atLeast: bound })),
          bounds.map((bound) => keptBy(data, { ...data.bounds, atMost: bound })),
        ]""",
        [payload(made), bounds],
    )
    assert counted == [
        [plain_count(rows, bound, high) for bound in bounds],
        [plain_count(rows, low, b) for b in bounds],
    ]


def test_the_middle_leaves_out_a_hundredth_at_either_end_and_nothing_where_that_is_most_of_the_axis(
    blank: Page,
) -> None:
    def middle_of(*value: float) -> Any:
        n = len(value)
        made = count_thresholds(np.array(value), np.ones(n, np.int64), np.arange(n))
        return blank.evaluate("middleOf", payload(made))

    assert middle_of(*[0.0] * 500, *[1.0] * 500, 1000.0) == {"low": -0.625, "high": 1.625}
    assert middle_of(*[0.0] * 500, *[1.0] * 500) is None


def some_data(at_least: float | None, at_most: float | None, heard: int) -> dict[str, Any]:
    """Return what the server sends for five rollouts of three tasks."""
    made = count_thresholds(
        np.array([0.0, 0.25, 0.5, 0.75, 1.0]),
        np.array([1, 2, 4, 8, 16]),
        np.array([0, 1, 0, 1, 2]),
        bounds=Interval(at_least, at_most),
    )
    words = {"title": "Reward", "kind": "number", "outside": [], "session": "a", "heard": heard}
    return words | payload(made)


def test_no_number_is_shown_while_only_the_server_can_tell(blank: Page) -> None:
    blank.evaluate("(data) => mount(data)", some_data(None, 1.0, 0))
    blank.get_by_test_id("threshold-handle").press("End")  # at least 1.0, from the curve of the lower handle
    blank.get_by_test_id("threshold-handle").press("ArrowLeft")
    assert shown(blank) == {"at_least": 0.75, "at_most": 1.0, "rollouts": 2, "tasks": 2, "tokens": 24}
    blank.get_by_test_id("threshold-handle-upper").press("ArrowLeft")  # its curve was counted without a lower bound
    assert shown(blank) == {"at_least": 0.75, "at_most": 0.75, "rollouts": None, "tasks": None, "tokens": None}
    expect(blank.get_by_test_id("threshold-numbers")).to_contain_text("counting")
    blank.wait_for_function("sent.at(-1)?.waiting.at(-1)?.bounds.atMost === 0.75")
    blank.evaluate("(data) => mount(data)", some_data(0.75, 1.0, 1))  # the answer to the first of the two choices
    assert shown(blank) == {"at_least": 0.75, "at_most": 0.75, "rollouts": 1, "tasks": 1, "tokens": 8}
    blank.evaluate("(data) => mount(data)", some_data(0.75, 0.75, 2))
    assert shown(blank) == {"at_least": 0.75, "at_most": 0.75, "rollouts": 1, "tasks": 1, "tokens": 8}


def test_a_picker_that_is_mounted_again_listens_once_and_takes_the_bounds_of_a_link(blank: Page) -> None:
    for _ in range(3):
        blank.evaluate("(data) => mount(data)", some_data(0.25, None, 0) | {"session": "b"})
    blank.evaluate("sent.length = 0")
    blank.get_by_test_id("threshold-handle").press("ArrowRight")
    assert shown(blank)["at_least"] == 0.5
    blank.wait_for_function("sent.length > 0")
    assert blank.evaluate("sent.map((one) => one.waiting.map((choice) => choice.sequence))") == [[1]]
    blank.evaluate("(data) => mount(data)", some_data(1.0, None, 1) | {"session": "b"})
    assert shown(blank) == {"at_least": 1.0, "at_most": None, "rollouts": 1, "tasks": 1, "tokens": 16}


def test_what_was_done_to_one_axis_is_not_done_to_the_next(blank: Page) -> None:
    blank.evaluate("(data) => mount(data)", some_data(None, None, 0) | {"session": "c"})
    blank.evaluate("sent.length = 0")
    blank.get_by_test_id("threshold-handle").press("End")
    blank.evaluate("(data) => mount(data)", some_data(0.25, None, 0) | {"session": "c", "title": "Turns"})
    assert shown(blank) == {"at_least": 0.25, "at_most": None, "rollouts": 4, "tasks": 3, "tokens": 30}
    blank.get_by_test_id("threshold-handle").press("ArrowRight")
    blank.wait_for_function("sent.length > 0")
    last = {"bounds": {"atLeast": 0.5, "atMost": None}, "axis": "Turns", "sequence": 1}
    assert blank.evaluate("sent") == [{"session": "c", "waiting": [last]}]


@pytest.mark.parametrize(
    ("value", "stops"),
    [([], 0), ([np.nan], 0), ([np.inf, -np.inf], 0), ([0.5], 1), ([1.0] * 9, 1), ([-1e-300, 0.0, 1e-300], 3)],
)
def test_odd_populations_are_drawn(blank: Page, value: list[float], stops: int) -> None:
    errors: list[str] = []
    blank.on("pageerror", lambda error: errors.append(str(error)))
    n = len(value)
    made = count_thresholds(np.array(value, np.float64), np.ones(n, np.int64), np.arange(n))
    blank.evaluate("(data) => mount(data)", some_data(None, None, 0) | {"session": str(value)} | payload(made))
    expect(blank.get_by_test_id("threshold-empty")).to_be_visible(visible=stops == 0)
    for _ in range(stops):
        blank.get_by_test_id("threshold-handle").press("ArrowRight")
    if stops:
        assert shown(blank)["at_least"] == max(value)
        assert "NaN" not in blank.get_by_test_id("threshold-plot").inner_html()
    assert errors == []
