"""Who decided what and how it came about, and the sets of rollouts that follow from it alone.

Only a verdict given to one rollout by itself, in the random order, makes it a read one of the sample. What was rejected
otherwise (in bulk, in a comparison, elsewhere) is as if left out by a rule; what was accepted in bulk or chosen in a
comparison is selected and unread. Of everybody the *first* verdict counts; another one, or a press taken back, in place
of it only where it is the very next thing this person did and nobody else decided in between. A rollout is *bad* when
anybody's first or newest verdict on it is a rejection, until somebody settles it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rollout_curator.decisions.store import Decision
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import ACCEPT, NONE
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
RANDOM, SETTLE = "random", "settle"
"""The queue in random order; the queue in which differences are settled: what is decided there is no opinion of one's
own, and ends a dispute."""
NEVER = np.iinfo(np.int64).max
"""The time of what did not happen."""
_COMPARED = ("not-chosen", "chosen-over:")


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Who decided what: `by_key` and `codes` are the newest one by one, `own` those by reviewer and key.

    Per row: `ruled` is what counts as a rule (codes), `ruled_at` the clock of that; `turn` is the clock of the first
    verdict in the random order, NEVER for none; `is_bad`, `is_read` and `elsewhere`: bad until settled, read by itself
    anywhere, rejected by reading elsewhere. `readers` gave the verdicts of the random order.
    """

    by_key: Mapping[str, Decision]
    own: Mapping[str, Mapping[str, Decision]]
    first: Mapping[str, Mapping[str, Decision]]
    settled: frozenset[str]
    codes: Array
    ruled: Array
    ruled_at: Array
    turn: Array
    is_bad: Array
    is_read: Array
    elsewhere: Array
    readers: frozenset[str]

    @property
    def ruled_name(self) -> str:
        """Return a name for what counts as a rule."""
        return f"ruled {hash(self.ruled.tobytes())}"


def verdicts(workspace: Workspace) -> Verdicts:
    """Return who decided what, as of now; made again only when a decision came."""
    return workspace.as_of_now("verdicts", (), lambda: _verdicts(workspace))


def is_compared(act: Decision) -> bool:
    """Say whether a verdict came of laying rollouts side by side; stores of older programs say it in reasons only."""
    return act.way == "compared" or (act.way != "read" and any(tag.startswith(_COMPARED) for tag in act.reasons))


@dataclass(slots=True)
class _Firsts:
    """The first verdict of everybody on every content, among those that count, gathered act by act."""

    counts: Callable[[Decision], bool]
    found: dict[str, dict[str, Decision]] = field(default_factory=dict)
    _last: dict[str, str] = field(default_factory=dict)
    _last_on: dict[str, str] = field(default_factory=dict)
    _open: dict[str, bool] = field(default_factory=dict)

    def hear(self, act: Decision) -> None:
        """Take in the next act on one rollout, oldest first."""
        who, key = act.reviewer, act.key
        own = self.found.setdefault(who, {})
        if not (self._last.get(who) == key and self._last_on.get(key) == who):
            self._open[who] = key not in own
        self._last[who], self._last_on[key] = key, who
        if not self._open[who]:
            return
        if act.verdict != "clear" and act.act in ("decide", "redo") and self.counts(act):
            own[key] = act
        elif key in own and (act.undoes == own[key].id or (act.act == "decide" and act.verdict == "clear")):
            del own[key]


def _verdicts(workspace: Workspace) -> Verdicts:
    store = workspace.decisions
    by_key: dict[str, Decision] = {}
    own: dict[str, dict[str, Decision]] = {}
    settled: set[str] = set()
    batches: dict[str, Decision] = {}
    acts = store.acts() if store else {}
    for key, rows in acts.items():
        for act in rows:
            if act.batch:
                batches[key] = act
                continue
            by_key[key] = act
            settled.discard(key) if act.queue != SETTLE else settled.add(key)
            if act.queue != SETTLE:
                own.setdefault(act.reviewer, {})[key] = act
    anywhere = _Firsts(lambda act: act.queue != SETTLE and not is_compared(act))
    in_turn = _Firsts(lambda act: act.queue == RANDOM and not is_compared(act))
    for act in store.singles() if store else ():
        anywhere.hear(act)
        in_turn.hear(act)
    alone = {
        who: {key: act for key, act in held.items() if act.verdict != "clear" and not is_compared(act)}
        for who, held in own.items()
    }
    bad = _bad([*alone.values(), *anywhere.found.values()], {key: by_key[key].verdict for key in settled})
    turn = _earliest(in_turn.found)
    ruled = list(_ruled(acts, by_key, batches, turn, bad))
    read = {key for held in (*alone.values(), *anywhere.found.values()) for key in held}
    return Verdicts(
        by_key=by_key,
        own=own,
        first=anywhere.found,
        settled=frozenset(settled),
        codes=workspace.codes_of({key: act.verdict for key, act in by_key.items() if act.verdict != "clear"}),
        ruled=workspace.codes_of({one.key: one.verdict for one in ruled}),
        ruled_at=_at(workspace, {one.key: one.clock for one in ruled}),
        turn=_at(workspace, turn),
        is_bad=_marked(workspace, bad),
        is_read=_marked(workspace, read),
        elsewhere=_marked(workspace, {one.key for one in ruled if one.is_reading}),
        readers=frozenset(who for who, held in in_turn.found.items() if held),
    )


