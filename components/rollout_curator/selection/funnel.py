"""Which rollouts are kept, and for each dropped one by what: pure functions on columns.

Every rollout has exactly one state, the first that applies on the way loaded > valid > selected by rule >
not rejected > exportable. A person's accept stands above the rules, a person's reject above everything kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.printable import shown
from rollout_curator.selection.intervals import ANY, Interval
from rollout_curator.words import exact, said_of

Array = np.ndarray[Any, Any]

KEPT = 0
NONE, ACCEPT, REJECT = 0, 1, 2
"""Codes of a verdict per row."""

BOUND_DROPS = ("unrated", "below", "below-own", "above")
"""Names of the drops by bounds of the reward."""

INVALID_WORDS = {
    "masked": "were masked by the environment",
    "truncated": "were truncated (hit a limit)",
    "failed": "failed (agent or environment error)",
}


@dataclass(frozen=True, slots=True)
class Drop:
    """Why rows are dropped: the step of the funnel, a name for programs, words for people ("60 below 0.8")."""

    step: str
    name: str
    words: str
    count: int

    @property
    def said(self) -> str:
        """Return the words as they follow the count: one rollout ends where several end."""
        return said_of(self.count, self.words)


@dataclass(frozen=True, slots=True)
class RuleDrop:
    """Rows that one rule drops: a name for programs, words for people, a boolean per row."""

    name: str
    words: str
    mask: Array


@dataclass(frozen=True, slots=True)
class RewardBounds:
    """The interval of rewards that stay; `own` holds per row a lower bound in its place, NaN for none."""

    common: Interval = ANY
    own: Array | None = None
    own_by: str = ""

    def per_row(self, n_rows: int) -> tuple[Array, Array]:
        """Return per row the lower and the upper bound its reward is held against, NaN for none."""
        ends = (self.common.low, self.common.high)
        lower, upper = (np.full(n_rows, np.nan if end is None else end) for end in ends)
        if self.own is None:
            return lower, upper
        has_own = ~np.isnan(self.own)
        return np.where(has_own, self.own, lower), np.where(has_own, np.nan, upper)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the selection is made by. `outcomes` are per-row codes into `skips` ("" where an example is written).

    Filters come first, then strategies that are `early`, the bounds of the reward, and strategies that are `late`.
    """

    bounds: RewardBounds
    invalid_kinds: frozenset[str]
    outcomes: Array
    skips: Sequence[str]
    filters: Sequence[RuleDrop] = ()
    early: Sequence[RuleDrop] = ()
    late: Sequence[RuleDrop] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The state of every row: `reason` is 0 for kept, else 1 + the position in `drops`.

    `idle` are the strategies that dropped nobody.
    """

    reason: Array
    drops: tuple[Drop, ...]
    accepted_by_hand: int
    idle: tuple[Drop, ...] = ()

    @property
    def kept(self) -> Array:
        """Return a boolean per row."""
        kept: Array = self.reason == KEPT
        return kept

    @property
    def n_kept(self) -> int:
        """Return how many rows are kept."""
        return int(np.count_nonzero(self.reason == KEPT))

    def words(self, row: int) -> str:
        """Return why a row is dropped, empty when it is kept."""
        code = int(self.reason[row])
        return "" if code == KEPT else self.drops[code - 1].words

    def rows_of(self, name: str) -> Array:
        """Return the rows a drop of this name took, or the kept ones for "kept"."""
        codes = [n for n, drop in enumerate(self.drops, 1) if drop.name == name]
        return np.flatnonzero(np.isin(self.reason, [KEPT] if name == "kept" else codes))

    def rows_marked(self, name: str) -> Array:
        """Return a boolean per row: whether a drop of this name took it."""
        marked = np.zeros(len(self.reason), dtype=bool)
        marked[self.rows_of(name)] = True
        return marked

    def count_after(self, step: str) -> int:
        """Return how many rows are left after a step of the funnel."""
        gone = 0
        for drop in self.drops:
            if STEPS.index(drop.step) <= STEPS.index(step):
                gone += drop.count
        return len(self.reason) - gone


STEPS = ("valid", "selected", "not_rejected", "exportable")


def select(reward: Array, invalid: Array, invalid_words: Sequence[str], verdicts: Array, rules: Rules) -> Selection:
    """Return the state of every row.

    `invalid` are codes into `invalid_words`, `verdicts` codes NONE, ACCEPT, REJECT. NaN rewards pass no threshold.
    """
    by_rule = verdicts != ACCEPT
    states: list[tuple[str, str, str, Array]] = []
    for code, kind in enumerate(invalid_words):
        if kind in rules.invalid_kinds:
            states.append(("valid", kind, INVALID_WORDS[kind], by_rule & (invalid == code)))
    for rule in (*rules.filters, *rules.early, *_bound_drops(reward, rules.bounds), *rules.late):
        states.append(("selected", rule.name, rule.words, by_rule & rule.mask))
    states.append(("not_rejected", "rejected", "rejected in review", verdicts == REJECT))
    for code, skip in enumerate(rules.skips):
        if skip:
            words = ISSUE_WORDS.get(skip, skip)
            states.append(("exportable", skip, words, rules.outcomes == code))
    reason = np.zeros(len(reward), dtype="uint16")
    drops = []
    for step, name, words, mask in states:
        dropped = mask & (reason == KEPT)
        count = int(np.count_nonzero(dropped))
        if count:
            drops.append(Drop(step, name, words, count))
            reason[dropped] = len(drops)
    accepted = int(np.count_nonzero((verdicts == ACCEPT) & (reason == KEPT)))
    dropping = {drop.name for drop in drops}
    idle = (Drop("selected", rule.name, rule.words, 0) for rule in (*rules.early, *rules.late))
    return Selection(reason, tuple(drops), accepted, tuple(drop for drop in idle if drop.name not in dropping))


def _bound_drops(reward: Array, bounds: RewardBounds) -> list[RuleDrop]:
    """Return what the bounds of the reward drop; where no bound applies, an unrated rollout stays."""
    low, high, own = bounds.common.low, bounds.common.high, bounds.own
    if own is None and not bounds.common.is_bounded:
        return []
    follows, unrated = True if own is None else np.isnan(own), np.isnan(reward)
    drops = [RuleDrop("unrated", "without a reward", unrated if bounds.common.is_bounded else unrated & ~follows)]
    if low is not None:
        drops.append(RuleDrop("below", f"below {exact(low)}", follows & (reward < low)))
    if own is not None:
        drops.append(RuleDrop("below-own", f"below the per-{bounds.own_by} threshold", reward < own))
    if high is not None:
        drops.append(RuleDrop("above", f"above {exact(high)}", follows & (reward > high)))
    return drops


def random_control(possible: Selection, verdicts: Array, drawn: Array) -> Selection:
    """Return a selection of the drawn rows: whatever else the rules could choose from was not drawn.

    That holds too for what is rejected or cannot be written, which no draw reaches: the rules come before both.
    """
    first = sum(drop.step in ("valid", "selected") for drop in possible.drops)
    dropped = ((possible.reason == KEPT) | (possible.reason > first)) & ~drawn
    count = int(np.count_nonzero(dropped))
    if not count:
        return possible
    drop = Drop("selected", "not-drawn", "not in the random baseline", count)
    reason = possible.reason.copy()
    reason[dropped] = first + 1
    accepted = int(np.count_nonzero((verdicts == ACCEPT) & (reason == KEPT)))
    return Selection(reason, (*possible.drops[:first], drop), accepted)


@dataclass(frozen=True, slots=True, repr=False)
class Funnel:
    """The spine of the product: every line and every rollout accounted for, by reason.

    lines = rollouts + problems + blank, and rollouts = exportable + the sum of the drops. `trimmed` says how many of
    the exportable ones end earlier than their rollout, by what they end before. `idle` are the strategies that dropped
    nobody, in order.
    """

    lines: int
    blank: int
    problems: tuple[Drop, ...]
    rollouts: int
    valid: int
    selected: int
    not_rejected: int
    exportable: int
    drops: tuple[Drop, ...]
    accepted_by_hand: int
    trimmed: Mapping[str, int] = field(default_factory=dict)
    idle: tuple[Drop, ...] = ()

    def __repr__(self) -> str:
        """Return the funnel in words, fit to be printed."""
        return shown(self.sentence())

    def sentence(self) -> str:
        """Return the funnel as people say it: "1,204 kept, 96 dropped: 60 below 0.8, 30 rejected in review"."""
        dropped = self.rollouts - self.exportable
        parts = ", ".join(f"{drop.count:,} {drop.said}" for drop in self.drops)
        kept = f"{self.exportable:,} kept, {dropped:,} dropped" + (f": {parts}" if parts else "")
        if self.idle:
            kept += f"; {idle_head(len(self.idle))}: {'; '.join(drop.words for drop in self.idle)}"
        return f"{kept}; among the kept: {self.trimmed_words()}" if self.trimmed else kept

    def trimmed_words(self) -> str:
        """Return how many examples end earlier than their rollout, and why."""
        parts = []
        for name, count in self.trimmed.items():
            said = Drop("exportable", name, ISSUE_WORDS.get(name, name), count).said
            cause = f"trimmed because {'it' if count == 1 else 'they'} "
            parts.append(f"{count:,} {'' if name == 'trimmed_tail' else cause}{said}")
        return "; ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as they stand in `--json` and in the manifest."""
        return {
            "lines": self.lines,
            "blank": self.blank,
            "problems": _by_name(self.problems),
            "rollouts": self.rollouts,
            "valid": self.valid,
            "selected": self.selected,
            "not_rejected": self.not_rejected,
            "exportable": self.exportable,
            "dropped": _by_name(self.drops),
            "accepted_by_hand": self.accepted_by_hand,
            "trimmed": dict(self.trimmed),
            "dropped_nobody": {drop.name: drop.words for drop in self.idle},
        }


def idle_head(n: int) -> str:
    """Return what is said of rules that dropped nobody, before their words."""
    return "a rule that drops nothing" if n == 1 else "rules that drop nothing"


def _by_name(drops: Sequence[Drop]) -> dict[str, int]:
    """Return the counts by name, each of which stands for one reason."""
    return {drop.name: drop.count for drop in drops}


def funnel(selection: Selection, lines: int, blank: int, problems: tuple[Drop, ...]) -> Funnel:
    """Return the funnel of a selection over sources with these many lines."""
    left = {step: selection.count_after(step) for step in STEPS}
    return Funnel(
        lines=lines,
        blank=blank,
        problems=problems,
        rollouts=len(selection.reason),
        valid=left["valid"],
        selected=left["selected"],
        not_rejected=left["not_rejected"],
        exportable=left["exportable"],
        drops=selection.drops,
        accepted_by_hand=selection.accepted_by_hand,
        idle=selection.idle,
    )
