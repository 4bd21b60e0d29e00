"""What an export does beside its recipe: which files stand beside it, what it may replace, how many processes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rollout_curator.recipe import command_line
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Settings:
    """What an export does beside its recipe, none of which changes a byte of the data.

    `card` is the name of a data card in the same folder, none when empty. `report` is the name of a file in the same
    folder that tells of every rollout what became of it, none when empty. `workers` is the number of processes, 0 for
    what the size asks for. `over` are keys chosen over others instead of what the review store says. `batch_size`
    rows a step, the trainer's usual when None, and `epochs` are for the trainer's config. Files that this program did
    not write, or that were changed since, are replaced where `overwrite` says so, or by name where `agreed` holds them.
    `seeds` are those of random controls, each in a file beside it.
    """

    card: str = ""
    workers: int = 0
    over: Mapping[str, list[str]] | None = None
    report: str = ""
    batch_size: int | None = None
    epochs: int = 1
    overwrite: bool = False
    agreed: frozenset[Path] = frozenset()
    seeds: tuple[int, ...] = ()

    @property
    def training(self) -> dict[str, int]:
        """Return what is asked of the trainer's config that is not as usual."""
        epochs = {"epochs": self.epochs} if self.epochs > 1 else {}
        return epochs if self.batch_size is None else {"batch_size": self.batch_size, **epochs}

    @property
    def alone(self) -> "Settings":
        """Return the same without anything beside it, as for a control beside the file."""
        return replace(self, card="", report="", seeds=())


def command_of(workspace: Workspace, recipe: Recipe, out: Path, settings: Settings = Settings()) -> str:
    """Return the command that writes the same files, with seeds also the random controls beside them."""
    given = {"card": settings.card, "report": settings.report, **settings.training}
    beside = [word for name, value in given.items() if value for word in (f"--{name.replace('_', '-')}", str(value))]
    beside += [word for seed in settings.seeds for word in ("--with-control", str(seed))]
    store = workspace.decisions.path if workspace.decisions is not None else None
    opened = workspace.named or [source.path for source in workspace.sources]
    return command_line.command_of(recipe, opened, out, beside, store)
