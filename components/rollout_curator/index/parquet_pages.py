"""How large the pages of a Parquet file are when unpacked, read from their headers without unpacking any.

A reader holds, of every column, the dictionary and one page at a time: however few rows are asked for, that is the
least it takes. The footer tells only the sum of the pages of a column. Every page begins with a struct in Thrift's
compact protocol (parquet-format 2.10, `PageHeader`): field 1 its type, 2 its size unpacked, 3 its size in the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

HEAD_BYTES = 1 << 10
HEAD_MAX_BYTES = 1 << 20
"""A header is read by so many bytes, and again by so many: it may hold the least and the largest value of a page."""
_DICTIONARY = 2
_STOP, _TRUE, _FALSE, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = 0, 1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 12


@dataclass(frozen=True, slots=True)
class Held:
    """The bytes of unpacked pages that reading a row group holds at once, and those of dictionaries among them."""

    pages: int
    dictionaries: int


def held(file: BinaryIO, group: Any) -> Held:
    """Return how much reading a row group holds in memory at once. Raises ValueError for a header that is not one."""
    pages = dictionaries = 0
    for number in range(group.num_columns):
        if not group.column(number).num_values:
            continue
        most = {True: 0, False: 0}
        for is_dictionary, size in _pages(file, group.column(number)):
            most[is_dictionary] = max(most[is_dictionary], size)
        pages += most[True] + most[False]
        dictionaries += most[True]
    return Held(pages, dictionaries)


def _pages(file: BinaryIO, chunk: Any) -> Iterator[tuple[bool, int]]:
    """Yield for each page of a column whether it is a dictionary, and its size unpacked."""
    starts = [chunk.data_page_offset]
    starts += [chunk.dictionary_page_offset] if chunk.dictionary_page_offset else []  # 0 where there is none
    at = min(starts)
    end = at + chunk.total_compressed_size
    while at < end:
        fields, n_bytes = _header(file, at)
        kind, size, packed = (fields.get(number, -1) for number in (1, 2, 3))
        if size < 0 or packed < 0:
            raise ValueError("a page has no size")
        yield kind == _DICTIONARY, size
        at += n_bytes + packed


def _header(file: BinaryIO, at: int) -> tuple[dict[int, int], int]:
    """Return the numbers of the header that begins there, by field, and its length."""
    for n_bytes in (HEAD_BYTES, HEAD_MAX_BYTES):
        file.seek(at)
        struct = _Struct(file.read(n_bytes))
        try:
            return struct.numbers(), struct.at
        except IndexError:
            continue
    raise ValueError("the header of a page does not end")


class _Struct:
    """Bytes in Thrift's compact protocol, read from the first on; raises IndexError at their end."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.at = 0

    def numbers(self, depth: int = 0) -> dict[int, int]:
        """Read a struct and return its whole numbers by field."""
        if depth > 8:
            raise ValueError("the header of a page is nested too deeply")
        found: dict[int, int] = {}
        field = 0
        while (head := self._byte()) & 15 != _STOP:
            field = field + (head >> 4) if head >> 4 else self._signed()
            if head & 15 in _INTEGERS:
                found[field] = self._signed()
            elif head & 15 not in (_TRUE, _FALSE):
                self._skip(head & 15, depth)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind in (_TRUE, _FALSE, _BYTE):  # as elements of a list
            self._byte()
        elif kind in _INTEGERS:
            self._signed()
        elif kind == _DOUBLE:
            self.at += 8
        elif kind == _BINARY:
            n_bytes = self._number()  # which moves `at` itself
            self.at += n_bytes
        elif kind == _STRUCT:
            self.numbers(depth + 1)
        elif kind in _LISTS:
            head = self._byte()
            for _ in range(self._number() if head >> 4 == 15 else head >> 4):
                self._skip(head & 15, depth)
                if self.at > len(self._text):
                    raise IndexError
        else:
            raise ValueError("the header of a page is not one")

    def _byte(self) -> int:
        self.at += 1
        return self._text[self.at - 1]

    def _number(self) -> int:
        found = shift = 0
        while (byte := self._byte()) & 128:
            found |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("the header of a page is not one")
        return found | byte << shift

    def _signed(self) -> int:
        found = self._number()
        return found >> 1 ^ -(found & 1)
