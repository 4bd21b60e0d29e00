"""One entry, undo or redo written inside a transaction of the review store, and who decided meanwhile.

It knows acts and what stands on a subject (a rollout, or one answer of it); it does not know files or batches.
"""

import sqlite3
from dataclasses import replace

from rollout_curator.decisions.events import (
    BY_ID,
    END,
    LATEST,
    Decision,
    Entry,
    Recorded,
    append,
    current_verdicts,
    first,
    number_taken,
    stored,
)
from rollout_curator.decisions.schema import COLUMNS


def record(connection: sqlite3.Connection, entry: Entry, refuse_conflicts: bool) -> Recorded:
    """Write a clean entry, or leave it out for a conflict; one that was stored already is answered as it was then."""
    here = stored(connection, entry.client, entry.seq)
    if here is not None:
        same = (here.key, here.item, here.verdict, here.reasons, here.note, here.reviewer, here.act)
        if same != (entry.key, entry.item, entry.verdict, entry.reasons, entry.note, entry.reviewer, "decide"):
            raise number_taken(entry.client, entry.seq)
    before = current_verdicts(connection, entry, END if here is None else here.id)
    conflict = before if _unseen(before, entry) else None
    if conflict is not None and refuse_conflicts and here is None:
        return Recorded(conflict, before, conflict, repeated=False)
    written = here or append(connection, replace(entry, blind=_is_own(connection, entry)))
    return Recorded(written, before, conflict, repeated=here is not None)


def _is_own(connection: sqlite3.Connection, entry: Entry) -> bool | None:
    """Say whether a verdict is given without knowing what others said: nobody else's stands, or all were hidden.

    Who has decided this rollout before was shown the others' verdicts then, also if that was taken back since.
    """
    if entry.item is not None:
        return None
    others = "SELECT 1 FROM standing WHERE key = ?1 AND item IS NULL AND reviewer <> ?2 AND verdict <> 'clear'"
    if not connection.execute(f"{others} LIMIT 1", (entry.key, entry.reviewer)).fetchone():
        return True
    before = "SELECT 1 FROM decision WHERE key = ?1 AND item IS NULL AND reviewer = ?2 AND act = 'decide' LIMIT 1"
    is_hidden = entry.blind or not (entry.queue or entry.client)  # from no screen
    return bool(is_hidden and not connection.execute(before, (entry.key, entry.reviewer)).fetchone())


def _unseen(before: Decision | None, entry: Entry) -> bool:
    """Say whether somebody else decided after what the reviewer saw; a cleared key looks like one never decided."""
    if before is None or entry.expected is None or before.reviewer == entry.reviewer:
        return False
    return before.id > entry.expected and not (entry.expected == 0 and before.verdict == "clear")


def repeated(connection: sqlite3.Connection, act: str, who: str, here: Decision) -> Recorded:
    """Return the answer to an undo or redo that was made already."""
    if here.act not in (act, "yield", "spare") or here.reviewer != who:
        raise number_taken(here.client, here.seq)
    before = current_verdicts(connection, here, here.id)
    n = connection.execute("SELECT count(*) FROM decision WHERE batch = ?", (here.batch,)).fetchone()[0]
    conflict = before if here.act == "yield" else None
    return Recorded(here, before, conflict, repeated=True, n=n if here.batch else 1)


def take_back(connection: sqlite3.Connection, act: str, target: Decision, said: Entry) -> Recorded:
    """Write the act that takes `target` back, or says that somebody else's came after it."""
    own = target if act == "undo" else first(connection, BY_ID, target.undoes) or target
    before = current_verdicts(connection, target, END)
    overtaken = before is not None and before.order > own.order and before.reviewer != said.reviewer
    restored = own if act == "redo" else _without(connection, target)
    after = before if overtaken else restored
    holds = (after.verdict, after.reasons, after.note) if after else ("clear", (), "")
    entry = replace(said, verdict=holds[0], reasons=holds[1], note=holds[2], blind=None)
    if act == "redo":  # it comes back as what it was
        entry = replace(entry, queue=own.queue, way=own.way, blind=None if overtaken else own.blind)
    written = append(connection, entry, "yield" if overtaken else act, target.id)
    return Recorded(written, before, before if overtaken else None, repeated=False)


def _without(connection: sqlite3.Connection, target: Decision) -> Decision | None:
    """Return the newest act on the subject of `target` that stands beside it."""
    sql = f"SELECT {COLUMNS} FROM standing WHERE key = ? AND item IS ? AND id <> ? {LATEST}"
    return first(connection, sql, target.key, target.item, target.id)
