"""What ties rollouts that must not stand in different parts: their task, their prompt, a prompt nearly the same.

Takes hashes and sketches and gives ties, the same ones whatever the order. A unit is a task with a prompt.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.similarity import Sketch, alike

Array = np.ndarray[Any, Any]

COMPARED_MAX = 24
BUCKET_MAX = 32


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Prompts that were compared, by their keys: how alike `one` and `other` are."""

    one: Array
    other: Array
    share: Array


def compared(sketches: Mapping[int, Sketch]) -> Alike:
    """Return how alike the prompts are that share a band of their sketches, taken in the order of their keys."""
    buckets: dict[int, int | list[int]] = {}
    found: list[tuple[int, list[int], Array]] = []
    for key in sorted(sketches):
        prompt = sketches[key]
        shared = Counter(other for band in prompt.bands for other in _members(buckets.get(band)))
        if others := [other for other, _ in shared.most_common(COMPARED_MAX)]:
            found.append((key, others, alike(prompt, [sketches[other] for other in others])))
        for band in prompt.bands:
            bucket = buckets.setdefault(band, key)
            if isinstance(bucket, int):
                buckets[band] = key if bucket == key else [bucket, key]
            elif len(bucket) < BUCKET_MAX and key not in bucket:
                bucket.append(key)
    one = np.repeat(np.array([key for key, _, _ in found], np.uint64), [len(others) for _, others, _ in found])
    other = np.array([other for _, others, _ in found for other in others], dtype=np.uint64)
    return Alike(one, other, np.concatenate([np.empty(0), *(shares for _, _, shares in found)]))


def _members(bucket: int | list[int] | None) -> Sequence[int]:
    """Return the prompts of a bucket; most have one, which is kept without a list."""
    return () if bucket is None else (bucket,) if isinstance(bucket, int) else bucket


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
