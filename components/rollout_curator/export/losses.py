"""The account of an export: what its examples lost, by kind and by what, and what became of every rollout.

Counts come from what is known of every row without converting it again (`conversion_outcomes`), so a report costs
little. A row that lost nothing has nothing beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from rollout_curator.conversation import TOLD, Outcome, count_left_out, issue_kind, left_out_cause
from rollout_curator.export.choice import Chosen
from rollout_curator.files.manifest import LeftOut, StoreSaid, relative
from rollout_curator.index.flags import FLAG_WORDS
from rollout_curator.printable import shown
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.length_check import OVER_LENGTH
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
ROWS_A_BLOCK = 4096
EXPORTED, IN_NO_PART, IN_NO_PAIR = "exported", "in_no_part", "in_no_pair"
"""States of a kept row: written, or kept and still in no file."""


def rows_written(workspace: Workspace, chosen: Chosen) -> Array:
    """Return a boolean per row: whether it stands in any file of an export."""
    written = np.zeros(workspace.n_rollouts, dtype=bool)
    for part in chosen.parts:
        written[part.units.ravel()] = True
    return written


def left_out(workspace: Workspace, recipe: Recipe, rows: Array) -> dict[str, LeftOut]:
    """Return what the examples of the marked rows lost: in how many of them, how many such things, and by what."""
    plan = recipes.plan(recipe)
    counts = workspace.conversion_outcomes.best(plan).left_out(rows)
    return {
        kind: {"rollouts": n_rows, "things": n_things, "by": left_out_cause(kind, plan.format)}
        for kind, (n_rows, n_things) in sorted(counts.items())
    }


def store_of(workspace: Workspace, chosen: Chosen, folder: Path) -> StoreSaid:
    """Return which review store counts, as a manifest in a folder says it."""
    return workspace.counted.as_json(chosen.n_decided, from_folder(folder))


def from_folder(folder: Path) -> Callable[[Path], str]:
    """Return how paths are shown in a file that lies in a folder: relative to that."""
    return lambda path: shown(relative(path, folder.resolve()))


def report_blocks(
    workspace: Workspace, recipe: Recipe, chosen: Chosen, *, with_length: bool = True
) -> Iterator[list[bytes]]:
    """Yield one line of JSON for every rollout, exported or not, in order, some thousand at a time.

    {"source", "line", "key", "state", "left_out": {kind: n}, "notes": [issue, ...]}; `state` is "exported", or the name
    of the drop as the funnel has it. Reports of older versions are without what exceeds the trainer's default length.
    """
    selection, written = workspace.select(recipe), rows_written(workspace, chosen)
    states = [_state(recipe), *(drop.name for drop in selection.drops)]
    found = workspace.conversion_outcomes.best(recipes.plan(recipe))
    flags, words = workspace.classes("flags")
    rest = _Rest(found.kinds, words, recipes.plan(recipe))
    is_over = np.zeros(workspace.n_rollouts, dtype=bool)
    is_over[workspace.rows_with(recipe, OVER_LENGTH) if with_length else []] = True
    is_over &= written
    first = 0
    for source in workspace.sources:
        head = orjson.dumps({"source": source.name})[:-1]
        for start in range(0, source.n_rollouts, ROWS_A_BLOCK):
            stop = min(start + ROWS_A_BLOCK, source.n_rollouts)
            rows = slice(first + start, first + stop)
            names = np.where(written[rows], -1, selection.reason[rows].astype(np.int64)).tolist()
            own = [source.columns[name][start:stop].tolist() for name in ("line", "key_hi", "key_lo")]
            columns = (found.codes[rows], flags[rows], is_over[rows])
            codes = zip(names, *(column.tolist() for column in columns), strict=True)
            ends = [rest.of(EXPORTED if name < 0 else states[name], *numbers) for name, *numbers in codes]
            yield [
                b'%b,"line":%d,"key":"%016x%016x",%b' % (head, line, high, low, end)
                for line, high, low, end in zip(*own, ends, strict=True)
            ]
        first += source.n_rollouts


def _state(recipe: Recipe) -> str:
    """Return what is said of a row that is kept and in no file."""
    return IN_NO_PAIR if recipe.pairs is not None else IN_NO_PART


class _Rest:
    """The end of a row's object, made once for all rows alike."""

    def __init__(self, kinds: list[Outcome], flags: list[str], plan: Plan) -> None:
        self._kinds, self._flags, self._plan = kinds, flags, plan
        self._made: dict[tuple[str, int, int, bool], bytes] = {}

    def of(self, state: str, code: int, flag: int, is_over: bool) -> bytes:
        """Return it for a row in this state and of these codes, which exceeds the limit or not."""
        made = self._made.get((state, code, flag, is_over))
        if made is None:
            kind = self._kinds[code]
            noticed = notes_of(kind, self._plan.harmless)
            noticed += [word for word in self._flags[flag].split("|") if word in FLAG_WORDS and word not in noticed]
            noticed += [OVER_LENGTH] if is_over and OVER_LENGTH not in noticed else []
            made = orjson.dumps({"state": state, "left_out": dict(kind.left_out), "notes": noticed})[1:] + b"\n"
            self._made[state, code, flag, is_over] = made
        return made


