"""Pairs for preference training (DPO): which rollouts of a group stand against each other.

Takes columns and gives pairs of row numbers; knows nothing of files. The *chosen* side is always a rollout the
selection keeps. The *rejected* side may be any rollout of the same task and the same prompt from which an example can
be made and whose reward is a measurement, kept or not: what lies below the threshold, and what a person rejected, is
what it is for. What a person accepted is never the rejected side unless that person chose another one over it.
A pair has no place for a mark on an answer, so rollouts with answers that are not to be trained stand in none.

A reward and the length of an answer often go together, and preference training then learns length. The rule
`closest_length`, and `max_length_ratio` with any rule, choose pairs by the characters of the model's own answers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from rollout_curator.errors import RecipeError
from rollout_curator.selection.pairs.pair_statistics import Figures
from rollout_curator.selection.pairs.sides import Limits, Side, fitting, nearest
from rollout_curator.words import counted, said_of

Array = np.ndarray[Any, Any]

RULES = {
    "best_worst": "best vs worst per task",
    "margin": "all pairs with a minimum margin",
    "closest_length": "the two closest in length per task",
    "chosen": "reviewer preferences",
}
FORMATS = ("trl", "nemo_rl")
OTHER_TURNS = {"keep": "stay", "leave_out": "leave such pairs out"}
"""What becomes of pairs that hold tool results or user turns after the prompt both sides share."""
BY_MARGIN = ("margin", "closest_length")
CLOSE = 1e-9
"""Two rewards 0.1 apart in decimals may be less than 0.1 apart as floats by so much."""

WORDS = {
    "single": "have only one usable rollout",
    "no_chosen": "have no kept rollout",
    "no_worse": "have no rollout worse than the kept ones",
    "too_close": "have no pair with the minimum margin",
    "prompts_differ": "have no such pair with the same prompt and tools",
    "no_prompt": "have no prompt",
    "not_chosen": "have no reviewer preference",
    "other_turns": "have no such pair with only the model's own turns",
    "lengths_differ": "have no such pair close enough in length",
}
"""Why a group gives no pair -> words that follow a number."""

_OVER = re.compile(r"chosen-over:([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Pairs:
    """How pairs are made: `rule` is one of RULES, `margin` the least difference of rewards for those of BY_MARGIN.

    `at_most` limits the pairs of a group by the rule `margin`, those furthest apart first; 0 takes all. `format` is
    whose rows are written; empty means NeMo RL's for that target and TRL's for any other. The model's own text of the
    longer side has at most `max_length_ratio` times the characters of the shorter one; 0 takes any. `other_turns` is
    one of OTHER_TURNS. What both sides begin with counts for neither.
    """

    rule: str = "best_worst"
    margin: float = 0.5
    at_most: int = 0
    format: str = ""
    max_length_ratio: float = 0
    other_turns: str = "keep"

    @property
    def limits(self) -> Limits:
        """Return which two sides may be a pair, whatever the rule."""
        return Limits(self.max_length_ratio, self.other_turns == "leave_out")


def read(value: Any) -> Pairs | None:
    """Return what a table of a recipe asks for. Raises RecipeError that names the key."""
    if value is None or isinstance(value, Pairs):
        return value
    if not isinstance(value, Mapping):
        raise RecipeError(f'pairs is {value!r}, expected a table such as rule = "best_worst"')
    known = [column.name for column in fields(Pairs)]
    for name, given in value.items():
        if name not in known:
            raise RecipeError(f"pairs: unknown key {name!r}; choose from {', '.join(known)}")
        if name in ("margin", "at_most", "max_length_ratio") and (
            isinstance(given, bool) or not isinstance(given, int | float)
        ):
            raise RecipeError(f"pairs: {name} is {given!r}, expected a number")
    made = Pairs(**value)
    if not isinstance(made.rule, str) or made.rule not in RULES:
        raise RecipeError(f"pairs: rule is {made.rule!r}, expected one of {', '.join(RULES)}")
    if made.format not in ("", *FORMATS):
        raise RecipeError(f"pairs: format is {made.format!r}, expected one of {', '.join(FORMATS)}")
    if not isinstance(made.other_turns, str) or made.other_turns not in OTHER_TURNS:
        raise RecipeError(f"pairs: other_turns is {made.other_turns!r}, expected one of {', '.join(OTHER_TURNS)}")
    if made.max_length_ratio != 0 and not 1 <= made.max_length_ratio < float("inf"):
        raise RecipeError(f"pairs: max_length_ratio is {made.max_length_ratio!r}, expected a number ≥ 1; 0 allows any")
    if not 0 < made.margin < float("inf"):
        raise RecipeError(f"pairs: margin is {made.margin!r}, expected a number > 0")
    if not 0 <= made.at_most < float("inf") or made.at_most != int(made.at_most):
        raise RecipeError(f"pairs: at_most is {made.at_most!r}, expected a whole number; 0 keeps all")
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Columns over all rows that say who may stand where.

    `group` are codes, `sample_rank` the random ranks that settle ties. `is_usable`: an example can be made.
    `may_win`: the selection keeps it. `may_lose`: no person accepted it. `is_measured`: its reward is a
    measurement. `n_marked` are in no pair for their marked answers.
    """

    group: Array
    reward: Array
    sample_rank: Array
    is_usable: Array
    may_win: Array
    may_lose: Array
    is_measured: Array
    n_marked: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Pairs as two columns of rows (chosen, rejected), and why the other groups give none; every group counts once."""

    rows: Array
    n_groups: int
    without: Mapping[str, int]
    n_marked: int = 0
    figures: Figures | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the counts as they stand in the manifest; `sides` are the figures of the pairs that are written."""
        n_with = self.n_groups - sum(self.without.values())
        made = {"groups": self.n_groups, "with_pairs": n_with, "pairs": len(self.rows), "without": dict(self.without)}
        made |= {"marked": self.n_marked} if self.n_marked else {}
        return made | ({} if self.figures is None else {"sides": self.figures.as_json()})

    def sentence(self) -> str:
        """Return the counts as people say them."""
        said = ", ".join(f"{count:,} {said_of(count, WORDS[name])}" for name, count in self.without.items())
        n_without, n_pairs = sum(self.without.values()), len(self.rows)
        none = f"; {n_without:,} {said_of(n_without, 'yield no pair')}: {said}" if said else ""
        n_with = self.n_groups - n_without
        marked = f"; {counted(self.n_marked, 'rollout')} with marked answers in no pair" if self.n_marked else ""
        return f"{counted(n_pairs, 'pair')} from {n_with:,} of {self.n_groups:,} tasks{none}{marked}"

    def why_none(self) -> str:
        """Return why there are no pairs: "No pairs: 345 tasks have only one usable rollout"."""
        said = [f"{counted(count, 'task')} {said_of(count, WORDS[name])}" for name, count in self.without.items()]
        said += [f"{counted(self.n_marked, 'rollout')} with marked answers may stand in none"] if self.n_marked else []
        return f"No pairs: {', '.join(said) or 'no task was found'}"


