"""Paths the user gives become a list of files: a file, a folder or a glob, also quoted.

Folders are searched below; what is passed over there (other suffixes, exports of this program, links that leave the
folder) is named with why. Hidden folders, and this program's own files beside exports, are not looked at.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rollout_curator.doors import Door
from rollout_curator.errors import SourceError, SourceNotFound
from rollout_curator.names import beside
from rollout_curator.packing import SUFFIXES, SUFFIXES_SAID, show_path

MANIFEST_SUFFIX = ".manifest.json"
_MANIFEST = Door("the manifest", SourceError, 256 << 20)
_PART = re.compile(r"\.(?:train|validation|test)(\.[a-z]+)$")
_NOT_ROLLOUTS = {"_aggregate_metrics.json": "aggregate metrics", "package.json": "a package file"}
_OWN = re.compile(r"\.manifest\.json$|^curation\.sqlite")
SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A file to open and the short name it is shown under, unique among those found."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file of an opened folder that is not read, named from that folder, and why."""

    name: str
    why: str


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
        found = [file for file, why in _below(path) if not why]
        if not found:
            raise SourceNotFound(f"{show_path(path)}: no {SUFFIXES_SAID} file to read in this folder{_others(path)}")
        return found
    if os.path.lexists(path) or not glob.has_magic(str(path)):
        return [path]
    found = [Path(match) for match in sorted(glob.glob(os.path.expanduser(str(path)), recursive=True))]
    found = [match for match in found if match.is_file()]
    if not found:
        raise SourceNotFound(f"{show_path(path)}: nothing matches")
    return found


def _others(folder: Path) -> str:
    """Return what else is in a folder, as the end of a sentence."""
    passed = passed_over([folder])
    names = ", ".join(_with_reason(file) for file in passed[:SHOWN_MAX])
    more = f" and {len(passed) - SHOWN_MAX:,} more" if len(passed) > SHOWN_MAX else ""
    return f"; passed over: {names}{more}" if passed else ""


def _with_reason(file: PassedOver) -> str:
    """Return the name of a file, with why it is passed over where its suffix is that of files that are read."""
    return f"{file.name} ({file.why})" if file.name.lower().endswith(SUFFIXES) else file.name


def passed_over(paths: Iterable[str | Path]) -> list[PassedOver]:
    """Return the files below the folders among these paths that are not read, sorted by name, with why."""
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    passed = []
    for folder in folders:
        above = folder.parent if len(folders) > 1 else folder
        for path, why in _below(folder):
            if why and not _OWN.search(path.name):
                passed.append(PassedOver(show_path(os.path.relpath(path, above)), why))
    return passed


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file below a folder, sorted, and why it is not read, empty for one that is."""
    root = os.path.realpath(folder)
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        reports = _reports(Path(parent), files)
        for name in sorted(files):
            path = Path(parent) / name
            if not name.startswith(".") or name.lower().endswith(SUFFIXES):
                yield path, "the report of an export, no rollouts" if name in reports else _why_not(path, root)


def _reports(folder: Path, names: Iterable[str]) -> set[str]:
    """Return which files of a folder the manifests beside them name as reports; what is no manifest names none."""
    found: set[str] = set()
    for name in names:
        if not name.lower().endswith(MANIFEST_SUFFIX):
            continue
        try:
            others = _MANIFEST.json(folder / name).get("others", ())
            found |= {other["file"] for other in others if other["part"] == "report"}
        except (SourceError, AttributeError, KeyError, TypeError):
            continue
    return found


def _why_not(path: Path, root: str) -> str:
    """Say why a file in an opened folder is not read; empty when it is."""
    name = path.name.lower()
    if path.name.startswith("."):
        return "a hidden file"
    if not path.exists():
        return "a link that leads nowhere"
    if os.path.commonpath([root, os.path.realpath(path)]) != root:
        return "a link that leads out of the folder"
    if not path.is_file():
        return "not a regular file"
    if not name.endswith(SUFFIXES):
        kind = f"ending in {show_path(path.suffix)}" if path.suffix else "without a suffix"
        return f"a file {kind} is read only when it is named"
    if known := [words for end, words in _NOT_ROLLOUTS.items() if name.endswith(end)]:
        return f"{known[0]}, no rollouts"
    return "an export of this program, read only when it is named" if _is_written_here(path) else ""


def _is_written_here(path: Path) -> bool:
    whole = _PART.sub(r"\1", path.name)  # the parts of a split share the manifest of the whole
    names = {path.name, whole}
    return path.name.lower().endswith(MANIFEST_SUFFIX) or any(
        beside(path.with_name(each), after=MANIFEST_SUFFIX).exists() for each in names
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
