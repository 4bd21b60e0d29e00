"""The review store: what people decided, appended to one SQLite file; nothing in it is ever changed.

It knows keys (hash of a rollout's bytes), verdicts, reasons, notes and who said so when; it does not know rollouts.
Each row is one act: `decide`; `undo` or `redo`, whose `undoes` is the row it takes back; `yield`, an undo or redo that
changed nothing because somebody else had decided since. A row *stands* when it is a `decide` or `redo` that no row
undoes; the newest standing row of a key is what holds, with its own author. The verdict, reasons and note of an `undo`
or `yield` repeat what holds after it. Order is the order of `id`, never of clocks.
"""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Literal

from rollout_curator.decisions_file import COLUMNS, StoreFile, copy_file
from rollout_curator.errors import DecisionRefused

VERDICTS = ("reject", "accept", "clear")
NOTE_CHARS, NAME_CHARS, REASONS = 10_000, 200, 32
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_END = 2**62
_BY_ID = f"SELECT {COLUMNS} FROM decision WHERE id = ?"
_LAST_DONE = "SELECT * FROM standing WHERE reviewer = ? ORDER BY id DESC LIMIT 1"
_LAST_UNDONE = f"""SELECT {COLUMNS} FROM decision d WHERE reviewer = ?1 AND act = 'undo'
    AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id)
    AND id > (SELECT max(id) FROM decision WHERE reviewer = ?1 AND act = 'decide') ORDER BY id DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the store; `at` is UTC, `reviewer` is who made this act, `undoes` the row it takes back."""

    id: int
    key: str
    verdict: str
    reasons: tuple[str, ...]
    note: str
    reviewer: str
    at: str
    client: str
    seq: int | None
    undoes: int | None
    act: str = "decide"


