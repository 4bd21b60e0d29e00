"""The signals that end a program, taken like Ctrl-C: work stops where it stands and every temporary file is removed.

SIGTERM comes from Slurm, systemd, containers and `kill`, SIGHUP from a terminal that is closed. Left alone, either ends
Python at once, and an export leaves its unfinished file behind. Knows signals, nothing of the work they end.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(KeyboardInterrupt):
    """Another program asked this one to end; whoever heeds Ctrl-C heeds this."""

    def __init__(self, number: int) -> None:
        """Keep which signal it was, and the exit code shells give it."""
        self.name, self.code = signal.Signals(number).name, 128 + number
        super().__init__(self.name)


def behind(error: BaseException) -> Ended | None:
    """Return the signal that stands behind an interruption, None where it was Ctrl-C."""
    return next((one for one in (error, error.__cause__) if isinstance(one, Ended)), None)


@contextmanager
def heeded() -> Iterator[None]:
    """Raise Ended in the block when a signal to end comes; one that is ignored, as under nohup, stays ignored.

    The first is enough: others that follow do not disturb the cleaning up.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    taken = [number for number in ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def leave_to_parent() -> None:
    """Ignore signals to end in a worker: a whole group gets them, and the process it works for ends it."""
    for number in (*ENDING, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, _frame: FrameType | None) -> None:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise Ended(number)
