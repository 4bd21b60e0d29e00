"""Whatever people do while they read, what is printed at 95% is true in at least 95% of the runs.

The statement is the real one; only the readers are simulated (`people`). A few runs are made on real files and stores
and again on plain values, which must come to the same statement; the drill then makes PEOPLE_RUNS runs of each habit on
plain values, with a plan and without, and prints a table.
"""

import os
from dataclasses import asdict
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

from people import HABITS, Habit, Held, Place, World, does_everything, plain_world, run

RUNS = int(os.environ.get("PEOPLE_RUNS", "2000"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.made(tmp_path_factory.mktemp("people"), 30)


def ended(world: World, habit: Habit, plan_bad: int | None) -> dict[str, Any]:
    """Return what is printed at the end of a run, but for the number of a row and the time of the plan."""
    said: dict[str, Any] = {}

    def remember(world: World) -> None:
        said.update(asdict(world.printed()))

    said["held"] = run(world, habit, plan_bad=plan_bad, at_end=remember)
    said["sample"].pop("stop")
    if plan_bad is not None:
        said["plan"].pop("clock")
    return said


@pytest.mark.parametrize("habit", HABITS, ids=[habit.__name__ for habit in HABITS])
def test_real_stores_and_plain_values_come_to_the_same_statement(place: Place, tmp_path: Path, habit: Habit) -> None:
    real, plain = place.world(tmp_path, seed=3), place.plain(seed=3)
    assert ended(real, habit, plan_bad=1) == ended(plain, habit, plan_bad=1)


@pytest.mark.parametrize("plan_bad", [0, None], ids=["planned", "unplanned"])
def test_what_is_printed_is_true_also_for_who_does_everything(plan_bad: int | None) -> None:
    held = [run(plain_world(60, seed), does_everything, plan_bad=plan_bad).said for seed in range(16)]
    assert sum(held) >= 14


def _once(job: tuple[Habit, bool, int]) -> Held:
    habit, is_planned, seed = job
    return run(plain_world(60, seed), habit, plan_bad=seed // 4 % 2 if is_planned else None)


@pytest.mark.simulation
@pytest.mark.parametrize("is_planned", [True, False], ids=["planned", "unplanned"])
@pytest.mark.parametrize("habit", HABITS, ids=[habit.__name__ for habit in HABITS])
def test_what_is_printed_is_true_whatever_people_do(
    capsys: pytest.CaptureFixture[str], habit: Habit, is_planned: bool
) -> None:
    """Fail only where so few would be true in less than one of a thousand drills, were it 95% of all."""
    with Pool() as pool:
        held = pool.map(_once, [(habit, is_planned, seed) for seed in range(RUNS)], chunksize=20)
    counts = {name: sum(getattr(one, name) for one in held) for name in ("said", "rows", "pairs")}
    shares = ", ".join(f"{name} {n / RUNS:.4f}" for name, n in counts.items())
    with capsys.disabled():
        print(f"\n{habit.__name__:<16} {'plan' if is_planned else 'none':<5} true in {RUNS:,} runs: {shares}")
    assert min(binom.cdf(n, RUNS, 0.95) for n in counts.values()) > 0.001
