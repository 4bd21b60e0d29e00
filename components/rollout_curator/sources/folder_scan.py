"""What lies in an opened folder: which files are read, and of every other one why not.

Nothing is left unsaid: hidden files, folders that are not looked into and this program's own files are named too.
Knows names, links, the manifests of exports and the first bytes of files; opens nothing else.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rollout_curator.files import own_exports
from rollout_curator.files.own_exports import Named
from rollout_curator.printable import shown
from rollout_curator.sources.compression import SUFFIXES
from rollout_curator.sources.decision_exports import is_given_out

_DRAFT = re.compile(r"\..+\.[0-9a-f]{32}\.tmp(-wal|-shm|-journal)?", re.DOTALL)
_STORE = re.compile(r"curation\.sqlite(-wal|-shm|-journal)?")
_NOT_ROLLOUTS = {"_aggregate_metrics.json": "aggregate metrics", "/package.json": "a package file"}
_PARTS = {"report": "the report of an export, not rollouts", "card": "the dataset card of an export, not rollouts"}
_EXPORT = "an export of this program, read only when it is given by name"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder below an opened folder, and why it is not read; empty for one that is."""

    path: Path
    why: str
    is_folder: bool = False


def below(folder: Path) -> list[Entry]:
    """Return every file below a folder, sorted, with the folders that are not looked into."""
    root = os.path.realpath(folder)
    found: list[Entry] = []
    refused: list[OSError] = []
    named: dict[str, dict[str, list[Named]]] = {}
    for parent, folders, files in os.walk(folder, onerror=refused.append):
        here, real = Path(parent), os.path.realpath(parent)
        named[real] = own_exports.named_here(here, files)
        found += [Entry(here / name, _why_not(here / name, Path(real, name), root, named)) for name in sorted(files)]
        closed = {name: why for name in sorted(folders) if (why := _why_closed(here / name))}
        found += [Entry(here / name, why, is_folder=True) for name, why in closed.items()]
        folders[:] = sorted(set(folders) - set(closed))
    for error in refused:
        found.append(Entry(Path(error.filename), f"a folder that cannot be read ({error.strerror})", is_folder=True))
    return list(_without_second_ways(found, root))


def matched_not_read(matches: list[Path]) -> list[Entry]:
    """Return what a pattern matches and is no file to read, but for folders whose files it matches too."""
    others = [path for path in matches if not path.is_file()]
    files = [path for path in matches if path.is_file()]
    parents = {str(parent) for path in files for parent in path.parents}
    why = "a folder that a pattern matches is read only when it is given by name"
    return [
        Entry(path, why, is_folder=True) if path.is_dir() else Entry(path, no_file(path))
        for path in others
        if not path.is_dir() or os.path.normpath(path) not in parents
    ]


def no_file(path: Path) -> str:
    """Say why a path is not a regular file, empty when it is one."""
    if not os.path.exists(path):
        return "a broken link"
    return "" if os.path.isfile(path) else "not a regular file"


def _why_closed(folder: Path) -> str:
    """Say why a folder is not looked into, empty when it is."""
    if folder.name.startswith("."):
        return "a hidden folder, not searched"
    return "a link to a folder, not followed" if folder.is_symlink() else ""


def _why_not(path: Path, real: Path, root: str, named: dict[str, dict[str, list[Named]]]) -> str:
    """Say why a file in an opened folder, `real` when it is no link, is not read; empty when it is."""
    if why := no_file(path):
        return why
    if path.is_symlink():
        real = Path(os.path.realpath(path))
        if os.path.commonpath([root, real]) != root:
            return "a link to outside the folder"
    if why := _why_ours(real, named):
        return why
    if path.name.startswith("."):
        return "a hidden file"
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        kind = f"ending in {shown(path.suffix)}" if path.suffix else "without a suffix"
        return f"a file {kind} is read only when it is given by name"
    known = [words for end, words in _NOT_ROLLOUTS.items() if f"/{name}".endswith(end)]
    if not known and is_given_out(real):
        known = ["decisions of a review store as a file"]
    return f"{known[0]}, not rollouts" if known else ""


def _why_ours(path: Path, named: dict[str, dict[str, list[Named]]]) -> str:
    """Say what a file of this program is, empty for any other."""
    folder = str(path.parent)
    if folder not in named:  # a link leads to a folder that is looked into later, or not at all
        named[folder] = own_exports.named_here(path.parent, _names(path.parent))
    if one := own_exports.of_size(path, named[folder].get(path.name, ())):
        return _PARTS.get(one.part, _EXPORT)
    if own_exports.is_record(path.name) and own_exports.named_in(path) is not None:
        return "the record of an earlier export, not rollouts"
    if own_exports.TEMPORARY.fullmatch(path.name):
        return "left by an interrupted export"
    if _DRAFT.fullmatch(path.name):
        return "left by an interrupted review store"
    if path.name.startswith(".") and path.name.endswith(".lock"):
        return "the lock of an export"
    if _STORE.fullmatch(path.name):
        return "a review store, not rollouts"
    return _why_manifest(path, named[folder]) if own_exports.is_manifest(path.name) else ""


def _why_manifest(path: Path, named: dict[str, list[Named]]) -> str:
    """Say what a file is that is named like a manifest, and which file it no longer takes out."""
    mine = own_exports.named_in(path)
    if mine is None:
        return "named like the manifest of an export but is not one, read only when it is given by name"
    there = [each.file for each in mine if path.with_name(each.file).is_file()]
    changed = [file for file in there if not own_exports.of_size(path.with_name(file), named.get(file, ()))]
    read = [shown(file) for file in changed if file.lower().endswith(SUFFIXES)]
    if not read:
        return "the manifest of an export, not rollouts"
    one = len(read) == 1
    said = "is no longer the file it names, so that is read" if one else "are no longer as it says, so they are read"
    return f"the manifest of an export; {', '.join(read)} {said}"


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _without_second_ways(entries: list[Entry], root: str) -> Iterator[Entry]:
    """Yield the entries; a link to a file that is read says so."""
    if not any(one.path.is_symlink() for one in entries if not one.why):
        yield from entries
        return
    first = {os.path.realpath(one.path): one.path for one in entries if not one.why and not one.path.is_symlink()}
    for one in entries:
        real = os.path.realpath(one.path)
        if not one.why and first.setdefault(real, one.path) != one.path:
            yield replace(one, why=f"a link to {shown(os.path.relpath(real, root))}, which is read")
        else:
            yield one
