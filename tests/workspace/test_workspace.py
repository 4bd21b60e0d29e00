"""Sources, index, decisions and recipe joined: rows over several files, copies, verdicts, and who is exportable."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest

from making import SAMPLE_DATA, SHARED_ROLLOUTS, call, gym, said, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import SourceUnreadable
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import ACCEPT, NONE, REJECT
from rollout_curator.workspace.workspace import Workspace


@pytest.fixture(scope="module")
def real(shared_folder: Path) -> Iterator[Workspace]:
    """Open every real rollout."""
    workspace = Workspace.open([SHARED_ROLLOUTS])
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def sample() -> Iterator[Workspace]:
    """Open the sample data."""
    workspace = Workspace.open([SAMPLE_DATA])
    yield workspace
    workspace.close()


def two_files(tmp_path: Path) -> Workspace:
    """Open two files: three rollouts, of which two are the same line, and another agent's one."""
    write(tmp_path / "a.jsonl", [gym(reward=1), "", "[1]", gym(answer="5", reward=0, agent_ref={"name": "solver"})])
    write(tmp_path / "b.jsonl", [gym(reward=1), gym(reward=None, agent_ref={"name": "other"}, score=2)])
    return Workspace.open([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])


def with_store(workspace: Workspace, tmp_path: Path) -> Workspace:
    workspace.decisions = Decisions.open(tmp_path / "curation.sqlite")
    return workspace


# Rows and columns


def test_rows_run_over_all_sources_in_the_order_given(tmp_path: Path) -> None:
    workspace = two_files(tmp_path)
    assert [workspace.where(row) for row in range(4)] == ["a.jsonl:1", "a.jsonl:4", "b.jsonl:1", "b.jsonl:2"]


def test_columns_of_several_sources_are_joined(tmp_path: Path) -> None:
    frame = two_files(tmp_path).frame
    assert frame["source"].tolist() == ["a.jsonl", "a.jsonl", "b.jsonl", "b.jsonl"]
    assert frame["line"].tolist() == [1, 4, 1, 2]
    assert frame["reward"].tolist()[:3] == [1.0, 0.0, 1.0]
    assert np.isnan(frame["reward"].iloc[3])


def test_words_of_several_sources_share_one_vocabulary(tmp_path: Path) -> None:
    agent = two_files(tmp_path).frame["agent"]
    assert agent.tolist() == [tmp_path.name, "solver", tmp_path.name, "other"]
    assert agent.cat.categories.tolist() == [tmp_path.name, "solver", "other"]


def test_the_same_task_in_two_sources_is_one_group_unless_files_are_kept_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.jsonl", [gym(task_id="7"), gym(task_id="7", answer="5")])
    workspace = Workspace.open([tmp_path])
    assert workspace.frame_by("task")["group"].tolist() == [0, 0, 0, 0]
    assert workspace.frame_by("source")["group"].tolist() == [0, 0, 1, 1]


def test_a_facet_is_nan_where_a_source_has_none(tmp_path: Path) -> None:
    workspace = two_files(tmp_path)
    assert workspace.facet_names == ["score"]
    assert workspace.facet("score")[3] == 2.0
    assert np.isnan(workspace.facet("score")[:3]).all()


def test_a_row_is_the_line_of_its_source(tmp_path: Path) -> None:
    workspace = two_files(tmp_path)
    assert json.loads(workspace.line(1)) == gym(answer="5", reward=0, agent_ref={"name": "solver"})


def test_rollouts_of_chosen_rows_come_in_order_over_all_sources(tmp_path: Path) -> None:
    read = two_files(tmp_path).rollouts(np.array([1, 2, 3]))
    assert [(row, rollout.reward) for row, rollout in read][:2] == [(1, 0.0), (2, 1.0)]


def test_lines_problems_and_blank_add_up(tmp_path: Path) -> None:
    funnel = two_files(tmp_path).funnel(Recipe())
    assert (funnel.lines, funnel.rollouts, funnel.blank) == (6, 4, 1)
    assert [(drop.name, drop.count) for drop in funnel.problems] == [("not_object", 1)]


def test_lines_problems_and_blank_add_up_over_all_real_files(real: Workspace) -> None:
    funnel = real.funnel(Recipe())
    assert funnel.lines == 490 == funnel.rollouts + sum(drop.count for drop in funnel.problems) + funnel.blank


def test_files_without_any_rollout_are_told_in_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "inputs.jsonl", [{"responses_create_params": {"input": "q"}}] * 3)
    with pytest.raises(SourceUnreadable) as refused:
        Workspace.open([path])
    assert str(refused.value) == (
        "inputs.jsonl: no rollouts found; its lines are: 3 task inputs (materialized inputs: no response, no reward)"
    )


