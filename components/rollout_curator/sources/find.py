"""Paths the user gives become a list of files: a file, a folder or a glob, also quoted.

Folders are searched below; what is passed over there (other suffixes, hidden files, this program's own) is named with
why, by `folder_scan`, and so is what a pattern matches and is no file.
"""

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from rollout_curator.errors import SourceNotFound
from rollout_curator.printable import shown
from rollout_curator.sources.compression import SUFFIXES, SUFFIXES_SAID
from rollout_curator.sources.folder_scan import Entry, below, matched_not_read

SHOWN_MAX = 3
NAMED_MAX = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A file to open and the short name it is shown under, unique among those found."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file of an opened folder that is not read, named from that folder, and why; a folder ends in a slash."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why files are passed over, how many are for it, and the first of their names."""

    reason: str
    n_files: int
    names: tuple[str, ...]


def find(paths: Iterable[str | Path]) -> list[Found]:
    """Return the files, in the order given, folders and globs sorted by name. Raises SourceNotFound."""
    files: dict[str, Path] = {}
    for given in paths:
        if given == "":  # Path would take it for the folder one is in
            raise SourceNotFound("empty file name; pass a file, a folder or a glob")
        for path in _expand(Path(given)):
            real, named = os.path.realpath(path), Path(os.path.abspath(path))
            if real not in files or files[real].is_symlink():  # a link and its file are one source
                files[real] = named
    if not files:
        raise SourceNotFound("no input given; pass a file, a folder or a glob")
    return [Found(path, name) for path, name in zip(files.values(), _names(list(files.values())), strict=True)]


def existing(paths: Iterable[str | Path]) -> list[Found]:
    """Return the files like `find`, when every one that was named is there. Raises SourceNotFound."""
    if not (named := list(paths)):
        return []
    found = find(named)
    for file in found:
        if not file.path.exists():
            raise SourceNotFound(f"{shown(file.path)}: no such file")
    return found


def absolute(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """Return paths as they hold wherever one is; a pattern in the home folder stays as it is."""
    return tuple(Path(path if str(path).startswith("~") else os.path.abspath(path)) for path in paths)


def opened_folder(path: str | Path) -> Path:
    """Return the folder that is opened by a path: itself, that of a file, or the part of a glob before its pattern."""
    return Path(os.path.realpath(_above(path)))


def _above(path: str | Path) -> Path:
    path = Path(path)
    if _is_pattern(path):
        path = Path(os.path.expanduser(path))
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        found = [entry.path for entry in below(path) if not entry.why]
        if not found:
            raise SourceNotFound(f"{shown(path)}: no {SUFFIXES_SAID} file to read in this folder{_others(path)}")
        return found
    if not _is_pattern(path):
        return [path]
    if not (found := _named(path)):
        raise SourceNotFound(f"{shown(path)}: no matching files")
    return found


def _is_pattern(path: Path) -> bool:
    """Say whether a path stands for the files it matches; one that is there is itself."""
    return not os.path.lexists(path) and glob.has_magic(str(path))


def _matches(path: Path) -> list[Path]:
    return [Path(match) for match in sorted(glob.glob(os.path.expanduser(str(path)), recursive=True))]


def _others(folder: Path) -> str:
    """Return what else is in a folder, as the end of a sentence."""
    passed = sorted(passed_over([folder]), key=lambda file: file.name.startswith("."))
    names = ", ".join(_with_reason(file) for file in passed[:SHOWN_MAX])
    more = f" and {len(passed) - SHOWN_MAX:,} more" if len(passed) > SHOWN_MAX else ""
    return f"; skipped: {names}{more}" if passed else ""


def _with_reason(file: PassedOver) -> str:
    """Return the name of a file, with why it is passed over where its suffix is that of files that are read."""
    return f"{file.name} ({file.why})" if file.name.lower().endswith(SUFFIXES) else file.name


def passed_over(paths: Iterable[str | Path]) -> list[PassedOver]:
    """Return what lies below the folders among these paths, or fits a pattern, and is not read, sorted, with why.

    What two of the paths reach is told once, and what one of them names outright is read.
    """
    given = [Path(path) for path in paths]
    several = len([path for path in given if path.is_dir()]) > 1
    told = {_place(path) for named in given for path in _named(named)}
    passed = []
    for path in given:
        found, above = [], path
        if path.is_dir():
            found, above = [entry for entry in below(path) if entry.why], path.parent if several else path
        elif _is_pattern(path):
            found, above = matched_not_read(_matches(path)), _above(path)
        for entry in found:
            if (place := _place(entry.path)) not in told:
                told.add(place)
                passed.append(_passed(entry, above))
    return passed


def _named(path: Path) -> list[Path]:
    """Return what a path names outright: itself, or the files that a pattern matches."""
    return [match for match in _matches(path) if match.is_file()] if _is_pattern(path) else [path]


def _place(path: Path) -> tuple[str, str]:
    """Return what is the same for all ways to one entry of a folder; a link and its file are two."""
    parent, name = os.path.split(os.path.abspath(path))
    return os.path.realpath(parent), name


def _passed(entry: Entry, above: Path) -> PassedOver:
    return PassedOver(shown(os.path.relpath(entry.path, above)) + "/" * entry.is_folder, entry.why)


def by_reason(passed: Iterable[PassedOver]) -> list[Reason]:
    """Return every reason with how many files it holds for and the first of them, in the order they come."""
    found: dict[str, list[str]] = {}
    for file in passed:
        found.setdefault(file.why, []).append(file.name)
    return [Reason(why, len(names), tuple(names[:NAMED_MAX])) for why, names in found.items()]


def _names(files: list[Path]) -> list[str]:
    """Return the paths below the folder all files share."""
    if len(files) == 1:
        return [shown(files[0].name)]
    root = os.path.commonpath([file.parent for file in files])
    return [shown(os.path.relpath(file, root)) for file in files]


def environment_of(path: Path) -> str:
    """Return the environment that the path of a file tells: the folder before `data`, else its folder.

    The path is resolved first, so that a file has one environment under all its names.
    """
    parts = [part for part in Path(os.path.realpath(path)).parts[:-1] if part not in (os.sep, ".", "")]
    if "data" in parts[1:]:
        parts = parts[: len(parts) - 1 - parts[::-1].index("data")]
    return shown(parts[-1]) if parts else shown(path.stem)


@lru_cache(maxsize=8)
def brief_names(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return for each name of a file one as short as tells it from the others.

    That is the last part of its path; of several that end alike also the parts in which they differ, "swe/…/run.jsonl".
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.rpartition("/")[2], []).append(name)
    told = {last: _told_apart(same, last) for last, same in alike.items()}
    return {name: brief for last, same in alike.items() for name, brief in zip(same, told[last], strict=True)}


def _told_apart(names: Sequence[str], last: str) -> list[str]:
    """Return names that end alike without the folders that all of them begin or end with."""
    if len(names) == 1:
        return [last]
    folders = [name.split("/")[:-1] for name in names]
    n_first = _n_shared(folders)
    own = [each[n_first:] for each in folders]
    n_last = _n_shared([each[::-1] for each in own])
    between = "…/" if n_last else ""
    return ["/".join([*each[: len(each) - n_last], ""]) + between + last for each in own]


def _n_shared(paths: Sequence[Sequence[str]]) -> int:
    """Return with how many equal parts all paths begin."""
    return sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False)))
