"""Which times an act may carry, and how a store that holds one which cannot be is mended.

Clocks are microseconds since 1970 and always later than every act known when they were written (`schema`).
So one act that claims a time far ahead pulls all later ones with it, and none of them could ever go to another store.
A clock may lie `AHEAD` of this machine's time, as that of a machine which is set wrong does; what lies further is
refused where acts come in. A store that took one in from an older program is mended when it is opened, and before it
writes or gives out: every act keeps its place in the order, so nothing that holds changes, and gets the time of day it
carries or, where that cannot be either, the moment after the act before it. What it claimed is kept as the setting
`mended clocks`. A machine whose own time lies before this program was made can judge no clock: it lets pass what might
be. Works inside a transaction; knows rows, not files.
"""

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

AHEAD = timedelta(days=5 * 365)
MADE = datetime(2026, 11, 1, tzinfo=UTC)
LONG = timedelta(days=50 * 365)
MENDED = "mended clocks"
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)
_WRONG = "clock < 0 OR clock >= ?1 OR at >= ?2 OR at < '1969-12-31'"
_PLAUSIBLE = "SELECT coalesce(max(clock), 0) FROM decision WHERE clock < ?"


def end_of_times(now: datetime | None = None) -> datetime:
    """Return the time from which on no act can be."""
    now = now or datetime.now(UTC)
    return now + AHEAD if now >= MADE else MADE + LONG


def clock_of(time: datetime) -> int:
    """Return the microseconds since 1970 of a time, exactly."""
    return (time - _EPOCH) // _ONE


def moment_of(at: str) -> datetime | None:
    """Return the time of day that an act carries, None for a text that names none which can be."""
    try:
        found = datetime.fromisoformat(at)
        return found.astimezone(UTC) if found.tzinfo is not None and found >= _EPOCH - _DAY else None
    except (ValueError, OverflowError):
        return None


def is_plausible(latest: int) -> bool:
    """Say whether a clock is one that an act may carry."""
    return 0 <= latest < clock_of(end_of_times())


def needs_mending(connection: sqlite3.Connection) -> bool:
    """Say whether a store holds an act of a time that cannot be."""
    found = connection.execute(f"SELECT EXISTS (SELECT 1 FROM decision WHERE {_WRONG})", _bounds(None)).fetchone()[0]
    return bool(found)


def mend(connection: sqlite3.Connection, now: datetime | None = None) -> int:
    """Give every act of a time that cannot be one that can, in the same order; return how many there were."""
    end = clock_of(end_of_times(now))
    sql = f"SELECT id, clock, at, origin FROM decision WHERE {_WRONG} ORDER BY clock, origin"
    found = connection.execute(sql, _bounds(now)).fetchall()
    last = connection.execute(_PLAUSIBLE, (end,)).fetchone()[0]
    changed = [row for row in _mended(found, last, end) if row[1:3] != row[4:6]]
    if changed:
        _keep(connection, changed)
        _rewrite(connection, changed)
        _carry_plans(connection, changed, last, end)
    return len(changed)


def _bounds(now: datetime | None) -> tuple[int, str]:
    """Return the end as a clock, and as the day from which on a text of a time must be looked at."""
    end = end_of_times(now)
    return clock_of(end), (end - 2 * _DAY).date().isoformat()


def _mended(rows: Iterable[tuple[Any, ...]], last: int, end: int) -> Iterable[tuple[Any, ...]]:
    """Yield (id, new clock, new at, origin, old clock, old at) of rows in their order."""
    before = 0
    for id, clock, at, origin in rows:
        moment = moment_of(at)
        claimed = -1 if moment is None else clock_of(moment)
        if clock < 0:
            new, before = before, before + 1
        elif clock >= end:
            new = last = max(claimed if claimed < end else 0, last + 1)
        else:
            new = clock
        can_be = 0 <= claimed < end
        yield id, new, at if can_be else _text_of(new), origin, clock, at


def _text_of(clock: int) -> str:
    return (_EPOCH + timedelta(microseconds=clock)).isoformat(timespec="microseconds")


def _rewrite(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Change the times of rows: the one change that the store allows, inside the transaction that mends."""
    trigger = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'no_update'").fetchone()[0]
    connection.execute("DROP TRIGGER no_update")
    values = [(clock, at, id) for id, clock, at, *_ in rows]
    connection.executemany("UPDATE decision SET clock = ?, at = ? WHERE id = ?", values)
    connection.execute(trigger)


def _keep(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Keep what the acts claimed."""
    claimed = [{"origin": origin, "clock": clock, "at": at} for _, _, _, origin, clock, at in rows]
    _set(connection, MENDED, claimed, "")


def _carry_plans(connection: sqlite3.Connection, rows: list[tuple[Any, ...]], last: int, end: int) -> None:
    """Give what was agreed on after an act of a forged clock, such as a plan of a reading, the same place again."""
    newest = "SELECT name, value, reviewer FROM setting WHERE id IN (SELECT max(id) FROM setting GROUP BY name)"
    for name, text, reviewer in connection.execute(newest).fetchall():
        value = json.loads(text)
        if isinstance(value, dict) and isinstance(value.get("clock"), int) and value["clock"] >= end:
            after = [new for _, new, _, _, old, _ in rows if old <= value["clock"] and new > last]
            _set(connection, name, {**value, "clock": max(after, default=last)}, reviewer)


def _set(connection: sqlite3.Connection, name: str, value: Any, reviewer: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    sql = "INSERT INTO setting (name, value, reviewer, at) VALUES (?, ?, ?, ?)"
    connection.execute(sql, (name, json.dumps(value), reviewer, at))
