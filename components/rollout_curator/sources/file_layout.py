"""Whether the bytes of a source are lines or a JSON document, and where in a document its records lie.

Judged by how the first value begins and ends; when it does not end, by the lines that follow. A file whose lines are
JSON objects is always read as lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import orjson

from rollout_curator.sources.documents import ARRAY, ARRAY_END, OBJECT, OBJECT_END, QUOTE, Window
from rollout_curator.sources.limits import KEYS_MAX

LISTS = frozenset(
    ("rollouts", "data", "records", "results", "samples", "episodes", "rows", "examples", "instances", "entries")
    + ("simulations",)
)
"""Keys whose list of objects is taken for the records, when there is one such list.

`items`, `steps` and `trajectories` are not among them: in records of known frameworks they are parts of one rollout.
"""
CONVERSATIONS = frozenset(
    ("messages", "conversations", "prompt", "completion", "responses_create_params", "response", "chosen")
)
"""Keys of a rollout: an object that has one is a record itself, whatever lists it holds."""
ELEMENTS_LOOKED_AT = 1000
RECORD_SEPARATOR = b"\x1e"
"""Begins every value of a JSON text sequence (RFC 7464)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rollouts lie in a source: as `lines`, a `document` or `parquet`.

    `path` leads to the list of records in an object, `beside` are the other keys at its top, which are not read.
    """

    kind: str
    path: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


LINES, DOCUMENT, PARQUET = Layout("lines"), Layout("document"), Layout("parquet")


@dataclass(slots=True)
class _Outline:
    """The keys at the top of an object, and the paths of the lists of objects in it."""

    keys: list[str]
    lists: list[tuple[str, ...]]

    def records(self) -> tuple[str, ...]:
        """Return the path of the one list that must hold the records, empty when the object is a record itself."""
        if not CONVERSATIONS.isdisjoint(self.keys):
            return ()
        named = [path for path in self.lists if LISTS.issuperset(path)]
        shallow = [path for path in named if len(path) == 1] or named
        return shallow[0] if len(shallow) == 1 else ()


def look(pieces: Iterator[bytes]) -> Layout:
    """Return how the records lie in these bytes, reading them to the end of the first value; blank ones are lines."""
    begin = next(pieces, b"")
    if not begin.strip():
        return LINES
    if begin.startswith(RECORD_SEPARATOR):
        return DOCUMENT
    window = Window(chain([begin], pieces))
    first = window.next_byte()
    if first == ARRAY:
        return _look_at_array(window)
    return _look_at_object(window) if first == OBJECT else LINES


def _look_at_array(window: Window) -> Layout:
    """An array that begins with an object is a document; any other one only when nothing follows it."""
    window.step()
    first = window.next_byte()
    if first in (None, OBJECT):
        return DOCUMENT
    for _ in range(ELEMENTS_LOOKED_AT):
        if first is None:
            return LINES
        if first == ARRAY_END:
            window.step()
            return LINES if window.next_byte() is not None else DOCUMENT
        if window.record().fault:
            return LINES
        first = window.next_byte()
    return DOCUMENT


def _look_at_object(window: Window) -> Layout:
    """An object over several lines is a document, and so is one of a list of records that stands alone."""
    outline, line = _Outline([], []), window.line()
    is_whole = _read_outline(window, (), outline)
    is_tall = window.line() > line
    path = outline.records()
    if not is_whole and not (path or (is_tall and _is_pretty(window.head))):
        return LINES
    if not is_whole and _has_lines(window.head):
        return LINES
    is_one_line = b"\n" not in window.head.strip()
    after = window.next_byte() if path or is_one_line else None
    if path and (is_tall or after is None):
        return Layout("document", path, tuple(key for key in outline.keys if key != path[0]))
    return DOCUMENT if is_tall or (is_one_line and after == OBJECT) else LINES


def _read_outline(window: Window, path: tuple[str, ...], outline: _Outline) -> bool:
    """Read the object that begins here, two keys deep; return whether it ends well."""
    window.step()
    while (first := window.next_byte()) != OBJECT_END:
        if first != QUOTE or (key := window.key()) is None or (first := window.next_byte()) is None:
            return False
        if not path:
            outline.keys.append(key)
            if len(outline.keys) > KEYS_MAX:
                return False
        if first == OBJECT and not path:
            if not _read_outline(window, (key,), outline):
                return False
            continue
        if first == ARRAY and window.is_list_of_objects():
            outline.lists.append((*path, key))
        if window.record().fault:
            return False
    window.step()
    return True


def _is_pretty(head: bytes) -> bool:
    """Whether the first lines look like one value over several lines: a bracket left open, then indented text."""
    first, *others = [line for line in head.split(b"\n") if line.strip()][:2]
    return first.rstrip().endswith((b"{", b"[")) or (bool(others) and others[0][:1] in (b" ", b"\t", b'"', b"}", b"]"))


def _has_lines(head: bytes) -> bool:
    """Whether lines after the first are whole objects without a comma: the first is then a broken line."""
    first, *others = [line for line in head.split(b"\n") if line.strip()]
    n_whole = sum(line.startswith(b"{") and _is_object(line) for line in others)
    return n_whole > 1 or (n_whole == 1 and not first.rstrip().endswith((b"{", b"[")))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
