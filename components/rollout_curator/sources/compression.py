"""A file on disk becomes a stream of bytes: opened without blocking, unpacked, with what is wrong with it said.

Knows files and compression, plain, gzip, zstd and bzip2 by their first bytes, and Parquet, which is read elsewhere. A
file that is no source of rollouts at all is an error (`SourceError`); a cut or damaged end is a note, and the lines
before it are kept.
"""

import bz2
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import xxhash
import zstandard

from rollout_curator.errors import SourceNotFound, SourceRefused, SourceUnreadable
from rollout_curator.files.path_access import NotRegular, open_regular
from rollout_curator.printable import shown
from rollout_curator.sources.limits import require_unpacked

BOM = b"\xef\xbb\xbf"
CHUNK_BYTES = 1 << 20


ZSTD_WINDOW_MAX_BYTES = 128 << 20


_TEXTS, _PACKED = (".jsonl", ".ndjson", ".json"), ("", ".gz", ".zst", ".bz2")
SUFFIXES = (*(text + packed for text in _TEXTS for packed in _PACKED), ".parquet")
"""What a file of rollouts in a folder is called."""
SUFFIXES_SAID = f"{', '.join(_TEXTS)} (also with {', '.join(_PACKED[1:-1])} or {_PACKED[-1]}) or .parquet"


_BZIP2 = re.compile(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)")
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_GZIP = re.compile(rb"\x1f\x8b(\x08|\Z)")
"""Gzip data, or the two bytes that a cut left of them; two bytes alone may begin any damaged line (RFC 1952, 2.3.1)."""


@dataclass(slots=True)
class Opened:
    """An open source: its descriptor, how it is packed, and what must be told of the file as a whole."""

    path: Path
    file: BinaryIO
    packing: str
    notes: list[str] = field(default_factory=list)


def open_source(path: Path) -> Opened:
    """Open a regular file without blocking and say how it is packed, by its first bytes.

    Raises SourceNotFound, SourceRefused (folder, pipe, device, no permission) or SourceUnreadable.
    """
    name = shown(path)
    try:
        descriptor = open_regular(path)
    except NotRegular as error:
        raise SourceRefused(f"{name}: not a regular file") from error
    except (FileNotFoundError, ValueError) as error:  # ValueError: a NUL in the path
        raise SourceNotFound(f"{name}: no such file") from error
    except OSError as error:
        raise SourceRefused(f"{name}: cannot be opened ({error.strerror})") from error
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        head = file.read(4096) if os.fstat(descriptor).st_size else b""
        file.seek(0)
        return Opened(path, file, _packing(head, name))
    except BaseException:
        file.close()
        raise


def _packing(head: bytes, name: str) -> str:
    if not head:
        raise SourceUnreadable(f"{name}: the file is empty")
    if _GZIP.match(head):
        return "gzip"
    if head[:4] == b"\x28\xb5\x2f\xfd" or _ZSTD_SKIPPABLE.match(head):
        return "zstd"
    if _BZIP2.match(head):
        return "bzip2"
    if head[:4] == b"PAR1":
        return "parquet"
    refuse_other_files(head, name)
    return "plain"


def refuse_other_files(head: bytes, name: str) -> None:
    """Raise SourceUnreadable when the first bytes are those of another kind of file than JSON."""
    start = head.removeprefix(BOM).lstrip()[:64].lower()
    reason = None
    few, many = sorted(head[first:64:2].count(0) for first in (0, 1))
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (not few and len(head) > 8 and many > len(head[1:64:2]) * 0.9):
        reason = "is UTF-16; save it as UTF-8"
    elif head.startswith(b"version https://git-lfs.github.com/spec/"):
        reason = "is a Git LFS pointer; run `git lfs pull`"
    elif head[:4] == b"PK\x03\x04":
        reason = "is a zip archive; unpack it"
    elif head[:4] == b"PAR1":
        reason = "is a Parquet file inside a compressed one; unpack it"
    elif start.startswith((b"<!doctype html", b"<html")):
        reason = "is an HTML page, perhaps a login page saved as data"
    elif _GZIP.match(head) or head[:4] == b"\x28\xb5\x2f\xfd" or _BZIP2.match(head):
        reason = "is compressed twice; decompress it once"
    if reason:
        raise SourceUnreadable(f"{name}: {reason}")


