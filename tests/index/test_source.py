"""The index: every line accounted for, the same columns however they were read, and no wrong body ever."""

import gzip
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexing import DAMAGES, damaged, header_of, keys, line, open_index, write
from rollout_curator import parallel
from rollout_curator.errors import SourceUnreadable
from rollout_curator.index import scan, shards, store, zstd_frames
from rollout_curator.index import source as sources
from rollout_curator.index.columns import CLASSES, FACETS_MAX, NUMBERS
from rollout_curator.index.scan import content_key, plan, scan_packed, scan_range
from rollout_curator.index.shards import Shard, merge
from rollout_curator.index.zstd_frames import FrameReader, FrameWriter
from rollout_curator.sources import lines as reader
from rollout_curator.sources.compression import open_source

COLUMNS = (*NUMBERS, *CLASSES)
KINDS = [
    line(3),
    line(4, "fünf 五 \u2028"),
    line(5) + b"\r",
    b"",
    b"  \t",
    b"\r",
    b"{bad",
    b"[]",
    b'{"hello":1}',
    b"\xff{}",
]


def scanned(path: Path, edges: list[int]) -> Shard:
    """Return what the ranges between these offsets give together."""
    bounds = sorted({0, *edges, path.stat().st_size})
    tasks = [(os.fspath(path), "env", start, end) for start, end in pairwise(bounds)]
    return merge(list(map(scan_range, tasks)))


def plain_values(shard: Shard) -> dict[str, Any]:
    """Return all that a shard holds as plain values that compare equal when they are equal, NaN too."""
    facets = {name: (rows.tolist(), repr(values.tolist())) for name, (rows, values) in shard.facets.items()}
    columns = {name: (str(values.dtype), repr(values.tolist())) for name, values in shard.columns.items()}
    return {
        "columns": columns, "facets": facets, "vocabularies": shard.vocabularies,
        "problems": shard.problems, "lines": shard.n_lines, "blank": shard.n_blank, "blanks": shard.blanks,
    }  # fmt: skip


# Every line is accounted for


@pytest.mark.shared
def test_every_line_of_the_real_files_is_a_rollout_a_problem_or_blank(tmp_path: Path, shared_folder: Path) -> None:
    files = sorted((shared_folder / "rollouts" / "nemo_gym").rglob("*.jsonl"))
    headers = [header_of(file, tmp_path) for file in files]
    told = [header["n_rollouts"] + header["n_problems"] + header["n_blank"] for header in headers]
    content = [file.read_bytes() for file in files]
    assert len(files) == 98
    assert told == [text.count(b"\n") + (not text.endswith(b"\n")) for text in content]


def test_line_numbers_are_those_of_sed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [b"", line(0), b"\r", b"{bad", b"", b"", line(1, "a\u2028b"), b"[]", line(2)])
    source = open_index(path, tmp_path)
    assert source.columns["line"].tolist() == [2, 7, 9]
    assert [(problem.line, problem.kind) for problem in source.problems()] == [(4, "not_json"), (8, "not_object")]
    assert (source.header["n_lines"], source.header["n_blank"]) == (9, 4)


GOOD = b"".join(text + b"\n" for text in (line(0), line(1, "é"), line(2) + b"\r", b"", line(3), b"  ", line(4)))


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(DAMAGES)
def test_however_a_file_is_damaged_no_line_is_lost(
    tmp_path_factory: pytest.TempPathFactory, damages: list[tuple[str, float, int]]
) -> None:
    content = damaged(GOOD, damages)
    path = tmp_path_factory.mktemp("damaged") / "a.jsonl"
    path.write_bytes(content or b"\n")
    try:
        shard = scanned(path, [])
    except SourceUnreadable:
        return
    content = content or bytearray(b"\n")
    assert shard.n_lines == content.count(b"\n") + (not content.endswith(b"\n"))
    assert shard.n_rollouts + shard.problems.n + shard.n_blank == shard.n_lines


