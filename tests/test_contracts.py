"""The tables hold: every row of formats, targets, exports and recipe keys works on real input and is in the README."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from loaders import (
    axolotl_accepts,
    every_row,
    llamafactory_accepts,
    nemo_rl_accepts_file,
    openai_accepts,
    trl_accepts,
)
from making import CHECKOUT, SAMPLE_DATA, SHARED_ROLLOUTS, exported, gym, rows_of
from rollout_curator.cli import main as cli
from rollout_curator.conversation import ISSUE_WORDS, issue_kind
from rollout_curator.errors import ExportError
from rollout_curator.files.atomic import publish
from rollout_curator.index.facts import read_outcome
from rollout_curator.index.flags import FLAG_WORDS
from rollout_curator.recipe.recipe import METADATA, Recipe, plan
from rollout_curator.rollout import Rollout, Unreadable
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.selection.strategies import STRATEGIES
from rollout_curator.sources.formats.base import formats, read_object
from rollout_curator.sources.problems import PROBLEM_WORDS
from rollout_curator.training.file_types.base import file_types
from rollout_curator.training.targets.base import ConfigFacts, targets
from rollout_curator.workspace.workspace import Workspace


def is_rows(path: Path) -> str | None:
    """Return why a file holds no rows of messages; no trainer loads those of Gym as they are."""
    return None if all(row["messages"] for row in rows_of(path)) else "a row without messages"


MESSAGES = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4."}]
SAMPLES: dict[str, dict[str, Any]] = {
    "nemo_gym": gym("2+2?", "4.", 0.5),
    "chat": {"messages": MESSAGES, "reward": 0.5},
    "pair": {"prompt": "2+2?", "completion": "4.", "reward": 0.5},
}
LOADERS: dict[str, Callable[[Path], str | None]] = {
    "nemo_rl": nemo_rl_accepts_file,
    "trl": every_row(trl_accepts),
    "unsloth": every_row(trl_accepts),
    "axolotl": every_row(axolotl_accepts),
    "llamafactory": every_row(llamafactory_accepts),
    "openai": every_row(openai_accepts),
    "gym": is_rows,
}
OUTCOMES = ("flat", "chat", "chat_reasoning", "gym")
SHOWN_ONLY = {"reward_missing", "reward_not_number", "reward_not_finite"}


@pytest.fixture(scope="module")
def sample() -> Iterator[Workspace]:
    """Open the sample data."""
    workspace = Workspace.open([SAMPLE_DATA])
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def real(shared_folder: Path) -> Iterator[Workspace]:
    """Open the real rollouts."""
    workspace = Workspace.open([SHARED_ROLLOUTS])
    yield workspace
    workspace.close()


# Formats


def test_every_format_has_a_sample_here() -> None:
    assert sorted(row.name for row in formats()) == sorted(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_reads_its_own_sample(name: str) -> None:
    rollout = read_object(SAMPLES[name])
    assert isinstance(rollout, Rollout)
    assert (rollout.format, rollout.reward, rollout.unusable) == (name, 0.5, None)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_reads_what_a_line_says_beside_its_conversation(name: str) -> None:
    beside = {"task_id": "t7", "agent_ref": {"name": "swe"}, "model": "m", "_ng_rollout_index": 3, "n_tests": 12}
    rollout = read_object({**SAMPLES[name], **beside})
    assert isinstance(rollout, Rollout)
    assert (rollout.task, rollout.agent, rollout.model, rollout.attempt) == ("t7", "swe", "m", 3)
    assert rollout.facets["n_tests"] == 12


@pytest.mark.parametrize("name", SAMPLES)
def test_no_other_format_claims_the_sample_of_one(name: str) -> None:
    assert [row.name for row in formats() if row.claims(SAMPLES[name])] == [name]


def test_no_two_formats_have_the_same_rank() -> None:
    assert max(Counter(row.rank for row in formats()).values()) == 1


VALUES: list[Any] = [None, 1, "x", [], {}, [[]], [{}], [{"role": ["x"]}], {"output": 3}]
CHANGED = [
    (row.name, {**sample, key: value})
    for row in formats()
    for sample in [SAMPLES.get(row.name, {})]
    for key in sample
    for value in VALUES
    if row.claims({**sample, key: value})
]
"""Lines that a format still takes for its own although a value under one of its keys is none it knows."""


def test_every_format_takes_lines_with_values_it_does_not_know() -> None:
    assert {name for name, _ in CHANGED} == SAMPLES.keys()


@pytest.mark.parametrize(("name", "line"), CHANGED)
def test_no_value_under_a_known_key_makes_a_format_raise(name: str, line: dict[str, Any]) -> None:
    row = next(row for row in formats() if row.name == name)
    assert isinstance(row.read(line), Rollout | Unreadable)


# Targets and exports


@pytest.mark.parametrize("name", targets())
def test_a_target_exports_the_sample_data_and_its_trainer_loads_it(
    sample: Workspace, tmp_path: Path, name: str
) -> None:
    done = exported(sample, Recipe(target=name, drop=("image",)), tmp_path / "sft.jsonl")
    assert done.rows > 100
    assert LOADERS[name](done.path) is None


@pytest.mark.shared
@pytest.mark.parametrize("name", targets())
def test_a_target_exports_real_rollouts_and_its_trainer_loads_them(real: Workspace, tmp_path: Path, name: str) -> None:
    done = exported(real, Recipe(target=name), tmp_path / "sft.jsonl")
    assert done.rows > 250
    assert LOADERS[name](done.path) is None


@pytest.mark.parametrize("name", targets())
def test_a_target_explains_itself_and_gives_a_config(name: str) -> None:
    target = targets()[name]
    assert target.title
    assert all(sentence.endswith(".") for sentence in target.says)
    assert "out.jsonl" in target.config(ConfigFacts("out.jsonl", target.format, has_tools=True))


@pytest.mark.parametrize("name", file_types())
def test_an_export_is_read_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    kind = file_types()[name]
    path = tmp_path / f"out{kind.suffix}"
    lines = [b'{"messages":[{"role":"user","content":"1"}],"line":1}\n', b'{"messages":[],"line":2}\n']
    with publish(path) as (file,):
        steps = list(kind.write(lines, file))
    assert (list(kind.lines(path)), steps[-1]) == (lines, 2)


@pytest.mark.parametrize("name", file_types())
def test_an_export_refuses_a_line_that_is_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    with pytest.raises(ExportError, match="example 1 is not one line"), publish(path) as (file,):
        list(file_types()[name].write([b"\n"], file))
    assert not path.exists()


# Words


def seen(workspace: Workspace) -> set[str]:
    """Return every skip reason and issue the four conversions in the index met."""
    kinds = set()
    for name in OUTCOMES:
        for word in workspace.classes(name)[1]:
            found = read_outcome(word)
            kinds |= {issue_kind(kind) for kind in (found.skip, *found.issues) if kind}
    return kinds


def test_every_issue_of_the_sample_data_has_words(sample: Workspace) -> None:
    assert seen(sample) - ISSUE_WORDS.keys() == set()


@pytest.mark.shared
def test_every_issue_of_real_rollouts_has_words(shared_folder: Path) -> None:
    workspace = Workspace.open([SHARED_ROLLOUTS])
    assert seen(workspace) - ISSUE_WORDS.keys() == set()
    assert {drop.name for drop in workspace.problems_by_kind()} - PROBLEM_WORDS.keys() == set()
    assert set(workspace.classes("invalid")[1]) - INVALID_WORDS.keys() <= {""}


def test_every_problem_and_invalid_kind_of_the_sample_data_has_words(sample: Workspace) -> None:
    assert {drop.name for drop in sample.problems_by_kind()} - PROBLEM_WORDS.keys() == set()
    assert set(sample.classes("invalid")[1]) - INVALID_WORDS.keys() <= {""}


def test_words_follow_a_number() -> None:
    assert not [words for words in (*ISSUE_WORDS.values(), *INVALID_WORDS.values()) if words[0].isupper()]


def test_every_reason_for_an_unrated_rollout_is_a_flag() -> None:
    assert FLAG_WORDS.keys() >= SHOWN_ONLY


def test_what_targets_leave_out_is_an_issue_with_words() -> None:
    left_out = {kind for name in targets() for kind in plan(Recipe(target=name)).exclude}
    assert {issue_kind(kind) for kind in left_out} <= ISSUE_WORDS.keys()


# Everything a user can name stands in the README

TABLES = ("options", "thresholds", "filters", "strategies", "split", "pairs", "template")


@pytest.mark.parametrize(
    "word",
    [
        *(f"rollout-curator {verb}" for verb in cli.app.commands),
        *(f"`{row.name}`" for row in formats()),
        *(f"`{name}`" for name in targets()),
        *(f"`{name}`" for name in file_types()),
        *(f"`{name}`" for name in STRATEGIES),
        *(f"{column.name} = " for column in fields(Recipe) if column.name not in TABLES),
        "[options]",
        "[split]",
        "[pairs]",
        "[thresholds]",
        "[[filters]]",
        "[[strategies]]",
    ],
)
def test_the_readme_names(word: str) -> None:
    assert word in (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", METADATA)
def test_the_command_line_names_each_metadata_column(name: str) -> None:
    options = {option.name: option for option in cli.app.commands["export"].params}
    assert name in str(getattr(options["metadata"], "help", ""))
