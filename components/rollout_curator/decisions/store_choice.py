"""Which review store counts for the files that are opened, and where new decisions on them go.

Decisions follow the content, so the way in must not matter: a folder, a folder in it, a file, a list of files, a glob
or a link give the same decisions. So stores, files named `curation.sqlite`, are looked for around the files, however
these were named: beside each of them and in every folder above it to the root of the file system, before and after
links; in the folder that was opened; and in the working folder, where one counts only if it speaks of these rollouts.
With `roots` only below these. One that another user put above the files where anybody may write, as in /tmp, is passed
over.

Of several the one counts that speaks of these rollouts. When more do and none holds all that the others say of them,
nothing is guessed: the error asks for `--decisions`. When none does, the highest that lies above all files counts,
because every other way in finds it too.

New decisions must be found from every way in, so they go to a store above all files or beside them all. Where there is
none it is made in the folder that was opened, or that the several opened share; where the one that counts lies lower,
the store above takes in all its acts. Only where such a folder cannot be written it is made in the working folder.
"""

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout_curator.decisions.file import origins_in
from rollout_curator.decisions.marked_rows import Keyed
from rollout_curator.decisions.store import Decisions
from rollout_curator.decisions.store_report import CONTAINED, FOREIGN, SILENT, Counted, PassedStore
from rollout_curator.errors import DecisionsError
from rollout_curator.printable import shown
from rollout_curator.sources.find import Found, opened_folder
from rollout_curator.words import counted

DECISIONS_NAME = "curation.sqlite"
PACKAGE = Path(__file__).parent
Acts = dict[str, str]
"""Acts by the name they have in every copy of a store, each with the key it is about."""


@dataclass(frozen=True, slots=True)
class Held:
    """The open store that counts, None when none does, and what is said of it."""

    decisions: Decisions | None
    counted: Counted


@dataclass(frozen=True, slots=True)
class Writable:
    """The open store that counts, which new decisions go to, and what is said of it."""

    decisions: Decisions
    counted: Counted


class Opened:
    """The files that were opened and the folders around them; with `roots`, stores lie below these only."""

    def __init__(self, paths: Iterable[str | Path], found: Sequence[Found], roots: Sequence[Path] = ()) -> None:
        """Look at folders alone; no store is opened."""
        named = {Path(os.path.abspath(file.path)).parent for file in found}
        self._roots = [_real(root) for root in roots]
        self._named = {_folder_of(path) for path in paths}
        self._holding = {_real(file.path).parent for file in found}
        self._beside = {*map(_real, named), *self._holding, *self._named}
        real_above = {_real(above) for folder in named for above in folder.parents}
        self._around = {above for folder in self._beside | real_above for above in (folder, *folder.parents)}

    def stores(self) -> list[Path]:
        """Return the stores that may count, the highest first, that of the working folder last.

        Raises DecisionsError for a broken link: what it led to may hold decisions on these files.
        """
        here = Path.cwd() / DECISIONS_NAME
        known: dict[Path, Path] = {}
        for path in [*self._looked_at(), *([here] if self._is_usable(here) else [])]:
            if not self._is_foreign(path):
                _refuse_lost(path)
                known.setdefault(_real(path), path)
        return list(known.values())

    def sole(self) -> Path | None:
        """Return the one store there is when every way to these files finds it: it counts whatever it says."""
        stores = self.stores()
        return stores[0] if len(stores) == 1 and self.is_above(stores[0]) else None

    def is_open(self) -> bool:
        """Say whether only what the stores say of these rollouts tells which one counts."""
        return self.sole() is None and bool(self.stores())

    def foreign(self) -> list[Path]:
        """Return the stores that somebody else may have put above the files."""
        return [path for path in self._looked_at() if self._is_foreign(path)]

    def is_above(self, store: Path) -> bool:
        """Say whether every way to these files finds a store: it lies above all of them, or beside them all."""
        return all(folder.is_relative_to(store.parent) for folder in self._holding)

    def is_named(self, store: Path) -> bool:
        """Say whether a store lies in the one folder that was opened."""
        return self._named == {store.parent}

    def is_around(self, store: Path) -> bool:
        """Say whether a store lies beside or above a file, or in what was opened."""
        return store.parent in self._around

    def new_place(self) -> Path:
        """Return where a store is made when there is none. Raises DecisionsError when it may lie nowhere."""
        top = Path(os.path.commonpath([*self._named, *self._holding]))
        is_fit = self._named == {top} or not (_is_open_to_all(top) or top == top.parent)
        if is_fit and _is_writable(top) and not top.is_relative_to(_real(PACKAGE)) and self._is_below_roots(top):
            return top / DECISIONS_NAME
        here = Path.cwd() / DECISIONS_NAME
        if not self._is_below_roots(here) or (here.exists() and self._is_foreign(here)):
            raise DecisionsError(f"{shown(top)}: cannot create a review store there; choose one with --decisions")
        return here

    def _looked_at(self) -> list[Path]:
        ordered = sorted(self._around, key=lambda folder: (len(folder.parts), folder))
        return [path for folder in ordered if self._is_usable(path := folder / DECISIONS_NAME)]

    def _is_usable(self, path: Path) -> bool:
        return os.path.lexists(path) and self._is_below_roots(path)

    def _is_below_roots(self, path: Path) -> bool:
        return not self._roots or any(_real(path).is_relative_to(root) for root in self._roots)

    def _is_foreign(self, store: Path) -> bool:
        """Say whether a store may be there to mislead; whoever writes beside the files may write the files too."""
        if store.parent in self._beside or not _is_open_to_all(store.parent):
            return False
        return hasattr(os, "geteuid") and store.lstat().st_uid != os.geteuid()


