"""Before rollouts are opened: where indexes and decisions are kept, and the building of indexes that are not there."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import platformdirs

from rollout_curator import runner
from rollout_curator.errors import SourceError
from rollout_curator.index import store
from rollout_curator.sources import Found, environment_of, opened_folder

DECISIONS_NAME = "curation.sqlite"


def default_cache() -> Path:
    """Return the folder of everything that can be rebuilt."""
    return platformdirs.user_cache_path("rollout-curator", appauthor=False)


def default_decisions(paths: Sequence[str | Path]) -> Path:
    """Return where decisions are kept: in the folder opened, else (several folders, or a read-only one) right here."""
    folders = {opened_folder(path) for path in paths}
    folder = folders.pop() if len(folders) == 1 else Path.cwd()
    place = folder / DECISIONS_NAME
    return place if place.exists() or os.access(folder, os.W_OK) else Path.cwd() / DECISIONS_NAME


def build_indexes(found: Sequence[Found], cache: Path) -> Iterator[store.Progress]:
    """Index every source that has no usable index yet, yielding progress; files that cannot be read are passed over."""
    for file in found:
        try:
            if store.read_header(cache, file.path) is None:
                yield from store.build(cache, file.path, environment_of(file.path), runner.run_in_pool)
        except SourceError:
            continue
