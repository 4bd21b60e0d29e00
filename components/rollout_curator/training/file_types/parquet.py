"""Parquet that the Hugging Face hub shows and `datasets` reads back as it was, tools of any shape included.

Every message, and the list of tools of a row, is a text of JSON of Arrow's type for that, and the file's own metadata
tell `datasets` (4.7 or newer) to decode them: huggingface/datasets, `features/features.py`, `Json`. A struct would be
prettier, but Arrow gives each message every key any message has, as null, and templates that ask `'tool_calls' in
message` then train on other text (huggingface/trl issue 5118); schemas of differing shapes fit no struct at all. It
decodes with the ujson of pandas, which cannot read numbers beyond 64 bits and rounds some decimals (`datasets_values`).
Where nothing decodes them (pandas, older versions) they are plain strings: `json.loads` each.

Knows rows as encoded lines and nothing of rollouts. pyarrow comes with streamlit and is imported when it is needed.
"""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rollout_curator.conversation import encode
from rollout_curator.errors import ExportError
from rollout_curator.files.atomic import AtomicFile
from rollout_curator.sources.lines import Parsed, parse
from rollout_curator.training.file_types.base import FileType

ROWS_A_GROUP = 1024
BYTES_A_GROUP = 32 << 20
LISTS = frozenset({"messages", "prompt", "chosen", "rejected", "context", "completions"})
"""Columns that are lists; each element is one text of JSON."""
TURNS = "conversations"
"""The column of ShareGPT rows: structs of texts, which any version of `datasets` reads, and so do trainers."""
PLAIN = {"reward": "float64", "line": "int64", "source": "string", "task": "string", "agent": "string", "key": "string"}
"""Columns with a type of their own, also after `chosen_` and `rejected_`."""
TOOLS = "tools"
"""The one column a row may lack: null where it does."""


def write(lines: Iterable[bytes], file: AtomicFile) -> Iterator[int]:
    """Write `lines` as rows, a row group at a time; yield the rows done after each group, at last all of them.

    Holds a group at a time. Raises ExportError for a line that is no JSON object or has other keys than the first.
    """
    import pyarrow.parquet as pq

    writer = None
    try:
        for group in _groups(lines, file):
            table = _table(group, file)
            if writer is None:
                writer = pq.ParquetWriter(_Sink(file), table.schema, compression="snappy")
            if table.schema != writer.schema:
                raise ExportError(f"cannot write {file.path}: its rows have different columns; use jsonl instead")
            writer.write_table(table)
            file.rows += len(group)
            yield file.rows
    finally:
        if writer is not None:
            writer.close()
    yield file.rows


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the line each row was written from. Raises ValueError when the file is no Parquet of this kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as stored:
            decoded = _turns_decoded if TURNS in stored.schema_arrow.names else _decoded
            for batch in stored.iter_batches(ROWS_A_GROUP):
                for row in batch.to_pylist():
                    yield encode({name: decoded(name, value) for name, value in row.items() if _is_there(name, value)})
    except (pa.ArrowInvalid, TypeError) as error:
        raise ValueError(str(error)) from error


class _Sink(io.RawIOBase):
    """What pyarrow writes to: an AtomicFile, which hashes what passes."""

    def __init__(self, file: AtomicFile) -> None:
        self._file = file

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._file.size_bytes

    def write(self, chunk: Any) -> int:
        """Pass bytes on."""
        self._file.write(bytes(chunk))
        return len(chunk)


def _groups(lines: Iterable[bytes], file: AtomicFile) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    n_bytes = 0
    for line in lines:
        parsed = parse(line) if line.count(b"\n") == 1 and line.endswith(b"\n") else None
        if not isinstance(parsed, Parsed):
            row = file.rows + len(group) + 1
            raise ExportError(f"cannot write {file.path}: example {row} is not one line of JSON; no file was changed")
        group.append(parsed.obj)
        n_bytes += len(line)
        if len(group) >= ROWS_A_GROUP or n_bytes >= BYTES_A_GROUP:
            yield group
            group, n_bytes = [], 0
    if group:
        yield group


