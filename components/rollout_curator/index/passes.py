"""The scan that fits a source: lines in ranges, lines or a document in one go, the rows of a Parquet file.

Also what is said of a file none of whose lines or records is a rollout. Knows nothing of caches.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rollout_curator.index.frames import FrameWriter
from rollout_curator.index.records import scan_document
from rollout_curator.index.scan import Shard, plan, scan_packed, scan_range
from rollout_curator.index.tables import scan_parquet
from rollout_curator.layouts import PARQUET, Layout, look
from rollout_curator.packing import Opened, chunks, open_source, show_path
from rollout_curator.reader import SEVERAL

ScanTask = tuple[str, str, int, int]
Run = Callable[[Callable[[ScanTask], Shard], Sequence[ScanTask]], Iterator[Shard]]

_NOT_OBJECTS = ("not_json", "not_object", "invalid_utf8", "too_deep", "too_long", SEVERAL, "cut")


@dataclass(slots=True)
class Pass:
    """One scan of a source: what it found so far. `frames` hold the copies of bodies where there are any."""

    packing: str
    layout: Layout
    shards: list[Shard] = field(default_factory=list)
    frames: FrameWriter | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def copies(self) -> bool:
        """Say whether bodies are copied, because the file does not hold them as they are."""
        return self.packing != "plain"

    @property
    def n_rollouts(self) -> int:
        """Return the number of rollouts found."""
        return sum(shard.n_rollouts for shard in self.shards)


def look_at(path: Path) -> Pass:
    """Return an empty pass that fits a source, judged by its first value. Raises SourceError."""
    source = open_source(path)
    with source.file:
        if source.packing == "parquet":
            return Pass(source.packing, PARQUET)
        return Pass(source.packing, look(chunks(source)))


def scan(path: Path, environment: str, run: Run, made: Pass, bodies: Path) -> Iterator[int]:
    """Scan a source into `made`, yielding how many of its bytes are done; copies of bodies go to the file `bodies`."""
    source = open_source(path)
    made.notes = source.notes
    with source.file:
        size = source.file.seek(0, os.SEEK_END)
        source.file.seek(0)
        if made.copies:
            with open(bodies, "wb") as packed:
                frames = made.frames = FrameWriter(packed)
                yield from _gathered(_copied(source, environment, made.layout, frames), made, source, size)
                frames.flush()
        elif made.layout.kind == "document":
            yield from _gathered(scan_document(source, made.layout, environment, None), made, source, size)
        else:
            tasks = [(os.fspath(path), environment, start, end) for start, end in plan(size)]
            for shard, task in zip(run(scan_range, tasks), tasks, strict=True):
                made.shards.append(shard)
                yield task[3]


def _copied(source: Opened, environment: str, layout: Layout, frames: FrameWriter) -> Iterator[Shard]:
    if layout.kind == "parquet":
        return scan_parquet(source, environment, frames)
    if layout.kind == "document":
        return scan_document(source, layout, environment, frames)
    return scan_packed(source, environment, frames)


def _gathered(shards: Iterator[Shard], made: Pass, source: Opened, size: int) -> Iterator[int]:
    for shard in shards:
        made.shards.append(shard)
        yield size if source.file.closed else min(source.file.tell(), size)


def is_row_of_objects(made: Pass) -> bool:
    """Whether lines went wrong only by holding several objects: as a document every object of them is read."""
    kinds = {kind for shard in made.shards for _, kind, _ in shard.problems}
    return made.layout.kind == "lines" and kinds == {SEVERAL}


def refusal(made: Pass, whole: Shard, path: Path) -> str | None:
    """Say in one sentence why the file as a whole is not one of rollouts, when nothing in it is even a JSON object."""
    if whole.n_rollouts or any(kind not in _NOT_OBJECTS for _, kind, _ in whole.problems):
        return None
    name, kinds = show_path(path), {kind for _, kind, _ in whole.problems}
    if made.layout.kind == "parquet" and not whole.problems:
        return f"{name}: no rollouts, the Parquet file has no rows"
    if made.layout.kind == "document":
        return f"{name}: no rollouts; {_why_no_record(made.layout, whole, kinds)}"
    if not whole.problems:
        return f"{name}: no rollouts, {'only blank lines' if whole.n_lines else 'not one line'}"
    return f"{name}: no line is a JSON object"


def _why_no_record(layout: Layout, whole: Shard, kinds: set[str]) -> str:
    if not whole.problems:
        return f"the list {'.'.join(layout.path)} is empty" if layout.path else "the JSON array is empty"
    if kinds == {"not_object"}:
        return f"its records are no objects ({whole.problems[0][2]}); a rollout is one JSON object"
    return f"not one record is whole JSON; the first: {whole.problems[0][2]}"
