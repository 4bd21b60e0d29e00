"""What several readers of one set say: how far they agree, how often each errs, what reading by reward shows.

Joins the store with `agreement`, `krippendorff`, `reviewer_error` and `stratified_bound`. An *own* verdict is the first
that a reviewer gave on a rollout, and was given without knowing what others had said of it: the store notes that
(`blind`); of acts whose program did not, only the very first on a rollout is sure to be one. What was decided in a
comparison, in bulk or to settle a dispute is no reading of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.decisions.store import Decision
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import stratified_bound, summary
from rollout_curator.review.agreement import LEAST, Agreement, agreements
from rollout_curator.review.calibration import edges
from rollout_curator.review.confidence import CONFIDENCE
from rollout_curator.review.krippendorff import alpha, alpha_interval
from rollout_curator.review.random_order import random_sample_of
from rollout_curator.review.reviewer_error import Corrected, Rates, corrected, rates
from rollout_curator.review.verdicts import holding, is_compared
from rollout_curator.selection.funnel import NONE, REJECT
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
Own = Mapping[str, Mapping[str, Decision]]


@dataclass(frozen=True, slots=True)
class Together:
    """All reviewers at once: `rollouts` that two or more read, alpha and its interval, None where it says nothing."""

    reviewers: int
    rollouts: int
    alpha: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Reader:
    """How often a reviewer errs; `rejected` of `read` at random, and the share of bad ones that makes, if known."""

    rates: Rates
    read: int
    rejected: int
    corrected: Corrected | None


@dataclass(frozen=True, slots=True)
class Weighted:
    """What reading some of every reward shows of the kept: `read` in `bands`, `bad` of them; `unread` bands have none.

    `estimate` and `bad_at_most` are numbers among the `kept` different contents, the estimate None with unread bands.
    """

    confidence: float
    bands: int
    unread: int
    total: int
    read: int
    bad: int
    kept: int
    estimate: float | None
    bad_at_most: int


def own(workspace: Workspace) -> Own:
    """Return the own verdicts of every reviewer by key; made again only when a decision came."""
    return workspace.as_of_now("own verdicts", (), lambda: _own(workspace))


def _own(workspace: Workspace) -> Own:
    found: dict[str, dict[str, Decision]] = {}
    for key, acts in (workspace.decisions.acts() if workspace.decisions else {}).items():
        seen: set[str] = set()
        by_others = False
        for act in acts:
            is_verdict = act.act != "spare" and act.verdict != "clear"
            if is_verdict and act.reviewer not in seen and _is_reading(act):
                seen.add(act.reviewer)
                if act.blind or (act.blind is None and not by_others):
                    found.setdefault(act.reviewer, {})[key] = act
            by_others |= is_verdict
    return found


def _is_reading(act: Decision) -> bool:
    return not act.batch and act.queue != summary.SETTLE and not is_compared(act)


def agreed(workspace: Workspace) -> list[Agreement]:
    """Return how far each two reviewers agree in their own verdicts."""
    said = {who: {key: (act.verdict, act.reasons) for key, act in its.items()} for who, its in own(workspace).items()}
    return agreements(said)


def adopted(workspace: Workspace) -> int:
    """Return how many verdicts are no own ones, because those of others were to be seen."""
    said = summary.judged(workspace)
    return sum(len(its.keys() - own(workspace).get(who, {}).keys()) for who, its in said.items())


def together(workspace: Workspace) -> Together:
    """Return how far all reviewers agree who share rollouts."""
    said: dict[str, list[str]] = {}
    for its in own(workspace).values():
        for key, act in its.items():
            said.setdefault(key, []).append(act.verdict)
    units = [verdicts for verdicts in said.values() if len(verdicts) > 1]
    n_readers = sum(any(len(said[key]) > 1 for key in its) for its in own(workspace).values())
    found = alpha(units) if len(units) >= LEAST else None
    if found is None:
        return Together(n_readers, len(units), None, None, None)
    rejected = np.array([unit.count("reject") for unit in units])
    return Together(n_readers, len(units), found, *alpha_interval(rejected, np.array([len(unit) for unit in units])))


def readers(workspace: Workspace, recipe: Recipe) -> list[Reader]:
    """Return how often each errs who read what others read too, and what that makes of what they read at random."""
    verdicts = summary.verdicts(workspace)
    settled = {key: verdicts.by_key[key].verdict for key in verdicts.settled}
    said = {who: {key: act.verdict for key, act in its.items()} for who, its in own(workspace).items()}
    first, member = workspace.first_rows, _members(workspace, recipe)
    found = []
    for one in rates(said, settled):
        codes = workspace.codes_of(said[one.reviewer])[first]
        sample = random_sample_of(workspace.sample_rank[first], member, codes != NONE, codes == REJECT)
        found.append(Reader(one, sample.read, sample.bad, corrected(sample.bad, sample.read, one)))
    return found


def weighted(workspace: Workspace, recipe: Recipe, confidence: float = CONFIDENCE) -> Weighted:
    """Return what the reads of every band of rewards say about the kept, each band weighted by its size."""
    key = (confidence, repr(recipe))
    return workspace.as_of_now("weighted", key, lambda: _weighted(workspace, recipe, confidence))


def _weighted(workspace: Workspace, recipe: Recipe, confidence: float) -> Weighted:
    reads, member = summary.reads(workspace, recipe), _members(workspace, recipe)
    extra = () if recipe.min_reward is None else (recipe.min_reward,)
    starts = edges(np.where(reads.member, reads.reward, np.nan), extra)
    which = np.where(np.isnan(reads.reward), len(starts), np.searchsorted(starts, reads.reward, side="right"))
    inside, found = np.zeros(len(member), dtype=bool), []
    for number in np.unique(which[member]).tolist():
        of_band = member & (which == number)
        sample = random_sample_of(reads.sample_rank, of_band, reads.decided, ~reads.accepted)
        inside |= (
            of_band & reads.decided & (reads.sample_rank < reads.sample_rank[sample.stop] if sample.stop >= 0 else True)
        )
        found.append(stratified_bound.Stratum(sample.total, sample.read, sample.bad))
    kept = holding(workspace, workspace.select(recipe).kept)
    gone = int(np.count_nonzero(inside & ~reads.accepted & ~kept))
    uncovered = int(np.count_nonzero(kept & ~member & ~reads.accepted))
    unread = int(np.count_nonzero(kept & ~(reads.accepted & (inside | ~member))))
    guess, most = stratified_bound.estimate(found), stratified_bound.most_bad(found, confidence)
    return Weighted(
        confidence=confidence,
        bands=len(found),
        unread=sum(not one.read for one in found),
        total=sum(one.total for one in found),
        read=sum(one.read for one in found),
        bad=sum(one.bad for one in found),
        kept=int(np.count_nonzero(kept)),
        estimate=None if guess is None else max(guess - gone, 0.0) + uncovered,
        bad_at_most=min(max(most - gone, 0) + uncovered, unread),
    )


def _members(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per content: what the rules select and can be written, as if nobody had read.

    What was decided in bulk or by comparing attempts is a rule made by hand.
    """
    acts = workspace.decisions.acts() if workspace.decisions else {}
    said = {act.batch: act.verdict for rows in acts.values() for act in rows if act.batch and act.act != "spare"}
    ruled: dict[str, str] = {}
    for key, rows in acts.items():
        for act in rows:
            if act.batch or is_compared(act):
                ruled[key] = said.get(act.batch, "") if act.batch else act.verdict
    codes = workspace.codes_of({key: verdict for key, verdict in ruled.items() if verdict not in ("", "clear")})
    return holding(workspace, workspace.select_under(recipe, codes, f"by hand {hash(codes.tobytes())}").kept)