def test_one_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    write(tmp_path / "good.jsonl", [gym()])
    workspace = Workspace.open([tmp_path])
    assert workspace.n_rollouts == 1
    assert [item.name for item in workspace.refused] == ["empty.jsonl"]


# Keys and copies


def test_identical_lines_count_as_copies(tmp_path: Path) -> None:
    assert two_files(tmp_path).copies.tolist() == [2, 1, 2, 1]


def test_a_key_names_every_row_with_its_content(tmp_path: Path) -> None:
    workspace = two_files(tmp_path)
    assert workspace.rows_of_key(workspace.key(2)) == [0, 2]


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "f" * 40, "-" + "0" * 31, "F" * 32, "0" * 16 + "１" * 16])
def test_any_other_text_names_no_row(tmp_path: Path, key: str) -> None:
    assert two_files(tmp_path).rows_of_key(key) == []


def test_identical_lines_share_a_decision(tmp_path: Path) -> None:
    workspace = with_store(two_files(tmp_path), tmp_path)
    assert workspace.decisions
    workspace.decisions.record([Entry(workspace.key(0), "reject")])
    assert workspace.verdicts().tolist() == [REJECT, NONE, REJECT, NONE]


def test_a_line_put_above_moves_no_decision(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [gym(answer="1"), gym(answer="2")])
    with Decisions.open(tmp_path / "curation.sqlite") as store:
        store.record([Entry(Workspace.open([path]).key(1), "reject")])
    write(path, [gym(answer="0"), gym(answer="1"), gym(answer="2")])
    workspace = with_store(Workspace.open([path]), tmp_path)
    assert workspace.verdicts().tolist() == [NONE, NONE, REJECT]


def test_white_space_around_a_line_keeps_its_key(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [gym(), " " + json.dumps(gym()) + "\r"])
    assert Workspace.open([tmp_path / "a.jsonl"]).copies.tolist() == [2, 2]


# Decisions


def test_a_decision_of_another_process_is_seen_at_the_next_look(tmp_path: Path) -> None:
    workspace = with_store(two_files(tmp_path), tmp_path)
    before = workspace.select(Recipe()).n_kept
    call("decide", tmp_path / "a.jsonl", "--key", workspace.key(1), "--verdict", "reject")
    assert (before, workspace.select(Recipe()).n_kept) == (4, 3)


def test_an_undone_decision_is_gone_at_the_next_look(tmp_path: Path) -> None:
    workspace = with_store(two_files(tmp_path), tmp_path)
    assert workspace.decisions
    workspace.decisions.record([Entry(workspace.key(1), "reject", reviewer="ann")])
    assert workspace.verdicts()[1] == REJECT
    workspace.decisions.undo("ann")
    assert workspace.verdicts()[1] == NONE


def test_an_accepted_rollout_is_kept_below_the_threshold(tmp_path: Path) -> None:
    workspace = with_store(two_files(tmp_path), tmp_path)
    assert workspace.decisions
    workspace.decisions.record([Entry(workspace.key(1), "accept")])
    assert workspace.select(Recipe(min_reward=0.5)).rows_of("kept").tolist() == [0, 1, 2]
    assert workspace.verdicts()[1] == ACCEPT


def test_decisions_on_files_that_are_not_open_are_left_alone(tmp_path: Path) -> None:
    workspace = with_store(two_files(tmp_path), tmp_path)
    assert workspace.decisions
    workspace.decisions.record([Entry("0" * 32, "reject"), Entry("another-tool", "reject"), Entry("f" * 64, "accept")])
    assert workspace.current_verdicts() == {}
    assert workspace.verdicts().tolist() == [NONE] * 4


# Who is exportable: the index says it, the conversion decides it

RECIPES: dict[str, Recipe] = {
    "flat": Recipe(format="flat"),
    "flat without think": Recipe(format="flat", options={"strip_think": True}),
    "flat with instructions": Recipe(format="flat", options={"with_instructions": True, "joiner": "\n"}),
    "chat": Recipe(),
    "chat with reasoning": Recipe(options={"reasoning": "field"}),
    "chat with reasoning inline": Recipe(options={"reasoning": "inline", "think": "qwen"}),
    "chat split": Recipe(options={"inline_think": "split"}),
    "chat whole tails": Recipe(options={"trailing": "skip"}),
    "chat answers only": Recipe(options={"final_tool_call": "skip", "media": "skip"}),
    "chat without summaries": Recipe(options={"reasoning": "field", "reasoning_content": False}),
    "chat with empty messages": Recipe(options={"keep_empty": True, "keep_strict": True}),
    "chat as strings": Recipe(options={"arguments": "string"}, drop=("bad_tool_args", "reasoning")),
    "chat picky": Recipe(keep=("truncated",), drop=("image", "ends_in_tool_call", "trimmed_tail", "no_user")),
    "chat in parts": Recipe(options={"content": "parts", "image_style": "image", "developer_to_system": False}),
    "gym": Recipe(target="gym"),
    "gym as objects": Recipe(target="gym", options={"arguments": "object"}, drop=("bad_tool_args",)),
}


