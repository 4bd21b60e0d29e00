"""Exports that are killed and stopped: every file stays what it was or becomes what it should, and the next one heals.

Each export writes several files at once: two parts of a split, a data card, a report and the manifest, as JSON Lines
and as Parquet in turn. The old ones are those of 0.6 and more, the new ones those of all rollouts.
"""

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drilling import TRACEBACK, Ended, command, contents, forked, tasks, watched
from ledger import FULL, Tried, size
from making import call, write

pytestmark = [pytest.mark.drill, pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")]

KINDS = {"jsonl": "sft.jsonl", "parquet": "sft.parquet"}
STOPPED_S = 2.0
CHANGES = frozenset({"os.link", "os.rename", "os.remove", "open"} if FULL else {"os.rename"})
"""What of a folder's changes the program is killed before: all of them in the full form, renames in the short one."""


@dataclass
class Target:
    """One export that is made over another: the commands, and what all its files are before and after."""

    kind: str
    source: Path
    cache: Path
    folder: Path
    old: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def lock(self) -> str:
        """The name of the file that stays."""
        return f".{KINDS[self.kind]}.lock"

    @property
    def manifest(self) -> Path:
        """Where the manifest lies."""
        return self.folder / f"{KINDS[self.kind]}.manifest.json"

    def run(self, *more: str, **how: Any) -> Ended:
        """Make the new export, or that of more options, as `forked` runs it."""
        out = self.folder / KINDS[self.kind]
        files = ["--as", self.kind, "--split", "validation=0.2", "--card", "card.md", "--report", "report.jsonl"]
        return forked("export", self.source, "--cache-dir", self.cache, "--out", out, *files, *more, **how)

    def set_old(self) -> None:
        """Write the old files."""
        done = self.run("--min-reward", "0.6")
        assert done.code == 0, done.err

    def prepare(self) -> None:
        """Learn both states, and how long the new export takes."""
        self.folder.mkdir()
        done = self.run()
        assert done.code == 0, done.err
        self.new, self.seconds = self.settled(), done.seconds
        self.set_old()
        self.old = self.settled()
        assert self.old.keys() == self.new.keys() and all(self.old[name] != self.new[name] for name in self.old)

    def settled(self) -> dict[str, str]:
        """Return the digests of what lies there, without the lock."""
        return {name: found for name, found in contents(self.folder).items() if not name.endswith(".lock")}

    def faults(self) -> list[str]:
        """Return which file is neither the old nor the new one."""
        there = self.settled()
        return [name for name in self.old if there.get(name) not in (self.old[name], self.new[name])]

    def is_mixed(self) -> bool:
        """Say whether some files are old and some new."""
        there = self.settled()
        return not any(all(there.get(name) == state[name] for name in state) for state in (self.old, self.new))


def targets(tmp_path: Path, n_rollouts: int) -> list[Target]:
    """Return both exports, ready to be killed."""
    source, cache = write(tmp_path / "rollouts.jsonl", tasks(n_rollouts)), tmp_path / "cache"
    assert call("index", source, "--cache-dir", cache).code == 0
    found = [Target(kind, source, cache, tmp_path / kind) for kind in KINDS]
    for target in found:
        target.prepare()
    return found


def killed_before(step: int, folder: Path) -> Callable[[], None]:
    """Return what makes a process end itself with SIGKILL just before it changes a folder for the nth time."""

    def arm() -> None:
        seen = 0

        def watch(event: str, args: tuple[Any, ...]) -> None:
            nonlocal seen
            is_write = event != "open" or args[2] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)
            if event in CHANGES and is_write and str(folder) in map(os.path.dirname, filter(is_name, args)):
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)

    return arm


def is_name(value: object) -> bool:
    """Tell a path from the other arguments of an audited call."""
    return isinstance(value, str | os.PathLike)


@pytest.mark.promises(1, 2, 5)
def test_an_export_killed_before_any_change_of_its_folder_leaves_whole_files_and_the_next_one_heals(
    tmp_path: Path, report: Callable[..., None]
) -> None:
    """Every change is met in the full form: a file opened to write, a link, a rename, a removal."""
    seen, torn, unseen, unhealed, litter = Counter[str](), [], [], [], []
    for target in targets(tmp_path, 60):
        for step in range(1, 100):
            ended = target.run(before=killed_before(step, target.folder))
            if ended.code != -signal.SIGKILL:
                assert ended.code == 0, ended.err
                break
            at = f"{target.kind}, before change {step}"
            seen["kills"] += 1
            torn += [f"{at}: {name}" for name in target.faults()]
            if target.is_mixed():
                seen["mixed"] += 1
                if forked("verify", target.manifest).code != 1:
                    unseen.append(f"{at}: verify says that old and new files fit")
            healed = target.run()
            if healed.code or target.settled() != target.new:
                unhealed.append(f"{at}: {healed.err.strip()}")
            litter += [f"{at}: {name}" for name in set(os.listdir(target.folder)) - target.new.keys() - {target.lock}]
            target.set_old()
    assert seen["mixed"] == len(KINDS) * (len(target.old) - 1), "a kill between any two renames"
    kills = f"{seen['kills']} SIGKILLs, one before each change of the folder"
    report(
        Tried(1, f"{kills}: {len(torn)} partial or missing files", torn),
        Tried(2, f"{kills}: {len(litter)} extra files after the next export", litter),
        Tried(5, f"{seen['mixed']} of them between two renames, all told and mended", [*unseen, *unhealed]),
    )


