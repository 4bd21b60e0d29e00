"""How the verbs of the command line open files and the review store, with progress on a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollout_curator.terminal import note, say, show_progress

if TYPE_CHECKING:
    from rollout_curator.workspace import Workspace


def store_of(paths: Sequence[str], given: Path | None) -> Path | None:
    """Return the review store that belongs to the files, None when there is none; a named one that lacks is told."""
    from rollout_curator.opening import default_decisions

    place = given or default_decisions(paths)
    if place.exists():
        return place
    if given is not None:
        note(f"{given}: no review store there yet, no decision counts")
    return None


def check_named(paths: Sequence[str]) -> None:
    """Refuse paths of which one is not there or is no file that can be a source. Raises SourceError."""
    from rollout_curator.packing import open_source
    from rollout_curator.sources import existing

    for file in existing(paths):
        if not file.path.is_file():
            open_source(file.path).file.close()  # which raises


@contextmanager
def opened(
    paths: Sequence[str],
    cache: Path | None,
    store: Path | None = None,
    *,
    needs_rollouts: bool = True,
    as_json: bool = False,
) -> Iterator["Workspace"]:
    """Open the files with progress on a terminal, and the review store when one is named."""
    from rollout_curator.decisions import Decisions
    from rollout_curator.errors import SourceError
    from rollout_curator.opening import build_indexes, default_cache
    from rollout_curator.sources import existing, passed_over
    from rollout_curator.workspace import Workspace

    decisions = Decisions.open(store) if store else None
    folder = cache or default_cache()
    try:
        found = existing(paths)
        show_progress(build_indexes(found, folder))
        workspace = Workspace(found, folder, decisions)
        workspace.passed_over = passed_over(paths)
    except SourceError as error:
        if as_json and not needs_rollouts:
            nothing = {"error": str(error), "good": [], "bad": {}, "flag": {}, "blank": [], "notes": []}
            say(nothing, True, str.splitlines)
        raise
    try:
        if needs_rollouts:
            workspace.require_rollouts()
            for left_out in workspace.refused:
                note(f"left out: {left_out.reason}")
        yield workspace
    finally:
        workspace.close()
