"""Rollouts and a review store as plain values, for simulations of many runs; `test_reading_people` holds both to the
real ones.

`PlainStore` keeps acts in a list as `decisions` keeps them in SQLite; `PlainWorkspace` selects by one lower bound as
`recipe_rules` does. What is judged in a simulation, everything in `reading`, is the real code.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from rollout_curator.decisions.store import Decision, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import ACCEPT, NONE, REJECT

Array = np.ndarray[Any, Any]
Made = TypeVar("Made")
Holds = tuple[str, tuple[str, ...], str]


@dataclass
class PlainStore:
    """What people decided, in memory; one person at a time, all on this machine."""

    rows: list[Decision] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    _undone: set[int] = field(default_factory=set)
    _by_key: dict[str, list[Decision]] = field(default_factory=dict)
    _by_reviewer: dict[str, list[Decision]] = field(default_factory=dict)
    _singles: list[Decision] = field(default_factory=list)

    def record(self, entries: Iterable[Entry]) -> None:
        """Record verdicts."""
        for entry in entries:
            self._append(entry, (entry.verdict, entry.reasons, entry.note))

    def record_bulk(self, keys: Sequence[str], said: Entry, *, seen: int) -> None:
        """Give every key without a verdict this one."""
        held = {key: self._newest(key) for key in dict.fromkeys(keys)}
        spared = {key for key, one in held.items() if one is not None and one.verdict != "clear"}
        if len(spared) < len(held):
            batch = f"batch {len(self.rows)}"
            for key, one in held.items():
                act, holds = ("spare", _holds(one)) if key in spared else ("decide", (said.verdict, (), ""))
                self._append(replace(said, key=key, way="bulk"), holds, act, batch=batch)

    def undo(self, reviewer: str) -> None:
        """Take back the last decision of this reviewer that stands."""
        own = self._by_reviewer.get(reviewer, [])
        last = next(
            (act for act in reversed(own) if act.act in ("decide", "redo") and act.id not in self._undone), None
        )
        if last is None:
            return
        batch = f"batch {len(self.rows)}" if last.batch else ""
        targets = [act for act in self.rows if act.batch == last.batch] if last.batch else [last]
        for target in targets:
            before = self._newest(target.key, target.batch)
            overtaken = before is not None and before.order > target.order and before.reviewer != reviewer
            restored = before if overtaken or last.batch else self._newest(target.key, without=target.id)
            act = "yield" if overtaken and target.act != "spare" else "undo"
            self._undone.add(target.id)
            said = Entry(target.key, "", reviewer=reviewer, way="bulk" if batch else "")
            self._append(said, _holds(restored), act, batch=batch, undoes=target.id)

    def acts(self) -> dict[str, tuple[Decision, ...]]:
        """Return for each key every verdict that stands and every `spare` not taken back, oldest first."""
        return {key: tuple(self._live(key)) for key in self._by_key}

    def singles(self) -> list[Decision]:
        """Return every act on one rollout alone."""
        return self._singles

    def version(self) -> int:
        """Return the highest id."""
        return len(self.rows)

    clock = version

    def setting(self, name: str, usual: Any) -> Any:
        """Return what was agreed on."""
        return self.settings.get(name, usual)

    def set(self, name: str, value: Any, reviewer: str = "") -> None:
        """Agree on something."""
        self.settings[name] = value

    def _append(
        self, said: Entry, holds: Holds, act: str = "decide", batch: str = "", undoes: int | None = None
    ) -> None:
        n = len(self.rows) + 1
        verdict, reasons, note = holds
        made = Decision(
            n, said.key, verdict, reasons, note, said.reviewer, "", "", None, undoes, act, batch, said.queue
        )
        made = replace(made, clock=n, way=said.way)
        self.rows.append(made)
        self._by_key.setdefault(said.key, []).append(made)
        self._by_reviewer.setdefault(said.reviewer, []).append(made)
        if not batch:
            self._singles.append(made)

    def _live(self, key: str) -> list[Decision]:
        acts = self._by_key.get(key, [])
        return [act for act in acts if act.act in ("decide", "redo", "spare") and act.id not in self._undone]

    def _newest(self, key: str, but_batch: str = "", without: int = 0) -> Decision | None:
        found = [act for act in self._live(key) if act.act != "spare" and act.id != without]
        return next((act for act in reversed(found) if not act.batch or act.batch != but_batch), None)


def _holds(act: Decision | None) -> Holds:
    return ("clear", (), "") if act is None else (act.verdict, act.reasons, act.note)


class PlainWorkspace:
    """Rewards, keys and lots of rollouts that are all valid and can be written, under recipes of one lower bound."""

    def __init__(self, reward: Array, sample_rank: Array, keys: list[str], store: PlainStore) -> None:
        self.decisions, self._reward, self.sample_rank, self._keys = store, reward, sample_rank, keys
        self.n_rollouts = len(reward)
        numbers: dict[str, int] = {}
        self.contents = np.array([numbers.setdefault(key, len(numbers)) for key in keys])
        self.first_rows = np.unique(self.contents, return_index=True)[1]
        self._rows: dict[str, list[int]] = {}
        self._made: dict[str, tuple[tuple[int, Hashable], Any]] = {}
        for row, key in enumerate(keys):
            self._rows.setdefault(key, []).append(row)

    def refresh_decisions(self) -> int:
        """Return the version of the store."""
        return self.decisions.version()

    def as_of_now(self, name: str, key: Hashable, make: Callable[[], Made], most: int = 1) -> Made:
        """Return what `make` gives, remembered under a name until another key or a decision comes."""
        asked = (self.refresh_decisions(), key)
        if name not in self._made or self._made[name][0] != asked:
            self._made[name] = (asked, make())
        found: Made = self._made[name][1]
        return found

    def column(self, name: str) -> Array:
        """Return the rewards."""
        assert name == "reward"
        return self._reward

    def key(self, row: int) -> str:
        """Return the key of a row."""
        return self._keys[row]

    def rows_of_keys(self, keys: Sequence[str]) -> tuple[Array, Array]:
        """Return the rows with any of these contents, and for each the place of its key in `keys`."""
        found = [(row, place) for place, key in enumerate(keys) for row in self._rows.get(key, ())]
        rows, places = np.array(found, dtype=np.int64).reshape(-1, 2).T
        return rows, places

    def codes_of(self, verdicts: Mapping[str, str]) -> Array:
        """Return verdicts by key as a code per row."""
        codes = np.full(self.n_rollouts, NONE, dtype="uint8")
        rows, places = self.rows_of_keys(list(verdicts))
        codes[rows] = np.array([REJECT if one == "reject" else ACCEPT for one in verdicts.values()], "uint8")[places]
        return codes

    def select_under(self, recipe: Recipe, verdicts: Array, name: object) -> Any:
        """Return which rows are kept as if these codes were the verdicts."""
        lower = -np.inf if recipe.min_reward is None else recipe.min_reward
        return SimpleNamespace(kept=((self._reward >= lower) | (verdicts == ACCEPT)) & (verdicts != REJECT))

    def select(self, recipe: Recipe) -> Any:
        """Return which rows are kept."""
        newest = {key: self.decisions._newest(key) for key in self.decisions._by_key}
        standing = {key: act.verdict for key, act in newest.items() if act is not None and act.verdict != "clear"}
        return self.select_under(recipe, self.codes_of(standing), None)

    def close(self) -> None:
        """Close nothing."""