def worth_reading(pairs: Pairs, sides: Sides, over: Sequence[tuple[int, int]]) -> Array:
    """Return the rows whose prompts must be compared before pairs can be made, ascending."""
    if pairs.rule == "chosen":
        return np.unique(np.array([row for pair in over for row in pair], dtype=np.int64))
    possible = sides.is_usable & sides.is_measured
    rows = np.flatnonzero(possible)
    needed = [members for members in _groups(sides.group, rows) if not _fault(pairs, sides, members)]
    return np.sort(np.concatenate(needed)) if needed else np.empty(0, np.int64)


def without(sides: Sides, marked: Array) -> Sides:
    """Return who may stand where when these rows may not."""
    if not len(marked):
        return sides
    others = np.ones(len(sides.group), dtype=bool)
    others[marked] = False
    usable, may_win = sides.is_usable & others, sides.may_win & others
    return replace(sides, is_usable=usable, may_win=may_win, n_marked=len(marked))


def paired(
    pairs: Pairs,
    sides: Sides,
    prompts: Mapping[int, int],
    over: Sequence[tuple[int, int]],
    written: Mapping[int, Side] | None = None,
) -> Paired:
    """Return the pairs; `prompts` holds, for the rows of `worth_reading`, a number equal for equal prompts and tools.

    A negative number says that there is no prompt. `written` holds what would stand on a side, for those that have a
    prompt: limits and the rule closest_length look at it. `over` are (chosen, rejected) rows as reviewers said. Pairs
    come in the order of their chosen rows.
    """
    found: list[tuple[int, int]] = []
    stand = written or {}
    without = dict.fromkeys(WORDS, 0)
    chosen_over: dict[int, list[tuple[int, int]]] = {}
    for pair in over:
        chosen_over.setdefault(int(sides.group[pair[0]]), []).append(pair)
    groups = list(_groups(sides.group, np.arange(len(sides.group))))
    for members in groups:
        usable = members[sides.is_usable[members]]
        if pairs.rule == "chosen":
            made, fault = _as_said(sides, chosen_over.get(int(sides.group[members[0]]), []), prompts)
            made, unfit = fitting(made, stand, pairs.limits)
        else:
            usable = usable[sides.is_measured[usable]]
            fault = _fault(pairs, sides, usable)
            made = [] if fault else _by_reward(pairs, sides, usable, prompts)
            fault = fault or ("" if made else _fault_of_prompts(usable.tolist(), prompts))
            made, unfit = fitting(made, stand, pairs.limits)
            made = nearest(made, stand) if pairs.rule == "closest_length" else made
            made = made[: (int(pairs.at_most) or len(made)) if pairs.rule == "margin" else 1]
        if fault or unfit:
            without[fault or unfit] += 1
        found += made
    rows = np.array(sorted(set(found)), dtype=np.int64).reshape(-1, 2)
    return Paired(rows, len(groups), {name: count for name, count in without.items() if count}, sides.n_marked)


