"""What an export says where a random control would be the same file, and where there are no pairs."""

from pathlib import Path

import pytest

from making import call, gym, write
from rollout_curator.errors import ExportError
from rollout_curator.export import Settings, choose, export_with_controls
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Open three rollouts of three tasks."""
    lines = [gym(prompt) for prompt in ("One.", "Two.", "Three.")]
    return Workspace.open([write(tmp_path / "run.jsonl", lines)], tmp_path / "cache")


def test_a_random_control_of_everything_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "sft.jsonl"
    with pytest.raises(ExportError, match="Nothing is filtered yet: the baseline would equal the export"):
        list(export_with_controls(workspace, Recipe(), out, Settings(seeds=(1,))))
    assert not out.exists()
    ran = call("export", tmp_path / "run.jsonl", "--out", out, "--with-control", "1")
    assert (ran.code, out.exists()) == (2, False)
    assert "Nothing is filtered yet" in ran.err


def test_no_pairs_say_why_in_tasks(workspace: Workspace) -> None:
    paired = choose(workspace, Recipe(pairs=Pairs())).paired
    assert paired is not None
    assert paired.why_none() == "No pairs: 3 tasks have only one usable rollout"
