"""The export and its check: what is written is what was shown, and a manifest holds until something changes."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from loaders import nemo_rl_accepts_file
from making import CHECKOUT, SAMPLE_DATA, SHARED_ROLLOUTS, call, environment, exported, gym, rows_of, said, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import ExportError, ManifestError, SourceChanged, SourceError
from rollout_curator.export import Exported, export, verify
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace

CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"n": 18446744073709551616}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
DEEP = json.loads("[" * 300 + "]" * 300)
EIGHT = [gym(answer=f"answer {n}", reward=n / 8, task_id=n) for n in range(8)]


def opened(tmp_path: Path, lines: list[Any] | None = None) -> Workspace:
    """Open one source, by default with rewards 0, 0.125, ... 0.875, and a review store."""
    source = write(tmp_path / "rollouts.jsonl", EIGHT if lines is None else lines)
    return Workspace.open([source], decisions=Decisions.open(tmp_path / "curation.sqlite"))


def decide(workspace: Workspace, verdict: str, *rows: int) -> None:
    assert workspace.decisions
    workspace.decisions.record([Entry(workspace.key(row), verdict) for row in rows])


def preview(workspace: Workspace, recipe: Recipe) -> bytes:
    """Return what the app shows for every kept row, one after the other."""
    plan = recipes.plan(recipe)
    kept = workspace.select(recipe).rows_of("kept")
    return b"".join(workspace.training_line(int(r), plan).text for r in kept)


def failing(manifest: Path) -> list[str]:
    """Return the claims that do not hold."""
    return [check.claim for check in verify(manifest) if not check.holds]


def folder(path: Path) -> list[str]:
    """Return what lies beside an export, without the lock that may stay."""
    return sorted(name for name in os.listdir(path) if not name.endswith(".lock"))


# What is written

RECIPES = [
    Recipe(),
    Recipe(min_reward=0.5, options={"reasoning": "field"}, metadata=("reward", "source", "line", "task", "agent")),
    Recipe(options={"reasoning": "inline", "think": "qwen", "arguments": "string"}, keep=("truncated", "masked")),
    Recipe(format="flat", min_reward=0.0),
    Recipe(options={"inline_think": "split", "trailing": "skip"}),
    Recipe(target="gym"),
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_file_holds_exactly_what_the_preview_shows(tmp_path: Path, recipe: Recipe) -> None:
    workspace = Workspace.open([SAMPLE_DATA])
    done = exported(workspace, recipe, tmp_path / "sft.jsonl")
    assert done.path.read_bytes() == preview(workspace, recipe)
    assert done.rows == workspace.funnel(recipe).exportable


@pytest.mark.shared
@pytest.mark.parametrize("recipe", RECIPES)
def test_the_file_of_real_rollouts_holds_exactly_what_the_preview_shows(
    shared_folder: Path, tmp_path: Path, recipe: Recipe
) -> None:
    workspace = Workspace.open([SHARED_ROLLOUTS])
    done = exported(workspace, recipe, tmp_path / "sft.jsonl")
    assert done.path.read_bytes() == preview(workspace, recipe)
    assert done.rows == workspace.funnel(recipe).exportable
    assert failing(done.manifest_path) == []


@pytest.mark.parametrize("recipe", [*RECIPES[:2], RECIPES[3], RECIPES[4]])
def test_nemo_rl_loads_what_is_written_for_it(tmp_path: Path, recipe: Recipe) -> None:
    if recipe.options.get("reasoning") != "field":
        recipe = replace(recipe, drop=("image",))
    done = exported(Workspace.open([SAMPLE_DATA]), replace(recipe, drop=("image",)), tmp_path / "sft.jsonl")
    assert nemo_rl_accepts_file(done.path) is None


@pytest.mark.shared
def test_nemo_rl_loads_real_rollouts_without_media(shared_folder: Path, tmp_path: Path) -> None:
    recipe = Recipe(drop=("image", "audio", "video"))
    done = exported(Workspace.open([SHARED_ROLLOUTS]), recipe, tmp_path / "sft.jsonl")
    assert nemo_rl_accepts_file(done.path) is None


def test_a_row_is_this_line(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, [gym("2+2?", "4.")]), Recipe(metadata=("reward", "line")), tmp_path / "sft.jsonl")
    assert done.path.read_bytes() == (
        b'{"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"4."}],"reward":1.0,"line":1}\n'
    )


def test_flat_rows_have_exactly_role_and_content_and_both_are_text(tmp_path: Path) -> None:
    done = exported(Workspace.open([SAMPLE_DATA]), Recipe(format="flat"), tmp_path / "sft.jsonl")
    shapes = {
        (tuple(row), tuple(message), *map(type, message.values()))
        for row in rows_of(done.path)
        for message in row["messages"]
    }
    assert shapes == {(("messages",), ("role", "content"), str, str)}


def test_metadata_stand_on_every_row_alike(tmp_path: Path) -> None:
    recipe = Recipe(metadata=("reward", "key"))
    done = exported(opened(tmp_path, [gym(), gym(reward=None)]), recipe, tmp_path / "sft.jsonl")
    assert [(list(row), row["reward"]) for row in rows_of(done.path)] == [
        (["messages", "reward", "key"], 1.0),
        (["messages", "reward", "key"], None),
    ]


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(target="gym"), Recipe(format="flat")])
def test_every_line_reads_the_same_with_two_parsers(tmp_path: Path, recipe: Recipe) -> None:
    done = exported(Workspace.open([SAMPLE_DATA]), recipe, tmp_path / "sft.jsonl")
    lines = done.path.read_bytes().splitlines(keepends=True)
    assert [orjson.loads(line) for line in lines] == [json.loads(line) for line in lines]
    assert len(lines) == done.rows


def test_a_line_separator_of_unicode_does_not_end_a_row(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, [gym(answer="a\u2028b\x85c")]), Recipe(), tmp_path / "sft.jsonl")
    assert done.path.read_bytes().count(b"\n") == 1
    assert rows_of(done.path)[0]["messages"][1]["content"] == "a\u2028b\x85c"


def test_half_a_surrogate_pair_that_is_kept_is_written_as_it_was_read(tmp_path: Path) -> None:
    workspace = opened(tmp_path, [gym(answer="\ud83d"), gym()])
    assert workspace.funnel(Recipe()).as_json()["dropped"] == {"half_surrogate": 1}
    done = exported(workspace, Recipe(keep=("half_surrogate",)), tmp_path / "sft.jsonl")
    assert rows_of(done.path)[0]["messages"][1]["content"] == "\ud83d"
    assert failing(done.manifest_path) == []


def test_an_integer_beyond_64_bits_in_arguments_stays_exact(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, [gym(output=[CALL, RESULT, said("done")])]), Recipe(), tmp_path / "sft.jsonl")
    call_made = json.loads(done.path.read_bytes())["messages"][1]["tool_calls"][0]
    assert call_made["function"]["arguments"] == {"n": 18446744073709551616}


def test_metadata_of_a_line_that_are_nested_300_deep_do_not_stop_its_export(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, [gym(extra=DEEP)]), Recipe(), tmp_path / "sft.jsonl")
    assert done.rows == 1


def test_a_source_whose_name_is_not_utf8_is_exported_and_verified(tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"r\xff.jsonl")
    write(source, EIGHT)
    done = exported(Workspace.open([source]), Recipe(metadata=("source",)), tmp_path / "sft.jsonl")
    assert failing(done.manifest_path) == []


def test_nothing_kept_is_one_sentence_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(ExportError) as refused:
        exported(opened(tmp_path), Recipe(min_reward=2), tmp_path / "sft.jsonl")
    assert str(refused.value) == (
        f"{tmp_path / 'sft.jsonl'}: nothing to write: 0 kept, 8 dropped: 8 below 2;"
        " lower the threshold or choose another recipe"
    )
    assert "sft.jsonl" not in folder(tmp_path)


def test_the_longest_example_stands_in_the_config(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, [gym("1" * 100, "2" * 40_000)]), Recipe(), tmp_path / "sft.jsonl")
    assert "about 40,110 tokens" in done.config


def test_the_config_says_the_steps_of_what_was_written(tmp_path: Path) -> None:
    lines = [gym(f"What is {n}+2?", f"It is {n + 2}.") for n in range(70)]
    done = exported(opened(tmp_path, lines), Recipe(), tmp_path / "sft.jsonl")
    assert "  train_global_batch_size: 32\n" in done.config
    assert "  max_num_epochs: 1\n" in done.config
    assert "  max_num_steps: 2\n" in done.config


def test_the_command_that_is_shown_writes_the_same_file(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    decide(workspace, "reject", 7)
    decide(workspace, "accept", 0)
    recipe = Recipe(
        min_reward=0.3, options={"joiner": " \n'", "keep_strict": True}, drop=("image",), metadata=("key", "line")
    )
    done = exported(workspace, recipe, tmp_path / "sft.jsonl")
    first = done.path.read_bytes(), done.manifest_path.read_bytes()
    done.path.unlink()
    script = done.command.replace("rollout-curator", f"{sys.executable} -m rollout_curator.cli.main", 1)
    subprocess.run(script, shell=True, check=True, env=environment(), capture_output=True)
    assert (done.path.read_bytes(), done.manifest_path.read_bytes()) == first


# The same again


def written(tmp_path: Path, name: str, order: list[int]) -> tuple[bytes, bytes]:
    """Export with rows rejected in this order, each by another person, into a folder of its own."""
    out = tmp_path / name
    out.mkdir()
    store = Decisions.open(out / "curation.sqlite")
    workspace = Workspace.open([tmp_path / "rollouts.jsonl"], decisions=store)
    for row in order:
        store.record([Entry(workspace.key(row), "reject", reviewer=f"{name} {row}")])
    done = exported(workspace, Recipe(min_reward=0.2), out / "sft.jsonl")
    return done.path.read_bytes(), done.manifest_path.read_bytes()


def test_the_order_and_the_authors_of_decisions_change_no_byte(tmp_path: Path) -> None:
    opened(tmp_path)
    assert written(tmp_path, "a", [5, 3, 7]) == written(tmp_path, "b", [7, 5, 3])


def test_a_second_export_gives_the_same_bytes(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    first = exported(workspace, Recipe(), tmp_path / "sft.jsonl").manifest_path.read_bytes()
    again = exported(workspace, Recipe(), tmp_path / "sft.jsonl").manifest_path.read_bytes()
    assert first == again


@pytest.mark.parametrize("target", ["nemo_rl", "gym"])
def test_the_seed_of_hashes_changes_no_byte(tmp_path: Path, target: str) -> None:
    program = (
        "import sys; from making import *; from rollout_curator.files import manifest\n"
        "out = Path(sys.argv[1]); cache = out.parent / ('cache' + sys.argv[2])\n"
        "workspace = Workspace.open([SAMPLE_DATA], cache)\n"
        "done = exported(workspace, Recipe(target=sys.argv[3], drop=('image', 'no_user')), out)\n"
        "print(done.sha256, manifest.sha256_of(done.manifest_path))\n"
    )
    path = f"{CHECKOUT / 'components'}:{CHECKOUT / 'tests'}"
    said_by = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "sft.jsonl"), seed, target],
            env=environment(PYTHONPATH=path, PYTHONHASHSEED=seed),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said_by[0] == said_by[1]


# The manifest


def test_the_counts_of_a_manifest_add_up(tmp_path: Path) -> None:
    done = exported(Workspace.open([SAMPLE_DATA]), Recipe(min_reward=0.5), tmp_path / "sft.jsonl")
    made = json.loads(done.manifest_path.read_bytes())
    counts = made["counts"]
    assert counts["lines"] == counts["rollouts"] + sum(counts["problems"].values()) + counts["blank"]
    assert counts["rollouts"] == counts["exportable"] + sum(counts["dropped"].values())
    assert counts["exportable"] == made["rows"] == len(done.path.read_bytes().splitlines())
    assert counts["lines"] == sum(source["lines"] for source in made["inputs"])


def test_a_manifest_names_all_that_decided(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    decide(workspace, "reject", 7)
    done = exported(workspace, Recipe(min_reward=0.5), tmp_path / "sft.jsonl")
    made = json.loads(done.manifest_path.read_bytes())
    assert made["recipe"] == {
        "sources": [],
        "min_reward": 0.5,
        "target": "nemo_rl",
        "format": "",
        "options": {},
        "keep": [],
        "drop": [],
        "metadata": [],
    }
    assert (made["file"], made["rows"], made["sha256"]) == ("sft.jsonl", 3, done.sha256)
    assert made["decisions"]["verdicts"] == {workspace.key(7): "reject"}
    assert (made["decisions"]["accepted"], made["decisions"]["rejected"]) == (0, 1)
    assert [source["path"] for source in made["inputs"]] == ["rollouts.jsonl"]


def test_an_accepted_rollout_that_cannot_be_exported_is_still_counted(tmp_path: Path) -> None:
    cut = {"incomplete_details": {"reason": "max_output_tokens"}}
    unclosed = gym(answer="<think>a", response=cut)
    workspace = opened(tmp_path, [gym(), unclosed, gym(answer="5", response=cut)])
    decide(workspace, "accept", 1)
    recipe = Recipe(options={"inline_think": "split", "reasoning": "field"})
    done = exported(workspace, recipe, tmp_path / "sft.jsonl")
    assert done.funnel.as_json()["dropped"] == {"truncated": 1, "unclosed_think": 1}
    assert failing(done.manifest_path) == []


# Verify


@pytest.fixture
def done(tmp_path: Path) -> Exported:
    """Export five of eight, one of them accepted by hand and one rejected."""
    workspace = opened(tmp_path)
    decide(workspace, "reject", 7)
    decide(workspace, "accept", 0)
    return exported(workspace, Recipe(min_reward=0.5), tmp_path / "sft.jsonl")


FILE = "sft.jsonl is the file that was written"
SOURCE = "source rollouts.jsonl is unchanged"
VERDICTS = "verdicts match the counts"
COUNTS = "all counts match"
ROWS = "file content matches sources + recipe"
STORE = "the review store is the one that counted"
AGAIN = "export is reproducible"
NAMES = "source names match their paths"
KINDS = "the files match this export"
STORE = "the review store is the one that counted"


def test_everything_holds_after_an_export(done: Exported) -> None:
    assert [(check.claim, check.holds) for check in verify(done.manifest_path)] == [
        (FILE, True),
        (SOURCE, True),
        (VERDICTS, True),
        (COUNTS, True),
        (NAMES, True),
        (KINDS, True),
        (STORE, True),
        (ROWS, True),
    ]


def test_a_changed_byte_of_the_file_is_found_with_its_row(done: Exported) -> None:
    done.path.write_bytes(done.path.read_bytes().replace(b"answer 5", b"answer X"))
    assert failing(done.manifest_path) == [FILE, ROWS]
    assert verify(done.manifest_path)[-1].detail == "3 of 4 examples are the same, example 3 is the first that differs"


def test_a_row_too_many_is_found(done: Exported) -> None:
    with open(done.path, "ab") as file:
        file.write(b"{}\n")
    assert verify(done.manifest_path)[-1].detail == "4 of 4 examples are the same, example 5 is the first that differs"


def test_a_file_that_is_gone_is_found(done: Exported) -> None:
    done.path.unlink()
    assert failing(done.manifest_path) == [FILE, ROWS]


def test_a_changed_source_is_found_and_named(done: Exported, tmp_path: Path) -> None:
    write(tmp_path / "rollouts.jsonl", [*EIGHT, gym(answer="new")])
    assert failing(done.manifest_path) == [SOURCE, ROWS]


def test_a_source_that_is_gone_is_found_and_named(done: Exported, tmp_path: Path) -> None:
    (tmp_path / "rollouts.jsonl").unlink()
    assert failing(done.manifest_path) == [SOURCE, ROWS]


def edit(path: Path, change: Callable[[Any], object]) -> None:
    made = json.loads(path.read_bytes())
    change(made)
    path.write_text(json.dumps(made))


@pytest.mark.parametrize(
    ("change", "claims"),
    [
        (lambda made: made.update(sha256="0" * 64), [FILE]),
        (lambda made: made.update(size_bytes=1), [FILE]),
        (lambda made: made.update(rows=3), [ROWS]),
        (lambda made: made["counts"].update(lines=9), [COUNTS]),
        (lambda made: made["counts"]["dropped"].update(below=4), [COUNTS]),
        (lambda made: made["counts"].pop("blank"), [COUNTS]),
        (lambda made: made["inputs"][0].update(lines=9), [COUNTS]),
        (lambda made: made["inputs"][0].update(sha256="0" * 64), [SOURCE, ROWS]),
        (lambda made: made["inputs"].clear(), [AGAIN]),
        (lambda made: made["decisions"]["verdicts"].clear(), [VERDICTS, COUNTS, STORE, ROWS]),
        (lambda made: made["decisions"]["verdicts"].update(x="reject"), [VERDICTS, STORE]),
        (lambda made: made["decisions"].update(rejected=2), [COUNTS]),
        (lambda made: made["decisions"].update(sha256=""), [VERDICTS]),
        (lambda made: made["recipe"].update(min_reward=0.6), [COUNTS, ROWS]),
        (lambda made: made["recipe"].update(metadata=["line"]), [ROWS]),
        (lambda made: made["recipe"].update(target="none"), [AGAIN]),
    ],
)
def test_an_edited_manifest_is_found(done: Exported, change: Callable[[Any], object], claims: list[str]) -> None:
    edit(done.manifest_path, change)
    assert failing(done.manifest_path) == claims


def test_data_and_manifest_of_two_exports_do_not_fit_and_the_next_export_heals_them(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path), tmp_path / "sft.jsonl"
    manifest = exported(workspace, Recipe(), out).manifest_path
    before = manifest.read_bytes()
    exported(workspace, Recipe(min_reward=0.5), out)
    manifest.rename(tmp_path / f".{manifest.name}.tmp-0badcafe")  # where a kill leaves it
    manifest.write_bytes(before)
    assert failing(manifest) == [FILE, ROWS]
    exported(workspace, Recipe(min_reward=0.5), out)
    assert failing(manifest) == []


def test_a_folder_moved_as_a_whole_still_holds(done: Exported, tmp_path: Path) -> None:
    moved = tmp_path.parent / f"{tmp_path.name} moved"
    tmp_path.rename(moved)
    assert failing(moved / "sft.jsonl.manifest.json") == []
    moved.rename(tmp_path)


def test_a_folder_reached_by_a_link_holds(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er")
    write(tmp_path / "link" / "rollouts.jsonl", EIGHT)
    workspace = Workspace.open([tmp_path / "link" / "rollouts.jsonl"])
    made = exported(workspace, Recipe(), tmp_path / "link" / "sft.jsonl")
    assert failing(made.manifest_path) == []


def test_names_of_sources_hold_where_an_unreadable_file_lay_among_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    write(tmp_path / "a" / "rollouts.jsonl", EIGHT)
    (tmp_path / "b" / "empty.jsonl").touch()
    workspace = Workspace.open([tmp_path / "a", tmp_path / "b" / "empty.jsonl"])
    made = exported(workspace, Recipe(metadata=("source",)), tmp_path / "sft.jsonl")
    assert rows_of(made.path)[0]["source"] == "a/rollouts.jsonl"
    assert failing(made.manifest_path) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"{",
            "the manifest is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "
            "choose the file that ends in .manifest.json",
        ),
        (
            b"[" * 100_000,
            "the manifest is nested too deeply to be JSON of this program; choose the file that ends in .manifest.json",
        ),
        (b"[]", "is not a manifest of rollout-curator; choose the file that ends in .manifest.json"),
        (
            b'{"tool": "rollout-curator", "schema": 99}',
            "schema 99 is not known here; use the version that wrote it",
        ),
        (
            b'{"tool": "rollout-curator", "schema": 1}',
            "the manifest lacks counts, decisions, file, inputs, recipe, rows, sha256, size_bytes, version;"
            " export again",
        ),
    ],
)
def test_what_is_no_manifest_is_told_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "x.manifest.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError) as refused:
        verify(path)
    assert str(refused.value) == f"{path}: {sentence}"


# What an export refuses


def test_a_source_is_never_overwritten(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    before = (tmp_path / "rollouts.jsonl").read_bytes()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "rollouts.jsonl")
    with pytest.raises(ExportError, match="is a source file and will not be overwritten"):
        exported(workspace, Recipe(), tmp_path / "link.jsonl")
    assert (tmp_path / "rollouts.jsonl").read_bytes() == before


def test_the_review_store_is_never_overwritten(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    with pytest.raises(ExportError, match="is the review store and will not be overwritten"):
        exported(workspace, Recipe(), tmp_path / "curation.sqlite")


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="it is a folder; choose a file in it"):
        exported(opened(tmp_path), Recipe(), tmp_path)


def test_a_missing_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="folder .* does not exist; create it first"):
        exported(opened(tmp_path), Recipe(), tmp_path / "none" / "sft.jsonl")


def test_a_source_that_changed_since_it_was_opened_is_not_exported(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path), tmp_path / "sft.jsonl"
    with open(tmp_path / "rollouts.jsonl", "ab") as file:
        file.write(json.dumps(gym()).encode() + b"\n")
    with pytest.raises(SourceChanged) as refused:
        exported(workspace, Recipe(), out)
    assert str(refused.value) == (
        f"{out}: nothing was written: rollouts.jsonl changed since it was opened; open it again"
    )
    assert "sft.jsonl" not in folder(tmp_path)


def test_a_source_that_changes_during_the_export_leaves_the_old_file(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path), tmp_path / "sft.jsonl"
    exported(workspace, Recipe(min_reward=0.5), out)
    before, names = out.read_bytes(), folder(tmp_path)
    steps = export(workspace, Recipe(), out)
    next(steps)
    os.utime(tmp_path / "rollouts.jsonl", ns=(1, 1))
    with pytest.raises(SourceChanged):
        list(steps)
    assert (out.read_bytes(), folder(tmp_path)) == (before, names)


def test_a_source_that_is_gone_is_told(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    (tmp_path / "rollouts.jsonl").unlink()
    with pytest.raises(SourceError, match="no such file"):
        exported(workspace, Recipe(), tmp_path / "sft.jsonl")


@pytest.mark.parametrize("n_steps", [1, 2])
def test_a_stopped_export_leaves_the_old_file_and_no_litter(tmp_path: Path, n_steps: int) -> None:
    workspace, out = opened(tmp_path, [gym(answer=f"{n}", reward=n) for n in range(600)]), tmp_path / "sft.jsonl"
    exported(workspace, Recipe(min_reward=300), out)
    before, names = out.read_bytes(), folder(tmp_path)
    steps = export(workspace, Recipe(), out)
    for _ in range(n_steps):
        next(steps)
    steps.close()
    assert (out.read_bytes(), folder(tmp_path)) == (before, names)


# Decisions


@pytest.mark.parametrize("seed", range(8))
def test_a_rejected_rollout_never_reaches_an_export(tmp_path: Path, seed: int) -> None:
    workspace, dice = opened(tmp_path), random.Random(seed)
    for _ in range(12):
        decide(workspace, dice.choice(["reject", "reject", "accept", "clear"]), dice.randrange(8))
    assert workspace.decisions
    standing = {key: made.verdict for key, made in workspace.decisions.current().items()}
    rejected = {row for row in range(8) if standing.get(workspace.key(row)) == "reject"}
    accepted = {row for row in range(8) if standing.get(workspace.key(row)) == "accept"}
    threshold = dice.choice([None, 0.25, 0.5])
    rows = {row for row in range(8) if threshold is None or row / 8 >= threshold}
    made = exported(workspace, Recipe(min_reward=threshold, metadata=("line",)), tmp_path / "sft.jsonl")
    assert {row["line"] - 1 for row in rows_of(made.path)} == (rows | accepted) - rejected
    assert failing(made.manifest_path) == []


def test_a_decision_made_during_an_export_belongs_to_the_next_one(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path), tmp_path / "sft.jsonl"
    steps = export(workspace, Recipe(), out)
    next(steps)
    decide(workspace, "reject", 3)
    list(steps)
    assert len(rows_of(out)) == 8
    assert failing(tmp_path / "sft.jsonl.manifest.json") == []
    assert exported(workspace, Recipe(), out).rows == 7


def test_a_decision_of_another_process_counts_in_the_next_export(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    exported(workspace, Recipe(), tmp_path / "sft.jsonl")
    call("decide", tmp_path / "rollouts.jsonl", "--key", workspace.key(2), "--verdict", "reject")
    assert exported(workspace, Recipe(), tmp_path / "sft.jsonl").rows == 7


# Memory

PEAK = r"""
import re, sys
from rollout_curator.cli import main as cli
sys.argv = ["rollout-curator", "export", sys.argv[1], "--out", sys.argv[1] + ".out", "--json"]
try:
    cli.main()
finally:
    print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def peak_kib(source: Path) -> int:
    """Return the peak memory of a process that exports an indexed source.

    Not `ru_maxrss`: that begins with what the parent held when it started the child.
    """
    call("index", source)
    ran = subprocess.run(
        [sys.executable, "-c", PEAK, str(source)], env=environment(), capture_output=True, text=True, check=True
    )
    return int(ran.stderr.split()[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_times_the_file_takes_less_than_a_fifth_more_memory(tmp_path: Path) -> None:
    """The small file is larger than the blocks that are read at once, so that only what grows is seen."""
    text = "the quick brown fox " * 400
    (tmp_path / "small").mkdir()
    (tmp_path / "large").mkdir()
    small = write(tmp_path / "small" / "rollouts.jsonl", (gym(answer=f"{n} {text}") for n in range(1600)))
    large = write(tmp_path / "large" / "rollouts.jsonl", (gym(answer=f"{n} {text}") for n in range(16_000)))
    assert large.stat().st_size > 125_000_000
    assert peak_kib(large) < 1.2 * peak_kib(small)
    large.unlink()
