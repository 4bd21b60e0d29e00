"""A selection with its random controls: one export each, side by side, checked together before any long work."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rollout_curator.errors import ExportError
from rollout_curator.export.overwrite_guard import check_free
from rollout_curator.export.paths import check_out, control_paths
from rollout_curator.export.progress import ExportProgress
from rollout_curator.export.settings import Settings
from rollout_curator.export.writing import Exported, export
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.random_controls import NOTHING_FILTERED, equals_selection
from rollout_curator.workspace.workspace import Workspace


def exports_of(out: Path, recipe: Recipe, settings: Settings) -> Iterator[tuple[Path, Recipe, Settings]]:
    """Yield the file, the recipe and the settings of the selection, then those of each random control beside it."""
    yield out, recipe, settings
    for seed, path in control_paths(out, settings.seeds).items():
        yield path, replace(recipe, control=seed), settings.alone


def check_exports(
    out: Path, recipe: Recipe, settings: Settings, sources: Iterable[Path], stores: Iterable[Path | None]
) -> None:
    """Raise ExportError when a file to be cannot be written, as FileInTheWay when it would replace somebody's work."""
    exports, sources = list(exports_of(out, recipe, settings)), list(sources)
    for store in stores:
        for path, each, beside in exports:
            check_out(path, sources, store, each, beside.card, beside.report)
    check_free(exports)


def export_with_controls(
    workspace: Workspace, recipe: Recipe, out: Path, settings: Settings
) -> Generator[ExportProgress | Exported, None, None]:
    """Write a selection, then each random control of it; yields progress, and what was written after each.

    Raises what `export` raises, for what can be known before without having written any of them.
    """
    store = workspace.decisions.path if workspace.decisions else None
    check_exports(out, recipe, settings, (file.path for file in workspace.found), [store])
    if settings.seeds and equals_selection(workspace, recipe):
        raise ExportError(f"{out}: {NOTHING_FILTERED}; export without a random baseline, or set a threshold or a rule")
    for path, each, beside in exports_of(out, recipe, settings):
        yield from export(workspace, each, path, beside)
