"""What the reading of a workspace says about the set a recipe keeps: who read what, and what follows from it.

Joins decisions with the pure functions of `review`. `verdicts` knows who decided what and how, `random_sample` the set
that is read at random and how far, `sampling_plan` how much was to be read, `statement` what follows for the kept; here
is the rest: rewards against people, who agrees, who reads. A content that lies in several lines counts once.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.agreement import differing
from rollout_curator.review.calibration import Above, Band, Reads, above, bands, disagree, edges
from rollout_curator.review.random_order import in_order, in_share
from rollout_curator.review.random_sample import in_question, is_read_in_turn
from rollout_curator.review.sampling_plan import choose
from rollout_curator.review.statement import PLAN, Statement, statement
from rollout_curator.review.time_budget import Pace, pace
from rollout_curator.review.verdicts import RANDOM, SETTLE, Array, eligible, holding, selected, verdicts
from rollout_curator.selection.funnel import REJECT
from rollout_curator.workspace.masks import group_thresholds, passes_filters, reward_bounds
from rollout_curator.workspace.workspace import Workspace

__all__ = [
    "PLAN", "RANDOM", "SETTLE", "Statement", "calibration", "choose", "disagreement_lines", "disagreements", "eligible",
    "in_question", "is_read_in_turn", "judged", "own_codes", "pace_of", "reads", "reasons", "reviewers", "second_reads",
    "selected", "statement", "to_settle", "verdicts",
]  # fmt: skip


def reads(workspace: Workspace, recipe: Recipe) -> Reads:
    """Return what people said beside what rewards say, per content, for all that a threshold could keep."""
    first, found = workspace.first_rows, verdicts(workspace)
    member = holding(workspace, eligible(workspace, recipe))
    reward, is_read = workspace.column("reward")[first], found.is_read[first]
    return Reads(workspace.sample_rank[first], reward, member, is_read, is_read & ~found.is_bad[first])


def judged(workspace: Workspace) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """Return what every reviewer decided one by one, verdict and reasons by key, the newest of each."""
    found = verdicts(workspace).own
    return {
        who: {key: (act.verdict, act.reasons) for key, act in acts.items() if act.verdict != "clear"}
        for who, acts in found.items()
    }


def disagreements(workspace: Workspace, recipe: Recipe) -> Array:
    """Return the rows on which reward and reader differ, high rewards that were rejected first."""
    first = workspace.first_rows
    asked = holding(workspace, passes_filters(workspace, recipe))
    lower = reward_bounds(workspace, recipe)[0][first]
    found = np.sort(first[disagree(reads(workspace, recipe), lower) & asked])
    reward, codes = workspace.column("reward")[found], verdicts(workspace).codes[found]
    return np.asarray(found[np.lexsort((-reward, codes != REJECT))])


def disagreement_lines(workspace: Workspace, recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Yield the disagreements as plain values, for whoever owns the verifier."""
    by_key = verdicts(workspace).by_key
    for row in disagreements(workspace, recipe):
        key = workspace.key(int(row))
        source, local = workspace.place(int(row))
        act = by_key[key]
        reward = float(source.columns["reward"][local])
        yield {
            "key": key,
            "source": source.name,
            "line": int(source.columns["line"][local]),
            "task": source.word("task", local),
            "agent": source.word("agent", local),
            "reward": reward if math.isfinite(reward) else str(reward),
            "verdict": act.verdict,
            "reasons": list(act.reasons),
            "note": act.note,
            "reviewer": act.reviewer,
            "at": act.at,
        }


def to_settle(workspace: Workspace) -> list[str]:
    """Return the keys on which reviewers differ and nobody has settled it since, in the order of the rollouts."""
    open_keys = differing(judged(workspace)) - verdicts(workspace).settled
    rows, places = workspace.rows_of_keys(keys := sorted(open_keys))
    return list(dict.fromkeys(keys[place] for place in places[np.argsort(rows, kind="stable")]))


def second_reads(workspace: Workspace, reviewer: str, share: float) -> Array:
    """Return the rows everybody should read, which somebody else has decided and this reviewer has not, by rank."""
    said = judged(workspace)
    mine = said.pop(reviewer, {})
    others = [key for own in said.values() for key in own if key not in mine]
    rows = np.unique(workspace.rows_of_keys(list(dict.fromkeys(others)))[0])
    shared = np.zeros(workspace.n_rollouts, dtype=bool)
    shared[rows] = in_share(workspace.sample_rank[rows], share)
    return in_order(workspace.sample_rank, workspace.once(shared))


def calibration(workspace: Workspace, recipe: Recipe, confidence: float) -> tuple[list[Band], list[Above]]:
    """Return acceptance by band of reward, and of all that each beginning of a band as the lower bound would keep.

    Whatever stays out at any lower bound, above the upper one, and what has a threshold of its own is in bands only.
    """
    found = reads(workspace, recipe)
    extra = () if recipe.min_reward is None else (recipe.min_reward,)
    starts = edges(np.where(found.member, found.reward, np.nan), extra)
    own, upper = group_thresholds(workspace, recipe), reward_bounds(workspace, recipe)[1]
    moved = ~(workspace.column("reward") > upper) & (True if own is None else np.isnan(own))
    steps = replace(found, member=found.member & holding(workspace, moved))
    return bands(found, starts, confidence), above(steps, starts, confidence)


def reviewers(workspace: Workspace) -> dict[str, Pace]:
    """Return how fast each reviewer reads, by name; `measured` is 0 for whoever decided too little to tell."""
    own = verdicts(workspace).own
    return {who: pace([act.at for act in acts.values()]) for who, acts in sorted(own.items())}


def pace_of(workspace: Workspace, reviewer: str) -> Pace:
    """Return how fast one reviewer reads."""
    return pace([act.at for act in verdicts(workspace).own.get(reviewer, {}).values()])


def own_codes(workspace: Workspace, reviewer: str) -> Array:
    """Return per row what one reviewer decided one by one: NONE, ACCEPT or REJECT."""
    own = verdicts(workspace).own.get(reviewer, {})
    return workspace.codes_of({key: act.verdict for key, act in own.items() if act.verdict != "clear"})


def reasons(workspace: Workspace) -> dict[str, int]:
    """Return how many of the contents open here are rejected for each reason, most first."""
    counts: dict[str, int] = {}
    for key in workspace.current_verdicts():
        decision = workspace.decision(key)
        for reason in decision.reasons if decision and decision.verdict == "reject" else ():
            counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
