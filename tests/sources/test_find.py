"""Which files a path stands for, what they are called, and how work on them is shared out."""

import operator
import os
import sys
import types
from pathlib import Path

import pytest

from making import call
from rollout_curator import parallel
from rollout_curator.errors import SourceNotFound, WorkerLost
from rollout_curator.sources.find import PassedOver, brief_names, environment_of, find, passed_over


def touch(folder: Path, *names: str) -> Path:
    """Write a line into every named file and return the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}\n")
    return folder


def export(folder: Path, name: str) -> Path:
    """Write a training file and its manifest, then take its source away."""
    source = folder / "source.jsonl"
    source.write_bytes(b'{"prompt": "2+2?", "completion": "4", "reward": 1.0}\n')
    kind = "parquet" if name.endswith(".parquet") else "jsonl"
    assert call("export", source, "--out", folder / name, "--format", "chat", "--as", kind).code == 0
    source.unlink()
    return folder / name


def names(*paths: Path | str) -> list[str]:
    return [file.name for file in find(paths)]


def test_a_folder_stands_for_the_rollouts_below_it_sorted(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.jsonl", "b/1.jsonl.gz", "a.json", "c.jsonl.zst", "UPPER.JSONL", "notes.txt", "rollouts.csv")
    touch(tmp_path, "d.ndjson", "e.ndjson.bz2", "f.json.bz2", "g.parquet", "h.gz")
    found = ["UPPER.JSONL", "a.json", "c.jsonl.zst", "d.ndjson", "e.ndjson.bz2", "f.json.bz2", "g.parquet"]
    assert names(tmp_path) == [*found, "b/1.jsonl.gz", "b/2.jsonl"]


def test_hidden_files_and_what_is_written_beside_rollouts_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.jsonl", ".hidden.jsonl", ".git/b.jsonl", "a_aggregate_metrics.json", "package.json")
    export(tmp_path, "sft.jsonl")
    assert names(tmp_path) == ["a.jsonl"]


def test_a_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "noext", ".hidden", "sft.jsonl.manifest.json")
    assert [file.path.name for file in find([tmp_path / "noext", tmp_path / ".hidden"])] == ["noext", ".hidden"]


def test_a_link_inside_a_folder_is_the_file_it_leads_to_and_one_that_leaves_it_is_left_out(tmp_path: Path) -> None:
    folder = touch(tmp_path, "in/a.jsonl", "out/b.jsonl") / "in"
    (folder / "inside.jsonl").symlink_to("a.jsonl")
    (folder / "leaves.jsonl").symlink_to("../out/b.jsonl")
    (folder / "nowhere.jsonl").symlink_to("missing.jsonl")
    assert names(folder) == ["a.jsonl"]


def test_pipes_in_a_folder_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(touch(tmp_path, "a.jsonl") / "pipe.jsonl")
    assert names(tmp_path) == ["a.jsonl"]


def test_what_is_passed_over_in_a_folder_is_named_with_why(tmp_path: Path) -> None:
    touch(tmp_path, "a.jsonl", "b.txt", "run/c.CSV", "run/noext", "run/d_aggregate_metrics.json", ".hidden.jsonl")
    export(tmp_path, "sft.parquet")
    touch(tmp_path, ".git/config", ".DS_Store", "curation.sqlite", "curation.sqlite-wal")
    touch(tmp_path, "other.parquet.manifest.json")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "nowhere.jsonl").symlink_to("missing.jsonl")
    (tmp_path / "passwd.jsonl").symlink_to("/etc/passwd")
    assert [(file.name, file.why) for file in passed_over([tmp_path])] == [
        (".DS_Store", "a hidden file"),
        (".hidden.jsonl", "a hidden file"),
        ("b.txt", "a file ending in .txt is read only when it is given by name"),
        ("curation.sqlite", "a review store, not rollouts"),
        ("curation.sqlite-wal", "a review store, not rollouts"),
        ("nowhere.jsonl", "a broken link"),
        (
            "other.parquet.manifest.json",
            "named like the manifest of an export but is not one, read only when it is given by name",
        ),
        ("passwd.jsonl", "a link to outside the folder"),
        ("pipe.jsonl", "not a regular file"),
        ("sft.parquet", "an export of this program, read only when it is given by name"),
        ("sft.parquet.manifest.json", "the manifest of an export, not rollouts"),
        (".git/", "a hidden folder, not searched"),
        ("run/c.CSV", "a file ending in .CSV is read only when it is given by name"),
        ("run/d_aggregate_metrics.json", "aggregate metrics, not rollouts"),
        ("run/noext", "a file without a suffix is read only when it is given by name"),
    ]


def test_nothing_is_passed_over_where_files_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.jsonl", "b.txt")
    assert passed_over([tmp_path / "a.jsonl", f"{tmp_path}/*.txt"]) == []


def test_passed_over_files_of_several_folders_are_told_apart(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.txt", "two/a.txt")
    found = [file.name for file in passed_over([tmp_path / "one", tmp_path / "two"])]
    assert found == ["one/a.txt", "two/a.txt"]


def test_a_folder_without_rollouts_says_what_is_there(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "b.csv", "c.xlsx", "d.log")
    with pytest.raises(
        SourceNotFound, match=r"or .parquet file to read in this folder; skipped: a.txt, b.csv, c.xlsx and 1 more"
    ):
        find([tmp_path])


def test_a_quoted_glob_is_expanded(tmp_path: Path) -> None:
    touch(tmp_path, "run/a.jsonl", "run/deep/b.jsonl", "run/c.json")
    assert names(f"{tmp_path}/run/**/*.jsonl") == ["a.jsonl", "deep/b.jsonl"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, "[a].jsonl", "a.jsonl")
    assert names(tmp_path / "[a].jsonl") == ["[a].jsonl"]


def test_a_file_named_twice_is_opened_once_in_the_order_given(tmp_path: Path) -> None:
    touch(tmp_path, "a.jsonl", "b.jsonl")
    assert names(tmp_path / "b.jsonl", tmp_path, tmp_path / "x" / ".." / "b.jsonl") == ["b.jsonl", "a.jsonl"]


def test_names_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    touch(tmp_path, "one/rollouts.jsonl", "two/rollouts.jsonl")
    assert names(tmp_path / "one", tmp_path / "two") == ["one/rollouts.jsonl", "two/rollouts.jsonl"]


def test_a_name_that_is_not_utf8_is_shown_with_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad_\xff.jsonl")
    path.write_bytes(b"{}")
    assert names(path) == ["bad_\\xff.jsonl"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none*.jsonl", "no matching files"),
        ("", "no .jsonl, .ndjson, .json (also with .gz, .zst or .bz2) or .parquet file to read in this folder"),
    ],
)
def test_a_path_that_gives_nothing_says_so(tmp_path: Path, given: str, message: str) -> None:
    with pytest.raises(SourceNotFound) as caught:
        find([f"{tmp_path}/{given}"])
    assert str(caught.value).endswith(message)


def test_no_path_at_all_says_so() -> None:
    with pytest.raises(SourceNotFound, match="pass a file, a folder or a glob"):
        find([])


@pytest.mark.parametrize(
    ("path", "environment"),
    [
        ("/runs/resources_servers/blackjack/data/example_rollouts.jsonl", "blackjack"),
        ("/runs/blackjack/data/2026/rollouts.jsonl", "blackjack"),
        ("/data/blackjack/rollouts.jsonl", "blackjack"),
        ("/a/data/b/data/rollouts.jsonl", "b"),
        ("/rollouts.jsonl", "rollouts"),
    ],
)
def test_the_path_tells_the_environment(path: str, environment: str) -> None:
    assert environment_of(Path(path)) == environment


# Sharing out work


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(parallel.run_in_pool(operator.neg, range(30))) == [-number for number in range(30)]


def test_a_worker_does_not_run_the_main_module_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = types.ModuleType("__main__")
    main.__file__ = str(tmp_path / "page.py")
    (tmp_path / "page.py").write_text("raise SystemExit('the page ran in a worker')")
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert list(parallel.run_in_pool(operator.neg, range(3))) == [0, -1, -2]


def test_two_tasks_need_no_pool() -> None:
    assert list(parallel.run_in_pool(lambda number: number, [1, 2])) == [1, 2]


def test_a_worker_that_is_killed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(WorkerLost, match=r"a worker process was killed \(perhaps out of memory\); try again"):
        list(parallel.run_in_pool(os._exit, [1, 2, 3]))


def test_the_report_of_an_export_is_passed_over_where_its_manifest_lies(tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl").write_bytes(b'{"prompt": "2+2?", "completion": "4", "reward": 1.0}\n')
    made = call("export", tmp_path, "--out", tmp_path / "sft.jsonl", "--report", "rows.jsonl", "--format", "chat")
    (tmp_path / "other.jsonl.manifest.json").write_text("[no manifest")
    assert (made.code, [file.name for file in find([tmp_path])]) == (0, ["runs.jsonl"])
    assert PassedOver("rows.jsonl", "the report of an export, not rollouts") in passed_over([tmp_path])


def test_a_folder_of_nothing_but_an_export_says_what_to_name(tmp_path: Path) -> None:
    export(tmp_path, "sft.jsonl")
    with pytest.raises(SourceNotFound, match=r"skipped: sft.jsonl \(an export of this program, read only"):
        find([tmp_path])


@pytest.mark.parametrize(
    ("names", "brief"),
    [
        (("run/a.jsonl", "run/b.jsonl"), ["a.jsonl", "b.jsonl"]),
        (("bench/os/data/x.jsonl", "bench/swe/data/x.jsonl"), ["os/…/x.jsonl", "swe/…/x.jsonl"]),
        (("os/x.jsonl", "swe/x.jsonl", "os/y.jsonl"), ["os/x.jsonl", "swe/x.jsonl", "y.jsonl"]),
        (("x.jsonl", "old/x.jsonl", "old/2/x.jsonl"), ["x.jsonl", "old/x.jsonl", "old/2/x.jsonl"]),
        (("a/b/c/x.jsonl", "a/d/e/c/x.jsonl"), ["b/…/x.jsonl", "d/e/…/x.jsonl"]),
    ],
)
def test_a_brief_name_is_as_short_as_tells_a_file_from_the_others(names: tuple[str, ...], brief: list[str]) -> None:
    assert list(brief_names(names).values()) == brief
