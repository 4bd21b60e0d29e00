"""Long work behind the pages: a thread, with progress to see and a way to stop it.

An export writes a selection and its random controls. A check finds which rollouts give an example, which is enough
for the funnel, and on request what training would do with each.
"""

import threading
from collections.abc import Generator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rollout_curator.errors import CuratorError
from rollout_curator.export import Exported, ExportProgress, Settings, export_with_controls
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.templates.render_queue import Stopped
from rollout_curator.ui.server.rendering import of_job
from rollout_curator.workspace.workspace import Workspace


class Job:
    """Work that has begun: `done` of `total`; in the end it is complete, was stopped, or has a `failure`."""

    def __init__(self, name: str, steps: Generator[Any, None, None], total: int = 0) -> None:
        """Begin to take the steps, in a thread of this name."""
        self.done, self.total = 0, total
        self.failure: BaseException | None = None
        self._stop, self._work = threading.Event(), of_job()
        self._thread = threading.Thread(target=self._run, args=(steps,), name=name, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Say whether it is still at work."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end, and to leave everything as it was; it does within a moment."""
        self._stop.set()
        self._work.stop()

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether it has ended."""
        self._thread.join(seconds)
        return not self.is_running

    def take(self, step: Any) -> None:
        """Take in one step: how much is done, unless a job has more to tell."""
        self.done = step

    def _run(self, steps: Generator[Any, None, None]) -> None:
        try:
            with self._work.under_way(), closing(steps), suppress(Stopped):
                for step in steps:
                    self.take(step)
                    if self._stop.is_set():
                        return
        except (CuratorError, OSError, MemoryError, ValueError, RuntimeError) as error:
            self.failure = error


class ExportJob(Job):
    """An export that has begun; `done` of `total` are written, `checked` read back, then there is an end.

    That is a `result` or a `failure`, or neither: then it was stopped, and what was there before is untouched. With
    seeds a random control each follows in a file beside it; `controls` is what came of them.
    """

    def __init__(
        self,
        workspace: Workspace,
        recipe: Recipe,
        out: Path,
        settings: Settings = Settings(),  # noqa: B008 frozen
    ) -> None:
        """Begin writing."""
        self.recipe, self.out, self.settings = recipe, out, settings
        self.checked = 0
        self.result: Exported | None = None
        self.ended = datetime.now()
        self.controls: list[Exported] = []
        super().__init__("export", export_with_controls(workspace, recipe, out, settings))

    @property
    def is_stopped(self) -> bool:
        """Say whether it was told to stop before it was done."""
        return self._stop.is_set() and self.result is None

    def take(self, step: ExportProgress | Exported) -> None:
        """Take in how far it is, or what was written: the selection first, then its controls."""
        if isinstance(step, ExportProgress):
            self.done, self.checked, self.total = step.done, step.checked, step.total
        elif self.result is None:
            self.result, self.ended = step, datetime.now()
        else:
            self.controls.append(step)


class CheckJob(Job):
    """A check of every example of a plan that has begun."""

    def __init__(self, workspace: Workspace, plan: Plan, *, with_hazards: bool) -> None:
        """Begin to check."""
        self.plan, self.with_hazards = plan, with_hazards
        outcomes = workspace.conversion_outcomes
        steps = outcomes.check_examples(plan) if with_hazards else outcomes.prepare(plan)
        super().__init__("look", steps, workspace.n_rollouts)


def writing_of(job: ExportJob | None) -> str | None:
    """Return what to say to whoever must wait for an export at work, None when there is none."""
    if job is None or not job.is_running:
        return None
    return f"{job.out.name} is being exported; wait or cancel it on the Export page"
