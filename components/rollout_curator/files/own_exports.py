"""Which files an export of this program wrote: a manifest beside them names them, with size and hash.

A manifest counts when it parses as one of ours. So does a record: a manifest under `.NAME.manifest.json.tmp-XXXXXXXX`,
complete on disk before the first file of its export appears. A killed export leaves one, and so its files are known;
an export keeps the manifest it replaces under such a name while files it did not write anew still lie there.
"""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rollout_curator.errors import ManifestError
from rollout_curator.files import manifest
from rollout_curator.files.manifest import MANIFEST_SUFFIX

TEMPORARY = re.compile(r"\.(.+)\.tmp-[0-9a-f]{8}", re.DOTALL)
"""What an export calls a file that is not complete yet."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file as a manifest names it; `by` is the name of the manifest."""

    by: str
    file: str
    part: str
    size_bytes: int
    sha256: str


def is_record(name: str) -> bool:
    """Say whether this is the name of a manifest that is not in its place."""
    found = TEMPORARY.fullmatch(name)
    return found is not None and found[1].endswith(MANIFEST_SUFFIX)


def is_manifest(name: str) -> bool:
    """Say whether a file is named like a manifest."""
    return name.lower().endswith(MANIFEST_SUFFIX)


def named_in(path: Path) -> tuple[Named, ...] | None:
    """Return what a manifest names, None when it is none of ours."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or found.st_size > manifest.DOOR.most_bytes:
        return None
    return _named_in(path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


@lru_cache(maxsize=256)
def _named_in(path: Path, stamp: tuple[int, ...]) -> tuple[Named, ...] | None:
    """Return the same for a file as it was when it had this stamp."""
    try:
        content = manifest.load(path)
    except ManifestError:
        return None
    return tuple(
        Named(path.name, each["file"], each["part"], each["size_bytes"], each["sha256"])
        for each in manifest.files(content)
    )


def named_here(folder: Path, names: Iterable[str]) -> dict[str, list[Named]]:
    """Return what the manifests and records among the names of a folder name, by file."""
    found: dict[str, list[Named]] = {}
    for name in sorted(names):
        if is_manifest(name) or is_record(name):
            for each in named_in(folder / name) or ():
                found.setdefault(each.file, []).append(each)
    return found


def records_of(out: Path) -> list[Path]:
    """Return the records that killed and earlier exports to `out` left."""
    place = Path(os.path.realpath(manifest.path_of(out)))
    try:
        names = sorted(os.listdir(place.parent))
    except OSError:
        return []
    found = ((TEMPORARY.fullmatch(name), name) for name in names)
    return [place.with_name(name) for match, name in found if match is not None and match[1] == place.name]


def of_size(path: Path, named: Iterable[Named]) -> Named | None:
    """Return the first of these that has the size of a file, None when none has or the file is gone."""
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        return None
    return next((each for each in named if each.size_bytes == size), None)
