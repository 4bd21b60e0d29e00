"""Steps one after the other, who dropped what, and the random control of the same size.

Arrays returned stand in the order of the frame given, which is that of the rollouts still in: rows that are invalid
for other reasons are left out before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rollout_curator.index.hashing import Hashes
from rollout_curator.selection.group_statistics import Floats, Ints
from rollout_curator.selection.strategies.base import Step, arguments, get
from rollout_curator.selection.strategies.ranking import Bools, dense, places, ranks_to_draw_by

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """What steps keep. `dropped_by` is 0 for kept, else 1 + the position of the step; `counts` is what each dropped."""

    kept: Bools
    dropped_by: Ints
    counts: tuple[int, ...]


def judged(attempts: "pd.DataFrame", step: Step) -> Bools:
    """Return which of all attempts a rule that is `by_task` keeps. Raises RecipeError."""
    return np.asarray(get(step.name).keep(attempts, **arguments(step)).to_numpy(), dtype=bool)


def apply(frame: "pd.DataFrame", steps: Sequence[Step], known: Mapping[int, Bools] | None = None) -> Applied:
    """Apply steps in order, each to what the earlier ones kept. Raises RecipeError that names step and parameter.

    A rule that is `by_task` judges by the whole frame, whatever the earlier ones dropped; where rollouts that are not
    in the frame count too, `known` holds what it keeps of the frame, by the position of the step.
    """
    known = known or {}
    checked = [(get(step.name), arguments(step)) for step in steps]
    dropped_by = np.zeros(len(frame), dtype=np.int64)
    left, counts = np.arange(len(frame)), []
    for number, (row, given) in enumerate(checked, 1):
        if row.by_task:
            stays = (known[number - 1] if number - 1 in known else judged(frame, steps[number - 1]))[left]
        else:
            still_in = frame if len(left) == len(frame) else frame.take(left)
            stays = row.keep(still_in, **given).to_numpy(dtype=bool)
        dropped_by[left[~stays]] = number
        counts.append(int(np.count_nonzero(~stays)))
        left = left[stays]
    return Applied(dropped_by == 0, dropped_by, tuple(counts))


ROLLOUTS, TOKENS = "rollouts", "tokens"
MATCHED = (ROLLOUTS, TOKENS)
"""What a random control has as many of as the selection it stands for."""


def matched_random(
    frame: "pd.DataFrame", kept: Bools, seed: int, *, among: Bools | None = None, by: str = ROLLOUTS
) -> Bools:
    """Return a random selection with as many rollouts of each task as `kept` has, or as many tokens (see `_filled`).

    It draws from all valid rollouts (`invalid` is empty), or from `among`; what is kept may always be drawn, so that
    the numbers match even where a person accepted an invalid one.
    """
    valid = (frame["invalid"] == "").to_numpy(dtype=bool) if among is None else among
    rows = np.flatnonzero(valid | kept)
    task = dense(frame)
    wanted = np.bincount(task[kept], minlength=int(task.max(initial=-1)) + 1)
    order = ranks_to_draw_by(frame, seed, "matched_random")[rows]
    control = np.zeros(len(frame), dtype=bool)
    if by == TOKENS:
        tokens = np.maximum(frame["tokens"].to_numpy(), 1)  # the shortest answers are estimated at none
        aims = np.bincount(task[kept], weights=tokens[kept], minlength=len(wanted)).astype(np.float64)
        control[rows[_filled(task[rows], order, tokens[rows], aims)]] = True
    else:
        control[rows] = places(task[rows], order) < wanted[task[rows]]
    return control


def _filled(task: Ints, order: Hashes, tokens: Ints, aims: Floats) -> list[int]:
    """Return the rows drawn so that their tokens come close to the aim of each task that has one.

    In the order of the draw a task's rows are taken while each brings it closer to its aim; at the first that does not
    it ends, for to look on for shorter ones would make the control one of short rollouts. What a task is short of, or
    has beyond, the next one makes up for.
    """
    first = np.full(len(aims), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(first, task, order)
    in_random_order = np.lexsort((order, task, first[task]))
    in_random_order = in_random_order[aims[task[in_random_order]] > 0]
    taken, short, current, is_full = [], 0.0, -1, False
    columns = (in_random_order, task[in_random_order], tokens[in_random_order])
    for row, at, n in zip(*(column.tolist() for column in columns), strict=True):
        if at != current:
            current, short, is_full = at, short + aims[at], False
        is_full = is_full or n >= 2 * short
        if not is_full:
            short -= n
            taken.append(row)
    return taken
