"""The tables of the review store: how they are made, and how those of an older program become today's.

Two tables that only grow: `decision` for acts, `setting` for what a team agreed on; triggers refuse UPDATE, DELETE and
REPLACE. `clock` is the order of acts: microseconds since 1970, but always later than every act known when it was
written (a hybrid logical clock: Kulkarni et al., OPODIS 2014), so a machine whose time steps back keeps the order of
its acts, and two stores that are merged agree on it. `origin` names an act wherever it is copied to and breaks ties.
`item` is empty for a verdict on a rollout; else the act is about one answer of it, the one that begins at this item.
`blind` says of a verdict given one by one whether its reviewer could not know what others had said of the rollout: 1,
or 0, or empty where the program that wrote it did not ask, and for every other act. `way` says how a verdict came about
(`events.WAYS`), empty where an older program did not say it.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

APPLICATION_ID = 0x524C4355
USER_VERSION = 4
_COLUMNS_1 = "id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act"
_COLUMNS_2 = f"{_COLUMNS_1}, batch, queue, clock, origin"
_COLUMNS_3 = f"{_COLUMNS_2}, item"
COLUMNS = f"{_COLUMNS_3}, blind, way"
_OLDER = {2: _COLUMNS_2, 3: _COLUMNS_3}
_TABLE = """
CREATE TABLE {name} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 64 AND key NOT GLOB '*[^A-Za-z0-9_-]*'),
    verdict TEXT NOT NULL CHECK (verdict IN ('reject', 'accept', 'clear', 'mark')),
    reasons TEXT NOT NULL CHECK (json_type(reasons) = 'array'),
    note TEXT NOT NULL, reviewer TEXT NOT NULL, at TEXT NOT NULL, client TEXT NOT NULL,
    seq INTEGER,
    undoes INTEGER REFERENCES decision (id),
    act TEXT NOT NULL CHECK (act IN ('decide', 'undo', 'redo', 'yield', 'spare')),
    batch TEXT NOT NULL, queue TEXT NOT NULL, clock INTEGER NOT NULL, origin TEXT NOT NULL UNIQUE,
    item INTEGER CHECK (item >= 0), blind INTEGER CHECK (blind IN (0, 1)), way TEXT NOT NULL DEFAULT '',
    UNIQUE (client, seq), CHECK (act = 'spare' OR (act = 'decide') = (undoes IS NULL)),
    CHECK (verdict = 'clear' OR (verdict = 'mark') = (item IS NOT NULL))
);
"""
_SETTING = """
CREATE TABLE setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, value TEXT NOT NULL CHECK (json_valid(value)), reviewer TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TRIGGER no_setting_update BEFORE UPDATE ON setting BEGIN SELECT RAISE(ABORT, 'settings are append-only'); END;
CREATE TRIGGER no_setting_delete BEFORE DELETE ON setting BEGIN SELECT RAISE(ABORT, 'settings are append-only'); END;
"""
_REST = f"""
CREATE INDEX decision_key ON decision (key, clock, origin);
CREATE INDEX decision_reviewer ON decision (reviewer, clock);
CREATE INDEX decision_undoes ON decision (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX decision_batch ON decision (batch) WHERE batch <> '';
CREATE INDEX decision_clock ON decision (clock);
CREATE TRIGGER no_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER no_replace BEFORE INSERT ON decision
WHEN (NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM decision))
    OR EXISTS (SELECT 1 FROM decision WHERE client = NEW.client AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM decision WHERE origin = NEW.origin)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE VIEW history AS SELECT {COLUMNS} FROM decision ORDER BY clock, origin;
CREATE VIEW standing AS SELECT {COLUMNS} FROM decision d
    WHERE act IN ('decide', 'redo') AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id);
CREATE VIEW newest AS SELECT {COLUMNS} FROM standing s WHERE NOT EXISTS (SELECT 1 FROM standing n
    WHERE n.key = s.key AND n.item IS s.item AND (n.clock, n.origin) > (s.clock, s.origin));
CREATE VIEW current AS SELECT {COLUMNS} FROM newest WHERE item IS NULL AND verdict <> 'clear';
CREATE VIEW marked AS SELECT {COLUMNS} FROM newest WHERE verdict = 'mark';
PRAGMA user_version = {USER_VERSION};
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    connection.executescript(_TABLE.format(name="decision") + _SETTING + _REST)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def upgrade(connection: sqlite3.Connection) -> None:
    """Make an older store one of today, whole or not at all; every act keeps its id, and what holds still holds.

    The table is made anew, as https://www.sqlite.org/lang_altertable.html#otheralter says: since schema 2 two stores
    may withdraw the same act after a merge, so `undoes` is no longer unique; schema 3 knows marks, schema 4
    blind reading and how a verdict came about.
    """
    connection.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < USER_VERSION:
            _rebuild(connection, version)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _rebuild(connection: sqlite3.Connection, version: int) -> None:
    for view in ("marked", "current", "newest", "standing", "history"):
        connection.execute(f"DROP VIEW IF EXISTS {view}")
    connection.execute(_TABLE.format(name="decision_new"))
    if version == 1:
        old = connection.execute(f"SELECT {_COLUMNS_1} FROM decision ORDER BY id")
        places = ",".join("?" * 15)
        connection.executemany(f"INSERT INTO decision_new ({_COLUMNS_2}) VALUES ({places})", _ordered(old))
    else:
        known = _OLDER[version]
        connection.execute(f"INSERT INTO decision_new ({known}) SELECT {known} FROM decision ORDER BY id")
    connection.execute("DROP TABLE decision")  # with its indexes and triggers
    connection.execute("ALTER TABLE decision_new RENAME TO decision")
    for statement in _statements((_SETTING if version == 1 else "") + _REST):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one: `executescript` would commit first."""
    held = ""
    for line in script.splitlines():
        held += line + "\n"
        if sqlite3.complete_statement(held):
            yield held
            held = ""


def _ordered(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of schema 1, ordered by id, with the clock that keeps this order; every copy gets the same."""
    last = 0
    for row in rows:
        at = int(datetime.fromisoformat(row[6]).timestamp() * 1_000_000)
        last = max(at, last + 1)
        identity = (last, *row[1:9], row[10]) if row[8] is None else ()
        yield (*row, "", "", last, origin_of(row[7], row[8], identity))


def origin_of(client: str, seq: int | None, identity: tuple[Any, ...] = ()) -> str:
    """Return the name of an act everywhere: of an outbox entry always the same, else of its content, else a new one."""
    if seq is None and not identity:
        return uuid4().hex
    said = repr(identity) if seq is None else f"{client}\0{seq}"
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
