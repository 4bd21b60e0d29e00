"""Queues of rollouts that readers hold open: the server keeps the rows, the browser only a name for them.

A view is frozen: what is decided while reading changes no position in it. Only so many are kept; a page whose view is
gone makes it again.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.summary import RANDOM, SETTLE, is_read_in_turn, own_codes, verdicts
from rollout_curator.selection.funnel import NONE
from rollout_curator.workspace.workspace import Workspace

VIEWS_MAX = 128
SECOND = "second"
"""The queue of second readings: always blind, whatever is chosen."""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class View:
    """One frozen queue: rows of a workspace in the order they are read, under one recipe, by one reviewer.

    `queue` is the name it was chosen by; a `blind` one is read without knowing rewards and others' verdicts. `mixed` is
    of which queues a plan consists, and how many of each, in its order.
    """

    workspace: Workspace
    recipe: Recipe
    rows: Array
    reviewer: str
    queue: str = ""
    blind: bool = False
    mixed: tuple[tuple[str, int], ...] = ()
    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))

    @property
    def plan(self) -> Plan:
        """Return what decides how examples of this view are written."""
        return recipes.plan(self.recipe)

    def position(self, key: str) -> int | None:
        """Return the first position of a content in this queue, None when it is not in it."""
        found = (self.position_of_row(row) for row in self.workspace.rows_of_key(key))
        return next((position for position in found if position is not None), None)

    def position_of_row(self, row: int) -> int | None:
        """Return the first position of a row in this queue, None when it is not in it."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if len(found) else None

    def start(self, key: str) -> int:
        """Return where to begin for a content: at it, else at what follows it in the files, else at the beginning."""
        found = self.position(key)
        rows = self.workspace.rows_of_key(key)
        if found is not None or not rows or not len(self.rows) or np.any(np.diff(self.rows) < 0):
            return found or 0
        return min(int(np.searchsorted(self.rows, rows[0])), len(self.rows) - 1)

    def queue_at(self, key: str) -> str:
        """Return the queue in which a content is read here, empty for one visited from a queue in random order."""
        position = self.position(key)
        if self.mixed and position is not None:
            ends = np.cumsum([n for _, n in self.mixed])
            return self.mixed[int(np.searchsorted(ends, position, side="right"))][0]
        return "" if position is None and (self.mixed or self.queue == RANDOM) else self.queue

    def is_blind(self, key: str) -> bool:
        """Say whether a content is read without knowing others' verdicts: a second reading always, settling never."""
        queue = self.queue_at(key)
        return queue == SECOND or (self.blind and queue != SETTLE)

    def n_read(self) -> int:
        """Return how many rollouts of this queue its reviewer has decided one by one."""
        return int(np.count_nonzero(own_codes(self.workspace, self.reviewer)[self.rows] != NONE))

    def first_unread(self) -> int:
        """Return where the reading stopped: the first place that nobody has decided, 0 when there is none.

        What is read by everybody stops at the first place without a verdict of this reviewer, the random order at the
        first that nobody has judged there.
        """
        if self.queue == RANDOM and len(self.rows):
            return int(np.argmin(is_read_in_turn(self.workspace, self.recipe)[self.rows]))
        is_shared = self.queue in (SECOND, SETTLE)
        codes = own_codes(self.workspace, self.reviewer) if is_shared else verdicts(self.workspace).codes
        waiting = codes[self.rows] == NONE
        return int(np.argmax(waiting)) if len(waiting) else 0

    def key_at(self, position: int) -> str | None:
        """Return the content key at a position, None outside the queue."""
        if not 0 <= position < len(self.rows):
            return None
        return self.workspace.key(int(self.rows[position]))


class Views:
    """The views that are held, by token; the one unused for longest goes first."""

    def __init__(self, most: int = VIEWS_MAX) -> None:
        self._most = most
        self._held: OrderedDict[str, View] = OrderedDict()
        self._lock = threading.Lock()

    def hold(self, view: View) -> View:
        """Keep a view and return it."""
        with self._lock:
            self._held[view.token] = view
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return view

    def get(self, token: str) -> View | None:
        """Return the view of a token, None when it is not held."""
        with self._lock:
            view = self._held.get(token)
            if view is not None:
                self._held.move_to_end(token)
            return view

    def clear(self) -> None:
        """Forget all views."""
        with self._lock:
            self._held.clear()
