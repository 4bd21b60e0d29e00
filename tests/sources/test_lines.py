"""What the reader promises: numbered lines for any bytes, packed or not, and one judgement per line."""

import bz2
import gzip
import json
import math
import os
import socket
import struct
import zlib
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_curator.errors import SourceNotFound, SourceRefused, SourceUnreadable
from rollout_curator.rollout import Unreadable
from rollout_curator.sources import lines as reader
from rollout_curator.sources.compression import chunks, open_source
from rollout_curator.sources.lines import Line, Parsed, lines, parse

ONE, TWO = b'{"a":1}', b'{"b":2}'


def read(path: Path) -> tuple[list[bytes], list[str]]:
    """Return the lines of a file (runs of empty ones left out) and what was noted of the file."""
    source = open_source(path)
    with source.file:
        found = [line.text for line in lines(chunks(source)) if isinstance(line, Line)]
    return [text for text in found if text is not None], source.notes


def read_bytes(tmp_path: Path, content: bytes) -> tuple[list[bytes], list[str]]:
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes(content)
    return read(path)


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        read_bytes(tmp_path, content)
    return str(caught.value).removeprefix(f"{tmp_path}/rollouts.jsonl: ")


def skippable(content: bytes) -> bytes:
    return struct.pack("<II", 0x184D2A50, len(content)) + content


# Line ends


def test_only_lf_ends_a_line() -> None:
    text = 'a\r\u2028b\u2029c\x0bd\x0ce\x1cf\x85g"'.encode()
    assert list(lines(iter([text + b"\n" + ONE + b"\n"]))) == [Line(0, 20, text), Line(21, 7, ONE)]


def test_the_cr_of_a_crlf_stays_in_the_bytes_and_out_of_the_object(tmp_path: Path) -> None:
    found, _ = read_bytes(tmp_path, ONE + b"\r\n" + TWO + b"\r\n")
    assert found == [ONE + b"\r", TWO + b"\r"]
    assert parse(found[0]) == Parsed({"a": 1})


def test_a_last_line_without_newline_is_a_line() -> None:
    assert list(lines(iter([ONE + b"\n" + TWO]))) == [Line(0, 7, ONE), Line(8, 7, TWO)]


def test_runs_of_empty_lines_are_counted_not_listed() -> None:
    assert list(lines(iter([b"\n\n\n", ONE, b"\n", b"\n\n"]))) == [3, Line(3, 7, ONE), 2]


def test_a_line_over_the_limit_is_told_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LINE_MAX_BYTES", 7)
    whole = ONE + b"\n" + b"x" * 8 + b"\n" + TWO
    told = [Line(0, 7, ONE), Line(8, 8, None), Line(17, 7, TWO)]
    assert list(lines(iter([whole]))) == told
    assert list(lines(bytes([byte]) for byte in whole)) == told


def total_lines(found: Iterable[Line | int]) -> int:
    return sum(line if isinstance(line, int) else line.times for line in found)


SOME_LINES = st.lists(
    st.sampled_from([b"", b" ", b"\r", b"\t \r", b"a", b"\xff\xfe", "é\u2028".encode(), ONE, b"x" * 40])
)


@settings(deadline=None)
@given(SOME_LINES, st.booleans(), st.lists(st.integers(0, 400)))
def test_lines_give_the_bytes_back_wherever_the_pieces_are_cut(
    texts: list[bytes], is_terminated: bool, cuts: list[int]
) -> None:
    whole = b"\n".join(texts) + (b"\n" if is_terminated else b"")
    edges = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    found = list(lines(whole[a:b] for a, b in pairwise(edges)))
    assert total_lines(found) == whole.count(b"\n") + (not whole.endswith(b"\n") and whole != b"")
    kept = [line for line in found if isinstance(line, Line)]
    assert all(whole[line.offset : line.offset + line.length] == line.text for line in kept)
    each = [line.text for line in kept for _ in range(line.times)]
    assert [text for text in each if text and text.strip()] == [text for text in texts if text.strip()]


