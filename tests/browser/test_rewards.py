"""The Select page in a real browser: every number agrees, and everything that is shown can be opened."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from driving import AppServer, Seen
from playwright.sync_api import Locator, Page, expect

SAMPLE = Path(__file__).parents[2] / "sample_data"
REAL = SAMPLE.parents[1] / "shared" / "rollouts" / "nemo_gym"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Start the app on the sample data."""
    decisions = tmp_path_factory.mktemp("d") / "d.sqlite"
    server = AppServer([str(SAMPLE), "--decisions", str(decisions)], tmp_path_factory.mktemp("home"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def rewards(app: AppServer, page: Page, seen: Seen) -> Iterator[Page]:
    """Open the Select page; at the end nothing went elsewhere and nothing complained."""
    page.set_viewport_size({"width": 1440, "height": 1900})
    opened(page, app, "min=0.5")
    yield page
    assert (seen.outside(app.url), seen.console_errors, seen.page_errors) == ([], [], [])


def opened(page: Page, app: AppServer, query: str) -> None:
    page.goto(f"{app.url}/select?{query}")
    expect(page.get_by_test_id("threshold-numbers")).to_be_visible(timeout=30_000)
    page.locator(IDLE).wait_for(timeout=30_000)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def number(page: Page, name: str) -> int:
    text = page.get_by_test_id("threshold-numbers").get_attribute(f"data-{name}")
    assert text is not None
    return int(text)


def kept_in_the_end(page: Page, count: int) -> None:
    """Wait until the page says that so many are kept: in the funnel, and below the picker."""
    funnel = page.locator(".st-key-funnel").get_by_role("link", name=f"{count:,} kept", exact=True)
    expect(funnel).to_be_visible(timeout=15_000)
    expect(page.get_by_test_id("threshold-numbers")).to_contain_text(f"{count:,} kept", timeout=15_000)


def grip(page: Page, handle: Locator) -> tuple[float, float]:
    box = handle.locator(".grip").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def dragged(page: Page, handle: Locator, dx: float) -> int:
    """Drag a handle; return how many rollouts were said to be kept before it was let go."""
    x, y = grip(page, handle)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + 5, steps=8)
    live = number(page, "rollouts")
    page.mouse.up()
    return live


def test_what_is_read_while_dragging_is_what_is_kept_in_the_end(rewards: Page) -> None:
    for dx in (160, -320):
        before = rewards.url
        live = dragged(rewards, rewards.get_by_test_id("threshold-handle"), dx)
        rewards.wait_for_function("before => location.href !== before", arg=before)
        kept_in_the_end(rewards, live)


def test_a_bar_opens_its_rollouts_below_and_as_a_queue(rewards: Page) -> None:
    plot = rewards.get_by_test_id("threshold-plot").bounding_box()
    right = rewards.get_by_test_id("threshold-kept").bounding_box()
    assert plot
    assert right
    rewards.mouse.dblclick(right["x"] + right["width"] - 4, right["y"] + right["height"] - 6)
    said = rewards.get_by_text(re.compile(r"^\d+ rollouts: reward \[2\.5"))
    expect(said).to_be_visible(timeout=15_000)
    count = int(re.sub(r"\D.*", "", said.inner_text()))
    rewards.locator(".st-key-opened").get_by_role("link", name="Review these").click()
    expect(rewards.get_by_test_id("reader")).to_contain_text(f"1 of {count}", timeout=30_000)
    assert query(rewards)["queue"][0].startswith("in:reward:reward=")


def test_what_is_no_measurement_opens_as_a_queue(rewards: Page) -> None:
    rewards.get_by_text("9 failed", exact=True).click()
    expect(rewards.get_by_test_id("reader")).to_contain_text("1 of 9", timeout=30_000)
    assert query(rewards)["queue"] == ["failed"]


def test_an_agent_gets_a_threshold_of_its_own_by_dragging_and_the_funnel_follows(rewards: Page) -> None:
    panel = rewards.get_by_test_id("threshold-panel").nth(2)
    expect(panel.get_by_test_id("panel-name")).to_have_text("code_repair_agent")
    dragged(rewards, panel.get_by_test_id("panel-handle"), 120)
    funnel = rewards.locator(".st-key-funnel")
    own = funnel.get_by_role("link", name=re.compile(r"reward ≥ 0.5 \(per-agent where set\)$"))
    expect(own).to_be_visible(timeout=15_000)
    funnel.get_by_role("button", name=re.compile(r"^\d+ dropped")).click()
    expect(rewards.get_by_role("link", name=re.compile("below the per-agent threshold"))).to_be_visible(timeout=15_000)
    rewards.keyboard.press("Escape")
    expect(rewards.get_by_test_id("threshold-numbers")).to_have_count(1)  # the notice above went, and the page moved up
    kept_in_the_end(rewards, number(rewards, "rollouts"))
    assert query(rewards)["own"][0].startswith("agent;code_repair_agent=")
    panel.get_by_test_id("panel-follow").click()
    expect(own).to_have_count(0, timeout=15_000)
    assert "own" not in query(rewards)


def test_turns_as_an_axis_filter_what_the_reward_keeps(rewards: Page, app: AppServer) -> None:
    opened(rewards, app, "min=0.5&axis=n_turns")
    expect(rewards.get_by_role("combobox", name=re.compile("Histogram of")).first).to_have_value("Turns")
    assert number(rewards, "rollouts") == 189
    handle = rewards.get_by_test_id("threshold-handle")
    handle.focus()
    for key in ("Home", "ArrowRight"):
        rewards.keyboard.press(key)
    rewards.wait_for_url(re.compile("where="))
    kept_in_the_end(rewards, number(rewards, "rollouts"))
    assert query(rewards)["where"][0].startswith("n_turns=")
    rewards.get_by_role("button", name=re.compile("^turns ≥ ")).click()
    kept_in_the_end(rewards, 189)


def test_the_picker_says_how_many_pass_and_the_funnel_what_the_rules_leave_and_is_dim_in_between(
    rewards: Page, app: AppServer
) -> None:
    opened(rewards, app, 'min=0.5&rules=[{"name":"best_of_n"}]')
    then, funnel = rewards.get_by_test_id("threshold-then"), rewards.locator(".st-key-funnel")
    expect(then).to_have_text(re.compile(r"^→ \d+ kept after rules$"))
    expect(funnel).to_contain_text(then.inner_text().removeprefix("→ ").removesuffix(" after rules"))
    x, y = grip(rewards, rewards.get_by_test_id("threshold-handle"))
    rewards.mouse.move(x, y)
    rewards.mouse.down()
    rewards.mouse.move(x - 60, y + 5, steps=4)
    expect(funnel).to_have_css("opacity", "0.45")
    expect(then).to_be_hidden()
    rewards.mouse.up()
    expect(funnel).to_have_css("opacity", "1", timeout=15_000)
    expect(then).to_be_visible()
    expect(funnel).to_contain_text(then.inner_text().removeprefix("→ ").removesuffix(" after rules"))


def test_the_sections_begin_high_on_the_page_and_the_pickers_buttons_lie_in_the_row_above(
    rewards: Page, app: AppServer
) -> None:
    box = rewards.locator(".st-key-sections").bounding_box()
    filters, button = rewards.locator(".st-key-filters").bounding_box(), rewards.get_by_test_id("threshold-upper")
    assert box and filters
    assert box["y"] < 540
    at = grip_of(button)
    assert filters["y"] < at[1] < filters["y"] + filters["height"]
    button.click()
    expect(rewards.get_by_test_id("threshold-handle-upper")).to_be_visible()


def grip_of(button: Locator) -> tuple[float, float]:
    box = button.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_way_to_add_a_rule_closes_once_it_was_added(rewards: Page) -> None:
    rewards.get_by_role("button", name="Add rule").click()
    form = rewards.get_by_test_id("stPopoverBody")
    add = form.get_by_role("button", name="Add rule")
    expect(add).to_be_disabled()
    form.get_by_role("spinbutton", name="Min", exact=True).fill("0.5")
    form.get_by_role("spinbutton", name="Min", exact=True).press("Enter")
    expect(add).to_be_enabled(timeout=15_000)
    add.click()
    expect(add).to_be_hidden(timeout=15_000)
    expect(rewards.get_by_text("Rule 1 (")).to_be_visible()


def test_a_point_of_a_figure_opens_what_it_shows(rewards: Page, app: AppServer) -> None:
    opened(rewards, app, "min=0.5&section=plots")
    bar = rewards.locator('[class*="st-key-rc-plot-tasks"] .bars .point path').last
    box = bar.bounding_box()
    assert box
    rewards.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(rewards.get_by_text(re.compile(r"rollouts: pass rate of the task \(reward ≥ 1\): 1"))).to_be_visible(
        timeout=15_000
    )


@pytest.mark.shared
def test_all_real_files_as_one_workspace_give_a_page_that_agrees(
    page: Page, seen: Seen, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """98 files, most with an agent of their own, rewards from -2 to 10."""
    decisions = tmp_path_factory.mktemp("d") / "d.sqlite"
    server = AppServer([str(REAL), "--decisions", str(decisions)], tmp_path_factory.mktemp("home"))
    server.start()
    try:
        opened(page, server, "min=0.8")
        kept_in_the_end(page, number(page, "rollouts"))
        for name in ("Tasks", "Compare", "Plots"):
            page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first.click()
            page.locator(IDLE).wait_for(timeout=30_000)
        assert page.get_by_test_id("stAlert").count() == 0
        assert (seen.outside(server.url), seen.console_errors, seen.page_errors) == ([], [], [])
    finally:
        server.stop()
