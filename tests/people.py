"""People who read as people do: what the simulations of `test_reading_people` are made of.

A `World` holds rollouts of which some are truly bad: this reader would reject them. Each habit is a function that goes
on reading for a while and leaves its decisions in the store; what is then printed is held against the truth. Store and
rollouts are real ones (`Place`), or plain values for many runs (`plain_people`): the same seed does the same in both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from making import gym, write
from plain_people import PlainStore, PlainWorkspace
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import confidence, summary
from rollout_curator.review.random_sample import population
from rollout_curator.sources.find import Found, find
from rollout_curator.workspace.opening import build_indexes
from rollout_curator.workspace.workspace import Workspace

KEEP = Recipe(min_reward=0.5)
ATTEMPTS = 4
SHARES = (0.03, 0.055, 0.06, 0.1)
"""How many are truly bad, turn about: better than the goal of 5%, hardly worse, and much worse."""


def line_numbers(n_tasks: int) -> list[int]:
    """Return which attempt each line holds: all of them, then copies of every seventh, and of a few five more."""
    every = list(range(n_tasks * ATTEMPTS))
    return every + every[::7] + every[::40] * 5


def reward_of(attempt: int) -> float:
    """Return the reward of an attempt, 0.4 to 1.0."""
    task, n = divmod(attempt, ATTEMPTS)
    return 0.4 + 0.1 * ((task * 3 + n) % 7)


@dataclass(frozen=True)
class Place:
    """Files that are indexed once, and opened again for every run."""

    found: list[Found]
    cache: Path

    @classmethod
    def made(cls, folder: Path, n_tasks: int) -> "Place":
        """Write four attempts at each of so many tasks, and copies of some."""
        lines = [
            gym(
                prompt=f"task {attempt // ATTEMPTS}",
                answer=f"{attempt // ATTEMPTS}, {attempt % ATTEMPTS}",
                reward=reward_of(attempt),
                _ng_task_index=attempt // ATTEMPTS,
            )
            for attempt in line_numbers(n_tasks)
        ]
        found = find([write(folder / "run.jsonl", lines)])
        for _ in build_indexes(found, folder / "cache"):
            pass
        return cls(found, folder / "cache")

    def world(self, folder: Path, seed: int) -> "World":
        """Return a world on these files, with a real store without decisions."""
        store = Decisions.open(folder / f"{seed}.sqlite")
        return World.drawn(Workspace(self.found, self.cache, store), store, seed)

    def plain(self, seed: int) -> "World":
        """Return the same world as plain values."""
        real = Workspace(self.found, self.cache, None)
        keys = [real.key(row) for row in range(real.n_rollouts)]
        reward, sample_rank = np.array(real.column("reward")), np.array(real.sample_rank)
        real.close()
        store = PlainStore()
        return World.drawn(PlainWorkspace(reward, sample_rank, keys, store), store, seed)


def plain_world(n_tasks: int, seed: int) -> "World":
    """Return a world of plain values that lies in no files."""
    numbers, store = np.array(line_numbers(n_tasks)), PlainStore()
    sample_rank = np.random.default_rng([seed, 1]).integers(0, 2**63, n_tasks * ATTEMPTS, dtype=np.uint64)
    reward = np.array([reward_of(attempt) for attempt in range(n_tasks * ATTEMPTS)])
    keys = [f"{attempt:x}" for attempt in numbers.tolist()]
    return World.drawn(PlainWorkspace(reward[numbers], sample_rank[numbers], keys, store), store, seed)


@dataclass(frozen=True)
class Held:
    """Whether what is printed is true: of contents and rows as one sentence, of the rows alone, of pairs."""

    said: bool
    rows: bool
    pairs: bool


@dataclass
class World:
    """One run: who is truly bad, by row, and a reader with their store."""

    workspace: Any
    store: Any
    bad: np.ndarray
    dice: Random
    recipe: Recipe = KEEP
    who: str = "ann"
    skipped: list[int] = field(default_factory=list)
    unsaved: list[Entry] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    plan: int = 0

    @classmethod
    def drawn(cls, workspace: Any, store: Any, seed: int) -> "World":
        """Draw who is bad, more of them in some tasks; copies are as bad as what they are copies of."""
        dice, share = np.random.default_rng(seed), SHARES[seed % len(SHARES)]
        first = np.sort(workspace.first_rows)
        of_task = np.full(len(first) // ATTEMPTS, share)
        if dice.random() < 0.5:
            of_task = dice.beta(share * 3, (1 - share) * 3, len(of_task))
        bad = np.zeros(workspace.n_rollouts, dtype=bool)
        bad[first] = dice.random(len(first)) < np.repeat(of_task, ATTEMPTS)
        return cls(workspace, store, bad[workspace.first_rows[workspace.contents]], Random(seed))

    def close(self) -> None:
        """Close the files and take the store away."""
        self.workspace.close()
        if isinstance(self.store, Decisions):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.store.path}{suffix}").unlink(missing_ok=True)

    # What a person does

    def say(self, row: int, verdict: str, queue: str = "random", way: str = "read", who: str = "") -> None:
        """Record one verdict."""
        if verdict == "reject" or queue == "random":
            self.gone.add(row)
        self.unsaved.append(Entry(self.workspace.key(row), verdict, reviewer=who or self.who, queue=queue, way=way))

    def save(self) -> Any:
        """Put on disk what was said, in its order, before anything else is done or looked at."""
        self.store.record(self.unsaved)
        self.unsaved.clear()
        return self.store

    def judge(self, row: int, queue: str = "random", who: str = "") -> None:
        """Read a rollout by itself and say what it is."""
        self.say(row, self.truth(row), queue, who=who)

    def truth(self, row: int) -> str:
        """Return what this reader says of a rollout when reading it by itself."""
        return "reject" if self.bad[row] else "accept"

    def compare(self, row: int) -> None:
        """Lay the attempts of a task side by side; keep a good one if there is one, and reject the others shown."""
        lanes = self.attempts(row)
        kept = min(lanes, key=lambda one: (self.bad[one], self.dice.random()))
        self.say(kept, "accept", way="compared")
        for one in lanes:
            if one != kept:
                self.say(one, "reject", way="compared")

    def reject_task(self, row: int) -> None:
        """Reject every attempt at a task that nobody has decided, in one step."""
        self.gone.update(self.attempts(row))
        keys = [self.workspace.key(one) for one in self.attempts(row)]
        said = Entry("", "reject", reviewer=self.who, queue=f"task-{row // ATTEMPTS}")
        store = self.save()
        store.record_bulk(keys, said, seen=store.version())

    def attempts(self, row: int) -> list[int]:
        """Return the attempts at the task of a rollout."""
        first = row - row % ATTEMPTS
        return list(range(first, first + ATTEMPTS))

    def some(self, n: int) -> list[int]:
        """Return some rollouts of the set, more of them bad than good: such as the flagged ones."""
        rows = self.once(summary.selected(self.workspace, self.recipe)).tolist()
        return sorted(rows, key=lambda row: self.dice.random() ** (3.0 if self.bad[row] else 1.0))[:n]

    def once(self, marked: np.ndarray) -> np.ndarray:
        """Return the marked rows, ascending, of copies the first."""
        first = np.sort(self.workspace.first_rows)
        return np.asarray(first[marked[first]])

    def waiting(self) -> list[int]:
        """Return what is next in the random order, as the queue lies there now, but for what was skipped."""
        self.save()
        self.gone.clear()
        now = population(self.workspace, self.recipe)
        rows = np.flatnonzero(now.member & ~now.read)
        rows = self.workspace.first_rows[rows[np.argsort(now.sample_rank[rows], kind="stable")]]
        return [row for row in rows.tolist() if row not in self.skipped]

    def take_in(self, entries: list[Entry]) -> None:
        """Take in what somebody else has decided in a store of their own."""
        store = self.save()
        if not isinstance(store, Decisions):
            store.record(entries)
            return
        with Decisions.open(store.path.with_suffix(f".{len(store.history())}")) as theirs:
            theirs.record(entries)
            store.take_in(list(theirs.give_out()))

    # What is printed, and what is true

    def printed(self) -> summary.Statement:
        """Return the statement as it stands."""
        self.save()
        return summary.statement(self.workspace, self.recipe)

    def pleases(self) -> bool:
        """Say whether the statement meets the goal, so that one may stop."""
        said = self.printed()
        return bool(said.sample.read) and not said.is_refuted and said.upper <= said.goal

    def holds(self) -> Held:
        """Say whether what is printed now is true; where nothing is said of the kept, nothing is wrong."""
        said, kept = self.printed(), self.workspace.select(self.recipe).kept
        if not said.sample.read or said.is_refuted or not said.kept:
            return Held(True, True, True)
        contents = np.count_nonzero((kept & self.bad)[self.workspace.first_rows])
        rows = bool(np.count_nonzero(kept & self.bad) <= said.units_at_most)
        pairs = self.pairs(kept)
        chosen = summary.statement(self.workspace, self.recipe, written=pairs)
        return Held(
            bool(contents <= said.kept_bad_at_most) and rows,
            rows,
            bool(np.count_nonzero(self.bad[pairs[:, 0]]) <= chosen.units_at_most),
        )

    def pairs(self, kept: np.ndarray) -> np.ndarray:
        """Return the best kept attempt at each task beside every other attempt, kept or not."""
        reward, found = self.workspace.column("reward"), []
        for first in range(0, len(self.workspace.first_rows), ATTEMPTS):
            rows = [row for row in range(first, first + ATTEMPTS) if kept[row]]
            best = max(rows, key=lambda row: reward[row], default=None)
            found += [(best, other) for other in range(first, first + ATTEMPTS) if best is not None and other != best]
        return np.array(found, dtype=np.int64).reshape(-1, 2)


Habit = Callable[[World, int], bool]
"""What somebody does with the one that is next at random; says whether they did something else than to judge it."""


def read_at_random(world: World, habit: Habit, most: int) -> None:
    """Read in the random order with a habit, looking at the statement now and then, and stop when it pleases."""
    n, rows = 0, world.waiting()
    while n < most and rows:
        if not habit(world, rows[0]):
            world.judge(rows[0])
        rows = [row for row in rows if row not in world.gone and row not in world.skipped]
        n += 1
        if n % 15 == 0 or n == world.plan:
            if world.pleases():
                return
            rows = world.waiting()


def judges(world: World, row: int) -> bool:
    """Judge every one."""
    return False


def skips(world: World, row: int) -> bool:
    """Pass over some bad ones; half of those come to be rejected elsewhere."""
    if not world.bad[row] or world.dice.random() < 0.4:
        return False
    world.skipped.append(row)
    if world.dice.random() < 0.5:
        world.judge(world.dice.choice(world.skipped), "flagged")
    return True


def reads_elsewhere(world: World, row: int) -> bool:
    """Read flagged ones in between, by a stricter standard: some good ones are rejected too."""
    if world.dice.random() < 0.8:
        return False
    for one in world.some(5):
        strict = world.bad[one] or world.dice.random() < 0.3
        world.say(one, "reject" if strict else "accept", "flagged")
    return False


def compares(world: World, row: int) -> bool:
    """Lay attempts side by side, more readily where the one that is read is bad."""
    if world.dice.random() > (0.5 if world.bad[row] else 0.1):
        return False
    world.compare(row)
    world.skipped += [row] if world.dice.random() < 0.5 else []
    return True


def rejects_in_bulk(world: World, row: int) -> bool:
    """Reject the whole task of a bad one, before or after it was judged."""
    if not world.bad[row] or world.dice.random() < 0.3:
        return False
    if world.dice.random() < 0.5:
        world.judge(row)
    world.reject_task(row)
    return True


def corrects(world: World, row: int) -> bool:
    """Press the wrong key now and then and take it back at once; take other rejections back later, or forget them."""
    if world.dice.random() < 0.1:
        world.say(row, "accept" if world.bad[row] else "reject")
        world.save().undo(world.who)
        return False
    if world.bad[row] and world.dice.random() < 0.3:
        world.judge(row)
        for _ in range(world.dice.randrange(1, 4)):
            world.save().undo(world.who)
        if world.dice.random() < 0.5:
            world.say(row, "accept", world.dice.choice(["random", "disagree", "kept"]))
        return True
    return False


def is_disputed(world: World, row: int) -> bool:
    """Be read again by a second reader who is milder; some of that is settled, as the first reader would."""
    if not world.bad[row]:
        return False
    world.judge(row)
    if world.dice.random() < 0.6:
        world.say(row, "accept", "second", who="bob")
        if world.dice.random() < 0.3:
            world.say(row, "reject", "settle")
    return True


def imports(world: World, row: int) -> bool:
    """Take in what somebody else has read at random, some of it beyond one's own."""
    if world.dice.random() > 0.05:
        return False
    ahead = world.waiting()[: world.dice.randrange(20)]
    world.take_in([Entry(world.workspace.key(one), world.truth(one), reviewer="eve", queue="random") for one in ahead])
    return True