# Packed sources


def test_gzip_members_join_into_one_text(tmp_path: Path) -> None:
    packed = gzip.compress(ONE + b"\n" + TWO[:3]) + gzip.compress(TWO[3:] + b"\n")
    assert read_bytes(tmp_path, packed) == ([ONE, TWO], [])


def test_a_gzip_member_may_begin_anywhere_in_what_is_read_at_once(tmp_path: Path) -> None:
    name = b"n" * ((1 << 16) - 1 - len(gzip.compress(ONE + b"\n")) - 1) + b"\0"
    plain = gzip.compress(ONE + b"\n")
    first = plain[:3] + b"\x08" + plain[4:10] + name + plain[10:]
    assert len(first) == (1 << 16) - 1
    assert read_bytes(tmp_path, first + gzip.compress(TWO)) == ([ONE, TWO], [])


def test_lines_before_a_cut_in_gzip_are_kept_and_the_cut_is_told(tmp_path: Path) -> None:
    packed = zlib.compressobj(wbits=31)
    flushed = packed.compress(ONE + b"\n" + TWO[:4]) + packed.flush(zlib.Z_FULL_FLUSH)
    assert read_bytes(tmp_path, flushed) == (
        [ONE, TWO[:4]],
        ["the gzip data is truncated: lines up to the break were read"],
    )


def test_rubbish_after_gzip_is_told(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, gzip.compress(ONE) + b"RUBBISH") == (
        [ONE],
        ["bytes after the gzip data were ignored"],
    )


def test_zeros_after_gzip_are_padding(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, gzip.compress(ONE) + bytes(100_000)) == ([ONE], [])


def test_a_gzip_checksum_that_does_not_fit_refuses_the_file(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(ONE))
    packed[-6] ^= 255
    assert refusal(tmp_path, bytes(packed)) == "gzip checksum mismatch, the file is damaged; download it again"


def test_zstd_frames_join_and_skippable_ones_are_skipped(tmp_path: Path) -> None:
    frame = zstandard.ZstdCompressor().compress
    packed = skippable(b"at the start") + frame(ONE + b"\n" + TWO[:2]) + skippable(b"s" * 5000) + frame(TWO[2:])
    assert read_bytes(tmp_path, packed) == ([ONE, TWO], [])


def test_lines_before_a_cut_in_zstd_are_kept_and_the_cut_is_told(tmp_path: Path) -> None:
    frame = zstandard.ZstdCompressor().compressobj()
    flushed = frame.compress(ONE + b"\n") + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    assert read_bytes(tmp_path, flushed) == ([ONE], ["the zstd data is truncated: lines up to the break were read"])


def test_rubbish_after_zstd_is_told(tmp_path: Path) -> None:
    found, notes = read_bytes(tmp_path, zstandard.compress(ONE) + b"RUBBISH!!")
    assert found == [ONE]
    assert notes[0].startswith("bytes after the zstd data were ignored")


def test_damage_inside_zstd_is_not_called_bytes_after_it(tmp_path: Path) -> None:
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(os.urandom(300_000).hex().encode()))
    packed[-1] ^= 255
    assert read_bytes(tmp_path, bytes(packed))[1][0].startswith("the zstd data is damaged")


def test_bzip2_streams_join_and_zeros_after_them_are_padding(tmp_path: Path) -> None:
    packed = bz2.compress(ONE + b"\n" + TWO[:3]) + bz2.compress(b"") + bz2.compress(TWO[3:]) + bytes(100_000)
    assert read_bytes(tmp_path, packed) == ([ONE, TWO], [])


def test_lines_before_a_cut_in_bzip2_are_kept_and_the_cut_is_told(tmp_path: Path) -> None:
    packed = bz2.compress(ONE + b"\n") + bz2.compress(TWO)[:20]
    assert read_bytes(tmp_path, packed) == ([ONE], ["the bzip2 data is truncated: lines up to the break were read"])


