"""The long work of the command line, with progress on a terminal: looking at examples, writing, making again."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout_curator.terminal import bar, say

if TYPE_CHECKING:
    from rollout_curator.export import Exported, ExportProgress
    from rollout_curator.recipe.recipe import Recipe
    from rollout_curator.workspace.workspace import Workspace

EXIT_DID_NOT_HOLD = 1


def named_apart(files: Sequence[Path]) -> dict[str, Path]:
    """Return files by their names, by their whole paths where several have one name."""
    names = [file.name for file in files]
    return {file.name if names.count(file.name) == 1 else str(file): file for file in files}


def check_examples(workspace: "Workspace", recipe: "Recipe", *, with_hazards: bool = False) -> None:
    """Look at every example with progress, where the recipe needs more than the index knows, or for hazards."""
    from rollout_curator.recipe import recipe as recipes

    plan, outcomes = recipes.plan(recipe), workspace.conversion_outcomes
    with bar("looking") as advance:
        for done in outcomes.check_examples(plan) if with_hazards else outcomes.prepare(plan):
            advance(done, workspace.n_rollouts)


def written(steps: Iterable["ExportProgress | Exported"]) -> list["Exported"]:
    """Write a selection and its controls to their end, with progress on a terminal."""
    from rollout_curator.export import Exported

    done: list[Exported] = []
    with bar("writing") as advance:
        for step in steps:
            if isinstance(step, Exported):
                done.append(step)
            else:
                advance(step.done, step.total, f"random baseline {len(done)}" if done else "")
    return done


def remake(recipe: Path, out: Path, settings: Any, cache_dir: Path | None, as_json: bool) -> None:
    """Make an export again from its manifest; exit code 1 when the bytes are not the same."""
    from rollout_curator import export
    from rollout_curator.cli import json_report, text_report
    from rollout_curator.decisions.store_report import Counted
    from rollout_curator.workspace.opening import default_cache

    for step in export.remake(recipe, out, cache_dir or default_cache(), settings):
        if isinstance(step, export.Remade):
            store = {"store": {**step.done.content.get("store", {}), "sentences": Counted(how="manifest").sentences(0)}}
            say({**json_report.remake_report(step), **store}, as_json, text_report.exported_text)
            if step.different:
                sys.exit(EXIT_DID_NOT_HOLD)