def indexed(workspace: Workspace, recipe: Recipe) -> dict[str, str]:
    """Return why each row gives no example as the index has it, "" where it gives one."""
    codes, skips = workspace.outcomes(recipes.plan(recipe))
    return {workspace.where(row): skips[code] for row, code in enumerate(codes)}


def converted(workspace: Workspace, recipe: Recipe) -> dict[str, str]:
    """Return the same by converting every rollout."""
    plan = recipes.plan(recipe)
    made = ((row, workspace.training_line(row, plan).skip or "") for row in range(workspace.n_rollouts))
    return {workspace.where(row): skip.partition(":")[0] for row, skip in made}


@pytest.mark.shared
@pytest.mark.parametrize("name", RECIPES)
def test_the_index_knows_who_gives_an_example_among_real_rollouts(real: Workspace, name: str) -> None:
    assert indexed(real, RECIPES[name]) == converted(real, RECIPES[name])


@pytest.mark.parametrize("name", RECIPES)
def test_the_index_knows_who_gives_an_example_among_the_sample_data(sample: Workspace, name: str) -> None:
    assert indexed(sample, RECIPES[name]) == converted(sample, RECIPES[name])


CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{not json"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "3"}
ODD: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "reasoning": "r"}]},
    {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "thinking": "r"}]},
    gym(output=[{"type": "reasoning", "role": "assistant", "summary": [{"type": "summary_text", "text": "r"}]}]),
    gym(output=[{"type": "reasoning", "role": ["x"], "summary": []}]),
    gym(output=[CALL, RESULT, said("done")]),
    gym(output=[said("a"), CALL, RESULT]),
    gym(answer="<think>a</think>b <think>c"),
    gym(answer="", response={"incomplete_details": {"reason": "max_output_tokens"}}),
    gym(_ng_task_index=2**64),
    gym(_ng_task_index={"a": "\ud800"}),
    gym(_ng_task_index=json.loads("[" * 300 + "]" * 300)),
    {
        **gym(),
        "responses_create_params": {"input": "q", "tools": [{"type": "function", "name": "f", "strict": float("nan")}]},
    },
]


@pytest.mark.parametrize("name", RECIPES)
def test_the_index_knows_who_gives_an_example_among_odd_rollouts(tmp_path: Path, name: str) -> None:
    workspace = Workspace.open([write(tmp_path / "odd.jsonl", ODD)])
    assert workspace.n_rollouts == len(ODD)
    assert indexed(workspace, RECIPES[name]) == converted(workspace, RECIPES[name])


VARIED: list[dict[str, Any]] = [
    {"inline_think": "split"},
    {"keep_empty": True, "reasoning": "inline"},
    {"keep_strict": True, "media": "skip"},
    {"trailing": "skip", "reasoning": "field"},
    {"trailing": "keep", "final_tool_call": "skip"},
    {"inline_think": "split", "reasoning": "field", "reasoning_content": False, "media": "drop"},
]
HARMLESS: list[dict[str, Any]] = [
    {"joiner": " ", "image_style": "image", "reasoning_key": "thinking"},
    {"content": "lists", "null_content": True, "think": "qwen", "developer_to_system": False, "arguments": "string"},
]


@pytest.mark.parametrize("harmless", HARMLESS)
@pytest.mark.parametrize("varied", VARIED)
def test_options_without_a_say_in_who_gives_an_example_convert_nothing_anew(
    tmp_path: Path, varied: dict[str, Any], harmless: dict[str, Any]
) -> None:
    workspace = Workspace.open([write(tmp_path / "odd.jsonl", ODD), SAMPLE_DATA])
    first = workspace.outcomes(recipes.plan(Recipe(options=varied)))
    other = Recipe(options={**varied, **harmless})
    assert workspace.outcomes(recipes.plan(other)) is first
    assert indexed(workspace, other) == converted(workspace, other)


def test_the_place_of_reasoning_has_no_say_in_who_gives_an_example(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "odd.jsonl", ODD), SAMPLE_DATA])
    split = {"inline_think": "split", "keep_empty": True}
    first = workspace.outcomes(recipes.plan(Recipe(options={**split, "reasoning": "field"})))
    other = Recipe(options={**split, "reasoning": "inline", "think": "qwen"})
    assert workspace.outcomes(recipes.plan(other)) is first
    assert indexed(workspace, other) == converted(workspace, other)


