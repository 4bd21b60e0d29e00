"""The row of the table of file types: how examples are written as one kind of file and read back from it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rollout_curator.errors import RecipeError
from rollout_curator.files.atomic import AtomicFile
from rollout_curator.registry import rows


@dataclass(frozen=True, slots=True)
class FileType:
    """One kind of file: `write` takes encoded lines and yields the rows done, `lines` gives a file back as those lines.

    `lines` raises ValueError for a broken file.
    """

    name: str
    title: str
    suffix: str
    write: Callable[[Iterable[bytes], AtomicFile], Iterator[int]]
    lines: Callable[[Path], Iterator[bytes]]


def file_types() -> dict[str, FileType]:
    """Return every kind of file that can be written, by name."""
    return rows("rollout_curator.training.file_types", FileType)


def get(name: str) -> FileType:
    """Return the kind of file called `name`, or raise RecipeError with the names there are."""
    if name not in file_types():
        raise RecipeError(f'unknown file format "{name}"; choose one of {", ".join(file_types())}')
    return file_types()[name]
