"""Write the README of the sample data from what was generated, so its line numbers are never stale."""
# ruff: noqa: E501 - sentences and recorded lines stay whole

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, the oddities it shows, and why a reviewer should find it."""

    text: str
    odd: tuple[str, ...] = ()
    worth: str = ""


N_SHOWN = 8
"""How many places of an oddity are listed."""

HEAD = """# Sample data

Made by `python sample_data/generator/generate.py` (deterministic; `--check` tells whether the files are current). Do not edit by hand: this page is written by it too.
Everything here is invented for this project: no rollout was collected from a real model. The programs in `code_repair` and what pytest prints about them are real (`generator/record_runs.py`).

| file | rollouts | tasks | reward |
|---|---|---|---|
"""
AGENTS = """
- `math_reasoning`: single turn, exact match of the answer, 0 or 1.
- `support_tools`: three desks (shop, travel, depot) with tools and a simulated customer; reward = 0.6 `resolution_score` + 0.3 `policy_followed` + 0.1 thrift.
- `code_repair`: shell sessions; -1 for a timeout, up to 0.5 while tests fail, 1 when they pass, +1 hidden tests, +0.5 small diff.
- `math_reasoning/rollouts_materialized_inputs.jsonl` holds inputs only, `code_repair/rollouts_failures.jsonl` attempts without a result: neither is a file of rollouts.
"""
ODD_HEAD = """
## Oddities

Two lines do not parse: the placeholder and the cut-off one.

| oddity | lines |
|---|---|
"""
WORTH_HEAD = """
## Worth finding

What a threshold on the reward gets wrong, and a reader notices.

"""


def readme(listed: Mapping[str, Sequence[Line]]) -> str:
    """Return the text of the README; `listed` holds the lines of each main file."""
    counted = "".join(_counted(path, lines) for path, lines in listed.items())
    odd = "".join(f"| {name} | {_places(places)} |\n" for name, places in sorted(_odd(listed).items()))
    worth = "".join(f"- `{path}:{number}` {why}\n" for _, path, number, why in _worth(listed))
    return HEAD + counted + AGENTS + ODD_HEAD + odd + WORTH_HEAD + worth


def _counted(path: str, lines: Sequence[Line]) -> str:
    """Return the row of one file in the first table."""
    rows = [json.loads(line.text) for line in lines if line.text.endswith("}}")]
    rewards = [float(row["reward"]) for row in rows if row.get("reward") is not None]
    n_tasks = len({row["_ng_task_index"] for row in rows})
    mean = sum(rewards) / len(rewards)
    return f"| `{path}` | {len(rows)} | {n_tasks} | {min(rewards):g} to {max(rewards):g}, mean {mean:.2f} |\n"


def _odd(listed: Mapping[str, Sequence[Line]]) -> dict[str, list[str]]:
    """Return the places of each oddity; exact duplicates name their original."""
    places: dict[str, list[str]] = {}
    for path, lines in listed.items():
        for number, line in enumerate(lines, 1):
            for name in line.odd:
                key = name.replace("|", "\\|").replace("<think>", "`<think>`")
                places.setdefault(key, []).append(f"`{path}:{number}`")
    return places


def _places(places: Sequence[str]) -> str:
    """Return the first places and how many more there are."""
    more = f" and {len(places) - N_SHOWN} more" if len(places) > N_SHOWN else ""
    return ", ".join(places[:N_SHOWN]) + more


def _worth(listed: Mapping[str, Sequence[Line]]) -> list[tuple[bool, str, int, str]]:
    """Return kind, path, line number and why; too low rewards come after too high ones."""
    found = [
        (", but right" in line.worth, path, number, line.worth)
        for path, lines in listed.items()
        for number, line in enumerate(lines, 1)
        if line.worth
    ]
    return sorted(found)
