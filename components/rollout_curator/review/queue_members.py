"""Which rollouts each queue of the Review page holds, as rows, and in which order they are read.

Pure functions of a workspace, a recipe and who asks. Where rewards or anything else leave a choice, the lot decides, so
that whatever is read is as random as it can be (`random_order`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues, summary
from rollout_curator.review.calibration import edges
from rollout_curator.review.random_order import in_order, in_turns
from rollout_curator.review.time_budget import mix
from rollout_curator.selection.funnel import ACCEPT, NONE, REJECT
from rollout_curator.workspace.masks import passes_filters, reward_bounds
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
SHARE = 0.1
"""Of all rollouts, so many are to be read by everybody, until a team agrees on another share."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a queue is asked for: by whom, and `rest`, what follows a name such as `task-`."""

    workspace: Workspace
    recipe: Recipe
    reviewer: str = ""
    rest: str = ""


# What a queue holds: ascending rows


def everything(ask: Ask) -> Array:
    """Return every row."""
    return np.arange(ask.workspace.n_rollouts)


def of_drop(ask: Ask) -> Array:
    """Return the rows a drop of this name took, or the kept ones."""
    if ask.rest == "unrated" and ask.recipe.min_reward is None:
        return np.flatnonzero(np.isnan(ask.workspace.column("reward")))
    return ask.workspace.select(ask.recipe).rows_of(ask.rest)


def of_part(ask: Ask) -> Array:
    """Return a part of the rollouts: what a bar, a cell or a row of a table stands for."""
    return slice_queues.rows(ask.workspace, ask.recipe, ask.rest)


def with_issue(ask: Ask) -> Array:
    """Return what is selected and not rejected, and of whose example this was noticed."""
    return ask.workspace.rows_with(ask.recipe, ask.rest)


def kept(ask: Ask) -> Array:
    """Return what is exported as things stand."""
    return np.flatnonzero(ask.workspace.select(ask.recipe).kept)


def selected(ask: Ask) -> Array:
    """Return what rules select, as if nobody had read."""
    return ask.workspace.once(summary.selected(ask.workspace, ask.recipe))


def at_random(ask: Ask) -> Array:
    """Return what there is to read in the random order."""
    return ask.workspace.once(summary.in_question(ask.workspace, ask.recipe))


def eligible(ask: Ask) -> Array:
    """Return what a threshold could keep."""
    return ask.workspace.once(summary.eligible(ask.workspace, ask.recipe))


def just_below(ask: Ask) -> Array:
    """Return what a lower threshold would let in."""
    lower, _ = reward_bounds(ask.workspace, ask.recipe)
    return ask.workspace.once(summary.eligible(ask.workspace, ask.recipe) & (ask.workspace.column("reward") < lower))


def high_but_flagged(ask: Ask) -> Array:
    """Return high rewards that something speaks against: flags, no clean end, tool errors, or no measurement at all."""
    workspace = ask.workspace
    odd = _is_odd(workspace) | (workspace.classes("invalid")[0] != _code(workspace, "invalid", ""))
    above = workspace.column("reward") > reward_bounds(workspace, ask.recipe)[1]
    return workspace.once(_is_high(ask) & ~above & passes_filters(workspace, ask.recipe) & odd)


def low_but_clean(ask: Ask) -> Array:
    """Return low rewards that nothing speaks against."""
    low = is_measured(ask.workspace, ask.recipe) & ~_is_high(ask) & summary.eligible(ask.workspace, ask.recipe)
    return ask.workspace.once(low & ~_is_odd(ask.workspace))


def odd_ones(ask: Ask) -> Array:
    """Return what is kept although something speaks against it."""
    return np.flatnonzero(ask.workspace.select(ask.recipe).kept & _is_odd(ask.workspace))


def disagreeing(ask: Ask) -> Array:
    """Return what reward and reader judge differently, high rewards that were rejected first."""
    return summary.disagreements(ask.workspace, ask.recipe)


def to_settle(ask: Ask) -> Array:
    """Return what reviewers judge differently."""
    rows, places = ask.workspace.rows_of_keys(summary.to_settle(ask.workspace))
    return np.asarray(rows[np.unique(places, return_index=True)[1]])


def for_a_second(ask: Ask) -> Array:
    """Return what everybody is to read, others have decided and who asks has not."""
    return summary.second_reads(ask.workspace, ask.reviewer, share_of(ask.workspace))


def fell_at(ask: Ask) -> Array:
    """Return what fell at a step of the funnel."""
    selection = ask.workspace.select(ask.recipe)
    codes = [code for code, drop in enumerate(selection.drops, 1) if drop.step == ask.rest]
    return np.flatnonzero(np.isin(selection.reason, codes))


def of_agent(ask: Ask) -> Array:
    """Return the rollouts of an agent."""
    codes, words = ask.workspace.classes("agent")
    return np.flatnonzero(codes == (words.index(ask.rest) if ask.rest in words else -1))


def of_task(ask: Ask) -> Array:
    """Return the attempts at one task, by the number of its group."""
    number = int(ask.rest) if ask.rest.isascii() and ask.rest.isdigit() and len(ask.rest) < 12 else -1
    return np.flatnonzero(ask.workspace.groups(ask.recipe.group_by).codes == number)


def rejected(ask: Ask) -> Array:
    """Return what is rejected in review."""
    return np.flatnonzero(ask.workspace.verdicts() == REJECT)


def accepted(ask: Ask) -> Array:
    """Return what people accepted."""
    return np.flatnonzero(ask.workspace.verdicts() == ACCEPT)


# In which order


def as_they_are(ask: Ask, rows: Array) -> Array:
    """Return the rows as they came."""
    return rows


