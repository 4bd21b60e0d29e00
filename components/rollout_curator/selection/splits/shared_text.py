"""Text that many prompts share, such as instructions, templates and formats: it says nothing of who is alike.

Under one instruction of 300 words all prompts of an environment are alike by 0.8 and more, whatever they ask. A shingle
is shared text when it stands

- in more than SHARE of the distinct prompts, and in more than MANY of them, or
- in more than SHARE_OF_AGENT of the distinct prompts of one agent, and in more than MANY_OF_AGENT of these: an agent
  has its own instruction, and there may be hundreds of agents, or a single one with a dozen prompts.

So up to MANY_OF_AGENT near-duplicates are always seen as such, and up to MANY where these are no fifth of an agent's
prompts; as many again that differ in a number are a template's prompts, and different ones. Counts are exact. Knows
hashes, no texts.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from rollout_curator.index.hash_spill import Pile

Array = np.ndarray[Any, Any]

MANY, SHARE = 20, 0.01
MANY_OF_AGENT, SHARE_OF_AGENT = 4, 0.2
ROUND = 1 << 23
"""So many hashes are sorted at a time, at most about."""


def shared(prompts: Pile, agents: Iterable[Array]) -> Array:
    """Return the shingles of shared text, ascending; `agents` are the numbers of the prompts of each agent."""
    everyone = np.arange(len(prompts))
    asked = [(everyone, max(MANY, SHARE * len(prompts)))]
    for members in agents:
        if len(members) == len(prompts):
            asked[0] = (everyone, min(asked[0][1], _bound(len(members))))
        elif len(members) > MANY_OF_AGENT:
            asked.append((members, _bound(len(members))))
    return np.unique(np.concatenate([_frequent(prompts, members, bound) for members, bound in asked]))


def _bound(n_prompts: int) -> float:
    return max(MANY_OF_AGENT, SHARE_OF_AGENT * n_prompts)


def without(shingles: Array, common: Array) -> Array:
    """Return what is left of some shingles without the shared ones; both ascend."""
    if not len(common):
        return shingles
    places = np.minimum(np.searchsorted(common, shingles), len(common) - 1)
    left: Array = shingles[common[places] != shingles]
    return left


def _frequent(prompts: Pile, members: Array, bound: float) -> Array:
    """Return the shingles that stand in more than so many of some prompts, counted in rounds by their first bits."""
    numbers = members.tolist()
    n_rounds = 1 + sum(prompts.size(n) for n in numbers) // ROUND
    edges = [(k << 64) // n_rounds for k in range(1, n_rounds)]
    found = [np.empty(0, np.uint64)]
    for low, high in pairwise([None, *edges, None]):
        values, counts = np.unique(_between(prompts, numbers, low, high), return_counts=True)
        found.append(values[counts > bound])
    return np.concatenate(found)


def _between(prompts: Pile, numbers: list[int], low: int | None, high: int | None) -> Array:
    """Return the shingles of some prompts from `low` on and below `high`."""
    return np.concatenate([np.empty(0, np.uint64), *_slices(prompts, numbers, low, high)])


def _slices(prompts: Pile, numbers: list[int], low: int | None, high: int | None) -> Iterator[Array]:
    for n in numbers:
        shingles = prompts[n]
        start = 0 if low is None else int(np.searchsorted(shingles, np.uint64(low)))
        end = len(shingles) if high is None else int(np.searchsorted(shingles, np.uint64(high)))
        if start < end:
            yield shingles[start:end]
