"""A file that this program did not write, or that was changed since, is replaced only by who says so."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from making import call, exported, gym, rows_of, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import ExportError, FileInTheWay
from rollout_curator.export import Settings, export
from rollout_curator.files import atomic as base
from rollout_curator.files import manifest
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace

ROWS = [gym(f"Question {n} about {n * 7919}?", f"answer {n}", n / 20, task_id=n) for n in range(20)]
MINE = b"a human's work\n"
EVERYTHING = (
    *("--split", "validation=0.2", "--card", "README.md", "--report", "rows.jsonl"),
    *("--min-reward", "0.05", "--with-control", "1"),
)
ALL_FILES = (
    "sft.train.jsonl",
    "sft.validation.jsonl",
    "rows.jsonl",
    "README.md",
    "sft.jsonl.manifest.json",
    "sft.control.train.jsonl",
    "sft.control.validation.jsonl",
    "sft.control.jsonl.manifest.json",
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file of twenty rollouts."""
    return write(tmp_path / "runs.jsonl", ROWS)


@pytest.fixture
def workspace(source: Path) -> Workspace:
    return Workspace.open([source])


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but locks, with its bytes."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".lock"}


# Whoever's file it is


@pytest.mark.parametrize("name", ALL_FILES)
def test_no_file_of_an_export_replaces_one_of_somebody_else(source: Path, tmp_path: Path, name: str) -> None:
    (out := tmp_path / "out").mkdir()
    (out / name).write_bytes(MINE)
    ran = call("export", source, "--out", out / "sft.jsonl", *EVERYTHING)
    assert (ran.code, ran.out, state(out)) == (2, "", {name: MINE})
    assert ran.err == (
        f"rollout-curator: {out / name}: was not written by rollout-curator, so it is not overwritten; "
        "nothing was written: choose another file, or add --overwrite\n"
    )


@pytest.mark.parametrize("name", ALL_FILES)
def test_with_overwrite_it_is_replaced_and_told(source: Path, tmp_path: Path, name: str) -> None:
    (out := tmp_path / "out").mkdir()
    (out / name).write_bytes(MINE)
    ran = call("export", source, "--out", out / "sft.jsonl", *EVERYTHING, "--overwrite")
    assert (ran.code, sorted(state(out))) == (0, sorted(ALL_FILES))
    assert MINE not in state(out).values()
    assert f"{name} was overwritten: it was not written by rollout-curator." in ran.out


def test_several_files_are_told_in_one_sentence(source: Path, tmp_path: Path) -> None:
    for name in ("sft.train.jsonl", "README.md"):
        (tmp_path / name).write_bytes(MINE)
    ran = call("export", source, "--out", tmp_path / "sft.jsonl", *EVERYTHING)
    assert ran.err == (
        f"rollout-curator: {tmp_path / 'sft.train.jsonl'} (was not written by rollout-curator), "
        f"{tmp_path / 'README.md'} (was not written by rollout-curator): are not overwritten; "
        "nothing was written: choose another file, or add --overwrite\n"
    )


def test_a_parquet_file_of_somebody_else_is_not_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "sft.parquet").write_bytes(MINE)
    ran = call("export", source, "--out", tmp_path / "sft.parquet", "--as", "parquet")
    assert (ran.code, (tmp_path / "sft.parquet").read_bytes()) == (2, MINE)


def test_a_source_is_not_replaced_for_anything(source: Path) -> None:
    before = source.read_bytes()
    ran = call("export", source, "--out", source, "--overwrite")
    assert (ran.code, source.read_bytes(), "is a source file" in ran.err) == (2, before, True)


def test_an_empty_file_is_somebody_s_too(source: Path, tmp_path: Path) -> None:
    (tmp_path / "sft.jsonl").touch()
    assert call("export", source, "--out", tmp_path / "sft.jsonl").code == 2


def test_the_file_of_another_export_is_asked_for(source: Path, tmp_path: Path) -> None:
    call("export", source, "--out", tmp_path / "a.jsonl", "--card", "README.md")
    ran = call("export", source, "--out", tmp_path / "b.jsonl", "--card", "README.md")
    assert (ran.code, "README.md: is of another export, a.jsonl.manifest.json, so it is" in ran.err) == (2, True)
    assert call("verify", tmp_path / "a.jsonl.manifest.json").code == 0


