"""Which rollouts, tasks and tokens come and go between two recipes, or between two exports.

A rollout is known by its content, so it is found again when its file was moved, sorted or collected again; of several
with the same content each counts. So is a task: by what its lines say, not by its file.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rollout_curator.decisions.marked_rows import Marks
from rollout_curator.errors import ManifestError, RecipeError
from rollout_curator.files import manifest
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import Selection
from rollout_curator.workspace.workspace import Workspace

LISTED_MAX = 1000
Json = dict[str, Any]
_IDENTITY = ["key", "copy"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a selection comes from: a recipe, its sources, and verdicts and marks in place of a store's."""

    name: str
    recipe: Recipe
    sources: tuple[str, ...]
    verdicts: dict[str, str] | None
    marks: Marks = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class DiffSide:
    """All rollouts one side knows, one row each.

    Columns: `key`, `copy` (the how-manieth with this content), `where`, `file`, `task`, `group` (what its task is known
    by), `called` (the task with what tells it apart), `agent`, `reward`, `tokens`,
    `kept`, `because` (why it is dropped, empty when kept). `store` says which review store counts for it.
    """

    name: str
    frame: pd.DataFrame
    store: str


def read(file: Path, paths: Sequence[str]) -> Origin:
    """Return what a recipe or a manifest selects from. Raises RecipeError and ManifestError."""
    if file.suffix != ".json":
        recipe = recipes.load(file)
        sources = tuple(paths) or recipe.sources
        if not sources:
            raise RecipeError(f"{file}: the recipe lists no sources; give the files to read after the two recipes")
        return Origin(file.name, recipe, sources, None)
    content = manifest.load(file)
    places = [Path(file.parent.resolve(), source["path"]) for source in content["inputs"]]
    for place, source in zip(places, content["inputs"], strict=True):
        if not (check := manifest.check_input(place, source)).holds:
            raise ManifestError(f"{file}: {check.claim} does not hold: {check.detail}")
    recipe = recipes.from_table(content["recipe"], f"recipe of {file}")
    return Origin(
        file.name, recipe, tuple(map(str, places)), content["decisions"]["verdicts"], manifest.marks_of(content)
    )


def choose(workspace: Workspace, origin: Origin, by: str) -> DiffSide:
    """Return what one side keeps and drops; `by` is the rule for tasks, the same for both sides."""
    if origin.verdicts is not None:
        workspace.assume(origin.verdicts, origin.marks)
    rows = _rows(workspace, workspace.select(origin.recipe), by)
    return DiffSide(origin.name, rows, " ".join(workspace.counted.sentences(workspace.n_decided())))


def _rows(workspace: Workspace, selection: Selection, by: str) -> pd.DataFrame:
    source = workspace.frame["source"].cat
    files = np.array([Path(name).name for name in source.categories], dtype=object)
    halves = [workspace.column(name).tolist() for name in ("key_hi", "key_lo")]
    groups = workspace.groups(by)
    called = np.array(workspace.group_names(by, range(len(groups.keys))), dtype=object)
    names = ["", *(drop.words for drop in selection.drops)]
    frame = pd.DataFrame(
        {
            "key": [f"{high:016x}{low:016x}" for high, low in zip(*halves, strict=True)],
            "file": files[source.codes.to_numpy()],
            "line": workspace.column("line"),
            "task": workspace.frame["task"].astype(object),
            "group": groups.keys[groups.codes],
            "called": called[groups.codes],
            "agent": workspace.frame["agent"].astype(object),
            "reward": workspace.column("reward"),
            "tokens": workspace.column("tokens"),
            "kept": selection.kept,
            "because": np.array(names, dtype=object)[selection.reason],
        }
    )
    frame["copy"] = frame.groupby("key").cumcount()
    return frame


def compared(a: DiffSide, b: DiffSide) -> Json:
    """Return what comes and goes from a to b: counts, and the first thousand of each by name."""
    before, after = (side.frame[side.frame["kept"]].set_index(_IDENTITY) for side in (a, b))
    came = after.loc[after.index.difference(before.index)]
    went = before.loc[before.index.difference(after.index)]
    tasks = [dict(zip(side["group"], side["called"], strict=True)) for side in (before, after)]
    return {
        "from": a.name,
        "to": b.name,
        "stores": [a.store, b.store],
        "rollouts": {"before": len(before), "after": len(after), "came": len(came), "went": len(went)},
        "tasks": {"before": len(tasks[0]), "after": len(tasks[1]), **_task_names(tasks[0], tasks[1])},
        "tokens": {
            "before": int(before["tokens"].sum()),
            "after": int(after["tokens"].sum()),
            "came": int(came["tokens"].sum()),
            "went": int(went["tokens"].sum()),
        },
        "came": _listed(came, a.frame),
        "went": _listed(went, b.frame),
    }


def _task_names(before: dict[int, str], after: dict[int, str]) -> Json:
    came, went = after.keys() - before.keys(), before.keys() - after.keys()
    return {"came": sorted(after[key] for key in came), "went": sorted(before[key] for key in went)}


def _listed(rows: pd.DataFrame, other: pd.DataFrame) -> list[Json]:
    """Return rollouts one side has, with the reason why the other has not."""
    shown = rows.sort_values(["file", "line"]).head(LISTED_MAX)
    why = other.set_index(_IDENTITY)["because"].reindex(shown.index).fillna("is not in its sources")
    records = shown.reset_index().to_dict("records")
    return [
        {
            "key": row["key"],
            "where": f"{row['file']}:{row['line']}",
            "task": row["task"],
            "agent": row["agent"],
            "reward": None if math.isnan(row["reward"]) else row["reward"],
            "tokens": row["tokens"],
            "other": reason,
        }
        for row, reason in zip(records, why, strict=True)
    ]
