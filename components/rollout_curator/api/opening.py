"""What a notebook opens, and all the names it imports."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from rollout_curator.api.given_paths import list_paths
from rollout_curator.api.progress import progress
from rollout_curator.api.selection import Selection
from rollout_curator.api.workspace import Workspace
from rollout_curator.decisions import store_choice
from rollout_curator.errors import (
    CuratorError,
    SourceNotFound,
    SourceRefused,
)
from rollout_curator.printable import shown
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources.find import existing, passed_over
from rollout_curator.terminal import explained
from rollout_curator.workspace import opening
from rollout_curator.workspace.workspace import Workspace as Opened

__all__ = ["CuratorError", "Recipe", "Selection", "Workspace", "open"]


def open(
    path: str | Path | Iterable[str | Path],
    decisions: str | Path | None = None,
    *,
    cache_dir: str | Path | None = None,
) -> Workspace:
    """Open a file, a folder or a glob of rollouts, or several of these; what has no index yet is indexed first.

    `decisions` names the review store that counts. Without it that is the `curation.sqlite` beside or above the files,
    by the rule of the command line and the app; the workspace says which one. None is made, and nothing is written but
    indexes, in `cache_dir` or the user's cache folder. Files that cannot be read are a warning.
    Raises SourceError when nothing can be read or no path is given, DecisionsError when several stores could count, or
    one is not there or cannot be opened, CacheError when the indexes cannot be written.
    """
    paths = list_paths(path)
    given = None if decisions is None else Path(decisions)
    if given is not None:
        store_choice.require_there(given)  # before the long work
    cache = opening.default_cache() if cache_dir is None else Path(cache_dir)
    try:
        found = existing(paths)
    except ValueError as error:  # a NUL in it
        raise SourceNotFound(f"not a valid file name ({error}); pass a file, a folder or a glob") from error
    except OSError as error:  # the working folder is gone
        raise SourceRefused(explained(error)) from error
    with progress("indexing") as advance:
        for step in opening.build_indexes(found, cache):
            advance(step.done_bytes, step.total_bytes, step.path)
    opened = Opened(found, cache, None)
    try:
        opened.passed_over = passed_over(paths)
        opened.require_rollouts()
        around = store_choice.Opened(paths, found)
        held = store_choice.read(around, given, opened)
        opened.hold(held.decisions, held.counted)
        opened.refresh_decisions()
    except BaseException as error:
        opened.close()
        if isinstance(error, OSError):  # the working folder is gone
            raise SourceRefused(explained(error)) from error
        raise
    for left_out in opened.refused:
        _warn(f"skipped: {left_out.reason}")
    return Workspace(opened, [given] if given is not None else around.stores())


def _warn(sentence: str) -> None:
    """Warn whoever called `open`."""
    warnings.warn(shown(sentence), stacklevel=3)
