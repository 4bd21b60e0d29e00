"""The same inputs give the same bytes, from the manifest alone too; what is not selected is never written."""

import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import CHECKOUT, SAMPLE_DATA, call, environment, exported, gym, rows_of, run, said, write
from rollout_curator import __version__
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import SourceChanged, SplitError
from rollout_curator.export import ExportProgress, Settings, export, remake, verify
from rollout_curator.files import manifest
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs import pairing as pairs
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.splits.split_report import sentences
from rollout_curator.selection.strategies import Step
from rollout_curator.sources.find import find
from rollout_curator.workspace.workspace import Workspace


def opened(tmp_path: Path, lines: list[Any], name: str = "curation.sqlite") -> Workspace:
    source = write(tmp_path / "rollouts.jsonl", lines)
    return Workspace.open([source], decisions=Decisions.open(tmp_path / name))


def failing(path: Path) -> list[str]:
    return [check.claim for check in verify(path) if not check.holds]


def sums(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of a folder that an export wrote."""
    return {
        path.name: manifest.sha256_of(path) for path in sorted(folder.iterdir()) if path.suffix in (".jsonl", ".md")
    }


# The same bytes


TASKS = [
    gym(f"Question {n // 4} about {n // 4 * 7919}?", f"answer {n}", n % 4 / 4, _ng_task_index=n // 4) for n in range(60)
]


def test_twenty_exports_with_the_same_inputs_give_one_sha256(tmp_path: Path) -> None:
    """The same verdicts are made in twenty orders, by changing their mind on the way, with one or two processes."""
    write(tmp_path / "rollouts.jsonl", TASKS)
    recipe = Recipe(min_reward=0.25, split=Split(0.2), metadata=("key",))
    verdicts = {row: ("reject", "accept")[row % 2] for row in range(0, 60, 7)}
    found = set()
    for seed in range(20):
        dice, order = random.Random(seed), list(verdicts)
        dice.shuffle(order)
        (tmp_path / "own.sqlite").unlink(missing_ok=True)  # the manifest names the store that counted
        with Decisions.open(tmp_path / "own.sqlite") as store:
            workspace = Workspace.open([tmp_path / "rollouts.jsonl"], decisions=store)
            keys = {row: workspace.key(row) for row in order}
            first = [Entry(keys[row], dice.choice(["reject", "accept", "clear"])) for row in order]
            store.record([*first, *(Entry(keys[row], verdicts[row], reviewer=f"r{seed}") for row in order)])
            workers = 2 if seed in (0, 10) else 1
            *_, done = export(workspace, recipe, tmp_path / "sft.jsonl", Settings(workers=workers))
            found.add((done.sha256, done.files[1]["sha256"], manifest.sha256_of(done.manifest_path)))
    assert len(found) == 1


@pytest.mark.parametrize(
    "recipe", [Recipe(), Recipe(pairs=Pairs("margin")), Recipe(kind="parquet"), Recipe(target="gym")]
)
def test_one_process_or_two_write_the_same_bytes(tmp_path: Path, recipe: Recipe) -> None:
    workspace = Workspace.open([SAMPLE_DATA])
    out = tmp_path / ("sft.parquet" if recipe.kind == "parquet" else "sft.jsonl")
    made = []
    for workers in (1, 2):
        list(export(workspace, recipe, out, Settings(workers=workers)))
        made.append((out.read_bytes(), manifest.path_of(out).read_bytes()))
    assert made[0] == made[1]


PROGRAM = """
import sys; from making import *; from rollout_curator.files import manifest
from rollout_curator.selection.pairs.pairing import Pairs; from rollout_curator.selection.splits.split import Split
from rollout_curator.export import Settings
out = Path(sys.argv[1]); workspace = Workspace.open([SAMPLE_DATA], out.parent / sys.argv[2])
for recipe in (Recipe(split=Split(0.2, 0.1)), Recipe(pairs=Pairs("margin"), split=Split(20))):
    *_, done = export(workspace, recipe, out, Settings(card="card.md"))
    print(*(each["sha256"] for each in done.files), manifest.sha256_of(done.manifest_path))
"""


def test_splits_pairs_and_cards_do_not_depend_on_the_seed_of_hashes(tmp_path: Path) -> None:
    path = f"{CHECKOUT / 'components'}:{CHECKOUT / 'tests'}"
    told = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "sft.jsonl"), seed],
            env=environment(PYTHONPATH=path, PYTHONHASHSEED=seed),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]


def test_the_command_that_is_shown_writes_the_same_files(tmp_path: Path) -> None:
    workspace = opened(tmp_path, TASKS)
    recipe = Recipe(
        pairs=Pairs("margin", 0.3, 2, "trl"), split=Split(10, 4, ("task", "prompt"), 0.9, 7), metadata=("key",)
    )
    *_, done = export(workspace, recipe, tmp_path / "dpo.jsonl", Settings(card="README.md"))
    before = sums(tmp_path)
    for each in done.files:
        (tmp_path / each["file"]).unlink()
    script = done.command.replace("rollout-curator", f"{sys.executable} -m rollout_curator.cli.main", 1)
    subprocess.run(script, shell=True, check=True, env=environment(), capture_output=True)
    assert sums(tmp_path) == before
    assert len(before) == 5


# From the manifest alone


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(min_reward=0.5, metadata=("source", "key"), strategies=(Step("best_of_n", {"n": 1}),)),
        Recipe(split=Split(0.3, 0.2)),
        Recipe(pairs=Pairs("margin", 0.5, format="trl"), split=Split(8)),
    ],
)
def test_an_export_is_made_again_from_its_manifest_alone(tmp_path: Path, recipe: Recipe) -> None:
    workspace = opened(tmp_path, TASKS)
    assert workspace.decisions
    workspace.decisions.record([Entry(workspace.key(3), "reject"), Entry(workspace.key(0), "accept")])
    first = exported(workspace, recipe, tmp_path / "sft.jsonl")
    before = sums(tmp_path)
    workspace.close()
    for path in tmp_path.glob("curation.sqlite*"):
        path.unlink()
    (tmp_path / "far").mkdir()
    ran = call("export", "--recipe", first.manifest_path, "--out", tmp_path / "far" / "sft.jsonl")
    assert (ran.code, "every byte is that of the manifest" in ran.out) == (0, True)
    made = sums(tmp_path / "far")
    assert made == {name: before[name] for name in made}
    assert failing(tmp_path / "far" / "sft.jsonl.manifest.json") == []
    call("export", "--recipe", first.manifest_path, "--out", tmp_path / "sft.jsonl")
    assert sums(tmp_path) == before


def test_a_source_that_changed_is_a_clear_refusal(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, TASKS), Recipe(), tmp_path / "sft.jsonl")
    write(tmp_path / "rollouts.jsonl", TASKS[1:])
    ran = call("export", "--recipe", done.manifest_path, "--out", tmp_path / "again.jsonl")
    assert ran.code == 2
    assert "source rollouts.jsonl is unchanged: it is not (sha256 is" in ran.err
    assert not (tmp_path / "again.jsonl").exists()


@pytest.mark.parametrize("more", [["--min-reward", "0.5"], ["--split", "0.1"], ["rollouts.jsonl"], ["--as", "parquet"]])
def test_a_manifest_takes_no_other_rules(tmp_path: Path, more: list[str]) -> None:
    done = exported(opened(tmp_path, TASKS), Recipe(), tmp_path / "sft.jsonl")
    ran = call("export", *more, "--recipe", done.manifest_path, "--out", tmp_path / "again.jsonl")
    assert (ran.code, "with a manifest as --recipe, give only --out" in ran.err) == (2, True)


def test_bytes_that_cannot_be_had_again_are_told_with_exit_code_1(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, TASKS), Recipe(), tmp_path / "sft.jsonl")
    made = json.loads(done.manifest_path.read_bytes())
    made.update(sha256="0" * 64, version="0.0.1")
    done.manifest_path.write_text(json.dumps(made))
    ran = call("export", "--recipe", done.manifest_path, "--out", tmp_path / "again.jsonl", "--json")
    assert (ran.code, ran.json["same"]) == (1, False)
    assert "written by version 0.0.1, this is" in ran.json["notes"][0]


def test_a_manifest_that_is_broken_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.manifest.json").write_text("{")
    ran = run("export", "--recipe", tmp_path / "x.manifest.json", "--out", tmp_path / "again.jsonl")
    assert (ran.code, ran.err.count("\n"), "the manifest is not JSON" in ran.err) == (2, 1, True)


# Parts, their manifest and their check


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """Return the manifest of an export of three parts."""
    return exported(opened(tmp_path, TASKS), Recipe(split=Split(0.3, 0.2)), tmp_path / "sft.jsonl").manifest_path


def test_the_parts_of_a_split_hold_every_kept_rollout_once(split: Path) -> None:
    made = json.loads(split.read_bytes())
    rows = [row for part in ("train", "validation", "test") for row in rows_of(split.parent / f"sft.{part}.jsonl")]
    assert len(rows) == 60 == sum(part["rows"] for part in made["split"]["parts"].values())
    assert made["split"]["left_out"] == 0
    assert made["file"] == "sft.train.jsonl"
    assert [other["part"] for other in made["others"]] == ["validation", "test"]
    assert made["round_trip"] == {"loader": "nemo_rl", "rows": 60, "same": 60}
    assert failing(split) == []


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_change_in_any_part_is_found_with_its_row(split: Path, part: str) -> None:
    path = split.parent / f"sft.{part}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"answer", b"Answer"), *lines[2:]]))
    claims = [f"sft.{part}.jsonl is the file that was written"]
    claims.append(f"sft.{part}.jsonl: file content matches sources + recipe")
    assert failing(split) == claims
    assert "example 2 is the first that differs" in next(
        check.detail for check in verify(split)[::-1] if not check.holds
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made["split"].update(left_out=3),
        lambda made: made["split"]["parts"]["test"].update(rows=1),
        lambda made: made["split"].update(largest_similarity=0.0001),
        lambda made: made["round_trip"].update(same=59),
        lambda made: made.pop("split"),
    ],
)
def test_an_edited_count_of_a_split_is_found(split: Path, change: Any) -> None:
    made = json.loads(split.read_bytes())
    change(made)
    split.write_text(json.dumps(made))
    assert "all counts match" in failing(split)


@pytest.mark.parametrize(("version", "found"), [("0.0.1", []), (__version__, ["all counts match"])])
def test_words_beside_counts_may_be_those_of_another_version(tmp_path: Path, version: str, found: list[str]) -> None:
    recipe = Recipe(strategies=(Step("drop_copies"),))
    path = exported(opened(tmp_path, TASKS), recipe, tmp_path / "sft.jsonl").manifest_path
    made = json.loads(path.read_bytes())
    made["version"] = version
    assert made["counts"]["dropped_nobody"] == {"strategy-1": "duplicates of another line"}
    made["counts"]["dropped_nobody"] = {"strategy-1": "the words of then"}
    path.write_text(json.dumps(made))
    assert failing(path) == found


def test_a_part_that_the_manifest_no_longer_names_is_found(split: Path) -> None:
    made = json.loads(split.read_bytes())
    made["others"] = [each for each in made["others"] if each["part"] != "validation"]
    split.write_text(json.dumps(made))
    assert failing(split) == ["the files match this export", "validation has a file"]


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_source_whose_name_no_file_can_have_is_missing(split: Path, tmp_path: Path, path: str) -> None:
    made = json.loads(split.read_bytes())
    made["inputs"][0]["path"] = path
    split.write_text(json.dumps(made))
    assert any(claim.startswith("source ") for claim in failing(split))
    with pytest.raises(SourceChanged, match="is missing"):
        list(remake(split, tmp_path / "again.jsonl", tmp_path / "cache"))


def test_the_files_of_a_split_are_no_sources_when_their_folder_is_opened(split: Path) -> None:
    assert [found.path.name for found in find([split.parent])] == ["rollouts.jsonl"]


def test_the_config_names_the_validation_file(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, TASKS), Recipe(split=Split(0.3)), tmp_path / "sft.jsonl")
    assert str(tmp_path / "sft.validation.jsonl") in done.config
    assert "val_period: 0" not in done.config


ONE_FAMILY = "all 4 examples are one family of tied rollouts, and no family is in two splits"
FIFTEEN = "there are 15 families of tied rollouts, the largest with 4 of 60 examples"


@pytest.mark.parametrize(
    ("n_lines", "split", "sentence"),
    [
        (4, Split(0.1), f"nothing left for validation: {ONE_FAMILY}; add rollouts of other tasks"),
        (
            60,
            Split(0.001),
            f"nothing left for validation, a share of 0.001: {FIFTEEN}; use a larger share, a number of examples "
            "(validation=N), or another seed",
        ),
        (
            60,
            Split(3),
            f"nothing left for validation: {FIFTEEN}, and none is left that fits; use a larger number (any family "
            "fits into 4), or group by less",
        ),
        (
            60,
            Split(60),
            f"no training data left: {FIFTEEN}; use smaller splits, group by less (split by, near), or change the seed",
        ),
    ],
)
def test_a_part_that_would_have_no_rows_is_an_error_that_says_why(
    tmp_path: Path, n_lines: int, split: Split, sentence: str
) -> None:
    out = tmp_path / "sft.jsonl"
    with pytest.raises(SplitError) as refused:
        exported(opened(tmp_path, TASKS[:n_lines]), Recipe(split=split), out)
    assert str(refused.value) == f"{out}: {sentence}"
    assert not list(tmp_path.glob("sft.*"))


@pytest.mark.parametrize(
    ("split", "advice", "followed"),
    [
        (Split(0.2), "group by the task alone (split by=task), or add", Split(0.2, by=("task",))),
        (
            Split(0.2, by=("prompt", "near")),
            "group by the task alone (split by=task), or add",
            Split(0.2, by=("task",)),
        ),
        (Split(3), "group by the task alone (split by=task), or add", Split(3, by=("task",))),
    ],
)
def test_where_one_prompt_ties_all_tasks_the_advice_works(
    tmp_path: Path, split: Split, advice: str, followed: Split
) -> None:
    lines = [gym("Begin.", f"answer {n}", _ng_task_index=n) for n in range(40)]
    workspace = opened(tmp_path, lines)
    with pytest.raises(SplitError, match=re.escape(advice)):
        exported(workspace, Recipe(split=split, group_by="source"), tmp_path / "sft.jsonl")
    done = exported(workspace, Recipe(split=followed, group_by="source"), tmp_path / "sft.jsonl")
    assert done.content["split"]["parts"]["validation"]["rows"] > 0


@pytest.mark.parametrize(("asked", "numbers"), [(0.001, "(validation=N, test=N)"), (0, "(test=N)")])
def test_a_number_of_rows_is_advised_for_every_part_since_shares_and_numbers_do_not_mix(
    tmp_path: Path, asked: float, numbers: str
) -> None:
    with pytest.raises(SplitError, match=re.escape(numbers)):
        exported(opened(tmp_path, TASKS), Recipe(split=Split(asked, 0.001)), tmp_path / "sft.jsonl")


def test_a_number_that_any_family_fits_into_is_met(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, TASKS), Recipe(split=Split(4)), tmp_path / "sft.jsonl")
    assert done.content["split"]["parts"]["validation"]["rows"] == 4


def test_a_large_family_and_how_alike_parts_are_is_told_and_stands_in_the_manifest(tmp_path: Path) -> None:
    lines = [*TASKS, *(gym("One question for many", f"{n}", _ng_task_index=99) for n in range(20))]
    done = exported(opened(tmp_path, lines), Recipe(split=Split(0.3)), tmp_path / "sft.jsonl")
    facts = {name: value for name, value in done.content["split"].items() if name not in ("parts", "left_out")}
    assert facts == {
        "families": 16,
        "largest_family": 20,
        "largest_similarity": 0.0,
        "not_compared": 0,
        "prompts": 16,
        "rows": 80,
    }
    assert done.notes[0].endswith(
        "No similar prompts across splits, leaving aside text that many prompts share. The largest "
        "family of tied rollouts has 20 of 80 examples, more than a fifth: it stays in one split, so the sizes of the "
        "splits can be far from those requested."
    )
    assert failing(done.manifest_path) == []


def test_prompts_that_could_not_be_compared_are_told() -> None:
    split = {"largest_similarity": 0.7969, "largest_family": 3, "rows": 90, "not_compared": 40, "prompts": 80}
    assert sentences(split) == [
        "Max prompt similarity across splits: 0.7969, leaving aside text that many prompts share.",
        "The largest family of tied rollouts has 3 of 90 examples.",
        "40 of 80 prompts could not be compared with all that look like them: similar ones among these may be in "
        "different splits.",
    ]


def test_a_file_of_an_earlier_export_that_is_no_part_of_this_one_is_told(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path, TASKS), tmp_path / "sft.jsonl"
    exported(workspace, Recipe(split=Split(0.3, 0.2)), out)
    done = exported(workspace, Recipe(split=Split(0.3)), out)
    assert done.notes[1:] == (
        "sft.test.jsonl also exists but is not part of this export: delete it if it is left over.",
    )
    done = exported(workspace, Recipe(), out)
    assert [note.split()[0] for note in done.notes] == ["sft.test.jsonl", "sft.train.jsonl", "sft.validation.jsonl"]


def test_reading_prompts_for_parts_can_be_stopped(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path, [gym(f"question {n}?") for n in range(1200)]), tmp_path / "sft.jsonl"
    steps = export(workspace, Recipe(split=Split(0.3)), out)
    assert [next(steps) for _ in range(3)] == [ExportProgress(0, 0)] * 3
    steps.close()
    assert not out.exists()


# A cut between data and manifest


def test_a_kill_between_data_and_manifest_is_seen_at_a_glance_and_healed_by_the_next_export(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path, TASKS), tmp_path / "sft.jsonl"
    assert manifest.files_match(out) == ""
    path = exported(workspace, Recipe(split=Split(0.3)), out).manifest_path
    assert manifest.files_match(out) == ""
    before = path.read_bytes()
    exported(workspace, Recipe(min_reward=0.5, split=Split(0.3)), out)
    path.rename(path.with_name(f".{path.name}.tmp-0badcafe"))  # where a kill leaves it
    path.write_bytes(before)
    assert manifest.files_match(out) == "sft.train.jsonl is not the file its manifest was written for"
    assert "sft.train.jsonl is the file that was written" in failing(path)
    exported(workspace, Recipe(min_reward=0.5, split=Split(0.3)), out)
    assert (manifest.files_match(out), failing(path)) == ("", [])
    os.unlink(tmp_path / "sft.validation.jsonl")
    assert manifest.files_match(out) == "sft.validation.jsonl is missing"


# Nothing that is not selected


def dicey(seed: int) -> Recipe:
    """Return a random recipe."""
    dice = random.Random(seed)
    steps = [Step("best_of_n", {"n": 1}), Step("at_most_per_task", {"k": 2}), Step("drop_easy_tasks", {})]
    return Recipe(
        min_reward=dice.choice([None, 0.25, 0.5, 0.75]),
        format=dice.choice(["", "flat"]),
        keep=tuple(dice.sample(["truncated", "masked", "image", "unanswered_tool_call"], dice.randrange(3))),
        drop=tuple(dice.sample(["ends_in_tool_call", "trimmed_tail", "no_user"], dice.randrange(3))),
        strategies=tuple(dice.sample(steps, dice.randrange(3))),
        metadata=("key", "line", "source"),
        split=dice.choice([None, Split(0.2), Split(0.2, 0.2, seed=seed), Split(12)]),
        pairs=dice.choice([None, None, Pairs(), Pairs("margin", 0.3)]),
        target=dice.choice(["nemo_rl", "nemo_rl", "gym"]),
    )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("d")
    workspace = Workspace.open([SAMPLE_DATA], decisions=Decisions.open(folder / "d.sqlite"))
    assert workspace.decisions
    dice = random.Random(0)
    rows = dice.sample(range(workspace.n_rollouts), 60)
    workspace.decisions.record([Entry(workspace.key(row), dice.choice(["accept", "reject"])) for row in rows])
    return workspace


@pytest.mark.parametrize("seed", range(16))
def test_no_rollout_that_is_not_selected_appears_and_counts_add_up(
    sample: Workspace, tmp_path: Path, seed: int
) -> None:
    recipe = dicey(seed)
    done = exported(sample, recipe, tmp_path / "sft.jsonl")
    kept = {sample.key(int(row)) for row in sample.select(recipe).rows_of("kept")}
    rejected = {key for key, verdict in sample.current_verdicts().items() if verdict == "reject"}
    rows = [row for each in done.files for row in rows_of(tmp_path / each["file"])]
    name = "key" if recipe.pairs is None else "chosen_key"
    written = [row[name] for row in rows]
    assert set(written) <= kept - rejected
    counts, content = done.funnel.as_json(), done.content
    assert counts["lines"] == counts["rollouts"] + sum(counts["problems"].values()) + counts["blank"]
    assert counts["rollouts"] == counts["exportable"] + sum(counts["dropped"].values())
    left_out = content["split"]["left_out"] if recipe.split else 0
    units = content["pairs"]["pairs"] if recipe.pairs else counts["exportable"]
    assert len(rows) == done.rows == units - left_out == sum(each["rows"] for each in done.files)
    if recipe.pairs:
        found = content["pairs"]
        assert found["groups"] == found["with_pairs"] + sum(found["without"].values())
        assert all(row["rejected_key"] != row["chosen_key"] for row in rows)
        assert set(found["without"]) <= set(pairs.WORDS)
    elif not recipe.split:
        assert sorted(written) == sorted(sample.key(int(row)) for row in sample.select(recipe).rows_of("kept"))


def test_calls_without_results_and_cut_off_rollouts_stay_out_by_default_and_are_counted(tmp_path: Path) -> None:
    """C12 and C13 of FORMATS.md; each can be asked for by name."""
    one, two = ({"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": "{}"} for n in (1, 2))
    result = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
    orphan = {"type": "function_call_output", "call_id": "c9", "output": "?"}
    cut = {"incomplete_details": {"reason": "max_output_tokens"}}
    lines = [
        gym(answer="fine"),
        gym(output=[one, two, result, said("one was never answered")]),
        gym(output=[one, said("text instead of a result"), result, said("done")]),
        gym(output=[said("a"), orphan, said("b")]),
        gym(answer="cut off", response=cut),
        gym(answer="masked", mask_sample=True),
    ]
    workspace = opened(tmp_path, lines)
    done = exported(workspace, Recipe(), tmp_path / "sft.jsonl")
    assert [row["messages"][-1]["content"] for row in rows_of(done.path)] == ["fine"]
    dropped = done.content["counts"]["dropped"]
    assert (dropped["truncated"], dropped["masked"]) == (1, 1)
    assert sum(dropped.values()) == 5
    names = tuple(dropped)
    everything = exported(workspace, Recipe(keep=names), tmp_path / "sft.jsonl")
    assert everything.rows + sum(everything.content["counts"]["dropped"].values()) == 6
    assert exported(workspace, replace(Recipe(), keep=("truncated", "masked")), tmp_path / "sft.jsonl").rows == 3