@pytest.mark.promises(1, 2, 5)
def test_a_killed_export_leaves_whole_files_and_the_next_one_heals(tmp_path: Path, report: Callable[..., None]) -> None:
    both, dice, seen = targets(tmp_path, 240), random.Random(11), Counter[str]()
    torn, unseen, unhealed = [], [], []
    for n in range(size("kills")):
        target = both[n % 2]
        after = target.seconds * (0.3 + 0.8 * dice.random())
        ended = target.run(stop=(after, signal.SIGKILL))
        seen["live"] += ended.code == -signal.SIGKILL
        seen["writing"] += any(".tmp-" in name for name in os.listdir(target.folder))
        torn += [f"kill {n}: {name}" for name in target.faults()]
        if target.is_mixed():
            seen["mixed"] += 1
            if forked("verify", target.manifest).code != 1:
                unseen.append(f"kill {n}: verify says that old and new files fit")
        if target.settled() != target.old:
            healed = target.run()
            if healed.code or target.settled() != target.new:
                unhealed.append(f"kill {n}: {healed.err.strip()}")
            target.set_old()
    extra = []
    for target in both:
        assert target.run().code == 0
        assert call("verify", target.manifest).code == 0
        extra += [f"{target.kind}: {name}" for name in set(os.listdir(target.folder)) - target.new.keys()]
    litter = [name for name in extra if not name.endswith(".lock")] + extra[len(both) :]
    killed = f"{size('kills')} SIGKILLs of exports with split, card, report and Parquet"
    live = f"{seen['live']} hit a running one, {seen['writing']} while it wrote"
    report(
        Tried(1, f"{killed} ({live}): {len(torn)} partial or missing files", torn),
        Tried(2, f"{len(litter)} extra files after {size('kills')} kills", litter),
        Tried(5, f"{seen['mixed']} kills between two renames, all told and mended", [*unseen, *unhealed]),
    )


@pytest.mark.promises(7)
def test_an_export_that_is_stopped_ends_within_2_seconds_and_leaves_the_old_files(
    tmp_path: Path, report: Callable[..., None]
) -> None:
    both, dice, slowest, stopped, found = targets(tmp_path, 1_000), random.Random(7), 0.0, 0, []
    for n in range(size("stops")):
        target = both[n % 2]
        sent = (signal.SIGINT, signal.SIGTERM)[n // 2 % 2]
        ended = target.run(stop=(target.seconds * (0.4 + 0.5 * dice.random()), sent))
        found += [f"stop {n}: {name} is torn" for name in target.faults()]
        if ended.code == 0:
            target.set_old()
            continue
        stopped += 1
        slowest = max(slowest, ended.seconds)
        if ended.seconds > STOPPED_S:
            found.append(f"stop {n} by {sent.name} took {ended.seconds:.1f} s")
        if TRACEBACK in ended.err:
            found.append(f"stop {n} by {sent.name}: a traceback")
        if target.is_mixed() or target.settled().keys() - target.old.keys():
            target.set_old()
    report(Tried(7, f"{stopped} exports stopped by Ctrl-C or SIGTERM, the slowest within {slowest:.2f} s", found))


@pytest.mark.promises(7)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_ten_times_the_rollouts_need_no_more_memory(tmp_path: Path, report: Callable[..., None]) -> None:
    n, peaks = size("rollouts"), []
    for times in (1, 10):
        source = write(tmp_path / f"{times}.jsonl", tasks(n * times, 400))
        folder = tmp_path / f"out{times}"
        folder.mkdir()
        argv = ["export", source, "--cache-dir", tmp_path / "cache", "--out", folder / "sft.jsonl"]
        assert call("index", source, "--cache-dir", tmp_path / "cache").code == 0
        done = watched(command(*argv))
        assert done.code == 0, done.err
        peaks.append(done.peak_mb)
        source.unlink()
    times = peaks[1] / peaks[0]
    found = [] if times < 1.2 else [f"{times:.2f} times the memory"]
    report(Tried(7, f"{n:,} and {10 * n:,} rollouts: {peaks[0]:.0f} and {peaks[1]:.0f} MB", found))
