"""What Hugging Face `datasets` makes of the values of a JSON record: which come back changed, or stop the load.

Read in datasets 5.2.0, `packaged_modules/json/json.py` and `features/features.py` (`Json`), and tried with 4.0.0, 4.4.1
and 5.2.0 (`tests/test_peers.py` holds this page against the newest). Where messages differ in their keys, as those of
tool calls do, 4.7 and newer pass each through the ujson of pandas: a line is read, written to ten decimals and read
again. ujson adds up decimals digit by digit, so 0.3 comes back as 0.30000000000000004, and it cannot read a whole
number of 64 bits or more: then the whole file becomes one table of Arrow types, as it always does in older versions,
in which such numbers are floats, the numbers under the same key in other rows too, and every message gets the keys of
all. Half a surrogate pair stops the load of such a table, and ujson drops it or stops.

Texts that all read as dates come back as dates, in every version, where no message differs in its keys.

The columns of a file, and the keys of its messages where they are all alike, are those of its first 10 MB: a later row
with others stops the load.

Knows JSON values only. Text is safe, whatever it holds: arguments and tools that are JSON text pass through unchanged.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BIG = "big_number"
ROUNDED = "rounded_number"
HALF = "half_surrogate"

WHOLE_MAX = 2**63
"""Whole numbers from here on, and below its negative, do not fit Arrow's int64."""
FIRST_BYTES = 10 << 20
"""What of a file in JSON Lines decides over its columns (`chunksize`)."""
Shape = frozenset[tuple[str, frozenset[str]]]
"""The columns of a record, each with the keys of an object in it, as often as they differ."""
_SAID = ("content", "value")
_OTHER = ("", frozenset[str]())
"""Stands in the shape of a record in which some message says something that is no date."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d(\.\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_FIXED_FROM, _FIXED_TO = 1e-15, 1e16
_DECIMALS_READ = 15
_TENTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15)


def number_faults(value: Any) -> frozenset[str]:
    """Return what would become of the numbers in a JSON value: nothing, `big_number`, `rounded_number`."""
    found: set[str] = set()
    pending: list[Any] = [(value,)]
    for container in pending:
        for child in container.values() if isinstance(container, dict) else container:
            kind = type(child)
            if kind is str:  # most values are
                continue
            if kind is dict or kind is list or kind is tuple:
                pending.append(child)
            elif kind is int and not -WHOLE_MAX <= child < WHOLE_MAX:
                found.add(BIG)
            elif kind is float and (fault := _float_fault(child)):
                found.add(fault)
    return frozenset(found)


def has_half_pair(value: Any) -> bool:
    """Whether a text or a key in a JSON value has half a surrogate pair, which UTF-8 cannot hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def untold(record: Any, line: bytes, told: Iterable[str]) -> frozenset[str]:
    """Return what `datasets` would do to a record, written as `line`, that is not among the kinds told of it."""
    faults = number_faults(record)
    if b"\\ud" in line and has_half_pair(record):
        faults |= {HALF}
    return faults - set(told)


def read_again(number: float) -> float:
    """Return a float as it comes back; the tenth decimal of a tie may be rounded the other way."""
    return _read(_written(_read(repr(number))))


def shape_of(record: Mapping[str, Any]) -> Shape:
    """Return the columns of a record and the keys of the objects that stand in its lists."""
    columns = [(name, value if isinstance(value, list) else ()) for name, value in record.items()]
    keys = [(name, frozenset(each)) for name, values in columns for each in values if isinstance(each, dict)]
    said = (each.get(key) for _, values in columns for each in values if isinstance(each, dict) for key in _SAID)
    is_other = any(text is not None and not (isinstance(text, str) and _DATE.fullmatch(text)) for text in said)
    return frozenset([*keys, *((name, frozenset[str]()) for name in record), *([_OTHER] if is_other else [])])


@dataclass(slots=True)
class Columns:
    """The columns that the beginning of a file decides on, and the first column of which a later row has more."""

    late: str = ""
    is_dates: bool = False
    """Whether all that messages say reads as dates, of which `datasets` makes dates."""
    _n_bytes: int = 0
    _first: dict[str, set[frozenset[str]]] = field(default_factory=dict)

    def add(self, shape: Shape, n_bytes: int) -> None:
        """Take in the next row, of so many bytes."""
        self.is_dates = (self.is_dates or not self._n_bytes) and _OTHER not in shape
        shape -= {_OTHER}
        if self._n_bytes < FIRST_BYTES:
            for name, keys in shape:
                self._first.setdefault(name, set()).update([keys] if keys else [])
        elif not self.late:
            self.late = next((name for name, keys in sorted(shape, key=str) if not self._fits(name, keys)), "")
        self._n_bytes += n_bytes

    def _fits(self, name: str, keys: frozenset[str]) -> bool:
        known = self._first.get(name)
        return known is not None and (len(known) > 1 or not keys or keys in known)


def _float_fault(number: float) -> str | None:
    """Return whether a float is large and changed, or changed beyond ten decimals, or as it was."""
    if number == 0.0:  # comes back without its sign
        return ROUNDED if math.copysign(1.0, number) < 0 else None
    if not math.isfinite(number) or number == _read(repr(number)) == read_again(number):
        return None
    return BIG if abs(number) > _FIXED_TO else ROUNDED


def _read(text: str) -> float:
    """Return what ujson reads: the whole part, and of the decimals fifteen, added up digit by digit."""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, decimals = mantissa.partition(".")
    fraction = 0.0
    for digit in decimals[:_DECIMALS_READ]:
        fraction = fraction * 10.0 + int(digit)
    number = int(whole) + fraction * _TENTHS[min(len(decimals), _DECIMALS_READ)]
    try:
        number *= math.pow(10.0, int(exponent or 0))
    except OverflowError:
        return math.inf
    return -number if text.startswith("-") else number


def _written(number: float) -> str:
    """Return what ujson writes: ten decimals, or ten digits where a number is very large or very small."""
    if number and not _FIXED_FROM <= abs(number) <= _FIXED_TO:
        return f"{number:.10g}"
    return f"{number:.10f}".rstrip("0")
