"""The long work of the command line, with progress on a terminal: looking at examples, writing, making again."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout_curator.terminal import bar, fail, say

if TYPE_CHECKING:
    from rollout_curator.publishing import Exported, ExportProgress
    from rollout_curator.recipe import Recipe
    from rollout_curator.workspace import Workspace

EXIT_DID_NOT_HOLD = 1


def look(workspace: "Workspace", recipe: "Recipe", *, for_hazards: bool = False) -> None:
    """Look at every example with progress, where the recipe needs more than the index knows, or for hazards."""
    from rollout_curator import recipe as recipes

    plan, outlook = recipes.plan(recipe), workspace.outlook
    with bar("looking") as advance:
        for done in outlook.look(plan) if for_hazards else outlook.prepare(plan):
            advance(done, workspace.n_rollouts)


def items_of(workspace: "Workspace", row: int, turns: tuple[int, ...]) -> dict[int, int]:
    """Return the item at which each of these answers begins, by the number of its turn in Review."""
    if not turns:
        return {}
    from rollout_curator.ui.marking import answered

    shown, in_data = answered(workspace.rollout(row))
    items = {turn["n"]: turn["item"] for turn in shown if "item" in turn}
    for turn in turns:
        if turn not in items:
            fail(f"decide: turn {turn} of {workspace.where(row)} is no answer; {_answers(list(items))}")
        if items[turn] in in_data:
            fail(f"decide: turn {turn} of {workspace.where(row)} is marked in the data, which stays as it is")
    return items


def _answers(turns: list[int]) -> str:
    if len(turns) == 1:
        return f"its only answer is turn {turns[0]}"
    return f"its answers are turns {', '.join(map(str, turns))}" if turns else "it has none"


def written(steps: Iterable["ExportProgress | Exported"]) -> "Exported":
    """Write an export to its end, with progress on a terminal."""
    from rollout_curator.publishing import Exported

    with bar("writing") as advance:
        for step in steps:
            if isinstance(step, Exported):
                return step
            advance(step.done, step.total)
    raise RuntimeError("the export ended without a result")


def written_controls(workspace: "Workspace", recipe: "Recipe", beside: "Mapping[int, Path]") -> list[dict[str, Any]]:
    """Write the random controls of a recipe, each by its seed; return what was written."""
    from rollout_curator import publishing, report

    drawn = ((replace(recipe, control=seed), path) for seed, path in beside.items())
    return [report.exported(written(publishing.export(workspace, control, path))) for control, path in drawn]


def remake(recipe: Path, out: Path, settings: Any, cache_dir: Path | None, as_json: bool) -> None:
    """Make an export again from its manifest; exit code 1 when the bytes are not the same."""
    from rollout_curator import publishing, report, report_text
    from rollout_curator.opening import default_cache

    for step in publishing.remake(recipe, out, cache_dir or default_cache(), settings):
        if isinstance(step, publishing.Remade):
            say(report.remade(step), as_json, report_text.exported_text)
            if step.different:
                sys.exit(EXIT_DID_NOT_HOLD)
