"""The scan that fits a source: lines in ranges, lines or a document in one go, the rows of a Parquet file.

Also what is said of a file none of whose lines or records is a rollout. Knows nothing of caches.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rollout_curator.errors import SourceError, SourceUnreadable
from rollout_curator.index.document_scan import scan_document
from rollout_curator.index.parquet_scan import scan_parquet
from rollout_curator.index.scan import plan, scan_packed, scan_range
from rollout_curator.index.shards import Shard, Spill
from rollout_curator.index.zstd_frames import FrameWriter
from rollout_curator.printable import shown
from rollout_curator.sources.compression import Opened, chunks, open_source
from rollout_curator.sources.file_layout import PARQUET, Layout, look
from rollout_curator.sources.limits import Amount, TooMuch
from rollout_curator.sources.lines import SEVERAL
from rollout_curator.words import counted

ScanTask = tuple[str, str, int, int]
Run = Callable[[Callable[[ScanTask], Shard], Sequence[ScanTask]], Iterator[Shard]]

_NOT_OBJECTS = ("not_json", "not_object", "invalid_utf8", "too_deep", "too_long", "too_many_values", SEVERAL, "cut")


_BEGINS_CHARS, _BEGINS_BYTES = 40, 400


@dataclass(slots=True)
class Pass:
    """One scan of a source: what it found so far. `frames` hold the copies of bodies where there are any."""

    packing: str
    layout: Layout
    shards: list[Shard] = field(default_factory=list)
    frames: FrameWriter | None = None
    notes: list[str] = field(default_factory=list)
    amount: Amount = field(default_factory=Amount)
    spill: Spill | None = None

    def take(self, shard: Shard, size_bytes: int) -> None:
        """Add the next shard of a file of this size. Raises TooMuch when the file holds more than is read."""
        self.shards.append(shard if self.spill is None else self.spill.put(shard))
        self.amount.add(shard.amount)
        self.amount.require_within(0, size_bytes)

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
        try:
            return Pass(source.packing, look(chunks(source)))
        except TooMuch as much:
            raise SourceUnreadable(f"{shown(path)}: not read: in its first value, {much.reason}") from much


def scan(path: Path, environment: str, run: Run, made: Pass, bodies: Path) -> Iterator[int]:
    """Scan a source into `made`, yielding how many of its bytes are done; copies of bodies go to the file `bodies`.

    Raises SourceUnreadable when the file cannot be read, or holds more than is read of one.
    """
    try:
        yield from _scan(path, environment, run, made, bodies)
    except TooMuch as much:
        n_lines = sum(shard.n_lines for shard in made.shards) + much.n_lines
        unit = {"document": "record", "parquet": "row"}.get(made.layout.kind, "line")
        said = f"not read beyond the first {counted(n_lines, unit)}: {much.reason}"
        raise SourceUnreadable(f"{shown(path)}: {said}; split the file, or remove what is not a rollout") from much


def _scan(path: Path, environment: str, run: Run, made: Pass, bodies: Path) -> Iterator[int]:
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
                made.take(shard, size)
                yield task[3]


def _copied(source: Opened, environment: str, layout: Layout, frames: FrameWriter) -> Iterator[Shard]:
    if layout.kind == "parquet":
        return scan_parquet(source, environment, frames)
    if layout.kind == "document":
        return scan_document(source, layout, environment, frames)
    return scan_packed(source, environment, frames)


def _gathered(shards: Iterator[Shard], made: Pass, source: Opened, size: int) -> Iterator[int]:
    for shard in shards:
        made.take(shard, size)
        yield size if source.file.closed else min(source.file.tell(), size)


def is_row_of_objects(made: Pass) -> bool:
    """Whether lines went wrong only by holding several objects: as a document every object of them is read."""
    kinds = {kind for shard in made.shards for kind in shard.problems.counts}
    return made.layout.kind == "lines" and kinds == {SEVERAL}


def refusal(made: Pass, whole: Shard, path: Path) -> str | None:
    """Say in one sentence why the file as a whole is not one of rollouts, when nothing in it is even a JSON object."""
    if whole.n_rollouts or any(kind not in _NOT_OBJECTS for kind in whole.problems.counts):
        return None
    name, kinds = shown(path), set(whole.problems.counts)
    if made.layout.kind == "parquet" and not kinds:
        return f"{name}: no rollouts found, the Parquet file has no rows"
    if made.layout.kind == "document":
        return f"{name}: no rollouts found; {_why_no_record(made.layout, whole, kinds)}"
    if not kinds:
        return f"{name}: no rollouts found, {'only blank lines' if whole.n_lines else 'not one line'}"
    return f"{name}: no line is a JSON object{'' if made.copies else _begins(path)}"


def _begins(path: Path) -> str:
    """Return how a plain file begins, by which people know what it is; nothing where that cannot be read."""
    with contextlib.suppress(SourceError, OSError), contextlib.closing(open_source(path).file) as file:
        words = file.read(_BEGINS_BYTES).lstrip().split(b"\n")[0].decode("utf-8", "replace").strip()
        return f'; it begins "{shown(words[:_BEGINS_CHARS])}{"…" if len(words) > _BEGINS_CHARS else ""}"'
    return ""


def _why_no_record(layout: Layout, whole: Shard, kinds: set[str]) -> str:
    if not kinds:
        return f"the list {'.'.join(layout.path)} is empty" if layout.path else "the JSON array is empty"
    if kinds == {"not_object"}:
        return f"its records are not objects ({whole.problems.listed[0][2]}); a rollout is one JSON object"
    return f"not one record is whole JSON; the first: {whole.problems.listed[0][2]}"
