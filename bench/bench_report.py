"""What `--report` adds to an export: the account of every rollout, exported or not, as a share of the export's time.

    python bench/bench_report.py [--rollouts 20000] [--bytes 10000] [--runs 7] [--folder DIR]

Exports with and without a report take turns, so that a machine whose speed drifts slows both; the processor time of
this process is compared, pair by pair, and the median is printed. The promise is under 15 % of an export.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import rollouts

from rollout_curator.export import Settings, export
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace


def main() -> None:
    """Print one line per format and share kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rollout-curator-bench")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    path = options.folder / f"{options.rollouts}x{options.bytes}.jsonl"
    rollouts.write(path, options.rollouts, options.bytes)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open([path], Path(folder) / "cache")
        for name in ("flat", "chat"):
            for min_reward in (0.1, 0.9):
                recipe = Recipe(min_reward=min_reward, format=name)
                shares = [_share(workspace, recipe, Path(folder)) for _ in range(options.runs + 1)][1:]
                n_kept = workspace.select(recipe).n_kept
                size = (Path(folder) / "rows.jsonl").stat().st_size
                print(
                    f"{name}, {n_kept:,} of {workspace.n_rollouts:,} kept: the report adds "
                    f"{statistics.median(shares):.1%} (from {min(shares):.1%} to {max(shares):.1%}), {size:,} bytes"
                )
        workspace.close()


def _share(workspace: Workspace, recipe: Recipe, folder: Path) -> float:
    """Return by how much one export with a report takes longer than one without, as a share of the latter."""
    took = []
    for report in ("", "rows.jsonl"):
        start = time.process_time()
        for _ in export(workspace, recipe, folder / "out.jsonl", Settings(workers=1, report=report)):
            pass
        took.append(time.process_time() - start)
    return took[1] / took[0] - 1


if __name__ == "__main__":
    main()
