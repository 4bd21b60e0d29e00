"""How long an export takes, beside the script of NeMo Gym's SFT guide with its one crash mended, in one run.

    python bench/bench_export.py [--rollouts 20000] [--bytes 10000] [--folder DIR]

The script reads every line into a list, keeps `reward >= t`, joins the assistant texts and writes with json. Both write
`flat` examples of the same rollouts; `chat` is measured too, each with one process and with two. Reading every row back
and comparing it is part of an export and of its time; so is hashing the sources. The index is built before, as it is
after a look.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import rollouts

from rollout_curator.export import Settings, conversion, export
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.workspace.workspace import Workspace


def script(source: Path, out: Path, min_reward: float) -> None:
    """Do what the guide's script does, with `response.output` in place of `output`."""
    with open(source) as file:
        loaded = [json.loads(line) for line in file]
    kept = []
    for rollout in loaded:
        if rollout.get("reward", 0.0) < min_reward:
            continue
        messages = [{"role": m["role"], "content": m["content"]} for m in rollout["responses_create_params"]["input"]]
        texts = [item["content"][0]["text"] for item in rollout["response"]["output"] if item["type"] == "message"]
        if texts:
            messages.append({"role": "assistant", "content": " ".join(texts)})
        kept.append({"messages": messages})
    with open(out, "w") as file:
        for record in kept:
            file.write(json.dumps(record) + "\n")


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rollout-curator-bench")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    path = options.folder / f"{options.rollouts}x{options.bytes}.jsonl"
    rollouts.write(path, options.rollouts, options.bytes)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open([path], Path(folder) / "cache")
        print(reading_back(workspace, Path(folder) / "chat.jsonl"))
        for min_reward in (0.9, 0.1):
            start = time.perf_counter()
            script(path, Path(folder) / "script.jsonl", min_reward)
            yardstick = time.perf_counter() - start
            print(f"reward >= {min_reward}: the guide's script {yardstick:.2f} s, 1.0x")
            for name, recipe in recipes(min_reward).items():
                for workers in (1, 2):
                    out = Path(folder) / f"out{'.parquet' if recipe.kind == 'parquet' else '.jsonl'}"
                    start = time.perf_counter()
                    *_, done = export(workspace, recipe, out, Settings(workers=workers))
                    took = time.perf_counter() - start
                    how = f"{workers} {'process' if workers == 1 else 'processes'}"
                    print(f"  {name}, {how}: {took:.2f} s, {yardstick / took:.1f}x as fast, {done.rows:,} rows")


def reading_back(workspace: Workspace, out: Path) -> str:
    """Return what it costs that every line is loaded again and compared, in seconds of this process."""
    took = []
    for same in (conversion.reads_back, lambda *_: True):
        with patch.object(conversion, "reads_back", same):
            start = time.process_time()
            list(export(workspace, Recipe(), out, Settings(workers=1)))
            took.append(time.process_time() - start)
    return f"reading every line back: {took[0] - took[1]:.2f} of {took[0]:.2f} s of processor time"


def recipes(min_reward: float) -> dict[str, Recipe]:
    """Return what is measured, by name."""
    return {
        "flat": Recipe(min_reward=min_reward, format="flat"),
        "chat": Recipe(min_reward=min_reward),
        "chat with a split": Recipe(min_reward=min_reward, split=Split(0.1)),
        "pairs": Recipe(min_reward=min_reward, pairs=Pairs()),
        "parquet": Recipe(min_reward=min_reward, kind="parquet"),
    }


if __name__ == "__main__":
    main()
