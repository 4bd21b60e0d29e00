"""The paths that a notebook gives: one, or several in anything that can be gone through."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rollout_curator.errors import SourceNotFound


def list_paths(given: str | Path | Iterable[str | Path]) -> list[str | Path]:
    """Return the paths that were given, one or several. Raises SourceNotFound for none, and for what is no path."""
    paths: list[Any]
    if isinstance(given, str | bytes | Path) or not isinstance(given, Iterable):
        paths = [given]
    else:
        paths = list(given)
    what = next((type(path).__name__ for path in paths if not isinstance(path, str | Path)), None)
    if what or not paths:
        raise SourceNotFound(f"expected a path, got {what or 'nothing'}; name a file, a folder or a glob")
    return paths