def notes_of(kind: Outcome, harmless: frozenset[str]) -> list[str]:
    """Return what is to be told of a rollout: why it gives no example, and every issue that is more than a fact."""
    skip = [kind.skip] if kind.skip else []
    told = (issue for issue in kind.issues if issue_kind(issue) not in TOLD)
    return [*skip, *(issue for issue in told if issue.partition(":")[2] not in harmless)]


def count_issues(workspace: Workspace, recipe: Recipe, rows: Array) -> dict[str, int]:
    """Return how many of the marked rows have each issue that is to be told."""
    plan = recipes.plan(recipe)
    counts = workspace.conversion_outcomes.best(plan).counts(rows)
    return {name: n for name, n in sorted(counts.items()) if name not in TOLD and n}


def unread(workspace: Workspace, recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Return every key that was not read, over all rollouts: in how many, and whether it is likely to be content.

    Those a recipe calls harmless are in it too.
    """
    found: dict[str, dict[str, Any]] = {}
    flags, words = workspace.classes("flags")
    for code, n in enumerate(np.bincount(flags, minlength=len(words)).tolist()):
        for word in words[code].split("|") if n else ():
            kind, _, name = word.partition(":")
            if kind in ("unread", "unread_content"):
                one = found.setdefault(name, {"rollouts": 0, "is_content": False, "is_harmless": False})
                one["rollouts"] += n
                one["is_content"] = one["is_content"] or kind == "unread_content"
                one["is_harmless"] = name in recipe.harmless
    return dict(sorted(found.items(), key=lambda pair: (-pair[1]["rollouts"], pair[0])))


def unknown_harmless(workspace: Workspace, recipe: Recipe) -> list[str]:
    """Return a sentence if the recipe calls keys harmless that no rollout has: most often a slip of the pen."""
    known = unread(workspace, recipe) if recipe.harmless else {}
    slips = [name for name in recipe.harmless if name not in known]
    if not slips:
        return []
    return [f"No rollout has a key {', '.join(slips)} that was not read; `check` names those there are."]


def left_out_words(found: Mapping[str, LeftOut]) -> list[str]:
    """Return the account as people say it: "850 blocks of reasoning in 212 rollouts (option reasoning = drop)"."""
    return [left_out_said(kind, one) for kind, one in found.items()]


def left_out_said(kind: str, one: LeftOut) -> str:
    """Return one line of the account."""
    by = f" ({one['by']})" if one["by"] else ""
    return f"{count_left_out(kind, one['things'])} in {counted(one['rollouts'], 'rollout')}{by}"
