"""The row of the table of formats, and how one JSON object finds its format.

Detection is per object, most specific first (`Format.rank`). An object no format claims is named by
what it is, or by its first keys, and counted as a problem.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

from rollout_curator import registry
from rollout_curator.rollout import Rollout, Unreadable
from rollout_curator.sources.formats.unsupported import NAMED_KEYS, NAMED_TABLES, name_record

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """One shape of rollout: `claims` looks at the keys only, `read` never raises on any JSON value.

    A record of a known framework (`unsupported`) is never offered to a generic one. An object with one of `keys` is a
    record itself, whatever lists it holds; a table with all columns of one of `tables` has such records for rows.
    """

    name: str
    title: str
    rank: int
    claims: Callable[[Fields], bool]
    read: Callable[[Fields], Rollout | Unreadable]
    is_generic: bool = False
    keys: frozenset[str] = frozenset()
    tables: tuple[frozenset[str], ...] = ()


class Reward(NamedTuple):
    """A reward and, where it is NaN for another cause than being absent, why."""

    value: float
    note: str | None = None


@cache
def formats() -> tuple[Format, ...]:
    """Return every format, most specific first."""
    return tuple(sorted(registry.rows("rollout_curator.sources.formats", Format).values(), key=lambda row: row.rank))


@cache
def record_keys() -> frozenset[str]:
    """Return the keys by which an object is known as a record, and not as something that holds a list of them."""
    return NAMED_KEYS.union(*(row.keys for row in formats()))


@cache
def table_columns() -> tuple[frozenset[str], ...]:
    """Return the sets of columns by which a table is known as one of rollouts, or of records that are named."""
    return (*(columns for row in formats() for columns in row.tables), *NAMED_TABLES)


def read_object(fields: Fields, notes: tuple[str, ...] = ()) -> Rollout | Unreadable:
    """Return the rollout a JSON object holds, or what it is instead.

    `notes` are those of the parser; they come first in the notes of the rollout.
    """
    for row in formats():
        if row.is_generic and (known := name_record(fields)) is not None:
            return known
        if row.claims(fields):
            result = row.read(fields)
            if isinstance(result, Rollout) and notes:
                return replace(result, notes=(*notes, *result.notes))
            return result
    shown = ", ".join(str(key)[:40] for key in list(fields)[:6]).encode("utf-8", "backslashreplace").decode()
    return Unreadable("unrecognised", f"unrecognized format: its keys are {shown}" if shown else "an empty object")


def read_reward(fields: Fields, *names: str) -> Reward:
    """Return the first of the named rewards; anything but a finite JSON number is NaN with a note.

    A boolean or a string is not taken for a number (promise 19): it would pass a threshold nobody set for it.
    """
    for name in names:
        if name in fields:
            return _number(fields[name])
    return Reward(math.nan, "reward_missing")


def _number(value: Any) -> Reward:
    if value is None:
        return Reward(math.nan, "reward_missing")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Reward(math.nan, "reward_not_number")
    try:
        number = float(value)
    except OverflowError:
        return Reward(math.nan, "reward_not_finite")
    return Reward(number) if math.isfinite(number) else Reward(math.nan, "reward_not_finite")
