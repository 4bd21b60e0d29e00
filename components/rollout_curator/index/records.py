"""The records of a JSON document become columns: one pass, record after record, each held alone.

Record n of the document is what line n is elsewhere. A record that does not become a rollout says where in the file it
begins, because its number does not.
"""

from collections.abc import Iterator

from rollout_curator.documents import Record, Splitter
from rollout_curator.index.scan import RANGE_BYTES, Bodies, Gatherer, Shard
from rollout_curator.layouts import Layout
from rollout_curator.packing import Opened, chunks
from rollout_curator.reader import Line

_NEEDS_PLACE = ("not_json", "invalid_utf8", "too_deep", "too_long", "cut")
_KEYS_SHOWN = 6


def scan_document(source: Opened, layout: Layout, environment: str, bodies: Bodies | None) -> Iterator[Shard]:
    """Scan a document; yields a shard every 32 MiB. What must be told of it as a whole goes into `source.notes`.

    Offsets are those in the file, or those in `bodies` when the file is compressed and the records are copied there.
    """
    splitter = Splitter(chunks(source), layout.path)
    gatherer, taken = Gatherer(environment), 0
    for record in splitter:
        rows = gatherer.n_rows
        _take(gatherer, record, layout, record.offset if bodies is None else bodies.position)
        if bodies is not None and gatherer.n_rows > rows and record.text is not None:
            bodies.add(record.text)
        taken += record.length
        if taken >= RANGE_BYTES:
            yield gatherer.shard()
            gatherer, taken = Gatherer(environment), 0
    source.notes.extend(splitter.notes)
    if layout.beside:
        keys = ", ".join(ascii(key)[1:41].removesuffix("'") for key in layout.beside[:_KEYS_SHOWN])
        more = f" and {len(layout.beside) - _KEYS_SHOWN} more" if len(layout.beside) > _KEYS_SHOWN else ""
        source.notes.append(f"its rollouts are the list {'.'.join(layout.path)}; not read beside it: {keys}{more}")
    yield gatherer.shard()


def _take(gatherer: Gatherer, record: Record, layout: Layout, offset: int) -> None:
    before = len(gatherer.problems)
    if record.fault == "other":
        gatherer.n_lines += 1
        gatherer.problem("unrecognised", f"an object without the list {'.'.join(layout.path)}")
    elif record.fault == "cut" and record.text is not None:
        gatherer.n_lines += 1
        gatherer.problem("cut", "the file ends inside this record")
    else:
        gatherer.take(Line(record.offset, record.length, record.text), offset=offset)
    for place, (number, kind, reason) in enumerate(gatherer.problems[before:], before):
        if kind in _NEEDS_PLACE:
            begin = f"line {record.line:,}" if record.line > 1 else f"byte {record.offset + 1:,}"
            gatherer.problems[place] = (number, kind, f"{reason}; it begins at {begin} of the file")
