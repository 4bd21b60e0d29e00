"""Who decided what, and the sets of rollouts that follow from it alone.

Decisions made one by one are reading; bulk decisions are rules made by hand: what they rejected is not in the set that
is judged, what they accepted is, and neither counts as read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from rollout_curator.decisions import Decision
from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace

Array = np.ndarray[Any, Any]
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


_read: WeakKeyDictionary[Workspace, Verdicts] = WeakKeyDictionary()


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


def holding(workspace: Workspace, marked: Array) -> Array:
    """Return a boolean per content: whether any of its rows is marked."""
    held = np.zeros(len(workspace.first_rows), dtype=bool)
    held[workspace.contents[marked]] = True
    return held
