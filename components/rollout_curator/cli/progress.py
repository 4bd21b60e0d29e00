"""The long work of the command line, with progress on a terminal: looking at examples, writing, making again."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout_curator.terminal import bar, say

if TYPE_CHECKING:
    from rollout_curator.export import Exported, ExportProgress
    from rollout_curator.recipe.recipe import Recipe
    from rollout_curator.workspace.workspace import Workspace

EXIT_DID_NOT_HOLD = 1


def look(workspace: "Workspace", recipe: "Recipe", *, for_hazards: bool = False) -> None:
    """Look at every example with progress, where the recipe needs more than the index knows, or for hazards."""
    from rollout_curator.recipe import recipe as recipes

    plan, outlook = recipes.plan(recipe), workspace.outlook
    with bar("looking") as advance:
        for done in outlook.look(plan) if for_hazards else outlook.prepare(plan):
            advance(done, workspace.n_rollouts)


def written(steps: Iterable["ExportProgress | Exported"]) -> "Exported":
    """Write an export to its end, with progress on a terminal."""
    from rollout_curator.export import Exported

    with bar("writing") as advance:
        for step in steps:
            if isinstance(step, Exported):
                return step
            advance(step.done, step.total)
    raise RuntimeError("the export ended without a result")


def written_controls(
    workspace: "Workspace", recipe: "Recipe", beside: Mapping[int, Path], settings: Any
) -> list[dict[str, Any]]:
    """Write the random controls of a recipe, each by its seed and nothing beside it; return what was written."""
    from rollout_curator import export
    from rollout_curator.cli import json_report

    drawn = ((replace(recipe, control=seed), path) for seed, path in beside.items())
    return [
        json_report.exported(written(export.export(workspace, control, path, settings.alone)))
        for control, path in drawn
    ]


def remake(recipe: Path, out: Path, settings: Any, cache_dir: Path | None, as_json: bool) -> None:
    """Make an export again from its manifest; exit code 1 when the bytes are not the same."""
    from rollout_curator import export
    from rollout_curator.cli import json_report, text_report
    from rollout_curator.decisions.store_report import Counted
    from rollout_curator.workspace.opening import default_cache

    for step in export.remake(recipe, out, cache_dir or default_cache(), settings):
        if isinstance(step, export.Remade):
            store = {"store": {**step.done.content.get("store", {}), "sentences": Counted(how="manifest").sentences(0)}}
            say({**json_report.remade(step), **store}, as_json, text_report.exported_text)
            if step.different:
                sys.exit(EXIT_DID_NOT_HOLD)
