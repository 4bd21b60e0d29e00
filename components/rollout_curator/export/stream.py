"""The lines of one file on their way: converted in order, by one process or several, and counted as they pass.

The bytes are the same however many processes convert: batches go out and come back in order, a few ahead at a time.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import xxhash

from rollout_curator.conversation.datasets_values import Columns
from rollout_curator.decisions.marked_rows import Marks
from rollout_curator.errors import ExportError, SourceChanged
from rollout_curator.export.choice import ExportPart
from rollout_curator.export.conversion import Batch, convert
from rollout_curator.export.worker_count import count_for
from rollout_curator.files.atomic import AtomicFile
from rollout_curator.parallel import run_ordered
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.file_types.base import FileType
from rollout_curator.workspace.workspace import Workspace

BATCH_ROWS, BATCH_PAIRS = 256, 64
BATCH_BYTES = 1 << 20


@dataclass(slots=True)
class Stream:
    """The lines of a part, to be taken once; it remembers a hash of each, and the columns.

    `marks` are the marked items by key, as they stood when the part was chosen.

    Raises SourceChanged for a rollout that gives no example any more, ExportError for a line that does not read
    back as the example it was made of.
    """

    workspace: Workspace
    recipe: Recipe
    part: ExportPart
    marks: Marks
    workers: int = 0
    columns: Columns = field(default_factory=Columns)
    _digests: "array[int]" = field(default_factory=partial(array, "Q"))

    def __iter__(self) -> Iterator[bytes]:
        """Yield every line in order."""
        workers = self.workers or count_for(self.workspace, np.unique(self.part.units), recipes.plan(self.recipe))
        done = 0
        for made in run_ordered(convert, self._batches(), workers):
            if made.different:
                raise ExportError(
                    f"{self._where(done + made.different[0])}: its example does not read back as it was made, "
                    "so nothing was written; reject it and report this bug"
                )
            self._digests.extend(map(xxhash.xxh3_64_intdigest, made.lines))
            for shape, line in zip(made.shapes, made.lines, strict=False):
                self.columns.add(shape, len(line))
            for line in made.lines:
                yield line
            done += len(made.lines)
            if made.fault is not None:
                why = f"can no longer be exported ({made.fault[1]}); open the source again"
                raise SourceChanged(f"{self._where(done)}: {why}")

    def read_again(self, kind: FileType, file: AtomicFile) -> Iterator[int]:
        """Read what was written, from the disk, and compare it line by line; yield how many are the same so far.

        Raises ExportError at the first line that is not the one that was written.
        """
        expected, n = self._digests, 0
        for n, line in enumerate(_lines(kind, file), 1):
            if n > len(expected) or xxhash.xxh3_64_intdigest(line) != expected[n - 1]:
                raise ExportError(f"{file.path}: row {n:,} does not read back as it was written; no file was changed")
            if n % 1024 == 0:
                yield n
        if n != len(expected):
            raise ExportError(f"{file.path}: {len(expected):,} rows were written and {n:,} read back")
        yield n

    def _where(self, place: int) -> str:
        unit = self.part.units[place]
        return self.workspace.where(int(unit if unit.ndim == 0 else unit[0]))

    def _batches(self) -> Iterator[Batch]:
        plan = recipes.plan(self.recipe)
        if self.part.units.ndim == 1:
            yield from self._of_examples(plan)
            return
        for start in range(0, len(self.part.units), BATCH_PAIRS):
            units = self.part.units[start : start + BATCH_PAIRS]
            rows, places = np.unique(units, return_inverse=True)
            texts = [text for _, text in self.workspace.lines(rows)]
            pairs = [tuple(pair) for pair in places.reshape(-1, 2).tolist()]
            extra = [self._of_pair(pair, plan) for pair in units.tolist()]
            yield Batch(texts, pairs, extra, plan, self._marked(rows.tolist()))

    def _of_examples(self, plan: Plan) -> Iterator[Batch]:
        texts: list[bytes] = []
        extra: list[dict[str, Any]] = []
        rows: list[int] = []
        size = 0
        for row, text in self.workspace.lines(self.part.units):
            texts.append(text)
            rows.append(row)
            extra.append(self.workspace.metadata(row, plan))
            size += len(text)
            if len(texts) >= BATCH_ROWS or size >= BATCH_BYTES:
                yield Batch(texts, [(n,) for n in range(len(texts))], extra, plan, self._marked(rows))
                texts, extra, rows, size = [], [], [], 0
        if texts:
            yield Batch(texts, [(n,) for n in range(len(texts))], extra, plan, self._marked(rows))

    def _marked(self, rows: list[int]) -> dict[int, frozenset[int]]:
        """Return the marked items of those rows that have any, by their position among these."""
        if not self.marks:
            return {}
        keys = [self.workspace.key(row) for row in rows]
        return {n: frozenset(self.marks[key]) for n, key in enumerate(keys) if key in self.marks}

    def _of_pair(self, pair: list[int], plan: Plan) -> dict[str, Any]:
        return {
            f"{side}_{name}": value
            for side, row in zip(("chosen", "rejected"), pair, strict=True)
            for name, value in self.workspace.metadata(row, plan).items()
            if name in plan.metadata
        }


def first_line(workspace: Workspace, recipe: Recipe, part: ExportPart, marks: Marks) -> bytes:
    """Return the first line of a part as it is written."""
    one = Stream(workspace, recipe, ExportPart(part.name, part.units[:1]), marks, workers=1)
    return next(iter(one))


def _lines(kind: FileType, file: AtomicFile) -> Iterator[bytes]:
    try:
        yield from kind.lines(file.reopened())
    except (ValueError, OSError) as error:
        raise ExportError(f"{file.path}: cannot be read back ({error}); no file was changed") from error