def test_rubbish_after_bzip2_is_told(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, bz2.compress(ONE) + b"RUB") == ([ONE], ["bytes after the bzip2 data were ignored"])


def test_lines_before_damage_in_bzip2_are_kept_and_the_damage_is_told(tmp_path: Path) -> None:
    second = bytearray(bz2.compress(TWO))
    second[12] ^= 255
    packed = bz2.compress(ONE + b"\n") + bytes(second)
    assert read_bytes(tmp_path, packed) == ([ONE], ["the bzip2 data is damaged: lines up to there were read"])


def test_a_zstd_window_of_2_gib_is_refused(tmp_path: Path) -> None:
    block = struct.pack("<I", 1 | len(ONE) << 3)[:3] + ONE
    packed = struct.pack("<I", 0xFD2FB528) + bytes([0, (31 - 10) << 3]) + block
    assert refusal(tmp_path, packed).startswith("the zstd data cannot be unpacked")


# Files that are not opened, and files that are something else

OTHER_FILES = {
    "empty": (b"", "the file is empty"),
    "utf-16 le": ('{"a":1}\n'.encode("utf-16-le"), "is UTF-16; save it as UTF-8"),
    "utf-16 be": ('{"a":1}\n'.encode("utf-16-be"), "is UTF-16; save it as UTF-8"),
    "utf-16 with bom": ("\ufeff{}".encode("utf-16-be"), "is UTF-16; save it as UTF-8"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid 1\n", "is a Git LFS pointer; run `git lfs pull`"),
    "zip": (b"PK\x03\x04" + bytes(60), "is a zip archive; unpack it"),
    "parquet in gzip": (gzip.compress(b"PAR1\x15\x04"), "is a Parquet file inside a compressed one; unpack it"),
    "html": (b"\xef\xbb\xbf \n<!DOCTYPE html>", "is an HTML page, perhaps a login page saved as data"),
    "html in gzip": (gzip.compress(b"<HTML>"), "is an HTML page, perhaps a login page saved as data"),
    "gzip in gzip": (gzip.compress(gzip.compress(ONE)), "is compressed twice; decompress it once"),
    "bzip2 in bzip2": (bz2.compress(bz2.compress(ONE)), "is compressed twice; decompress it once"),
    "gzip in zstd": (zstandard.compress(gzip.compress(ONE)), "is compressed twice; decompress it once"),
}


@pytest.mark.parametrize(("content", "reason"), OTHER_FILES.values(), ids=list(OTHER_FILES))
def test_a_file_of_another_kind_is_refused_by_its_first_bytes(tmp_path: Path, content: bytes, reason: str) -> None:
    assert refusal(tmp_path, content) == reason


def test_text_in_any_script_is_not_taken_for_utf_16(tmp_path: Path) -> None:
    line = '{"a":"日本語テキスト"}'.encode()
    assert read_bytes(tmp_path, line) == ([line], [])


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no such file"):
        open_source(tmp_path / "none.jsonl")


def test_a_path_with_a_nul_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no such file"):
        open_source(tmp_path / "a\0b.jsonl")


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(SourceRefused, match="not a regular file"):
        open_source(tmp_path / "pipe.jsonl")


def test_a_device_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    with pytest.raises(SourceRefused, match="not a regular file"):
        open_source(tmp_path / "zero.jsonl")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="not a regular file"):
        open_source(tmp_path)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jsonl")
        with pytest.raises(SourceRefused, match="cannot be opened"):
            open_source(tmp_path / "socket.jsonl")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    with pytest.raises(SourceRefused, match="cannot be opened"):
        open_source(tmp_path / "loop.jsonl")


# Parsing

