"""What an export does beside its recipe: which files stand beside it, what it may replace, how many processes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What an export does beside its recipe, none of which changes a byte of the data.

    `card` is the name of a data card in the same folder, none when empty. `report` is the name of a file in the same
    folder that tells of every rollout what became of it, none when empty. `worker_count` is the number of processes, 0
    for what the size asks for. `over` are keys chosen over others instead of what the review store says. `batch_size`
    rows a step, the trainer's usual when None, and `epochs` are for the trainer's config. Files that this program did
    not write, or that were changed since, are replaced where `overwrite` says so, or by name where `agreed` holds them.
    """

    card: str = ""
    workers: int = 0
    over: Mapping[str, list[str]] | None = None
    report: str = ""
    batch_size: int | None = None
    epochs: int = 1
    overwrite: bool = False
    agreed: frozenset[Path] = frozenset()

    @property
    def training(self) -> dict[str, int]:
        """Return what is asked of the trainer's config that is not as usual."""
        epochs = {"epochs": self.epochs} if self.epochs > 1 else {}
        return epochs if self.batch_size is None else {"batch_size": self.batch_size, **epochs}

    @property
    def alone(self) -> "Settings":
        """Return the same without a card and a report, as for a control beside the file."""
        return replace(self, card="", report="")