def browses_ahead(world: World, row: int) -> bool:
    """Look through the next ones of the random order without deciding, and reject bad ones of these elsewhere."""
    if world.dice.random() < 0.8:
        return False
    for one in world.waiting()[1 : world.dice.randrange(5, 20)]:
        if world.bad[one] and world.dice.random() < 0.9:
            world.judge(one, "flagged")
    return False


def does_everything(world: World, row: int) -> bool:
    """Do each of these now and then."""
    habit = world.dice.choice([judges, skips, reads_elsewhere, compares, rejects_in_bulk, corrects, is_disputed])
    return habit(world, row)


HABITS: tuple[Habit, ...] = (
    judges, skips, reads_elsewhere, compares, rejects_in_bulk, corrects, is_disputed, imports, browses_ahead,
    does_everything,
)  # fmt: skip


def run(
    world: World, habit: Habit, *, plan_bad: int | None = None, at_end: Callable[[World], None] = World.save
) -> Held:
    """Let somebody read with a habit until it pleases them; return whether what is printed then is true.

    With `plan_bad` a plan was chosen before that allows so many bad ones. `at_end` looks at the world as it was left.
    """
    try:
        if plan_bad is not None:
            world.plan = confidence.planned(0.05, world.printed().sample.total, bad=plan_bad)
            summary.choose(world.workspace, world.recipe, world.plan, plan_bad, 0.05)
        read_at_random(world, habit, 120)
        world.skipped.clear()
        if not world.pleases():
            read_at_random(world, judges, 40)
        at_end(world)
        return world.holds()
    finally:
        world.close()
