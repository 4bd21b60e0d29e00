"""The index of one source on disk: built once, memory-mapped at every opening, rebuilt when the source changed.

A folder per source in the cache: `header.json` (what was indexed, and when it holds), one file of aligned columns,
and for compressed and Parquet sources one file of frames. The header is written last, so a half-built index is never
seen. Everything here can be deleted at any time.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from rollout_curator.errors import CacheError, SourceChanged, SourceNotFound, SourceRefused
from rollout_curator.index import checksums
from rollout_curator.index.code_hash import reading_code
from rollout_curator.index.columns import CLASSES, NUMBERS, SCHEMA
from rollout_curator.index.scanners import Pass, Run, is_row_of_objects, look_at, refusal, scan
from rollout_curator.index.shards import Shard, Spill, merge
from rollout_curator.index.zstd_frames import FrameWriter
from rollout_curator.printable import digest, shown
from rollout_curator.sources.compression import fingerprint
from rollout_curator.sources.file_layout import DOCUMENT

SETTLED_S = 2.0
"""A file changed less than this before it was indexed may change again within one tick of its clock."""
ABANDONED_S = 24 * 3600.0
"""A part of an index that no header names and nobody wrote to for this long was left by a build that was killed."""
_ALIGN = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the indexing of one source is."""

    path: str
    done_bytes: int
    total_bytes: int
    rollouts: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether a file is still the one that was indexed."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int


