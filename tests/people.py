"""People who read as people do, on a real review store: what the simulations of `test_reading_people` are made of.

A `World` holds rollouts of which some are truly bad: this reader would reject them. Each habit is a function that goes
on reading for a while and leaves its decisions in the store; what is then printed is held against the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np

from making import gym, write
from rollout_curator import reading
from rollout_curator.decisions import Decisions, Entry
from rollout_curator.opening import build_indexes
from rollout_curator.recipe import Recipe
from rollout_curator.review import bounds
from rollout_curator.review.drawing import in_order
from rollout_curator.sources import Found, find
from rollout_curator.workspace import Workspace

KEEP = Recipe(min_reward=0.5)
ATTEMPTS = 4


@dataclass(frozen=True)
class Place:
    """Files that are indexed once, and opened again for every run."""

    found: list[Found]
    cache: Path

    @classmethod
    def made(cls, folder: Path, n_tasks: int) -> "Place":
        """Write four attempts at each of so many tasks, of rewards 0.4 to 1.0."""
        lines = [
            gym(
                prompt=f"task {task}",
                answer=f"{task}, {n}",
                reward=0.4 + 0.1 * ((task * 3 + n) % 7),
                _ng_task_index=task,
            )
            for task in range(n_tasks)
            for n in range(ATTEMPTS)
        ]
        found = find([write(folder / "run.jsonl", lines)])
        for _ in build_indexes(found, folder / "cache"):
            pass
        return cls(found, folder / "cache")


@dataclass
class World:
    """One run: who is truly bad, by row, and a reader with their store."""

    workspace: Workspace
    store: Decisions
    bad: np.ndarray
    dice: Random
    recipe: Recipe = KEEP
    who: str = "ann"
    skipped: list[int] = field(default_factory=list)
    unsaved: list[Entry] = field(default_factory=list)
    plan: int = 0

    @classmethod
    def opened(cls, place: Place, folder: Path, seed: int, share: float) -> "World":
        """Draw who is bad, more of them in some tasks, and open a store without decisions."""
        store = Decisions.open(folder / f"{seed}.sqlite")
        workspace = Workspace(place.found, place.cache, store)
        dice = np.random.default_rng(seed)
        n_tasks = workspace.n_rollouts // ATTEMPTS
        of_task = dice.beta(share * 3, (1 - share) * 3, n_tasks) if dice.random() < 0.5 else np.full(n_tasks, share)
        return cls(workspace, store, dice.random(workspace.n_rollouts) < np.repeat(of_task, ATTEMPTS), Random(seed))

    def close(self) -> None:
        """Close the files and take the store away."""
        path = self.store.path
        self.workspace.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)

    # What a person does

    def say(self, row: int, verdict: str, queue: str = "random", way: str = "read", who: str = "") -> None:
        """Record one verdict."""
        self.unsaved.append(Entry(self.workspace.key(row), verdict, reviewer=who or self.who, queue=queue, way=way))

    def save(self) -> Decisions:
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
        rows = np.flatnonzero(reading.selected(self.workspace, self.recipe)).tolist()
        return sorted(rows, key=lambda row: self.dice.random() ** (3.0 if self.bad[row] else 1.0))[:n]

    def waiting(self) -> list[int]:
        """Return what is next in the random order, as the queue lies there now, but for what was skipped."""
        workspace = self.workspace
        self.save()
        rows = in_order(workspace.lots, np.flatnonzero(reading.in_question(workspace, self.recipe)))
        done = reading.is_read_in_turn(workspace, self.recipe)[rows]
        return [row for row in rows[~done].tolist() if row not in self.skipped]

    # What is printed, and what is true

    def printed(self) -> reading.Statement:
        """Return the statement as it stands."""
        self.save()
        return reading.statement(self.workspace, self.recipe)

    def pleases(self) -> bool:
        """Say whether the statement meets the goal, so that one may stop."""
        said = self.printed()
        return bool(said.sample.read) and not said.is_refuted and said.upper <= said.goal

    def holds(self) -> bool:
        """Say whether what is printed now is true; where nothing is said of the kept, nothing is wrong."""
        said = self.printed()
        if not said.sample.read or said.is_refuted or not said.kept:
            return True
        kept = self.workspace.select(self.recipe).kept
        return int(np.count_nonzero(kept & self.bad)) <= said.kept_bad_at_most


Habit = Callable[[World, int], bool]
"""What somebody does with the one that is next at random; says whether they did something else than to judge it."""


def read_at_random(world: World, habit: Habit, most: int) -> None:
    """Read in the random order with a habit, looking at the statement now and then, and stop when it pleases."""
    n, rows = 0, world.waiting()
    while n < most and rows:
        if habit(world, rows[0]):
            rows = world.waiting()
            n += 1
            continue
        world.judge(rows.pop(0))
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
    with Decisions.open(world.store.path.with_suffix(f".{world.dice.random()}")) as theirs:
        ahead = world.waiting()[: world.dice.randrange(20)]
        entries = [Entry(world.workspace.key(one), world.truth(one), reviewer="eve", queue="random") for one in ahead]
        theirs.record(entries)
        lines = list(theirs.give_out())
    world.save().take_in(lines)
    return True


def does_everything(world: World, row: int) -> bool:
    """Do each of these now and then."""
    habit = world.dice.choice([judges, skips, reads_elsewhere, compares, rejects_in_bulk, corrects, is_disputed])
    return habit(world, row)


HABITS: tuple[Habit, ...] = (
    judges, skips, reads_elsewhere, compares, rejects_in_bulk, corrects, is_disputed, imports, does_everything,
)  # fmt: skip


def run(place: Place, folder: Path, seed: int, habit: Habit, *, planned: bool) -> bool:
    """Let somebody read with a habit until it pleases them; return whether what is printed then is true."""
    world = World.opened(place, folder, seed, (0.03, 0.055, 0.06, 0.1)[seed % 4])
    try:
        if planned:
            world.plan = bounds.planned(0.05, world.printed().sample.total, bad=seed % 2)
            reading.choose(world.workspace, world.recipe, world.plan, seed % 2, 0.05)
        read_at_random(world, habit, 120)
        world.skipped.clear()
        if not world.pleases():
            read_at_random(world, judges, 40)
        return world.holds()
    finally:
        world.close()
