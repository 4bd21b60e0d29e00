"""A look at every example behind the pages: a thread that looks, with progress to see and a way to stop it.

A look for hazards finds more than who gives an example; the latter is enough for the funnel.
"""

import threading
from contextlib import closing, suppress

from rollout_curator.errors import CuratorError
from rollout_curator.recipe.plan import Plan
from rollout_curator.training.templates.render_queue import Stopped
from rollout_curator.ui.server.rendering import of_job
from rollout_curator.workspace.workspace import Workspace


class LookJob:
    """A look that has begun: `done` of `total` examples; in the end it is complete, stopped, or has a `failure`."""

    def __init__(self, workspace: Workspace, plan: Plan, *, for_hazards: bool) -> None:
        """Begin to look."""
        self.plan, self.for_hazards = plan, for_hazards
        self.done, self.total = 0, workspace.n_rollouts
        self.failure: BaseException | None = None
        self._stop, self._work = threading.Event(), of_job()
        self._thread = threading.Thread(target=self._look, args=(workspace,), name="look", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Say whether it is still at work."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end; it does at once."""
        self._stop.set()
        self._work.stop()

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether it has ended."""
        self._thread.join(seconds)
        return not self.is_running

    def _look(self, workspace: Workspace) -> None:
        try:
            outlook = workspace.outlook
            steps = outlook.look(self.plan) if self.for_hazards else outlook.prepare(self.plan)
            with self._work.under_way(), closing(steps), suppress(Stopped):
                for done in steps:
                    self.done = done
                    if self._stop.is_set():
                        return
        except (CuratorError, OSError, MemoryError, ValueError, RuntimeError) as error:
            self.failure = error
