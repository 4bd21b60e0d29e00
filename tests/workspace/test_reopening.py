"""What we write we read: an export opens again as a source, and exported again it is the same file to the byte."""

from pathlib import Path

import pytest

from making import SAMPLE_DATA, SHARED_ROLLOUTS, exported, rows_of
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace

TARGETS = ("nemo_rl", "gym", "openai", "trl", "unsloth", "axolotl", "llamafactory")
TOOLS_AS_TEXT = ("trl", "unsloth", "axolotl", "llamafactory")
KINDS = ("jsonl", "parquet")
EVERY = [(target, kind) for target in TARGETS for kind in KINDS]


@pytest.fixture(scope="module")
def sample() -> Workspace:
    return Workspace.open([SAMPLE_DATA])


def again(opened: Workspace, recipe: Recipe, folder: Path) -> tuple[Path, Path]:
    """Export, open the result, export that; return both files."""
    first, second = folder / f"first.{recipe.kind}", folder / f"second.{recipe.kind}"
    exported(opened, recipe, first)
    exported(Workspace.open([first]), recipe, second)
    return first, second


@pytest.mark.parametrize("form", ["chat", "flat"])
@pytest.mark.parametrize(("target", "kind"), EVERY)
def test_an_export_opened_and_exported_again_is_the_same(
    sample: Workspace, tmp_path: Path, target: str, kind: str, form: str
) -> None:
    first, second = again(sample, Recipe(format=form, target=target, kind=kind), tmp_path)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("target", TOOLS_AS_TEXT)
def test_messages_are_the_same_even_where_tools_are_written_as_text(
    sample: Workspace, tmp_path: Path, target: str
) -> None:
    first, second = again(sample, Recipe(format="chat", target=target), tmp_path)
    key = "conversations" if target == "llamafactory" else "messages"
    messages = [[row[key] for row in rows_of(file)] for file in (first, second)]
    assert (len(messages[0]) > 300, messages[0]) == (True, messages[1])


@pytest.mark.parametrize("kind", KINDS)
def test_rewards_that_were_written_are_read(sample: Workspace, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"sft.{kind}"
    exported(sample, Recipe(format="chat", kind=kind, metadata=("reward",), min_reward=0.5), out)
    opened = Workspace.open([out])
    assert (opened.n_rollouts > 100, bool((opened.column("reward") >= 0.5).all())) == (True, True)


def test_a_row_of_parquet_is_the_rollout_of_the_same_line(sample: Workspace, tmp_path: Path) -> None:
    for kind in KINDS:
        exported(sample, Recipe(format="chat", kind=kind), tmp_path / f"sft.{kind}")
    lines, rows = (Workspace.open([tmp_path / f"sft.{kind}"]) for kind in KINDS)
    assert lines.keys_of(lines.first_rows) == rows.keys_of(rows.first_rows)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_ROLLOUTS.is_dir(), reason="the real rollouts are not beside this checkout")
@pytest.mark.parametrize(("target", "kind"), EVERY)
def test_an_export_of_real_rollouts_opened_and_exported_again_is_the_same(
    tmp_path: Path, target: str, kind: str
) -> None:
    opened = Workspace.open([SHARED_ROLLOUTS])
    first, second = again(opened, Recipe(format="chat", target=target, kind=kind), tmp_path)
    assert first.read_bytes() == second.read_bytes()
