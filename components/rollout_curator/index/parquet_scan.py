"""The rows of a Parquet file become columns: read a few at a time, each as the JSON object it stands for.

That object is the body of the row: its bytes are hashed and kept in the cache like those of a compressed source. It is
encoded as an export encodes a record, so a row of our own Parquet has the key of the same line in JSON Lines.
Columns of JSON text are decoded where the file says so (our exports, Hugging Face `Json`) and, in columns that hold
conversations, where the text is a list of objects. Arrow gives every struct each key that any of them has, as null:
a null in a struct, and a column that is null, is therefore read as absent.
pyarrow is imported when it is needed. A file of other columns than rollouts have is an error (`SourceUnreadable`).
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from rollout_curator.conversation import encode
from rollout_curator.errors import SourceUnreadable
from rollout_curator.index import parquet_pages
from rollout_curator.index.scan import RANGE_BYTES, RANGE_LINES, Bodies, Gatherer
from rollout_curator.index.shards import Shard
from rollout_curator.printable import shown
from rollout_curator.sources.compression import Opened
from rollout_curator.sources.formats.base import table_columns
from rollout_curator.sources.limits import TooMuch, packed_rollouts_max, require_pages
from rollout_curator.sources.lines import LINE_MAX_BYTES, Line

CONVERSATIONS = frozenset(
    ("messages", "conversations", "prompt", "completion", "response", "output", "chosen", "rejected", "tools")
)
ROWS_A_STEP = 64
STEP_BYTES = 8 << 20
DICTIONARIES_BYTES = 32 << 20
"""So much may the texts of a dictionary take in a step, were each row to repeat all of them."""
CELLS_MAX_BYTES = LINE_MAX_BYTES + (16 << 20)
"""A row that takes more as Arrow has it is longer than a line may be, whatever nulls and numbers take in it."""
_COLUMNS_SHOWN = 8
_FAULTS = (OSError, ValueError, NotImplementedError, LookupError)
"""What pyarrow raises for a damaged file: every error of Arrow is one of these as well."""


def scan_parquet(source: Opened, environment: str, bodies: Bodies) -> Iterator[Shard]:
    """Scan a Parquet file row group by row group and hand every rollout's object to `bodies`; row n is line n."""
    table = _opened(source)
    texts = _texts(table)
    gatherer, taken, n_read = Gatherer(environment), 0, 0
    n_rows = table.metadata.num_rows
    if n_rows > (most := packed_rollouts_max(source.file.seek(0, os.SEEK_END))):
        raise TooMuch(f"it holds {n_rows:,} rows; at most {most:,} are read of a file of this size")
    try:
        for batch in _batches(source, table):
            if batch.num_rows == 1 and batch.nbytes > CELLS_MAX_BYTES:  # as Python values it would take far more
                gatherer.take(Line(0, batch.nbytes, None), offset=bodies.position)
            else:
                taken += sum(_take(gatherer, row, texts, bodies) for row in _rows(batch))
            n_read += batch.num_rows
            if taken >= RANGE_BYTES or gatherer.n_lines >= RANGE_LINES:
                yield gatherer.shard()
                gatherer, taken = Gatherer(environment), 0
    except TooMuch as much:
        raise TooMuch(much.reason, gatherer.n_lines) from much
    except _FAULTS as error:
        if not n_read:
            raise SourceUnreadable(f"{shown(source.path)}: the Parquet data cannot be read ({error})") from error
        source.notes.append(f"the Parquet data is damaged ({error}): {n_read:,} of {n_rows:,} rows were read")
    yield gatherer.shard()


def _opened(source: Opened) -> Any:
    import pyarrow.parquet as pq

    place = shown(source.path)
    try:
        table = pq.ParquetFile(source.file, buffer_size=1 << 20, pre_buffer=False)
        names = table.schema_arrow.names
    except _FAULTS as error:
        raise SourceUnreadable(f"{place}: is not a complete Parquet file ({error})") from error
    if not any(columns <= set(names) for columns in table_columns()):
        more = ", ..." if len(names) > _COLUMNS_SHOWN else ""
        raise SourceUnreadable(
            f"{place}: a Parquet file in an unrecognized format; its columns are "
            f"{', '.join(name[:40] for name in names[:_COLUMNS_SHOWN]) or 'none'}{more}"
        )
    if len(set(names)) < len(names):
        raise SourceUnreadable(f"{place}: a Parquet file in which two columns have the same name")
    return table