@dataclass(frozen=True, slots=True)
class Entry:
    """What to record; `expected` is the id the reviewer saw standing, 0 for none, None to skip the check."""

    key: str
    verdict: str
    reasons: tuple[str, ...] = ()
    note: str = ""
    reviewer: str = ""
    client: str = ""
    seq: int | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written, what stood before, somebody else's unseen decision; `repeated` when it was here already.

    Of an entry refused for its conflict nothing was written: `decision` is then that conflict, the one that stands.
    """

    decision: Decision
    before: Decision | None
    conflict: Decision | None
    repeated: bool


class Decisions:
    """An open review store; threads may share one, processes each open their own."""

    def __init__(self, file: StoreFile) -> None:
        """Read and write through an open file; `open` is the usual way in."""
        self._file = file
        self._held: dict[str, Decision] = {}
        self._held_version = 0
        self._held_lock = Lock()

    @classmethod
    def open(cls, path: Path) -> "Decisions":
        """Open the store at `path`, made with mode 0600 when absent.

        Raises DecisionsError for anything else that lies there; an existing file is never replaced.
        """
        return cls(StoreFile(path))

    @property
    def path(self) -> Path:
        """Return where the store lies."""
        return self._file.path

    def record(self, entries: Sequence[Entry], *, refuse_conflicts: bool = False) -> list[Recorded]:
        """Append all entries or none; returns when they are on disk. Raises DecisionRefused for a bad one.

        An entry over somebody else's unseen decision names it as `conflict`; it is recorded all the same, since the
        history keeps both, or left out with `refuse_conflicts`.
        An entry whose client and seq are stored already is not stored again; the answer is then the same as the first.
        """
        cleaned = [_cleaned(entry) for entry in entries]
        with self._file.writing() as connection:
            return [_record(connection, entry, refuse_conflicts) for entry in cleaned]

    def undo(self, reviewer: str, client: str = "", seq: int | None = None) -> Recorded | None:
        """Take back the reviewer's last decision that stands; None when nothing is left.

        If somebody else decided that key since, theirs stays in force and is named as `conflict`; the reviewer's own
        is withdrawn all the same, so the next undo goes one further back.
        """
        return self._take_back("undo", reviewer, client, seq)

    def redo(self, reviewer: str, client: str = "", seq: int | None = None) -> Recorded | None:
        """Bring back what the reviewer last undid, if they decided nothing since; None when nothing is left.

        If somebody else decided that key since, theirs stays in force and is named as `conflict`.
        """
        return self._take_back("redo", reviewer, client, seq)

    def current(self) -> dict[str, Decision]:
        """Return what holds for each key, in no order; cleared keys are absent. Only what is new is read again."""
        with self._held_lock:
            seen, now = self._held_version, self.version()
            if not seen:
                with self._file.reading() as connection:
                    newest = {row[1]: row for row in connection.execute("SELECT * FROM standing ORDER BY id")}
                self._held = {key: _decision(row) for key, row in newest.items() if row[2] != "clear"}
            elif seen != now:
                changed = self.changed(seen)
                self._held = {key: row for key, row in self._held.items() if key not in changed}
                self._held.update((key, row) for key, row in changed.items() if row is not None)
            self._held_version = now  # only now: a read that fails is made again
            return dict(self._held)

    def changed(self, after: int) -> dict[str, Decision | None]:
        """Return what holds now for each key touched after that id, None for nothing: `current`, piece by piece."""
        with self._file.reading() as connection:
            keys = connection.execute("SELECT DISTINCT key FROM decision WHERE id > ?", (after,)).fetchall()
            standing = {key: _standing(connection, key, _END, _END) for (key,) in keys}
        return {key: row if row and row.verdict != "clear" else None for key, row in standing.items()}

    def since(self, id: int) -> list[Decision]:
        """Return the acts after that id, oldest first; no act ever appears later with a lower id."""
        return self._rows(f"SELECT {COLUMNS} FROM decision WHERE id > ? ORDER BY id", id)

    def history(self, key: str | None = None) -> list[Decision]:
        """Return every act, or those on one key, oldest first."""
        if key is None:
            return self.since(0)
        return self._rows(f"SELECT {COLUMNS} FROM decision WHERE key = ? ORDER BY id", key)

    def version(self) -> int:
        """Return the highest id, 0 when there is none."""
        with self._file.reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()[0])

    def counts_by_reason(self) -> dict[str, int]:
        """Return how many rollouts are rejected for each reason, most first; one with two reasons counts for both."""
        rejected = "SELECT value FROM current, json_each(reasons) WHERE verdict = 'reject'"
        sql = f"SELECT value, count(*) FROM ({rejected}) GROUP BY value ORDER BY count(*) DESC, value"
        with self._file.reading() as connection:
            return dict(connection.execute(sql).fetchall())

    def backup(self, path: Path) -> None:
        """Write a checked copy to `path`, also while others write; an existing file is never replaced."""
        copy_file(self._file.path, path)

    def close(self) -> None:
        """Close the file; using the store afterwards raises DecisionsError."""
        self._file.close()

    def __enter__(self) -> "Decisions":
        """Return the open store."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the store."""
        self.close()

    def _take_back(self, act: Literal["undo", "redo"], who: str, client: str, seq: int | None) -> Recorded | None:
        who, client = _text("reviewer", who), _client(client, seq)
        with self._file.writing() as connection:
            stored = _stored(connection, client, seq)
            if stored is not None:
                if stored.act not in (act, "yield") or stored.reviewer != who:
                    raise _number_taken(client, seq)
                before = _standing(connection, stored.key, stored.id, stored.id)
                return Recorded(stored, before, before if stored.act == "yield" else None, repeated=True)
            target = _first(connection, _LAST_DONE if act == "undo" else _LAST_UNDONE, who)
            if target is None:
                return None
            own = target if act == "undo" else _first(connection, _BY_ID, target.undoes) or target
            before = _standing(connection, target.key, _END, _END)
            overtaken = before is not None and before.id > own.id and before.reviewer != who
            restored = own if act == "redo" else _standing(connection, target.key, target.id, _END)
            after = before if overtaken else restored
            said = (after.verdict, after.reasons, after.note) if after else ("clear", (), "")
            entry = Entry(target.key, *said, reviewer=who, client=client, seq=seq)
            written = _append(connection, entry, "yield" if overtaken else act, target.id)
            return Recorded(written, before, before if overtaken else None, repeated=False)

    def _rows(self, sql: str, *values: object) -> list[Decision]:
        with self._file.reading() as connection:
            rows = connection.execute(sql, values).fetchall()
        return [_decision(row) for row in rows]


