"""Whatever people do while they read, what is printed at 95 % is true in at least 95 % of the runs.

Real files, real review stores, the real statement; only the readers are simulated (`people`). The short form has few
runs with fixed seeds; the drill has as many as PEOPLE_RUNS says, each habit with a plan and without, with a table.
"""

import os
from pathlib import Path

import pytest
from scipy.stats import binom

from people import HABITS, Habit, Place, does_everything, run

RUNS = int(os.environ.get("PEOPLE_RUNS", "20"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.made(tmp_path_factory.mktemp("people"), 60)


@pytest.mark.parametrize("planned", [True, False], ids=["planned", "unplanned"])
def test_what_is_printed_is_true_also_for_who_does_everything(place: Place, tmp_path: Path, planned: bool) -> None:
    held = [run(place, tmp_path, seed, does_everything, planned=planned) for seed in range(12)]
    assert sum(held) >= 11


@pytest.mark.drill
@pytest.mark.parametrize("planned", [True, False], ids=["planned", "unplanned"])
@pytest.mark.parametrize("habit", HABITS, ids=[habit.__name__ for habit in HABITS])
def test_what_is_printed_is_true_whatever_people_do(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], habit: Habit, planned: bool
) -> None:
    """Fail only where so few would be true in less than one of a thousand drills, were it 95 % of all."""
    held = sum(run(place, tmp_path, seed, habit, planned=planned) for seed in range(RUNS))
    with capsys.disabled():
        print(
            f"\n{habit.__name__:<16} {'plan' if planned else 'none':<5} true in {held:,} of {RUNS:,}: {held / RUNS:.3f}"
        )
    assert binom.cdf(held, RUNS, 0.95) > 0.001
