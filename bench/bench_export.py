"""How long an export takes, beside the script of NeMo Gym's SFT guide with its one crash mended, in one run.

    python bench/bench_export.py [--rollouts 20000] [--bytes 10000] [--folder DIR]

The script reads every line into a list, keeps `reward >= t`, joins the assistant texts and writes with json. Both write
`flat` examples of the same rollouts; `chat` is measured too. The index is built before, as it is after a look.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import rollouts

from rollout_curator.publishing import export
from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace


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
        for min_reward in (0.9, 0.1):
            start = time.perf_counter()
            script(path, Path(folder) / "script.jsonl", min_reward)
            yardstick = time.perf_counter() - start
            print(f"reward >= {min_reward}: the guide's script {yardstick:.2f} s, 1.0x")
            for kind in ("flat", "chat"):
                recipe = Recipe(min_reward=min_reward, format=kind)
                start = time.perf_counter()
                *_, done = export(workspace, recipe, Path(folder) / f"{kind}.jsonl")
                took = time.perf_counter() - start
                print(f"  export {kind}: {took:.2f} s, {yardstick / took:.1f}x as fast, {done.rows:,} rows")


if __name__ == "__main__":
    main()
