"""Files of nonsense, of nothing and of far too much: counted to the last line, or refused; never more memory for it."""

import gzip
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from making import call, environment, exported, gym, run, write
from rollout_curator.export import verify
from rollout_curator.index import problem_counts, scan
from rollout_curator.index.problem_counts import Range, Tally
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources import limits
from rollout_curator.sources import lines as reader
from rollout_curator.workspace.workspace import Workspace

GOOD = json.dumps(gym()).encode() + b"\n"
PROC = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")


def checked(content: bytes, path: Path) -> dict[str, Any]:
    """Return what `check --json` says of a file with this content."""
    path.write_bytes(content)
    return dict(call("check", path, "--json").json)


PEAK = """
import atexit, re, sys
from rollout_curator.cli.main import main
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr))
main()
"""


def measured(path: Path, cache: Path) -> tuple[dict[str, Any], float]:
    """Return what `check --json` says in a process of its own, and the most memory that it took, in MB."""
    argv = [sys.executable, "-c", PEAK, "check", str(path), "--json", "--cache-dir", str(cache)]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False)
    return json.loads(done.stdout), int(done.stderr.split()[-1]) / 1024


def refused(path: Path) -> str:
    """Return the sentence for which `check` refuses a file, without the name of the file."""
    ran = call("check", path, "--json")
    assert ran.code == 2
    return str(ran.json["error"]).removeprefix(f"{path}: ")


# The first of a kind in full, the rest as counted ranges


@PROC
@pytest.mark.parametrize(
    "content",
    [b"x\n" * 300_000, b"".join(b'{"a": %d\n' % n for n in range(300_000))],
    ids=["the same", "all different"],
)
def test_bad_lines_take_no_memory_and_each_is_counted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + content)
    found, peak_mb = measured(path, tmp_path / "cache")
    assert found["counts"] == {"lines": 300_001, "rollouts": 1, "flagged": 0, "problems": 300_000, "blank": 0}
    assert (found["good"], list(map(int, found["bad"]))) == ([1], list(range(2, 1002)))
    assert found["ranges"] == [
        {"kind": "not_json", "reason": "not JSON", "first": 1002, "last": 300_001, "count": 299_000}
    ]
    assert peak_mb < 150


@PROC
@pytest.mark.drill
def test_two_million_bad_lines_in_27_kb_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"x\n" * 2_000_000))
    found, peak_mb = measured(path, tmp_path / "cache")
    assert found["counts"] == {"lines": 2_000_000, "rollouts": 0, "flagged": 0, "problems": 2_000_000, "blank": 0}
    assert peak_mb < 200


SMALL = [
    b"x\n",
    b"1\n",
    b"\n",
    b" \t\n",
    b"{}\n",
    b"[]\n",
    b"\xff\n",
    b"{}{}\n",
    b'{"a": [\n',
    b'{"messages":[]}\n',
    GOOD,
]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("second", SMALL, ids=repr)
@pytest.mark.parametrize("first", [b"x\n", b"\n", b"{}\n", GOOD], ids=repr)
def test_whatever_many_lines_hold_each_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bytes, second: bytes, suffix: str
) -> None:
    monkeypatch.setattr(problem_counts, "LISTED_MAX", 5)
    monkeypatch.setattr(problem_counts, "RANGES_MAX", 3)
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix]
    found = checked(pack(GOOD + (first * 3 + second * 2) * 20), tmp_path / f"a.jsonl{suffix}")
    counts = found["counts"]
    n_ranged = sum(one["count"] for one in found["ranges"])
    assert counts["lines"] == counts["rollouts"] + counts["problems"] + counts["blank"]
    assert found["layout"] == "document" or counts["lines"] == 101
    assert len(found["bad"]) + len(found["flag"]) + n_ranged == counts["problems"] + counts["flagged"]
    assert len(found["good"]) == counts["rollouts"] - counts["flagged"]
    assert all(one["last"] - one["first"] + 1 >= one["count"] for one in found["ranges"])


LINES = st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abc")), max_size=60)


