"""Parquet as a source: which tables are read, what a row becomes, and that it is read a few rows at a time."""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexing import keys, open_index
from making import call, environment
from rollout_curator.errors import SourceChanged
from rollout_curator.index import parquet_scan
from rollout_curator.sources import lines as reader

ASKED = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
CALLED = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "tool_calls": [CALL]}]


def put(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """Write a table and return the path."""
    pq.write_table(pa.table(columns), path, **options)
    return path


def fields(path: Path, tmp_path: Path) -> list[Any]:
    """Return what was read of each row, as one object a row."""
    source = open_index(path, tmp_path / "cache")
    return [json.loads(source.body(row)) for row in range(source.n_rollouts)]


READ: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "messages as structs, their nulls left out": (
        {"messages": [ASKED, CALLED], "reward": [1.0, None]},
        [{"messages": ASKED, "reward": 1.0}, {"messages": CALLED}],
    ),
    "messages as JSON text": (
        {"messages": [json.dumps(ASKED)], "reward": [1], "tools": ['[{"name": "f", "parameters": null}]']},
        [{"messages": ASKED, "reward": 1, "tools": [{"name": "f", "parameters": None}]}],
    ),
    "conversations": (
        {"conversations": [[{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]], "id": [2**63 - 1]},
        [{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}], "id": 2**63 - 1}],
    ),
    "prompt and completion": (
        {"prompt": ["[1, 2] sorted?"], "completion": ["yes"], "score": [0.5]},
        [{"prompt": "[1, 2] sorted?", "completion": "yes", "score": 0.5}],
    ),
    "prompt and completion as messages": (
        {"prompt": [ASKED[:1]], "completion": [ASKED[1:]]},
        [{"prompt": ASKED[:1], "completion": ASKED[1:]}],
    ),
    "columns of other types": (
        {"prompt": ["q"], "response": ["a"], "at": [date(2026, 1, 2)], "cost": [Decimal("0.10")], "raw": [b"\xff\x00"]},
        [{"prompt": "q", "response": "a", "at": "2026-01-02", "cost": "0.10", "raw": "/wA="}],
    ),
}


@pytest.mark.parametrize(("columns", "rows"), READ.values(), ids=list(READ))
def test_a_row_becomes_the_object_it_stands_for(tmp_path: Path, columns: dict[str, Any], rows: list[Any]) -> None:
    assert fields(put(tmp_path / "a.parquet", columns), tmp_path) == rows


def test_rows_have_their_number_over_all_row_groups(tmp_path: Path) -> None:
    columns = {
        "prompt": [f"q{n}" for n in range(5)],
        "completion": ["a", "b", None, "d", "e"],
        "reward": [0, 1, 2, 3, 4],
    }
    source = open_index(put(tmp_path / "a.parquet", columns, row_group_size=2), tmp_path / "cache")
    assert (source.columns["line"].tolist(), source.columns["reward"].tolist()) == ([1, 2, 4, 5], [0, 1, 3, 4])
    assert [(problem.line, problem.kind) for problem in source.problems()] == [(3, "unrecognised")]


def test_a_row_with_a_reward_that_is_no_number_is_unrated(tmp_path: Path) -> None:
    columns = {"prompt": ["q"] * 3, "completion": ["a"] * 3, "reward": [float("nan"), float("inf"), 0.5]}
    found = call("check", put(tmp_path / "a.parquet", columns), "--json", "--cache-dir", tmp_path / "cache").json
    assert (found["good"], sorted(found["flag"])) == ([3], ["1", "2"])


def test_a_row_has_the_key_of_the_same_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"prompt":"q","completion":"a","reward":1.0}\n')
    put(tmp_path / "a.parquet", {"prompt": ["q"], "completion": ["a"], "reward": [1.0]})
    line, row = (open_index(tmp_path / name, tmp_path / "cache") for name in ("a.jsonl", "a.parquet"))
    assert keys(line) == keys(row)


def test_a_table_of_other_columns_is_refused_by_name(tmp_path: Path) -> None:
    path = put(tmp_path / "a.parquet", {"text": ["hello"], "url": ["x"]})
    found = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json
    assert found["error"] == f"{path}: a Parquet file in an unrecognized format; its columns are text, url"


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "a.parquet", {"messages": pa.array([], pa.string())})
    found = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json
    assert found["error"] == f"{path}: no rollouts found, the Parquet file has no rows"


def test_a_file_that_is_cut_is_no_whole_parquet_file(tmp_path: Path) -> None:
    path = put(tmp_path / "a.parquet", {"prompt": ["q"] * 500, "completion": ["a"] * 500})
    path.write_bytes(path.read_bytes()[:-100])
    found = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json
    assert found["error"].startswith(f"{path}: is not a complete Parquet file (")


