"""A click or a box in a figure reaches Python as what its mark says it opens, through plotly and Streamlit as they are.

The page is not the app's: it draws each kind of figure and says in words what was opened.
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from driving import COMPONENTS, Seen, free_port
from playwright.sync_api import Page, expect

SCRIPT = """
import numpy as np, pandas as pd, streamlit as st
from rollout_curator.selection.group_tables import group_table, task_table
from rollout_curator.ui import plots

def rollouts(n):
    at = np.arange(n)
    reward = at * 7 % 101 / 100
    return pd.DataFrame({
        "reward": reward, "agent": pd.Categorical(at % 3), "task_id": pd.Categorical(at // 4), "group": at // 4,
        "tokens": np.exp(at % 97 / 10).astype(int) + 1, "turns": at % 5, "tool_errors": at % 2,
    }, index=at + 1000)

many, few = rollouts(6000), rollouts(12)
rates = task_table(many, 0.5)["pass@1"].to_numpy()
figures = {
    "cells": plots.reward_against(many, "tokens"),
    "points": plots.reward_against(few, "turns"),
    "rows": plots.by_group(group_table(many, "agent"), "agent"),
    "rates": plots.tasks_by_pass_rate(rates, 0.5),
    "tasks": plots.reward_by_task(few),
    "components": plots.components(plots.component_table(many, ["tool_errors"], 0.5), 0.5),
}
st.set_page_config(layout="wide")
for column, (name, figure) in zip(st.columns(3) * 2, figures.items()):
    with column:
        event = st.plotly_chart(figure, key=name, on_select="rerun", selection_mode=("points", "box"))
        with st.container(key=f"opened-{name}"):
            st.code(plots.opened(event) or "nothing", language=None)
"""
PLACE = """([name, trace, mark]) => {
  const figure = document.querySelector(`.st-key-${name} .js-plotly-plot`);
  const {xaxis, yaxis} = figure._fullLayout, drawn = figure.calcdata[trace][mark];
  const isBar = figure._fullData[trace].type === "bar", isFlat = figure._fullData[trace].orientation === "h";
  const middle = isBar ? (drawn.s0 + drawn.s1) / 2 : null;
  const x = isBar && isFlat ? middle : drawn.x ?? drawn.p, y = isBar ? (isFlat ? drawn.p : middle) : drawn.y;
  const box = figure.querySelector(".main-svg").getBoundingClientRect();
  return {
    x: box.x + xaxis._offset + xaxis.c2p(x), y: box.y + yaxis._offset + yaxis.c2p(y),
    left: box.x + xaxis._offset, right: box.x + xaxis._offset + xaxis._length,
    top: box.y + yaxis._offset, bottom: box.y + yaxis._offset + yaxis._length,
    opens: figure.data[trace].customdata[mark][0],
  };
}"""
# A figure is drawn, then made to fit its column: a place counts once it stays for 12 frames.
STILL = f"""async (asked) => {{
  const frame = () => new Promise(requestAnimationFrame), place = {PLACE};
  for (let was = "", same = 0; ; await frame()) {{
    const found = place(asked), now = JSON.stringify(found);
    same = now === was ? same + 1 : 0;
    if (same === 12) return found;
    was = now;
  }}
}}"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve the page; yield where."""
    (tmp_path / "page.py").write_text(SCRIPT)
    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "streamlit", "run", "page.py", *options]
    with (tmp_path / "log").open("wb") as log:
        environment = os.environ | {"PYTHONPATH": str(COMPONENTS), "HOME": str(tmp_path)}
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                break
            time.sleep(0.05)
        yield url
        process.terminate()
        process.wait(10)


def place(page: Page, name: str, trace: int, mark: int) -> dict[str, float]:
    """Return where a mark is on the screen, the ends of its axes, and what it opens."""
    page.locator(f".st-key-{name} .js-plotly-plot").scroll_into_view_if_needed()
    found: dict[str, float] = page.evaluate(STILL, [name, trace, mark])
    return found


def click(page: Page, x: float, y: float) -> None:
    """Click as a hand does: plotly takes a click for the mark that it pointed out before."""
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    expect(page.locator(".hoverlayer .hovertext").first).to_be_visible()
    page.mouse.click(x, y)


def test_every_mark_of_every_figure_opens_what_it_says(address: str, page: Page, seen: Seen) -> None:
    page.goto(address)
    page.set_viewport_size({"width": 1440, "height": 1400})
    expect(page.locator(".js-plotly-plot .cartesianlayer")).to_have_count(6, timeout=60_000)
    expect(page.get_by_text("nothing", exact=True)).to_have_count(6)

    def opens(name: str, text: object) -> None:
        expect(page.locator(f".st-key-opened-{name} code")).to_have_text(str(text), timeout=20_000)

    # Two clicks on one figure within 0.3 s are a double click to plotly: the figures take turns.
    cell = place(page, "cells", 1, 40)
    click(page, cell["x"], cell["y"])
    opens("cells", cell["opens"])
    # A rollout.
    point = place(page, "points", 0, 7)
    click(page, point["x"], point["y"])
    opens("points", "row:1007")
    # A row, far from its marks; a bar; a place below a mark; a part of a bar.
    row = place(page, "rows", 4, 1)
    click(page, row["right"] - 4, row["y"])
    opens("rows", row["opens"])
    bar = place(page, "rates", 0, 3)
    click(page, bar["x"], bar["y"])
    opens("rates", bar["opens"])
    task = place(page, "tasks", 1, 2)
    click(page, task["x"], task["bottom"] - 4)
    opens("tasks", task["opens"])
    part = place(page, "components", 2, 0)
    click(page, part["x"], part["y"])
    opens("components", "tool_errors=0.5..;reward=..<0.5")
    # A place off the middle of a cell; the place above a bar.
    cell = place(page, "cells", 1, 90)
    click(page, cell["x"] + 1, cell["y"] - 2)
    opens("cells", cell["opens"])
    bar = place(page, "rates", 0, 6)
    click(page, bar["x"], bar["top"] + 4)
    opens("rates", bar["opens"])
    # A box on a logarithmic axis is in the numbers of the axis.
    page.locator(".st-key-cells .modebar-btn[data-val=select]").click()
    ends = [place(page, "cells", 1, mark) for mark in (0, 200)]
    start, end = sorted((where["x"], where["y"]) for where in ends)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 10, start[1] - 10)
    page.mouse.move(*end)
    page.mouse.up()
    boxed = page.locator(".st-key-opened-cells code")
    expect(boxed).to_have_text(re.compile(r"^tokens=2\.\d+\.\.\d+\.\d+;reward=0\.\d+\.\.0\.\d+$"), timeout=20_000)
    assert seen.page_errors == []
