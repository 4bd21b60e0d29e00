"""The lines of a source that are no rollouts: of each kind the first in full, the rest as counted ranges.

However many there are, this stays small. What is counted is exact; only the reason of each further line, and within the
last range of a kind which of its lines they are, is not kept. Tallies of neighbouring parts of a file join to the
tally of both, whatever the parts are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

LISTED_MAX = 1000
"""So many of each kind are kept in full."""
RANGES_MAX = 1000
"""So many ranges of each kind are kept; the last one then takes in all that follow."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number of lines of one kind from `first` to `last`: every line between, unless `count` is smaller."""

    kind: str
    first: int
    last: int
    count: int


@dataclass(slots=True)
class Tally:
    """Lines that are no rollouts: `listed` are (line, kind, reason) in order, `counts` how many of each kind."""

    listed: list[tuple[int, str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _ranges: dict[str, list[Range]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Return how many lines there are."""
        return sum(self.counts.values())

    def ranges(self) -> Iterator[Range]:
        """Yield the lines that are not listed, as ranges, kind by kind."""
        for ranges in self._ranges.values():
            yield from ranges

    def add(self, line: int, kind: str, reason: str, times: int = 1) -> None:
        """Add a line, or so many neighbouring ones that are alike."""
        known = self.counts.get(kind, 0)
        self.counts[kind] = known + times
        room = min(times, max(0, LISTED_MAX - known))
        if room:
            self.listed.extend((line + n, kind, reason) for n in range(room))
        if times > room:
            self._fold(kind, line + room, line + times - 1, times - room)

    def extend(self, other: "Tally", base: int) -> None:
        """Add what comes behind, with line numbers that count from `base`."""
        for line, kind, reason in other.listed:
            self.add(line + base, kind, reason)
        for one in other.ranges():
            self.counts[one.kind] += one.count
            self._fold(one.kind, one.first + base, one.last + base, one.count)

    def _fold(self, kind: str, first: int, last: int, count: int) -> None:
        ranges = self._ranges.setdefault(kind, [])
        if ranges and (ranges[-1].last + 1 == first or len(ranges) >= RANGES_MAX):
            before = ranges.pop()
            first, count = before.first, before.count + count
        ranges.append(Range(kind, first, last, count))
