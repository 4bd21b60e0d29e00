"""When an index on disk is used again, when it is built anew, and what is told of a source that changed."""

import gzip
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from indexing import header_of, line, open_index, write
from rollout_curator.errors import CacheError, SourceChanged, SourceNotFound
from rollout_curator.index import checksums, code_hash, store
from rollout_curator.index.source import Source
from rollout_curator.workspace.workspace import Workspace

LONG_AGO_NS = 1_500_000_000 * 10**9


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a source of two rollouts that was written long ago."""
    path = write(tmp_path / "a.jsonl", [line(1), line(2)])
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return path


@pytest.fixture
def cache(tmp_path: Path, source: Path) -> Path:
    """Return a cache that holds the index of the source."""
    header_of(source, tmp_path / "cache")
    return tmp_path / "cache"


def folder(cache: Path) -> Path:
    (only,) = (cache / "index").iterdir()
    return only


def rewards(source: Path, cache: Path) -> list[float]:
    return [float(reward) for reward in open_index(source, cache).columns["reward"]]


# Used again, or built anew


def test_an_index_of_an_unchanged_file_is_used_again(source: Path, cache: Path) -> None:
    before = sorted(file.name for file in folder(cache).iterdir())
    assert rewards(source, cache) == [0.125, 0.25]
    assert sorted(file.name for file in folder(cache).iterdir()) == before


def test_an_index_holds_for_a_file_that_was_only_touched(source: Path, cache: Path) -> None:
    os.utime(source)
    assert store.read_header(cache, source) is not None


def test_an_appended_line_is_indexed(source: Path, cache: Path) -> None:
    source.write_bytes(source.read_bytes() + line(4) + b"\n")
    assert rewards(source, cache) == [0.125, 0.25, 0.5]


def test_a_rewritten_file_is_indexed_anew(source: Path, cache: Path) -> None:
    write(source, [line(8)])
    assert rewards(source, cache) == [1.0]


def test_a_replaced_file_is_indexed_anew(source: Path, cache: Path, tmp_path: Path) -> None:
    os.replace(write(tmp_path / "new", [line(3), line(2)]), source)
    assert rewards(source, cache) == [0.375, 0.25]


def test_a_truncated_file_is_indexed_anew(source: Path, cache: Path) -> None:
    os.truncate(source, len(line(1)) + 1)
    assert rewards(source, cache) == [0.125]


def test_an_edit_that_keeps_size_and_time_is_indexed_anew(source: Path, cache: Path) -> None:
    source.write_bytes(source.read_bytes().replace(b"0.125", b"0.875"))
    os.utime(source, ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert rewards(source, cache) == [0.875, 0.25]


@pytest.mark.parametrize("header", [b"", b"rubbish", b"[]", b"{}", b'{"schema":1}', b'{"schema":1,"files":{}}'])
def test_a_header_of_rubbish_is_built_anew(source: Path, cache: Path, header: bytes) -> None:
    (folder(cache) / "header.json").write_bytes(header)
    assert rewards(source, cache) == [0.125, 0.25]


@pytest.mark.parametrize("change", [{"schema": store.SCHEMA - 1}, {"code": "of another version"}])
def test_an_index_by_other_code_is_built_anew(source: Path, cache: Path, change: dict[str, object]) -> None:
    file = folder(cache) / "header.json"
    file.write_bytes(checksums.sealed(checksums.unsealed(file) | change))
    assert store.read_header(cache, source) is None
    assert rewards(source, cache) == [0.125, 0.25]


@pytest.mark.parametrize("change", [{"n_lines": 5}, {"stamp": {}}, {"packing": None}, {"files": []}, {"sizes": 1}])
def test_a_header_that_was_changed_is_built_anew(source: Path, cache: Path, change: dict[str, object]) -> None:
    file = folder(cache) / "header.json"
    before = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps({**before, **change}))
    assert store.read_header(cache, source) is None
    header = header_of(source, cache)
    assert (header["n_lines"], header["packing"]) == (2, "plain")


@pytest.mark.parametrize("damage", [lambda whole: bytes(len(whole)), lambda whole: whole[::-1]])
def test_columns_of_the_right_size_with_other_bytes_are_built_anew(
    source: Path, cache: Path, damage: Callable[[bytes], bytes]
) -> None:
    (file,) = folder(cache).glob("columns-*.bin")
    file.write_bytes(damage(file.read_bytes()))
    assert rewards(source, cache) == [0.125, 0.25]


def test_a_cut_file_of_columns_is_built_anew(source: Path, cache: Path) -> None:
    (columns,) = folder(cache).glob("columns-*")
    os.truncate(columns, columns.stat().st_size - 1)
    assert rewards(source, cache) == [0.125, 0.25]


def test_a_build_removes_what_the_one_before_wrote(source: Path, cache: Path) -> None:
    write(source, [line(8)])
    header_of(source, cache)
    assert len(list(folder(cache).iterdir())) == 2


def test_a_build_leaves_what_another_process_is_writing(source: Path, cache: Path) -> None:
    busy, abandoned = folder(cache) / "bodies-busy.zst", folder(cache) / "columns-abandoned.bin"
    busy.touch()
    abandoned.touch()
    os.utime(abandoned, ns=(LONG_AGO_NS, LONG_AGO_NS))
    write(source, [line(8)])
    header_of(source, cache)
    assert (busy.exists(), abandoned.exists()) == (True, False)


def test_two_builds_at_once_leave_an_index_that_holds(source: Path, tmp_path: Path) -> None:
    one = store.build(tmp_path, source, "env", map)
    other = store.build(tmp_path, source, "env", map)
    for _ in zip(one, other, strict=True):
        pass
    assert store.read_header(tmp_path, source) is not None


# Half-built, damaged, unwritable


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_build_that_stops_half_way_leaves_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(line(1)) if name.endswith("gz") else line(1))
    build = store.build(tmp_path / "cache", path, "env", map)
    next(build)
    build.close()  # type: ignore[attr-defined]
    assert list(folder(tmp_path / "cache").iterdir()) == []
    assert store.read_header(tmp_path / "cache", path) is None


def test_a_build_that_stops_half_way_leaves_the_index_before(source: Path, cache: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder(cache).iterdir()}
    build = store.build(cache, source, "env", map)
    next(build)
    build.close()  # type: ignore[attr-defined]
    assert {file.name: file.read_bytes() for file in folder(cache).iterdir()} == before


def test_a_cache_that_cannot_be_made_is_one_sentence(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        CacheError, match=r"/file: the index cannot be written here \(Not a directory\); free some space, or use an"
    ):
        Workspace.open([source], tmp_path / "file")


def test_a_full_disk_is_one_sentence_and_no_litter(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write_header", full)
    with pytest.raises(CacheError, match="No space left on device"):
        header_of(source, tmp_path / "cache")
    assert list(folder(tmp_path / "cache").iterdir()) == []


def test_an_index_in_a_cache_that_can_only_be_read_is_used(
    source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    os.utime(source)
    monkeypatch.setattr(store, "_write_header", read_only)
    assert store.read_header(cache, source) is not None


# A source that changes while it is open


def changed(opened: Source, row: int = 0) -> str:
    with pytest.raises(SourceChanged) as caught:
        opened.body(row)
    return str(caught.value)


def test_an_append_leaves_the_bodies_that_were_indexed(source: Path, cache: Path) -> None:
    opened = open_index(source, cache)
    with source.open("ab") as file:
        file.write(line(3))
    assert [opened.body(0), opened.body(1)] == [line(1), line(2)]


def test_a_rewrite_is_said_at_the_next_read(source: Path, cache: Path) -> None:
    opened = open_index(source, cache)
    write(source, [line(2), line(1)])
    assert changed(opened) == f"{source}:1: the line changed since it was indexed; reload"


def test_a_replaced_file_is_said_at_the_next_read(source: Path, cache: Path, tmp_path: Path) -> None:
    opened = open_index(source, cache)
    os.replace(write(tmp_path / "new", [line(1), line(2)]), source)
    assert changed(opened) == f"{source}: the file changed since it was indexed; reload"


def test_a_removed_file_is_said_at_the_next_read(source: Path, cache: Path) -> None:
    opened = open_index(source, cache)
    source.unlink()
    with pytest.raises(SourceNotFound, match="no such file"):
        opened.body(0)


def test_a_truncated_file_is_said_where_it_ends(source: Path, cache: Path) -> None:
    opened = open_index(source, cache)
    os.truncate(source, len(line(1)) + 5)
    assert opened.body(0) == line(1)
    assert "line changed since it was indexed" in changed(opened, 1)


def test_an_edit_that_keeps_size_and_time_is_never_shown(source: Path, cache: Path) -> None:
    opened = open_index(source, cache)
    source.write_bytes(source.read_bytes().replace(b"four", b"five", 1))
    os.utime(source, ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert "line changed since it was indexed" in changed(opened)
    assert opened.body(1) == line(2)


def test_an_index_that_proved_wrong_is_not_used_again(
    source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "fingerprint", lambda path: "sees no edit")
    (folder(cache) / "header.json").unlink()
    opened = open_index(source, cache)
    source.write_bytes(source.read_bytes().replace(b"0.125", b"0.875"))
    assert rewards(source, cache) == [0.125, 0.25]
    changed(opened)
    assert rewards(source, cache) == [0.875, 0.25]


def test_a_compressed_source_that_was_written_is_said_at_the_next_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(line(1)))
    opened = open_index(path, tmp_path / "cache")
    path.write_bytes(gzip.compress(line(2) + b"\n" + line(3)))
    assert changed(opened) == f"{path}: the file changed since it was indexed; reload"


def test_a_damaged_copy_of_a_compressed_source_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(line(1)))
    opened = open_index(path, tmp_path / "cache")
    (bodies,) = folder(tmp_path / "cache").glob("bodies-*")
    bodies.write_bytes(b"\0" * bodies.stat().st_size)
    assert "line changed since it was indexed" in changed(opened)
    assert open_index(path, tmp_path / "cache").body(0) == line(1)


def test_a_closed_source_reads_nothing_and_closes_twice(source: Path, cache: Path) -> None:
    opened = open_index(source, cache)
    opened.close()
    opened.close()
    assert changed(opened) == f"{source}: the source is closed"


def test_columns_that_another_program_removed_are_said(source: Path, cache: Path) -> None:
    header = header_of(source, cache)
    next(folder(cache).glob("columns-*")).unlink()
    with pytest.raises(SourceChanged, match="was re-indexed by another process; reopen it"):
        Source(cache, source, "a", header)


# The sources themselves


def state(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return hashlib.sha256(path.read_bytes()).hexdigest(), found.st_mtime_ns, stat.S_IMODE(found.st_mode)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_source_is_never_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / "sources" / name
    path.parent.mkdir()
    path.write_bytes(gzip.compress(line(1)) if name.endswith("gz") else line(1))
    path.chmod(0o440)
    before = state(path)
    with_workspace = Workspace.open([path], tmp_path / "cache")
    assert with_workspace.line(0) == line(1)
    with_workspace.close()
    assert (state(path), [file.name for file in path.parent.iterdir()]) == (before, [name])


def test_columns_cannot_be_written_to(source: Path, cache: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        open_index(source, cache).columns["reward"][0] = 1.0


def test_one_reward_rewritten_in_a_large_file_of_the_same_size_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(1)] * 30_000)
    assert rewards(path, tmp_path / "cache").count(0.875) == 0
    whole = path.read_bytes()
    middle = whole.index(b"0.125", len(whole) // 3)
    path.write_bytes(whole[:middle] + b"0.875" + whole[middle + 5 :])
    assert rewards(path, tmp_path / "cache").count(0.875) == 1


def test_an_index_depends_on_all_code_that_reads_a_line_whatever_room_it_is_in() -> None:
    found = {module.removeprefix("rollout_curator.") for module in code_hash.decisive_modules()}
    assert found >= {
        "index.scan",
        "index.facts",
        "index.store",
        "sources.lines",
        "sources.limits",
        "sources.formats.nemo_gym",
        "sources.shapes.messages",
        "conversation.chat",
        "training.tokens",
        "signals",
        "rollout",
    }
    assert not {room for room in found if room.startswith(("ui", "cli", "export", "review", "recipe", "decisions"))}
