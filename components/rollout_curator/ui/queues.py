"""Which rollouts a queue of the Review page holds, and in which order: names that stand in URLs, as rows.

Pure functions of a workspace and a recipe. A queue is a name: `kept`, `near`, `all`, `odd`, `accepted`,
`rejected-by-hand`, `fell-STEP` for a step of the funnel, `agent-NAME`, `task-GROUP`, `issue-KIND` for
what was noticed of an example, or the name of a drop such as `below`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator import recipe as recipes
from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.recipe import Recipe
from rollout_curator.selection import ACCEPT, REJECT, STEPS
from rollout_curator.workspace import Workspace

Array = np.ndarray[Any, Any]

DEFAULT = "kept"
FELL = "fell-"
AGENT = "agent-"
TASK = "task-"
ISSUE = "issue-"
AGENTS_MAX = 40
STEP_WORDS = {
    "valid": "dropped: not valid",
    "selected": "dropped by the threshold or a rule",
    "not_rejected": "dropped: rejected by hand",
    "exportable": "dropped: no example can be written",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue to choose: its name in URLs, its words for people, how many rollouts it holds."""

    name: str
    words: str
    count: int


def queues(workspace: Workspace, recipe: Recipe) -> list[Queue]:
    """Return every queue that holds something, those a reviewer begins with first."""
    selection = workspace.select(recipe)
    fixed = [
        ("kept", "kept, in order"),
        ("near", "nearest the threshold" if recipe.min_reward is not None else "lowest reward first"),
        ("all", "all, in order"),
        ("odd", "kept, but worth a look"),
    ]
    found = [Queue(name, words, len(rows_of(workspace, recipe, name))) for name, words in fixed]
    found += [Queue(drop.name, f"dropped: {drop.words}", drop.count) for drop in selection.drops]
    by_hand = [("rejected-by-hand", "rejected by hand"), ("accepted", "accepted by hand")]
    found += [Queue(name, words, len(rows_of(workspace, recipe, name))) for name, words in by_hand]
    agents = workspace.frame["agent"].value_counts()
    found += [Queue(f"{AGENT}{name}", f"agent {name}", int(n)) for name, n in agents.head(AGENTS_MAX).items() if n]
    return [queue for queue in found if queue.count or queue.name == DEFAULT]


def words_of(workspace: Workspace, recipe: Recipe, name: str) -> str:
    """Return a queue in words, also one that holds nothing now."""
    for queue in queues(workspace, recipe):
        if queue.name == name:
            return queue.words
    if name.startswith(TASK):
        rows = rows_of(workspace, recipe, name)
        return f"task {workspace.frame['task'].iat[int(rows[0])]}" if len(rows) else "a task that is not here"
    if name.startswith(ISSUE):
        return f"examples that {ISSUE_WORDS.get(name.removeprefix(ISSUE), 'are not here')}"
    return STEP_WORDS.get(name.removeprefix(FELL), name.replace("-", " "))


def rows_of(workspace: Workspace, recipe: Recipe, name: str) -> Array:
    """Return the rows of a queue in reading order; an unknown name is a queue that holds nothing."""
    selection = workspace.select(recipe)
    if name == "all":
        return np.arange(workspace.n_rollouts)
    if name == "near":
        return _nearest(workspace, recipe)
    if name == "odd":
        return np.flatnonzero(selection.kept & _is_odd(workspace))
    if name == "rejected-by-hand":
        return np.flatnonzero(workspace.verdicts() == REJECT)
    if name == "accepted":
        return np.flatnonzero(workspace.verdicts() == ACCEPT)
    if name.startswith(FELL) and name.removeprefix(FELL) in STEPS:
        step = name.removeprefix(FELL)
        codes = [code for code, drop in enumerate(selection.drops, 1) if drop.step == step]
        return np.flatnonzero(np.isin(selection.reason, codes))
    if name.startswith(ISSUE):
        return workspace.rows_with(recipe, name.removeprefix(ISSUE))
    if name.startswith(AGENT):
        return np.flatnonzero((workspace.frame["agent"] == name.removeprefix(AGENT)).to_numpy())
    if name.startswith(TASK):
        group = name.removeprefix(TASK)
        number = int(group) if group.isascii() and group.isdigit() and len(group) < 12 else -1
        return np.flatnonzero(workspace.frame["group"].to_numpy() == number)
    if name == "unrated" and recipe.min_reward is None:
        return np.flatnonzero(np.isnan(workspace.frame["reward"].to_numpy()))
    return selection.rows_of(name)


def _nearest(workspace: Workspace, recipe: Recipe) -> Array:
    reward = workspace.frame["reward"].to_numpy()
    rows = np.flatnonzero(is_measured(workspace, recipe))
    distance = reward[rows] if recipe.min_reward is None else np.abs(reward[rows] - recipe.min_reward)
    return np.asarray(rows[np.argsort(distance, kind="stable")])


def is_measured(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: rated, and not invalid under the recipe."""
    kinds = recipes.plan(recipe).exclude_invalid
    invalid = workspace.frame["invalid"].isin(list(kinds)).to_numpy()
    return np.asarray(~np.isnan(workspace.frame["reward"].to_numpy()) & ~invalid)


def _is_odd(workspace: Workspace) -> Array:
    frame = workspace.frame
    odd = (frame["flags"] != "").to_numpy() | (frame["finish"] != "stop").to_numpy()
    return np.asarray(odd | (frame["n_tool_errors"] > 0).to_numpy() | (workspace.copies > 1))
