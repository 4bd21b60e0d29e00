"""Groups: which rollouts are attempts at one task, by what their lines say and not by where they lie.

A group is known by a key, a hash that is the same whatever file its rollouts stand in, in which order, and under which
name; only `by="source"` looks at files. Takes the hashes of the index as uint64 arrays; knows no files itself.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from rollout_curator.errors import RecipeError
from rollout_curator.index.hashing import Hashes, mixed
from rollout_curator.words import counted

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


def n_across(groups: Groups, source: Array) -> int:
    """Return how many groups have rollouts of several files; `source` is the code of each row's file, ascending."""
    last = np.zeros(len(groups.first), dtype=np.int64)
    last[groups.codes] = np.arange(len(groups.codes))  # the last write wins
    return int(np.count_nonzero(source[groups.first] != source[last]))


def sentence(by: str, n_groups: int, n_files: int, across: int) -> str:
    """Return how many tasks there are, how many of them have rollouts in several files, and why."""
    tasks = counted(n_groups, "task")
    if n_files < 2:
        return f"{tasks}: rollouts of one task have the same {WORDS[by]}."
    if by == SOURCE:
        return f"{tasks}, none across files: each file counts its own."
    if not across:
        return f"{tasks}, none across files: no rollouts of different files have the same {WORDS[by]}."
    return f"{tasks}, {across:,} across files: their rollouts have the same {WORDS[by]}."


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What groups are called, each by its first row: codes into words of its task and of whose it is.

    `is_repeated` marks the groups whose name another one has too, as two runs have them that both count from 0.
    """

    keys: Hashes
    task: Array
    task_words: list[str]
    owner: Array
    owner_words: list[str]
    is_repeated: Array

    def of(self, code: int, *, is_short: bool = False) -> str:
        """Return the name of a group: "swe task 7", or "7 of swe" in short; the owner only where there are several.

        The beginning of the key follows where other groups have the same name.
        """
        name, owner = self.task_words[int(self.task[code])], self.owner_words[int(self.owner[code])]
        said = f"{name} of {owner}" if is_short and owner else name if is_short else f"{owner} task {name}".strip()
        return f"{said} ({int(self.keys[code]) >> 40:06x})" if self.is_repeated[code] else said


def named(groups: Groups, task: tuple[Array, list[str]], owner: tuple[Array, list[str]]) -> Names:
    """Return what groups are called, from the task and the owner (agent or file) of each row as codes into words."""
    tasks, owners = task[0][groups.first].astype(np.int64), owner[0][groups.first].astype(np.int64)
    words = owner[1]
    if len(np.unique(owners)) < 2:
        owners, words = np.zeros_like(owners), [""]
    _, place, count = np.unique(owners * len(task[1]) + tasks, return_inverse=True, return_counts=True)
    return Names(groups.keys, tasks, task[1], owners, words, count[place] > 1)
