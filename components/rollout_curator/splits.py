"""Training, validation and test parts that do not leak, and that neither order nor addition stirs up.

The part of a rollout is decided by a hash of its normalised prompt (of its task where it has none, or where tasks are
all that ties), and by nothing else. Rollouts are *tied* that are of one task, of the same prompt, or of prompts that
are nearly the same. Where tied ones fell into different parts, training keeps its own and the held-out ones are left
out of all parts, and counted (between validation and test the test ones are). So

- the order of lines and files, their names and how they are cut into shards have no say;
- thresholds and decisions move nobody, and adding rollouts moves none from one part to another: what was trained on
  stays in training, what was held out is never trained on.

Both together leave no other way: a prompt keeps its part whatever else there is, so of two that are tied and differ one
must go. Of a template's prompts, all nearly the same, the held-out share is left out.

With a count instead of a share, whole families of tied rollouts are taken by the smallest hash until the count is
reached, agent by agent in proportion, then from any: exact as far as whole families allow, and nobody is left out; but
the last ones taken change with what there is to take from, so thresholds and new rollouts move some.

Cost: one pass over the prompts, then a look-up per distinct prompt. Each is compared with at most 24 others
that share a band of their sketches, those that share most first, so a million prompts take minutes and about 4 kB each;
where hundreds of prompts share a band but are not alike, a similar one can be missed. Pure functions; knows no files
and no frames.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import xxhash

from rollout_curator.errors import RecipeError
from rollout_curator.similarity import Sketch
from rollout_curator.ties import Alike, Ties, compared, joined, ties

Array = np.ndarray[Any, Any]

TIES = ("task", "prompt", "near")
PARTS = ("train", "validation", "test")
LEFT_OUT = len(PARTS)
"""The code of a rollout that is in no part; the codes of the parts are their places in PARTS."""


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
    """What ties rollouts together, built up one rollout at a time; their order has no say in what is found.

    A unit is a task with a prompt: `units` maps both to its number, `of_row` names the unit of each rollout.
    """

    split: Split
    of_row: list[int] = field(default_factory=list)
    units: dict[tuple[int, int], int] = field(default_factory=dict)
    sketches: dict[int, Sketch] = field(default_factory=dict)

    def add(self, task: int, prompt: Sketch) -> None:
        """Take in the next rollout: what its task is known by (a 64-bit hash), the sketch of its prompt."""
        self.of_row.append(self.units.setdefault((task, prompt.key), len(self.units)))
        if prompt.bands:
            self.sketches.setdefault(prompt.key, prompt)

    def hashes(self) -> Array:
        """Return the number in which the part of each unit lies: of its prompt, else of its task."""
        by_task = self.split.by == ("task",)
        said = (f"task {task:x}" if by_task or not prompt else f"{prompt:x}" for task, prompt in self.units)
        seed = int(self.split.seed)
        return np.array([xxhash.xxh3_64_intdigest(f"{seed} {words}".encode()) for words in said], dtype=np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Who is in which part: `part` is a code per rollout, in order; LEFT_OUT for those tied to several parts."""

    part: Array
    families: Families
    compared: Alike

    def similarity(self, rows: Array) -> float:
        """Return the largest similarity found between prompts of different parts among these rollouts, 0 for none.

        Pairs that are alike by less than 0.5 are often not looked at: what is reported then is a lower bound.
        """
        part = self.part[rows]
        units = np.array(self.families.of_row, dtype=np.int64)[rows[part != LEFT_OUT]]
        keys = _prompts(self.families)[units]
        bits = np.left_shift(1, part[part != LEFT_OUT].astype(np.int64))[keys != 0]
        known, places = np.unique(keys[keys != 0], return_inverse=True)
        where = np.zeros(len(known), dtype=np.int64)
        np.bitwise_or.at(where, places, bits)
        if np.any(where & (where - 1)):  # one prompt in two parts: only when prompts tie nothing together
            return 1.0
        pairs = self.compared
        is_known = np.isin(pairs.one, known) & np.isin(pairs.other, known)
        one, other, share = pairs.one[is_known], pairs.other[is_known], pairs.share[is_known]
        crosses = where[np.searchsorted(known, one)] != where[np.searchsorted(known, other)]
        return float(share[crosses].max(initial=0.0))


