"""Whose turn in the random order had come when it was rejected in another way, so that it may have been seen there.

Who meets a bad one at random and rejects it in a comparison, in bulk or in another queue instead would take it out of
the sample, and the sample would look cleaner than the set. So what was next, or had been skipped, counts as a bad one
of the sample; what was still far from its turn leaves the set without touching the sample. Of what was rejected by
reading it elsewhere, the next few count too: one can look ahead in the random order without deciding, and nothing tells
where one saw it first. It would have been a bad one of the sample soon anyway. (A comparison or a bulk decision a few
places ahead says nothing of the one that is there.)

Arrays of one length: `sample_rank` uint64; `closed` the time at which each was read or left, never for none, int64.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SKIPPED_MAX = 20
"""So many of the first unread ones count as skipped, where later ones were read."""
AHEAD = 20
"""So many of the first unread ones may have been seen by whoever looks ahead."""


def had_come(sample_rank: Array, member: Array, closed: Array, asked: Array, turn: Array, alone: Array) -> Array:
    """Return which of `asked` were next or skipped when they were closed; `turn` is the time of a random read.

    Of those read `alone`, boolean, also which were among the next few. Before the first random read nobody's turn has
    come.
    """
    found = np.zeros(len(sample_rank), dtype=bool)
    if not asked.any():
        return found
    order = np.flatnonzero(member)
    order = order[np.argsort(sample_rank[order], kind="stable")]
    reads = order[turn[order] < np.iinfo(np.int64).max]
    reads = reads[np.argsort(turn[reads], kind="stable")]
    furthest = np.maximum.accumulate(np.searchsorted(sample_rank[order], sample_rank[reads], side="right"))
    times, ends = turn[reads], closed[order]
    places = np.flatnonzero(asked[order])
    start = 0
    for time in np.unique(ends[places]).tolist():
        seen = int(np.searchsorted(times, time))
        if not seen:
            continue
        here, read_to = places[ends[places] == time], int(furthest[seen - 1])
        start = _first_open(ends, start, time)
        waiting = np.cumsum(ends[start : max(read_to, int(here[-1]) + 1)] >= time)[here - start]
        skipped = (here < read_to) & (waiting <= SKIPPED_MAX)
        seen_ahead = alone[order[here]] & (waiting <= AHEAD)
        found[order[here[skipped | seen_ahead | (here == start)]]] = True
    return found


def _first_open(ends: Array, start: int, time: int) -> int:
    """Return the first place from `start` on that is not closed before `time`; what is closed stays so."""
    while start < len(ends):
        part = np.flatnonzero(ends[start : start + 4096] >= time)
        if len(part):
            return start + int(part[0])
        start += 4096
    return len(ends)
