"""Bytes become numbered lines, and a line becomes a JSON object.

Knows line ends and JSON; knows nothing of files (`compression` does) or rollouts (`formats` does).
Only LF ends a line, so the number shown is the one of `sed -n Np`. A bad line is data
(`Unreadable`). One parser decides for the index, the preview and the export: orjson, and json where orjson
refuses or would change a big integer.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import orjson

from rollout_curator.rollout import Unreadable
from rollout_curator.sources import token_lists
from rollout_curator.sources.limits import CONTAINERS_MAX, LONGEST_BYTES, TooMuch, has_too_many_values

LINE_MAX_BYTES = 64 << 20


SEVERAL = "several_objects"
"""The kind of a line that is nothing but JSON objects without a line end between them."""
_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_COUNTED_MAX = 1000


_DIGITS_AS_ZERO = bytes(48 if 48 <= code < 58 else code for code in range(256))


_LONG_NUMBER = b"0" * 19


_BIG_INTEGER = re.compile(rb"[\[:,\s]-?[0-9]{19,}\s*[,\]}]")


_ESCAPED_HALF = re.compile(
    rb"\\\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\\\u[dD][c-fC-F])|(?<!\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD])[c-fC-F])"
)
"""Half a surrogate pair, escaped in a text that is JSON itself, such as arguments; both halves far apart count too."""


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


_NOTES = ("lone_surrogate", "non_finite_number", "escaped_surrogate")
"""What parsing may notice, in the order in which it is reported."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its newline, and how often it stands there in a row; `text` is None beyond the limit."""

    offset: int
    length: int
    text: bytes | None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Parsed:
    """The JSON object of a line, and what parsing noticed (`lone_surrogate`, `escaped_surrogate`, `non_finite_number`).

    `tokens_not_read` says that lists of an entry per token were cut to their first one, in a line too full to parse.
    `escaped_surrogate` says that half a pair may come out where a text of the line is read as JSON again.
    """

    obj: dict[str, Any]
    notes: tuple[str, ...] = ()


