"""Lists of an entry per token, such as log probabilities, are cut to their first entry in a line too full to parse.

Takes the bytes of one JSON object and gives shorter ones that hold all that becomes conversation. Only lists that no
conversion reads are cut (`key_tracker.TOKEN_KEYS`), where they are known to stand: at the top of the line and of its
`response`, in answers, calls and reasoning, and in the text parts of answers. So `"logprobs": [{"token": "a", ...},
{"token": "b", ...}]` becomes `"logprobs": [{"token": "a", ...}]`, and whoever asks whether there are any is told the
same. What is cut out is not judged here: `pieces` say where it lies, for the reader to look at some at a time.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rollout_curator.sources import limits
from rollout_curator.sources.shapes.key_tracker import TOKEN_KEYS

WINDOW_BYTES = 256 << 10
"""A list is looked at, and what is cut out of it is parsed, so much at a time, or an entry at a time."""
STEPS_MAX = 200_000
"""So many keys and elements are looked at one by one; of a real line some thousands are."""

_SPACE = rb"[ \t\r\n]*+"
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_VALUE = re.compile(_STRING + rb'|[^\s,"{}\[\]]++', re.DOTALL)
_KEY = re.compile(_SPACE + rb"(" + _STRING + rb")" + _SPACE + rb":" + _SPACE, re.DOTALL)
_GAP = re.compile(_SPACE)
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:' + _STRING + rb'[^"{}\[\]]*+){0,400}+', re.DOTALL)

_FIRST_WINDOW = 1 << 10
_QUOTE, _COMMA = b'",'
_STEP = np.array([1 if code in b"[{" else -1 if code in b"]}" else 0 for code in range(256)], dtype=np.int8)
_CUT = frozenset(b'"%b"' % key.encode() for key in TOKEN_KEYS)
_SEQUENCES = frozenset((b'"output"', b'"messages"', b'"completion"'))
_MESSAGE = (b"", b"null", b'"message"')
_MADE_BY_POLICY = (b'"function_call"', b'"reasoning"')
_TEXTS = (b'"output_text"', b'"text"')


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A shorter line, and where in the long one the entries lie that were cut, each piece with the comma before it."""

    text: bytes
    pieces: list[tuple[int, int]]


class _Puzzled(Exception):
    """The line is no JSON, or more than may be parsed stands outside the lists that are cut."""


def trim(line: bytes) -> Trimmed | None:
    """Return a line without its long lists of tokens, None where it has none or is no JSON object.

    Where the shorter line is JSON and every piece is, the line was.
    """
    if not any(key in line for key in _CUT):
        return None
    walk = _Walk(line)
    try:
        walk.line()
    except _Puzzled:
        return None
    if not walk.pieces:
        return None
    kept, at = [], 0
    for start, end in walk.pieces:
        kept.append(line[at:start])
        at = end
    return Trimmed(b"".join([*kept, line[at:]]), walk.pieces)


@dataclass(frozen=True, slots=True)
class Split:
    """Where a list or object ends, -1 where it does not; its first comma, and the last one in each of its windows."""

    end: int
    commas: list[int]


def split(text: bytes, start: int) -> Split:
    """Return where the list or object that begins at `start` ends, and some of the commas between its own elements.

    Brackets in strings are none. Of what is no JSON it only says something; nothing is read twice.
    """
    at, size, depth, is_inside = start, _FIRST_WINDOW, 0, 0
    commas: list[int] = []
    while window := _whole_escapes(text[at : at + size]):
        codes = np.frombuffer(window, dtype=np.uint8)
        inside = np.cumsum(codes == _QUOTE, dtype=np.uint8) + np.uint8(is_inside) & 1
        steps = np.where(inside, 0, _STEP[codes])
        depths = np.cumsum(steps, dtype=np.int32) + np.int32(depth)
        ends = np.flatnonzero((depths == 0) & (steps < 0))
        n_read = int(ends[0]) + 1 if len(ends) else len(window)
        between = np.flatnonzero((codes == _COMMA) & (inside == 0) & (depths == 1))
        between = between[between < n_read]
        if len(between) and not commas:
            commas.append(at + int(between[0]))
        if len(between) and at + int(between[-1]) > commas[-1]:
            commas.append(at + int(between[-1]))
        if len(ends):
            return Split(at + n_read, commas)
        at, size = at + n_read, min(4 * size, WINDOW_BYTES)
        depth, is_inside = int(depths[-1]), int(inside[-1])
    return Split(-1, commas)


def _whole_escapes(window: bytes) -> bytes:
    """Return a part of JSON with other bytes in place of escaped quotes and backslashes, without half an escape."""
    if b"\\" not in window:
        return window
    plain = window.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    return plain.removesuffix(b"\\")


