"""One export at work behind the pages: a thread that writes, with progress to look at and a way to stop it."""

import threading
from contextlib import closing
from pathlib import Path

from rollout_curator.errors import CuratorError
from rollout_curator.publishing import Exported, ExportProgress, Settings, export
from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace


class ExportJob:
    """An export that has begun; `done` of `total` are written, `checked` read back, then there is an end.

    That is a `result` or a `failure`, or neither: then it was stopped, and what was there before is untouched.
    """

    def __init__(self, workspace: Workspace, recipe: Recipe, out: Path, card: str = "") -> None:
        """Begin writing."""
        self.recipe, self.out, self.card = recipe, out, card
        self.done, self.checked, self.total = 0, 0, 0
        self.result: Exported | None = None
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, args=(workspace,), name="export", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Say whether it is still at work."""
        return self._thread.is_alive()

    @property
    def is_stopped(self) -> bool:
        """Say whether it was told to stop before it was done."""
        return self._stop.is_set() and self.result is None

    def stop(self) -> None:
        """Ask it to leave everything as it was; it ends within a moment."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether it has ended."""
        self._thread.join(seconds)
        return not self.is_running

    def _write(self, workspace: Workspace) -> None:
        try:
            with closing(export(workspace, self.recipe, self.out, Settings(self.card))) as steps:
                for step in steps:
                    if isinstance(step, Exported):
                        self.result = step
                    elif self._stop.is_set():
                        return
                    elif isinstance(step, ExportProgress):
                        self.done, self.checked, self.total = step.done, step.checked, step.total
        except (CuratorError, OSError, MemoryError, ValueError, RuntimeError) as error:
            self.failure = error


def writing_of(job: ExportJob | None) -> str | None:
    """Return what to say to whoever must wait for an export at work, None when there is none."""
    if job is None or not job.is_running:
        return None
    return f"{job.out.name} is being written; wait until it is done, or cancel it on the Export page"
