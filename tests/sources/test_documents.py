"""JSON that is not one object a line: how it is told from lines, where its records lie, and what becomes of damage."""

import bz2
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing import DAMAGES, damaged, header_of, keys, open_index
from making import CHECKOUT, call, environment
from rollout_curator.errors import SourceChanged, SourceUnreadable
from rollout_curator.sources import documents
from rollout_curator.sources import lines as reader
from rollout_curator.sources.documents import Record, Splitter
from rollout_curator.sources.file_layout import DOCUMENT, LINES, Layout, look

CASES = CHECKOUT.parent / "shared" / "cases" / "13_json_shapes"
BOM = b"\xef\xbb\xbf"


def chat(number: int, **more: Any) -> dict[str, Any]:
    """Return a small chat rollout."""
    messages = [{"role": "user", "content": f"Name [{{river}} {number}."}, {"role": "assistant", "content": 'The "W".'}]
    return {"messages": messages, "reward": number / 2, **more}


def text(number: int) -> bytes:
    return json.dumps(chat(number)).encode()


def tall(number: int) -> bytes:
    return json.dumps(chat(number), indent=2).encode()


A, B, C = text(0), text(1), text(2)
TALL_A, TALL_B, TALL_C = tall(0), tall(1), tall(2)
TALL_ARRAY = json.dumps([chat(0), chat(1), chat(2)], indent=2).encode()


