"""Bytes on disk become numbered lines, and a line becomes a JSON object.

Knows files, compression, line ends and JSON; knows nothing of rollouts (`formats` does).
Only LF ends a line, so the number shown is the one of `sed -n Np`. A bad line is data
(`Unreadable`), a bad file is an error (`SourceError`). One parser decides for the index, the
preview and the export: orjson, and json where orjson refuses or would change a big integer.
"""

import json
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import zstandard

from rollout_curator.errors import SourceNotFound, SourceRefused, SourceUnreadable
from rollout_curator.rollout import Unreadable

CHUNK_BYTES = 1 << 20
LINE_MAX_BYTES = 64 << 20
ZSTD_WINDOW_MAX_BYTES = 128 << 20
SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".json.gz", ".jsonl.zst", ".json.zst")

BOM = b"\xef\xbb\xbf"
_DIGITS_AS_ZERO = bytes(48 if 48 <= code < 58 else code for code in range(256))
_BIG_INTEGER = re.compile(rb"[\[:,\s]-?[0-9]{19,}\s*[,\]}]")
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")


@dataclass(slots=True)
class Opened:
    """An open source: its descriptor, how it is packed, and what must be told of the file as a whole."""

    path: Path
    file: BinaryIO
    packing: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its newline; `text` is None when it is longer than the limit."""

    offset: int
    length: int
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """The JSON object of a line, and what parsing noticed (`lone_surrogate`, `non_finite_number`)."""

    obj: dict[str, Any]
    notes: tuple[str, ...] = ()


def show_path(path: Path | str) -> str:
    """Return the path as text that can be printed and encoded, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def open_source(path: Path) -> Opened:
    """Open a regular file without blocking and say how it is packed, by its first bytes.

    Raises SourceNotFound, SourceRefused (folder, pipe, device, no permission) or SourceUnreadable.
    """
    shown = show_path(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as error:
        raise SourceNotFound(f"{shown}: no such file") from error
    except OSError as error:
        raise SourceRefused(f"{shown}: cannot be opened ({error.strerror})") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceRefused(f"{shown}: is not a regular file, so it is not opened")
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        head = file.read(4096) if os.fstat(descriptor).st_size else b""
        file.seek(0)
        return Opened(path, file, _packing(head, shown))
    except BaseException:
        file.close()
        raise


def _packing(head: bytes, shown: str) -> str:
    if not head:
        raise SourceUnreadable(f"{shown}: the file is empty")
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:4] == b"\x28\xb5\x2f\xfd" or _ZSTD_SKIPPABLE.match(head):
        return "zstd"
    refuse_other_files(head, shown)
    return "plain"


def refuse_other_files(head: bytes, shown: str) -> None:
    """Raise SourceUnreadable when the first bytes are those of another kind of file than JSON lines."""
    start = head.removeprefix(BOM).lstrip()[:64].lower()
    reason = None
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(head) > 8 and head[1:64:2].count(0) > len(head[1:64:2]) * 0.9):
        reason = "is UTF-16, save it as UTF-8"
    elif head.startswith(b"version https://git-lfs.github.com/spec/"):
        reason = "is a Git LFS pointer, run `git lfs pull`"
    elif head[:4] in (b"PK\x03\x04", b"PAR1"):
        reason = "is a zip or Parquet file, not JSON lines"
    elif start.startswith((b"<!doctype html", b"<html")):
        reason = "is an HTML page, perhaps a log-in page saved as data"
    elif head[:2] == b"\x1f\x8b" or head[:4] == b"\x28\xb5\x2f\xfd":
        reason = "is compressed twice, unpack it once"
    if reason:
        raise SourceUnreadable(f"{shown}: {reason}")


def chunks(source: Opened) -> Iterator[bytes]:
    """Yield the unpacked bytes of a source in pieces of bounded size; a cut or a tail of rubbish is noted."""
    unpack = {"gzip": _gunzip, "zstd": _unzstd, "plain": _plain}[source.packing]
    first = source.packing != "plain"
    for chunk in unpack(source):
        if first and chunk:
            refuse_other_files(chunk[:4096], show_path(source.path))
            first = False
        yield chunk


def _plain(source: Opened) -> Iterator[bytes]:
    while chunk := source.file.read(CHUNK_BYTES):
        yield chunk


