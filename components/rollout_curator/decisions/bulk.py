"""One verdict on many rollouts as one act of a person: recorded together, taken back by one undo.

A bulk decision never changes what somebody decided: those rollouts get a row `spare`, which says that the batch passed
over them and has no effect on what holds. So the store knows the whole extent of a batch, which `review` needs to tell
decisions made by a rule from decisions made by reading. Marks on answers are none of its business. Works inside a
transaction; knows rows, not files.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from rollout_curator.decisions.events import INSERT, Decision, Entry, Recorded, cleaned, json_of, of_row, tick
from rollout_curator.decisions.schema import COLUMNS
from rollout_curator.errors import DecisionRefused

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a bulk decision did: how many it decided, and how many it passed over because somebody had."""

    id: str
    decided: int
    spared: int


def checked(keys: Sequence[str], said: Entry) -> tuple[list[str], Entry]:
    """Return the keys once each and what is said of them, as they can be kept. Raises DecisionRefused."""
    if said.verdict == "clear":
        raise DecisionRefused("a bulk decision is reject or accept; use undo to revert one")
    entries = [cleaned(replace(said, key=key)) for key in dict.fromkeys(keys)]
    return [entry.key for entry in entries], entries[0] if entries else said


def record(connection: sqlite3.Connection, keys: Sequence[str], said: Entry, seen: int) -> Batch:
    """Write the verdict of `said` on every key that has none; what changed after act id `seen` is spared too."""
    newer = connection.execute("SELECT DISTINCT key FROM decision WHERE item IS NULL AND id > ?", (seen,))
    changed = {key for (key,) in newer}
    held = {row.key: row for row in _among(connection, keys)}
    spared = {key for key, row in held.items() if row.verdict != "clear"} | changed
    if all(key in spared for key in keys):
        return Batch("", 0, len(keys))
    batch = uuid4().hex
    _write(connection, batch, (_row(key, said, held.get(key), key in spared) for key in keys))
    n_spared = sum(key in spared for key in keys)
    return Batch(batch, len(keys) - n_spared, n_spared)


def take_back(connection: sqlite3.Connection, act: str, target: Decision, said: Entry) -> Recorded:
    """Undo or redo a whole batch, of which `target` is one act; `said` names the reviewer and the outbox number.

    Where somebody else decided since, theirs stays and the row is a `yield`, as with single decisions.
    """
    wanted = "'decide', 'redo', 'spare'" if act == "undo" else "'undo'"
    sql = f"""SELECT {COLUMNS} FROM decision d WHERE batch = ? AND act IN ({wanted})
        AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id) ORDER BY clock, origin"""
    targets = [of_row(row) for row in connection.execute(sql, (target.batch,))]
    held = {row.key: row for row in _among(connection, [row.key for row in targets], without=target.batch)}
    originals = _originals(connection, target.batch) if act == "redo" else {row.id: row for row in targets}
    batch, rows = uuid4().hex, []
    for row in targets:
        own = originals[row.undoes if act == "redo" and row.undoes else row.id]
        rows.append(_returned(act, row, own, held.get(row.key), said))
    numbered = [(*rows[0][:6], said.client, said.seq, *rows[0][8:]), *rows[1:]]
    clock = _write(connection, batch, numbered)
    written = connection.execute(f"SELECT {COLUMNS} FROM decision WHERE clock = ? AND batch = ?", (clock, batch))
    return Recorded(of_row(written.fetchone()), target, None, repeated=False, n=len(rows))


def _row(key: str, said: Entry, held: Decision | None, is_spared: bool) -> Row:
    if not is_spared:
        return _values(key, (said.verdict, said.reasons, said.note), said, "decide", None)
    return _values(key, _holds(held), said, "spare", None)


def _returned(act: str, row: Decision, own: Decision, held: Decision | None, said: Entry) -> Row:
    """Return the row that takes `row` back; `own` is the act whose effect goes or comes, `held` what else stands."""
    if own.act == "spare":
        return _values(row.key, _holds(held), said, "undo" if act == "undo" else "spare", row.id)
    overtaken = held is not None and held.order > own.order and held.reviewer != said.reviewer
    if overtaken or act == "undo":
        return _values(row.key, _holds(held), said, "yield" if overtaken else "undo", row.id)
    return _values(row.key, (own.verdict, own.reasons, own.note), said, "redo", row.id)


def _holds(held: Decision | None) -> tuple[str, tuple[str, ...], str]:
    return (held.verdict, held.reasons, held.note) if held else ("clear", (), "")


def _values(key: str, holds: tuple[str, tuple[str, ...], str], said: Entry, act: str, undoes: int | None) -> Row:
    verdict, reasons, note = holds
    return (key, verdict, json_of(reasons), note, said.reviewer, "", "", None, undoes, act, "", said.queue)


def _write(connection: sqlite3.Connection, batch: str, rows: Iterable[Row]) -> int:
    """Write rows in order, each a tick after the other; return the clock of the first."""
    clock, at = tick(connection)

    def stamped() -> Iterator[Row]:
        for n, row in enumerate(rows):
            yield (*row[:5], at, *row[6:10], batch, row[11], clock + n, f"{batch}-{n}", None, None, "bulk")

    connection.executemany(INSERT, stamped())
    return clock


def _among(connection: sqlite3.Connection, keys: Sequence[str], without: str = "") -> Iterator[Decision]:
    """Yield the verdicts that stand on these keys, oldest first, those of one batch left out."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS asked (key TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute("DELETE FROM asked")
    connection.executemany("INSERT OR IGNORE INTO asked VALUES (?)", ((key,) for key in keys))
    sql = f"""SELECT {COLUMNS} FROM standing WHERE key IN (SELECT key FROM asked)
        AND item IS NULL AND (batch = '' OR batch <> ?) ORDER BY clock, origin"""
    return map(of_row, connection.execute(sql, (without,)).fetchall())


def _originals(connection: sqlite3.Connection, batch: str) -> dict[int, Decision]:
    """Return by id the acts which the undos of a batch took back."""
    ids = "SELECT undoes FROM decision WHERE batch = ?"
    return {
        row[0]: of_row(row)
        for row in connection.execute(f"SELECT {COLUMNS} FROM decision WHERE id IN ({ids})", (batch,))
    }
