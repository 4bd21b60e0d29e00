"""Which files hold acts of a review store, as `decisions export` writes them: told by their first and last line.

Knows the shape of such a line; what the acts mean `exchange` knows. A file that only begins or ends with acts
is none of these, so that no rollout in it is passed over.
"""

import os
from pathlib import Path

import orjson

LINE_BYTES = 1 << 20
_BEGINNING = b'{"key":"'
_ALWAYS = {
    *("key", "verdict", "reasons", "note", "reviewer", "at", "client", "seq"),
    *("undoes", "act", "batch", "queue", "clock", "origin"),
}
_LATER = {"item", "blind", "way"}
"""What lines of older programs lack."""


def is_given_out(path: Path) -> bool:
    """Say whether a regular file holds acts; False where it cannot be read."""
    try:
        with open(path, "rb") as file:
            if file.read(len(_BEGINNING)) != _BEGINNING:
                return False
            file.seek(0)
            first = file.readline(LINE_BYTES)
            file.seek(max(0, os.fstat(file.fileno()).st_size - LINE_BYTES))
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError:
        return False
    return _is_act(first) and _is_act(last)


def _is_act(line: bytes) -> bool:
    try:
        act = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(act, dict) and act.keys() - _LATER == _ALWAYS
