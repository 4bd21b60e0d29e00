"""The attempts at tasks, as pass rates and pass@k count them: whatever a threshold, rule, target or reviewer keeps.

What may be trained on is one question, how a model fared at a task another; a figure of the second kind that follows
the first is of survivors. So every attempt at what is looked at counts here, by its reward as recorded, also one that
cannot be written or that a rule drops. Two kinds fail whatever their reward: an attempt that was truncated
(evaluations count an answer that is not there as wrong; the figures without them stand beside), and one that a person
rejected, so that a rejected failure stays one. An attempt that the environment masked, or that failed outside the
model, says nothing of the model and is left out, as evaluations leave out or repeat such runs; so is one without a
reward. Accepting changes nothing. Filters by agent, source, model, task or format say what is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import strategies
from rollout_curator.selection.funnel import INVALID_WORDS, REJECT
from rollout_curator.selection.group_statistics import Floats, Ints
from rollout_curator.selection.strategies import PassAt, TaskSummary
from rollout_curator.selection.strategies.ranking import Bools
from rollout_curator.words import counted, exact, said_of
from rollout_curator.workspace.masks import rows_in_scope
from rollout_curator.workspace.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

FAILED = -np.inf
"""The outcome of an attempt that failed whatever a success is."""
CUT_OFF = "truncated"


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """The attempts at tasks: per one its row, its reward (NaN where it is no measurement), and how it came out.

    `outcome` is the reward, FAILED where the attempt failed whatever its reward, NaN where nothing is known. `cut_off`
    marks those cut off at a limit. `left_out` counts the rollouts that are no attempts here, by why (`masked`,
    `failed`), `rejected` the attempts that a person rejected and nothing cut off.
    """

    rows: Ints
    reward: Floats
    outcome: Floats
    cut_off: Bools
    left_out: dict[str, int]
    rejected: int

    @property
    def unrated(self) -> int:
        """Return how many attempts nothing is known of."""
        return int(np.count_nonzero(np.isnan(self.outcome)))


@dataclass(frozen=True, slots=True)
class Fared:
    """How tasks fare: a summary, and where attempts were cut off the same tasks without these, else None."""

    at_least: float
    summary: TaskSummary
    uncut: TaskSummary | None


def attempts(workspace: Workspace, recipe: Recipe) -> Attempts:
    """Return the attempts that a recipe looks at."""
    codes, words = workspace.classes("invalid")
    looked = rows_in_scope(workspace, recipe)
    kinds = {word: looked & (codes == code) for code, word in enumerate(words) if word}
    nobody = np.zeros(len(codes), dtype=bool)
    cut_off = kinds.pop(CUT_OFF, nobody)
    rows = np.flatnonzero(looked & ~np.logical_or.reduce([nobody, *kinds.values()]))
    cut_off, reward = cut_off[rows], workspace.column(REWARD)[rows]
    rejected = (workspace.verdicts()[rows] == REJECT) & ~np.isnan(reward) & ~cut_off
    outcome = np.where(rejected, FAILED, reward)
    if not np.isnan(reward).all():  # where nothing is rated, nothing failed either
        outcome[cut_off] = FAILED
    left_out = {kind: n for kind, mask in kinds.items() if (n := int(np.count_nonzero(mask)))}
    reward = np.where(cut_off, np.nan, reward)
    return Attempts(rows, reward, outcome, cut_off, left_out, int(np.count_nonzero(rejected)))


def frame_of(workspace: Workspace, recipe: Recipe, found: Attempts, columns: Sequence[str] = ()) -> "pd.DataFrame":
    """Return the attempts with `group`, `reward`, `outcome`, `cut_off` and other columns; its index is their rows."""
    frame = workspace.frame_by(recipe.group_by)[[*columns, "group"]].take(found.rows)
    return frame.assign(reward=found.reward, outcome=found.outcome, cut_off=found.cut_off)


def usual_success(found: Attempts) -> float:
    """Return the reward that usually counts as a success: 1, or the highest where none is as high."""
    finite = found.reward[np.isfinite(found.reward)]
    return min(1.0, float(finite.max())) if len(finite) else 1.0


def fared(frame: "pd.DataFrame", at_least: float) -> Fared:
    """Return how the tasks of a frame with `group`, `outcome` and `cut_off` fare, a success being `at_least` or more.

    The figures without what was cut off are of the tasks of the curve, as far as they have other attempts.
    """
    summary = strategies.task_summary(frame, at_least)
    if not summary.curve or not frame["cut_off"].any():
        return Fared(at_least, summary, None)
    group, tried = frame["group"].to_numpy(), ~np.isnan(frame["outcome"].to_numpy())
    size = np.bincount(group, weights=tried)
    others = frame[(size[group] >= summary.curve[-1].k) & tried & ~frame["cut_off"].to_numpy()]
    return Fared(at_least, summary, strategies.task_summary(others, at_least))


def fared_words(found: Fared) -> str:
    """Return how the tasks fare, in words."""
    summary = found.summary
    if not summary.tasks:
        return "No task has a reward."
    unrated = f", {counted(summary.unrated, 'rollout')} without a reward" if summary.unrated else ""
    success = f"(success: reward ≥ {exact(found.at_least)})"
    tasks = f"{counted(summary.tasks, 'task')} with a reward{unrated}"
    if summary.single == summary.tasks:
        each = "" if summary.tasks == 1 else " each"
        return f"{tasks}, one attempt{each}: {summary.solved:,} solved, {summary.unsolved:,} not {success}."
    some = f", {summary.single:,} of them with one attempt" if summary.single else ""
    solved = f"{summary.solved:,} {said_of(summary.solved, 'are')}"
    return (
        f"{tasks}{some}: {solved} solved by every attempt, {summary.unsolved:,} by none, {summary.mixed:,} by some"
        f" {success}. {_chances(found)}"
    )


def _chances(found: Fared) -> str:
    """Return pass@1 and pass@k over the same tasks, and the reading without what was cut off beside them."""
    curve = found.summary.curve
    tasks, most = curve[0].tasks, curve[-1].k
    is_all = tasks == found.summary.tasks
    over = f"Over {'all' if is_all and tasks > 1 else 'the'} {counted(tasks, 'task')}"
    over += "" if is_all else f" with at least {counted(most, 'attempt')}"
    points = _points(curve)
    if found.uncut is None:
        return f"{over}: {points}."
    if not found.uncut.curve:
        return f"{over}: {points}; all their attempts were truncated."
    other = found.uncut.curve
    some = f" ({other[0].tasks:,} of them)" if other[0].tasks != tasks else ""
    return f"{over}: {points}; without truncated attempts {_points(other)}{some}."


def _points(curve: Sequence[PassAt]) -> str:
    return ", ".join(f"pass@{point.k} {point.chance:.1%}" for point in curve if point.k in (1, 4, 8))


def counted_words(found: Attempts) -> str:
    """Return what counts as an attempt and what is left out, in words."""
    n_cut = int(np.count_nonzero(found.cut_off))
    failed = [f"{n_cut:,} truncated"] if n_cut else []
    failed += [f"{found.rejected:,} rejected in review"] if found.rejected else []
    said = f"{counted(len(found.rows), 'attempt')}, whatever the threshold, rules and trainer"
    if failed:
        said += f"; {' and '.join(failed)} {said_of(n_cut + found.rejected, 'count')} as failed"
    left = [f"{n:,} that {said_of(n, INVALID_WORDS[kind])}" for kind, n in found.left_out.items()]
    left += [f"{found.unrated:,} without a reward"] if found.unrated else []
    return f"{said}{'; not counted: ' + ', '.join(left) if left else ''}."


def told(workspace: Workspace, recipe: Recipe) -> dict[str, Any]:
    """Return how the tasks fare over all attempts, in numbers and in the words of the Select page.

    `pass_at` is by k, with the number of tasks; beside it stands the reading without what was cut off.
    """
    found = attempts(workspace, recipe)
    how = fared(frame_of(workspace, recipe, found), usual_success(found))
    curves = {"pass_at": how.summary.curve, "pass_at_without_cut_off": how.uncut.curve if how.uncut else ()}
    return {
        "success": how.at_least,
        "attempts": len(found.rows),
        "cut_off": int(np.count_nonzero(found.cut_off)),
        "rejected": found.rejected,
        "unrated": found.unrated,
        "left_out": found.left_out,
        **{name: getattr(how.summary, name) for name in ("solved", "unsolved", "mixed")},
        **{name: {str(one.k): [one.chance, one.tasks] for one in curve} for name, curve in curves.items()},
        "tasks": fared_words(how),
        "counted": counted_words(found),
    }