def in_random_order(ask: Ask, rows: Array) -> Array:
    """Return the rows at random, always the same way."""
    return in_order(ask.workspace.sample_rank, rows)


def by_distance(ask: Ask, rows: Array) -> Array:
    """Return those nearest one of their thresholds first; without any, the lowest reward first."""
    reward = ask.workspace.column("reward")[rows]
    lower, upper = (bound[rows] for bound in reward_bounds(ask.workspace, ask.recipe))
    near = np.fmin(np.abs(reward - lower), np.abs(reward - upper))
    distance = reward if np.isnan(near).all() else near
    return np.asarray(rows[np.lexsort((ask.workspace.sample_rank[rows], distance))])


def downward(ask: Ask, rows: Array) -> Array:
    """Return the highest reward first."""
    return np.asarray(rows[np.lexsort((ask.workspace.sample_rank[rows], -ask.workspace.column("reward")[rows]))])


def in_turns_by_reward(ask: Ask, rows: Array) -> Array:
    """Return one of every band of rewards, then another of each."""
    reward = ask.workspace.column("reward")[rows]
    extra = () if ask.recipe.min_reward is None else (ask.recipe.min_reward,)
    return in_turns(ask.workspace.sample_rank, rows, np.searchsorted(edges(reward, extra), reward, side="right"))


def in_turns_by_task(ask: Ask, rows: Array) -> Array:
    """Return one of every task, then another of each."""
    return in_turns(ask.workspace.sample_rank, rows, ask.workspace.groups(ask.recipe.group_by).codes[rows])


# A plan for the time there is


def planned(ask: Ask) -> Array:
    """Return what to read in so many minutes: kind after kind, as `plan` counts them."""
    return np.concatenate([np.empty(0, dtype=np.int64), *_mixed(ask).values()])


def plan(ask: Ask) -> dict[str, int]:
    """Return how many rollouts of each kind fit into `rest` minutes at the pace of who asks; each counts once."""
    return {kind: len(rows) for kind, rows in _mixed(ask).items()}


def _mixed(ask: Ask) -> dict[str, Array]:
    """Return the first undecided of each kind; what an earlier kind took is not taken again, but the next of its own.

    So long as the time is not filled, because kinds overlap, what is left of each fills it, the first kind first.
    """
    minutes = float(ask.rest) if ask.rest.isascii() and ask.rest.isdigit() and len(ask.rest) < 5 else 0.0
    waiting = {kind: _ORDERS.get(kind, as_they_are)(ask, rows) for kind, rows in undecided(ask).items()}
    seconds = summary.pace_of(ask.workspace, ask.reviewer).seconds
    counts = mix(minutes, seconds, {kind: len(rows) for kind, rows in waiting.items()})
    time_for, taken = sum(counts.values()), np.zeros(ask.workspace.n_rollouts, dtype=bool)
    chosen: dict[str, Array] = {kind: np.empty(0, dtype=np.int64) for kind in waiting}
    for most in (counts, dict.fromkeys(waiting, time_for)):
        for kind, rows in waiting.items():
            room = min(most.get(kind, 0), time_for - int(np.count_nonzero(taken)))
            added = rows[~taken[rows]][:room]
            taken[added] = True
            chosen[kind] = np.concatenate([chosen[kind], added])
    return {kind: rows for kind, rows in chosen.items() if len(rows)}


def undecided(ask: Ask) -> dict[str, Array]:
    """Return what nobody has decided yet of each kind a plan mixes; what is to settle or read twice is decided."""
    codes = summary.verdicts(ask.workspace).codes
    first = {"settle": to_settle(ask), "second": for_a_second(ask)}
    drawn = at_random(ask)
    drawn = drawn[~summary.is_read_in_turn(ask.workspace, ask.recipe)[drawn]]
    mixed = {"near": eligible(ask), "flagged": high_but_flagged(ask)}
    return {**first, "random": drawn, **{kind: rows[codes[rows] == NONE] for kind, rows in mixed.items()}}


_ORDERS = {"random": in_random_order, "near": by_distance, "flagged": in_random_order}


def share_of(workspace: Workspace) -> float:
    """Return which share of the rollouts everybody is to read."""
    found = workspace.decisions.setting("share", SHARE) if workspace.decisions else 0.0
    return float(found) if isinstance(found, int | float) and 0 <= found <= 1 else SHARE


def is_measured(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: rated, and not invalid under the recipe."""
    kinds = recipes.plan(recipe).exclude_invalid
    codes, words = workspace.classes("invalid")
    invalid = np.isin(codes, [code for code, word in enumerate(words) if word in kinds])
    return np.asarray(~np.isnan(workspace.column("reward")) & ~invalid)


def _is_high(ask: Ask) -> Array:
    """Return whether a reward is at its threshold or above; without one, at the median or above."""
    reward = ask.workspace.column("reward")
    lower, _ = reward_bounds(ask.workspace, ask.recipe)
    rated = reward[is_measured(ask.workspace, ask.recipe)]
    usual = float(np.median(rated)) if len(rated) else np.inf
    return np.asarray(reward >= np.where(np.isnan(lower), usual, lower))


def _is_odd(workspace: Workspace) -> Array:
    """Return whether something speaks against a rollout, whatever its reward."""
    odd = workspace.classes("flags")[0] != _code(workspace, "flags", "")
    odd |= workspace.classes("finish")[0] != _code(workspace, "finish", "stop")
    return np.asarray(odd | (workspace.column("n_tool_errors") > 0) | (workspace.copies > 1))


def _code(workspace: Workspace, column: str, word: str) -> int:
    words = workspace.classes(column)[1]
    return words.index(word) if word in words else -1