def _gunzip(source: Opened) -> Iterator[bytes]:
    shown = show_path(source.path)
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
            if pending[:2] != b"\x1f\x8b":
                source.notes.append("bytes after the gzip data were ignored")
                return
            inflate = zlib.decompressobj(31)
        if not pending:
            source.notes.append("the gzip data is cut off: lines up to the cut were read")
            return
        try:
            unpacked = inflate.decompress(pending, CHUNK_BYTES)
        except zlib.error as error:
            if "incorrect" in str(error) and "check" in str(error):
                message = f"{shown}: the gzip checksum does not fit, the file is damaged; fetch it again"
                raise SourceUnreadable(message) from error
            source.notes.append(f"the gzip data is damaged ({error}): lines up to there were read")
            return
        pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        if unpacked:
            yield unpacked


def _unzstd(source: Opened) -> Iterator[bytes]:
    """Unpack frame by frame, because a stream reader ends without a word on a cut frame."""
    shown = show_path(source.path)
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
        frame = unpacker.decompressobj()
        while not frame.eof:
            if not pending and not (pending := source.file.read(1024)):
                source.notes.append("the zstd data is cut off: lines up to the cut were read")
                return
            try:
                unpacked = frame.decompress(pending)
            except zstandard.ZstdError as error:
                if not delivered:
                    raise SourceUnreadable(f"{shown}: the zstd data cannot be unpacked ({error})") from error
                source.notes.append(f"bytes after the zstd data were ignored ({error})")
                return
            pending = frame.unused_data if frame.eof else b""
            if unpacked:
                delivered = True
                yield unpacked


def lines(pieces: Iterator[bytes]) -> Iterator[Line | int]:
    """Yield every line with its offset in the unpacked bytes; runs of empty lines come as a number of lines.

    A line without a newline at the end of the source is a line. One longer than 64 MiB is told and not kept.
    """
    offset = 0
    held: list[bytes] = []
    held_bytes = 0
    for piece in pieces:
        if not held and not piece.strip():
            blank, tail = piece.count(b"\n"), piece.rfind(b"\n") + 1
            if blank:
                yield blank
            offset += tail
            piece = piece[tail:]
        *whole, rest = piece.split(b"\n")
        for part in whole:
            length = held_bytes + len(part)
            if held:
                held.append(part)
                text = b"".join(held) if length <= LINE_MAX_BYTES else None
                held, held_bytes = [], 0
            else:
                text = part
            yield Line(offset, length, text)
            offset += length + 1
        if rest:
            held_bytes += len(rest)
            held = [*held, rest] if held_bytes <= LINE_MAX_BYTES else [b""]
    if held_bytes:
        yield Line(offset, held_bytes, b"".join(held) if held_bytes <= LINE_MAX_BYTES else None)


def parse(text: bytes) -> Parsed | Unreadable:
    """Return the JSON object of one line, or why there is none. Never raises because of the text."""
    try:
        obj = orjson.loads(text)
        notes: tuple[str, ...] = ()
        if b"0000000000000000000" in text.translate(_DIGITS_AS_ZERO) and _BIG_INTEGER.search(text):
            obj = json.loads(text)
    except (orjson.JSONDecodeError, ValueError) as refusal:
        if "ecursion" in str(refusal):
            return Unreadable("too_deep", "nested too deep to read")
        decided = _parse_again(text)
        if isinstance(decided, Unreadable):
            return decided
        obj, notes = decided
    if not isinstance(obj, dict):
        return Unreadable("not_object", f"a JSON {_json_type(obj)}, not an object")
    return Parsed(obj, notes)


def _parse_again(text: bytes) -> tuple[Any, tuple[str, ...]] | Unreadable:
    """Let json decide what orjson refused: lone surrogates, NaN, Infinity and 1e400 are read and noted."""
    strange: list[float] = []

    def read_float(literal: str) -> float:
        value = float(literal)
        if value in (float("inf"), float("-inf")):
            strange.append(value)
        return value

    def read_constant(literal: str) -> float:
        strange.append(float(literal))
        return strange[-1]

    try:
        obj = json.loads(text.decode("utf-8"), parse_float=read_float, parse_constant=read_constant)
    except UnicodeDecodeError as error:
        return Unreadable("invalid_utf8", f"not UTF-8: byte {error.start + 1} of the line is not valid")
    except RecursionError:
        return Unreadable("too_deep", "nested too deep to read")
    except json.JSONDecodeError as error:
        return Unreadable("not_json", f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} at column {error.colno}")
    except ValueError:
        return Unreadable("not_json", "not JSON: a number with too many digits")
    notes = []
    if b"\\u" in text and re.search(rb"\\u[dD][89a-fA-F]", text):
        notes.append("lone_surrogate")
    if strange:
        notes.append("non_finite_number")
    return obj, tuple(notes)


def _json_type(value: Any) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")
