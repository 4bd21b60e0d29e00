"""One act of the review store as a value, as a row and as what a caller may ask for.

It knows how an act is cleaned, written and read inside a transaction; it does not know files, undo or batches.
What an act is about is its key alone (a verdict) or key and item (a mark on one answer): its *subject*.
The order of acts is that of `(clock, origin)`: `schema` says why.
"""

import json
import re
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from rollout_curator.decisions import timestamps
from rollout_curator.decisions.schema import COLUMNS, origin_of
from rollout_curator.errors import DecisionRefused

VERDICTS = ("reject", "accept", "clear")
MARKS = ("mark", "clear")
"""What can be said of one answer: do not train it, or nothing."""
WAYS = ("read", "compared", "bulk", "command")
"""How a verdict came about: read by itself, side by side with others, with many at once, on the command line."""
ITEM_END = 2**31
SEQ_END = 2**63
NOTE_CHARS, NAME_CHARS, REASONS = 10_000, 200, 32
END = 2**62
BY_ID = f"SELECT {COLUMNS} FROM decision WHERE id = ?"
INSERT = f"INSERT INTO decision ({COLUMNS}) VALUES (NULL,{','.join('?' * 17)})"
LATEST = "ORDER BY clock DESC, origin DESC LIMIT 1"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the store; `at` is UTC, `reviewer` is who made this act, `undoes` the row it takes back.

    `batch` joins the acts of one bulk decision, `queue` names the queue it was made in, both empty when there is none.
    `item` is the first item of the answer that a mark is about, None for a verdict on the rollout. `blind` says of a
    verdict whether others' could not be known when it was given, None where nobody noted that. `way` is one of WAYS,
    empty where nobody said it.
    """

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
    batch: str = ""
    queue: str = ""
    clock: int = field(default=0, compare=False)
    origin: str = field(default="", compare=False)
    item: int | None = None
    blind: bool | None = field(default=None, compare=False)
    way: str = ""

    @property
    def order(self) -> tuple[int, str]:
        """Return what acts are ordered by, in this store and in every copy."""
        return self.clock, self.origin


@dataclass(frozen=True, slots=True)
class Entry:
    """What to record; `expected` is the id the reviewer saw standing, 0 for none, None to skip the check.

    With an `item` the verdict is `mark` or `clear`, and about the answer that begins there. `blind` says that what
    others decided was hidden; for one without queue and client, which comes from no screen, that is so anyway.
    """

    key: str
    verdict: str
    reasons: tuple[str, ...] = ()
    note: str = ""
    reviewer: str = ""
    client: str = ""
    seq: int | None = None
    expected: int | None = None
    queue: str = ""
    item: int | None = None
    blind: bool | None = False
    way: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written, what stood before, somebody else's unseen decision; `repeated` when it was here already.

    Of an entry refused for its conflict nothing was written: `decision` is then that conflict, the one that stands.
    `n` is how many acts one undo or redo took back or brought back: more than one for a bulk decision.
    """

    decision: Decision
    before: Decision | None
    conflict: Decision | None
    repeated: bool
    n: int = 1


def tick(connection: sqlite3.Connection) -> tuple[int, str]:
    """Return the clock of the next act, later than every act there is, and the time of day beside it."""
    now = datetime.now(UTC)
    latest = _latest(connection)
    if not timestamps.is_plausible(latest):
        timestamps.mend(connection)
        latest = _latest(connection)
    return max(int(now.timestamp() * 1_000_000), latest + 1), now.isoformat(timespec="microseconds")


def _latest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(clock), 0) FROM decision").fetchone()[0])


def append(
    connection: sqlite3.Connection, entry: Entry, act: str = "decide", undoes: int | None = None, batch: str = ""
) -> Decision:
    """Write one act and return it."""
    clock, at = tick(connection)
    said = (entry.key, entry.verdict, json_of(entry.reasons), entry.note, entry.reviewer, at, entry.client, entry.seq)
    origin = origin_of(entry.client, entry.seq)
    values = (*said, undoes, act, batch, entry.queue, clock, origin, entry.item, entry.blind, entry.way)
    written = connection.execute(INSERT, values)
    return of_row((written.lastrowid, *values))


