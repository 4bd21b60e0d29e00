"""Bytes of a JSON document become records: the elements of an array, of one list in an object, or objects in a row.

Takes unpacked bytes in pieces and finds where each value begins and ends by its brackets and strings alone, holding one
record at a time; `lines.parse` judges what stands between. A record that never closes ends where the next one visibly
begins, so that one broken record is one problem. Whether bytes are a document or lines is for `file_layout` to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from rollout_curator.sources import limits
from rollout_curator.sources import lines as reader
from rollout_curator.sources.compression import BOM

HEAD_BYTES = 1 << 20
"""So much from the beginning is kept for who must guess at bytes whose first value does not close."""
DEPTH_MAX = 10_000
"""What is nested deeper is broken; `lines.parse` refuses much less."""
RESCANNED_MAX_BYTES = 64 << 20
"""What may be read again, in all, after records that do not close; then the rest of the document is one problem."""

_BETWEEN = re.compile(rb"[ \t\r\n\x1e,:]*+(?:\xef\xbb\xbf[ \t\r\n\x1e,:]*+)*+")
_INSIDE = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"[^"{}\[\]]*+){0,400}+')
_STRING = re.compile(rb"[^\"\\\n]*+(?:\\.[^\"\\\n]*+){0,400}+")
_SCALAR = re.compile(rb"[^,\[\]{}\n]++|[}\]]")
_OPENING = re.compile(rb'\{\s{0,200}+"[^"\\\n]{1,200}+"')
_OBJECTS = re.compile(rb"\[\s*+[{\]]")
_SPACE = b" \t\r\n\x1e,"
QUOTE, OBJECT, ARRAY, OBJECT_END, ARRAY_END, BACKSLASH = b'"{[}]\\'


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where it lies in the unpacked bytes, and in which line of the file it begins.

    `text` is None when it is longer than a line may be. `fault` is `cut` when the document ends inside it, `broken`
    when it does not close for another reason, `other` when it is an object that lacks the list of records, whose text
    is not kept; what has no fault may still be no JSON.
    """

    offset: int
    length: int
    text: bytes | None
    line: int
    fault: str = ""


class Splitter:
    """The records of one document, in order; `notes` are what must be told of the document as a whole.

    `path` leads to the list of records in an object; without one every object at the top is a record.
    """

    def __init__(self, pieces: Iterator[bytes], path: tuple[str, ...] = ()) -> None:
        self.notes: list[str] = []
        self._window = Window(pieces)
        self._path = path
        self._has_list = False

    def __iter__(self) -> Iterator[Record]:
        window = self._window
        while (first := window.next_byte()) is not None:
            if first == ARRAY:
                yield from self._elements()
            elif first == OBJECT and self._path:
                begin, line, self._has_list = window.place, window.line(), False
                yield from self._within(self._path)
                if not self._has_list:
                    yield Record(begin, window.place - begin, None, line, "other")
            else:
                yield window.record()

    def _elements(self) -> Iterator[Record]:
        window, record = self._window, None
        window.step()
        while (first := window.next_byte()) != ARRAY_END:
            if first is None:
                if record is None or not record.fault:
                    self.notes.append("the JSON array does not end: the file may be truncated after the last record")
                return
            record = window.record()
            yield record
        window.step()

    def _within(self, path: tuple[str, ...]) -> Iterator[Record]:
        """Yield the records of the list that `path` leads to in the object that begins here."""
        window = self._window
        window.step()
        while (first := window.next_byte()) not in (OBJECT_END, None):
            if first != QUOTE:
                yield window.record()
                continue
            key, first = window.key(), window.next_byte()
            if key == path[0] and first == ARRAY and len(path) == 1:
                self._has_list = True
                yield from self._elements()
            elif key == path[0] and first == OBJECT and len(path) > 1:
                yield from self._within(path[1:])
            elif first is not None and (record := window.record()).fault:
                yield record
        window.step()