def test_a_line_over_the_limit_is_a_problem_with_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LINE_MAX_BYTES", 400)
    source = open_index(write(tmp_path / "a.jsonl", [line(0), line(1, "x" * 400), line(2)]), tmp_path)
    assert source.columns["line"].tolist() == [1, 3]
    assert [(problem.line, problem.kind) for problem in source.problems()] == [(2, "too_long")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\n \n", "no rollouts found, only blank lines"),
        (b"id,reward\n1,2\n", 'no line is a JSON object; it begins "id,reward"'),
        (b"\n<" + b"x" * 50, f'no line is a JSON object; it begins "<{"x" * 39}…"'),
        (gzip.compress(b"id,reward\n1,2\n", mtime=0), "no line is a JSON object"),
        (gzip.compress(b"", mtime=0)[:10], "no rollouts found, not one line"),
    ],
)
def test_a_file_without_one_object_is_refused_in_one_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    assert header_of(tmp_path / "a.jsonl", tmp_path)["refusal"] == f"{tmp_path}/a.jsonl: {reason}"


def test_two_bytes_of_gzip_before_a_line_make_a_bad_line_and_no_packed_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\x1f\x8b" + line(0) + b"\n" + line(1) + b"\n")
    source = open_index(tmp_path / "a.jsonl", tmp_path)
    assert (source.columns["line"].tolist(), [problem.line for problem in source.problems()]) == ([2], [1])


@pytest.mark.parametrize("tail", [b"\x1f\x8b" + b"x" * 40, b"\x1f\x8b{}"])
def test_two_bytes_of_gzip_after_packed_lines_are_no_more_of_them(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line(0) + b"\n", mtime=0) + tail)
    source = open_index(tmp_path / "a.jsonl.gz", tmp_path)
    assert (source.n_rollouts, source.header["notes"]) == (1, ["bytes after the gzip data were ignored"])


def test_two_bytes_of_gzip_that_a_cut_left_are_gzip(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\x1f\x8b")
    assert (
        header_of(tmp_path / "a.jsonl", tmp_path)["refusal"] == f"{tmp_path}/a.jsonl: no rollouts found, not one line"
    )


# Ranges, pools and packing change nothing


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8), st.booleans(), st.lists(st.integers(0, 3000)))
@example([b"", line(3)], False, list(range(400)))
def test_ranges_of_any_size_give_the_columns_of_one(
    tmp_path_factory: pytest.TempPathFactory, texts: list[bytes], is_terminated: bool, cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("ranges") / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(texts) + (b"\n" if is_terminated else b""))
    cuts = [cut for cut in cuts if cut < path.stat().st_size]
    assert plain_values(scanned(path, cuts)) == plain_values(scanned(path, []))


def test_the_plan_covers_every_byte_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "RANGE_BYTES", 10)
    assert plan(25) == [(0, 10), (10, 20), (20, 25)]


def test_many_ranges_give_the_index_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jsonl", [line(n, "é" * n) for n in range(9)])
    whole = open_index(path, tmp_path / "one")
    monkeypatch.setattr(scan, "RANGE_BYTES", 100)
    parts = open_index(path, tmp_path / "many")
    assert {name: repr(values.tolist()) for name, values in whole.columns.items()} == {
        name: repr(values.tolist()) for name, values in parts.columns.items()
    }
    assert whole.header["vocabularies"] == parts.header["vocabularies"]


def test_a_pool_gives_what_one_process_gives(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(n) for n in range(12)])
    size = path.stat().st_size
    tasks = [(os.fspath(path), "env", start, min(start + 900, size)) for start in range(0, size, 900)]
    pooled, here = (
        merge(list(parallel.run_in_pool(scan_range, tasks))),
        merge(list(map(scan_range, tasks))),
    )
    assert plain_values(pooled) == plain_values(here)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_a_compressed_copy_has_the_columns_and_bodies_of_the_plain_file(
    tmp_path: Path, pack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zstd_frames, "FRAME_BYTES", 500)
    content = b"\xef\xbb\xbf" + b"\n".join([line(0), b"{bad", b"", line(1) + b"\r", b"\r", line(2, "é" * 300), line(3)])
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.packed"
    plain.write_bytes(content)
    packed.write_bytes(pack(content))
    one, other = open_index(plain, tmp_path), open_index(packed, tmp_path)
    same = [column.name for column in COLUMNS if column.name != "offset"] + ["problem line", "problem reason"]
    assert [repr(one.columns[name].tolist()) for name in same] == [repr(other.columns[name].tolist()) for name in same]
    assert list(one.bodies(range(4))) == list(other.bodies(range(4))) == [other.body(row) for row in range(4)]