def stamp(path: Path) -> Stamp:
    """Return the stamp of a file. Raises SourceNotFound or SourceRefused."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, ValueError) as error:  # ValueError: a NUL in the path
        raise SourceNotFound(f"{shown(path)}: no such file") from error
    except OSError as error:
        raise SourceRefused(f"{shown(path)}: cannot be opened ({error.strerror})") from error
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)


def folder_of(cache: Path, path: Path) -> Path:
    """Return the folder the index of this source lives in."""
    return cache / "index" / digest(os.path.realpath(path))[:24]


def read_header(cache: Path, path: Path) -> dict[str, Any] | None:
    """Return the header of a usable index of the file as it is now, or None when one must be built.

    Header and columns carry their hashes: a disk that lost power or rots leaves files of the right size.
    """
    folder = folder_of(cache, path)
    header = checksums.unsealed(folder / "header.json")
    if (header.get("schema"), header.get("code")) != (SCHEMA, reading_code()):
        return None
    if any(_size(folder / name) != size for name, size in header["sizes"].items()):
        return None
    if checksums.hash_of(folder / header["files"]["columns"]) != header["columns_hash"]:
        return None
    now, then = stamp(path), Stamp(**header["stamp"])
    if now == then and header["indexed_at"] - then.mtime_ns / 1e9 > SETTLED_S:
        return dict(header)
    if now.size == then.size and fingerprint(path) == header["fingerprint"]:
        header["stamp"], header["indexed_at"] = asdict(now), time.time()
        with suppress(OSError):  # a cache that can only be read serves as well
            _write_header(folder, header)
        return dict(header)
    return None


def forget(folder: Path) -> None:
    """Make sure that the index in this folder is not used again, because it proved wrong."""
    with suppress(OSError):
        (folder / "header.json").unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


@contextmanager
def _writing(cache: Path) -> Iterator[None]:
    """Turn a failure to write the index into one sentence."""
    try:
        yield
    except OSError as error:
        message = f"{shown(cache)}: the index cannot be written here ({error.strerror}); "
        raise CacheError(message + "free some space, or use another --cache-dir") from error


def build(cache: Path, path: Path, environment: str, run: Run) -> Iterator[Progress]:
    """Index one source, yielding progress; the index is on disk when the generator ends.

    Raises SourceError when the file cannot be read at all, CacheError when the index cannot be written.
    Closing the generator early leaves the old index.
    """
    before = stamp(path)
    made = look_at(path)
    folder = folder_of(cache, path)
    replaced = _files_of(folder)
    token = secrets.token_hex(6)
    files = {"columns": f"columns-{token}.bin"} | ({"bodies": f"bodies-{token}.zst"} if made.copies else {})
    written = [folder / name for name in files.values()]
    try:
        with _writing(cache):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder) as spilled:
                made.spill = Spill(spilled)
                for done in scan(path, environment, run, made, written[-1]):
                    yield Progress(shown(path), done, before.size, made.n_rollouts)
                if is_row_of_objects(made):
                    made = Pass(made.packing, DOCUMENT, spill=made.spill)
                    for done in scan(path, environment, run, made, written[-1]):
                        yield Progress(shown(path), done, before.size, made.n_rollouts)
                whole = merge(made.shards)
                columns = _write_columns(written[0], whole, made.frames)
        content = fingerprint(path)
        content = content if stamp(path) == before else ""  # it changed meanwhile: only the same stamp may be trusted
        header = {
            "schema": SCHEMA,
            "path": shown(path),
            "environment": environment,
            "packing": made.packing,
            "layout": made.layout.kind,
            "stamp": asdict(before),
            "fingerprint": content,
            "indexed_at": time.time(),
            "code": reading_code(),
            "files": files,
            "sizes": {file.name: _size(file) for file in written},
            "columns_hash": checksums.hash_of(written[0]),
            "columns": columns,
            "notes": [*made.notes, *whole.passed_over.sentences(len(whole.facets))],
            "refusal": refusal(made, whole, path),
            **_summary(whole),
        }
        with _writing(cache):
            _write_header(folder, header)
        written = []
    finally:
        for file in written:
            with suppress(OSError):
                file.unlink()
    _sweep(folder, replaced, set(files.values()))


def _summary(shard: Shard) -> dict[str, Any]:
    """Return what the header says of the rows: their words, their extra numbers and their counts."""
    return {
        "vocabularies": shard.vocabularies,
        "facets": list(shard.facets),
        "boolean_facets": [name for name in shard.facets if name not in shard.measured],
        "n_lines": shard.n_lines,
        "n_blank": shard.n_blank,
        "n_rollouts": shard.n_rollouts,
        "n_problems": shard.problems.n,
        "problem_kinds": shard.problems.counts,
    }


def _write_header(folder: Path, header: dict[str, Any]) -> None:
    temporary = folder / f"header-{secrets.token_hex(6)}.tmp"
    temporary.write_bytes(checksums.sealed(header))
    os.replace(temporary, folder / "header.json")


def _files_of(folder: Path) -> set[str]:
    """Return the names of the files that the header in this folder names."""
    try:
        return set(orjson.loads((folder / "header.json").read_bytes())["files"].values())
    except (OSError, orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return set()


def _sweep(folder: Path, replaced: set[str], keep: set[str]) -> None:
    """Remove the files of the build before, and what killed builds left; another process may be building just now."""
    for file in folder.iterdir():
        if file.name in keep or not file.name.startswith(("columns-", "bodies-", "header-")):
            continue
        with suppress(OSError):
            if file.name in replaced or time.time() - file.stat().st_mtime > ABANDONED_S:
                file.unlink()


def _write_columns(path: Path, shard: Shard, frames: FrameWriter | None) -> dict[str, tuple[str, int, int]]:
    """Write every array, aligned, and return name -> (dtype, byte offset, count)."""
    layout: dict[str, tuple[str, int, int]] = {}
    with open(path, "wb") as file:
        for name, values in _arrays(shard, frames):
            file.write(b"\0" * (-file.tell() % _ALIGN))
            layout[name] = (str(values.dtype), file.tell(), len(values))
            file.write(np.ascontiguousarray(values).data)
    return layout


def _arrays(shard: Shard, frames: FrameWriter | None) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield every array of an index by its name; each is made when its turn has come."""
    yield from ((column.name, shard.columns[column.name]) for column in (*NUMBERS, *CLASSES))
    for name in shard.facets:
        rows, values = shard.facets[name]
        dense = np.full(shard.n_rollouts, np.nan)
        dense[rows] = values
        yield f"facet {name}", dense
    kinds: dict[str, int] = {}
    codes = [kinds.setdefault(f"{kind}|{reason}", len(kinds)) for _, kind, reason in shard.problems.listed]
    yield "problem line", np.array([line for line, _, _ in shard.problems.listed], dtype="int64")
    yield "problem reason", np.array(codes, dtype="uint32")
    shard.vocabularies["problem reason"] = list(kinds)
    names = {kind: code for code, kind in enumerate(shard.problems.counts)}
    ranges = list(shard.problems.ranges())
    yield "range kind", np.array([names[one.kind] for one in ranges], dtype="uint32")
    for part in ("first", "last", "count"):
        yield f"range {part}", np.array([getattr(one, part) for one in ranges], dtype="int64")
    yield "blank line", np.array(shard.blanks, dtype="int64")
    if frames is not None:
        yield "raw starts", np.asarray(frames.raw_starts)
        yield "packed starts", np.asarray(frames.packed_starts)


def load_columns(folder: Path, header: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return every column of an index as a read-only view of the file."""
    path = folder / header["files"]["columns"]
    try:
        mapped: Any = np.memmap(path, mode="r", dtype="uint8") if path.stat().st_size else np.empty(0, "uint8")
        mapped = mapped.view(np.ndarray)  # a memmap takes ten times as long for one element
    except OSError as error:
        raise SourceChanged(f"{header['path']}: was re-indexed by another process; reopen it") from error
    columns = {}
    for name, (dtype, offset, count) in header["columns"].items():
        size = np.dtype(dtype).itemsize * count
        columns[name] = mapped[offset : offset + size].view(dtype) if count else np.empty(0, dtype)
    return columns