@given(LINES, st.lists(st.integers(0, 60), max_size=6))
def test_tallies_of_parts_join_to_the_tally_of_the_whole(lines: list[tuple[int, str]], cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem_counts, "LISTED_MAX", 3)
        patch.setattr(problem_counts, "RANGES_MAX", 4)
        numbers = [sum(gap for gap, _ in lines[: n + 1]) for n in range(len(lines))]
        placed = [(number, kind) for number, (_, kind) in zip(numbers, lines, strict=True)]
        whole, joined = Tally(), Tally()
        for number, kind in placed:
            whole.add(number, kind, "why")
        for first, last in pairwise([0, *sorted(cuts), 61]):
            base, part = numbers[first - 1] if 0 < first <= len(numbers) else 0, Tally()
            for number, kind in placed[first:last]:
                part.add(number - base, kind, "why")
            joined.extend(part, base)
    assert joined == whole
    assert sum(whole.counts.values()) == len(lines) == len(whole.listed) + sum(one.count for one in whole.ranges())


def test_neighbouring_lines_of_a_kind_are_one_range_and_the_last_range_takes_in_the_rest() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem_counts, "LISTED_MAX", 1)
        patch.setattr(problem_counts, "RANGES_MAX", 2)
        found = Tally()
        for line in (1, 2, 3, 5, 6, 8, 11):
            found.add(line, "not_json", "why")
    assert found.listed == [(1, "not_json", "why")]
    assert list(found.ranges()) == [Range("not_json", 2, 3, 2), Range("not_json", 5, 11, 4)]


def test_the_text_of_check_says_which_lines_are_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_counts, "LISTED_MAX", 2)
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + b"x\n" * 8 + b"1\n")
    assert call("check", path).out.splitlines()[3:] == [
        "Review store: none beside or above these files; no decisions applied.",
        "a.jsonl:2-3: not JSON: expecting value at column 1",
        "a.jsonl:10: a JSON number, not an object",
        "a.jsonl:4-9: 6 more lines, not listed one by one: not JSON",
        "10 lines = 1 rollout (0 flagged) + 9 skipped + 0 blank",
    ]


def test_flagged_lines_are_counted_ranges_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_counts, "LISTED_MAX", 2)
    unrated = gym()
    del unrated["reward"]
    found = call("check", write(tmp_path / "a.jsonl", [unrated] * 6 + [gym()]), "--json").json
    assert (found["counts"]["flagged"], found["flag"]) == (6, {"1": "no reward", "2": "no reward"})
    assert found["ranges"] == [{"kind": "flagged", "reason": "no reward", "first": 3, "last": 6, "count": 4}]


def test_the_funnel_and_the_manifest_count_lines_that_are_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem_counts, "LISTED_MAX", 2)
    path = write(tmp_path / "a.jsonl", [gym(), *["{x"] * 9, *["[]"] * 5, "", gym()])
    workspace = Workspace.open([path])
    funnel = workspace.funnel(Recipe())
    done = exported(workspace, Recipe(), tmp_path / "out.jsonl")
    workspace.close()
    assert [(drop.name, drop.count) for drop in funnel.problems] == [("not_json", 9), ("not_object", 5)]
    assert (funnel.lines, funnel.blank, funnel.rollouts) == (17, 1, 2)
    assert json.loads(done.manifest_path.read_bytes())["inputs"][0]["problems"] == 14
    assert [check.claim for check in verify(done.manifest_path) if not check.holds] == []


# What is beyond the limits is one sentence


@pytest.mark.parametrize("rollout", [gym("Why? " * 80), {"prompt": "1+1", "completion": "2", "reward": 1}])
def test_rollouts_are_read_however_many_and_however_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rollout: dict[str, Any]
) -> None:
    monkeypatch.setattr(limits, "ROLLOUTS_MAX", 3)
    monkeypatch.setattr(limits, "ITEMS_MAX", 3)
    monkeypatch.setattr(scan, "_HELD_ROWS", 1)
    path = write(tmp_path / "a.jsonl", [rollout] * 200)
    assert call("check", path, "--json").json["counts"]["rollouts"] == 200


def test_a_small_file_that_unpacks_to_many_rollouts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROLLOUTS_MAX", 300)
    monkeypatch.setattr(scan, "RANGE_LINES", 100)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(gym("Why? " * 80)).encode() + b"\n") * 1000, mtime=0))
    reason = (
        "they hold 1,000 rollouts, and the file has 2,577 bytes; at most 300 are read where each takes fewer than 4"
    )
    assert refused(path).startswith(f"not read beyond the first 1,000 lines: {reason}")


