"""Everything that can be exported of the sample data, as digests: `python exporting.py FOLDER SEED [SHAPES]`.

Every trainer and kind of file, split, in pairs and flat, with decisions of three reviewers who pressed in an order that
SEED gives. Prints a JSON object: the digest of each file, manifests and cards too. With another interpreter it is what
compares two Pythons: PYTHONS="/path/python3.12 /path/python3.13" with `make drills`, or by itself
`python tests/exporting.py` under each.
"""

import hashlib
import io
import json
import random
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

CHECKOUT = Path(__file__).parents[1]
sys.path[:0] = [str(CHECKOUT / "components")]

from rollout_curator.cli import main as cli  # noqa: E402
from rollout_curator.decisions.store import Decisions, Entry  # noqa: E402
from rollout_curator.training.file_types.base import file_types  # noqa: E402
from rollout_curator.training.targets.base import targets  # noqa: E402
from rollout_curator.workspace.workspace import Workspace  # noqa: E402

SPLIT = ["--split", "validation=0.2", "--split", "test=0.1"]
PAIRS = ["--pairs", "rule=margin", "--pairs", "margin=0.25"]
SAMPLE_DATA = CHECKOUT / "sample_data"


def shapes() -> dict[str, list[str]]:
    """Return the options of every export, by name."""
    found: dict[str, list[str]] = {}
    for target in targets():
        for kind in file_types():
            plain = ["--target", target, "--as", kind]
            found[f"{target}-{kind}"] = plain
            found[f"{target}-{kind}-split"] = [*plain, *SPLIT, "--card", "card.md", "--report", "report.jsonl"]
            found[f"{target}-{kind}-flat"] = [*plain, "--format", "flat"]
            found[f"{target}-{kind}-pairs"] = [*plain, *PAIRS]
            found[f"{target}-{kind}-best"] = [*plain, "--strategy", 'best_of_n {"n": 1}', "--metadata", "key"]
    return found


def decide(workspace: Workspace, path: Path, seed: int) -> None:
    """Record the same verdicts in an order of its own, with a change of mind now and then."""
    dice, rows = random.Random(seed), list(range(0, workspace.n_rollouts, 5))
    dice.shuffle(rows)
    with Decisions.open(path) as store:
        for row in rows:
            key, verdict = workspace.key(row), ("reject", "accept", "reject")[row % 3]
            first = [Entry(key, "clear", reviewer="c")] if dice.random() < 0.3 else []
            store.record([*first, Entry(key, verdict, ("wrong_answer",), f"row {row}", "abc"[row % 3])])


def main(folder: Path, seed: int, most: int = 0) -> None:
    """Write every export, or the first so many, and print the digests."""
    folder.mkdir(exist_ok=True)
    sources = folder / "sample_data"  # a manifest names them from where it lies
    shutil.copytree(SAMPLE_DATA, sources, ignore=shutil.ignore_patterns("generator", "*.md", "cur*"))
    workspace = Workspace.open([sources], folder / "cache")
    decide(workspace, folder / "curation.sqlite", seed)
    workspace.close()
    found = {}
    for name, options in list(shapes().items())[: most or None]:
        out = folder / "out" / name / f"sft.{'parquet' if '-parquet' in name else 'jsonl'}"
        out.parent.mkdir(parents=True)
        argv = ["export", str(sources), "--out", str(out), "--cache-dir", str(folder / "cache"), *options]
        argv += ["--min-reward", "0.5", "--decisions", str(folder / "curation.sqlite")]
        said = io.StringIO()
        with patch.object(sys, "argv", ["rollout-curator", *argv]), redirect_stdout(said), redirect_stderr(said):
            try:
                cli.main()
            except SystemExit as ended:
                if ended.code:
                    found[name] = said.getvalue().replace(str(folder), "")
        for path in sorted(out.parent.iterdir()):
            if not path.name.endswith(".lock"):
                found[f"{name}/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    print(json.dumps({"python": ".".join(map(str, sys.version_info[:3])), "files": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:]))
