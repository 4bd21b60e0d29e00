"""Paths the user gives become a list of files: a file, a folder or a glob, also quoted.

Folders are searched below, hidden files and files this program wrote are left out, links that leave the folder too.
"""

import glob
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rollout_curator.errors import SourceNotFound
from rollout_curator.packing import SUFFIXES, SUFFIXES_SAID, show_path

MANIFEST_SUFFIX = ".manifest.json"
_PART = re.compile(r"\.(?:train|validation|test)(\.[a-z]+)$")
_NOT_ROLLOUTS = (MANIFEST_SUFFIX, "_aggregate_metrics.json", "package.json")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to open and the short name it is shown under, unique among those found."""

    path: Path
    name: str


def find(paths: Iterable[str | Path]) -> list[Found]:
    """Return the files, in the order given, folders and globs sorted by name. Raises SourceNotFound."""
    files: dict[str, Path] = {}
    for given in paths:
        for path in _expand(Path(given)):
            real, shown = os.path.realpath(path), Path(os.path.abspath(path))
            if real not in files or files[real].is_symlink():  # a link and its file are one source
                files[real] = shown
    if not files:
        raise SourceNotFound("no file of rollouts was named; give a file, a folder or a glob")
    return [Found(path, name) for path, name in zip(files.values(), _names(list(files.values())), strict=True)]


def existing(paths: Iterable[str | Path]) -> list[Found]:
    """Return the files like `find`, when every one that was named is there. Raises SourceNotFound."""
    if not (named := list(paths)):
        return []
    found = find(named)
    for file in found:
        if not file.path.exists():
            raise SourceNotFound(f"{show_path(file.path)}: no such file")
    return found


def opened_folder(path: str | Path) -> Path:
    """Return the folder that is opened by a path: itself, that of a file, or the part of a glob before its pattern."""
    path = Path(os.path.expanduser(path))
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return Path(os.path.realpath(path))


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        found = _below(path)
        if not found:
            raise SourceNotFound(f"{show_path(path)}: no {SUFFIXES_SAID} file in this folder")
        return found
    if os.path.lexists(path) or not glob.has_magic(str(path)):
        return [path]
    found = [Path(match) for match in sorted(glob.glob(os.path.expanduser(str(path)), recursive=True))]
    found = [match for match in found if match.is_file()]
    if not found:
        raise SourceNotFound(f"{show_path(path)}: nothing matches")
    return found


def _below(folder: Path) -> list[Path]:
    root = os.path.realpath(folder)
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent) / name
            inside = os.path.commonpath([root, os.path.realpath(path)]) == root
            if inside and path.is_file() and _may_hold_rollouts(path):
                found.append(path)
    return found


def _may_hold_rollouts(path: Path) -> bool:
    name = path.name.lower()
    whole = _PART.sub(r"\1", path.name)  # the parts of a split share the manifest of the whole
    written_here = any(path.with_name(each + MANIFEST_SUFFIX).exists() for each in {path.name, whole})
    return (
        name.endswith(SUFFIXES) and not name.startswith(".") and not name.endswith(_NOT_ROLLOUTS) and not written_here
    )


def _names(files: list[Path]) -> list[str]:
    """Return the paths below the folder all files share."""
    if len(files) == 1:
        return [show_path(files[0].name)]
    root = os.path.commonpath([file.parent for file in files])
    return [show_path(os.path.relpath(file, root)) for file in files]


def environment_of(path: Path) -> str:
    """Return the environment that the path of a file tells: the folder before `data`, else its folder.

    The path is resolved first, so that a file has one environment under all its names.
    """
    parts = [part for part in Path(os.path.realpath(path)).parts[:-1] if part not in (os.sep, ".", "")]
    if "data" in parts[1:]:
        parts = parts[: len(parts) - 1 - parts[::-1].index("data")]
    return show_path(parts[-1]) if parts else show_path(path.stem)
