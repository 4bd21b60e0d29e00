"""How the verbs of the command line open files and the review store, with progress on a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rollout_curator.printable import shown
from rollout_curator.terminal import bar, fail, note, say

if TYPE_CHECKING:
    from rollout_curator.decisions.store_choice import Opened
    from rollout_curator.decisions.store_report import Counted
    from rollout_curator.sources.find import Found
    from rollout_curator.workspace.workspace import Workspace

Use = Literal["read", "write"]


def stores_of(paths: Sequence[str], found: "Sequence[Found]", given: Path | None) -> Sequence[Path | None]:
    """Return every review store that may count for the files, which no other file may replace; None for none."""
    from rollout_curator.decisions.store_choice import Opened

    return [given] if given is not None else Opened(paths, found).stores() or [None]


def hold(workspace: "Workspace", paths: Sequence[str], given: Path | None, use: Use) -> None:
    """Give a workspace the review store that counts, one to write to if asked."""
    from rollout_curator.decisions import store_choice

    opened = store_choice.Opened(paths, workspace.found)
    held = (store_choice.read if use == "read" else store_choice.write)(opened, given, workspace)
    workspace.hold(held.decisions, held.counted)


def tell_unusual(opened: "Opened", counted: "Counted", n_decided: int | None = None) -> None:
    """Say on stderr which store is used, unless that is the one of the opened folder and all there is to tell."""
    if counted.how == "found" and not (counted.path and opened.is_named(counted.path) and counted.is_plain):
        for sentence in counted.sentences(n_decided):
            note(sentence)


def told(workspace: "Workspace") -> dict[str, Any]:
    """Return which store counts, as values and in words."""
    n_decided = workspace.n_decided()
    return {**workspace.counted.as_json(n_decided), "sentences": workspace.counted.sentences(n_decided)}


def told_of_check(workspace: "Workspace", paths: Sequence[str]) -> dict[str, Any]:
    """Return which store would count; a check goes on where that cannot be said."""
    from rollout_curator.decisions.store_report import Counted
    from rollout_curator.errors import DecisionsError

    try:
        hold(workspace, paths, None, "read")
        return told(workspace)
    except DecisionsError as error:
        return {**Counted().as_json(0), "how": "unclear", "sentences": [f"Review store: {error}"]}


def check_named(paths: Sequence[str]) -> None:
    """Refuse paths of which one is not there or is no file that can be a source. Raises SourceError."""
    from rollout_curator.sources.compression import open_source
    from rollout_curator.sources.find import existing

    for file in existing(paths):
        if not file.path.is_file():
            open_source(file.path).file.close()  # which raises


def make_folder(folder: Path | None) -> None:
    """Create the folder for exports if it does not exist, and say so; never its parents."""
    if folder is None or folder.is_dir():
        return
    if not folder.absolute().parent.is_dir():
        fail(f"{folder}: neither this folder nor its parent exists; create the parent first")
    folder.mkdir(exist_ok=True)
    note(f"created the export folder {shown(folder)}")


@contextmanager
def opened(
    paths: Sequence[str],
    cache: Path | None,
    *,
    use: Use | None = None,
    store: Path | None = None,
    needs_rollouts: bool = True,
    as_json: bool = False,
) -> Iterator["Workspace"]:
    """Open the files with progress on a terminal, and for a use the review store that counts: the one given if any."""
    from rollout_curator.decisions.store_choice import require_there
    from rollout_curator.errors import SourceError
    from rollout_curator.sources.find import absolute, existing, passed_over
    from rollout_curator.workspace.opening import build_indexes, default_cache
    from rollout_curator.workspace.workspace import Workspace

    if use == "read" and store is not None:
        require_there(store)  # before the long work
    folder = cache or default_cache()
    try:
        found = existing(paths)
        with bar("indexing") as advance:
            for step in build_indexes(found, folder):
                advance(step.done_bytes, step.total_bytes, step.path)
        workspace = Workspace(found, folder, None)
        workspace.passed_over, workspace.named = passed_over(paths), absolute(paths)
    except SourceError as error:
        if as_json and not needs_rollouts:
            nothing = {"error": str(error), "good": [], "bad": {}, "flag": {}, "blank": [], "notes": []}
            say(nothing, True, str.splitlines)
        raise
    try:
        if needs_rollouts:
            workspace.require_rollouts()
            for left_out in workspace.refused:
                note(f"skipped: {left_out.reason}")
        if use is not None:
            hold(workspace, paths, store, use)
        yield workspace
    finally:
        workspace.close()