class _Walk:
    """A walk over one line from value to value; each method begins at a value, or in an object, and ends behind it."""

    def __init__(self, text: bytes) -> None:
        self.pieces: list[tuple[int, int]] = []
        self._text = text
        self._at = 0
        self._steps = 0
        self._passed = 0

    def line(self) -> None:
        """Walk over the whole line."""
        self._space()
        for key in self._keys():
            if key in _CUT:
                self._tokens()
            elif key in _SEQUENCES:
                self._each(self._item)
            elif key == b'"response"' and self._first() == b"{":
                self._response()
            else:
                self._pass()
        self._space()
        if self._at < len(self._text):
            raise _Puzzled

    def _response(self) -> None:
        for key in self._keys():
            if key in _CUT:
                self._tokens()
            elif key == b'"output"':
                self._each(self._item)
            else:
                self._pass()

    def _item(self) -> None:
        """Walk over a message or item; lists are cut only in what the policy made, and its shape is known."""
        said: dict[bytes, bytes] = {}
        n_pieces, content = len(self.pieces), (0, 0)
        for key in self._keys(said):
            before = len(self.pieces)
            if key in _CUT:
                self._tokens()
            elif key == b'"content"':
                self._each(self._part)
                content = before, len(self.pieces)
            else:
                said[key] = self._pass()
        kind = said.get(b'"type"', b"")
        is_message = kind in _MESSAGE and said.get(b'"role"') == b'"assistant"'
        if not is_message:
            del self.pieces[slice(*content)]
        if not (is_message or kind in _MADE_BY_POLICY) or _is_spelled_out(said):
            del self.pieces[n_pieces:]

    def _part(self) -> None:
        said: dict[bytes, bytes] = {}
        n_pieces = len(self.pieces)
        for key in self._keys(said):
            if key in _CUT:
                self._tokens()
            else:
                said[key] = self._pass()
        if said.get(b'"type"') not in _TEXTS or _is_spelled_out(said):
            del self.pieces[n_pieces:]

    def _tokens(self) -> None:
        """Cut a list to its first entry, and each of the lists right inside an object."""
        if self._first() == b"[":
            self._entries()
        elif self._first() == b"{":
            for _ in self._keys():
                if self._first() == b"[":
                    self._entries()
                else:
                    self._pass()
        else:
            self._pass()

    def _entries(self) -> None:
        found = split(self._text, self._at)
        if found.end < 0:
            raise _Puzzled
        self.pieces.extend(pairwise([*found.commas, found.end - 1] if found.commas else []))
        self._at = found.end

    def _each(self, walk_over: Callable[[], None]) -> None:
        """Walk over the objects in a list one by one; any other value is passed."""
        if self._first() != b"[":
            self._pass()
            return
        self._step()
        while self._first() != b"]":
            if self._first() == b"{":
                walk_over()
            else:
                self._pass()
            self._comma()
        self._at += 1

    def _keys(self, said: dict[bytes, bytes] | None = None) -> Iterator[bytes]:
        """Yield the keys of the object at hand, each when its value is reached; who takes one goes behind the value."""
        if self._first() != b"{":
            raise _Puzzled
        self._step()
        while found := _KEY.match(self._text, self._at):
            self._at = found.end()
            if said is not None:
                said.setdefault(found.group(1), b"")
            yield found.group(1)
            self._comma()
        if self._first() != b"}":
            raise _Puzzled
        self._at += 1

    def _comma(self) -> None:
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise _Puzzled
        self._space()
        if self._first() == b",":
            self._step()
        elif self._first() not in (b"]", b"}"):
            raise _Puzzled

    def _pass(self) -> bytes:
        """Go behind a value, and return it where it is no object and no list."""
        if self._first() in (b"{", b"["):
            self._pass_brackets()
            return b""
        found = _VALUE.match(self._text, self._at)
        if found is None:
            raise _Puzzled
        self._at = found.end()
        return found.group() if found.end() - found.start() < 100 else b""

    def _pass_brackets(self) -> None:
        depth, text = 0, self._text
        while True:
            found = _TO_BRACKET.match(text, self._at)
            assert found is not None
            at, byte = found.end(), text[found.end() : found.end() + 1]
            if byte in (b"{", b"["):
                depth += 1
                self._passed += 1
                if self._passed > limits.CONTAINERS_MAX:
                    raise _Puzzled
            elif byte in (b"}", b"]"):
                depth -= 1
            elif byte != b'"' or at == self._at:
                raise _Puzzled
            self._at = at if byte == b'"' else at + 1
            if depth == 0:
                return

    def _first(self) -> bytes:
        return self._text[self._at : self._at + 1]

    def _step(self) -> None:
        self._at += 1
        self._space()

    def _space(self) -> None:
        found = _GAP.match(self._text, self._at)
        assert found is not None
        self._at = found.end()


def _is_spelled_out(said: dict[bytes, bytes]) -> bool:
    """Whether a key is written with escapes, so that it may be one of those that decide."""
    return any(b"\\" in key for key in said)
