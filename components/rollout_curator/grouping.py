"""Groups: which rollouts are attempts at one task, by what their lines say and not by where they lie.

A group is known by a key, a hash that is the same whatever file its rollouts stand in, in which order, and under which
name; only `by="source"` looks at files. Takes the hashes of the index as uint64 arrays; knows no files itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from rollout_curator.errors import RecipeError
from rollout_curator.hashing import Hashes, mixed
from rollout_curator.wording import counted

Array = np.ndarray[Any, Any]

TASK, PROMPT, SOURCE = "task", "prompt", "source"
WORDS = {
    TASK: "agent, task name and prompt",
    PROMPT: "prompt",
    SOURCE: "agent and task name in one file",
}
"""What rollouts of one group have in common, by the name of the rule."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The group of each row: `codes` run from 0 in order of appearance; `keys` and `first` are per group.

    `first` is the first row of a group, `keys` what it is known by in any order of any files.
    """

    codes: Array
    keys: Hashes
    first: Array


def check(by: Any) -> str:
    """Return the name of a rule for groups. Raises RecipeError."""
    if by not in WORDS:
        raise RecipeError(f"group_by is {by!r}, expected one of {', '.join(WORDS)}")
    return str(by)


def joined(by: str, task_key: Hashes, prompt_key: Hashes, source_key: Hashes) -> Hashes:
    """Return the key of each row's group."""
    if by == PROMPT:
        return mixed(prompt_key)
    return mixed(mixed(task_key) ^ (source_key if by == SOURCE else prompt_key))


def key_of_source(name: str) -> int:
    """Return what a file is known by where groups end with it."""
    return xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))


def grouped(key: Hashes) -> Groups:
    """Return the groups of rows with these keys."""
    keys, first, codes = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return Groups(place[codes], keys[order], first[order])


def n_spanning(groups: Groups, source: Array) -> int:
    """Return how many groups have rollouts of several files; `source` is the code of each row's file."""
    if not len(source):
        return 0
    pairs = np.unique(groups.codes * (int(source.max()) + 1) + source)
    return int(np.count_nonzero(np.bincount(pairs // (int(source.max()) + 1)) > 1))


def sentence(by: str, n_groups: int, n_files: int, n_across: int) -> str:
    """Return how many tasks there are, how many of them have rollouts in several files, and why."""
    tasks = counted(n_groups, "task")
    if n_files < 2:
        return f"{tasks}: rollouts of one task have the same {WORDS[by]}."
    if by == SOURCE:
        return f"{tasks}, none across files: each file counts its own."
    if not n_across:
        return f"{tasks}, none across files: no rollouts of different files have the same {WORDS[by]}."
    return f"{tasks}, {n_across:,} across files: their rollouts have the same {WORDS[by]}."


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """What rows are called by: their task, and what tells tasks of one name apart, as codes into words."""

    task: tuple[Array, list[str]]
    of: tuple[Array, list[str]]


def names(groups: Groups, called: Called, wanted: Sequence[int], *, is_short: bool = False) -> list[str]:
    """Return what some groups are called, each by its first row: "swe task 7", or "7 of swe" in short.

    Whose tasks they are is said where there are several of those; the beginning of the key where other groups have the
    same name, as two runs have that both count from 0.
    """
    (tasks, task_words), (owners, owner_words) = called.task, called.of
    task, owner = tasks[groups.first].astype(np.int64), owners[groups.first].astype(np.int64)
    if len(np.unique(owner)) < 2:
        owner, owner_words = np.zeros_like(owner), [""]
    _, place, count = np.unique(owner * len(task_words) + task, return_inverse=True, return_counts=True)
    found = []
    for code in wanted:
        name, of = task_words[int(task[code])], owner_words[int(owner[code])]
        said = f"{name} of {of}" if is_short and of else name if is_short else f"{of} task {name}".strip()
        found.append(f"{said} ({int(groups.keys[code]) >> 40:06x})" if count[place[code]] > 1 else said)
    return found
