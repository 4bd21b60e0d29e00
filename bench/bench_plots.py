"""How long the figures of the Select page take to make, and how much of each goes to the browser.

    python bench/bench_plots.py [--rollouts 1000000] [--tasks 100000] [--times 5]

Prints the fastest of some runs. A table or summary that the app keeps between figures has a line of its own.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rollout_curator.selection import strategies
from rollout_curator.selection.group_tables import group_table, task_table, tasks_by_mean
from rollout_curator.ui import plots


def rollouts(n: int, n_tasks: int) -> pd.DataFrame:
    """Return seeded rollouts of 41 agents, a few of them without a reward."""
    dice = np.random.default_rng(5)
    agents = pd.Categorical.from_codes(dice.integers(-1, 40, n), pd.Index([f"agent {i}" for i in range(40)]))
    task = dice.integers(0, n_tasks, n)
    reward = np.clip(dice.normal(0.5, 0.4, n), 0, 1)
    reward[::50] = np.nan
    return pd.DataFrame(
        {
            "reward": reward,
            "agent": agents,
            "task_id": pd.Categorical.from_codes(task, pd.Index([f"task {i}" for i in range(n_tasks)])),
            "group": task,
            "tokens": dice.lognormal(7, 1, n).astype(np.int64) + 1,
            "turns": dice.integers(1, 60, n),
            "component": (reward > 0.5).astype(np.float64),
        }
    )


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    frame = rollouts(options.rollouts, options.tasks)
    groups, tasks = group_table(frame, "agent"), task_table(frame, 0.8)
    summary, components = strategies.task_summary(frame, 0.8), plots.component_table(frame, ["component"], 0.8)
    measured: dict[str, Callable[[], Any]] = {
        "group_table by agent": lambda: group_table(frame, "agent", at_least=0.8),
        "tasks_by_mean": lambda: tasks_by_mean(frame),
        "task_table": lambda: task_table(frame, 0.8),
        "strategies.task_summary": lambda: strategies.task_summary(frame, 0.8),
        "strategies.rates_of_rows": lambda: strategies.rates_of_rows(frame, 0.8),
        "component_table": lambda: plots.component_table(frame, ["component"], 0.8),
        "reward_against tokens": lambda: plots.reward_against(frame, "tokens"),
        "reward_against turns": lambda: plots.reward_against(frame, "turns"),
        "ecdf": lambda: plots.ecdf(frame),
        "reward_by_task": lambda: plots.reward_by_task(frame),
        "by_group": lambda: plots.by_group(groups, "agent"),
        "tasks_by_pass_rate": lambda: plots.tasks_by_pass_rate(tasks["pass@1"].to_numpy(), 0.8),
        "pass_at_k": lambda: plots.pass_at_k(summary.curve),
        "components": lambda: plots.components(components, 0.8),
    }
    for name, make in measured.items():
        took, made = min((_timed(make) for _ in range(options.times)), key=lambda one: one[0])
        size = f"{len(made.to_json()) / 1000:6.0f} kB" if isinstance(made, go.Figure) else ""
        print(f"{name:26}{took * 1000:7.1f} ms {size}")


def _timed(make: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = make()
    return time.perf_counter() - start, made


if __name__ == "__main__":
    main()
