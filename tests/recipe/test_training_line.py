"""Preview and export are one function: who may write a line, and that every written line is the one that was shown."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making import SAMPLE_DATA, exported, gym, said, write
from rollout_curator.conversation.sharegpt import written as as_sharegpt
from rollout_curator.export import choose, conversion
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe import training_line
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.training_line import PROMPTS_DIFFER, make_line
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.training.file_types.base import file_types
from rollout_curator.training.targets.base import targets
from rollout_curator.ui.reader import payload
from rollout_curator.ui.reader.views import View
from rollout_curator.workspace import workspace as workspaces
from rollout_curator.workspace.workspace import Workspace

CONVERSATION = "rollout_curator.conversation"
PACKAGE = Path(__file__).parents[2] / "components" / "rollout_curator"
OTHER_JSON = {
    "conversation/__init__.py": "hands it on",
    "export/conversion.py": "hashes prompts",
    "index/parquet_scan.py": "a row of a table of rollouts is read as the line it would be",
    "selection/pairs/sides.py": "hashes messages and counts characters",
    "training/file_types/parquet.py": "reads a row back as the line it was",
    "workspace/conversion_outcomes.py": "hashes examples",
}
"""Modules that turn values into JSON with `encode` and write no training file, with what they do."""


def names_in(relative: str) -> set[str]:
    """Return every name and attribute that a module uses."""
    nodes = ast.walk(ast.parse((PACKAGE / relative).read_text(encoding="utf-8")))
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute)
    }


def importing(name: str) -> Iterator[str]:
    """Yield the modules that import a name from `conversation`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_of_room = isinstance(node, ast.ImportFrom) and (node.module or "").startswith(CONVERSATION)
            if is_of_room and name in [alias.name for alias in node.names]:  # type: ignore[attr-defined]
                yield path.relative_to(PACKAGE).as_posix()


def test_one_module_makes_records_into_lines() -> None:
    assert set(importing("encode")) - {"recipe/training_line.py"} == set(OTHER_JSON)
    assert set(importing("record_of")) == {
        "recipe/training_line.py",
        "workspace/conversion_outcomes.py",
        "conversation/__init__.py",
    }


@pytest.mark.parametrize("relative", ["export/stream.py", "ui/reader/payload.py", "ui/pages/trainer_view.py"])
def test_who_shows_or_writes_lines_makes_none(relative: str) -> None:
    assert names_in(relative).isdisjoint({"encode", "record_of", "dumps"})


def test_export_preview_and_workspace_call_the_same_function() -> None:
    assert {module.make_line for module in (conversion, payload, workspaces, training_line)} == {make_line}
    assert "training_line" in names_in("ui/pages/trainer_view.py")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.open([SAMPLE_DATA], tmp_path_factory.mktemp("cache"))


def written(workspace: Workspace, recipe: Recipe, folder: Path) -> list[bytes]:
    """Return the lines of an export as its file gives them back."""
    done = exported(workspace, recipe, folder / f"sft.{recipe.kind}")
    return list(file_types()[recipe.kind].lines(done.path))


@pytest.mark.parametrize("form", ["chat", "flat"])
@pytest.mark.parametrize("kind", file_types())
@pytest.mark.parametrize("target", targets())
def test_every_written_line_is_the_one_that_was_shown(
    sample: Workspace, target: str, kind: str, form: str, tmp_path: Path
) -> None:
    extra = ("reward", "line") if targets()[target].takes_metadata else ()
    recipe = Recipe(target=target, kind=kind, format=form, metadata=extra)
    rows = np.flatnonzero(sample.select(recipe).kept)
    view = View(sample, recipe, rows, "ann")
    shown = [payload.example_text(view, row)["line"].encode() + b"\n" for row in rows.tolist()]
    assert written(sample, recipe, tmp_path) == shown


@pytest.mark.parametrize("form", ["chat", "flat"])
@pytest.mark.parametrize("kind", file_types())
@pytest.mark.parametrize("target", targets())
def test_every_written_pair_is_its_two_sides_as_they_were_shown(
    sample: Workspace, target: str, kind: str, form: str, tmp_path: Path
) -> None:
    recipe = Recipe(target=target, kind=kind, format=form, min_reward=0.5, pairs=Pairs())
    lines = written(sample, recipe, tmp_path)
    plan, view = recipes.plan(recipe), View(sample, recipe, np.arange(sample.n_rollouts), "ann")
    pairs = choose(sample, recipe).parts[0].units.tolist()
    assert lines == [make_line([sample.rollout(row) for row in pair], plan, {}).text for pair in pairs]
    shown = [[json.loads(payload.example_text(view, row)["line"]) for row in pair] for pair in pairs]
    if target == "llamafactory":  # its pairs are TRL's, with OpenAI messages
        assert [[as_sharegpt({"messages": side}) for side in sides(line)] for line in lines] == shown_turns(shown)
    else:
        assert list(map(sides, lines)) == [[one["messages"] for one in pair] for pair in shown]


def shown_turns(shown: list[list[dict[str, Any]]]) -> Any:
    return [[{"conversations": one["conversations"], "tools": ""} for one in pair] for pair in shown]


def sides(line: bytes) -> list[Any]:
    """Return both conversations of a pair, prompt and side."""
    row = json.loads(line)
    if "completions" in row:
        return [row["context"] + one["completion"] for one in row["completions"]]
    return [row["prompt"] + row["chosen"], row["prompt"] + row["rejected"]]


def test_two_sides_that_answer_different_prompts_are_no_line(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym("1+1?"), gym("2+2?")])])
    line = make_line([workspace.rollout(0), workspace.rollout(1)], recipes.plan(Recipe(pairs=Pairs())), {})
    assert (line.skip, line.text, line.row) == (PROMPTS_DIFFER, b"", {})


def test_a_rollout_without_an_example_has_no_line_but_a_reason(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(output=[]), gym()])])
    line = workspace.training_line(0, recipes.plan(Recipe()))
    assert (line.skip, line.text) == ("empty_output", b"")


def test_a_column_never_takes_the_place_of_what_the_record_says(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym("2+2?", output=[said("4.")])])])
    line = make_line([workspace.rollout(0)], recipes.plan(Recipe()), {"messages": None, "reward": 1.0})
    messages = b'[{"role":"user","content":"2+2?"},{"role":"assistant","content":"4."}]'
    assert line.text == b'{"messages":%b,"reward":1.0}\n' % messages
