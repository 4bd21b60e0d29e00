"""What the Review page computes when it is drawn, first and after a press, and how long a decision on many takes.

python bench/bench_review.py [--rollouts 100000] [--bytes 600] [--bulk 20000] [--folder DIR]
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import rollouts
from bench_index import timed

from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import summary
from rollout_curator.review.queues import queues, rows_of
from rollout_curator.workspace.workspace import Workspace

RECIPE = Recipe(min_reward=0.5)


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=600)
    parser.add_argument("--bulk", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rollout-curator-bench")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    path = options.folder / f"{options.rollouts}x{options.bytes}.jsonl"
    rollouts.write(path, options.rollouts, options.bytes)
    with tempfile.TemporaryDirectory() as folder, Decisions.open(Path(folder) / "curation.sqlite") as store:
        workspace = Workspace.open([path], options.folder / "cache", store)
        print(f"{workspace.n_rollouts:,} rollouts")
        _print(
            "columns, lots and contents, once", lambda: (workspace.frame, workspace.sample_rank, workspace.first_rows)
        )
        _page(workspace, "drawn first")
        _print("drawn again", lambda: (queues(workspace, RECIPE), summary.statement(workspace, RECIPE)))
        drawn = workspace.keys_of(rows_of(workspace, RECIPE, "random")[:500])
        store.record([Entry(key, "accept", reviewer="ann") for key in drawn])
        _page(workspace, "after 500 decisions")
        store.record([Entry(drawn[0], "reject", reviewer="ann")])
        _page(workspace, "after a press")
        keys = workspace.keys_of(rows_of(workspace, RECIPE, "just-below")[: options.bulk])
        said = Entry("", "reject", reviewer="ann")
        _print(f"{len(keys):,} at once", lambda: store.record_bulk(keys, said, seen=store.version()))
        _page(workspace, "after that")
        _print("taken back", lambda: store.undo("ann"))


def _page(workspace: Workspace, when: str) -> None:
    _print(f"queues, {when}", lambda: queues(workspace, RECIPE))
    _print(f"statement, {when}", lambda: summary.statement(workspace, RECIPE))


def _print(what: str, work: Callable[[], object]) -> None:
    print(f"{what}: {timed(work) * 1e3:,.0f} ms")


if __name__ == "__main__":
    main()
