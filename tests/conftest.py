"""What every test stands on: nothing of the person who runs it is touched, and `shared` is found or the test skips.

The fixtures for a real browser are in browser/conftest.py, what the drills hand in is noted by ledger.py.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rollout_curator.decisions.store import Decisions

pytest_plugins = ["ledger"]

CHECKOUT = Path(__file__).parents[1]
SHARED = CHECKOUT.parent / "shared"

# Tests say what is right, not how fast: an example may take longer than 200 ms on a machine that is busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the folder `shared` where there is none."""
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason="no folder `shared` beside the checkout"))


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Return the folder beside the checkout with real rollouts and drills; skip where there is none."""
    if not SHARED.is_dir():
        pytest.skip("no folder `shared` beside the checkout")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Send everything that is cached, here and in child processes, to a folder that the test session owns.

    Playwright looks for its own browser in the same place, so it is told where that was before.
    """
    patch = pytest.MonkeyPatch()
    if sys.platform == "linux" and "PLAYWRIGHT_BROWSERS_PATH" not in os.environ:
        usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        patch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(Path(usual) / "ms-playwright"))
    cache = tmp_path_factory.mktemp("cache")
    patch.setenv("XDG_CACHE_HOME", str(cache))
    yield cache
    patch.undo()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a review store lies that is not there yet."""
    return tmp_path / "curation.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Decisions]:
    """Open an empty review store."""
    with Decisions.open(path) as opened:
        yield opened
