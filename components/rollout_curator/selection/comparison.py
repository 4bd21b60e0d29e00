"""Several selections side by side on the same rollouts, and what changes from one to another.

A selection is a boolean array, one entry per row of the frame (the columns of the index, `source` and `group`). Knows
nothing of how a selection came about.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rollout_curator.selection.task_means import change, means
from rollout_curator.words import signed

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def compare(frame: pd.DataFrame, selections: Mapping[str, Bools]) -> pd.DataFrame:
    """Return one row per selection, by name, in the order given.

    Columns: `rollouts`, `tasks`, `tokens` (sum), `mean_reward` (of finite ones) with the ends of its interval by task
    in `reward_low` and `reward_high`, `mean_tokens`, `mean_turns`, `duplicates` (kept beyond the first of the same
    content), and `agent NAME` (rollouts) for each agent kept by any, most common first. A mean of nothing is NaN.
    """
    task = _codes(frame["group"].to_numpy())
    agents = frame["agent"].astype("category").cat
    agent = agents.codes.to_numpy()
    reward = frame["reward"].to_numpy()
    finite = np.isfinite(reward)
    tokens, turns = frame["tokens"].to_numpy(), frame["n_turns"].to_numpy()
    per_agent = np.zeros((len(selections), len(agents.categories)), dtype=np.int64)
    found = []
    for number, kept in enumerate(selections.values()):
        rows = np.flatnonzero(kept)
        rated = np.flatnonzero(kept & finite)
        mean = means(np.zeros(len(rated), dtype=np.int64), reward[rated], task[rated], 1)
        varies = len(rated) and np.ptp(reward[rated]) > 0  # a threshold at the highest reward leaves nothing to guess
        per_agent[number] = np.bincount(agent[rows][agent[rows] >= 0], minlength=len(agents.categories))
        found.append(
            {
                "rollouts": len(rows),
                "tasks": int(np.count_nonzero(np.bincount(task[rows]))),
                "tokens": int(tokens[rows].sum()),
                "mean_reward": float(mean.mean[0]),
                "reward_low": float(mean.low[0]) if varies else float("nan"),
                "reward_high": float(mean.high[0]) if varies else float("nan"),
                "mean_tokens": _mean(tokens[rows]),
                "mean_turns": _mean(turns[rows]),
                "duplicates": int(frame[["key_hi", "key_lo"]].take(rows).duplicated().sum()),
            }
        )
    table = pd.DataFrame(found, index=pd.Index(list(selections), name="selection", dtype=object), columns=_COLUMNS)
    by_size = np.argsort(-per_agent.sum(axis=0), kind="stable")
    for place in by_size[per_agent.sum(axis=0)[by_size] > 0]:
        table[f"agent {agents.categories[place]}"] = per_agent[:, place]
    return table


_COLUMNS = [
    "rollouts",
    "tasks",
    "tokens",
    "mean_reward",
    "reward_low",
    "reward_high",
    "mean_tokens",
    "mean_turns",
    "duplicates",
]


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What comes and goes from one selection to another.

    `came` and `went` are row numbers (the index of the frame), `tasks_came` and `tasks_went` the groups that appear
    or vanish as a whole, tokens are sums over the rows. `reward` is by how much the mean reward rises, with the ends of
    its interval by task (NaN where there is none).
    """

    came: Ints
    went: Ints
    tasks_came: Ints
    tasks_went: Ints
    tokens_came: int
    tokens_went: int
    reward: tuple[float, float, float]

    def sentence(self) -> str:
        """Return the difference as people say it: "+412 -30 rollouts, +9 tasks, +61,204 -800 tokens"."""
        counts = (
            (len(self.came), len(self.went), "rollout"),
            (len(self.tasks_came), len(self.tasks_went), "task"),
            (self.tokens_came, self.tokens_went, "token"),
        )
        return ", ".join([*(_signed(*count) for count in counts), *_reward(self.reward)])


def difference(frame: pd.DataFrame, a: Bools, b: Bools) -> Difference:
    """Return what comes and goes from selection a to selection b."""
    came, went = b & ~a, a & ~b
    group, rows = frame["group"].to_numpy(), frame.index.to_numpy()
    tokens = frame["tokens"].to_numpy()
    before, after = np.unique(group[a]), np.unique(group[b])
    return Difference(
        came=rows[came],
        went=rows[went],
        tasks_came=np.setdiff1d(after, before, assume_unique=True),
        tasks_went=np.setdiff1d(before, after, assume_unique=True),
        tokens_came=int(tokens[came].sum()),
        tokens_went=int(tokens[went].sum()),
        reward=change(frame["reward"].to_numpy(dtype=np.float64), _codes(group), a, b),
    )


def _codes(group: npt.NDArray[np.int64]) -> Ints:
    return np.asarray(pd.factorize(group)[0], dtype=np.int64)


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(np.mean(values.astype(np.float64))) if len(values) else float("nan")


def _reward(change: tuple[float, float, float]) -> list[str]:
    """Return how the mean reward changes, in words; nothing where it does not."""
    by, low, high = change
    if np.isnan(by) or by == 0:
        return []
    interval = "" if np.isnan(low) else f" ({signed(low)} to {signed(high)}, 95% CI by task)"
    return [f"mean reward {signed(by)}{interval}"]


def _signed(came: int, went: int, noun: str) -> str:
    parts = [f"+{came:,}"] if came else []
    parts += [f"−{went:,}"] if went else []
    return f"{' / '.join(parts) or '0'} {noun}{'' if came + went == 1 else 's'}"
