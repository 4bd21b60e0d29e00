"""What the reading of a workspace says about the set a recipe keeps: who read what, and what follows from it.

Joins decisions with the pure functions of `review`. Decisions made one by one are reading; bulk decisions are rules
made by hand: what they rejected is not in the set that is judged, what they accepted is, and neither counts as read. So
the set never depends on what a reader thought of a rollout, which `review.drawing` asks for.

Two sets are spoken of. The *selected* are what the rules select and can be written, as if nobody had read: random reads
are drawn from these. The *kept* are what is exported now. Every rollout that was rejected while reading, at random or
not, is one of the bad ones among the selected and is out; so of the kept at most (bad among the selected - rejected)
are bad, and finding bad ones elsewhere never makes the bound wrong. A content that lies in several lines counts once.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from rollout_curator.bounding import own_bounds, passes_filters, reward_bounds
from rollout_curator.decisions import Decision
from rollout_curator.recipe import Recipe
from rollout_curator.review import bounds
from rollout_curator.review.agreement import differing
from rollout_curator.review.calibration import Above, Band, Reads, above, bands, disagree, edges
from rollout_curator.review.drawing import Drawn, drawn, in_order, in_share, unread_among_first
from rollout_curator.review.planning import Pace, pace
from rollout_curator.selection import ACCEPT, NONE, REJECT
from rollout_curator.workspace import Workspace

Array = np.ndarray[Any, Any]
GOAL = 0.05
SETTLE = "settle"
"""The queue in which differences are settled: what is decided there is no opinion of one's own, and ends a dispute."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Who decided what one by one: `codes` per row by the newest, `own` by reviewer and key, `bulk` codes per row."""

    version: int
    by_key: Mapping[str, Decision]
    own: Mapping[str, Mapping[str, Decision]]
    settled: frozenset[str]
    codes: Array
    bulk: Array
    bulk_name: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What random reading shows. Shares are of the kept; `more` is how many clean ones are missing for the goal.

    `found_elsewhere` were rejected while reading and are not in the sample, `uncovered` are kept but not among the
    selected (the next best in the place of a rejected one): each of those counts as bad. `copies` are kept rows beyond
    the first of each content. `upper_whenever` is the bound
    for who stops when it looks good; `to_read` is how many of the `more` nobody has decided yet.
    """

    confidence: float
    goal: float
    sample: Drawn
    stop_key: str
    bad_at_most: int
    kept: int
    copies: int
    kept_bad_at_most: int
    kept_bad_whenever: int
    found_elsewhere: int
    uncovered: int
    planned: int
    more: int
    to_read: int

    @property
    def upper(self) -> float:
        """Return the highest share of bad ones among the kept that still fits."""
        return self.kept_bad_at_most / self.kept if self.kept else 0.0

    @property
    def upper_whenever(self) -> float:
        """Return the same for who looks at any time and stops when they like."""
        return self.kept_bad_whenever / self.kept if self.kept else 0.0


_read: WeakKeyDictionary[Workspace, Verdicts] = WeakKeyDictionary()
_stated: WeakKeyDictionary[Workspace, dict[Any, Statement]] = WeakKeyDictionary()


def verdicts(workspace: Workspace) -> Verdicts:
    """Return who decided what, as of now; made again only when a decision came."""
    version = workspace.refresh_decisions()
    found = _read.get(workspace)
    if found is None or found.version != version:
        found = _read[workspace] = _verdicts(workspace, version)
    return found


def _verdicts(workspace: Workspace, version: int) -> Verdicts:
    by_key: dict[str, Decision] = {}
    own: dict[str, dict[str, Decision]] = {}
    bulk: dict[str, str] = {}
    settled: set[str] = set()
    acts = workspace.decisions.acts() if workspace.decisions else {}
    rejecting = {act.batch: act.verdict for rows in acts.values() for act in rows if act.batch and act.act != "spare"}
    for key, rows in acts.items():
        for act in rows:
            if act.batch:
                bulk[key] = rejecting.get(act.batch, "")
                continue
            by_key[key] = act
            settled.discard(key) if act.queue != SETTLE else settled.add(key)
            if act.queue != SETTLE:
                own.setdefault(act.reviewer, {})[key] = act
    said = {key: act.verdict for key, act in by_key.items() if act.verdict != "clear"}
    ruled = {key: verdict for key, verdict in bulk.items() if verdict}
    codes = workspace.codes_of(ruled)
    name = f"bulk {hash(codes.tobytes()) if ruled else ''}"
    return Verdicts(version, by_key, own, frozenset(settled), workspace.codes_of(said), codes, name)


def selected(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: what the rules select and can be written, as if nobody had read."""
    found = verdicts(workspace)
    return workspace.select_under(recipe, found.bulk, found.bulk_name).kept


