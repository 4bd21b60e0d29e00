"""JSON Lines: one example a line, UTF-8, ended by LF; what every trainer reads.

Takes lines already encoded, so that the file holds exactly the bytes that were previewed.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rollout_curator.errors import ExportError
from rollout_curator.files.atomic import AtomicFile
from rollout_curator.training.file_types.base import FileType

ROWS_A_STEP = 256
BYTES_A_STEP = 1 << 20


def write(lines: Iterable[bytes], file: AtomicFile) -> Iterator[int]:
    """Write `lines`, each ended by its one LF; yield the rows done after every step, at last all of them.

    Holds a step at a time. Raises ExportError for a line that is blank or not one line: one such row
    stops a trainer's whole load.
    """
    step: list[bytes] = []
    step_bytes = 0
    for line in lines:
        if line.count(b"\n") != 1 or not line.endswith(b"\n") or line.isspace():
            row = file.rows + len(step) + 1
            raise ExportError(f"cannot write {file.path}: example {row} is not one line of JSON; no file was changed")
        step.append(line)
        step_bytes += len(line)
        if len(step) >= ROWS_A_STEP or step_bytes >= BYTES_A_STEP:
            file.write(b"".join(step), rows=len(step))
            step, step_bytes = [], 0
            yield file.rows
    file.write(b"".join(step), rows=len(step))
    yield file.rows


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file as they stand in it."""
    with open(path, "rb", buffering=BYTES_A_STEP) as file:
        yield from file


JSONL = FileType(name="jsonl", title="JSON Lines", suffix=".jsonl", write=write, lines=read_lines)
