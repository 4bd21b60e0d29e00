"""One table row per module of a folder: how formats, targets and kinds of files are found.

A row is any frozen dataclass with a `name`; a module offers it as a module-level constant.
Adding a file to the folder adds the row: no list is kept anywhere.
"""

import importlib
import pkgutil
from functools import cache
from typing import Protocol, TypeVar


class Row(Protocol):
    """What every table row has."""

    @property
    def name(self) -> str:
        """The word users type and read."""


T = TypeVar("T", bound=Row)


@cache
def rows(package: str, kind: type[T]) -> dict[str, T]:
    """Return every `kind` found at module level in the modules of `package`, by name, in order of module name."""
    found: dict[str, T] = {}
    root = importlib.import_module(package)
    for module_info in pkgutil.iter_modules(root.__path__):
        module = importlib.import_module(f"{package}.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, kind):
                found[value.name] = value
    return found
