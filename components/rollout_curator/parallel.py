"""Runs pure functions over a list of tasks, in this process or in a pool, results in order.

Below 64 MiB of work a pool costs more than it gives, so the caller says how heavy the work is.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from rollout_curator.errors import WorkerLost
from rollout_curator.interrupts import leave_to_parent

Task = TypeVar("Task")
Result = TypeVar("Result")

AHEAD = 4
"""Tasks submitted per worker before the first is done: bounds what waits in memory."""
LOOK_EVERY_S = 1.0
"""So often a worker looks whether the process it works for is still there."""


def run_in_pool(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Yield the result of every task in order; with two tasks or fewer, or one core, without a pool.

    Workers are started afresh, not forked, because the app has threads, and by loky, which does not run the main
    module again in them: in the app that is the page script.
    Raises WorkerLost when one of them is killed.
    """
    workers = min(len(tasks), os.cpu_count() or 1)
    yield from run_ordered(function, tasks, workers if len(tasks) > 2 else 1)


def run_ordered(function: Callable[[Task], Result], tasks: Iterable[Task], workers: int) -> Iterator[Result]:
    """Yield the result of every task in order, made by this many processes; one stays in this process.

    Tasks are taken when a worker will soon need them, so a long stream of them is never in memory. Closing the
    generator ends the workers. Raises WorkerLost when one of them is killed.
    """
    if workers < 2:
        yield from map(function, tasks)
        return
    from loky import ProcessPoolExecutor  # only here: most files need no pool

    pool = ProcessPoolExecutor(workers, initializer=_end_with, initargs=(os.getpid(),))
    waiting: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(function, task))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise WorkerLost("a worker process was killed (perhaps out of memory); try again") from error
    finally:
        pool.shutdown(wait=False, kill_workers=True)


def _end_with(parent: int) -> None:
    """End this worker soon after its parent was killed; it would wait for ever to hand over a large result.

    Signals to end are left to the parent, which may be removing what the workers wrote for.
    """
    leave_to_parent()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
