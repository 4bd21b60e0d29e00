"""The atomic write: the old file or the new one, whole, and nothing left behind."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout_curator.errors import ExportError, RecipeError
from rollout_curator.files import atomic as base
from rollout_curator.files.atomic import publish
from rollout_curator.training.file_types import jsonl
from rollout_curator.training.file_types.base import get

POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX file system")


def names(folder: Path) -> list[str]:
    """Return what stands in `folder`, the lock apart."""
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.endswith(".lock"))


def put(out: Path, *lines: bytes) -> None:
    """Export `lines` to `out`."""
    with publish(out) as (file,):
        list(jsonl.write(lines, file))


def export_in_steps(out: Path, n_rows: int) -> Iterator[int]:
    """Export as a caller does who shows progress."""
    with publish(out) as (file,):
        yield from jsonl.write((b"%d\n" % row for row in range(n_rows)), file)


def test_the_file_holds_exactly_the_lines(tmp_path: Path) -> None:
    put(tmp_path / "sft.jsonl", b'{"a":1}\n', b'{"b":"\xc3\xa9"}\n')
    assert (tmp_path / "sft.jsonl").read_bytes() == b'{"a":1}\n{"b":"\xc3\xa9"}\n'


def test_what_was_written_is_told(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    with publish(out) as (file,):
        list(jsonl.write([b"1\n", b"22\n"], file))
    assert file.written() == base.Written(out, 5, hashlib.sha256(b"1\n22\n").hexdigest(), 2)


def test_an_export_of_no_rows_is_an_empty_file(tmp_path: Path) -> None:
    put(tmp_path / "sft.jsonl")
    assert (tmp_path / "sft.jsonl").read_bytes() == b""


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    put(tmp_path / "sft.jsonl", b"1\n")
    assert sorted(os.listdir(tmp_path)) == ["sft.jsonl"]


def test_data_and_manifest_appear_together(tmp_path: Path) -> None:
    out, manifest_path = tmp_path / "sft.jsonl", tmp_path / "sft.jsonl.manifest.json"
    with publish(out, manifest_path) as (data, manifest):
        list(jsonl.write([b"1\n"], data))
        manifest.write(data.written().sha256.encode())
        assert names(tmp_path)[0].startswith(".sft.jsonl.manifest.json.tmp-")
        assert not out.exists()
    assert manifest_path.read_text() == hashlib.sha256(out.read_bytes()).hexdigest()


def test_both_files_are_on_disk_before_the_first_rename_and_data_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        steps.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        real_sync(descriptor)

    def replace(source: Path, target: Path) -> None:
        steps.append(f"rename {Path(target).name}")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    with publish(tmp_path / "d", tmp_path / "m"):
        pass
    assert steps == ["sync file", "sync file", "rename d", "sync folder", "rename m", "sync folder"]


def test_an_error_in_the_block_keeps_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    put(out, b"old\n")
    with pytest.raises(ZeroDivisionError), publish(out) as (file,):
        file.write(b"new\n")
        raise ZeroDivisionError
    assert (out.read_bytes(), names(tmp_path)) == (b"old\n", ["sft.jsonl"])


def test_ctrl_c_keeps_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    put(out, b"old\n")
    with pytest.raises(KeyboardInterrupt), publish(out) as (file,):
        file.write(b"new\n")
        raise KeyboardInterrupt
    assert (out.read_bytes(), names(tmp_path)) == (b"old\n", ["sft.jsonl"])


def test_closing_the_generator_cancels_the_export(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    put(out, b"old\n")
    steps = export_in_steps(out, 10_000)
    assert next(steps) == 256
    steps.close()  # type: ignore[attr-defined]
    assert (out.read_bytes(), names(tmp_path)) == (b"old\n", ["sft.jsonl"])


def test_progress_counts_rows_and_ends_with_all_of_them(tmp_path: Path) -> None:
    assert list(export_in_steps(tmp_path / "sft.jsonl", 600)) == [256, 512, 600]


def test_long_rows_are_a_step_of_their_own(tmp_path: Path) -> None:
    with publish(tmp_path / "sft.jsonl") as (file,):
        assert list(jsonl.write([b"x" * (5 << 20) + b"\n", b"1\n"], file)) == [1, 2]


@pytest.mark.parametrize("line", [b"", b"\n", b" \n", b"1", b"1\n2\n", b"1\n\n"])
def test_what_is_not_one_line_is_refused(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(ExportError, match="example 2 is not one line of JSON"):
        put(tmp_path / "sft.jsonl", b"1\n", line)
    assert names(tmp_path) == []


def test_leftovers_of_a_killed_export_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".sft.jsonl.tmp-0badcafe").write_bytes(b"half")
    (tmp_path / ".sft.jsonl.manifest.json.tmp-0badcafe").write_bytes(b"half")
    with publish(tmp_path / "sft.jsonl", tmp_path / "sft.jsonl.manifest.json"):
        pass
    assert names(tmp_path) == ["sft.jsonl", "sft.jsonl.manifest.json"]


def test_temporary_files_of_other_exports_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".other.jsonl.tmp-0badcafe").write_bytes(b"half")
    put(tmp_path / "sft.jsonl", b"1\n")
    assert names(tmp_path) == [".other.jsonl.tmp-0badcafe", "sft.jsonl"]


@POSIX_ONLY
def test_a_second_export_of_the_same_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LOCK_WAIT_S", 0.1)
    out = tmp_path / "sft.jsonl"
    with publish(out) as (file,):
        file.write(b"first\n")
        with pytest.raises(ExportError, match="another export is writing this file"):
            put(out, b"second\n")
    assert out.read_bytes() == b"first\n"


@POSIX_ONLY
def test_exports_that_share_a_lock_are_kept_apart_whatever_files_they_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LOCK_WAIT_S", 0.1)
    whole = tmp_path / "sft.jsonl"
    with publish(tmp_path / "sft.train.jsonl", lock=whole), pytest.raises(ExportError, match="another export"):
        put(whole, b"1\n")
    assert names(tmp_path) == ["sft.train.jsonl"]


def test_what_was_written_so_far_can_be_read_before_the_target_appears(tmp_path: Path) -> None:
    with publish(tmp_path / "sft.jsonl") as (file,):
        list(jsonl.write([b"1\n", b"22\n"], file))
        assert list(jsonl.read_lines(file.reopened())) == [b"1\n", b"22\n"]
        assert not (tmp_path / "sft.jsonl").exists()


@POSIX_ONLY
def test_a_second_export_waits_for_one_that_is_nearly_done(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    second = threading.Thread(target=put, args=(out, b"second\n"))
    with publish(out) as (file,):
        file.write(b"first\n")
        second.start()
    second.join()
    assert (out.read_bytes(), names(tmp_path)) == (b"second\n", ["sft.jsonl"])


@POSIX_ONLY
def test_a_new_file_takes_the_mode_of_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    put(out, b"old\n")
    out.chmod(0o660)
    put(out, b"new\n")
    assert stat.S_IMODE(out.stat().st_mode) == 0o660


@POSIX_ONLY
def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "latest.jsonl").symlink_to("real/sft.jsonl")
    put(tmp_path / "latest.jsonl", b"1\n")
    assert (tmp_path / "latest.jsonl").is_symlink()
    assert (tmp_path / "real" / "sft.jsonl").read_bytes() == b"1\n"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "no space left on the disk"),
        (errno.EDQUOT, "your disk quota is used up"),
        (errno.EFBIG, "the file would be too large"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "no permission"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_disk_that_fails_at_the_last_moment_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    out = tmp_path / "sft.jsonl"
    put(out, b"old\n")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ExportError) as caught:
        put(out, b"new\n")
    assert str(caught.value).startswith(f"cannot write {out}: {reason}")
    assert str(caught.value).endswith(". The existing file was not changed")
    assert (out.read_bytes(), names(tmp_path)) == (b"old\n", ["sft.jsonl"])


def test_an_error_of_the_reader_is_not_blamed_on_the_target(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the source"), publish(tmp_path / "sft.jsonl"):
        raise OSError(errno.EIO, "the source")


def test_a_manifest_that_cannot_appear_is_told_with_what_is_new(tmp_path: Path) -> None:
    out, manifest = tmp_path / "sft.jsonl", tmp_path / "manifest"
    with (
        pytest.raises(ExportError, match="was already replaced: export again so that the files match"),
        publish(out, manifest),
    ):
        manifest.mkdir()
    assert names(tmp_path) == ["manifest", "sft.jsonl"]


@POSIX_ONLY
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    script = (
        "import sys, resource; from pathlib import Path; from rollout_curator.training.file_types import jsonl\n"
        "from rollout_curator.files import atomic\n"
        "line = b'x' * 99_999 + b'\\n'\n"
        "with atomic.publish(Path(sys.argv[1])) as (file,):\n"
        "    for _ in jsonl.write((line for _ in range(int(sys.argv[2]))), file): pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak_kib(n_rows: int) -> int:
        argv = [sys.executable, "-c", script, str(tmp_path / "sft.jsonl"), str(n_rows)]
        return int(subprocess.run(argv, check=True, capture_output=True, env=with_package()).stdout)

    assert peak_kib(500) < 1.2 * peak_kib(50)


def with_package() -> dict[str, str]:
    """Return an environment in which a child can import the package."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_jsonl_is_found_by_its_name() -> None:
    assert get("jsonl") is jsonl.JSONL


def test_an_unknown_kind_of_file_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(RecipeError, match=r'unknown file format "docx"; choose one of .*jsonl'):
        get("docx")