def chunks(source: Opened) -> Iterator[bytes]:
    """Yield the unpacked bytes of a source in pieces of bounded size; a cut or a tail of rubbish is noted.

    Raises TooMuch when a packed source turns out far larger than its file.
    """
    unpack = {"gzip": _gunzip, "zstd": _unzstd, "bzip2": _bunzip2, "plain": _plain}[source.packing]
    first = is_packed = source.packing != "plain"
    size, n_bytes = os.fstat(source.file.fileno()).st_size, 0
    try:
        for chunk in unpack(source):
            n_bytes += len(chunk)
            if is_packed:
                require_unpacked(n_bytes, size)
            if first and chunk:
                refuse_other_files(chunk[:4096], shown(source.path))
                first = False
            yield chunk
    except OSError as error:
        raise SourceUnreadable(f"{shown(source.path)}: cannot be read ({error.strerror})") from error


def _plain(source: Opened) -> Iterator[bytes]:
    while chunk := source.file.read(CHUNK_BYTES):
        yield chunk


def _gunzip(source: Opened) -> Iterator[bytes]:
    name = shown(source.path)
    inflate = zlib.decompressobj(31)
    pending = b""
    while True:
        pending = pending or source.file.read(1 << 16)
        if inflate.eof:
            pending = pending.lstrip(b"\0")
            if not pending:
                if source.file.read(1) == b"":
                    return
                source.file.seek(-1, os.SEEK_CUR)
                continue
            while len(pending) < 3 and (more := source.file.read(1 << 16)):
                pending += more
            if not _GZIP.match(pending):
                source.notes.append("bytes after the gzip data were ignored")
                return
            inflate = zlib.decompressobj(31)
        if not pending:
            source.notes.append("the gzip data is truncated: lines up to the break were read")
            return
        try:
            unpacked = inflate.decompress(pending, CHUNK_BYTES)
        except zlib.error as error:
            if "incorrect" in str(error) and "check" in str(error):
                message = f"{name}: gzip checksum mismatch, the file is damaged; download it again"
                raise SourceUnreadable(message) from error
            source.notes.append(f"the gzip data is damaged ({error}): lines up to there were read")
            return
        pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        if unpacked:
            yield unpacked


def _unzstd(source: Opened) -> Iterator[bytes]:
    """Unpack frame by frame, because a stream reader ends without a word on a cut frame."""
    name = shown(source.path)
    unpacker = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX_BYTES)
    pending = b""
    delivered = False
    while True:
        pending = pending if len(pending) >= 8 else pending + source.file.read(1024)
        if not pending:
            return
        if _ZSTD_SKIPPABLE.match(pending):
            size = 8 + int.from_bytes(pending[4:8], "little")
            source.file.seek(max(0, size - len(pending)), os.SEEK_CUR)
            pending = pending[size:]
            continue
        frame, began = unpacker.decompressobj(), False
        while not frame.eof:
            if not pending and not (pending := source.file.read(1024)):
                source.notes.append("the zstd data is truncated: lines up to the break were read")
                return
            try:
                unpacked = frame.decompress(pending)
            except zstandard.ZstdError as error:
                if not delivered:
                    raise SourceUnreadable(f"{name}: the zstd data cannot be unpacked ({error})") from error
                if began:
                    source.notes.append(f"the zstd data is damaged ({error}): lines up to there were read")
                else:
                    source.notes.append(f"bytes after the zstd data were ignored ({error})")
                return
            began = True
            pending = frame.unused_data if frame.eof else b""
            if unpacked:
                delivered = True
                yield unpacked


def _bunzip2(source: Opened) -> Iterator[bytes]:
    """Unpack stream by stream; pbzip2 writes many, one after the other."""
    unpacker, pending, delivered = bz2.BZ2Decompressor(), b"", False
    while True:
        if unpacker.eof:
            pending = unpacker.unused_data.lstrip(b"\0")
            while len(pending) < 10 and (more := source.file.read(1 << 16)):
                pending = (pending + more).lstrip(b"\0")
            if not pending:
                return
            if not _BZIP2.match(pending):
                source.notes.append("bytes after the bzip2 data were ignored")
                return
            unpacker = bz2.BZ2Decompressor()
        if unpacker.needs_input and not pending and not (pending := source.file.read(1 << 16)):
            source.notes.append("the bzip2 data is truncated: lines up to the break were read")
            return
        try:
            unpacked = unpacker.decompress(pending, CHUNK_BYTES)
        except OSError as error:
            if not delivered:
                raise SourceUnreadable(f"{shown(source.path)}: the bzip2 data cannot be unpacked") from error
            source.notes.append("the bzip2 data is damaged: lines up to there were read")
            return
        pending = b""
        if unpacked:
            delivered = True
            yield unpacked


def fingerprint(path: Path) -> str:
    """Return a hash of the whole file: what tells a touched file from a rewritten one of the same size."""
    digest = xxhash.xxh3_128()
    with open(path, "rb") as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()