def current_verdicts(connection: sqlite3.Connection, about: Entry | Decision, end: int) -> Decision | None:
    """Return the newest act on the same subject that stood before row `end` was written."""
    sql = f"""SELECT {COLUMNS} FROM decision d WHERE key = ?1 AND item IS ?2 AND id < ?3 AND act IN ('decide', 'redo')
        AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id AND u.id < ?3) {LATEST}"""
    return first(connection, sql, about.key, about.item, end)


def stored(connection: sqlite3.Connection, client: str, seq: int | None) -> Decision | None:
    """Return what an outbox sent under this number, None when nothing arrived yet."""
    return first(connection, f"SELECT {COLUMNS} FROM decision WHERE client = ? AND seq = ?", client, seq)


def first(connection: sqlite3.Connection, sql: str, *values: object) -> Decision | None:
    """Return the first row of a query as an act."""
    row = connection.execute(sql, values).fetchone()
    return None if row is None else of_row(row)


def of_row(row: tuple[Any, ...]) -> Decision:
    """Return a row of `COLUMNS` as an act."""
    rest: tuple[Any, ...] = (*row[4:16], None if row[16] is None else bool(row[16]), row[17])
    return Decision(row[0], row[1], row[2], _reasons(row[3]), *rest)


def json_of(reasons: tuple[str, ...]) -> str:
    """Return reasons as they lie in the store."""
    return json.dumps(reasons, ensure_ascii=False)


@lru_cache(maxsize=4096)
def _reasons(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def cleaned(entry: Entry) -> Entry:
    """Return the entry as it can be kept. Raises DecisionRefused."""
    if not _KEY.fullmatch(entry.key):
        raise DecisionRefused(f"key {entry.key[:80]!r} is not 1 to 64 of A-Z a-z 0-9 _ -; copy it from the rollout")
    if entry.verdict not in (known := VERDICTS if entry.item is None else MARKS):
        raise DecisionRefused(f"{entry.key}: verdict {entry.verdict[:80]!r} is unknown; use one of {', '.join(known)}")
    if entry.item is not None and not 0 <= entry.item < ITEM_END:
        raise DecisionRefused(f"{entry.key}: {entry.item} is not an item number")
    if entry.way not in ("", *WAYS):
        raise DecisionRefused(f"{entry.key}: way {entry.way[:80]!r} is unknown; use one of {', '.join(WAYS)}")
    reasons = tuple(dict.fromkeys(text_of("reason", reason) for reason in entry.reasons if reason))
    if len(reasons) > REASONS:
        raise DecisionRefused(f"{entry.key}: {len(reasons)} reasons; give at most {REASONS}")
    note, who = text_of("note", entry.note, NOTE_CHARS), text_of("reviewer", entry.reviewer)
    client, queue = client_of(entry.client, entry.seq), text_of("queue", entry.queue)
    return replace(entry, reasons=reasons, note=note, reviewer=who, client=client, queue=queue)


def client_of(client: str, seq: int | None) -> str:
    """Return the id of an outbox. Raises DecisionRefused for a number without one."""
    if seq is not None and (not client or not 0 <= seq < SEQ_END):
        raise DecisionRefused(f"sequence number {seq} of client {client[:80]!r}: needs a client and a number ≥ 0")
    return text_of("client", client)


def text_of(what: str, text: str, n_chars: int = NAME_CHARS) -> str:
    """Return the text with what SQLite cannot keep made visible: lone surrogates as U+FFFD, NUL as U+2400."""
    if len(text) > n_chars:
        raise DecisionRefused(f"{what} has {len(text):,} characters; shorten it to {n_chars:,}")
    return re.sub("[\ud800-\udfff]", "\ufffd", text).replace("\0", "\u2400")


def number_taken(client: str, seq: int | None) -> DecisionRefused:
    """Return the refusal of a number that already names something else."""
    return DecisionRefused(f"client {client!r} sent number {seq} twice with different content; use a new client id")