def test_a_packed_source_in_many_shards_keeps_its_line_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join([line(0), b"", b"{bad", line(1), b"", b"", line(2)])))
    monkeypatch.setattr(scan, "RANGE_BYTES", 1)
    with open(tmp_path / "frames", "wb") as file:
        whole = merge(list(scan_packed(open_source(path), "env", FrameWriter(file))))
    assert whole.columns["line"].tolist() == [1, 4, 7]
    assert (whole.problems.listed[0][0], whole.n_lines, whole.n_blank) == (3, 7, 3)


def test_a_class_that_every_range_numbers_otherwise_keeps_its_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(n, agent_ref={"name": name}) for n, name in enumerate("abba")])
    shard = scanned(path, list(range(0, path.stat().st_size, 50)))
    words = [shard.vocabularies["agent"][code] for code in shard.columns["agent"]]
    assert words == ["a", "b", "b", "a"]


# Facets of many kinds


def test_no_more_numbers_than_the_limit_become_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(0, **{f"k{n}": n for n in range(5000)})])
    assert open_index(path, tmp_path).facet_names() == [f"k{n}" for n in range(FACETS_MAX)]


def test_a_number_that_one_range_may_have_passed_over_is_no_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "RANGE_FACETS_MAX", 2)
    monkeypatch.setattr(shards, "RANGE_FACETS_MAX", 2)
    path = write(tmp_path / "a.jsonl", [line(0, a=1), line(1, b=1, c=1), line(2, a=2)])
    assert list(scanned(path, []).facets) == ["a", "b"]
    assert list(scanned(path, [len(line(0, a=1)) + 1]).facets) == ["b", "c"]
    assert [list(scanned(path, edges).passed_over.names) for edges in ([], [len(line(0, a=1)) + 1])] == [["c"], ["a"]]


def test_numbers_that_become_no_columns_are_counted_and_named(tmp_path: Path) -> None:
    many = write(tmp_path / "a.jsonl", [line(0, **{f"k{n}": n for n in range(212)}), line(1, k211=1, k5=2)])
    one = write(tmp_path / "b.jsonl", [line(0, **{f"k{n}": True for n in range(201)})])
    assert header_of(many, tmp_path)["notes"] == [
        "12 numeric columns beyond the first 200 are not kept: k200, k201, k202, k203, k204, k205 and 6 more"
    ]
    assert header_of(one, tmp_path)["notes"] == ["1 numeric column beyond the first 200 is not kept: k200"]


def test_numbers_that_no_range_has_room_for_are_counted_too(tmp_path: Path) -> None:
    few, many = [line(0, **{f"k{n}": n for n in range(count)}) for count in (5000, 9000)]
    notes = [header_of(write(tmp_path / f"{len(text)}.jsonl", [text]), tmp_path)["notes"] for text in (few, many)]
    assert [note.partition(":")[0] for (note,) in notes] == [
        "4,800 numeric columns beyond the first 200 are not kept",
        "at least 6,800 numeric columns beyond the first 200 are not kept",
    ]


