"""A real browser and the real app for the tests of this folder, which all bear the mark `browser`.

chromium     the browser, one for the session
seen         what the page of this test asked for and complained about
page         an empty page of 1440 x 900 that reports to `seen`
rollouts     a copy of the sample data, so that decisions and exports land beside it
app_server   starts `rollout-curator ui` on the given paths: app_server(path, ...) -> AppServer
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import AppServer, Seen
from find_browser import HELP, find_browser
from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "sample_data"
FLAGS = [
    "--no-sandbox",  # root, as in a container, has no sandbox
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
]
WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)  # what is expected may come late on a loaded machine


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder and run them last: the quick ones should fail first."""
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.browser)
    items[:] = [item for item in items if HERE not in item.path.parents] + here


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start one browser for all tests; fail where none is installed, for a skipped test proves nothing."""
    path = find_browser()
    if path is None:
        pytest.fail(HELP)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    """Return a copy of the sample data, so that decisions and exports land beside it."""
    folder = tmp_path / "collected"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("generator", "*.md", "curat*"))
    return folder


@pytest.fixture
def seen() -> Seen:
    """Return the notebook that `page` writes to."""
    return Seen()


@pytest.fixture
def page(chromium: Browser, seen: Seen) -> Iterator[Page]:
    """Open a page that shares nothing with other tests' pages."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    seen.watch(page)
    yield page
    context.close()


@pytest.fixture
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., AppServer]]:
    """Return a function that starts the app on the given paths and options; every app ends with the test."""
    servers: list[AppServer] = []

    def start(*arguments: str | Path) -> AppServer:
        server = AppServer([str(argument) for argument in arguments], tmp_path_factory.mktemp("home"))
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()
