"""Write the sample rollouts: three agents, about fifty tasks, a few hundred attempts, and every oddity.

`python sample_data/generator/generate.py` rewrites the files; `--check` exits 1 if the files on disk differ;
`--out DIR` writes elsewhere. Standard library only; the same bytes on every machine and Python >= 3.11.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import code_file
import math_file
import support_file
from readme import Line, readme
from shape import Agent, Attempt, JsonObject, Task, params, response

SEED = "rollout-curator sample data 1"
ROLLOUTS = Path(__file__).parents[1]
START = 1_773_300_000
PLACEHOLDER = "<PLACEHOLDER ROW>"


@dataclass(frozen=True, slots=True)
class Collection:
    """One folder: an agent, its tasks, and what is done to the finished lines."""

    folder: str
    agent: Agent
    tasks: Callable[[Random], list[Task]]


COLLECTIONS = (
    Collection("math_reasoning", math_file.AGENT, math_file.math_tasks),
    Collection("support_tools", support_file.AGENT, support_file.support_tasks),
    Collection("code_repair", code_file.AGENT, code_file.code_tasks),
)


def compact(value: JsonObject) -> str:
    """Return one line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def envelope(rng: Random, agent: Agent, task: Task, attempt: Attempt, index: tuple[int, int], at: float) -> JsonObject:
    """Return one rollout with its keys in NeMo Gym's order."""
    answer = response(rng, agent, task, attempt, at)
    whole: JsonObject = {"responses_create_params": params(agent, task), "response": answer, "reward": attempt.reward}
    whole |= {"task_id": task.task_id} | attempt.fields
    if attempt.reward == "missing":
        del whole["reward"]
    if any("token ids" in odd for odd in attempt.odd):
        n_tokens = 12
        answer["output"][-1] = {
            "prompt_token_ids": [1000 + int(rng.random() * 9000) for _ in range(n_tokens)],
            "generation_token_ids": [1000 + int(rng.random() * 9000) for _ in range(n_tokens)],
            "generation_log_probs": [round(-rng.random(), 4) for _ in range(n_tokens)],
            **answer["output"][-1],
        }
    if any("nested" in odd for odd in attempt.odd):
        _nest(whole)
    return whole | _indices(agent, index)


def _indices(agent: Agent, index: tuple[int, int]) -> JsonObject:
    """Return the keys that say which attempt this is and whose."""
    return {
        "_ng_task_index": index[0],
        "_ng_rollout_index": index[1],
        "agent_ref": {"type": "responses_api_agents", "name": agent.name},
    }


def _nest(whole: JsonObject) -> None:
    """Turn the output into cumulative snapshots that begin with the prompt, and empty the input."""
    asked = whole["responses_create_params"]
    items = [*asked["input"], *whole["response"]["output"]]
    ends = [n for n, item in enumerate(items, 1) if item["type"] == "function_call_output"] + [len(items)]
    whole["response"] |= {"output": [items[:end] for end in ends], "contains_transitions": True}
    asked["input"] = []


def lines_of(rng: Random, collection: Collection) -> list[Line]:
    """Return the rollouts of a collection in the order in which they finished, roughly by task."""
    made: list[tuple[float, Line]] = []
    for n_task, task in enumerate(collection.tasks(rng)):
        agent = collection.agent
        if agent.usage == "prompt":
            agent = replace(agent, usage=("prompt", "input", "none")[n_task % 3])
        for n_attempt, attempt in enumerate(task.attempts):
            at = float(START + 600 * n_task + int(rng.random() * 900))
            whole = envelope(rng, agent, task, attempt, (n_task, n_attempt), at)
            made.append((at + rng.random(), Line(compact(whole), (*task.odd, *attempt.odd), attempt.worth)))
    return [line for _, line in sorted(made, key=lambda pair: pair[0])]


def spoil(folder: str, lines: list[Line]) -> list[Line]:
    """Add the lines that no writer should have written: a placeholder, duplicates, and a cut-off end."""
    if folder == "support_tools":
        lines.insert(40, Line(PLACEHOLDER, ("placeholder text, not JSON",)))
    if folder == "math_reasoning":
        for source, target in ((10, 60), (31, 99)):
            again = f"exact duplicate of line {source + 1}"
            lines.insert(target, Line(lines[source].text, (again, *lines[source].odd)))
    if folder == "code_repair":
        lines.append(Line(lines[3].text[:1500], ("cut-off JSON, no newline at the end",)))
    return lines


def materialized(agent: Agent, tasks: Sequence[Task]) -> str:
    """Return the inputs as NeMo Gym writes them beside a collection: no response and no reward."""
    rows = []
    for index in ((0, 0), (0, 1), (1, 0), (2, 0)):
        asked = {"input": tasks[index[0]].prompt, "temperature": agent.temperature}
        rows.append({"responses_create_params": asked} | _indices(agent, index))
    return "".join(compact(row) + "\n" for row in rows)


def failures(agent: Agent, tasks: Sequence[Task]) -> str:
    """Return the sidecar of attempts that never got a result."""
    rows = []
    for index, kind, terminal, words in (
        ((2, 8), "transient", False, "agent server closed the connection"),
        ((5, 8), "judge_failed", False, "judge gave no verdict after 3 tries"),
        ((7, 8), "agent_failed", True, "container image not found"),
    ):
        asked = params(agent, tasks[index[0]])
        failed = {"_ng_failure_class": kind, "_ng_failure_terminal": terminal, "error_message": words}
        rows.append({"responses_create_params": asked} | failed | _indices(agent, index))
    return "".join(compact(row) + "\n" for row in rows)


def build() -> dict[str, str]:
    """Return every file by its path below `sample_data`."""
    files: dict[str, str] = {}
    listed: dict[str, list[Line]] = {}
    for collection in COLLECTIONS:
        path = f"{collection.folder}/rollouts.jsonl"
        listed[path] = spoil(collection.folder, lines_of(Random(f"{SEED} {collection.folder}"), collection))
        text = "\n".join(line.text for line in listed[path])
        files[path] = text if collection.folder == "code_repair" else text + "\n"
    files["math_reasoning/rollouts_materialized_inputs.jsonl"] = materialized(
        math_file.AGENT, math_file.math_tasks(Random(SEED))
    )
    files["code_repair/rollouts_failures.jsonl"] = failures(code_file.AGENT, code_file.code_tasks(Random(SEED)))
    files["README.md"] = readme(listed)
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them with the disk."""
    parser = argparse.ArgumentParser(description="Write the sample rollouts.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    parser.add_argument("--out", type=Path, default=ROLLOUTS, help="folder to write to or to compare with")
    chosen = parser.parse_args(arguments)
    stale = []
    for name, text in build().items():
        path = chosen.out / name
        wanted = text.encode("utf-8")
        if chosen.check:
            stale += [] if path.is_file() and path.read_bytes() == wanted else [name]
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted)
    if stale:
        print(f"differs from what generate.py writes: {', '.join(stale)}; run it again", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
