"""Before rollouts are opened: where indexes are kept, and the building of those that are not there."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from rollout_curator import parallel
from rollout_curator.errors import SourceError, SourceUnreadable
from rollout_curator.index import store
from rollout_curator.sources.find import Found, environment_of


def default_cache() -> Path:
    """Return the folder of everything that can be rebuilt."""
    return platformdirs.user_cache_path("rollout-curator", appauthor=False)


def build_indexes(found: Sequence[Found], cache: Path) -> Iterator[store.Progress]:
    """Index every source that has no usable index yet, yielding progress; files that cannot be read are passed over."""
    for file in found:
        try:
            if store.read_header(cache, file.path) is None:
                yield from store.build(cache, file.path, environment_of(file.path), parallel.run_in_pool)
        except SourceError:
            continue


def index_of(file: Found, cache: Path) -> dict[str, Any]:
    """Return the header of the index of a source, which is built when none holds. Raises SourceError."""
    header = store.read_header(cache, file.path)
    if header is None:
        for _ in store.build(cache, file.path, environment_of(file.path), parallel.run_in_pool):
            pass
        header = store.read_header(cache, file.path)
    if header is None:
        raise SourceUnreadable(f"{file.name}: the file is still being written; try again when it is complete")
    return header
