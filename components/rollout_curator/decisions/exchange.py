"""Acts of the review store as lines of JSON, and back: how the decisions of several people become one store.

An act is named by its `origin` everywhere, also in `undoes`, so ids are those of each store and links survive. A merge
only adds what is not here: it can be repeated, and two stores that take in each other hold the same acts in the same
order, hence the same verdicts. Works on rows inside a transaction; knows no files.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson

from rollout_curator.decisions import timestamps
from rollout_curator.decisions.events import (
    INSERT,
    ITEM_END,
    SEQ_END,
    Decision,
    Entry,
    cleaned,
    first,
    json_of,
    stored,
    text_of,
)
from rollout_curator.decisions.schema import COLUMNS
from rollout_curator.errors import DecisionRefused

ACTS = ("decide", "undo", "redo", "yield", "spare")
Json = dict[str, Any]
_NAMES = tuple(column.name for column in fields(Decision) if column.name != "id")
_ENDS = {"seq": SEQ_END, "item": ITEM_END}
_TEXTS = frozenset({"key", "verdict", "note", "reviewer", "at", "client", "act", "batch", "queue", "origin", "way"})


@dataclass(frozen=True, slots=True)
class Imported:
    """How many acts were added, and how many were here already."""

    added: int
    known: int


def give_out(acts: Iterable[Decision]) -> Iterator[bytes]:
    """Yield one line per act; `undoes` is the origin of the act that is taken back."""
    acts = list(acts)
    origins = {act.id: act.origin for act in acts}
    for act in acts:
        line: Json = {name: getattr(act, name) for name in _NAMES}
        line["undoes"] = None if act.undoes is None else origins[act.undoes]
        yield orjson.dumps(line) + b"\n"


def take_in(connection: sqlite3.Connection, lines: Iterable[bytes]) -> Imported:
    """Add every act that is not here. Raises DecisionRefused that names the line when one is not what it must be."""
    found = [_read(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    found.sort(key=lambda act: (act["clock"], act["origin"]))
    added = sum(_add(connection, act) for act in _linked(found))
    return Imported(added, len(found) - added)


def _linked(found: list[Json]) -> Iterator[Json]:
    """Yield the acts in their order, but each after the one it takes back, whatever their clocks say."""
    waiting = {act["origin"]: act for act in reversed(found)}
    for act in found:
        chain: list[Json] = []
        link: Json | None = act
        while link is not None and waiting.pop(link["origin"], None) is not None:
            chain.append(link)
            link = waiting.get(link["undoes"])
        yield from reversed(chain or [act])  # the same act twice in a file is found to be here


def _add(connection: sqlite3.Connection, act: Json) -> bool:
    here = first(connection, f"SELECT {COLUMNS} FROM decision WHERE origin = ?", act["origin"])
    if here is not None:
        if tuple(getattr(here, name) for name in _SAME) != tuple(act[name] for name in _SAME):
            raise _refused(
                act["number"],
                f"decision {act['origin']} already exists with different content; one of the files was edited",
            )
        return False
    if stored(connection, act["client"], act["seq"]) is not None:
        raise _refused(act["number"], f"number {act['seq']} of client {act['client']!r} is here as another decision")
    undoes = act["undoes"]
    if undoes is not None:
        row = connection.execute("SELECT id FROM decision WHERE origin = ?", (undoes,)).fetchone()
        if row is None:
            raise _refused(
                act["number"],
                "undoes a decision that is neither here nor before it in this file; export the full history",
            )
        undoes = row[0]
    values = {**act, "undoes": undoes, "reasons": json_of(tuple(act["reasons"]))}
    connection.execute(INSERT, [values[name] for name in _NAMES])
    return True


_SAME = ("key", "verdict", "reviewer", "act", "item")


def _read(number: int, line: bytes) -> Json:
    """Return one line as an act, every field in its type; lines of older programs lack some of the last ones."""
    try:
        act = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _refused(number, f"is not JSON ({error.msg})") from error
    if isinstance(act, dict):
        act.setdefault("item", None)
        act.setdefault("blind", None)
        act.setdefault("way", "")
    if not isinstance(act, dict) or set(act) != set(_NAMES):
        raise _refused(number, "is not a decision record; use a file from `decisions export`")
    wrong = next((name for name in _NAMES if not _fits(name, act[name])), None)
    if wrong is None and act["act"] != "spare" and (act["act"] == "decide") != (act["undoes"] is None):
        wrong = "undoes"
    if wrong is not None:
        raise _refused(number, _wrong(wrong, act[wrong]))
    try:
        entry = Entry(act["key"], act["verdict"], tuple(act["reasons"]), act["note"], act["reviewer"], act["client"])
        clean = cleaned(replace(entry, seq=act["seq"], item=act["item"], way=act["way"], queue=act["queue"]))
        for name in ("batch", "origin"):
            text_of(name, act[name])
    except DecisionRefused as error:
        raise _refused(number, str(error)) from error
    kept = {"note": clean.note, "reviewer": clean.reviewer, "client": clean.client, "queue": clean.queue}
    return {**act, **kept, "number": number, "reasons": list(clean.reasons)}


def _fits(name: str, value: Any) -> bool:
    if name == "reasons":
        return isinstance(value, list) and all(isinstance(reason, str) for reason in value)
    if name == "at":
        moment = timestamps.moment_of(value) if isinstance(value, str) else None
        return moment is not None and moment < timestamps.end_of_times()
    if name == "act":
        return value in ACTS
    if name in _TEXTS:
        return (
            isinstance(value, str)
            and not (name in ("origin", "batch") and "\0" in value)
            and (name != "origin" or value != "")
        )
    if name == "blind":
        return value is None or isinstance(value, bool)
    if name == "undoes":
        return value is None or isinstance(value, str)
    if name in _ENDS and value is None:
        return True
    end = _ENDS.get(name) or timestamps.clock_of(timestamps.end_of_times())
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _wrong(name: str, value: Any) -> str:
    if name == "clock" and isinstance(value, int) and not isinstance(value, bool) and value > 0:
        day = timestamps.end_of_times().date().isoformat()
        return (
            f"clock {value} is a time after {day}, which cannot be; open the store it came from with this program, "
            "which mends it, and export it again"
        )
    return f"{name} is {str(value)[:60]!r}, which no review store writes"


def _refused(number: int, why: str) -> DecisionRefused:
    return DecisionRefused(f"line {number}: {why}; nothing was imported")
