"""How long a rollout takes this reviewer, and what to read in the time there is.

Times are ISO texts in UTC, as the review store writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

USUAL_S = 45.0
PAUSE_S = 300.0
LATEST = 200
SHARES = {"random": 0.5, "near": 0.25, "flagged": 0.25}
"""Of the time: for the bound, for the threshold, for the harm."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a rollout takes, and from how many it was measured; 0 means that it is a guess."""

    seconds: float
    measured: int

    @property
    def minutes(self) -> float:
        """Return minutes per rollout."""
        return self.seconds / 60.0

    @property
    def words(self) -> str:
        """Return how long one rollout takes, in words."""
        return f"{self.minutes:.1f} min" if self.seconds >= 55 else f"{max(self.seconds, 1):.0f} s"


def pace(times: Sequence[str]) -> Pace:
    """Return the mean time between one decision and the next, of the latest; longer ones than 5 minutes are breaks."""
    moments = sorted(datetime.fromisoformat(time).timestamp() for time in times)[-LATEST - 1 :]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    worked = [gap for gap in gaps if gap <= PAUSE_S]
    return Pace(sum(worked) / len(worked), len(worked)) if len(worked) >= 5 else Pace(USUAL_S, 0)


def mix(minutes: float, seconds_each: float, waiting: Mapping[str, int]) -> dict[str, int]:
    """Return how many rollouts of each kind fit into the time; what one kind cannot fill goes to the others in order.

    `waiting` says how many of each kind are undecided, in the order in which they are served; kinds without a share
    there, such as what is to settle, come first and whole.
    """
    left = max(0, round(minutes * 60.0 / max(seconds_each, 1.0)))
    given: dict[str, int] = {}
    for kind in (kind for kind in waiting if kind not in SHARES):
        given[kind] = min(left, waiting[kind])
        left -= given[kind]
    shared = {kind: min(waiting[kind], int(left * SHARES[kind])) for kind in waiting if kind in SHARES}
    rest = left - sum(shared.values())
    for kind in shared:
        more = min(rest, waiting[kind] - shared[kind])
        shared[kind] += more
        rest -= more
    return {kind: n for kind, n in {**given, **shared}.items() if n}
