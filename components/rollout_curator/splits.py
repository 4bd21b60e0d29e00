"""Training, validation and test parts that do not leak, and that adding rollouts does not stir up.

Rollouts are taken in their order (sources as they were opened, lines as they stand). A rollout is *tied* to an earlier
one of the same task, of the same normalised prompt, or of a prompt that is nearly the same. One tied to nobody
begins a family; the others join the family they are tied to. A family's part is decided by a hash of its first prompt,
and by nothing else: so thresholds and decisions move nobody, and

- adding rollouts after the others (further lines, further files) moves no rollout from one part to another, ever;
- adding them anywhere, or reading the files in another order, moves none whose family has one prompt only.

A family tied to one of another part by a later rollout would leak. Then training keeps all of its own and takes the
rollout between them; the validation or test family is left out of all parts, and counted (between validation and test
the test family goes). So what was trained on stays in training, and what was held out is never trained on.

With a count instead of a share, families that are tied to no other are taken by the smallest hash until the count is
reached, agent by agent in proportion, then from any: exact as far as whole families allow, but the last ones taken
change with what there is to take from, so thresholds and new rollouts move some.

Cost: one pass over the prompts, then a look-up per distinct prompt. Each is compared with at most COMPARED_MAX
earlier ones that share a band of their sketches, so a million prompts take minutes and about 4 kB each; where hundreds
of prompts share a band but are not alike, a similar one can be missed. Pure functions; knows no files and no frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import xxhash

from rollout_curator.errors import RecipeError
from rollout_curator.similarity import Sketch, alike

Array = np.ndarray[Any, Any]

TIES = ("task", "prompt", "near")
PARTS = ("train", "validation", "test")
LEFT_OUT = len(PARTS)
"""The code of a rollout that is in no part; the codes of the parts are their places in PARTS."""
COMPARED_MAX = 24
BUCKET_MAX = 32


@dataclass(frozen=True, slots=True)
class Split:
    """How rollouts are split: `validation` and `test` are shares below 1, or counts of examples from 1 on.

    `by` names what ties rollouts together (task, prompt, near); prompts alike by `near` or more are nearly the same.
    Another `seed` draws other parts.
    """

    validation: float = 0.1
    test: float = 0.0
    by: tuple[str, ...] = TIES
    near: float = 0.8
    seed: int = 0

    @property
    def is_counted(self) -> bool:
        """Say whether the sizes are counts rather than shares."""
        return max(self.validation, self.test) >= 1


def read(value: Any) -> Split | None:
    """Return the split a table of a recipe asks for. Raises RecipeError that names the key."""
    if value is None or isinstance(value, Split):
        return value
    if not isinstance(value, Mapping):
        raise RecipeError(f"split is {value!r}, expected a table such as validation = 0.1")
    known = [column.name for column in fields(Split)]
    for name, given in value.items():
        if name not in known:
            raise RecipeError(f"split: there is no {name!r}; choose from {', '.join(known)}")
        if name != "by" and (isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e12):
            raise RecipeError(f"split: {name} is {given!r}, expected a number that is not negative")
    made = Split(**{**value, **({"by": tuple(value["by"])} if isinstance(value.get("by"), list | tuple) else {})})
    _check(made)
    return made


def _check(split: Split) -> None:
    if not isinstance(split.by, tuple) or not split.by or any(name not in TIES for name in split.by):
        raise RecipeError(f"split: by is {split.by!r}, expected some of {', '.join(TIES)}")
    if not 0 < split.near <= 1:
        raise RecipeError(f"split: near is {split.near!r}, expected more than 0 and at most 1")
    sizes = [size for size in (split.validation, split.test) if size]
    if not sizes:
        raise RecipeError("split: validation and test are both 0; ask for some, or leave split out")
    if split.is_counted and any(size < 1 or size != int(size) for size in sizes):
        raise RecipeError("split: validation and test are both shares below 1, or both whole numbers of examples")
    if not split.is_counted and sum(sizes) >= 1:
        raise RecipeError("split: validation and test together leave nothing to train on")
    if split.seed != int(split.seed):
        raise RecipeError(f"split: seed is {split.seed!r}, expected a whole number")


@dataclass(slots=True)
class Families:
    """Rollouts tied together, built up one rollout at a time in their order."""

    split: Split
    of_row: list[int] = field(default_factory=list)
    members: list[frozenset[int]] = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)
    compared: list[tuple[int, Array, Array]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    _units: dict[tuple[Any, int], int] = field(default_factory=dict)
    _of_task: dict[Any, frozenset[int]] = field(default_factory=dict)
    _of_key: dict[int, frozenset[int]] = field(default_factory=dict)
    _sketches: dict[int, Sketch] = field(default_factory=dict)
    _near: dict[int, list[int]] = field(default_factory=dict)
    _buckets: dict[int, int | list[int]] = field(default_factory=dict)

    def add(self, task: Any, name: str, prompt: Sketch) -> None:
        """Take in the next rollout: its task (equal for equal ones), a name for it, the sketch of its prompt.

        The name stands in for a prompt that says nothing.
        """
        unit = self._units.get((task, prompt.key))
        if unit is None:
            unit = self._units[task, prompt.key] = len(self.members)
            self._join(task, name, prompt)
        self.of_row.append(unit)

    def _join(self, task: Any, name: str, prompt: Sketch) -> None:
        by, tied = self.split.by, frozenset[int]()
        near = self._alike(prompt)
        if "task" in by:
            tied |= self._of_task.get(task, frozenset())
        if "prompt" in by or "near" in by:
            tied |= self._of_key.get(prompt.key, frozenset())
        if "near" in by:
            for key in near:
                tied |= self._of_key.get(key, frozenset())
        if not tied:
            tied = frozenset([len(self.hashes)])
            first = f"{prompt.key:x}" if prompt.key and by != ("task",) else f"task {name}"
            seeded = f"{int(self.split.seed)} {first}".encode("utf-8", "surrogatepass")
            self.hashes.append(xxhash.xxh3_64_intdigest(seeded))
        self.members.append(tied)
        self.keys.append(prompt.key)
        self._of_task[task] = self._of_task.get(task, frozenset()) | tied
        if prompt.key:
            self._of_key[prompt.key] = self._of_key.get(prompt.key, frozenset()) | tied

    def _alike(self, prompt: Sketch) -> list[int]:
        """Return the earlier prompts that are nearly this one; how alike all compared ones are is noted once."""
        if prompt.key in self._sketches or not prompt.bands:
            return self._near.get(prompt.key, [])
        candidates = dict.fromkeys(key for band in prompt.bands for key in _members(self._buckets.get(band)))
        found = []
        if others := list(candidates)[:COMPARED_MAX]:
            shares = alike(prompt, [self._sketches[key] for key in others])
            self.compared.append((prompt.key, np.array(others, dtype=np.uint64), shares))
            found = [key for key, share in zip(others, shares.tolist(), strict=True) if share >= self.split.near]
        key = prompt.key
        for band in prompt.bands:
            bucket = self._buckets.setdefault(band, key)
            if isinstance(bucket, int):
                self._buckets[band] = key if bucket == key else [bucket, key]
            elif len(bucket) < BUCKET_MAX:
                bucket.append(key)
        self._sketches[key] = replace(prompt, bands=())
        if found:
            self._near[prompt.key] = found
        return found


def _members(bucket: int | list[int] | None) -> Sequence[int]:
    """Return the prompts of a bucket; most have one, which is kept without a list."""
    return () if bucket is None else (bucket,) if isinstance(bucket, int) else bucket


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Who is in which part: `part` is a code per rollout, in order; LEFT_OUT for those tied to several parts."""

    part: Array
    families: Families

    def similarity(self, rows: Array) -> float:
        """Return the largest similarity found between prompts of different parts among these rollouts, 0 for none.

        Pairs that are alike by less than 0.5 are often not looked at: what is reported then is a lower bound.
        """
        part = self.part[rows]
        units = np.array(self.families.of_row, dtype=np.int64)[rows[part != LEFT_OUT]]
        keys = np.array(self.families.keys, dtype=np.uint64)[units]
        bits = np.left_shift(1, part[part != LEFT_OUT].astype(np.int64))[keys != 0]
        known, places = np.unique(keys[keys != 0], return_inverse=True)
        where = np.zeros(len(known), dtype=np.int64)
        np.bitwise_or.at(where, places, bits)
        if np.any(where & (where - 1)):  # one prompt in two parts: only when prompts tie nothing together
            return 1.0
        compared = self.families.compared or [(0, np.empty(0, np.uint64), np.empty(0))]
        one = np.repeat(np.array([key for key, _, _ in compared], np.uint64), [len(keys) for _, keys, _ in compared])
        other, alike = (np.concatenate([pair[column] for pair in compared]) for column in (1, 2))
        is_known = np.isin(one, known) & np.isin(other, known)
        one, other, alike = one[is_known], other[is_known], alike[is_known]
        crosses = where[np.searchsorted(known, one)] != where[np.searchsorted(known, other)]
        return float(alike[crosses].max(initial=0.0))


