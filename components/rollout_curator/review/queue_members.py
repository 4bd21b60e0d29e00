"""Which rollouts each queue of the Review page holds, as rows, and in which order they are read.

Pure functions of a workspace, a recipe and who asks. Where rewards or anything else leave a choice, the rank decides,
so that whatever is read is as random as it can be (`random_order`).
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
class QueueRequest:
    """What a queue is asked for: by whom, and `rest`, what follows a name such as `task-`."""

    workspace: Workspace
    recipe: Recipe
    reviewer: str = ""
    rest: str = ""


# What a queue holds: ascending rows


def everything(request: QueueRequest) -> Array:
    """Return every row."""
    return np.arange(request.workspace.n_rollouts)


def of_drop(request: QueueRequest) -> Array:
    """Return the rows a drop of this name took, or the kept ones."""
    if request.rest == "unrated" and request.recipe.min_reward is None:
        return np.flatnonzero(np.isnan(request.workspace.column("reward")))
    return request.workspace.select(request.recipe).rows_of(request.rest)


def of_part(request: QueueRequest) -> Array:
    """Return a part of the rollouts: what a bar, a cell or a row of a table stands for."""
    return slice_queues.rows(request.workspace, request.recipe, request.rest)


def with_issue(request: QueueRequest) -> Array:
    """Return what is selected and not rejected, and of whose example this was noticed."""
    return request.workspace.rows_with(request.recipe, request.rest)


def kept(request: QueueRequest) -> Array:
    """Return what is exported as things stand."""
    return np.flatnonzero(request.workspace.select(request.recipe).kept)


def dropped(request: QueueRequest) -> Array:
    """Return what is not kept, whatever the reason."""
    return np.flatnonzero(~request.workspace.select(request.recipe).kept)


def selected(request: QueueRequest) -> Array:
    """Return what rules select, as if nobody had read."""
    return request.workspace.once(summary.selected(request.workspace, request.recipe))


def at_random(request: QueueRequest) -> Array:
    """Return what there is to read in the random order."""
    return request.workspace.once(summary.in_question(request.workspace, request.recipe))


def eligible(request: QueueRequest) -> Array:
    """Return what a threshold could keep."""
    return request.workspace.once(summary.eligible(request.workspace, request.recipe))


def just_below(request: QueueRequest) -> Array:
    """Return what a lower threshold would let in."""
    lower, _ = reward_bounds(request.workspace, request.recipe)
    return request.workspace.once(
        summary.eligible(request.workspace, request.recipe) & (request.workspace.column("reward") < lower)
    )


def high_but_flagged(request: QueueRequest) -> Array:
    """Return high rewards that something speaks against: flags, no clean end, tool errors, or no measurement at all."""
    workspace = request.workspace
    odd = _is_odd(workspace) | (workspace.classes("invalid")[0] != _code(workspace, "invalid", ""))
    above = workspace.column("reward") > reward_bounds(workspace, request.recipe)[1]
    return workspace.once(_is_high(request) & ~above & passes_filters(workspace, request.recipe) & odd)


def low_but_clean(request: QueueRequest) -> Array:
    """Return low rewards that nothing speaks against."""
    low = (
        is_measured(request.workspace, request.recipe)
        & ~_is_high(request)
        & summary.eligible(request.workspace, request.recipe)
    )
    return request.workspace.once(low & ~_is_odd(request.workspace))


def odd_ones(request: QueueRequest) -> Array:
    """Return what is kept although something speaks against it."""
    return np.flatnonzero(request.workspace.select(request.recipe).kept & _is_odd(request.workspace))


def disagreeing(request: QueueRequest) -> Array:
    """Return what reward and reader judge differently, high rewards that were rejected first."""
    return summary.disagreements(request.workspace, request.recipe)


def to_settle(request: QueueRequest) -> Array:
    """Return what reviewers judge differently."""
    rows, places = request.workspace.rows_of_keys(summary.to_settle(request.workspace))
    return np.asarray(rows[np.unique(places, return_index=True)[1]])


def for_a_second(request: QueueRequest) -> Array:
    """Return what everybody is to read, others have decided and who asks has not."""
    return summary.second_reads(request.workspace, request.reviewer, share_of(request.workspace))


def fell_at(request: QueueRequest) -> Array:
    """Return what fell at a step of the funnel."""
    selection = request.workspace.select(request.recipe)
    codes = [code for code, drop in enumerate(selection.drops, 1) if drop.step == request.rest]
    return np.flatnonzero(np.isin(selection.reason, codes))


def of_agent(request: QueueRequest) -> Array:
    """Return the rollouts of an agent."""
    codes, words = request.workspace.classes("agent")
    return np.flatnonzero(codes == (words.index(request.rest) if request.rest in words else -1))


def of_task(request: QueueRequest) -> Array:
    """Return the attempts at one task, by the number of its group."""
    number = int(request.rest) if request.rest.isascii() and request.rest.isdigit() and len(request.rest) < 12 else -1
    return np.flatnonzero(request.workspace.groups(request.recipe.group_by).codes == number)


def rejected(request: QueueRequest) -> Array:
    """Return what is rejected in review."""
    return np.flatnonzero(request.workspace.verdicts() == REJECT)


def accepted(request: QueueRequest) -> Array:
    """Return what people accepted."""
    return np.flatnonzero(request.workspace.verdicts() == ACCEPT)


# In which order


def as_they_are(request: QueueRequest, rows: Array) -> Array:
    """Return the rows as they came."""
    return rows


def in_random_order(request: QueueRequest, rows: Array) -> Array:
    """Return the rows at random, always the same way."""
    return in_order(request.workspace.sample_rank, rows)


def by_distance(request: QueueRequest, rows: Array) -> Array:
    """Return those nearest one of their thresholds first; without any, the lowest reward first."""
    reward = request.workspace.column("reward")[rows]
    lower, upper = (bound[rows] for bound in reward_bounds(request.workspace, request.recipe))
    near = np.fmin(np.abs(reward - lower), np.abs(reward - upper))
    distance = reward if np.isnan(near).all() else near
    return np.asarray(rows[np.lexsort((request.workspace.sample_rank[rows], distance))])


def downward(request: QueueRequest, rows: Array) -> Array:
    """Return the highest reward first."""
    return np.asarray(
        rows[np.lexsort((request.workspace.sample_rank[rows], -request.workspace.column("reward")[rows]))]
    )


def in_turns_by_reward(request: QueueRequest, rows: Array) -> Array:
    """Return one of every band of rewards, then another of each."""
    reward = request.workspace.column("reward")[rows]
    extra = () if request.recipe.min_reward is None else (request.recipe.min_reward,)
    return in_turns(request.workspace.sample_rank, rows, np.searchsorted(edges(reward, extra), reward, side="right"))


def in_turns_by_task(request: QueueRequest, rows: Array) -> Array:
    """Return one of every task, then another of each."""
    return in_turns(request.workspace.sample_rank, rows, request.workspace.groups(request.recipe.group_by).codes[rows])


# A plan for the time there is


def planned(request: QueueRequest) -> Array:
    """Return what to read in so many minutes: kind after kind, as `plan` counts them."""
    return np.concatenate([np.empty(0, dtype=np.int64), *_mixed(request).values()])


def plan(request: QueueRequest) -> dict[str, int]:
    """Return how many rollouts of each kind fit into `rest` minutes at the pace of who asks; each counts once."""
    return {kind: len(rows) for kind, rows in _mixed(request).items()}


def _mixed(request: QueueRequest) -> dict[str, Array]:
    """Return the first undecided of each kind; what an earlier kind took is not taken again, but the next of its own.

    So long as the time is not filled, because kinds overlap, what is left of each fills it, the first kind first.
    """
    minutes = (
        float(request.rest) if request.rest.isascii() and request.rest.isdigit() and len(request.rest) < 5 else 0.0
    )
    waiting = {kind: _ORDERS.get(kind, as_they_are)(request, rows) for kind, rows in undecided(request).items()}
    seconds = summary.pace_of(request.workspace, request.reviewer).seconds
    counts = mix(minutes, seconds, {kind: len(rows) for kind, rows in waiting.items()})
    time_for, taken = sum(counts.values()), np.zeros(request.workspace.n_rollouts, dtype=bool)
    chosen: dict[str, Array] = {kind: np.empty(0, dtype=np.int64) for kind in waiting}
    for most in (counts, dict.fromkeys(waiting, time_for)):
        for kind, rows in waiting.items():
            room = min(most.get(kind, 0), time_for - int(np.count_nonzero(taken)))
            added = rows[~taken[rows]][:room]
            taken[added] = True
            chosen[kind] = np.concatenate([chosen[kind], added])
    return {kind: rows for kind, rows in chosen.items() if len(rows)}


def undecided(request: QueueRequest) -> dict[str, Array]:
    """Return what nobody has decided yet of each kind a plan mixes; what is to settle or read twice is decided."""
    codes = summary.verdicts(request.workspace).codes
    first = {"settle": to_settle(request), "second": for_a_second(request)}
    drawn = at_random(request)
    drawn = drawn[~summary.is_read_in_turn(request.workspace, request.recipe)[drawn]]
    mixed = {"near": eligible(request), "flagged": high_but_flagged(request)}
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


def _is_high(request: QueueRequest) -> Array:
    """Return whether a reward is at its threshold or above; without one, at the median or above."""
    reward = request.workspace.column("reward")
    lower, _ = reward_bounds(request.workspace, request.recipe)
    rated = reward[is_measured(request.workspace, request.recipe)]
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
