"""How soon a page of the table of rollouts has its words, out of a million rollouts in one file.

Writes rollouts of about `--bytes` each to `--dir` once, indexes them, and reads the words of 200 rows in random order,
as the table of the Select page does for an order of choice: `Workspace.excerpts`, and the cut of what all tasks of an
agent begin with. Every round reads other rows. Prints the median and the slowest of ten rounds.

Exits with 1 if the median is 50 ms or more. `python bench/bench_tables.py [--rollouts N] [--bytes B] [--dir D]`
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rollouts import write

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "components"))

from rollout_curator.conversation.excerpts import Excerpt, cut_shared_starts  # noqa: E402
from rollout_curator.workspace.workspace import Workspace  # noqa: E402

LIMIT_MS = 50.0
PAGE_ROWS = 200
ROUNDS = 10


def words_of(workspace: Workspace, rows: list[int]) -> list[str]:
    """Return what a page of the table shows of some rows, joined to one text a row."""
    found: list[Excerpt] = workspace.excerpts(rows)
    agents = workspace.classes("agent")[0][rows].tolist()
    tasks = cut_shared_starts([one.task for one in found], agents)
    return [f"{task} {one.answer}" for task, one in zip(tasks, found, strict=True)]


def measure(workspace: Workspace) -> float:
    """Print how long a page takes; return the median in ms."""
    dice = np.random.default_rng(1)
    took = []
    for _ in range(ROUNDS):
        rows = dice.permutation(workspace.n_rollouts)[:PAGE_ROWS].tolist()
        began = time.perf_counter()
        words = words_of(workspace, rows)
        took.append((time.perf_counter() - began) * 1000)
        assert all(words)
    print(f"  words of {len(rows)} rows {statistics.median(took):8.1f} ms median {max(took):8.1f} ms slowest")
    return statistics.median(took)


def main() -> int:
    """Write, index and measure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=int, default=2_000, help="mean size of one rollout")
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()) / "bench_tables")
    asked = parser.parse_args()
    asked.dir.mkdir(parents=True, exist_ok=True)
    path = asked.dir / f"rollouts-{asked.rollouts}-{asked.bytes}.jsonl"
    size = write(path, asked.rollouts, asked.bytes)
    print(f"{asked.rollouts:,} rollouts, {size / 1e6:,.0f} MB")
    workspace = Workspace.open([path], asked.dir / "cache")
    try:
        median = measure(workspace)
    finally:
        workspace.close()
    print(f"  required: median under {LIMIT_MS:g} ms: {'held' if median < LIMIT_MS else 'NOT held'}")
    return 0 if median < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
