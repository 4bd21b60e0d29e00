"""How long the first opening takes, beside parsing each line with json and doing nothing else, in one run.

python bench/bench_index.py [--rollouts 20000] [--bytes 10000] [--folder DIR]
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import rollouts

from rollout_curator import parallel
from rollout_curator.index import store
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources.find import Found
from rollout_curator.workspace.workspace import Workspace


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rollout-curator-bench")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    path = options.folder / f"{options.rollouts}x{options.bytes}.jsonl"
    size = rollouts.write(path, options.rollouts, options.bytes)
    print(f"{options.rollouts:,} rollouts, {size / 1e6:,.0f} MB")

    def parse_all() -> None:
        with open(path, "rb") as file:
            for line in file:
                json.loads(line)

    yardstick = timed(parse_all)
    print(f"json.loads of every line: {yardstick:.2f} s, 1.00x")
    for name, run in (("index, one process", map), ("index, pool", parallel.run_in_pool)):
        with tempfile.TemporaryDirectory() as cache:
            took = timed(lambda cache=cache, run=run: list(store.build(Path(cache), path, "bench", run)))
            print(f"{name}: {took:.2f} s, {took / yardstick:.2f}x, {size / took / 1e6:,.0f} MB/s")
    with tempfile.TemporaryDirectory() as cache:
        list(store.build(Path(cache), path, "bench", parallel.run_in_pool))
        time.sleep(store.SETTLED_S)
        found = [Found(path, path.name)]
        took = timed(lambda: Workspace(found, Path(cache), None))
        workspace = Workspace(found, Path(cache), None)
        print(f"open again: {took * 1e3:.1f} ms")
        print(f"first selection: {timed(lambda: workspace.select(Recipe(min_reward=0.5))) * 1e3:.1f} ms")
        print(f"next threshold: {timed(lambda: workspace.select(Recipe(min_reward=0.6))) * 1e3:.1f} ms")
        middle = workspace.n_rollouts // 2
        workspace.rollout(middle)
        print(f"one rollout: {timed(lambda: workspace.rollout(middle + 1)) * 1e6:.0f} us")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
