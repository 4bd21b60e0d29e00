"""What a reader sends to be recorded, as values: the whole request or nothing of it is read, never its beginning.

A request with more entries than one may hold is refused whole, and says how many it may hold: the reader then sends
them in parts. An entry that is not what it must be is a matter of `routes`, which answers each one. Knows JSON and the
types of fields; what may be kept of them is the store's.
"""

import json
from typing import Any

import orjson

from rollout_curator.ui.server.answers import Refusal

ENTRIES_MAX = 500
Json = dict[str, Any]


def parsed(body: bytes, what: str) -> Json:
    """Return the object that a body holds; half a surrogate pair in a text is read too. Raises Refusal."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = _parsed_slowly(body, what)
    if not isinstance(found, dict):
        raise Refusal(400, f"not {what}")
    return found


def listed(sent: Json, name: str, what: str) -> list[Any]:
    """Return a list that was sent, all of it. Raises Refusal when it is none or longer than one request may hold."""
    found = sent.get(name)
    if not isinstance(found, list):
        raise Refusal(400, f"not {what}")
    if len(found) > ENTRIES_MAX:
        words = f"{len(found):,} {name} in one request: too many, none was saved; send at most {ENTRIES_MAX} at a time"
        raise Refusal(413, words, most=ENTRIES_MAX)
    return found


def text(sent: Json, name: str, what: str) -> str:
    """Return a text that was sent. Raises Refusal when it is none."""
    found = sent.get(name)
    if not isinstance(found, str):
        raise Refusal(400, f"not {what}")
    return found


def act_of(entry: Any) -> Json:
    """Return an entry with every field in its type. Raises KeyError, TypeError or ValueError."""
    kind, seq, expected = entry["kind"], _whole(entry["seq"]), _whole(entry.get("expected") or 0)
    if kind not in ("decide", "undo", "redo"):
        raise ValueError(kind)
    item = entry.get("item")
    act: Json = {"kind": kind, "seq": seq, "key": entry.get("key"), "pos": entry.get("pos"), "expected": expected}
    act.update(item=None if item is None else _whole(item), reviewer=_text(entry.get("reviewer") or ""))
    if kind == "decide":
        reasons = entry.get("reasons") or []
        if not isinstance(reasons, list):
            raise TypeError(reasons)
        act.update(key=_text(act["key"]), verdict=_text(entry["verdict"]), note=_text(entry.get("note") or ""))
        act["reasons"] = tuple(map(_text, reasons))
        act["way"] = way if (way := entry.get("way")) in ("read", "compared") else ""
    return act


def _parsed_slowly(body: bytes, what: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"not {what}") from error


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