def _batches(source: Opened, table: Any) -> Iterator[Any]:
    """Yield the rows, so few at a time that they take some megabytes, and never more than 64.

    Every row may repeat the texts of a dictionary. Raises TooMuch for pages that take too much by themselves.
    """
    for number in range(table.num_row_groups):
        group = table.metadata.row_group(number)
        held = parquet_pages.held(source.file, group)
        require_pages(held.pages, number + 1)
        size = max(1, group.total_byte_size // max(1, group.num_rows))
        most = min(STEP_BYTES // size, DICTIONARIES_BYTES // max(1, held.dictionaries))
        yield from table.iter_batches(max(1, min(ROWS_A_STEP, most)), row_groups=[number])


def _rows(batch: Any) -> Iterator[dict[str, Any] | None]:
    """Yield each row as Python values, None for one whose text is not UTF-8."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for number in range(batch.num_rows):
            try:
                yield batch.slice(number, 1).to_pylist()[0]
            except UnicodeDecodeError:
                yield None


def _texts(table: Any) -> set[str]:
    """Return the columns whose texts, or whose lists of texts, the file says are JSON."""
    import pyarrow as pa

    found = set()
    for field in table.schema_arrow:
        kind = field.type
        while pa.types.is_list(kind) or pa.types.is_large_list(kind):
            kind = kind.value_type
        if getattr(kind, "extension_name", "") == "arrow.json":
            found.add(field.name)
    try:
        told = json.loads((table.schema_arrow.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        found.update(name for name, feature in told.items() if _says_json(feature))
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    return found


def _says_json(feature: Any) -> bool:
    if isinstance(feature, Mapping) and feature.get("_type") == "List":
        return _says_json(feature.get("feature"))
    return isinstance(feature, Mapping) and feature.get("_type") == "Json"


def _take(gatherer: Gatherer, row: dict[str, Any] | None, texts: set[str], bodies: Bodies) -> int:
    """Add one row and return the bytes of its object."""
    if row is None:
        gatherer.problem("invalid_utf8", "not UTF-8: a text of the row")
        return 0
    text = _encoded({name: _value(name, cell, texts) for name, cell in row.items() if cell is not None})
    rows = gatherer.n_rows
    kept = text if len(text) <= LINE_MAX_BYTES else None
    gatherer.take(Line(0, len(text), kept), offset=bodies.position)
    if gatherer.n_rows > rows:
        bodies.add(text)
    return len(text)


def _encoded(row: dict[str, Any]) -> bytes:
    try:
        return encode(row).rstrip(b"\n")
    except ValueError:  # a number that is not finite, which the reader notes
        return json.dumps(row, separators=(",", ":")).encode()


def _value(name: str, cell: Any, texts: set[str]) -> Any:
    if name in texts:
        return _decoded(cell)
    if name in CONVERSATIONS and isinstance(cell, str) and cell.lstrip().startswith("["):
        found = _decoded(cell)
        return found if isinstance(found, list) and all(isinstance(each, dict) for each in found) else cell
    return _plain(cell)


def _decoded(cell: Any) -> Any:
    """Return what a text of JSON holds, the text itself where it is none; a list of texts one by one."""
    if isinstance(cell, list):
        return [_decoded(each) for each in cell]
    try:
        return json.loads(cell) if isinstance(cell, str) else _plain(cell)
    except (ValueError, RecursionError):
        return cell


def _plain(cell: Any) -> Any:
    """Return a cell as JSON has it: structs without their nulls, bytes as base64, dates and decimals as text."""
    if isinstance(cell, dict):
        return {str(key): _plain(value) for key, value in cell.items() if value is not None}
    if isinstance(cell, list | tuple):
        return [_plain(value) for value in cell]
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode("ascii")
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)