class Window:
    """The part of a document that is held: from the value at hand to what was read last. Places are absolute."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.head = b""
        self._pieces = pieces
        self._held = bytearray()
        self._base = self._at = 0
        self._line, self._counted = 1, 0
        self._rescans = RESCANNED_MAX_BYTES
        self._n_values = self._n_brackets = 0
        self._indent: bytes | None = None
        self._sign: re.Pattern[bytes] | None = None

    def next_byte(self) -> int | None:
        """Pass over what stands between values and return the first byte of the next one, None at the end."""
        self._n_values += 1
        if self._n_values > limits.VALUES_MAX + self._at // limits.VALUE_BYTES:
            raise limits.TooMuch(f"more than {limits.VALUES_MAX:,} values are in it, most of them nearly empty")
        indent = None if self._at else b""
        while True:
            found = _BETWEEN.match(self._held, self._at - self._base)
            assert found is not None
            between, self._at = found.group(), self._base + found.end()
            indent = between[between.rfind(b"\n") + 1 :] if b"\n" in between else indent
            left = bytes(self._held[found.end() : found.end() + len(BOM)])
            if left and (len(left) == len(BOM) or not BOM.startswith(left)):
                break
            if not self._more(self._at, self._at):
                break
        self._indent = None if indent is None or indent.strip(BOM + b" \t\r") else indent
        return self._held[self._at - self._base] if self._at < self._end else None

    def step(self) -> None:
        """Pass over one byte."""
        self._at = min(self._at + 1, self._end)

    @property
    def place(self) -> int:
        """Return the offset that is reached."""
        return self._at

    def line(self) -> int:
        """Return the number of the line of the file that is reached."""
        self._count_to(self._at)
        return self._line

    def key(self) -> str | None:
        """Read a string and return it; None when it does not close or is no text."""
        try:
            found = orjson.loads(self.record().text or b"")
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, str) else None

    def is_list_of_objects(self) -> bool:
        """Whether the array that begins here is empty or begins with an object."""
        while self._end - self._at < 256 and self._more(self._at, self._at):
            pass
        return _OBJECTS.match(self._held, self._at - self._base) is not None

    def record(self) -> Record:
        """Read the value that begins here, or what stands in its place up to the next one."""
        start, line = self._at, self.line()
        sign = self._sign_of_next()
        end = self._end_of_value()
        fault = ""
        if end >= 0:
            self._at, self._sign = end, sign or self._sign
        elif self._resume(start, ~end, self._sign or sign):
            fault = "broken"
        else:
            fault = "cut" if ~end >= self._end else "broken"
            self._at = self._end
        length = self._at - start
        if length > reader.LINE_MAX_BYTES or start < self._base:
            return Record(start, length, None, line, fault)
        text = bytes(memoryview(self._held)[start - self._base : self._at - self._base]).rstrip(_SPACE)
        return Record(start, len(text), text, line, fault)

    @property
    def _end(self) -> int:
        return self._base + len(self._held)

    def _more(self, keep: int, at: int) -> bool:
        """Read on, holding what lies from `keep`; of a value too long to be kept only what lies from `at`."""
        keep = keep if at - keep <= reader.LINE_MAX_BYTES else at
        if keep > self._base:
            self._count_to(keep)
            del self._held[: keep - self._base]
            self._base = keep
        piece = next(self._pieces, b"")
        self._held += piece
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        return bool(piece)

    def _count_to(self, place: int) -> None:
        if place > self._counted:
            self._line += self._held.count(b"\n", self._counted - self._base, place - self._base)
            self._counted = place

    def _sign_of_next(self) -> "re.Pattern[bytes] | None":
        """Return how a record after this one would begin, judged by how this one does."""
        opening = _OPENING.match(self._held, self._at - self._base)
        if opening is None:
            return None
        if self._indent is not None:
            return re.compile(rb"\n" + re.escape(self._indent) + rb"(?=\{)")
        key = opening.group()[1:].strip()
        return re.compile(rb",\s{0,200}(?=\{\s{0,200}" + re.escape(key) + rb"\s{0,200}:)")

    def _end_of_value(self) -> int:
        """Return where the value at hand ends; where it proves broken, the complement (~) of that place."""
        first = self._held[self._at - self._base]
        if first in (OBJECT, ARRAY):
            return self._end_of_brackets(self._at)
        return self._end_of_string(self._at + 1, self._at) if first == QUOTE else self._end_of_scalar(self._at)

    def _end_of_brackets(self, start: int) -> int:
        closers, at = bytearray(), start
        while True:
            found = _INSIDE.match(self._held, at - self._base)
            assert found is not None
            at = self._base + found.end()
            if at >= self._end:
                if not self._more(start, at):
                    return ~at
                continue
            byte = self._held[at - self._base]
            self._n_brackets += 1
            if self._n_brackets > limits.BRACKETS_MAX + at // limits.BRACKET_BYTES:
                raise limits.TooMuch(f"more than {limits.BRACKETS_MAX:,} objects and lists hold next to nothing")
            if byte == QUOTE:
                if (at := self._end_of_string(at + 1, start)) < 0:
                    return at
                continue
            if byte in (OBJECT, ARRAY):
                closers.append(byte + 2)
            elif closers.pop() != byte:
                return ~at
            if len(closers) > DEPTH_MAX:
                return ~at
            at += 1
            if not closers:
                return at

    def _end_of_string(self, at: int, start: int) -> int:
        """Return where the string ends whose text goes on at `at`; a line end inside it is no JSON."""
        while True:
            found = _STRING.match(self._held, at - self._base)
            assert found is not None
            at = self._base + found.end()
            byte = self._held[at - self._base] if at < self._end else None
            if byte == QUOTE:
                return at + 1
            if byte is None or (byte == BACKSLASH and at + 1 == self._end):
                if not self._more(start, at):
                    return ~self._end
            elif byte != BACKSLASH or self._held[at + 1 - self._base] == 10:
                return ~at

    def _end_of_scalar(self, start: int) -> int:
        at = start
        while (found := _SCALAR.match(self._held, at - self._base)) is not None:
            at = self._base + found.end()
            if at < self._end or not self._more(start, at):
                break
        return at

    def _resume(self, start: int, at: int, sign: "re.Pattern[bytes] | None") -> bool:
        """Go to where the next record begins after one that proved broken at `at`; return whether there is one."""
        since = start + 1
        while sign is not None and self._rescans > 0:
            since = max(since, self._base)
            if found := sign.search(self._held, since - self._base):
                self._at = self._base + found.end()
                self._rescans -= max(0, at - self._at)
                return True
            since = max(since, self._end - 512)
            if not self._more(start, self._end):
                return False
        while self._more(self._end, self._end):
            pass
        return False
