"""What an export may replace without being asked: what this program wrote and nobody changed since.

Of the files of an export its manifest tells, or the record a killed one left: each is named there with its size and
hash. A file of lines that has no manifest tells it itself: nothing is lost where all its lines stand in the new one.
Everything else is somebody's work. What may be replaced is looked at before any long work, under the lock, and again
before the first file appears; what has not changed in between is not read again.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rollout_curator.errors import FileInTheWay
from rollout_curator.export.paths import beside_of, paths_of
from rollout_curator.export.settings import Settings
from rollout_curator.files import manifest, own_exports
from rollout_curator.files.own_exports import Named
from rollout_curator.files.temporary_files import temporary_of
from rollout_curator.printable import shown
from rollout_curator.recipe.recipe import Recipe

NOT_OURS = "was not written by rollout-curator"
CHANGED = "was changed since rollout-curator wrote it"
OTHER_LINES = "contains lines that are not in the new one"
LINE_MAX_BYTES = 64 << 20
Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file that is there and is not as this program wrote it, and why that is said."""

    path: Path
    why: str


def targets_of(out: Path, recipe: Recipe, settings: Settings) -> tuple[Path, ...]:
    """Return every file that an export writes, its manifest last."""
    beside = beside_of(out, settings.card, settings.report)
    return (*paths_of(out, recipe).values(), *beside.values(), manifest.path_of(out))


def guard_of(out: Path, recipe: Recipe, settings: Settings) -> "ExportGuard":
    """Return what keeps an export from replacing what it may not."""
    return ExportGuard(out, targets_of(out, recipe, settings), settings.overwrite, settings.agreed)


def check_free(exports: Iterable[tuple[Path, Recipe, Settings]]) -> None:
    """Raise FileInTheWay, before any long work, that names every file in the way of these exports."""
    _refuse([one for export in exports for one in guard_of(*export).in_the_way()])


def foreign(out: Path, targets: Iterable[Path], hashed_bytes: int | None = None) -> list[Foreign]:
    """Return which of these files are there and were not left so by an export to `out`.

    With `hashed_bytes` larger files are judged by their size alone, for a first look.
    """
    places = [manifest.path_of(out), *own_exports.records_of(out)]
    named = [each for place in places for each in own_exports.named_in(place) or ()]
    found = ((path, _looked_at(path, out, named, hashed_bytes)) for path in targets if os.path.exists(path))
    return [Foreign(path, why) for path, why in found if why]


def _looked_at(path: Path, out: Path, named: Sequence[Named], hashed_bytes: int | None) -> str:
    """Say why a file is not as an export to `out` left it, empty when it is or is gone meanwhile."""
    try:
        return _why(path, out, named, hashed_bytes)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be read to tell who wrote it ({error.strerror})"


def _why(path: Path, out: Path, named: Sequence[Named], hashed_bytes: int | None) -> str:
    if path == manifest.path_of(out):
        return "" if own_exports.named_in(path) is not None else NOT_OURS
    mine = [each for each in named if each.file == path.name]
    if not mine:
        return _whose(path)
    size = path.stat().st_size
    alike = [each for each in mine if each.size_bytes == size]
    if not alike:
        return CHANGED
    if hashed_bytes is not None and size > hashed_bytes:
        return ""
    digest = _digest(path, _stamp(path))
    return "" if any(each.sha256 == digest for each in alike) else CHANGED


@lru_cache(maxsize=256)
def _digest(path: Path, stamp: Stamp | None) -> str:
    """Return the sha256 of a file as it was when it had this stamp."""
    return manifest.sha256_of(path)


def _whose(path: Path) -> str:
    """Say whose a file is that no export to the same name wrote."""
    others = own_exports.named_here(path.parent, os.listdir(path.parent)).get(path.name, ())
    other = own_exports.of_size(path, others)
    return NOT_OURS if other is None else f"is of another export, {shown(other.by)}"


