"""What an export writes, worked out before anything is written: rows, pairs and parts, all as of one moment.

The same function answers the Export page, the export and `verify`; the last two must agree to the row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from rollout_curator.decisions.marked_rows import Marks
from rollout_curator.export.paired_rows import PairedSides, Selected, chosen_over, pair_rows
from rollout_curator.export.progress import ExportProgress, ExportSteps
from rollout_curator.export.prompt_reading import read_prompts
from rollout_curator.files import manifest
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import ACCEPT, REJECT, Funnel
from rollout_curator.selection.pairs.pairing import Paired
from rollout_curator.selection.splits import split as splits
from rollout_curator.selection.splits.split import LEFT_OUT, PARTS, Families, Parted, Split
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
LEAVES_ONE = "the rule drop_copies keeps one of each"


@dataclass(frozen=True, slots=True, eq=False)
class ExportPart:
    """One file to be: its units are rows, or pairs of rows (chosen, rejected); the only one has no name."""

    name: str
    units: Array


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What is exported and why. `split` and `pairs` are the counts of the manifest, None where not asked for.

    `copies` counts the kept rollouts that are the same line as another kept one, beyond the first of each;
    `n_decided` those on which a verdict or a mark stood then.
    """

    parts: tuple[ExportPart, ...]
    funnel: Funnel
    reviewed: manifest.Reviewed
    split: dict[str, Any] | None = None
    paired: Paired | None = None
    copies: int = 0
    n_decided: int = 0

    @property
    def n_units(self) -> int:
        """Return how many rows will be written in all."""
        return sum(len(part.units) for part in self.parts)

    def copies_sentence(self) -> str:
        """Return how many of the kept are copies, empty for none."""
        if not self.copies:
            return ""
        said = "is a duplicate" if self.copies == 1 else "are duplicates"
        kept = counted(self.funnel.exportable, "kept rollout")
        return f"{self.copies:,} of {kept} {said} of another kept line; {LEAVES_ONE}."

    @property
    def marks(self) -> Marks:
        """Return the marked items by key, as they stood then."""
        return self.reviewed.get("marks", {})


def choose(workspace: Workspace, recipe: Recipe, over: Mapping[str, list[str]] | None = None) -> Chosen:
    """Return what is exported, as `choosing` does."""
    steps = choosing(workspace, recipe, over)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(Chosen, end.value)


def choosing(workspace: Workspace, recipe: Recipe, over: Mapping[str, list[str]] | None = None) -> ExportSteps[Chosen]:
    """Work out what is exported, with a step for every few hundred prompts that are read for parts or pairs.

    Looks again when somebody decided meanwhile, so that rows and verdicts fit. `over` are the keys chosen over others
    (key -> keys) instead of what the review store says.
    """
    while True:
        version = workspace.refresh_decisions()
        kept, funnel, verdicts = workspace.select(recipe).kept, workspace.funnel(recipe), workspace.verdicts()
        reviewed, n_decided = reviewed_of(workspace), workspace.n_decided()
        said = over if over is not None else chosen_over(workspace, reviewed["verdicts"])
        if workspace.refresh_decisions() == version:
            break
    made: PairedSides | None = None
    paired = None
    units = np.flatnonzero(kept)
    copies = len(units) - workspace.n_contents(units)
    if recipe.pairs is not None:
        if recipe.pairs.rule == "chosen":
            reviewed["over"] = dict(said)
        made = yield from pair_rows(workspace, recipe, Selected(kept, verdicts, reviewed.get("marks", {})), said)
        paired, units = made.measured(made.paired.rows), made.paired.rows
    if recipe.split is None:
        return Chosen((ExportPart("", units),), funnel, reviewed, None, paired, copies, n_decided)
    rows = units if units.ndim == 1 else np.unique(units)
    first = units if units.ndim == 1 else units[:, 0]
    parted = yield from _split_of(workspace, recipe, np.bincount(first, minlength=workspace.n_rollouts))
    codes = parted.part[units] if units.ndim == 1 else _of_pairs(parted.part, units)
    parts = tuple(
        ExportPart(name, units[codes == code]) for code, name in enumerate(PARTS) if code == 0 or _asked(recipe, name)
    )
    left_out = int((codes == LEFT_OUT).sum())
    counts = _split_counts(workspace, recipe, (parts, parted), (rows, first), left_out)
    if made is not None:
        paired = made.measured(np.concatenate([part.units for part in parts]))
    return Chosen(parts, funnel, reviewed, counts, paired, copies, n_decided)


def _asked(recipe: Recipe, name: str) -> bool:
    return bool(getattr(recipe.split, name))


def reviewed_of(workspace: Workspace) -> manifest.Reviewed:
    """Return the verdicts and marks that stand, as the manifest keeps them."""
    verdicts, current, marks = workspace.verdicts(), workspace.current_verdicts(), workspace.marked_rows().by_key
    reviewed: manifest.Reviewed = {
        "accepted": int(np.count_nonzero(verdicts == ACCEPT)),
        "rejected": int(np.count_nonzero(verdicts == REJECT)),
        "sha256": manifest.digest_of(current, marks),
        "verdicts": dict(sorted(current.items())),
    }
    if marks:
        reviewed["marks"] = dict(marks)
    return reviewed


def _split_of(workspace: Workspace, recipe: Recipe, n_written: Array) -> ExportSteps[Parted]:
    """Return the part of every rollout; `n_written` is the number of rows it gives, which only counts look at.

    Agents are those that lines name: a name that comes from a folder would let its name decide.
    """
    families = Families(recipe.split or Split())
    tasks = workspace.group_keys(recipe.group_by).tolist()
    row = 0
    for prompted in read_prompts(workspace, np.arange(workspace.n_rollouts), None, {}):
        for sketch in prompted.sketches:
            families.add(tasks[row], sketch)
            row += 1
        yield ExportProgress(0, 0)
    agents, names = workspace.classes("agent")
    is_named = workspace.column("names_agent").astype(bool)
    return splits.parted(
        families, n_written, [names[n] if named else "" for n, named in zip(agents, is_named, strict=True)]
    )


def _of_pairs(part: Array, units: Array) -> Array:
    """Return the part of each pair; its two sides are of one task and prompt, so they differ only where both fall."""
    chosen, rejected = part[units[:, 0]], part[units[:, 1]]
    return np.where(chosen == rejected, chosen, LEFT_OUT)


def _split_counts(
    workspace: Workspace,
    recipe: Recipe,
    made: tuple[Iterable[ExportPart], Parted],
    rows: tuple[Array, Array],
    left_out: int,
) -> dict[str, Any]:
    """Return what the manifest says of a split; `rows` are all rollouts in it, and the one each row is counted by."""
    parts, parted = made
    groups = workspace.groups(recipe.group_by).codes
    agents, names = workspace.classes("agent")
    found: dict[str, Any] = {"rows": len(rows[1]), "left_out": left_out, "parts": {}, **parted.facts(*rows)}
    for part in parts:
        first = part.units if part.units.ndim == 1 else part.units[:, 0]
        counts = np.bincount(agents[first], minlength=len(names)).tolist() if len(first) else []
        found["parts"][part.name] = {
            "rows": len(part.units),
            "tasks": len(np.unique(groups[first])),
            "agents": {name: count for name, count in zip(names, counts, strict=False) if count},
        }
    return found
