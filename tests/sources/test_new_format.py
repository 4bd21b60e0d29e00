"""A format is one file: one is added here, and everything else knows it without a change."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from making import exported, rows_of
from rollout_curator import registry
from rollout_curator.conversation import open_rollout
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources import formats as table
from rollout_curator.sources.formats import base
from rollout_curator.ui.reader.transcript import transcript
from rollout_curator.workspace.workspace import Workspace

ADDED = '''
"""Matches of the game Toy: {"toy_moves": [["user", "2+2?"], ["bot", "4"]], "points": 1}."""

from rollout_curator.rollout import Rollout, Usage
from rollout_curator.sources.formats.base import Format, read_reward

ROLES = {"user": "user", "bot": "assistant"}


def claims(fields):
    return isinstance(fields.get("toy_moves"), list)


def read(fields):
    moves = [{"role": ROLES[who], "content": text} for who, text in fields["toy_moves"]]
    reward = read_reward(fields, "points")
    return Rollout(
        "toy", moves[:1], moves[1:], reward.value, task=fields["level"], agent=fields["player"], model=fields["brain"],
        attempt=fields["try"], usage=Usage(*fields["spent"]), invalid="failed" if fields["crashed"] else "",
        finish=fields["over"], facets={"lives": 3.0, "won": True}, flags=("in_colour",),
    )


TOY = Format(
    "toy", "a match of Toy", 20, claims, read, keys=frozenset({"toy_moves"}), tables=(frozenset({"toy_moves"}),)
)
'''
MATCH = {
    "toy_moves": [["user", "2+2?"], ["bot", "4"]], "points": 1, "level": "cave 7", "player": "ada", "brain": "mini",
    "try": 4, "spent": [11, 5], "crashed": False, "over": "out_of_lives",
}  # fmt: skip


def forget_formats() -> None:
    """Let the table of formats be read anew."""
    for kept in (registry.rows, base.formats, base.record_keys, base.table_columns):
        kept.cache_clear()


@pytest.fixture
def toy_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add one file to the folder of formats."""
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "toy.py").write_text(ADDED, encoding="utf-8")
    monkeypatch.setattr(table, "__path__", [*table.__path__, str(tmp_path / "added")])
    forget_formats()
    yield
    monkeypatch.undo()
    forget_formats()


@pytest.fixture
def workspace(toy_format: None, tmp_path: Path) -> Iterator[Workspace]:
    """Open a file of two such lines, the second of a match that crashed."""
    path = tmp_path / "matches.jsonl"
    crashed = {**MATCH, "crashed": True, "points": 0}
    path.write_text(f"{json.dumps(MATCH)}\n{json.dumps(crashed)}\n", encoding="utf-8")
    opened = Workspace.open([path], cache=tmp_path / "cache")
    yield opened
    opened.close()


def test_what_its_file_says_of_a_line_is_what_the_index_holds(workspace: Workspace) -> None:
    names = ["format", "reward", "task", "agent", "names_agent", "model", "attempt", "tokens_in", "tokens", "estimated"]
    assert workspace.frame[[*names, "finish", "invalid", "flags"]].to_numpy().tolist() == [
        ["toy", 1.0, "cave 7", "ada", True, "mini", 4, 11, 5, False, "out_of_lives", "", "in_colour"],
        ["toy", 0.0, "cave 7", "ada", True, "mini", 4, 11, 5, False, "out_of_lives", "failed", "in_colour"],
    ]


def test_its_numbers_are_axes_and_its_attempts_one_task(workspace: Workspace) -> None:
    assert workspace.numbers("lives").tolist() == [3.0, 3.0]
    assert (workspace.axes["lives"].is_boolean, workspace.axes["won"].is_boolean) == (False, True)
    assert len(workspace.groups().keys) == 1


def test_its_conversation_is_what_a_reviewer_reads(workspace: Workspace) -> None:
    turns = transcript(workspace.rollout(0))
    assert [(turn["role"], turn["blocks"][0]["text"]) for turn in turns] == [("user", "2+2?"), ("assistant", "4")]
    assert open_rollout(workspace.rollout(0)).skip is None


def test_it_is_exported_but_for_what_it_calls_invalid(workspace: Workspace, tmp_path: Path) -> None:
    done = exported(workspace, Recipe(target="openai"), tmp_path / "sft.jsonl")
    assert rows_of(done.path) == [
        {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    ]


@pytest.mark.usefixtures("toy_format")
def test_a_document_of_such_records_and_a_table_of_them_are_known(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "one.json").write_text(json.dumps({**MATCH, "results": [{"a": 1}]}, indent=1), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist([MATCH]), tmp_path / "some.parquet")
    for name in ("one.json", "some.parquet"):
        opened = Workspace.open([tmp_path / name], cache=tmp_path / "cache")
        assert opened.frame[["format", "task", "reward"]].to_numpy().tolist() == [["toy", "cave 7", 1.0]]
        opened.close()