def _stamp(path: Path) -> Stamp | None:
    """Return what tells a file from any other and from itself before a change, None when none is there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refuse(found: Sequence[Foreign]) -> None:
    """Raise FileInTheWay that names all these files, when there are any."""
    if len(found) == 1:
        raise FileInTheWay(f"{found[0].path}: {found[0].why}, so it is not overwritten", (found[0].path,))
    if found:
        names = ", ".join(f"{one.path} ({one.why})" for one in found)
        raise FileInTheWay(f"{names}: are not overwritten", tuple(one.path for one in found))


class ExportGuard:
    """Keeps the files of one export from replacing what is somebody's, and the records of what is ours while needed."""

    def __init__(self, out: Path, targets: Sequence[Path], overwrite: bool, agreed: frozenset[Path]) -> None:
        """Take the files to be, the manifest last, and which of somebody's may be replaced."""
        self._out, self._targets = out, tuple(targets)
        self._overwrite, self._agreed = overwrite, agreed
        self._fine: dict[Path, Stamp | None] = {}
        self._told: dict[Path, str] = {}
        self._spared: dict[tuple[str, str], Path] = {}
        self._has_begun = False

    def check(self) -> None:
        """Raise FileInTheWay when a file that is there now may not be replaced."""
        _refuse(self.in_the_way())

    def in_the_way(self) -> list[Foreign]:
        """Return the files there that may not be replaced, looking anew at those that changed since the last look."""
        stamps = {path: _stamp(path) for path in self._targets}
        new = [path for path, stamp in stamps.items() if path not in self._fine or self._fine[path] != stamp]
        found = foreign(self._out, new)
        held = [one for one in found if not self._overwrite and one.path not in self._agreed]
        if not held:
            self._told |= {one.path: one.why for one in found}
            self._fine |= {path: stamps[path] for path in new}
        return held

    def replaced(self) -> list[str]:
        """Return a sentence for every file of somebody that was replaced because that was agreed to."""
        return [f"{shown(path.name)} was overwritten: it {_past(why)}." for path, why in self._told.items()]

    def begin(self) -> None:
        """Keep the manifest of before as a record where files that it names stay; they are still ours."""
        place = manifest.path_of(self._out)
        stays = [each for each in own_exports.named_in(place) or () if place.with_name(each.file) not in self._targets]
        if any(own_exports.of_size(place.with_name(each.file), [each]) for each in stays):
            real = Path(os.path.realpath(place))
            record = temporary_of(real)
            try:
                os.link(real, record)
            except OSError:  # a disk without hard links
                with contextlib.suppress(OSError):  # a full one: the next export asks
                    shutil.copyfile(real, record)
        self._has_begun = True

    def spares(self, leftover: Path) -> bool:
        """Say whether a record tells of a file there what neither the manifest nor another record tells."""
        place = manifest.path_of(self._out)
        known = {(each.file, each.sha256) for each in own_exports.named_in(place) or ()}
        written = {path.name for path in self._targets} if self._has_begun else set()
        named = own_exports.named_in(leftover) if own_exports.is_record(leftover.name) else None
        told = [
            (each.file, each.sha256)
            for each in named or ()
            if each.file not in written and own_exports.of_size(place.with_name(each.file), [each]) is not None
        ]
        return any(self._spared.setdefault(one, leftover) == leftover for one in told if one not in known)


def _past(why: str) -> str:
    return f"was{why.removeprefix('is')}" if why.startswith("is ") else why


class LineGuard:
    """Keeps a file of lines without a manifest from replacing one that holds others."""

    def __init__(self, out: Path, lines: Iterable[bytes], overwrite: bool) -> None:
        """Look at once; raises FileInTheWay. `lines` are those of the new file, in order."""
        self._out, self._overwrite = out, overwrite
        self._stamp = _stamp(out)
        if not overwrite and self._stamp is not None and not _holds(out, lines):
            self._refuse()

    def check(self) -> None:
        """Raise FileInTheWay when the file that is there is no longer the one that was looked at."""
        if not self._overwrite and _stamp(self._out) not in (None, self._stamp):
            self._refuse()

    def _refuse(self) -> None:
        _refuse([Foreign(self._out, OTHER_LINES)])

    def begin(self) -> None:
        """Nothing has to be kept."""

    def spares(self, leftover: Path) -> bool:
        """Say that no temporary file is needed."""
        return False


def _holds(out: Path, lines: Iterable[bytes]) -> bool:
    """Say whether all lines of a file are among these, in the same order; an empty one holds those of an empty one."""
    with open(out, "rb") as file:
        waiting = file.readline(LINE_MAX_BYTES)
        is_empty = not waiting
        for line in lines:
            if is_empty:
                return False
            if line == waiting and not (waiting := file.readline(LINE_MAX_BYTES)):
                return True
    return is_empty
