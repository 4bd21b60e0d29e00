"""The ledger of the drills: what was promised, what was counted in this run, and whether it held.

A drill is a test that asks for the fixture `report`, bears the mark `promises(number, ...)`, and hands in one `Tried`
for each of them. `make drills` ends with the table of all promises. Short and long forms are the same code: DRILLS=full
takes the long sizes, DRILL_KILLS=50 another size of one (any name of `SIZES`). With DRILLS_LEDGER=FILE what was
counted is kept, so that drills run in pieces end in one table; `python tests/ledger.py FILE` prints it again.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

PROMISES = {
    1: "An export killed at any moment leaves each file as it was or as it will be, byte for byte",
    2: "After any number of kills one good export leaves at most one file more, the lock",
    3: "A full disk, no inodes or a limit on files: one sentence, the old files, nothing else",
    4: "A read-only folder or one without permission: the same, within 2 s",
    5: "`verify` finds training file and manifest that do not fit, and the next export mends them",
    6: "The same sources and decisions give the same bytes, in any order, on any Python",
    7: "An export streams (ten times the rollouts, under 1.2 times the memory) and can be stopped within 2 s",
    8: "Every exported line is strict JSON in UTF-8, of an approved rollout, and counted in the manifest",
    9: "A decision that was acknowledged survives kill -9 of the server",
    10: "Several writers at once lose nothing and never meet a lock, also when a clock is set back",
    11: "Of two people who decide the same rollout the later one is told",
    12: "An acknowledged decision waits for the disk",
    13: "A review store that cannot be used is refused in a sentence and left as it is",
    14: "A backup made while others write is whole",
    15: "A decision stays with the content, wherever its line moves",
    16: "No line and no file makes it crash, hang or print a traceback; bad lines are named",
    17: "good + flagged + problems + blank = lines of the file",
    18: "Only LF ends a line: line n is what `sed -n np` prints",
    19: "A reward that is no number passes no threshold and is exported as none",
    20: "No file takes more than 600 MB or 60 s",
    21: "A cut .gz or .zst is told, and the lines before the cut are kept",
    22: "A source that changed while open is told at the next read; no wrong text is shown",
    23: "Pipes, devices, sockets and what lies outside the root are refused within 1 s",
    24: "Looking at any text asks nothing of another address and runs nothing",
    25: "It listens on 127.0.0.1 and answers to no other host name",
    26: "No route opens a file outside the root",
    27: "The server connects to nobody",
    28: "Sources are never written",
}

SIZES = {
    "kills": (10, 500),
    "stops": (6, 40),
    "fills": (3, 12),
    "runs": (2, 20),
    "shapes": (3, 0),
    "writes": (1_000, 10_000),
    "store_kills": (4, 50),
    "races": (10, 200),
    "backups": (3, 20),
    "moves": (10, 1_000),
    "mutate_s": (5, 600),
    "cuts": (30, 1_000),
    "reads": (100, 5_000),
    "bomb_mib": (16, 1_024),
    "bad_lines": (40_000, 16_700_000),
    "texts": (0, 50),
    "rollouts": (1_000, 5_000),
}
"""How much is done, in the short form and in the full one; 0 of `shapes` is all of them, of `texts` none."""

FULL = os.environ.get("DRILLS") == "full"
BEFORE = os.environ.get("DRILLS_LEDGER")
NOT_TRIED, HELD, BROKEN = "not tried", "held", "broken"


@dataclass(frozen=True, slots=True)
class Tried:
    """What one drill says of one promise: the figure that was counted, and each finding against it."""

    promise: int
    figure: str
    findings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger: a promise as one drill left it."""

    drill: str
    promise: int
    figure: str
    state: str


def size(name: str) -> int:
    """Return how often, or how much, of what a drill does."""
    return int(os.environ.get(f"DRILL_{name.upper()}", SIZES[name][FULL]))