def read(opened: Opened, given: Path | None, here: Keyed | None = None) -> Held:
    """Open the store that counts, which is the one given if any; none is made.

    `here` are the rollouts; only where nothing is open (`Opened.is_open`) they are not needed.
    Raises DecisionsError when several could count or when one cannot be opened.
    """
    if given is not None:
        require_there(given)
        return Held(Decisions.open(given), Counted(_shown(given), "named"))
    foreign = tuple(PassedStore(path, FOREIGN) for path in opened.foreign())
    if (sole := opened.sole()) is not None:
        return Held(Decisions.open(sole), Counted(sole, "found", foreign))
    acts = {store: _acts(origins_in(store), here) for store in opened.stores()}
    path = _chosen(opened, acts)
    others = {store: said for store, said in acts.items() if store != path and (said or opened.is_around(store))}
    passed = (*(PassedStore(store, CONTAINED if said else SILENT) for store, said in others.items()), *foreign)
    if path is None:
        return Held(None, Counted(passed=passed))
    return Held(Decisions.open(path), Counted(path, "found", passed))


def require_there(given: Path) -> None:
    """Refuse a named store that is not there, which for who only reads is a slip of the pen. Raises DecisionsError."""
    if not given.exists():
        raise DecisionsError(
            f"{given}: review store does not exist; choose an existing one, or omit --decisions to use the one beside "
            "or "
            "above the files"
        )


def write(opened: Opened, given: Path | None, here: Keyed | None = None) -> Writable:
    """Open the store that new decisions go to, which holds all that count; where there is none it is made.

    Raises what `read` raises.
    """
    if given is not None:
        return Writable(Decisions.open(given), Counted(_shown(given), "named"))
    held = read(opened, None, here)
    lower, path = held.decisions, held.counted.path
    if lower is None or path is None:
        path = opened.new_place()
        return Writable(Decisions.open(path), Counted(path, "found", held.counted.passed))
    above = next(filter(opened.is_above, opened.stores()), None) or opened.new_place()
    if opened.is_above(path) or not opened.is_above(above):
        return Writable(lower, held.counted)
    with lower:
        store = _taking_in(lower, above)
    passed = tuple(one for one in held.counted.passed if one.path != above)
    return Writable(store, Counted(above, "found", passed, taken_in=path))


def _chosen(opened: Opened, acts: dict[Path, Acts]) -> Path | None:
    """Return the store that counts. Raises DecisionsError when nobody but the user can say."""
    speaking = [path for path, said in acts.items() if said]
    if not speaking:
        return next(filter(opened.is_above, acts), None)
    whole = [path for path in speaking if all(acts[path].keys() >= acts[other].keys() for other in speaking)]
    if not whole:
        about = [f"{shown(path)} ({counted(len(set(acts[path].values())), 'rollout')})" for path in speaking]
        raise DecisionsError(
            f"several review stores hold decisions on these rollouts: {', '.join(about)}; choose the one that counts "
            "with --decisions, or join them: `decisions export PATH --decisions ONE --out FILE`, then "
            "`decisions import PATH --decisions THE_OTHER --from FILE`"
        )
    return next(filter(opened.is_above, whole), whole[0])


def _acts(acts: Acts, here: Keyed | None) -> Acts:
    """Return those of the acts of a store that are about these rollouts."""
    if here is None:
        return acts
    keys = list(dict.fromkeys(acts.values()))
    known = {keys[place] for place in here.rows_of_keys(keys)[1].tolist()}
    return {origin: key for origin, key in acts.items() if key in known}


def _taking_in(lower: Decisions, path: Path) -> Decisions:
    """Open the store at a path with all acts of a lower one; a new one is a copy, with what a team agreed on."""
    if not os.path.lexists(path):
        with contextlib.suppress(DecisionsError):  # somebody else made it meanwhile; what else is wrong `open` says
            lower.backup(path)
    store = Decisions.open(path)
    with contextlib.ExitStack() as stack:
        stack.push(store)
        store.take_in(lower.give_out())
        stack.pop_all()
    return store


def _refuse_lost(store: Path) -> None:
    if not os.path.exists(store):
        raise DecisionsError(
            f"{shown(store)}: is a broken link, so it is unclear which decisions count; "
            "restore its target, remove it, or choose a store with --decisions"
        )


def _folder_of(path: str | Path) -> Path:
    """Return the folder that is opened by a path; of a link to a file the folder of that file."""
    return _real(path).parent if os.path.isfile(path) else opened_folder(path)


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))


def _shown(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _is_open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o002)


def _is_writable(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o222) and os.access(folder, os.W_OK | os.X_OK)