def _prompts(families: Families) -> Array:
    """Return the key of each unit's prompt."""
    return np.array([prompt for _, prompt in families.units], dtype=np.uint64)


def alike_words(largest: float) -> str:
    """Return the largest similarity across parts in a sentence."""
    if not largest:
        return "No similar prompts were found in different parts."
    return f"The most similar prompts found in different parts are alike by {largest:.2f}."


def parted(families: Families, n_written: Array, agents: Sequence[Any]) -> Parted:
    """Return the part of every rollout; `n_written` counts the rows it will give, `agents` whose it is.

    With shares neither of the two has a say.
    """
    split, pairs = families.split, compared(families.sketches)
    tasks = np.array([task for task, _ in families.units], dtype=np.uint64)
    tied = ties(tasks, _prompts(families), pairs, split.by, split.near)
    if split.is_counted:
        of_unit = _by_count(families, joined(tied, len(families.units)), n_written, agents)
    else:
        place = families.hashes().astype(np.float64) / 2.0**64
        own = np.where(place < split.validation, 1, np.where(place < split.validation + split.test, 2, 0))
        of_unit = _without_leaks(own, tied)
    units = np.array(families.of_row, dtype=np.int64)
    return Parted(of_unit[units].astype(np.uint8), families, pairs)


def _without_leaks(own: Array, tied: Ties) -> Array:
    """Return the part of each unit: its own, unless it is tied to one of an earlier part (training, validation)."""
    earliest = own.copy()
    for numbers in tied.shared:
        lowest = np.full(int(numbers.max(initial=-1)) + 1, LEFT_OUT)
        np.minimum.at(lowest, numbers, own)
        earliest = np.minimum(earliest, lowest[numbers])
    if tied.pairs.size:
        numbers = tied.shared[-1]
        of_prompt = np.full(int(numbers.max()) + 1, LEFT_OUT)
        np.minimum.at(of_prompt, numbers, own)
        near = of_prompt.copy()
        for one, other in (tied.pairs, tied.pairs[::-1]):
            np.minimum.at(near, one, of_prompt[other])
        earliest = np.minimum(earliest, near[numbers])
    return np.where(earliest < own, LEFT_OUT, own)


def _by_count(families: Families, of_unit: Array, n_written: Array, agents: Sequence[Any]) -> Array:
    """Return the part of each unit: of every agent's families, those of the smallest hashes until its count is reached.

    A family is of the agent most of its rows are of, of several the first by name; its hash is the smallest of its own.
    """
    n_families = int(of_unit.max(initial=-1)) + 1
    sizes, per_agent = np.zeros(n_families, dtype=np.int64), Counter[Any]()
    votes: dict[int, Counter[Any]] = {}
    for row, unit in enumerate(families.of_row):
        if n_rows := int(n_written[row]):
            family = int(of_unit[unit])
            per_agent[agents[row]] += n_rows
            votes.setdefault(family, Counter())[agents[row]] += n_rows
            sizes[family] += n_rows
    agent_of = {family: min(found, key=lambda name: (-found[name], str(name))) for family, found in votes.items()}
    hashes = np.full(n_families, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(hashes, of_unit, families.hashes())
    of_family = np.zeros(n_families, dtype=np.uint8)
    order = [int(family) for family in np.argsort(hashes, kind="stable") if sizes[family]]
    for code, asked in ((1, families.split.validation), (2, families.split.test)):
        left = apportion(int(asked), per_agent)
        for owner in (agent_of.__getitem__, lambda family: None):  # what no agent's whole families fill, any may
            for family in order:
                agent = owner(family)
                if of_family[family] == 0 and sizes[family] <= left.get(agent, 0):
                    of_family[family] = code
                    left[agent] -= int(sizes[family])
            left = {None: sum(left.values())}
    return of_family[of_unit]


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
