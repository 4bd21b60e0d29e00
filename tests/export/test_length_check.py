"""What exceeds the trainer's default is counted by every export and kept, until it is raised, dropped or trimmed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making import call, exported, gym, rows_of, said, write
from rollout_curator.export import Settings, choose, cost_of, export_with_controls, verify
from rollout_curator.export.training_checks import checks_of
from rollout_curator.files import manifest
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.training.cost import Span
from rollout_curator.workspace.workspace import Workspace

LONG = gym("Long.", "c" * 30_000)
TWICE = gym("Twice.", output=[said("a"), {"type": "message", "role": "user", "content": "More?"}, said("b" * 30_000)])
SENTENCE = "2 of 3 exceed 1,024 tokens (NeMo RL default, estimated): fully masked"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Open a short rollout, a long one, and one whose second answer is long."""
    return Workspace.open([write(tmp_path / "run.jsonl", [gym(), LONG, TWICE])], tmp_path / "cache")


def content_of(out: Path) -> dict[str, Any]:
    """Return the manifest of a file."""
    return dict(json.loads(manifest.path_of(out).read_text()))


def test_what_exceeds_the_default_is_told_and_written_all_the_same(workspace: Workspace, tmp_path: Path) -> None:
    done = exported(workspace, Recipe(), tmp_path / "sft.jsonl")
    plan = recipes.plan(Recipe())
    lines = b"".join(workspace.training_line(row, plan).text for row in range(3))
    assert (done.rows, done.path.read_bytes()) == (3, lines)
    assert done.notes[0] == f"{SENTENCE}; 6,144 hold all."
    assert done.checks.sentence().startswith("Checks: 1 failed (over_length), 4 passed; ")
    assert f"  # {SENTENCE}; 6,144 hold all.\n  # max_total_sequence_length: 6144\n" in done.config


def test_no_body_is_read_to_count_what_exceeds_the_default(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "rollouts", None)
    assert workspace.over_default(Recipe()).tolist() == [1, 2]