def alike_words(largest: float) -> str:
    """Return the largest similarity across parts in a sentence."""
    if not largest:
        return "No similar prompts were found in different parts."
    return f"The most similar prompts found in different parts are alike by {largest:.2f}."


def parted(families: Families, n_written: Array, agents: Sequence[Any]) -> Parted:
    """Return the part of every rollout; `n_written` counts the rows it will give, `agents` whose it is.

    With shares neither of the two has a say.
    """
    split = families.split
    hashes = np.array(families.hashes, dtype=np.uint64)
    if split.is_counted:
        of_family = _by_count(families, hashes, n_written, agents)
    else:
        place = hashes.astype(np.float64) / 2.0**64
        of_family = np.where(place < split.validation, 1, np.where(place < split.validation + split.test, 2, 0))
    units = np.array(families.of_row, dtype=np.int64)
    of_unit = _of_units(families.members, of_family)
    return Parted(of_unit[units] if len(units) else np.empty(0, np.uint8), families)


def _of_units(members: list[frozenset[int]], of_family: Array) -> Array:
    """Return the part of each unit: the first of its families' parts; the families of other parts are left out."""
    left_out: set[int] = set()
    between = [tied for tied in members if len(tied) > 1]
    for tied in between:
        first = min(of_family[family] for family in tied)
        left_out.update(family for family in tied if of_family[family] > first)
    alive = [[int(of_family[family]) for family in tied if family not in left_out] for tied in members]
    return np.array([min(parts, default=LEFT_OUT) for parts in alive], dtype=np.uint8)