class Ledger:
    """What the drills of a run handed in, with what the file of earlier pieces holds."""

    def __init__(self, path: Path | None = None) -> None:
        self.lines: dict[tuple[str, int], Line] = {}
        self.simulations: dict[str, bool] = {}
        self.path = path
        if path is not None and path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self.lines = {(one["drill"], one["promise"]): Line(**one) for one in kept["lines"]}
            self.simulations = kept["simulations"]

    def enter(self, line: Line) -> None:
        """Note one line in place of what the same drill said of the same promise before."""
        self.lines[line.drill, line.promise] = line

    def forget(self, drill: str) -> None:
        """Strike out what a drill said before: it is tried anew."""
        self.lines = {key: line for key, line in self.lines.items() if line.drill != drill}

    def keep(self) -> None:
        """Write down what was noted, for the next piece."""
        if self.path is not None:
            lines = [asdict(line) for line in self.lines.values()]
            kept = {"lines": lines, "simulations": self.simulations}
            self.path.write_text(json.dumps(kept, indent=1), encoding="utf-8")

    def state(self, promise: int) -> str:
        """Return what became of a promise: one broken drill breaks it, and none at all is not tried."""
        states = {line.state for line in self.lines.values() if line.promise == promise}
        return next((state for state in (BROKEN, HELD) if state in states), NOT_TRIED)

    def figure(self, promise: int) -> str:
        """Return all that was counted for a promise, and why where nothing was."""
        lines = [line for line in self.lines.values() if line.promise == promise and line.figure]
        tried = [line.figure for line in lines if line.state != NOT_TRIED]
        return "; ".join(dict.fromkeys(tried or [line.figure for line in lines]))

    @property
    def broken(self) -> list[int]:
        """Return the promises that did not hold."""
        return [promise for promise in PROMISES if self.state(promise) == BROKEN]

    def table(self) -> str:
        """Return the table of all promises, in Markdown."""
        rows = ["| | Promise | Counted in this run | |", "|--:|---|---|---|"]
        for promise, words in PROMISES.items():
            figure = self.figure(promise).replace("|", "\\|").replace("\n", " ")
            rows.append(f"| {promise} | {words} | {figure or '–'} | {self.state(promise)} |")
        if self.simulations:
            held = sum(self.simulations.values())
            state = HELD if held == len(self.simulations) else BROKEN
            words = "What is printed of samples, bounds, agreement and splits holds as often as it says"
            rows.append(f"| | {words} | {held} of {len(self.simulations)} simulations held | {state} |")
        return "\n".join(rows)


def sizes_said() -> str:
    """Return the sizes of this run, those that were set by hand among them."""
    form = "full" if FULL else "short"
    said = ", ".join(f"{name} {size(name):,}" for name in SIZES)
    return f"{datetime.now(UTC):%Y-%m-%d}, {form} sizes: {said}"


LEDGER = pytest.StashKey[Ledger]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return what a drill hands its figures to; fails, once all are noted, where one did not hold."""
    ledger = request.config.stash[LEDGER]
    promised = {n for mark in request.node.iter_markers("promises") for n in mark.args}

    def hand_in(*tried: Tried) -> None:
        assert {one.promise for one in tried} <= promised, "the mark `promises` names what a drill is about"
        for one in tried:
            first = f": {one.findings[0]}" if one.findings else ""
            state, figure = (BROKEN, one.figure + first) if one.findings else (HELD, one.figure)
            ledger.enter(Line(request.node.name, one.promise, figure, state))
        found = {one.promise: list(one.findings)[:10] for one in tried if one.findings}
        assert found == {}

    return hand_in


def pytest_configure(config: pytest.Config) -> None:
    """Open the ledger of this run."""
    config.stash[LEDGER] = Ledger(Path(BEFORE) if BEFORE else None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """Note what a drill could not say itself: that it was skipped, or stopped before it counted anything."""
    outcome = yield
    ledger = item.config.stash[LEDGER]
    if call.when == "setup":
        ledger.forget(item.name)
    if item.get_closest_marker("simulation") and (call.when == "call" or outcome.failed):
        ledger.simulations[item.nodeid] = bool(outcome.passed)
    for promise in {n for mark in item.iter_markers("promises") for n in mark.args}:
        if outcome.skipped:
            why = outcome.longrepr[2] if isinstance(outcome.longrepr, tuple) else ""
            ledger.enter(Line(item.name, promise, str(why).removeprefix("Skipped: "), NOT_TRIED))
        elif outcome.failed and ledger.lines.get((item.name, promise), None) is None:
            ledger.enter(Line(item.name, promise, "the drill stopped before it counted", BROKEN))
    return outcome


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the ledger, and end with 1 where a promise is broken, in an earlier piece too."""
    ledger = session.config.stash[LEDGER]
    ledger.keep()
    if BEFORE and ledger.broken and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table under a run of `make drills`."""
    if FULL or BEFORE:
        terminalreporter.section("Promises")
        terminalreporter.write_line(terminalreporter.config.stash[LEDGER].table())
        terminalreporter.write_line(sizes_said())


if __name__ == "__main__":
    print(Ledger(Path(sys.argv[1])).table())