def eligible(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: valid, rated and writable, at any reward."""
    open_recipe = replace(recipe, min_reward=None, max_reward=None, thresholds=None, strategies=(), control=None)
    return np.asarray(selected(workspace, open_recipe) & ~np.isnan(workspace.column("reward")))


def reads(workspace: Workspace, recipe: Recipe) -> Reads:
    """Return what people said beside what rewards say, per content, for all that a threshold could keep."""
    first = workspace.first_rows
    codes = verdicts(workspace).codes[first]
    member = _holding(workspace, eligible(workspace, recipe))
    reward = workspace.column("reward")[first]
    return Reads(workspace.lots[first], reward, member, codes != NONE, codes == ACCEPT)


def _holding(workspace: Workspace, marked: Array) -> Array:
    """Return a boolean per content: whether any of its rows is marked."""
    held = np.zeros(len(workspace.first_rows), dtype=bool)
    held[workspace.contents[marked]] = True
    return held


def statement(
    workspace: Workspace, recipe: Recipe, goal: float = GOAL, confidence: float = bounds.CONFIDENCE
) -> Statement:
    """Return what the random reads of the selected say about the kept, as of now."""
    key = (workspace.refresh_decisions(), goal, confidence, repr(recipe))
    held = _stated.setdefault(workspace, {})
    if key not in held:
        if len(held) > 64:
            held.clear()
        held[key] = _statement(workspace, recipe, goal, confidence)
    return held[key]


def _statement(workspace: Workspace, recipe: Recipe, goal: float, confidence: float) -> Statement:
    first = workspace.first_rows
    lots, codes = workspace.lots[first], verdicts(workspace).codes[first]
    member = _holding(workspace, selected(workspace, recipe))
    decided, bad = codes != NONE, codes == REJECT
    sample = drawn(lots, member, decided, bad)
    chosen = workspace.select(recipe)
    kept = _holding(workspace, chosen.kept)
    n_kept, rejected = int(np.count_nonzero(kept)), int(np.count_nonzero(member & bad))
    uncovered = int(np.count_nonzero(kept & ~member & (codes != ACCEPT)))
    unread = int(np.count_nonzero(kept & (codes != ACCEPT)))

    def left(found: int) -> int:
        return min(max(found - rejected, 0) + uncovered, unread)

    numbers = sample.bad, sample.read, sample.total
    most = bounds.most_bad(*numbers, confidence)
    allowed = rejected + goal * n_kept - uncovered
    more = bounds.more_clean(*numbers, lambda read: allowed, confidence) if left(most) > goal * n_kept else 0
    next_reads = unread_among_first(lots, member, decided, sample.read + more) if more else 0
    return Statement(
        confidence=confidence,
        goal=goal,
        sample=sample,
        stop_key=workspace.key(int(first[sample.stop])) if sample.stop >= 0 else "",
        bad_at_most=most,
        kept=n_kept,
        copies=chosen.n_kept - n_kept,
        kept_bad_at_most=left(most),
        kept_bad_whenever=left(bounds.most_bad_whenever(*numbers, confidence)),
        found_elsewhere=rejected - sample.bad,
        uncovered=uncovered,
        planned=bounds.planned(goal, sample.total, confidence) if sample.total else 0,
        more=more,
        to_read=next_reads,
    )


def judged(workspace: Workspace) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """Return what every reviewer said on their own, verdict and reasons by key, as `review.agreement` takes it."""
    found = verdicts(workspace).own
    return {
        who: {key: (act.verdict, act.reasons) for key, act in acts.items() if act.verdict != "clear"}
        for who, acts in found.items()
    }


def disagreements(workspace: Workspace, recipe: Recipe) -> Array:
    """Return the rows on which reward and reader differ, high rewards that were rejected first."""
    first = workspace.first_rows
    asked = _holding(workspace, passes_filters(workspace, recipe.filters))
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
    """Return the rows everybody should read, which somebody else has decided and this reviewer has not, by lot."""
    said = judged(workspace)
    mine = said.pop(reviewer, {})
    others = [key for own in said.values() for key in own if key not in mine]
    rows = np.unique(workspace.rows_of_keys(list(dict.fromkeys(others)))[0])
    shared = np.zeros(workspace.n_rollouts, dtype=bool)
    shared[rows] = in_share(workspace.lots[rows], share)
    return in_order(workspace.lots, workspace.once(shared))


def calibration(workspace: Workspace, recipe: Recipe, confidence: float) -> tuple[list[Band], list[Above]]:
    """Return acceptance by band of reward, and of all that each beginning of a band as the lower bound would keep.

    Whatever stays out at any lower bound, above the upper one, and what has a threshold of its own is in bands only.
    """
    found = reads(workspace, recipe)
    extra = () if recipe.min_reward is None else (recipe.min_reward,)
    starts = edges(np.where(found.member, found.reward, np.nan), extra)
    own, upper = own_bounds(workspace, recipe.thresholds), reward_bounds(workspace, recipe)[1]
    moved = ~(workspace.column("reward") > upper) & (True if own is None else np.isnan(own))
    steps = replace(found, member=found.member & _holding(workspace, moved))
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
    for key in workspace.standing():
        decision = workspace.decision(key)
        for reason in decision.reasons if decision and decision.verdict == "reject" else ():
            counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