def test_an_export_made_again_from_its_manifest_replaces_nothing_of_others(source: Path, tmp_path: Path) -> None:
    call("export", source, "--out", tmp_path / "sft.jsonl")
    (tmp_path / "again.jsonl").write_bytes(MINE)
    again = ("export", "--recipe", tmp_path / "sft.jsonl.manifest.json", "--out", tmp_path / "again.jsonl")
    assert (call(*again).code, (tmp_path / "again.jsonl").read_bytes()) == (2, MINE)
    assert call(*again, "--overwrite").code == 0
    assert call(*again).code == 0


# Our own


def test_an_export_replaces_its_own_of_before_whatever_was_chosen(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    assert call("export", source, "--out", out, *EVERYTHING).code == 0
    assert call("export", source, "--out", out, *EVERYTHING, "--min-reward", "0.3").code == 0
    assert call("verify", tmp_path / "sft.jsonl.manifest.json").code == 0


def test_parts_of_an_earlier_export_to_the_same_file_are_still_ours(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    split = ("export", source, "--out", out, "--split", "validation=0.2")
    assert [call(*split).code, call("export", source, "--out", out).code, call(*split).code] == [0, 0, 0]


@pytest.mark.parametrize("name", ["sft.train.jsonl", "sft.validation.jsonl", "rows.jsonl", "README.md"])
@pytest.mark.parametrize("is_longer", [True, False])
def test_an_export_edited_by_hand_is_asked_for(source: Path, tmp_path: Path, name: str, is_longer: bool) -> None:
    export_all = ("export", source, "--out", tmp_path / "sft.jsonl", *EVERYTHING)
    assert call(*export_all).code == 0
    text = (tmp_path / name).read_bytes()
    edited = text + b"\n" if is_longer else text.replace(b"e", b"3", 1)
    (tmp_path / name).write_bytes(edited)
    ran = call(*export_all)
    assert (ran.code, (tmp_path / name).read_bytes()) == (2, edited)
    assert f"{name}: was changed since rollout-curator wrote it, so it is not overwritten" in ran.err
    assert call(*export_all, "--overwrite").code == 0


def killed(source: Path, out: Path, n_renames: int, monkeypatch: pytest.MonkeyPatch, *argv: object) -> None:
    """Export in a child that dies by itself, as by kill -9, after so many renames."""
    rename, done = os.replace, []

    def replace(here: Any, there: Any) -> None:
        is_of_export = Path(there).parent == out.resolve().parent
        if is_of_export and len(done) == n_renames:
            os._exit(9)
        rename(here, there)
        done.extend([there] * is_of_export)

    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        return
    monkeypatch.setattr(os, "replace", replace)
    call("export", source, "--out", out, *argv)
    os._exit(1)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@needs_fork
@pytest.mark.parametrize("n_renames", range(5))
@pytest.mark.parametrize("had_one", [True, False])
def test_after_a_kill_between_any_two_renames_the_next_export_asks_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_renames: int, had_one: bool
) -> None:
    (out := tmp_path / "out").mkdir()
    options = EVERYTHING[:-2]
    if had_one:
        assert call("export", source, "--out", out / "sft.jsonl", *options, "--min-reward", "0.5").code == 0
    killed(source, out / "sft.jsonl", n_renames, monkeypatch, *options)
    assert call("export", source, "--out", out / "sft.jsonl", *options, "--min-reward", "0.2").code == 0
    assert sorted(state(out)) == sorted(ALL_FILES[:5])
    assert call("verify", out / "sft.jsonl.manifest.json").code == 0


@needs_fork
def test_kill_after_kill_keeps_the_account_of_what_is_ours(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out := tmp_path / "out").mkdir()
    for n_renames, least in ((3, 0.1), (2, 0.2), (1, 0.3), (0, 0.4), (0, 0.5)):
        killed(source, out / "sft.jsonl", n_renames, monkeypatch, *EVERYTHING[:-2], "--min-reward", least)
    assert call("export", source, "--out", out / "sft.jsonl", *EVERYTHING[:-2]).code == 0
    assert sorted(state(out)) == sorted(ALL_FILES[:5])


def test_a_record_is_kept_while_it_tells_of_a_file_and_no_longer(source: Path, tmp_path: Path) -> None:
    (out := tmp_path / "out").mkdir()
    parts = ("export", source, "--out", out / "sft.jsonl", "--split", "validation=0.2")
    whole = ("export", source, "--out", out / "sft.jsonl")
    for command in (parts, whole, whole, whole):
        assert call(*command).code == 0
    assert len([name for name in state(out) if ".manifest.json.tmp-" in name]) == 1
    for name in ("sft.train.jsonl", "sft.validation.jsonl"):
        (out / name).unlink()
    assert call(*whole).code == 0
    assert sorted(state(out)) == ["sft.jsonl", "sft.jsonl.manifest.json"]


@needs_fork
def test_what_is_edited_after_a_kill_is_asked_for(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "sft.jsonl"
    killed(source, out, 1, monkeypatch)
    out.write_bytes(out.read_bytes().replace(b"e", b"3", 1))
    ran = call("export", source, "--out", out)
    assert (ran.code, "was changed since rollout-curator wrote it" in ran.err) == (2, True)


def test_an_interrupt_between_two_renames_leaves_what_tells_that_the_file_is_ours(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "sft.jsonl", os.replace

    def replace(here: Any, there: Any) -> None:
        if str(there).endswith(".json"):
            raise KeyboardInterrupt
        rename(here, there)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", replace)
        exported(workspace, Recipe(), out)
    assert exported(workspace, Recipe(min_reward=0.5), out).rows == 10
    assert sorted(state(tmp_path)) == ["runs.jsonl", "sft.jsonl", "sft.jsonl.manifest.json"]


# Races


@pytest.mark.parametrize("name", ["sft.jsonl", "sft.jsonl.manifest.json", "README.md", "rows.jsonl"])
def test_a_file_that_comes_while_an_export_is_written_is_not_replaced(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    steps = export(workspace, Recipe(), tmp_path / "sft.jsonl", Settings("README.md", report="rows.jsonl"))
    next(steps)
    (tmp_path / name).write_bytes(MINE)
    with pytest.raises(FileInTheWay):
        list(steps)
    assert state(tmp_path) == {name: MINE, "runs.jsonl": (tmp_path / "runs.jsonl").read_bytes()}


def test_an_edit_while_an_export_is_written_is_not_lost(workspace: Workspace, tmp_path: Path) -> None:
    out = exported(workspace, Recipe(), tmp_path / "sft.jsonl").path
    steps = export(workspace, Recipe(min_reward=0.5), out)
    next(steps)
    edited = out.read_bytes().replace(b"e", b"3", 1)
    out.write_bytes(edited)
    with pytest.raises(FileInTheWay, match="was changed since rollout-curator wrote it"):
        list(steps)
    assert out.read_bytes() == edited


def test_what_was_agreed_to_covers_the_files_that_were_named_alone(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    out.write_bytes(MINE)
    settings = Settings("README.md", agreed=frozenset({out}))
    steps = export(workspace, Recipe(), out, settings)
    next(steps)
    (tmp_path / "README.md").write_bytes(MINE)
    with pytest.raises(FileInTheWay) as refused:
        list(steps)
    assert (refused.value.paths, out.read_bytes()) == ((tmp_path / "README.md",), MINE)
    (tmp_path / "README.md").unlink()
    list(export(workspace, Recipe(), out, settings))
    assert len(rows_of(out)) == 20


def test_the_refusal_comes_before_any_rollout_is_read(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sft.jsonl").write_bytes(MINE)
    monkeypatch.setattr(Workspace, "select", lambda *_: pytest.fail("work began"))
    with pytest.raises(FileInTheWay):
        next(export(workspace, Recipe(), tmp_path / "sft.jsonl"))


def test_only_what_an_export_left_is_swept(tmp_path: Path) -> None:
    for name in (".sft.jsonl.tmp-0badcafe", ".sft.jsonl.tmp-notes", ".sft.jsonl.tmp-0badcafe.txt"):
        (tmp_path / name).write_bytes(MINE)
    with base.publish(tmp_path / "sft.jsonl"):
        pass
    assert sorted(state(tmp_path)) == [".sft.jsonl.tmp-0badcafe.txt", ".sft.jsonl.tmp-notes", "sft.jsonl"]


# Other verbs


def decide(source: Path, row: int, verdict: str = "reject") -> None:
    """Keep a decision on a rollout in the store beside its file."""
    with Decisions.open(source.parent / "curation.sqlite") as store:
        opened = Workspace.open([source])
        store.record([Entry(opened.key(row), verdict, reviewer="ann")])
        opened.close()


def test_decisions_export_replaces_no_file_of_somebody_else(source: Path, tmp_path: Path) -> None:
    decide(source, 1)
    out = tmp_path / "acts.jsonl"
    out.write_bytes(MINE)
    ran = call("decisions", "export", source, "--out", out)
    assert (ran.code, out.read_bytes()) == (2, MINE)
    assert ran.err == (
        f"rollout-curator: {out}: contains lines that are not in the new one, so it is not overwritten; "
        "nothing was written: choose another file, or add --overwrite\n"
    )
    assert call("decisions", "export", source, "--out", out, "--overwrite").code == 0


def test_decisions_export_replaces_what_it_wrote_before_and_nothing_a_colleague_wrote(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "acts.jsonl"
    decide(source, 1)
    assert call("decisions", "export", source, "--out", out).code == 0
    decide(source, 2)
    assert call("decisions", "export", source, "--out", out).code == 0
    assert len(rows_of(out)) == 2
    shutil.move(source.parent / "curation.sqlite", tmp_path / "elsewhere")
    decide(source, 3)
    assert call("decisions", "export", source, "--out", out).code == 2
    assert len(rows_of(out)) == 2


def test_decisions_export_does_not_replace_a_training_file(source: Path, tmp_path: Path) -> None:
    decide(source, 1)
    assert call("export", source, "--out", tmp_path / "sft.jsonl").code == 0
    assert call("decisions", "export", source, "--out", tmp_path / "sft.jsonl").code == 2
    assert call("verify", tmp_path / "sft.jsonl.manifest.json").code == 0


def test_an_export_does_not_replace_decisions_that_were_given_out(source: Path, tmp_path: Path) -> None:
    decide(source, 1)
    assert call("decisions", "export", source, "--out", tmp_path / "acts.jsonl").code == 0
    assert call("export", source, "--out", tmp_path / "acts.jsonl").code == 2


def test_disagreements_replace_no_file_of_somebody_else(source: Path, tmp_path: Path) -> None:
    decide(source, 19)
    out = tmp_path / "differ.jsonl"
    review = ("review", source, "--min-reward", "0.5", "--disagreements", out)
    out.write_bytes(MINE)
    assert (call(*review).code, out.read_bytes()) == (2, MINE)
    assert call(*review, "--overwrite").code == 0
    assert call(*review).code == 0
    out.write_bytes(out.read_bytes().replace(b"ann", b"bob"))
    assert call(*review).code == 2


def test_a_backup_replaces_no_file(source: Path, tmp_path: Path) -> None:
    decide(source, 1)
    (tmp_path / "copy.sqlite").write_bytes(MINE)
    with Decisions.open(source.parent / "curation.sqlite") as store, pytest.raises(Exception, match="exists already"):
        store.backup(tmp_path / "copy.sqlite")
    assert (tmp_path / "copy.sqlite").read_bytes() == MINE


def test_a_link_is_judged_by_the_file_it_leads_to(source: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs.jsonl").write_bytes(MINE)
    (tmp_path / "sft.jsonl").symlink_to("theirs.jsonl")
    assert (call("export", source, "--out", tmp_path / "sft.jsonl").code) == 2
    assert (tmp_path / "theirs.jsonl").read_bytes() == MINE


def test_a_manifest_that_only_looks_like_one_proves_nothing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    out.write_bytes(MINE)
    claim = {"tool": "rollout-curator", "schema": 1, "file": out.name, "size_bytes": 15, "sha256": "0" * 64}
    manifest.path_of(out).write_text(json.dumps(claim))
    ran = call("export", source, "--out", out)
    assert (ran.code, "(was not written by rollout-curator): are not overwritten" in ran.err) == (2, True)


def test_the_error_is_one_that_every_caller_of_an_export_expects() -> None:
    assert issubclass(FileInTheWay, ExportError)