def test_the_manifest_holds_the_check_and_verify_makes_it_again(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    exported(workspace, Recipe(), out)
    content = content_of(out)
    assert (content["max_length"]["limit"], content["max_length"]["exceed"]) == (1024, 2)
    assert [check for check in verify(manifest.path_of(out)) if not check.holds or not check.is_known] == []
    content["max_length"]["exceed"] = 0
    manifest.path_of(out).write_text(json.dumps(content))
    assert [check.claim for check in verify(manifest.path_of(out)) if not check.holds] == ["all counts match"]


def test_a_manifest_of_before_that_does_not_say_it_still_holds(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    exported(workspace, Recipe(), out)
    content = content_of(out)
    del content["max_length"]
    manifest.path_of(out).write_text(json.dumps(content))
    assert [check for check in verify(manifest.path_of(out)) if not check.holds] == []


def test_the_card_and_the_report_say_it_too(workspace: Workspace, tmp_path: Path) -> None:
    settings = Settings("card.md", report="report.jsonl")
    for _ in export_with_controls(workspace, Recipe(), tmp_path / "sft.jsonl", settings):
        pass
    assert SENTENCE.replace(":", "\\:") in (tmp_path / "card.md").read_text()
    notes = [row["notes"] for row in rows_of(tmp_path / "report.jsonl")]
    assert [[note for note in one if note == "over_length"] for one in notes] == [[], ["over_length"], ["over_length"]]
    assert [check for check in verify(tmp_path / "sft.jsonl.manifest.json") if not check.holds] == []


def test_drop_without_a_number_drops_beyond_the_default(workspace: Workspace, tmp_path: Path) -> None:
    done = exported(workspace, Recipe(drop=("over_length",)), tmp_path / "sft.jsonl")
    assert (done.rows, done.funnel.as_json()["dropped"]) == (1, {"over_length": 2})
    assert "\n  max_total_sequence_length: 1024\n" in done.config
    assert done.checks.failed == {}


def test_trim_without_a_number_ends_on_an_earlier_answer_where_there_is_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    done = exported(workspace, Recipe(trim=("over_length",)), tmp_path / "sft.jsonl")
    counts = done.funnel.as_json()
    assert (done.rows, counts["dropped"], counts["trimmed"]) == (2, {"over_length": 1}, {"over_length": 1})
    assert [len(row["messages"]) for row in rows_of(done.path)] == [2, 2]


@pytest.mark.parametrize(
    ("policy", "rows", "tokens"),
    [
        ({"trim": ("over_length",)}, [0, 2], "about 1,038 (12 to 1,044)"),
        ({"drop": ("over_length",)}, [0], "about 15 (12 to 21)"),
    ],
)
def test_the_cost_of_what_fits_a_chosen_limit_says_of_none_that_it_is_too_long(
    workspace: Workspace, policy: dict[str, Any], rows: list[int], tokens: str
) -> None:
    """The index weighs whole rollouts; what a trimmed example has of one is at most the limit."""
    recipe = Recipe(max_tokens=1024, **policy)
    kept = np.flatnonzero(workspace.select(recipe).kept)
    found = cost_of(workspace, recipe, kept)
    assert (kept.tolist(), found.too_long(), str(found.total)) == (rows, "", tokens)


def test_the_cost_of_what_exceeds_a_chosen_limit_on_purpose_counts_as_many_as_the_check(workspace: Workspace) -> None:
    recipe = Recipe(max_tokens=2000, keep=("over_length",))
    assert cost_of(workspace, recipe, np.arange(3)).over_length == Span(2, 2, 2)


def test_a_raised_limit_stands_in_the_config_and_all_are_written(workspace: Workspace, tmp_path: Path) -> None:
    done = exported(workspace, Recipe(max_tokens=6144), tmp_path / "sft.jsonl")
    assert (done.rows, done.checks.failed) == (3, {})
    assert "\n  max_total_sequence_length: 6144\n" in done.config
    assert done.content["max_length"]["is_default"] is False


def test_what_exceeds_a_chosen_limit_and_is_kept_on_purpose_is_told(workspace: Workspace, tmp_path: Path) -> None:
    done = exported(workspace, Recipe(max_tokens=2000, keep=("over_length",)), tmp_path / "sft.jsonl")
    assert done.rows == 3
    assert done.notes[0].startswith("2 of 3 exceed 2,000 tokens (chosen max length, estimated): fully masked")


def test_a_pair_exceeds_the_limit_of_dpo_with_either_side(tmp_path: Path) -> None:
    task = {"task_id": "t"}
    lines = [gym("Q.", "good", 1.0, **task), gym("Q.", "b" * 30_000, 0.0, **task)]
    workspace = Workspace.open([write(tmp_path / "run.jsonl", lines)], tmp_path / "cache")
    recipe = Recipe(target="axolotl", pairs=Pairs())
    length = checks_of(workspace, recipe, choose(workspace, recipe)).length
    assert length is not None
    assert length.sentence() == "1 of 1 exceeds 1,024 tokens (TRL default, estimated): cut at the end"
    told = call("stats", tmp_path / "run.jsonl", "--target", "axolotl", "--pairs", "best_worst", "--json").json
    assert told["max_length"]["sentence"] == length.sentence()


def test_a_target_that_trains_nothing_has_no_limit(workspace: Workspace, tmp_path: Path) -> None:
    done = exported(workspace, Recipe(target="gym"), tmp_path / "sft.jsonl")
    assert (done.checks.length, "max_length" in done.content) == (None, False)


def test_the_command_line_counts_and_offers_three_ways(workspace: Workspace, tmp_path: Path) -> None:
    source, out = tmp_path / "run.jsonl", tmp_path / "out" / "sft.jsonl"
    out.parent.mkdir()
    told = call("export", source, "--out", out).out
    assert f"{SENTENCE}; 6,144 hold all.\n" in told
    assert "raise it: --max-tokens 6144; drop them: --drop over_length; trim where possible: --trim over_length" in told
    assert "\nChecks: 1 failed (over_length), 4 passed; " in told
    for given, rows in (("--max-tokens=6144", 3), ("--drop=over_length", 1), ("--trim=over_length", 2)):
        found = call("export", source, "--out", out, given, "--json").json
        assert (found["rows"], found["max_length"]["exceed"], found["checks"]["failed"]) == (rows, 0, {})


def test_stats_count_what_exceeds_the_default(workspace: Workspace, tmp_path: Path) -> None:
    assert f"\n{SENTENCE}\n" in call("stats", tmp_path / "run.jsonl").out
    assert call("stats", tmp_path / "run.jsonl", "--json").json["max_length"]["exceed"] == 2
