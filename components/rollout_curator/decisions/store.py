"""The review store: what people decided, appended to one SQLite file; nothing said in it is ever changed.

It knows keys (hash of a rollout's bytes), verdicts, reasons, notes and who said so when; it does not know rollouts.
An act is about a rollout (reject, accept, clear) or about one answer of it, by the number of its first item: `mark`
says that it is not to be trained, `clear` takes that off. Verdict and marks of a key stand side by side, each subject
with its own newest act, so neither ever changes the other; undo and redo go through all acts of a person in order.
Each row is one act: `decide`; `undo` or `redo`, whose `undoes` is the row it takes back; `yield`, an undo or redo that
changed nothing because somebody else had decided since; `spare`, a bulk decision that left a key as it was. A row
*stands* when it is a `decide` or `redo` that no row undoes; the newest standing row of a subject is what holds, with
its own author. The verdict, reasons and note of an `undo`, `yield` or `spare` repeat what held after it in the store
where it was made. Newer is what has the higher `(clock, origin)`, in every copy alike; `id` is only the order of
arrival here. A clock that cannot be is the one thing that is mended (`timestamps`).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Literal

import orjson

from rollout_curator.decisions import bulk, exchange, recording
from rollout_curator.decisions.bulk import Batch
from rollout_curator.decisions.events import (
    LATEST,
    VERDICTS,
    Decision,
    Entry,
    Recorded,
    cleaned,
    client_of,
    first,
    of_row,
    stored,
    text_of,
)
from rollout_curator.decisions.exchange import Imported
from rollout_curator.decisions.file import StoreFile, copy_file
from rollout_curator.decisions.schema import COLUMNS

__all__ = ["VERDICTS", "Batch", "Decision", "Decisions", "Entry", "Imported", "Recorded"]
_LIVE = f"""SELECT {COLUMNS} FROM decision d WHERE act IN ('decide', 'redo', 'spare')
    AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id)"""
_SINGLE = f"SELECT {COLUMNS} FROM decision WHERE id > ? AND batch = '' AND item IS NULL"
_TOUCHED = "SELECT key FROM decision WHERE id > ?"  # DISTINCT would walk the index of all keys
_LAST_DONE = f"SELECT {COLUMNS} FROM standing WHERE reviewer = ? {LATEST}"
_LAST_UNDONE = f"""SELECT {COLUMNS} FROM decision d WHERE reviewer = ?1 AND act = 'undo'
    AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id)
    AND clock > (SELECT max(clock) FROM decision WHERE reviewer = ?1 AND act = 'decide') {LATEST}"""
Acts = dict[str, tuple[Decision, ...]]
Marks = dict[str, dict[int, Decision]]


class Decisions:
    """An open review store; threads may share one, processes each open their own."""

    def __init__(self, file: StoreFile) -> None:
        """Read and write through an open file; `open` is the usual way in."""
        self._file = file
        self._acts: Acts = {}
        self._held: dict[str, Decision] = {}
        self._singles: list[Decision] = []
        self._marks: Marks = {}
        self._held_version, self._held_order = 0, 0
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

    # Writing

    def record(self, entries: Sequence[Entry], *, refuse_conflicts: bool = False) -> list[Recorded]:
        """Append all entries or none; returns when they are on disk. Raises DecisionRefused for a bad one.

        An entry over somebody else's unseen decision names it as `conflict`; it is recorded all the same, since the
        history keeps both, or left out with `refuse_conflicts`.
        An entry whose client and seq are stored already is not stored again; the answer is then the same as the first.
        """
        clean = [cleaned(entry) for entry in entries]
        with self._file.writing() as connection:
            return [recording.record(connection, entry, refuse_conflicts) for entry in clean]

    def record_bulk(self, keys: Sequence[str], said: Entry, *, seen: int) -> Batch:
        """Give every key that has no verdict the one of `said`, as one step that one undo takes back.

        What anybody decided, also since the version `seen` of the store, stays as it is.
        """
        keys, said = bulk.checked(keys, said)
        with self._file.writing() as connection:
            return bulk.record(connection, keys, said, seen)

    def undo(self, reviewer: str, client: str = "", seq: int | None = None) -> Recorded | None:
        """Take back the reviewer's last decision that stands, of a bulk decision all of it; None when nothing is left.

        If somebody else decided that key since, theirs stays in force and is named as `conflict`; the reviewer's own
        is withdrawn all the same, so the next undo goes one further back.
        """
        return self._take_back("undo", reviewer, client, seq)

    def redo(self, reviewer: str, client: str = "", seq: int | None = None) -> Recorded | None:
        """Bring back what the reviewer last undid, if they decided nothing since; None when nothing is left.

        If somebody else decided that key since, theirs stays in force and is named as `conflict`.
        """
        return self._take_back("redo", reviewer, client, seq)

    def take_in(self, lines: Iterable[bytes]) -> Imported:
        """Add the acts of another store that are not here yet, all or none. Raises DecisionRefused for a bad line."""
        with self._file.writing() as connection:
            return exchange.take_in(connection, lines)

    def set(self, name: str, value: Any, reviewer: str = "") -> None:
        """Agree on a setting for everybody who uses this store; `value` is plain JSON."""
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        values = (text_of("setting", name), orjson.dumps(value).decode(), text_of("reviewer", reviewer), at)
        with self._file.writing() as connection:
            connection.execute("INSERT INTO setting (name, value, reviewer, at) VALUES (?, ?, ?, ?)", values)

    # Reading

    def setting(self, name: str, usual: Any) -> Any:
        """Return what was last agreed on under a name, else the usual value."""
        with self._file.reading() as connection:
            sql = "SELECT value FROM setting WHERE name = ? ORDER BY id DESC LIMIT 1"
            row = connection.execute(sql, (name,)).fetchone()
        return usual if row is None else orjson.loads(row[0])

    def current(self) -> dict[str, Decision]:
        """Return what holds for each key, in no order; cleared keys are absent. Only what is new is read again."""
        with self._held_lock:
            self._catch_up()
            return dict(self._held)

    def holding(self, key: str) -> Decision | None:
        """Return what holds for one key, None for nothing; as quick with a million decisions as with one."""
        with self._held_lock:
            self._catch_up()
            return self._held.get(key)

    def marks(self) -> Marks:
        """Return the marks that stand: for each key with any, the act of each marked answer by its first item."""
        with self._held_lock:
            self._catch_up()
            return dict(self._marks)

    def marks_on(self, key: str) -> dict[int, Decision]:
        """Return the marks that stand on one key."""
        with self._held_lock:
            self._catch_up()
            return self._marks.get(key, {})

    def acts(self) -> Acts:
        """Return for each key every verdict that stands and every `spare` not taken back, oldest first."""
        with self._held_lock:
            self._catch_up()
            return dict(self._acts)

    def singles(self) -> tuple[Decision, ...]:
        """Return every act on one rollout alone, also those taken back and what took them back, in their order."""
        with self._held_lock:
            self._catch_up()
            return tuple(self._singles)

    def acts_changed(self, after: int) -> Acts:
        """Return `acts` of each key touched after that id."""
        return {key: _verdicts(rows) for key, rows in self._live(after).items()}

    def changed(self, after: int) -> dict[str, Decision | None]:
        """Return what holds now for each key touched after that id, None for nothing: `current`, piece by piece."""
        return {key: _newest(rows) for key, rows in self.acts_changed(after).items()}

    def history(self, key: str | None = None) -> list[Decision]:
        """Return every act, or those on one key, oldest first."""
        if key is None:
            return self._rows(f"SELECT {COLUMNS} FROM history")
        return self._rows(f"SELECT {COLUMNS} FROM decision WHERE key = ? ORDER BY clock, origin", key)

    def give_out(self) -> Iterable[bytes]:
        """Yield every act as one line of JSON, the same lines in the same order in every copy of this store."""
        self._file.mend()
        return exchange.give_out(self.history())

    def version(self) -> int:
        """Return the highest id, 0 when there is none."""
        with self._file.reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()[0])

    def clock(self) -> int:
        """Return the clock of the latest act, 0 when there is none."""
        with self._file.reading() as connection:
            return int(connection.execute("SELECT coalesce(max(clock), 0) FROM decision").fetchone()[0])

    def had_bulk(self, after: int, reviewer: str) -> bool:
        """Say whether this reviewer decided in bulk, or took that back, after act `after`."""
        sql = "SELECT EXISTS (SELECT 1 FROM decision WHERE batch <> '' AND id > ? AND reviewer = ?)"
        with self._file.reading() as connection:
            return bool(connection.execute(sql, (after, reviewer)).fetchone()[0])

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

    def _live(self, after: int) -> Acts:
        """Return for each key touched after that id all that `acts` and `marks` are made of."""
        with self._file.reading() as connection:
            touched = [key for (key,) in connection.execute(_TOUCHED, (after,))]
            live = connection.execute(
                f"{_LIVE} AND key IN ({_TOUCHED}) ORDER BY key, clock, origin", (after,)
            ).fetchall()
        found: dict[str, list[Decision]] = {key: [] for key in touched}
        for row in map(of_row, live):
            found.setdefault(row.key, []).append(row)  # what arrived between the two looks is read whole
        return {key: tuple(rows) for key, rows in found.items()}

    def _catch_up(self) -> None:
        """Read what is new; after a read that fails, it is made again."""
        now, order = self.version(), self._file.order_version()
        if self._held_order != order:  # a clock was mended: what is held has the old ones
            self._held_version, self._held_order, self._singles = 0, order, []
        if self._held_version == now:
            return
        for key, rows in self._live(self._held_version).items():
            self._acts[key] = verdicts = _verdicts(rows)
            _put(self._held, key, _newest(verdicts))
            newest = {row.item: row for row in rows if row.item is not None}
            _put(self._marks, key, {item: row for item, row in newest.items() if row.verdict == "mark"})
        self._singles += [row for row in self._rows(_SINGLE, self._held_version) if row.id <= now]
        self._singles.sort(key=lambda row: row.order)
        self._held_version = now

    def _take_back(self, act: Literal["undo", "redo"], who: str, client: str, seq: int | None) -> Recorded | None:
        who, client = text_of("reviewer", who), client_of(client, seq)
        with self._file.writing() as connection:
            before = stored(connection, client, seq)
            if before is not None:
                return recording.repeated(connection, act, who, before)
            target = first(connection, _LAST_DONE if act == "undo" else _LAST_UNDONE, who)
            if target is None:
                return None
            said = Entry(target.key, "clear", reviewer=who, client=client, seq=seq, item=target.item)
            if target.batch:
                return bulk.take_back(connection, act, target, said)
            return recording.take_back(connection, act, target, said)

    def _rows(self, sql: str, *values: object) -> list[Decision]:
        with self._file.reading() as connection:
            rows = connection.execute(sql, values).fetchall()
        return [of_row(row) for row in rows]


def _verdicts(rows: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(row for row in rows if row.item is None)


def _put(held: dict[str, Any], key: str, value: Any) -> None:
    """Keep a value under a key, or nothing there for nothing."""
    held.pop(key, None)
    if value:
        held[key] = value


def _newest(rows: Sequence[Decision]) -> Decision | None:
    """Return what holds of the acts on a key, None when that is nothing."""
    newest = next((row for row in reversed(rows) if row.act != "spare"), None)
    return None if newest is None or newest.verdict == "clear" else newest
