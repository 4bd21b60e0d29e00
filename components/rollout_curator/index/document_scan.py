"""The records of a JSON document become columns: one pass, record after record, each held alone.

Record n of the document is what line n is elsewhere. A record that does not become a rollout says where in the file it
begins, because its number does not.
"""

from collections.abc import Iterator

from rollout_curator.index.scan import RANGE_BYTES, RANGE_LINES, Bodies, Gatherer
from rollout_curator.index.shards import Shard
from rollout_curator.sources.compression import Opened, chunks
from rollout_curator.sources.documents import Record, Splitter
from rollout_curator.sources.file_layout import Layout
from rollout_curator.sources.limits import TooMuch
from rollout_curator.sources.lines import Line

_NEEDS_PLACE = ("not_json", "invalid_utf8", "too_deep", "too_long", "too_many_values", "cut")
_KEYS_SHOWN = 6


def scan_document(source: Opened, layout: Layout, environment: str, bodies: Bodies | None) -> Iterator[Shard]:
    """Scan a document; yields a shard every 32 MiB. Remarks on it as a whole go into `source.notes`.

    Offsets are those in the file, or those in `bodies` when the file is compressed and the records are copied there.
    """
    splitter = Splitter(chunks(source), layout.path)
    gatherer, taken = Gatherer(environment), 0
    try:
        for record in splitter:
            rows = gatherer.n_rows
            _take(gatherer, record, layout, record.offset if bodies is None else bodies.position)
            if bodies is not None and gatherer.n_rows > rows and record.text is not None:
                bodies.add(record.text)
            taken += record.length
            if taken >= RANGE_BYTES or gatherer.n_lines >= RANGE_LINES:
                yield gatherer.shard()
                gatherer, taken = Gatherer(environment), 0
    except TooMuch as much:
        raise TooMuch(much.reason, gatherer.n_lines) from much
    source.notes.extend(splitter.notes)
    if layout.beside:
        keys = ", ".join(ascii(key)[1:41].removesuffix("'") for key in layout.beside[:_KEYS_SHOWN])
        more = f" and {len(layout.beside) - _KEYS_SHOWN} more" if len(layout.beside) > _KEYS_SHOWN else ""
        source.notes.append(f"its rollouts are the list {'.'.join(layout.path)}; not read beside it: {keys}{more}")
    yield gatherer.shard()


def _take(gatherer: Gatherer, record: Record, layout: Layout, offset: int) -> None:
    listed = gatherer.problems.listed
    before = len(listed)
    if record.fault == "other":
        gatherer.problem("unrecognised", f"an object without the list {'.'.join(layout.path)}")
    elif record.fault == "cut" and record.text is not None:
        gatherer.problem("cut", "the file ends inside this record")
    else:
        gatherer.take(Line(record.offset, record.length, record.text), offset=offset)
    if len(listed) > before and listed[-1][1] in _NEEDS_PLACE:
        number, kind, reason = listed[-1]
        begin = f"line {record.line:,}" if record.line > 1 else f"byte {record.offset + 1:,}"
        listed[-1] = (number, kind, f"{reason}; it begins at {begin} of the file")