def _bad(said: Iterable[Mapping[str, Decision]], settled: Mapping[str, str]) -> set[str]:
    """Return what somebody's first or newest verdict rejects, but for what was settled otherwise."""
    found = {key for one in said for key, act in one.items() if act.verdict == "reject"}
    return found.difference(settled) | {key for key, verdict in settled.items() if verdict == "reject"}


def _earliest(turns: Mapping[str, Mapping[str, Decision]]) -> dict[str, int]:
    """Return the clock of the first verdict in the random order on each content that has one."""
    found: dict[str, int] = {}
    for held in turns.values():
        for key, act in held.items():
            found[key] = min(found.get(key, act.clock), act.clock)
    return found


@dataclass(frozen=True, slots=True)
class _Ruled:
    """A verdict that counts as a rule; `is_reading` for one that was given by reading elsewhere."""

    key: str
    verdict: str
    clock: int
    is_reading: bool = False


def _ruled(
    acts: Mapping[str, tuple[Decision, ...]],
    by_key: Mapping[str, Decision],
    batches: Mapping[str, Decision],
    turn: Mapping[str, int],
    bad: set[str],
) -> Iterator[_Ruled]:
    """Yield what counts as a rule; a bad one of the sample stays what it is."""
    said = {act.batch: act.verdict for rows in acts.values() for act in rows if act.batch and act.act != "spare"}
    began: dict[str, int] = {}
    for act in batches.values():
        began[act.batch] = min(began.get(act.batch, act.clock), act.clock)
    for key in batches.keys() | by_key.keys():
        batch, single = batches.get(key), by_key.get(key)
        found = _Ruled(key, "" if batch is None else said.get(batch.batch, ""), began[batch.batch] if batch else 0)
        if single is not None and (batch is None or single.order > batch.order):
            if is_compared(single):
                found = _Ruled(key, single.verdict, single.clock)
            elif single.verdict == "reject" and key not in turn:
                found = _Ruled(key, "reject", single.clock, is_reading=True)
        if found.verdict == "accept" or (found.verdict == "reject" and not (key in turn and key in bad)):
            yield found


def _at(workspace: Workspace, clocks: Mapping[str, int]) -> Array:
    found = np.full(workspace.n_rollouts, NEVER, dtype=np.int64)
    rows, places = workspace.rows_of_keys(list(clocks))
    found[rows] = np.array(list(clocks.values()), dtype=np.int64)[places]
    return found


def _marked(workspace: Workspace, keys: Mapping[str, Any] | set[str]) -> Array:
    found = np.zeros(workspace.n_rollouts, dtype=bool)
    found[workspace.rows_of_keys(list(keys))[0]] = True
    return found


def selected(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: what the rules select and can be written, as if nobody had read at random."""
    found = verdicts(workspace)
    return workspace.select_under(recipe, found.ruled, found.ruled_name).kept


def selected_before(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: what would be selected, had nobody rejected anything."""
    found = verdicts(workspace)
    codes = np.where(found.ruled == ACCEPT, ACCEPT, NONE).astype("uint8")
    return workspace.select_under(recipe, codes, f"before {found.ruled_name}").kept


def eligible(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: valid, rated and writable, at any reward."""
    open_recipe = replace(recipe.without_bounds(), strategies=())
    found = verdicts(workspace)
    codes = np.where(found.elsewhere, NONE, found.ruled).astype("uint8")
    kept = workspace.select_under(open_recipe, codes, f"eligible {found.ruled_name}").kept
    return np.asarray(kept & ~np.isnan(workspace.column("reward")))


def holding(workspace: Workspace, marked: Array) -> Array:
    """Return a boolean per content: whether any of its rows is marked."""
    held = np.zeros(len(workspace.first_rows), dtype=bool)
    held[workspace.contents[marked]] = True
    return held