def _by_count(families: Families, hashes: Array, n_written: Array, agents: Sequence[Any]) -> Array:
    """Return the part of each family: of every agent's, those with the smallest hashes until its count is reached."""
    first: dict[int, Any] = {}
    sizes = np.zeros(len(hashes), dtype=np.int64)
    per_agent: dict[Any, int] = {}
    for row, unit in enumerate(families.of_row):
        family = min(families.members[unit])
        first.setdefault(family, agents[row])
        if n_rows := int(n_written[row]):
            per_agent[agents[row]] = per_agent.get(agents[row], 0) + n_rows
            sizes[family] += n_rows
    for tied in families.members:
        if len(tied) > 1:
            sizes[list(tied)] = 0  # never held out: that would leave another out
    of_family = np.zeros(len(hashes), dtype=np.uint8)
    order = [int(family) for family in np.lexsort((np.arange(len(hashes)), hashes)) if sizes[family]]
    for code, asked in ((1, families.split.validation), (2, families.split.test)):
        left = apportion(int(asked), per_agent)
        for agent_of in (first.__getitem__, lambda family: None):  # what no agent's whole families fill, any may
            for family in order:
                agent = agent_of(family)
                if of_family[family] == 0 and sizes[family] <= left.get(agent, 0):
                    of_family[family] = code
                    left[agent] -= int(sizes[family])
            left = {None: sum(left.values())}
    return of_family


def apportion(count: int, per_agent: Mapping[Any, int]) -> dict[Any, int]:
    """Return a count divided in proportion, what is left over to the largest remainders (Hamilton's method)."""
    total = sum(per_agent.values())
    if not total:
        return {}
    count = min(count, total)
    exact = {agent: count * size / total for agent, size in per_agent.items()}
    shares = {agent: int(share) for agent, share in exact.items()}
    by_rest = sorted(exact, key=lambda agent: (shares[agent] - exact[agent], str(agent)))
    for agent in by_rest[: count - sum(shares.values())]:
        shares[agent] += 1
    return shares