def lines(pieces: Iterator[bytes]) -> Iterator[Line | int]:
    """Yield every line with its offset in the unpacked bytes; runs of empty lines come as a number of lines.

    Neighbouring lines that are the same come as one with its number. A line without a newline at the end of the source
    is a line. One longer than 64 MiB is told and not kept. Raises TooMuch for one of many GiB.
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
        is_open = bool(held and whole)
        if is_open:
            length = held_bytes + len(whole[0])
            yield Line(offset, length, b"".join([*held, whole[0]]) if length <= LINE_MAX_BYTES else None)
            offset, held, held_bytes = offset + length + 1, [], 0
        for part, alike in groupby(islice(whole, is_open, None)):
            length, times = len(part), len(list(alike))
            yield Line(offset, length, part if length <= LINE_MAX_BYTES else None, times)
            offset += (length + 1) * times
        if rest:
            held_bytes += len(rest)
            held = [*held, rest] if held_bytes <= LINE_MAX_BYTES else [b""]
            if held_bytes > LONGEST_BYTES:
                raise TooMuch(f"a line is longer than {LONGEST_BYTES >> 30} GiB")
    if held_bytes:
        yield Line(offset, held_bytes, b"".join(held) if held_bytes <= LINE_MAX_BYTES else None)


def _has_long_number(text: bytes) -> bool:
    """Whether 19 digits stand together, as in every integer beyond 64 bits."""
    return _LONG_NUMBER in text.translate(_DIGITS_AS_ZERO)


def parse(text: bytes) -> Parsed | Unreadable:
    """Return the JSON object of one line, or why there is none. Never raises because of the text."""
    if not has_too_many_values(text):
        return _parse(text)
    found = _parse_trimmed(text)
    if found is None:
        return Unreadable("too_many_values", f"more than {CONTAINERS_MAX:,} objects and lists, or as many small values")
    return found


def readable(text: bytes) -> bytes:
    """Return what `parse` reads of a line that it reads: all, or what is left without long lists of tokens."""
    trimmed = token_lists.trim(text) if has_too_many_values(text) else None
    return text if trimmed is None else trimmed.text


def _parse_trimmed(text: bytes) -> Parsed | None:
    """Return the object of a line too full to parse, without its long lists of tokens; None where that does not help.

    The notes are those of the whole line: what is cut out is parsed as well, a piece at a time.
    """
    trimmed = token_lists.trim(text)
    if trimmed is None or has_too_many_values(trimmed.text):
        return None
    found = _parse(trimmed.text)
    if isinstance(found, Unreadable):
        return None
    notes = set(found.notes)
    for start, end in trimmed.pieces:
        piece = b"[0" + text[start:end] + b"]"
        more = None if has_too_many_values(piece) else _notes(piece)
        if more is None:
            return None
        notes.update(more)
    if "lone_surrogate" not in notes and "non_finite_number" in notes and _HALF.search(text):
        notes.add("lone_surrogate")
    if _ESCAPED_HALF.search(text):
        notes.add("escaped_surrogate")
    return Parsed(found.obj, (*(note for note in _NOTES if note in notes), "tokens_not_read"))


def _notes(piece: bytes) -> tuple[str, ...] | None:
    """Return what parsing notices of a piece, None where it is no JSON; what it holds is let go of."""
    try:
        orjson.loads(piece)
    except (orjson.JSONDecodeError, ValueError):
        decided = _parse_again(piece)
        return None if isinstance(decided, Unreadable) else decided[1]
    return ()


def _parse(text: bytes) -> Parsed | Unreadable:
    try:
        obj = orjson.loads(text)
        notes: tuple[str, ...] = ()
        if _has_long_number(text) and _BIG_INTEGER.search(text):
            obj = json.loads(text)
    except RecursionError:
        return Unreadable("too_deep", "nested too deeply to read")
    except (orjson.JSONDecodeError, ValueError) as refusal:
        if "ecursion" in str(refusal):
            return Unreadable("too_deep", "nested too deeply to read")
        decided = _parse_again(text)
        if isinstance(decided, Unreadable):
            return decided
        obj, notes = decided
    if _ESCAPED_HALF.search(text):
        notes += ("escaped_surrogate",)
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
        return Unreadable("too_deep", "nested too deeply to read")
    except json.JSONDecodeError as error:
        return _more_than_one(error) or Unreadable("not_json", f"not JSON: {_complaint(error)}")
    except ValueError:
        return Unreadable("not_json", "not JSON: a number with too many digits")
    notes = []
    if b"\\u" in text and _HALF.search(text):
        notes.append("lone_surrogate")
    if strange:
        notes.append("non_finite_number")
    return obj, tuple(notes)


def _complaint(error: json.JSONDecodeError) -> str:
    place = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno} of it, column {error.colno}"
    return f"{error.msg[:1].lower()}{error.msg[1:].removesuffix(' at')} at {place}"


def _more_than_one(error: json.JSONDecodeError) -> Unreadable | None:
    """Say it when a line is nothing but whole JSON objects one after the other, or one and a comma."""
    text, at, n_objects = error.doc, error.pos, 1
    if error.msg != "Extra data" or not text.lstrip().startswith("{"):
        return None
    try:
        while (at := _end_of_gap(text, at)) < len(text) and n_objects < _COUNTED_MAX:
            value, at = _DECODER.raw_decode(text, at)
            if not isinstance(value, dict):
                return None
            n_objects += 1
    except (ValueError, RecursionError):
        return None
    if n_objects == 1:
        return Unreadable(SEVERAL, "a comma follows the JSON object; remove it")
    many = f"{_COUNTED_MAX:,} or more" if n_objects == _COUNTED_MAX else str(n_objects)
    return Unreadable(SEVERAL, f"{many} JSON objects on one line; write each on its own line")


def _end_of_gap(text: str, at: int) -> int:
    """Return where the white space and commas that begin at `at` end."""
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _json_type(value: Any) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")
