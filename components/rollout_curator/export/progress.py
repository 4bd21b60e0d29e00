"""How far an export is, said while it is worked out and written."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How many of the rows are written, and how many of them have been read again; none yet while prompts are read."""

    done: int
    total: int
    checked: int = 0


Made = TypeVar("Made")
ExportSteps = Generator[ExportProgress, None, Made]
