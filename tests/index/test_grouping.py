"""What makes rollouts one task: what their lines say, over all files, and never where they lie."""

from pathlib import Path
from typing import Any

import pytest

from making import CHECKOUT, call, exported, gym, rows_of, write
from rollout_curator.export import choose
from rollout_curator.index import checksums, store
from rollout_curator.recipe.recipe import Recipe, from_table, to_table
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.strategies import Step, task_summary
from rollout_curator.workspace.workspace import Workspace

CASES = CHECKOUT.parent / "shared" / "cases"
BEST = Recipe(strategies=(Step("best_of_n"),))


def attempts(prompt: str, task: Any, rewards: list[float], **more: Any) -> list[dict[str, Any]]:
    """Return attempts at one task, numbered from 0."""
    return [
        gym(prompt, f"{prompt} {n}", reward, _ng_task_index=task, _ng_rollout_index=n, **more)
        for n, reward in enumerate(rewards)
    ]


def opened(tmp_path: Path, **files: list[dict[str, Any]]) -> Workspace:
    """Return a workspace over files, each in a folder of its own name."""
    for name, lines in files.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name / "rollouts.jsonl", lines)
    return Workspace.open([tmp_path], tmp_path / "cache")


def n_tasks(workspace: Workspace, by: str = "task") -> int:
    return len(workspace.groups(by).keys)


# What a task is


def test_shards_of_a_run_are_one_run_although_no_line_names_an_agent(tmp_path: Path) -> None:
    lines = attempts("a", 0, [1.0, 0.5]) + attempts("b", 1, [0.2, 0.4])
    workspace = opened(tmp_path, one=lines[::2], two=lines[1::2])
    assert workspace.groups().codes.tolist() == [0, 1, 0, 1]
    assert workspace.groups_sentence("task") == (
        "2 tasks, 2 across files: their rollouts have the same agent, task name and prompt."
    )
    assert workspace.select(BEST).n_kept == 2
    assert len(choose(workspace, Recipe(pairs=Pairs())).parts[0].units) == 2


def test_two_runs_that_count_from_0_stay_apart_joined_or_not(tmp_path: Path) -> None:
    one, two = attempts("a", 0, [1.0, 0.5]), attempts("b", 0, [0.2, 0.4])
    assert n_tasks(opened(tmp_path, joined=one + two)) == 2
    (tmp_path / "apart").mkdir()
    apart = opened(tmp_path / "apart", one=one, two=two)
    assert n_tasks(apart) == 2
    assert apart.groups_sentence("task") == (
        "2 tasks, none across files: no rollouts of different files have the same agent, task name and prompt."
    )


def test_games_with_one_prompt_stay_apart_by_their_index(tmp_path: Path) -> None:
    workspace = opened(tmp_path, run=attempts("play", 0, [1.0, 0.0]) + attempts("play", 1, [1.0, 0.0]))
    assert (n_tasks(workspace), n_tasks(workspace, "prompt")) == (2, 1)


def test_agents_that_lines_name_tell_tasks_apart(tmp_path: Path) -> None:
    one, two = (attempts("a", 0, [1.0, 0.0], agent_ref={"name": name}) for name in ("one", "two"))
    workspace = opened(tmp_path, run=one + two)
    assert workspace.group_names("task", [0, 1]) == ["one task 0", "two task 0"]
    assert (n_tasks(workspace), n_tasks(workspace, "prompt")) == (2, 1)


def test_a_line_without_index_or_id_is_known_by_its_prompt(tmp_path: Path) -> None:
    lines = [gym("a", "1"), gym("b", "2"), gym("a", "3")]
    workspace = opened(tmp_path, one=lines[:2], two=lines[2:])
    assert workspace.groups().codes.tolist() == [0, 1, 0]


def test_tools_and_instructions_are_part_of_a_prompt_and_the_order_of_their_keys_is_not(tmp_path: Path) -> None:
    asked = {"input": "a", "instructions": "be brief", "tools": [{"type": "function", "name": "add"}]}
    turned = {"tools": [{"name": "add", "type": "function"}], "instructions": "be brief", "input": "a"}
    others: list[dict[str, Any]] = [{**asked, "instructions": "be long"}, {**asked, "tools": []}]
    lines = [{**gym(), "responses_create_params": params} for params in (asked, turned, *others)]
    assert opened(tmp_path, run=lines).groups().codes.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("odd", ["\ud800", 2**70, float("nan"), [[[[]]]], {"a": None}])
def test_a_prompt_of_any_json_has_a_hash(tmp_path: Path, odd: Any) -> None:
    lines = [gym(prompt=[{"role": "user", "content": "x", "odd": odd}], answer=answer) for answer in ("1", "2")]
    assert opened(tmp_path, run=lines).groups().codes.tolist() == [0, 0]


def test_keeping_files_apart_takes_any_prompt_of_a_task(tmp_path: Path) -> None:
    workspace = opened(tmp_path, one=attempts("a", 0, [1.0]) + attempts("b", 0, [0.5]), two=attempts("a", 0, [0.1]))
    assert workspace.groups("source").codes.tolist() == [0, 0, 1]
    assert workspace.groups_sentence("source") == "2 tasks, none across files: each file counts its own."


def test_tasks_with_one_name_are_told_apart_by_the_beginning_of_their_key(tmp_path: Path) -> None:
    workspace = opened(tmp_path, run=attempts("a", 0, [1.0]) + attempts("b", 0, [1.0]) + attempts("c", 1, [1.0]))
    first, second, third = workspace.group_names("task", [0, 1, 2])
    assert third == "task 1"
    assert first.startswith("task 0 (") and second.startswith("task 0 (") and first != second


# Where it travels