def test_joiners_have_no_say_in_who_gives_a_flat_example(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "odd.jsonl", ODD), SAMPLE_DATA])
    first = workspace.outcomes(recipes.plan(Recipe(format="flat", options={"strip_think": True})))
    other = Recipe(format="flat", options={"strip_think": True, "joiner": "\n"})
    assert workspace.outcomes(recipes.plan(other)) is first
    assert indexed(workspace, other) == converted(workspace, other)


def test_threads_that_ask_at_once_convert_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym(), gym(answer="5")])])
    made: list[int] = []
    found_one = recipes.convert_with_issues
    monkeypatch.setattr(
        recipes,
        "convert_with_issues",
        lambda *given, always: [sleep(0.02), made.append(1), found_one(*given, always=always)][-1],
    )
    plan = recipes.plan(Recipe(options={"inline_think": "split"}))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(workspace.outcomes, [plan] * 4))
    assert len(made) == 2
    assert all(one is found[0] for one in found)


def test_the_last_eight_conversions_are_kept(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "a.jsonl", [gym()])])
    drops = ("image", "audio", "video", "no_user", "reasoning", "late_tool_result", "joined_answers", "dropped_part")
    plans = [recipes.plan(Recipe(target="gym", options={"keep_empty": False}, drop=(name,))) for name in drops]
    found = [workspace.outcomes(plan) for plan in plans]
    assert workspace.outcomes(plans[0]) is found[0]
    workspace.outcomes(recipes.plan(Recipe(options={"inline_think": "split"})))
    assert workspace.outcomes(plans[0]) is found[0]
    assert workspace.outcomes(plans[1]) is not found[1]


# Metadata


def test_metadata_columns_tell_where_a_row_comes_from(tmp_path: Path) -> None:
    workspace = two_files(tmp_path)
    plan = recipes.plan(Recipe(metadata=("reward", "source", "line", "agent", "key")))
    assert workspace.metadata(1, plan) == {
        "reward": 0.0,
        "source": "a.jsonl",
        "line": 4,
        "agent": "solver",
        "key": workspace.key(1),
    }


def test_an_unrated_rollout_has_no_reward_in_its_metadata(tmp_path: Path) -> None:
    assert two_files(tmp_path).metadata(3, recipes.plan(Recipe(metadata=("reward",)))) == {"reward": None}


def test_without_metadata_nothing_is_added(tmp_path: Path) -> None:
    assert two_files(tmp_path).metadata(0, recipes.plan(Recipe())) == {}


def test_many_keys_and_rows_are_found_as_one_by_one(tmp_path: Path) -> None:
    source = write(tmp_path / "run.jsonl", [gym(answer="a"), gym(answer="b"), gym(answer="a"), gym(answer="c")])
    workspace = Workspace.open([source], tmp_path / "cache")
    keys = workspace.keys_of(np.array([1, 3, 0]))
    assert keys == [workspace.key(1), workspace.key(3), workspace.key(0)]
    rows, places = workspace.rows_of_keys(["no key", keys[2], "0" * 32, keys[1]])
    assert (rows.tolist(), places.tolist()) == ([0, 2, 3], [1, 1, 3])
    workspace.close()


def test_identical_lines_are_one_content(tmp_path: Path) -> None:
    source = write(tmp_path / "run.jsonl", [gym(answer="a"), gym(answer="b"), gym(answer="a")])
    workspace = Workspace.open([source], tmp_path / "cache")
    assert workspace.contents[0] == workspace.contents[2] != workspace.contents[1]
    assert sorted(workspace.first_rows.tolist()) == [0, 1]
    assert workspace.once(np.array([True, True, True])).tolist() == [0, 1]
    assert workspace.once(np.array([False, True, True])).tolist() == [1, 2]
    workspace.close()


def test_what_was_worked_out_is_remembered_until_a_decision_comes(tmp_path: Path) -> None:
    made: list[str] = []
    workspace = with_store(two_files(tmp_path), tmp_path)

    def work(key: str, most: int = 64) -> int:
        return workspace.as_of_now("test", key, lambda: made.append(key) or len(made), most)

    assert (work("a"), work("b"), work("a"), work("b")) == (1, 2, 1, 2)
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(0), "accept")])
    assert (work("a"), work("a"), work("b", most=1), work("a", most=1)) == (3, 3, 4, 5)
    assert made == ["a", "b", "a", "b", "a"]