REFUSED = {
    b"[1, 2]": Unreadable("not_object", "a JSON array, not an object"),
    b'"text"': Unreadable("not_object", "a JSON string, not an object"),
    b"12": Unreadable("not_object", "a JSON number, not an object"),
    b"true": Unreadable("not_object", "a JSON boolean, not an object"),
    b"null": Unreadable("not_object", "a JSON null, not an object"),
    b"NaN": Unreadable("not_object", "a JSON number, not an object"),
    b'{"a":"\xff"}': Unreadable("invalid_utf8", "not UTF-8: byte 7 of the line is not valid"),
    b'{"a":1': Unreadable("not_json", "not JSON: expecting ',' delimiter at column 7"),
    b"<PLACEHOLDER ROW>": Unreadable("not_json", "not JSON: expecting value at column 1"),
    b'{"a":1}{"b":2}': Unreadable("several_objects", "2 JSON objects on one line; write each on its own line"),
    b'{"a":1} , {"b":2}\r{"c":3},': Unreadable(
        "several_objects", "3 JSON objects on one line; write each on its own line"
    ),
    b'{"a":1},': Unreadable("several_objects", "a comma follows the JSON object; remove it"),
    b'{"a":1}[2]': Unreadable("not_json", "not JSON: extra data at column 8"),
    b'{"a":1}{"b":': Unreadable("not_json", "not JSON: extra data at column 8"),
    b'{"a":' + b"9" * 5000 + b"}": Unreadable("not_json", "not JSON: a number with too many digits"),
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000: Unreadable("too_deep", "nested too deeply to read"),
    b"[" * 10_000: Unreadable("too_deep", "nested too deeply to read"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=[text[:20] for text in REFUSED])
def test_a_line_that_is_no_object_is_data_with_a_reason(text: bytes, reason: Unreadable) -> None:
    assert parse(text) == reason


def test_a_big_integer_beside_deep_nesting_does_not_raise() -> None:
    deep = b'{"id":18446744073709551616,"a":' + b"[" * 1010 + b"]" * 1010 + b"}"
    assert parse(deep) == Unreadable("too_deep", "nested too deeply to read")


def test_integers_beyond_64_bits_stay_exact() -> None:
    text = b'{"id": 18446744073709551616, "ids": [-9223372036854775809 , 123456789012345678901]}'
    assert parse(text) == Parsed({"id": 2**64, "ids": [-(2**63) - 1, 123456789012345678901]})


def test_a_number_that_is_not_finite_is_read_and_noted() -> None:
    read = parse(b'{"a":NaN,"b":-Infinity,"c":1e400}')
    assert isinstance(read, Parsed)
    assert (math.isnan(read.obj["a"]), read.obj["b"], read.obj["c"]) == (True, -math.inf, math.inf)
    assert read.notes == ("non_finite_number",)


def test_half_a_surrogate_pair_is_read_and_noted() -> None:
    assert parse(b'{"a":"x\\ud800y"}') == Parsed({"a": "x\ud800y"}, ("lone_surrogate",))


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert parse(b'{"a":"\\ud83d\\ude00"}') == Parsed({"a": "\U0001f600"})


def test_the_last_of_two_equal_keys_wins() -> None:
    assert parse(b'{"reward":0,"reward":1}') == Parsed({"reward": 1})


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0123456789aeNIu\\d', max_size=60).map(str.encode))
def test_parsing_never_raises(text: bytes) -> None:
    assert isinstance(parse(text), Parsed | Unreadable)


@pytest.mark.parametrize(
    ("arguments", "is_noted"),
    [
        (r'{"a": "\ud83d"}', True),
        (r'{"a": "\ude00"}', True),
        (r'{"a": "\uD83Dx\uDE00"}', True),
        (r'{"a": "\ud83d\ude00"}', False),
        (r'{"a": "\ud7ff\ue000"}', False),
        ('{"a": "😀"}', False),
    ],
)
def test_half_a_pair_that_comes_out_of_a_text_of_json_is_noted(arguments: str, is_noted: bool) -> None:
    line = json.dumps({"arguments": arguments}).encode()
    assert parse(line) == Parsed({"arguments": arguments}, ("escaped_surrogate",) if is_noted else ())