def over_of(reasons: Sequence[str]) -> list[str]:
    """Return the keys that a reviewer chose this rollout over, from the reasons of the decision."""
    return [match[1] for reason in reasons if (match := _OVER.fullmatch(reason))]


def format_of(pairs: Pairs, target: str) -> str:
    """Return whose rows are written for a target."""
    return pairs.format or ("nemo_rl" if target == "nemo_rl" else "trl")


def _groups(group: Array, rows: Array) -> Iterator[Array]:
    """Yield the rows of each group, ascending, the groups in the order of their codes."""
    order = rows[np.argsort(group[rows], kind="stable")]
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _fault(pairs: Pairs, sides: Sides, members: Array) -> str:
    """Return why usable rollouts with measured rewards give no pair whatever their prompts, empty when they may."""
    winners = members[sides.may_win[members]]
    losers = members[sides.may_lose[members]]
    if len(members) < 2:
        return "single"
    if not len(winners):
        return "no_chosen"
    gap = sides.reward[winners].max() - (sides.reward[losers].min() if len(losers) else np.inf)
    if not gap > 0:
        return "no_worse"
    return "too_close" if pairs.rule in BY_MARGIN and not _is_far(gap, pairs.margin) else ""


def _is_far(gap: Any, margin: float) -> Any:
    return gap >= margin * (1 - CLOSE) - CLOSE


def _by_reward(pairs: Pairs, sides: Sides, members: Array, prompts: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return every two of a group that may be a pair by reward, furthest apart first; ties are settled by rank."""
    same: dict[int, list[int]] = {}
    in_random_order = members[np.argsort(sides.sample_rank[members], kind="stable")]
    for row in (row for row in in_random_order.tolist() if prompts[row] >= 0):
        same.setdefault(prompts[row], []).append(row)
    best: list[tuple[float, int, int, int, int]] = []
    for rows in same.values():
        alike = np.array(rows)
        winners, losers = alike[sides.may_win[alike]], alike[sides.may_lose[alike]]
        if not len(winners) or not len(losers):
            continue
        if pairs.rule == "best_worst" and pairs.limits == Limits():
            winners = winners[[int(np.argmax(sides.reward[winners]))]]
            losers = losers[[int(np.argmin(sides.reward[losers]))]]
        gaps = sides.reward[winners][:, None] - sides.reward[losers][None, :]
        far = _is_far(gaps, pairs.margin) if pairs.rule in BY_MARGIN else gaps > 0
        sample_rank = [sides.sample_rank[side].tolist() for side in (winners, losers)]
        best += [
            (-gaps[i, j], sample_rank[0][i], sample_rank[1][j], int(winners[i]), int(losers[j]))
            for i, j in np.argwhere(far)
        ]
    best.sort()
    return [(winner, loser) for *_, winner, loser in best]


def _as_said(
    sides: Sides, over: Sequence[tuple[int, int]], prompts: Mapping[int, int]
) -> tuple[list[tuple[int, int]], str]:
    """Return the pairs reviewers named in a group that can be made, and why there are none."""
    if not over:
        return [], "not_chosen"
    able = [pair for pair in over if sides.may_win[pair[0]] and sides.is_usable[pair[1]]]
    if not able:
        return [], "no_chosen"
    made = [pair for pair in able if sides.group[pair[0]] == sides.group[pair[1]] and _same(prompts, pair)]
    return made, "" if made else _fault_of_prompts([row for pair in able for row in pair], prompts)


def _same(prompts: Mapping[int, int], pair: tuple[int, int]) -> bool:
    return prompts[pair[0]] == prompts[pair[1]] >= 0


def _fault_of_prompts(rows: Sequence[int], prompts: Mapping[int, int]) -> str:
    return "no_prompt" if all(prompts[row] < 0 for row in rows) else "prompts_differ"