def test_the_rule_for_tasks_travels_in_a_recipe_and_is_left_out_where_it_is_usual() -> None:
    assert to_table(Recipe(group_by="prompt"))["group_by"] == "prompt"
    assert "group_by" not in to_table(Recipe())
    assert from_table({"group_by": "source"}, "here") == Recipe(group_by="source")


def test_the_command_line_takes_the_rule_and_the_export_names_it(tmp_path: Path) -> None:
    source = write(tmp_path / "run.jsonl", attempts("play", 0, [1.0, 0.5]) + attempts("play", 1, [0.2, 0.1]))
    best = ("--strategy", "best_of_n", "--cache-dir", tmp_path / "cache", "--json")
    found = call("stats", source, *best, "--group-by", "prompt").json
    assert (found["tasks"], found["funnel"]["exportable"]) == (1, 1)
    assert call("stats", source, *best).json["funnel"]["exportable"] == 2
    done = call("export", source, *best, "--group-by", "prompt", "--out", tmp_path / "sft.jsonl").json
    assert "--group-by prompt" in done["command"]
    assert call("stats", source, "--group-by", "file").err.strip() == (
        "rollout-curator: command line: group_by is 'file', expected one of task, prompt, source"
    )


def test_an_index_of_an_older_schema_is_built_anew(tmp_path: Path) -> None:
    workspace = opened(tmp_path, run=attempts("a", 0, [1.0, 0.5]))
    path, cache = workspace.found[0].path, tmp_path / "cache"
    file = store.folder_of(cache, path) / "header.json"
    file.write_bytes(checksums.sealed({**checksums.unsealed(file), "schema": 3}))
    assert store.read_header(cache, path) is None
    assert n_tasks(Workspace.open([tmp_path], cache)) == 1


# Copies


def test_a_single_copy_is_a_copy(tmp_path: Path) -> None:
    done = exported(opened(tmp_path, two=[gym("a", "1"), gym("a", "1")]), Recipe(), tmp_path / "one.jsonl")
    assert done.notes == (
        "1 of 2 kept rollouts is a duplicate of another kept line; the rule drop_copies keeps one of each.",
    )


def test_one_of_identical_lines_stays_and_an_export_counts_the_others(tmp_path: Path) -> None:
    lines = [gym("a", "1"), gym("a", "1"), gym("b", "2"), gym("a", "1")]
    workspace = opened(tmp_path, run=lines)
    done = exported(workspace, Recipe(), tmp_path / "all.jsonl")
    assert done.copies == 2
    assert done.notes == (
        "2 of 4 kept rollouts are duplicates of another kept line; the rule drop_copies keeps one of each.",
    )
    once = exported(workspace, Recipe(strategies=(Step("drop_copies"),)), tmp_path / "once.jsonl")
    assert (once.rows, once.copies, once.funnel.sentence()) == (2, 0, "2 kept, 2 dropped: 2 duplicates of another line")


def test_one_of_the_rollouts_that_are_written_alike_stays(tmp_path: Path) -> None:
    workspace = opened(tmp_path, run=[gym("a", "1", 1.0), gym("a", "1", 0.5), gym("a", "2", 0.5)])
    rule = Recipe(strategies=(Step("drop_same_example"),), metadata=("reward",), target="trl")
    done = exported(workspace, rule, tmp_path / "sft.jsonl")
    assert sorted(row["messages"][-1]["content"] for row in rows_of(tmp_path / "sft.jsonl")) == ["1", "2"]
    assert done.funnel.sentence() == "2 kept, 1 dropped: 1 written exactly as another rollout"


def test_what_is_written_is_compared_as_the_recipe_writes_it(tmp_path: Path) -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "1"}]}
    workspace = opened(tmp_path, run=[gym("a", output=[answer]), gym("a", output=[thought, answer])])
    rule = Recipe(strategies=(Step("drop_same_example"),), format="chat")
    kept = {
        name: workspace.select(Recipe(strategies=rule.strategies, format="chat", options={"reasoning": name})).n_kept
        for name in ("drop", "field")
    }
    assert kept == {"drop": 1, "field": 2}


def test_examples_are_written_once_with_progress_where_a_rule_compares_them(tmp_path: Path) -> None:
    from rollout_curator.recipe.recipe import plan

    workspace = opened(tmp_path, run=[gym("a", str(n)) for n in range(40)])
    asked = plan(Recipe(strategies=(Step("drop_same_example"),)))
    assert not workspace.conversion_outcomes.is_cached(asked)
    assert list(workspace.conversion_outcomes.prepare(asked)) == [16, 32]
    assert workspace.conversion_outcomes.is_cached(asked)
    assert workspace.conversion_outcomes.is_cached(plan(Recipe()))


# The right values of the cases


@pytest.mark.shared
@pytest.mark.parametrize(("name", "tasks"), [("all.jsonl", 4), ("shards", 2), ("two_agents.jsonl", 4)])
def test_the_cases_have_the_tasks_their_list_says(tmp_path: Path, name: str, tasks: int) -> None:
    workspace = Workspace.open([CASES / "12_same_index" / name], tmp_path / "cache")
    assert n_tasks(workspace) == tasks
    summary = task_summary(workspace.frame_by("task"), 1.0)
    assert (summary.tasks, workspace.select(BEST).n_kept) == (tasks, tasks)


@pytest.mark.shared
def test_the_copies_of_the_cases_are_counted_and_dropped(tmp_path: Path) -> None:
    workspace = Workspace.open([CASES / "16_duplicates"], tmp_path / "cache")
    assert exported(workspace, Recipe(), tmp_path / "all.jsonl").copies == 2
    assert workspace.select(Recipe(strategies=(Step("drop_copies"),))).n_kept == 3
    assert workspace.select(Recipe(strategies=(Step("drop_same_example"),))).n_kept == 2
