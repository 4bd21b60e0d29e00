"""Nothing in an opened folder vanishes: a file is read, or it is named with why, in the same words everywhere."""

import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from making import SAMPLE_DATA, call, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.files import manifest
from rollout_curator.sources.find import by_reason, find, passed_over
from rollout_curator.workspace.workspace import Workspace

ROWS = [gym(f"Question {n}?", f"answer {n}", n / 10, task_id=n) for n in range(10)]
AN_EXPORT = "an export of this program, read only when it is given by name"
A_MANIFEST = "the manifest of an export, not rollouts"
NO_MANIFEST = "named like the manifest of an export but is not one, read only when it is given by name"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with ten rollouts."""
    (place := tmp_path / "w").mkdir()
    write(place / "runs.jsonl", ROWS)
    return place


def export(folder: Path, *argv: object, out: str = "sft.jsonl") -> Path:
    """Export the ten rollouts beside them and return the file."""
    made = call("export", folder / "runs.jsonl", "--out", folder / out, *argv)
    assert (made.code, made.err) == (0, "")
    return folder / out


def read(folder: Path) -> list[str]:
    return [found.name for found in find([folder])]


def why(folder: Path) -> dict[str, str]:
    return {file.name: file.why for file in passed_over([folder])}


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b"",
        b"not JSON",
        b'{"tool": "rollout-curator", "schema": 1}',
        b'{"file": "runs.jsonl", "size_bytes": 3, "others": [{"part": "report", "file": "runs.train.jsonl"}]}',
        b"[" * 100_000,
    ],
)
def test_a_file_named_like_a_manifest_takes_nothing_out(folder: Path, content: bytes) -> None:
    write(folder / "runs.train.jsonl", ROWS)
    (folder / "runs.jsonl.manifest.json").write_bytes(content)
    assert read(folder) == ["runs.jsonl", "runs.train.jsonl"]
    assert why(folder) == {"runs.jsonl.manifest.json": NO_MANIFEST}


def test_the_sample_data_keep_every_line_beside_stray_manifests(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_DATA, place := tmp_path / "sample")
    before = call("check", place, "--json").json["total"]
    for path in list(place.rglob("*")):
        if path.is_file():
            path.with_name(f"{path.name}.manifest.json").write_text("{}")
    assert call("check", place, "--json").json["total"] == before


def test_a_manifest_takes_out_the_files_it_names_and_each_is_listed(folder: Path) -> None:
    export(folder, "--split", "validation=0.3", "--card", "README.md", "--report", "rows.jsonl")
    assert read(folder) == ["runs.jsonl"]
    assert why(folder) == {
        "README.md": "the dataset card of an export, not rollouts",
        "rows.jsonl": "the report of an export, not rollouts",
        "sft.jsonl.manifest.json": A_MANIFEST,
        "sft.train.jsonl": AN_EXPORT,
        "sft.validation.jsonl": AN_EXPORT,
    }


def test_a_file_that_a_manifest_names_with_another_size_is_read_and_told(folder: Path) -> None:
    out = export(folder)
    write(out, ROWS)
    assert read(folder) == ["runs.jsonl", "sft.jsonl"]
    assert why(folder)["sft.jsonl.manifest.json"] == (
        "the manifest of an export; sft.jsonl is no longer the file it names, so that is read"
    )


def test_a_file_beside_a_manifest_that_does_not_name_it_is_read(folder: Path) -> None:
    out = export(folder)
    for name in ("sft.train.jsonl", "other.jsonl"):
        shutil.copy(folder / "runs.jsonl", folder / name)
    shutil.copy(manifest.path_of(out), folder / "other.jsonl.manifest.json")
    assert read(folder) == ["other.jsonl", "runs.jsonl", "sft.train.jsonl"]


def test_what_a_killed_export_renamed_already_is_taken_out_by_its_manifest_to_be(folder: Path) -> None:
    place = manifest.path_of(export(folder))
    place.rename(folder / ".sft.jsonl.manifest.json.tmp-0badcafe")
    assert read(folder) == ["runs.jsonl"]
    assert why(folder) == {
        ".sft.jsonl.manifest.json.tmp-0badcafe": "the record of an earlier export, not rollouts",
        "sft.jsonl": AN_EXPORT,
    }


def test_a_link_to_an_export_is_passed_over_as_the_export_is(folder: Path) -> None:
    export(folder)
    (folder / "latest.jsonl").symlink_to("sft.jsonl")
    assert read(folder) == ["runs.jsonl"]
    assert why(folder)["latest.jsonl"] == AN_EXPORT


def test_hidden_files_and_folders_stores_locks_and_drafts_are_named(folder: Path) -> None:
    names = [".DS_Store", ".a.jsonl", ".x.jsonl.tmp-0badcafe", ".curation.sqlite." + "0a" * 16 + ".tmp"]
    names += ["curation.sqlite", "curation.sqlite-wal", "curation.sqlite.bak", "curation_2.jsonl"]
    for name in names:
        shutil.copy(folder / "runs.jsonl", folder / name)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").touch()
    assert read(folder) == ["curation_2.jsonl", "runs.jsonl"]
    assert why(folder) == {
        ".DS_Store": "a hidden file",
        ".a.jsonl": "a hidden file",
        ".curation.sqlite." + "0a" * 16 + ".tmp": "left by an interrupted review store",
        ".git/": "a hidden folder, not searched",
        ".x.jsonl.tmp-0badcafe": "left by an interrupted export",
        "curation.sqlite": "a review store, not rollouts",
        "curation.sqlite-wal": "a review store, not rollouts",
        "curation.sqlite.bak": "a file ending in .bak is read only when it is given by name",
    }


DECISIONS = "decisions of a review store as a file, not rollouts"


@pytest.fixture
def acts(folder: Path) -> bytes:
    """Decide on two rollouts and write that as `decisions export` does."""
    workspace = Workspace.open([folder], folder.parent / "cache")
    with closing(workspace), Decisions.open(folder / "curation.sqlite") as store:
        store.record([Entry(workspace.key(row), "reject", note="no") for row in range(2)])
    assert call("decisions", "export", folder, "--out", folder / "acts.jsonl").code == 0
    return (folder / "acts.jsonl").read_bytes()


def test_decisions_that_were_exported_into_the_folder_are_no_source_and_named(folder: Path, acts: bytes) -> None:
    assert (read(folder), why(folder)["acts.jsonl"]) == (["runs.jsonl"], DECISIONS)
    found = call("check", folder, "--json").json
    assert (found["bad"], DECISIONS in [one["reason"] for one in found["passed_over_by_reason"]]) == ({}, True)


def test_decisions_of_an_older_program_are_known_too(folder: Path, acts: bytes) -> None:
    lines = [json.loads(line) for line in acts.splitlines()]
    older = [{name: one for name, one in line.items() if name not in ("item", "blind", "way")} for line in lines]
    (folder / "acts.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in older))
    assert why(folder)["acts.jsonl"] == DECISIONS


@pytest.mark.parametrize("is_first", [True, False])
def test_rollouts_in_one_file_with_decisions_are_read(folder: Path, acts: bytes, is_first: bool) -> None:
    rollouts = (folder / "runs.jsonl").read_bytes()
    (folder / "acts.jsonl").write_bytes(acts + rollouts if is_first else rollouts + acts)
    assert read(folder) == ["acts.jsonl", "runs.jsonl"]


def test_links_to_folders_and_to_files_that_are_read_are_named(folder: Path) -> None:
    (folder / "a.jsonl").symlink_to("runs.jsonl")
    (folder / "deep").mkdir()
    write(folder / "deep" / "b.jsonl", ROWS)
    (folder / "again").symlink_to("deep")
    assert read(folder) == ["runs.jsonl", "deep/b.jsonl"]
    assert why(folder) == {
        "a.jsonl": "a link to runs.jsonl, which is read",
        "again/": "a link to a folder, not followed",
    }


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom the system refuses")
def test_a_folder_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0)
    assert why(folder) == {"closed/": "a folder that cannot be read (Permission denied)"}


def test_a_folder_that_cannot_be_listed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "closed").mkdir()
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert why(folder) == {"closed/": "a folder that cannot be read (Permission denied)"}


def test_only_the_very_name_of_a_package_file_is_passed_over(folder: Path) -> None:
    write(folder / "my_package.json", ROWS)
    (folder / "package.json").write_text("{}")
    assert read(folder) == ["my_package.json", "runs.jsonl"]
    assert why(folder) == {"package.json": "a package file, not rollouts"}


def test_a_name_that_is_nearly_too_long_is_read(folder: Path) -> None:
    name = "x" * 240 + ".jsonl"
    write(folder / name, ROWS)
    assert read(folder) == ["runs.jsonl", name]


def test_pipes_and_devices_named_like_manifests_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "runs.jsonl.manifest.json")
    os.mkfifo(folder / ".runs.jsonl.manifest.json.tmp-0badcafe")
    assert read(folder) == ["runs.jsonl"]
    assert why(folder) == {
        ".runs.jsonl.manifest.json.tmp-0badcafe": "not a regular file",
        "runs.jsonl.manifest.json": "not a regular file",
    }


def test_what_a_pattern_matches_and_is_no_file_is_named(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "read").mkdir()
    write(folder / "read" / "b.jsonl", ROWS)
    os.mkfifo(folder / "pipe")
    assert [(file.name, file.why) for file in passed_over([f"{folder}/*"])] == [
        ("pipe", "not a regular file"),
        ("read/", "a folder that a pattern matches is read only when it is given by name"),
        ("sub/", "a folder that a pattern matches is read only when it is given by name"),
    ]
    assert [file.name for file in passed_over([f"{folder}/**"])] == ["pipe", "sub/"]


def test_check_lists_every_file_by_reason_however_many_there_are(folder: Path) -> None:
    for n in range(1200):
        (folder / f"{n:04}.txt").touch()
    (folder / "z.csv").touch()
    found = call("check", folder, "--json").json
    assert (found["n_passed_over"], len(found["passed_over"])) == (1201, 1000)
    assert found["passed_over_by_reason"] == [
        {
            "reason": "a file ending in .txt is read only when it is given by name",
            "n_files": 1200,
            "names": ["0000.txt", "0001.txt", "0002.txt", "0003.txt", "0004.txt"],
        },
        {"reason": "a file ending in .csv is read only when it is given by name", "n_files": 1, "names": ["z.csv"]},
    ]
    assert call("check", folder).out.splitlines()[-3:-1] == [
        "skipped: 0000.txt, 0001.txt, 0002.txt, 0003.txt, 0004.txt and 1,195 more "
        "(a file ending in .txt is read only when it is given by name)",
        "skipped: z.csv (a file ending in .csv is read only when it is given by name)",
    ]


def test_every_name_in_a_folder_is_a_source_or_passed_over_once(folder: Path) -> None:
    export(folder, "--split", "validation=0.3", "--card", "README.md", "--report", "rows.jsonl")
    for name in ("stray.manifest.json", "runs.train.jsonl", ".hidden", "a b.json", "deep/x.json.gz", "deep/.y.jsonl"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}\n")
    below = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    assert sorted([*read(folder), *why(folder)]) == below


def test_the_first_names_of_every_reason_are_given_with_how_many_there_are(folder: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv"):
        (folder / name).touch()
    assert [(one.reason, one.n_files, one.names) for one in by_reason(passed_over([folder]))] == [
        ("a file ending in .txt is read only when it is given by name", 2, ("a.txt", "b.txt")),
        ("a file ending in .csv is read only when it is given by name", 1, ("c.csv",)),
    ]


def test_a_manifest_of_ours_takes_out_what_it_names_by_size_whoever_wrote_it(folder: Path) -> None:
    """A forged manifest can hide a file from the sources, never from the list."""
    content = json.loads(manifest.path_of(export(folder)).read_bytes())
    content.update(file="runs.jsonl", size_bytes=(folder / "runs.jsonl").stat().st_size)
    (folder / "runs.jsonl.manifest.json").write_text(json.dumps(content))
    write(folder / "more.jsonl", ROWS)
    assert read(folder) == ["more.jsonl"]
    assert why(folder)["runs.jsonl"] == AN_EXPORT


@pytest.mark.parametrize("named", [[".hidden.jsonl", ".old", "sft.jsonl"], [".h*", ".old", "s*l"]])
def test_what_is_named_beside_its_folder_is_read_and_not_passed_over(folder: Path, named: list[str]) -> None:
    export(folder)
    write(folder / ".hidden.jsonl", [gym("Hidden?", "yes", 1)])
    (folder / ".old").mkdir()
    write(folder / ".old" / "old.jsonl", [gym("Old?", "yes", 1)])
    paths = [folder, *(folder / name for name in named)]
    assert {found.path.name for found in find(paths)} == {"runs.jsonl", ".hidden.jsonl", "old.jsonl", "sft.jsonl"}
    assert [file.name for file in passed_over(paths)] == ["w/sft.jsonl.manifest.json"]


def test_what_is_reached_from_two_folders_is_told_once(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "notes.txt").touch()
    write(folder / "sub" / "more.jsonl", ROWS)
    assert [file.name for file in passed_over([folder, folder / "sub", folder.parent / "w" / "sub"])] == [
        "w/sub/notes.txt"
    ]