def pieces(whole: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    return (whole[at : at + size] for at in range(0, len(whole), size))


def split(whole: bytes, *path: str) -> list[bytes | None]:
    return [record.text for record in Splitter(pieces(whole), path)]


def checked(tmp_path: Path, content: bytes, name: str = "rollouts.json") -> Any:
    """Return what `check --json` says of a file with these bytes."""
    path = tmp_path / name
    path.write_bytes(content)
    return call("check", path, "--json", "--cache-dir", tmp_path / "cache").json


def counts(tmp_path: Path, content: bytes, name: str = "rollouts.json") -> tuple[int, int, int, int]:
    """Return lines (or records), rollouts, problems and blank lines of a file with these bytes."""
    total = checked(tmp_path, content, name)["total"]
    return total["lines"], total["rollouts"], total["problems"], total["blank"]


# Every object is read once

READ = {
    "array": b"[" + A + b", " + B + b"," + C + b"]",
    "array after a byte order mark": BOM + b"[" + A + b"," + B + b"," + C + b"]\n",
    "array over lines": TALL_ARRAY,
    "array over lines ended by CRLF": TALL_ARRAY.replace(b"\n", b"\r\n"),
    "array with tabs": json.dumps([chat(0), chat(1), chat(2)], indent="\t").encode(),
    "array without indents": json.dumps([chat(0), chat(1), chat(2)], indent=0).encode(),
    "array with an object a line": b"[\n" + A + b",\n" + B + b",\n" + C + b"\n]\n",
    "array with the comma first": b"[ " + A + b"\n, " + B + b"\n, " + C + b"\n]",
    "array with a comma at the end": b"[" + A + b"," + B + b"," + C + b",]",
    "array that is not closed": b"[\n" + A + b",\n" + B + b",\n" + C,
    "two arrays": b"[" + A + b"," + B + b"]\n[" + C + b"]\n",
    "objects over lines": TALL_A + b"\n" + TALL_B + b"\n" + TALL_C + b"\n",
    "objects over lines with blank lines between": TALL_A + b"\n\n\n" + TALL_B + b"\r\n \n" + TALL_C,
    "objects over lines without a line end between": TALL_A + TALL_B + TALL_C,
    "objects over lines with commas between": TALL_A + b",\n" + TALL_B + b",\n" + TALL_C + b",\n",
    "objects on one line": A + B + C,
    "objects on one line with spaces between": A + b" " + B + b"  " + C + b"\n",
    "objects on one line with commas between": A + b", " + B + b", " + C,
    "lines with commas": A + b",\n" + B + b",\n" + C + b"\n",
    "two objects on a line among lines": A + b"\n" + B + C + b"\n",
    "lines ended by CR": A + b"\r" + B + b"\r" + C + b"\r",
    "lines ended by CR, LF and CRLF": A + b"\r" + B + b"\n" + C + b"\r\n",
    "JSON text sequence": b"\x1e" + A + b"\n\x1e" + B + b"\n\x1e" + C + b"\n",
    "wrapped": b'{"rollouts": [' + A + b"," + B + b"," + C + b"]}",
    "wrapped, other keys before": b'{"model": "m", "tags": [{"a": 1}], "results": ['
    + A
    + b","
    + B
    + b","
    + C
    + b"]}\n",
    "wrapped over lines": json.dumps({"v": [1], "episodes": [chat(0), chat(1), chat(2)], "n": 3}, indent=1).encode(),
    "wrapped twice": b'{"data": {"n": 3, "samples": [' + A + b"," + B + b"," + C + b'], "x": {}}}',
    "lines": A + b"\n" + B + b"\n" + C + b"\n",
    "lines with a byte order mark each": BOM + A + b"\n" + BOM + B + b"\r\n" + BOM + C,
    "gzip of an array": gzip.compress(b"[" + A + b"," + B + b"," + C + b"]"),
    "gzip of lines ended by CR": gzip.compress(A + b"\r" + B + b"\r" + C),
    "zstd of objects over lines": zstandard.compress(TALL_A + b"\n" + TALL_B + b"\n" + TALL_C),
    "bzip2 of lines": bz2.compress(A + b"\n" + B + b"\n" + C + b"\n"),
    "bzip2 of an array in two streams": bz2.compress(b"[" + A + b"," + B[:9]) + bz2.compress(B[9:] + b"," + C + b"]"),
}


@pytest.mark.parametrize("content", READ.values(), ids=list(READ))
def test_every_object_of_a_document_is_read_once(tmp_path: Path, content: bytes) -> None:
    found = checked(tmp_path, content)
    assert found["counts"] | {"flagged": 0} == {"lines": 3, "rollouts": 3, "flagged": 0, "problems": 0, "blank": 0}
    source = open_index(tmp_path / "rollouts.json", tmp_path / "cache")
    rewards = [source.rollout(row).reward for row in range(3)]
    assert (rewards, source.columns["line"].tolist()) == ([0.0, 0.5, 1.0], [1, 2, 3])


@pytest.mark.parametrize(
    "content", [b"[" + A + b"]", b"[\n  " + A + b"\n]", A + b"\n", gzip.compress(b"[" + A + b"]", mtime=0)]
)
def test_the_same_bytes_have_the_same_key_wherever_they_lie(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lines.jsonl").write_bytes(A)
    (tmp_path / "other.json").write_bytes(content)
    one, other = (open_index(tmp_path / name, tmp_path / "cache") for name in ("lines.jsonl", "other.json"))
    assert keys(one) == keys(other)


SHARED = {
    "array.json": 4, "array_pretty.json": 4, "bom_inside.jsonl": 4, "commas.jsonl": 4, "concatenated.jsonl": 4,
    "cr_only.jsonl": 4, "crlf.jsonl": 4, "pretty_objects.jsonl": 4, "text_ext.ndjson": 4, "text_ext.txt": 4,
    "wrapped.json": 4,
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this checkout")
@pytest.mark.parametrize(("name", "n_rollouts"), SHARED.items())
def test_every_object_of_the_shared_shapes_is_read_once(tmp_path: Path, name: str, n_rollouts: int) -> None:
    total = call("check", CASES / name, "--json", "--cache-dir", tmp_path).json["total"]
    assert (total["lines"], total["rollouts"]) == (n_rollouts, n_rollouts)
    source = open_index(CASES / name, tmp_path)
    asked = [source.rollout(row).prompt[0]["content"] for row in range(4)]
    assert asked == ["Name river 0.", "Name river 1.", "Name river 2.", "Name river 3."]


@pytest.mark.shared
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this checkout")
def test_utf_16_is_one_sentence(tmp_path: Path) -> None:
    found = call("check", CASES / "utf16.jsonl", "--json", "--cache-dir", tmp_path).json
    assert found["error"].endswith("utf16.jsonl: is UTF-16; save it as UTF-8")


# Damage: one broken record is one problem

BROKEN: dict[str, tuple[bytes, tuple[int, int], str]] = {
    "no value": (
        b"[" + A + b', {"messages": , "reward": 1}, ' + C + b"]",
        (3, 2),
        f"not JSON: expecting value at column 14; it begins at byte {len(A) + 4} of the file",
    ),
    "cut at the end": (
        b"[" + A + b",\n" + B[:40],
        (2, 1),
        "the file ends inside this record; it begins at line 2 of the file",
    ),
    "cut at the end over lines": (
        TALL_ARRAY[:-60],
        (3, 2),
        "the file ends inside this record; it begins at line 28 of the file",
    ),
    "a quote is missing over lines": (
        TALL_ARRAY.replace(b'river} 1."', b"river} 1."),
        (3, 2),
        "not JSON: invalid control character at line 5 of it, column 37; it begins at line 15 of the file",
    ),
    "a quote is missing on one line": (
        b"[" + A + b"," + B.replace(b'river} 1."', b"river} 1.") + b"," + C + b"]",
        (3, 2),
        f"not JSON: expecting ',' delimiter at column 65; it begins at byte {len(A) + 3} of the file",
    ),
    "a bracket is missing": (
        b"[\n" + A + b",\n" + B.replace(b"}],", b"},") + b",\n" + C + b"\n]",
        (3, 2),
        "not JSON: expecting ',' delimiter at column 120; it begins at line 3 of the file",
    ),
    "a brace is missing over lines": (
        TALL_ARRAY.replace(b'"reward": 0.5\n  }', b'"reward": 0.5'),
        (3, 2),
        "not JSON: expecting ',' delimiter at line 12 of it, column 18; it begins at line 15 of the file",
    ),
    "a number": (b"[" + A + b", 12, " + C + b"]", (3, 2), "a JSON number, not an object"),
    "an array": (b"[" + A + b", [" + B + b"], " + C + b"]", (3, 2), "a JSON array, not an object"),
    "no JSON": (
        b"[" + A + b", oops here, " + C + b"]",
        (3, 2),
        f"not JSON: expecting value at column 1; it begins at byte {len(A) + 4} of the file",
    ),
    "something else": (b"[" + A + b', {"a": 1}, ' + C + b"]", (3, 2), "unrecognized format: its keys are a"),
}


@pytest.mark.parametrize(("content", "found", "reason"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_record_is_one_problem(tmp_path: Path, content: bytes, found: tuple[int, int], reason: str) -> None:
    told = checked(tmp_path, content)
    assert [problem["reason"] for problem in told["problems"]] == [reason]
    assert (told["counts"]["lines"], told["counts"]["rollouts"]) == found


def test_an_array_that_does_not_end_is_told(tmp_path: Path) -> None:
    told = checked(tmp_path, b"[" + A + b"," + B)
    assert told["notes"] == ["the JSON array does not end: the file may be truncated after the last record"]


def test_what_stands_beside_the_list_of_rollouts_is_told(tmp_path: Path) -> None:
    told = checked(tmp_path, b'{"model": "m", "rollouts": [' + A + b'], "n": 1}')
    assert told["notes"] == ["its rollouts are the list rollouts; not read beside it: model, n"]


def test_an_object_of_a_rollout_is_a_record_whatever_lists_it_holds(tmp_path: Path) -> None:
    whole = json.dumps(chat(1, results=[{"a": 1}, {"a": 2}]), indent=2).encode()
    assert counts(tmp_path, whole) == (1, 1, 0, 0)


def test_an_object_beside_the_one_with_the_list_is_a_problem(tmp_path: Path) -> None:
    told = checked(tmp_path, b'{"rollouts": [\n' + A + b"\n]}\n" + B + b'\n{"rollouts": [' + C + b"]}\n")
    assert [(problem["line"], problem["reason"]) for problem in told["problems"]] == [
        (2, "an object without the list rollouts")
    ]
    assert told["good"] == [1, 3]


def test_two_lists_that_might_be_the_rollouts_are_not_guessed_at(tmp_path: Path) -> None:
    told = checked(tmp_path, b'{"data": [' + A + b'], "results": [' + B + b"]}")
    assert [problem["reason"] for problem in told["problems"]] == ["unrecognized format: its keys are data, results"]


REFUSED = {
    "empty array": (b"[]", "no rollouts found; the JSON array is empty"),
    "empty array over lines": (b"[\n]\n", "no rollouts found; the JSON array is empty"),
    "empty list": (b'{"rollouts": []}', "no rollouts found; the list rollouts is empty"),
    "array of numbers": (
        b"[1, 2, 3]",
        "no rollouts found; its records are not objects (a JSON number, not an object); a rollout is one JSON object",
    ),
    "array of arrays": (
        b"[[" + A + b"]]",
        "no rollouts found; its records are not objects (a JSON array, not an object); a rollout is one JSON object",
    ),
    "csv": (b"id,prompt,reward\n1,hi,0.5\n", 'no line is a JSON object; it begins "id,prompt,reward"'),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_document_without_any_object_is_one_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    assert checked(tmp_path, content)["error"] == f"{tmp_path}/rollouts.json: {reason}"


def test_no_advice_names_a_command_that_changes_numbers() -> None:
    texts = [path.read_text() for path in (CHECKOUT / "components").rglob("*.py")]
    assert not any(re.search(r"\bjq\b", text) for text in texts)


# Lines stay lines

KEPT_AS_LINES = {
    "a first line that is cut": A[:50] + b"\n" + B + b"\n" + C + b"\n",
    "a first line that is cut after a bracket": b'{"messages": [\n' + B + b"\n" + C + b"\n",
    "a first line with a list": b'{"traj": {"samples": [{"a": 1}]}, "n": 1}\n' + B + b"\n",
    "a first line that is an array": b"[1, 2]\n" + B + b"\n",
    "a first line that is no JSON": b"Traceback:\n" + B + b"\n",
    "a first line nested too deeply": b"[" * 20_000 + b"]" * 20_000 + b"\n" + B + b"\n",
    "blank lines first": b"\n \n" + B + b"\n",
    "one line": A,
}


@pytest.mark.parametrize("content", KEPT_AS_LINES.values(), ids=list(KEPT_AS_LINES))
def test_a_file_of_lines_is_read_as_lines_whatever_its_first_line(content: bytes) -> None:
    assert look(pieces(content)) == LINES


def test_several_objects_on_a_line_are_named_where_other_lines_are_broken(tmp_path: Path) -> None:
    told = checked(tmp_path, A + b"\n" + B + C + b"\n{not json\n" + A + b",\n")
    assert told["bad"] == {
        "2": "2 JSON objects on one line; write each on its own line",
        "3": "not JSON: expecting property name enclosed in double quotes at column 2",
        "4": "a comma follows the JSON object; remove it",
    }


def test_a_byte_order_mark_inside_a_file_is_taken_away_and_told(tmp_path: Path) -> None:
    told = checked(tmp_path, BOM + A + b"\n" + BOM + B + b"\n")
    assert (told["good"], told["flag"]) == ([1], {"2": "a byte order mark before it, inside the file"})


# Splitting


def test_a_record_lies_where_it_says(tmp_path: Path) -> None:
    whole = b"[\n  " + A + b",\n  " + B + b"\n]"
    assert list(Splitter(pieces(whole))) == [Record(4, len(A), A, 2), Record(8 + len(A), len(B), B, 3)]


@pytest.mark.parametrize("content", [b"[" + A + b"," + B + b"]", TALL_ARRAY, BROKEN["no value"][0], TALL_A + TALL_B])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_records_are_the_same_however_the_bytes_come(content: bytes, size: int) -> None:
    assert list(Splitter(pieces(content, size))) == list(Splitter(pieces(content)))
    assert look(pieces(content, 5 * size)) == DOCUMENT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(['\\"', "]}", "\n", "[{"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=6), JSON, max_size=4), max_size=6),
    st.sampled_from([None, 0, 1, 2, "\t"]),
    st.booleans(),
    st.integers(1, 50),
)
def test_the_elements_of_any_array_come_back(
    objects: list[dict[str, Any]], indent: Any, is_ascii: bool, size: int
) -> None:
    whole = json.dumps(objects, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    records = list(Splitter(pieces(whole, size)))
    assert [json.loads(record.text or b"") for record in records] == objects
    assert all(whole[record.offset : record.offset + record.length] == record.text for record in records)


@settings(deadline=None)
@given(st.text(alphabet='{}[]",:\\ \n\ra1', max_size=80), st.integers(1, 9))
def test_nothing_but_white_space_and_brackets_stands_outside_the_records(garbled: str, size: int) -> None:
    whole = garbled.encode()
    covered = bytearray(whole)
    for record in Splitter(pieces(whole, size)):
        covered[record.offset : record.offset + record.length] = b" " * record.length
    assert not covered.strip(b" \t\r\n,:[]")


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([READ["array"], TALL_ARRAY, READ["objects over lines"], READ["wrapped over lines"]]),
    DAMAGES,
)
def test_however_a_document_is_damaged_its_sums_hold_and_its_bodies_are_found(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, damages: list[tuple[str, float, int]]
) -> None:
    content = damaged(whole, damages)
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "a.json").write_bytes(content or b" ")
    try:
        source = open_index(folder / "a.json", folder)
    except SourceUnreadable:
        return
    numbers = [*source.columns["line"].tolist(), *(problem.line for problem in source.problems())]
    assert len(set(numbers)) == len(numbers) == source.header["n_lines"] - source.header["n_blank"]
    assert all(json.loads(source.body(row)) for row in range(source.n_rollouts))


def test_a_record_over_the_limit_is_told_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LINE_MAX_BYTES", 400)
    long = json.dumps({"messages": ["x" * 500]}).encode()
    whole = b"[" + A + b"," + long + b"," + B + b"]"
    for size in (10, 1000):
        found = [(record.length, record.text, record.fault) for record in Splitter(pieces(whole, size))]
        assert found == [(len(A), A, ""), (len(long), None, ""), (len(B), B, "")]


def test_records_that_never_close_do_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "RESCANNED_MAX_BYTES", 1 << 20)
    whole = b"[\n" + b'{"a": {"b": 1,\n' * 4000
    records = list(Splitter(pieces(whole)))
    assert (records[-1].fault, sum(record.length for record in records) > 0.9 * len(whole)) == ("cut", True)
    assert len(records) < 1000


def test_a_list_in_an_object_is_found_by_its_path() -> None:
    whole = b'{"data": {"x": [' + C + b'], "samples": [' + A + b"," + B + b']}, "samples": 1}'
    assert look(pieces(whole)) == Layout("document", ("data", "samples"), ("samples",))
    assert split(whole, "data", "samples") == [A, B]


# Kept and read again


def test_a_document_that_was_written_anew_is_said(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.json"
    path.write_bytes(b"[" + A + b"," + B + b"]")
    source = open_index(path, tmp_path / "cache")
    with open(path, "r+b") as file:
        file.write(b"[" + B)
    with pytest.raises(SourceChanged, match=r"rollouts.json:1: the line changed since it was indexed"):
        source.body(0)


def test_the_header_says_how_the_rollouts_lie(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"[" + A + b"]")
    (tmp_path / "b.jsonl").write_bytes(A)
    laid = [header_of(tmp_path / name, tmp_path / "cache")["layout"] for name in ("a.json", "b.jsonl")]
    assert laid == ["document", "lines"]


PEAK = """
import re, sys
from pathlib import Path
from rollout_curator.index import store
for _ in store.build(Path(sys.argv[2]), Path(sys.argv[1]), "env", map):
    pass
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def peak_kib(path: Path, cache: Path) -> int:
    """Return the most memory that indexing a file took, in KiB."""
    argv = [sys.executable, "-c", PEAK, str(path), str(cache)]
    return int(subprocess.run(argv, env=environment(), capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_not_held_in_memory(tmp_path: Path, indent: int | None) -> None:
    record = json.dumps(chat(1, note="y" * 20_000), indent=indent).encode()
    (tmp_path / "small.json").write_bytes(b"[" + b",\n".join([record] * 50) + b"]")
    (tmp_path / "large.json").write_bytes(b"[" + b",\n".join([record] * 5000) + b"]")
    small, large = (peak_kib(tmp_path / name, tmp_path / "cache") for name in ("small.json", "large.json"))
    assert large - small < 20_000  # of 100 MB