def test_a_number_whose_name_cannot_be_one_of_a_column_is_named_as_far_as_it_can_be(tmp_path: Path) -> None:
    names = {"x" * 201: 1, "x" * 200 + "y": 2, "a\tb": True, "fine": 3}
    source = open_index(write(tmp_path / "a.jsonl", [line(0, **names), line(1, **names)]), tmp_path)
    assert source.facet_names() == ["fine"]
    assert source.header["notes"] == [
        "3 numeric columns are not kept for names of more than 200 characters or with some that cannot be seen: "
        + ", ".join([f"{'x' * 40}...", f"{'x' * 40}...", "a\\tb"])
    ]


@pytest.mark.parametrize("edges", [[], [1000], [500, 1500, 2500]])
def test_what_becomes_no_column_does_not_depend_on_the_ranges(tmp_path: Path, edges: list[int]) -> None:
    path = write(tmp_path / "a.jsonl", [line(n, **{f"k{n * 20 + m}": m for m in range(20)}) for n in range(12)])
    assert list(scanned(path, edges).passed_over.names) == [f"k{n}" for n in range(200, 240)]


# Bodies


def test_bodies_read_together_are_those_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line(n, "é" * (n * 37 % 200)) for n in range(40)]
    source = open_index(write(tmp_path / "a.jsonl", lines), tmp_path)
    monkeypatch.setattr(sources, "GAP_BYTES", 300)
    monkeypatch.setattr(sources, "SPAN_BYTES", 1000)
    rows = np.array([0, 1, 2, 5, 6, 20, 21, 39])
    assert list(source.bodies(rows)) == [source.body(int(row)) for row in rows] == [lines[row] for row in rows]


def test_frames_give_any_range_of_what_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstd_frames, "FRAME_BYTES", 10)
    with open(tmp_path / "frames", "wb") as file:
        writer = FrameWriter(file)
        for text in (b"abc", b"defghijkl", b"mn", b"opqrstuvwxyz"):
            writer.add(text)
        writer.flush()
    frame = FrameReader(tmp_path / "frames", np.asarray(writer.raw_starts), np.asarray(writer.packed_starts))
    assert [frame.read(0, 3), frame.read(10, 8), frame.read(25, 1)] == [b"abc", b"klmnopqr", b"z"]
    frame.close()
    frame.close()


def test_a_body_is_the_rollout_that_was_indexed(tmp_path: Path) -> None:
    source = open_index(write(tmp_path / "a.jsonl", [b"\xef\xbb\xbf" + line(1) + b"\r"]), tmp_path)
    assert source.rollout(0).reward == 0.125
    assert source.word("task", 0) == "1"


# Content keys


def test_a_key_is_of_the_content_not_of_its_place(tmp_path: Path) -> None:
    one = open_index(write(tmp_path / "a.jsonl", [line(1), line(2)]), tmp_path)
    other = open_index(write(tmp_path / "b.jsonl", [line(2) + b"\r", b"", b"  " + line(1)]), tmp_path)
    assert keys(other) == keys(one)[::-1]


def test_a_line_inserted_above_moves_no_key(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(1), line(2)])
    before = keys(open_index(path, tmp_path))
    write(path, [line(0), line(1), line(2)])
    assert keys(open_index(path, tmp_path))[1:] == before


def test_a_bom_does_not_change_the_key_of_its_line(tmp_path: Path) -> None:
    one = open_index(write(tmp_path / "a.jsonl", [line(1)]), tmp_path)
    other = open_index(write(tmp_path / "b.jsonl", [b"\xef\xbb\xbf" + line(1)]), tmp_path)
    assert keys(other) == keys(one)


def test_a_key_is_the_xxh3_hash_of_the_bare_line() -> None:
    assert content_key(b" {} \r") == content_key(b"{}") == bytes.fromhex("dc7048f8f8747f561349cde127705c16")


def test_every_column_has_a_meaning_and_a_number_for_every_row(tmp_path: Path) -> None:
    source = open_index(write(tmp_path / "a.jsonl", [line(0), line(1)]), tmp_path)
    assert [len(source.columns[column.name]) for column in (*NUMBERS, *CLASSES)] == [2] * len(COLUMNS)
    assert all(column.meaning for column in COLUMNS)
    assert source.header["schema"] == store.SCHEMA
