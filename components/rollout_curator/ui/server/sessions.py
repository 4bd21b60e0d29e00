"""Who is let in to a shared app: one session a browser, from the link that was opened until log-out or expiry.

A session is known by a random id in a cookie that scripts cannot read. Whoever holds the token of the link chooses a
name once a session; nobody vouches for that name. Sessions live in memory: a server that starts again knows none.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

IDLE_S = 12 * 3600
"""A session ends so long after it was last used."""
LONGEST_S = 7 * 24 * 3600
"""A session ends so long after it began, however much it is used."""
MOST = 1000
"""So many are held; the one unused for longest goes first."""


@dataclass(slots=True)
class _Held:
    began: float
    used: float
    name: str = ""


class Sessions:
    """The sessions of one server; threads may share it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self) -> str:
        """Begin a session and return its id."""
        id, now = secrets.token_urlsafe(32), self._now()
        with self._lock:
            self._held[id] = _Held(now, now)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return id

    def holds(self, id: str) -> bool:
        """Say whether a session goes on; asking is using it."""
        with self._lock:
            return self._alive(id) is not None

    def goes_on(self, id: str) -> bool:
        """Say whether a session goes on, without using it."""
        with self._lock:
            return self._alive(id, is_used=False) is not None

    def name(self, id: str) -> str:
        """Return the name that was chosen in a session, empty for none."""
        with self._lock:
            held = self._alive(id)
            return held.name if held else ""

    def choose(self, id: str, name: str) -> str:
        """Give a session its name, which it keeps; return the name it has."""
        with self._lock:
            held = self._alive(id)
            if held is None:
                return ""
            held.name = held.name or name
            return held.name

    def end(self, id: str) -> None:
        """End a session."""
        with self._lock:
            self._held.pop(id, None)

    def _alive(self, id: str, *, is_used: bool = True) -> _Held | None:
        held, now = self._held.get(id), self._now()
        if held is None:
            return None
        if now - held.used > IDLE_S or now - held.began > LONGEST_S:
            del self._held[id]
            return None
        if is_used:
            held.used = now
            self._held.move_to_end(id)
        return held
