"""Where an export may go: every path that cannot be written is refused before any work, in one line."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollout_curator.errors import ExportError
from rollout_curator.files.atomic import check_target, publish

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX file system")


def refusal(path: Path) -> str:
    """Return what `check_target` says of `path`, without the folder of the test."""
    with pytest.raises(ExportError) as caught:
        check_target(path)
    return str(caught.value)


def test_a_folder_that_is_missing_is_told_before_any_work(tmp_path: Path) -> None:
    out = tmp_path / "new" / "sft.jsonl"
    assert refusal(out) == f"cannot write {out}: folder {out.parent} does not exist; create it first"


def test_a_folder_is_not_a_target(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"cannot write {tmp_path}: it is a folder; choose a file in it"


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "a part of the path is a file, not a folder" in refusal(tmp_path / "file" / "sft.jsonl")


@POSIX_ONLY
def test_a_pipe_is_not_a_target_and_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "it is a device or a pipe" in refusal(tmp_path / "pipe")


@POSIX_ONLY
def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "symbolic link loop" in refusal(tmp_path / "a")


def test_a_name_too_long_is_refused(tmp_path: Path) -> None:
    assert "the name is too long" in refusal(tmp_path / ("x" * 256))


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    assert "invalid file name" in refusal(tmp_path / "a\0b")


def test_a_message_is_one_line_whatever_the_name(tmp_path: Path) -> None:
    assert "\n" not in refusal(tmp_path / "a\nb" / "sft.jsonl")


def test_a_check_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "sft.jsonl").write_bytes(b"old\n")
    check_target(tmp_path / "sft.jsonl")
    check_target(tmp_path / "other.jsonl")
    assert (os.listdir(tmp_path), (tmp_path / "sft.jsonl").read_bytes()) == (["sft.jsonl"], b"old\n")


def as_somebody_else(act: Callable[[], None]) -> str:
    """Return what the error says which a user who is not root gets from `act`."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with open(reading, "rb") as said:
            text = said.read().decode()
        os.waitpid(child, 0)
        return text
    text = "no error"
    try:
        if AS_ROOT:
            os.setgid(65534)
            os.setuid(65534)
        act()
    except ExportError as error:
        text = str(error)
    finally:
        os.write(writing, text.encode())
        os._exit(0)


def export_nothing(out: Path) -> None:
    """Export no rows to `out`."""
    with publish(out):
        pass


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder which every user may enter and write in."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
        Path(name).chmod(0o777)


@POSIX_ONLY
def test_a_folder_without_permission_is_refused(open_folder: Path) -> None:
    out = open_folder / "sft.jsonl"
    open_folder.chmod(0o555)
    reason = "no permission to write in its folder; choose another folder"
    assert as_somebody_else(lambda: check_target(out)) == f"cannot write {out}: {reason}. Nothing was written"


@POSIX_ONLY
def test_a_file_made_read_only_is_not_replaced(open_folder: Path) -> None:
    out = open_folder / "sft.jsonl"
    out.write_bytes(b"old\n")
    out.chmod(0o444)
    assert "read-only" in as_somebody_else(lambda: check_target(out))


@POSIX_ONLY
def test_a_lock_made_by_somebody_else_is_no_hindrance(open_folder: Path) -> None:
    out = open_folder / "sft.jsonl"
    export_nothing(out)
    out.unlink()
    assert (as_somebody_else(lambda: export_nothing(out)), out.read_bytes()) == ("no error", b"")
