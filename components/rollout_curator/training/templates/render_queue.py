"""Whose turn it is to render: one user's templates one after the other, and those of all users on a few cores.

A template that somebody gave may be slow on purpose. In the app each user has `Turns`, and a page, a look or an export
is some `Work` of theirs; a second rendering of the same user waits for the first, in the order they were asked for.
Work can be stopped at any moment, also while it waits or renders.
On the command line there are no turns: whoever started it has all cores. Built-in templates need none either.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rollout_curator.errors import TemplateError
from rollout_curator.training.templates.base import ChatTemplate

WAITING_MAX = 16
"""So many renderings of one user may wait; a page that would be the next is told to come back."""
CORES = max(2, (os.cpu_count() or 2) - 1)
"""So many renderings of all users together are at work: one user never stops another, and many leave a core free."""
LOOK_EVERY_S = 0.1


class Stopped(Exception):
    """Work that was told to stop, and whose result nobody waits for."""


class Turns:
    """The renderings of one user, in the order they were asked for."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def taken(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for a turn, then hold it; `check` raises when it is not wanted any more. Raises TemplateError."""
        ticket = object()
        with self._changed:
            if len(self._waiting) >= WAITING_MAX:
                raise TemplateError("too many of your pages render a chat template at once; wait until one is done")
            self._waiting.append(ticket)
        try:
            with self._changed:
                while self._waiting[0] is not ticket:
                    check()
                    self._changed.wait(LOOK_EVERY_S)
            with _core(check):
                yield
        finally:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()


_cores = threading.BoundedSemaphore(CORES)


@contextmanager
def _core(check: Callable[[], None]) -> Iterator[None]:
    while not _cores.acquire(timeout=LOOK_EVERY_S):
        check()
    try:
        yield
    finally:
        _cores.release()


class Work:
    """A page, a look or an export of one user, which renders in that user's turns; at most `limit_s` in all."""

    def __init__(self, turns: Turns, limit_s: float | None = None) -> None:
        """Begin; the time runs from now on."""
        self.turns = turns
        self._limit_s = limit_s
        self._ends_at = None if limit_s is None else time.monotonic() + limit_s
        self._lock = threading.Lock()
        self._is_stopped = False
        self._kill: Callable[[], None] | None = None

    def stop(self) -> None:
        """End what renders now and refuse what would be next."""
        with self._lock:
            self._is_stopped = True
            if self._kill is not None:
                self._kill()

    def check(self) -> None:
        """Raise Stopped when it was told to stop, TemplateError when its time is over."""
        if self._is_stopped:
            raise Stopped
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            raise TemplateError(
                f"the chat template takes longer than {self._limit_s:g} seconds for what was asked; choose another one"
            )

    def left_s(self, limit_s: float) -> float:
        """Return how long one rendering may take, of at most so many seconds."""
        return limit_s if self._ends_at is None else max(0.05, min(limit_s, self._ends_at - time.monotonic()))

    @contextmanager
    def killing(self, kill: Callable[[], None]) -> Iterator[None]:
        """Let `stop` end a rendering by this function."""
        with self._lock:
            self._kill = kill
            if self._is_stopped:
                kill()
        try:
            yield
        finally:
            with self._lock:
                self._kill = None

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Let everything that is rendered in this thread be of this work."""
        token = _work.set(self)
        try:
            yield
        finally:
            _work.reset(token)


_work: ContextVar[Work | None] = ContextVar("work", default=None)
_everyone: Turns | None = None


def share_cores() -> None:
    """Let renderings of this process that are nobody's work wait for one another too, as in the app."""
    global _everyone
    _everyone = _everyone or Turns()


def own_turns() -> Turns | None:
    """Return the turns of whoever asks, None on the command line."""
    work = _work.get()
    return _everyone if work is None else work.turns


def one_at_a_time(template: ChatTemplate | None) -> bool:
    """Say whether renderings of a template wait for one another here."""
    return template is not None and not template.is_built_in and own_turns() is not None


@contextmanager
def turn(template: ChatTemplate) -> Iterator[Work | None]:
    """Wait for the turn of a template and give the work it is part of, None where there is none.

    Raises Stopped, or TemplateError where it takes too long.
    """
    turns = own_turns()
    work = _work.get() or (Work(turns) if turns is not None else None)
    if work is None:
        yield None
        return
    work.check()
    if template.is_built_in:
        yield work
        return
    with work.turns.taken(work.check):
        work.check()
        yield work
