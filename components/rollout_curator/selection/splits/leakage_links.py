"""What ties rollouts that must not stand in different parts: their task, their prompt, a prompt nearly the same.

Takes hashes and gives ties, the same ones whatever the order. A unit is a task with a prompt.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.index.hash_spill import Pile
from rollout_curator.selection.splits.shared_text import shared, without
from rollout_curator.selection.splits.similarity import BANDS, ROWS, SHORT, SHORT_ROWS, bands, gist, likeness, minima

Array = np.ndarray[Any, Any]

BUCKET_MAX = 32
WINDOW = 3
AT_A_TIME = 1 << 19
"""So many shingles are compared at a time, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Prompts that were compared, by their keys: how alike `one` and `other` are, worked out from all their words.

    `keys` are the prompts with words of their own, ascending, `gists` one hash of each, that prompts nearly the same
    mostly share. `crowds` are the numbers of those that could not be compared with all that share a band with them, and
    below each that of the crowd it was lost in.
    """

    one: Array
    other: Array
    share: Array
    keys: Array
    gists: Array
    crowds: Array

    def not_compared(self, keys: Array, families: Array) -> int:
        """Return how many of these prompts were in a crowd with some of another family, which may be like them."""
        places = np.searchsorted(self.keys, keys)
        is_known = (keys != 0) & (np.append(self.keys, 0)[places] == keys)
        family = np.full(len(self.keys), -1)
        family[places[is_known]] = families[is_known]
        members, crowds = self.crowds[:, family[self.crowds[0]] >= 0]
        lowest = np.full(int(crowds.max(initial=-1)) + 1, np.iinfo(np.int64).max)
        highest = np.full(len(lowest), -1)
        np.minimum.at(lowest, crowds, family[members])
        np.maximum.at(highest, crowds, family[members])
        return len(np.unique(members[lowest[crowds] < highest[crowds]]))


def compared(keys: Array, prompts: Pile, agents: Iterable[Array]) -> Alike:
    """Return how alike the prompts are that share a band, without the text that many of them share.

    `prompts` has the shingles of each of the distinct `keys`, `agents` the numbers of the prompts of each agent.
    """
    common = shared(prompts, agents)
    own = Pile()
    try:
        said = []
        for n in np.argsort(keys).tolist():
            if len(left := without(prompts[n], common)):
                own.add(left)
                said.append(n)
        known = keys[said]
        wide, narrow, gists, short = _sketched(own)
        pairs, crowds = _candidates(wide, narrow, short)
        return Alike(known[pairs[0]], known[pairs[1]], _verified(own, pairs), known, gists, crowds)
    finally:
        own.close()


def _sketched(own: Pile) -> tuple[Array, Array, Array, Array]:
    """Return the bands of every prompt, the narrow ones of the short prompts, every gist, and which are short."""
    is_short = np.array([own.size(n) <= SHORT for n in range(len(own))], dtype=bool)
    wide = [np.empty((0, BANDS), np.uint64)]
    narrow = [np.empty((0, BANDS * ROWS // SHORT_ROWS), np.uint64)]
    gists = [np.empty(0, np.uint64)]
    n_done = 0
    for minimum in minima(own):
        n_done += len(minimum)
        wide.append(bands(minimum))
        narrow.append(bands(minimum[is_short[n_done - len(minimum) : n_done]], SHORT_ROWS))
        gists.append(gist(minimum))
    return np.concatenate(wide), np.concatenate(narrow), np.concatenate(gists), np.flatnonzero(is_short)


def _candidates(wide: Array, narrow: Array, short: Array) -> tuple[Array, Array]:
    """Return the pairs and crowds of all prompts by their bands, and of the short ones by their narrow bands too."""
    pairs, crowds = worth_comparing(wide)
    more, crowded = worth_comparing(narrow)
    codes = np.concatenate([pairs[0] * len(wide) + pairs[1], short[more[0]] * len(wide) + short[more[1]]])
    crowded = np.stack([short[crowded[0]], crowded[1] + wide.size])
    return np.stack(np.divmod(np.unique(codes), max(len(wide), 1))), np.concatenate([crowds, crowded], axis=1)


def worth_comparing(grid: Array) -> tuple[Array, Array]:
    """Return the numbers of pairs of prompts that share a band, and the crowds of more than can all be compared.

    Up to BUCKET_MAX that share a band are all compared. More of them are put in the order of their next bands, and each
    is compared with the WINDOW before it: those that share most stand together, in one band or another.
    """
    n_prompts, n_bands = grid.shape
    codes = [np.empty(0, np.int64)]
    crowds = [np.empty((2, 0), np.int64)]
    for band in range(n_bands):
        order = np.argsort(grid[:, band], kind="stable")
        values = grid[order, band]
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        sizes = np.diff(np.r_[starts, n_prompts])
        size = np.repeat(sizes, sizes)
        is_large = size > BUCKET_MAX
        large = order[is_large]
        next_bands = [grid[large, (band + step) % n_bands] for step in (3, 2, 1, 0)]
        order[is_large] = large[np.lexsort(next_bands)]
        crowds.append(np.stack([large, band * n_prompts + np.repeat(starts, sizes)[is_large]]))
        for step in range(1, BUCKET_MAX):
            is_pair = (values[step:] == values[:-step]) & ((step <= WINDOW) | ~is_large[step:])
            if not is_pair.any():
                break
            one, other = order[step:][is_pair], order[:-step][is_pair]
            codes.append(np.maximum(one, other) * n_prompts + np.minimum(one, other))
    return np.stack(np.divmod(np.unique(np.concatenate(codes)), n_prompts)), np.concatenate(crowds, axis=1)


def _verified(prompts: Pile, pairs: Array) -> Array:
    """Return how alike the prompts of each pair are, from all their shingles."""
    shares = [np.empty(0)]
    waiting: list[tuple[Array, Array]] = []
    n_waiting = 0
    for one, other in pairs.T.tolist():
        waiting.append((prompts[one], prompts[other]))
        n_waiting += prompts.size(one) + prompts.size(other)
        if n_waiting >= AT_A_TIME:
            shares.append(likeness(waiting))
            waiting, n_waiting = [], 0
    return np.concatenate([*shares, likeness(waiting)])


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """What ties units together: numbers that tied ones share, each list one per unit, and pairs of the last of them."""

    shared: tuple[Array, ...]
    pairs: Array


def ties(tasks: Array, prompts: Array, found: Alike, by: Collection[str], near: float) -> Ties:
    """Return what ties units by their tasks and prompts, as `by` asks for; a prompt that says nothing ties nobody."""
    tasks = np.unique(tasks, return_inverse=True)[1]
    known, numbers = np.unique(prompts, return_inverse=True)
    silent = np.flatnonzero(prompts == 0)
    numbers[silent] = len(known) + np.arange(len(silent))
    is_near = found.share >= near if "near" in by else np.zeros(len(found.share), dtype=bool)
    pairs = np.searchsorted(known, np.stack([found.one[is_near], found.other[is_near]]))
    shared = [tasks] if "task" in by else []
    return Ties((*shared, numbers) if "prompt" in by or "near" in by else tuple(shared), pairs)


def joined(ties: Ties, n_units: int) -> Array:
    """Return the family of each unit as a code: all that are tied to each other, also by way of others."""
    root = list(range(n_units))

    def top(unit: int) -> int:
        while root[unit] != unit:
            root[unit] = root[root[unit]]
            unit = root[unit]
        return unit

    for numbers in ties.shared:
        first = dict[int, int]()
        for unit, number in enumerate(numbers.tolist()):
            root[top(unit)] = top(first.setdefault(number, unit))
    of_prompt = {number: unit for unit, number in enumerate(ties.shared[-1].tolist())} if ties.pairs.size else {}
    for one, other in ties.pairs.T.tolist():
        root[top(of_prompt[one])] = top(of_prompt[other])
    return np.unique([top(unit) for unit in range(n_units)], return_inverse=True)[1].astype(np.int64)