def _table(group: list[dict[str, Any]], file: AtomicFile) -> Any:
    import pyarrow as pa

    names = _names(group)
    if TURNS in names:
        return _turns_table(group, names)
    fields = [pa.field(name, _type(name)) for name in names]
    features = {name: _feature(name) for name in names}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    for n, row in enumerate(group, 1):
        if unknown := row.keys() - set(names):
            raise ExportError(f"cannot write {file.path}: row {file.rows + n} has more columns: {sorted(unknown)}")
    columns = [_column(name, [_encoded(name, row.get(name)) for row in group]) for name in names]
    return pa.table(columns, pa.schema(fields, metadata))


def _turns_table(group: list[dict[str, Any]], names: list[str]) -> Any:
    """Return rows of ShareGPT as a table of plain types, which needs no word to `datasets`."""
    import pyarrow as pa

    text = pa.string()
    kept = {key for row in group for turn in row[TURNS] for key in turn}
    turn = pa.struct([("from", text), ("value", text), ("loss", pa.bool_())])
    if other := kept - {"from", "value", "loss"}:
        turn = pa.struct([*turn, *((name, text) for name in sorted(other))])
    types = {TURNS: pa.list_(turn)} | {name: _type(name) if _plain(name) else text for name in names if name != TURNS}
    rows = [{name: _turns_encoded(name, row.get(name)) for name in names} for row in group]
    return pa.Table.from_pylist(rows, pa.schema(types))


def _names(group: list[dict[str, Any]]) -> list[str]:
    """Return the columns in their order; conversations always have the one for tools, whether or not they use it."""
    names = [name for name in group[0] if name != TOOLS]
    last = max(
        (n for n, name in enumerate(names) if name in ("messages", TURNS, "rejected", "completions")), default=None
    )
    return names if last is None else [*names[: last + 1], TOOLS, *names[last + 1 :]]


def _plain(name: str) -> str | None:
    return PLAIN.get(name.removeprefix("chosen_").removeprefix("rejected_"))


def _type(name: str) -> Any:
    import pyarrow as pa

    if name in LISTS:
        return pa.list_(pa.json_())
    types = {"float64": pa.float64(), "int64": pa.int64(), "string": pa.string()}
    return types.get(_plain(name) or "", pa.json_())


def _column(name: str, values: list[Any]) -> Any:
    """Return a column as Arrow has it; texts of JSON are strings that bear the name of their type."""
    import pyarrow as pa

    if name in LISTS:
        lists = pa.array(values, pa.list_(pa.string()))
        return pa.ListArray.from_arrays(lists.offsets, pa.ExtensionArray.from_storage(pa.json_(), lists.values))
    if _plain(name):
        return pa.array(values, _type(name))
    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(values, pa.string()))


def _feature(name: str) -> dict[str, Any]:
    """Return how `datasets` reads a column."""
    if name in LISTS:
        return {"feature": {"_type": "Json"}, "_type": "List"}
    plain = _plain(name)
    return {"_type": "Json"} if plain is None else {"dtype": plain, "_type": "Value"}


def _encoded(name: str, value: Any) -> Any:
    if name in LISTS:
        return [_text(element) for element in value]
    return value if _plain(name) or value is None else _text(value)


def _text(value: Any) -> str:
    return encode(value).decode("utf-8").rstrip("\n")


def _turns_encoded(name: str, value: Any) -> Any:
    return value if name in (TURNS, TOOLS) else _encoded(name, value)


def _turns_decoded(name: str, value: Any) -> Any:
    if name == TURNS:
        return [{key: said for key, said in turn.items() if said is not None} for turn in value]
    return value if name == TOOLS else _decoded(name, value)


def _decoded(name: str, value: Any) -> Any:
    if name in LISTS:
        return [json.loads(element) for element in value]
    return value if _plain(name) or value is None else json.loads(value)


def _is_there(name: str, value: Any) -> bool:
    return name != TOOLS or value is not None


PARQUET = FileType(name="parquet", title="Parquet", suffix=".parquet", write=write, lines=read_lines)
