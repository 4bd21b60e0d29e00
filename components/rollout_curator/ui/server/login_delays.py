"""How long whoever gives wrong tokens waits for the answer: longer each time, without keeping anybody else out.

A right token is never delayed, nor is who is let in already, so nobody can lock others out by guessing. Guesses are
counted by address; an address that stays away for a while is forgotten.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

FIRST_S, LONGEST_S = 0.25, 30.0
FORGOTTEN_S = 900.0
ADDRESSES, WAITING = 4096, 200


class Delays:
    """The wrong guesses of one server; used in its event loop only."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._guesses: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._waiting = 0

    def note(self, address: str) -> float:
        """Count one wrong guess from an address; return for how many seconds its answer is held back."""
        before, at = self._guesses.pop(address, (0, 0.0))
        n = 1 if self._now() - at > FORGOTTEN_S else before + 1
        self._guesses[address] = n, self._now()
        while len(self._guesses) > ADDRESSES:
            self._guesses.popitem(last=False)
        return float(min(LONGEST_S, FIRST_S * 2 ** min(n - 1, 16)))

    async def hold_back(self, address: str) -> bool:
        """Count a wrong guess and wait; False, at once, where too many wait already."""
        held_s = self.note(address)
        if self._waiting >= WAITING:
            return False
        self._waiting += 1
        try:
            await asyncio.sleep(held_s)
        finally:
            self._waiting -= 1
        return True
