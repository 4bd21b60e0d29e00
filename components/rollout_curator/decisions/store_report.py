"""Which review store counts, as a record and as the sentences in which it is reported everywhere.

Takes paths, opens nothing: `store_choice` finds the store, the command line, the app, manifests and cards say these
words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rollout_curator.files.manifest import PassedSaid, StoreSaid
from rollout_curator.printable import shown

SILENT = "no decision on these rollouts"
CONTAINED = "all it says of these rollouts is in the one that counts"
FOREIGN = "another user's, in a folder where anybody may write; --decisions takes it all the same"
How = Literal["found", "named", "absent", "manifest", "none"]


@dataclass(frozen=True, slots=True)
class PassedStore:
    """A store around the files that does not count, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Which store counts, None when none does, and how that came about.

    It was `found` around the files, `named`, or, in older manifests, named and `absent`; or it is the verdicts of a
    `manifest`, or `none`.
    `taken_in` is a store lower down of which the one that counts has just taken in all acts.
    """

    path: Path | None = None
    how: How = "none"
    passed: tuple[PassedStore, ...] = ()
    taken_in: Path | None = None

    @property
    def is_plain(self) -> bool:
        """Say whether there is nothing to tell but which store counts."""
        return not self.passed and self.taken_in is None

    def sentences(self, n_decided: int | None, shown: Callable[[Path], str] = shown) -> list[str]:
        """Return which store counts and for how many rollouts if that is known, and what was passed over and why."""
        found = [self._head(n_decided, shown)]
        if self.taken_in is not None:
            found.append(f"It now includes every decision of {shown(self.taken_in)}, which stays as it was.")
        return [*found, *(f"Not used: {shown(store.path)} ({store.why})." for store in self.passed)]

    def as_json(self, n_decided: int, shown: Callable[[Path], str] = shown) -> StoreSaid:
        """Return the same as plain values; `path` is empty when no store counts."""
        passed: list[PassedSaid] = [{"path": shown(store.path), "reason": store.why} for store in self.passed]
        path = "" if self.path is None else shown(self.path)
        return {"path": path, "how": self.how, "decided": n_decided, "passed_over": passed}

    def _head(self, n_decided: int | None, shown: Callable[[Path], str]) -> str:
        if self.how == "manifest":
            return "Review store: not used; the decisions in the manifest apply."
        if self.path is None:
            return "Review store: none beside or above these files; no decisions applied."
        if self.how == "absent":
            return f"Review store: {shown(self.path)} does not exist yet; no decisions applied."
        head = f"Review store: {shown(self.path)}{', as given' if self.how == 'named' else ''}"
        if n_decided is None:
            return f"{head}."
        return f"{head}, with decisions on {n_decided:,} of these rollouts." if n_decided else f"{head}, with {SILENT}."
