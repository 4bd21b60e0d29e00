"""One export at work behind the pages: a thread that writes, with progress to look at and a way to stop it."""

import threading
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rollout_curator.errors import CuratorError
from rollout_curator.export import Exported, Settings, check_free, check_out, command_of, control_paths, export
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.templates.render_queue import Stopped
from rollout_curator.ui.server.rendering import of_job
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Beside:
    """What is written beside the file: names of a data card and of a report, the seeds of random controls.

    `batch_size` rows a step, the trainer's usual when None, and `epochs` are for its config. `agreed` are files that
    this program did not write, or that were changed since, and that the user lets it replace.
    """

    card: str = ""
    report: str = ""
    seeds: tuple[int, ...] = ()
    batch_size: int | None = None
    epochs: int = 1
    agreed: frozenset[Path] = frozenset()

    @property
    def settings(self) -> Settings:
        """Return what the export does beside its recipe."""
        return Settings(
            self.card, report=self.report, batch_size=self.batch_size, epochs=self.epochs, agreed=self.agreed
        )


class ExportJob:
    """An export that has begun; `done` of `total` are written, `checked` read back, then there is an end.

    That is a `result` or a `failure`, or neither: then it was stopped, and what was there before is untouched. With
    seeds a random control each follows in a file beside it; `controls` is what came of them.
    """

    def __init__(
        self,
        workspace: Workspace,
        recipe: Recipe,
        out: Path,
        beside: Beside = Beside(),
    ) -> None:
        """Begin writing."""
        self.recipe, self.out, self.beside, self.seeds = recipe, out, beside, beside.seeds
        self.controls: list[Exported] = []
        self.done, self.checked, self.total = 0, 0, 0
        self.result: Exported | None = None
        self.failure: BaseException | None = None
        self._stop, self._work = threading.Event(), of_job()
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
        self._work.stop()

    def wait(self, seconds: float) -> bool:
        """Wait a while; return whether it has ended."""
        self._thread.join(seconds)
        return not self.is_running

    def _write(self, workspace: Workspace) -> None:
        with self._work.under_way(), suppress(Stopped):
            self._write_all(workspace)

    def _write_all(self, workspace: Workspace) -> None:
        try:
            beside = control_paths(self.out, self.seeds)
            sources = [file.path for file in workspace.found]
            store = workspace.decisions.path if workspace.decisions else None
            for path in beside.values():
                check_out(path, sources, store, self.recipe)
            card, report, settings = self.beside.card, self.beside.report, self.beside.settings
            check_free({self.out: settings, **dict.fromkeys(beside.values(), settings.alone)}, self.recipe)
            self.result = self._written(workspace, self.recipe, self.out, settings)
            if self.result is not None and beside:
                said = command_of(workspace, self.recipe, self.out, card, self.seeds, report, settings.training)
                self.result = replace(self.result, command=said)
                self._write_controls(workspace, beside)
        except (CuratorError, OSError, MemoryError, ValueError, RuntimeError) as error:
            self.failure = error

    def _write_controls(self, workspace: Workspace, beside: dict[int, Path]) -> None:
        for seed, path in beside.items():
            made = self._written(workspace, replace(self.recipe, control=seed), path, self.beside.settings.alone)
            if made is None:
                return
            self.controls.append(made)

    def _written(self, workspace: Workspace, recipe: Recipe, out: Path, settings: Settings) -> Exported | None:
        """Return what was written, None when it was stopped before."""
        with closing(export(workspace, recipe, out, settings)) as steps:
            for step in steps:
                if isinstance(step, Exported):
                    return step
                if self._stop.is_set():
                    return None
                self.done, self.checked, self.total = step.done, step.checked, step.total
        return None


def writing_of(job: ExportJob | None) -> str | None:
    """Return what to say to whoever must wait for an export at work, None when there is none."""
    if job is None or not job.is_running:
        return None
    return f"{job.out.name} is being written; wait until it is done, or cancel it on the Export page"