def _record(connection: sqlite3.Connection, entry: Entry, refuse_conflicts: bool) -> Recorded:
    stored = _stored(connection, entry.client, entry.seq)
    if stored is not None:
        same = (stored.key, stored.verdict, stored.reasons, stored.note, stored.reviewer, stored.act)
        if same != (entry.key, entry.verdict, entry.reasons, entry.note, entry.reviewer, "decide"):
            raise _number_taken(entry.client, entry.seq)
    end = _END if stored is None else stored.id
    before = _standing(connection, entry.key, end, end)
    conflict = before if _unseen(before, entry) else None
    if conflict is not None and refuse_conflicts and stored is None:
        return Recorded(conflict, before, conflict, repeated=False)
    written = stored or _append(connection, entry, "decide", None)
    return Recorded(written, before, conflict, repeated=stored is not None)


def _unseen(before: Decision | None, entry: Entry) -> bool:
    """Say whether somebody else decided after what the reviewer saw; a cleared key looks like one never decided."""
    if before is None or entry.expected is None or before.reviewer == entry.reviewer:
        return False
    return before.id > entry.expected and not (entry.expected == 0 and before.verdict == "clear")


def _append(connection: sqlite3.Connection, entry: Entry, act: str, undoes: int | None) -> Decision:
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    reasons = json.dumps(entry.reasons, ensure_ascii=False)
    values = (entry.key, entry.verdict, reasons, entry.note, entry.reviewer, at, entry.client, entry.seq, undoes, act)
    written = connection.execute(f"INSERT INTO decision ({COLUMNS}) VALUES (NULL,?,?,?,?,?,?,?,?,?,?)", values)
    return _decision((written.lastrowid, *values))


def _standing(connection: sqlite3.Connection, key: str, below: int, as_of: int) -> Decision | None:
    """Return the newest row of the key with an id under `below` that stood before row `as_of` was written."""
    sql = f"""SELECT {COLUMNS} FROM decision d WHERE key = ? AND id < ? AND act IN ('decide', 'redo')
        AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id AND u.id < ?) ORDER BY id DESC LIMIT 1"""
    return _first(connection, sql, key, below, as_of)


def _stored(connection: sqlite3.Connection, client: str, seq: int | None) -> Decision | None:
    return _first(connection, f"SELECT {COLUMNS} FROM decision WHERE client = ? AND seq = ?", client, seq)


def _first(connection: sqlite3.Connection, sql: str, *values: object) -> Decision | None:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else _decision(row)


def _decision(row: tuple[Any, ...]) -> Decision:
    return Decision(row[0], row[1], row[2], _reasons(row[3]), *row[4:])


@lru_cache(maxsize=4096)
def _reasons(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _cleaned(entry: Entry) -> Entry:
    if not _KEY.fullmatch(entry.key):
        raise DecisionRefused(f"key {entry.key[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -; copy it from the rollout")
    if entry.verdict not in VERDICTS:
        raise DecisionRefused(
            f"{entry.key}: verdict {entry.verdict[:80]!r} is unknown; use one of {', '.join(VERDICTS)}"
        )
    reasons = tuple(dict.fromkeys(_text("reason", reason) for reason in entry.reasons if reason))
    if len(reasons) > REASONS:
        raise DecisionRefused(f"{entry.key}: {len(reasons)} reasons; give at most {REASONS}")
    note, who = _text("note", entry.note, NOTE_CHARS), _text("reviewer", entry.reviewer)
    return replace(entry, reasons=reasons, note=note, reviewer=who, client=_client(entry.client, entry.seq))


def _client(client: str, seq: int | None) -> str:
    if seq is not None and (not client or not 0 <= seq < 2**63):
        raise DecisionRefused(f"sequence number {seq} of client {client[:80]!r}: needs a client and 0 or more")
    return _text("client", client)


def _text(what: str, text: str, n_chars: int = NAME_CHARS) -> str:
    """Return the text with what SQLite cannot keep made visible: lone surrogates as U+FFFD, NUL as U+2400."""
    if len(text) > n_chars:
        raise DecisionRefused(f"{what} has {len(text):,} characters; shorten it to {n_chars:,}")
    return re.sub("[\ud800-\udfff]", "\ufffd", text).replace("\0", "\u2400")


def _number_taken(client: str, seq: int | None) -> DecisionRefused:
    return DecisionRefused(f"client {client!r} sent number {seq} twice with different content; use a new client id")
