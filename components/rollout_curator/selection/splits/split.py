"""Training, validation and test parts that do not leak, and that neither order nor addition stirs up.

Rollouts are *tied* that are of one task, of the same prompt, or of prompts that are nearly the same: alike by `near` or
more, without the text that many prompts share (`shared_text`). All that are tied, also by way of others, are a
*family*. No family stands in two parts.

The part of a rollout is decided by a hash of its own prompt, and by nothing else: of the whole prompt, or, where nearly
the same ones are tied, of a piece of it that those mostly have in common (of its task where it has none, or where tasks
are all that ties). What of a family fell apart all the same is left out of all parts, and counted: a family stands
where most of its prompts fell. So

- the order of lines and files, their names and how they are cut into shards have no say;
- thresholds and decisions move nobody;
- rollouts that are added move none from one part to another, unless they change what text is shared: a prompt that has
  more or less of its own from then on is drawn anew, all others stay. They can have rollouts left out that were not.

With a count instead of a share, whole families are taken by the smallest hash until the count is reached, agent by
agent in proportion, then from any: exact as far as whole families allow, and nobody is left out; but the last ones
taken change with what there is to take from, so thresholds and new rollouts move some.

Cost: one pass over the prompts, then some over hashes of the distinct ones, linear in their words. Where more than 32
prompts share a band of their minimum hashes, each is compared with the nearest of them only, and counted
(`Alike.not_compared`). Pure functions; knows no frames.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import xxhash

from rollout_curator.errors import RecipeError
from rollout_curator.index.hash_spill import Pile
from rollout_curator.selection.splits.leakage_links import Alike, compared, joined, ties
from rollout_curator.selection.splits.similarity import Sketch

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
            raise RecipeError(f"split: unknown key {name!r}; choose from {', '.join(known)}")
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
        raise RecipeError("split: validation and test are both 0; set one or remove the split")
    if split.is_counted and any(size < 1 or size != int(size) for size in sizes):
        raise RecipeError("split: validation and test are both shares below 1, or both whole numbers of examples")
    if not split.is_counted and sum(sizes) >= 1:
        raise RecipeError("split: validation + test leave no training data")
    if split.seed != int(split.seed):
        raise RecipeError(f"split: seed is {split.seed!r}, expected a whole number")


@dataclass(slots=True)
class Families:
    """What ties rollouts together, built up one rollout at a time; their order has no say in what is found.

    A unit is a task with a prompt: `units` maps both to its number, `of_row` names the unit of each rollout. `numbers`
    maps the key of each distinct prompt to its number in `prompts`, which has its shingles until `parted` closes it.
    """

    split: Split
    of_row: list[int] = field(default_factory=list)
    units: dict[tuple[int, int], int] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    prompts: Pile = field(default_factory=Pile)

    def add(self, task: int, prompt: Sketch) -> None:
        """Take in the next rollout: what its task is known by (a 64-bit hash), the sketch of its prompt."""
        self.of_row.append(self.units.setdefault((task, prompt.key), len(self.units)))
        if prompt.key and prompt.key not in self.numbers:
            self.numbers[prompt.key] = len(self.numbers)
            self.prompts.add(prompt.shingles)

    def hashes(self, said: Sequence[str] = ()) -> Array:
        """Return a number for each unit, of what is said of it, else of its prompt, else of its task."""
        by_task = self.split.by == ("task",)
        said = said or [f"task {task:x}" if by_task or not prompt else f"{prompt:x}" for task, prompt in self.units]
        seed = int(self.split.seed)
        return np.array([xxhash.xxh3_64_intdigest(f"{seed} {words}".encode()) for words in said], dtype=np.uint64)

    def keys(self) -> Array:
        """Return the key of each unit's prompt."""
        return np.array([prompt for _, prompt in self.units], dtype=np.uint64)

    def of_agents(self, agents: Sequence[Any]) -> list[Array]:
        """Return the numbers of the distinct prompts of each agent; `agents` says whose each rollout is."""
        of_unit = [self.numbers.get(prompt, -1) for _, prompt in self.units]
        found: dict[Any, set[int]] = {}
        for unit, agent in zip(self.of_row, agents, strict=True):
            found.setdefault(agent, set()).add(of_unit[unit])
        return [np.array(sorted(numbers - {-1}), dtype=np.int64) for numbers in found.values()]


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Who is in which part: `part` is a code per rollout, in order; LEFT_OUT for those their family stands apart from.

    `family` is a code per rollout too: of all that are tied to each other.
    """

    part: Array
    family: Array
    families: Families
    compared: Alike

    def facts(self, rows: Array, counted: Array) -> dict[str, Any]:
        """Return what is to be known of a split of these rollouts; `counted` has one for each row of the files."""
        sizes = np.unique(self.family[counted], return_counts=True)[1]
        units = np.array(self.families.of_row, dtype=np.int64)[rows]
        keys = self.families.keys()[units]
        return {
            "families": len(sizes),
            "largest_family": int(sizes.max(initial=0)),
            "largest_similarity": round(self.similarity(rows), 4),
            "not_compared": self.compared.not_compared(keys, self.family[rows]),
            "prompts": len(np.setdiff1d(keys, [0])),
        }

    def similarity(self, rows: Array) -> float:
        """Return the largest similarity between prompts of different parts among these rollouts that were compared.

        It is 0 where there are none. Pairs alike by less than 0.5 are often not compared.
        """
        part = self.part[rows]
        units = np.array(self.families.of_row, dtype=np.int64)[rows[part != LEFT_OUT]]
        keys = self.families.keys()[units]
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


def parted(families: Families, n_written: Array, agents: Sequence[Any]) -> Parted:
    """Return the part of every rollout; `n_written` counts the rows it will give, `agents` whose it is.

    With shares `n_written` has no say. Gives back what `families` keeps of the prompts: can be asked once.
    """
    split = families.split
    try:
        keys = np.array(list(families.numbers), dtype=np.uint64)
        pairs = compared(keys, families.prompts, families.of_agents(agents))
    finally:
        families.prompts.close()
    tasks = np.array([task for task, _ in families.units], dtype=np.uint64)
    tied = ties(tasks, families.keys(), pairs, split.by, split.near)
    family = joined(tied, len(families.units))
    of_unit = _by_count(families, family, n_written, agents) if split.is_counted else _by_share(families, family, pairs)
    units = np.array(families.of_row, dtype=np.int64)
    return Parted(of_unit[units].astype(np.uint8), family[units], families, pairs)


def _by_share(families: Families, family: Array, pairs: Alike) -> Array:
    """Return the part of each unit: its own, where most of its family fell into it; of several the first by hash."""
    split = families.split
    said = _gists(families, pairs) if "near" in split.by else ()
    place = families.hashes(said).astype(np.float64) / 2.0**64
    own = np.where(place < split.validation, 1, np.where(place < split.validation + split.test, 2, 0))
    shape = (int(family.max(initial=-1)) + 1, len(PARTS))
    votes, first = np.zeros(shape, dtype=np.int64), np.full(shape, np.iinfo(np.uint64).max)
    np.add.at(votes, (family, own), 1)
    np.minimum.at(first, (family, own), families.hashes())
    first[votes < votes.max(axis=1, keepdims=True, initial=0)] = np.iinfo(np.uint64).max
    return np.where(own == first.argmin(axis=1)[family], own, LEFT_OUT)


def _gists(families: Families, pairs: Alike) -> list[str]:
    """Return what is said of each unit: the gist of its prompt, else its prompt, else its task."""
    gists = dict(zip(pairs.keys.tolist(), pairs.gists.tolist(), strict=True))
    return [
        f"gist {gists[prompt]:x}" if prompt in gists else f"{prompt:x}" if prompt else f"task {task:x}"
        for task, prompt in families.units
    ]


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