@pytest.mark.parametrize(
    ("name", "content", "limit", "reason"),
    [
        ("a.jsonl", b"".join(b"x%d\n" % n for n in range(5000)), "DIFFERENT_MAX", "different ones are not rollouts"),
        ("a.jsonl", b"x\n \n" * 5000, "OTHERS_MAX", "are not rollouts, or are blank"),
        ("a.json", b"[" + b"null," * 5000 + b"null]", "VALUES_MAX", "values are in it, most of them nearly empty"),
        ("a.json", b"[" + b"{}," * 5000 + b"{}]", "VALUES_MAX", "values are in it, most of them nearly empty"),
        ("a.json", b"{}" * 5000, "VALUES_MAX", "values are in it, most of them nearly empty"),
        ("a.json", b"[{}]" + b"[]" * 5000, "VALUES_MAX", "values are in it, most of them nearly empty"),
        ("a.json", b'{"data":[{}]' + b',"data":[]' * 5000 + b"}", "VALUES_MAX", "values are in it"),
        ("a.json", b'[{"a":[' + b"[]," * 5000 + b"[]]}]", "BRACKETS_MAX", "objects and lists hold next to nothing"),
        ("a.jsonl", b'{"a":[' + b"[]," * 5000 + b"[]]}\n", "BRACKETS_MAX", "objects and lists hold next to nothing"),
    ],
)
def test_what_takes_time_and_holds_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, limit: str, reason: str
) -> None:
    monkeypatch.setattr(limits, limit, 1000)
    path = tmp_path / name
    path.write_bytes(content)
    said = refused(path)
    assert said.startswith("not read") and f"more than 1,000 {reason}" in said
    assert "\n" not in said


def test_a_file_that_unpacks_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNPACKED_MAX_BYTES", 1 << 20)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * (8 << 20)))
    assert "it unpacks to more than 100 times its size" in refused(path)


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONGEST_BYTES", 4 << 20)
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)
    os.truncate(path, 1 << 24)
    assert "not read beyond the first 1 line: a line is longer than" in refused(path)


def test_a_line_of_millions_of_values_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    nest = b'{"messages":[' + b"[]," * 1_500_000 + b"[]]}\n"
    found = checked(GOOD + nest + GOOD, tmp_path / "a.jsonl")
    assert (found["good"], list(found["bad"])) == ([1, 3], ["2"])
    assert found["problems"][0]["kind"] == "too_many_values"


def test_a_parquet_file_of_more_rows_than_its_size_justifies_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(limits, "ROLLOUTS_MAX", 1000)
    pq.write_table(pa.table({"messages": ["x"] * 500_000}), tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet").startswith(
        "not read beyond the first 0 rows: it holds 500,000 rows; at most"
    )


def test_the_other_files_of_a_folder_are_read_when_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "VALUES_MAX", 1000)
    (tmp_path / "a.json").write_bytes(b"{}" * 5000)
    (tmp_path / "b.jsonl").write_bytes(GOOD)
    ran = call("check", tmp_path, "--json")
    assert (ran.code, ran.json["total"]["rollouts"]) == (0, 1)
    assert [file["error"] is None for file in ran.json["files"]] == [True, False]


@PROC
@pytest.mark.drill
@pytest.mark.parametrize(
    "content",
    [
        b"\n x\n" * 1_000_000,
        b"1\nx\n" * 1_000_000,
        b"[" + b"null," * 2_500_000 + b"null]",
        b"{}" * 2_500_000,
        b'{"messages":[' + b"{}," * 10_000_000 + b"{}]}\n",
        b'{"messages":[{"role":"user","content":"a"}]}\n' * 2_000_000,
    ],
    ids=["bad and blank", "two kinds", "nothings", "objects", "one line", "rollouts"],
)
def test_no_small_file_takes_600_mb_or_a_minute_of_processor_time(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.compress(content))
    before = os.times()
    found, peak_mb = measured(path, tmp_path / "cache")
    after = os.times()
    took_s = after.children_user + after.children_system - before.children_user - before.children_system
    counts = found.get("counts")
    assert found["error"] or counts["lines"] == counts["rollouts"] + counts["problems"] + counts["blank"]
    assert peak_mb < 600
    assert took_s < 60


def test_a_refused_file_ends_in_one_line_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b"[{}" * 300_000)
    ran = run("check", path)
    assert ran.code in (0, 2)
    assert "Traceback" not in ran.err