def test_rows_before_damage_are_kept_and_the_damage_is_told(tmp_path: Path) -> None:
    texts = {"prompt": [f"question {n} " * 40 for n in range(400)], "completion": ["a"] * 400}
    path = put(tmp_path / "a.parquet", texts, row_group_size=200, use_dictionary=False, compression="zstd")
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    whole = bytearray(path.read_bytes())
    whole[start : start + 200] = b"\xff" * 200
    path.write_bytes(bytes(whole))
    found = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json
    assert (found["counts"]["rollouts"], len(found["notes"])) == (200, 1)
    assert found["notes"][0].endswith("200 of 400 rows were read")


def test_a_text_that_is_not_utf_8_is_a_problem_of_its_row(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])), pa.py_buffer(b"a\xffc")],
    )
    source = open_index(put(tmp_path / "a.parquet", {"prompt": broken, "completion": ["a"] * 3}), tmp_path / "cache")
    assert source.columns["line"].tolist() == [1, 3]
    assert [(problem.line, problem.reason) for problem in source.problems()] == [(2, "not UTF-8: a text of the row")]


def test_a_row_over_the_limit_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LINE_MAX_BYTES", 400)
    monkeypatch.setattr(parquet_scan, "LINE_MAX_BYTES", 400)
    path = put(tmp_path / "a.parquet", {"prompt": ["q", "q" * 500], "completion": ["a", "a"]})
    source = open_index(path, tmp_path / "cache")
    assert [(problem.line, problem.kind) for problem in source.problems()] == [(2, "too_long")]


def test_a_table_that_was_written_anew_is_said(tmp_path: Path) -> None:
    path = put(tmp_path / "a.parquet", {"prompt": ["q"], "completion": ["a"]})
    source = open_index(path, tmp_path / "cache")
    with open(path, "r+b") as file:
        file.write(put(tmp_path / "b.parquet", {"prompt": ["qq"], "completion": ["aa"]}).read_bytes())
    with pytest.raises(SourceChanged, match="file changed since it was indexed"):
        source.body(0)


PEAK = """
import re, sys
from pathlib import Path
import pyarrow.parquet
from rollout_curator.index import store
for _ in store.build(Path(sys.argv[2]), Path(sys.argv[1]), "env", map):
    pass
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("n_rows", [2000, 20_000])
def test_a_table_is_not_held_in_memory(tmp_path: Path, n_rows: int) -> None:
    """Rows of 20 kB that are all the same take a file of some kB, which unpacks to 40 and 400 MB."""
    columns = {"prompt": ["q" * 20_000] * n_rows, "completion": ["a"] * n_rows}
    path = put(tmp_path / "a.parquet", columns, row_group_size=n_rows)
    argv = [sys.executable, "-c", PEAK, str(path), str(tmp_path / "cache")]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=True)
    assert int(done.stdout) < 250_000


def peak_kib(path: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Index a file in a process of its own, which prints its peak of memory."""
    argv = [sys.executable, "-c", PEAK, str(path), str(tmp_path / "cache")]
    return subprocess.run(argv, env=environment(), capture_output=True, text=True)


def long_messages(n_bytes: int) -> list[dict[str, str]]:
    """Return messages of which the first is this long."""
    return [{"role": "user", "content": "x" * n_bytes}, {"role": "assistant", "content": "y"}]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False, "data_page_version": "2.0", "compression": "zstd"}])
def test_a_cell_of_300_mb_is_refused_before_it_is_unpacked(tmp_path: Path, options: dict[str, Any]) -> None:
    path = put(tmp_path / "a.parquet", {"messages": [long_messages(300 << 20)]}, **options)
    said = "not read beyond the first 0 rows: row group 1 must be unpacked 300 MiB at a time, and at most 128 are"
    done = peak_kib(path, tmp_path)
    assert f"SourceUnreadable: {path}: {said}" in done.stderr
    found = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json
    assert found["error"].startswith(f"{path}: {said}; write it with smaller pages or row groups, or as JSON Lines")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(("n_mib", "n_rows"), [(60, 1), (110, 0)])
def test_a_row_of_60_mb_is_read_and_one_of_110_is_a_problem_in_bounds(tmp_path: Path, n_mib: int, n_rows: int) -> None:
    path = put(tmp_path / "a.parquet", {"messages": [long_messages(n_mib << 20)]})
    done = peak_kib(path, tmp_path)
    assert int(done.stdout) < 600_000
    source = open_index(path, tmp_path / "cache")
    assert (source.n_rollouts, sum(source.problem_kinds().values())) == (n_rows, 1 - n_rows)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_text_of_a_dictionary_that_many_rows_repeat_is_read_in_bounds(tmp_path: Path) -> None:
    """60 rows of 20 MB that are all the same take a page of 20 MB."""
    path = put(tmp_path / "a.parquet", {"prompt": ["q" * (20 << 20)] * 60, "completion": ["a"] * 60})
    assert int(peak_kib(path, tmp_path).stdout) < 600_000


def test_a_page_without_a_header_is_damage(tmp_path: Path) -> None:
    path = put(tmp_path / "a.parquet", {"prompt": ["q"], "completion": ["a"]})
    whole = bytearray(path.read_bytes())
    whole[4:24] = b"\xff" * 20
    path.write_bytes(bytes(whole))
    found = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json
    assert found["error"].startswith(f"{path}: the Parquet data cannot be read (")
