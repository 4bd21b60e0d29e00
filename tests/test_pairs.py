"""Pairs for preference training: who may stand on which side, and why a task gives no pair."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from making import SAMPLE_DATA, call, exported, gym, rows_of, said, write
from rollout_curator import pairs
from rollout_curator.decisions import Decisions, Entry
from rollout_curator.errors import ExportError, RecipeError
from rollout_curator.pairs import Paired, Pairs, Sides, over_of
from rollout_curator.publishing import Exported, verify
from rollout_curator.publishing.configs import config_of
from rollout_curator.recipe import Recipe, plan
from rollout_curator.splits import Split
from rollout_curator.targets.base import ConfigFacts
from rollout_curator.workspace import Workspace


def sides(group: list[int], reward: list[float], **columns: list[bool]) -> Sides:
    """Return rollouts that may all stand anywhere, but for what is said."""
    given = {name: np.array(columns.get(name, [True] * len(group))) for name in Sides.__slots__[3:]}
    return Sides(np.array(group), np.array(reward), np.arange(len(group), dtype=np.uint64), **given)


def paired(asked: Pairs, given: Sides, prompts: list[int] | None = None, over: Any = ()) -> Paired:
    known = dict(enumerate(prompts or [1] * len(given.group)))
    return pairs.paired(asked, given, known, list(over))


# The rules, on columns


def test_the_best_stands_against_the_worst_and_of_equal_ones_the_one_with_the_lower_lot() -> None:
    found = paired(Pairs(), sides([0, 0, 0, 0, 1, 1], [0.2, 1.0, 1.0, 0.2, 0.5, 0.1]))
    assert found.rows.tolist() == [[1, 0], [4, 5]]


def test_every_two_far_enough_apart_are_pairs_decimals_taken_as_people_mean_them() -> None:
    found = paired(Pairs("margin", margin=0.1), sides([0, 0, 0], [0.8, 0.9, 0.85]))
    assert found.rows.tolist() == [[1, 0]]
    assert 0.9 - 0.8 < 0.1


def test_at_most_so_many_pairs_of_a_task_the_furthest_apart_first() -> None:
    found = paired(Pairs("margin", margin=0.1, at_most=2), sides([0] * 4, [0.0, 0.3, 0.6, 1.0]))
    assert found.rows.tolist() == [[3, 0], [3, 1]]


@pytest.mark.parametrize(
    ("columns", "reward", "reason"),
    [
        ({}, [1.0, 1.0], "no_worse"),
        ({"is_usable": [True, False]}, [1.0, 0.0], "single"),
        ({"is_measured": [True, False]}, [1.0, 0.0], "single"),
        ({"may_win": [False, False]}, [1.0, 0.0], "no_chosen"),
        ({"may_win": [False, True]}, [1.0, 0.0], "no_worse"),
        ({"may_lose": [True, False]}, [1.0, 0.0], "no_worse"),
    ],
)
def test_a_task_without_a_pair_is_counted_once_by_its_reason(
    columns: dict[str, list[bool]], reward: list[float], reason: str
) -> None:
    found = paired(Pairs(), sides([0, 0], reward, **columns))
    assert (found.rows.tolist(), dict(found.without), found.n_groups) == ([], {reason: 1}, 1)


def test_rewards_that_are_close_give_no_pair_by_margin() -> None:
    assert dict(paired(Pairs("margin", margin=0.5), sides([0, 0], [0.9, 0.5])).without) == {"too_close": 1}


def test_prompts_that_differ_give_no_pair() -> None:
    assert dict(paired(Pairs(), sides([0, 0], [1.0, 0.0]), [1, 2]).without) == {"prompts_differ": 1}


def test_rollouts_without_a_prompt_give_no_pair() -> None:
    assert dict(paired(Pairs(), sides([0, 0], [1.0, 0.0]), [-1, -2]).without) == {"no_prompt": 1}


def test_within_a_task_pairs_are_of_one_prompt() -> None:
    found = paired(Pairs(), sides([0] * 4, [1.0, 0.0, 0.9, 0.5]), [1, 2, 2, 1])
    assert found.rows.tolist() == [[2, 1]]


def test_what_a_reviewer_chose_is_a_pair_whatever_the_rewards() -> None:
    found = paired(Pairs("chosen"), sides([0, 0], [0.0, 1.0]), over=[(0, 1)])
    assert found.rows.tolist() == [[0, 1]]


def test_what_a_reviewer_chose_over_a_rollout_of_another_prompt_is_no_pair() -> None:
    assert dict(paired(Pairs("chosen"), sides([0, 0], [0, 1]), [1, 2], [(0, 1)]).without) == {"prompts_differ": 1}
    assert dict(paired(Pairs("chosen"), sides([0, 1], [0, 1]), None, [(0, 1)]).without) == {
        "prompts_differ": 1,
        "not_chosen": 1,
    }


def test_every_group_is_with_pairs_or_without_by_one_reason() -> None:
    dice = np.random.default_rng(1)
    for _ in range(60):
        n = int(dice.integers(1, 30))
        given = Sides(
            np.sort(dice.integers(0, 6, n)),
            dice.choice([0.0, 0.5, 1.0], n),
            dice.permutation(n).astype(np.uint64),
            *(dice.random(n) < 0.7 for _ in range(4)),
        )
        found = paired(Pairs(["best_worst", "margin"][n % 2]), given, dice.integers(0, 2, n).tolist())
        chosen, rejected = found.rows[:, 0], found.rows[:, 1]
        assert len(set(given.group[chosen].tolist())) + sum(found.without.values()) == found.n_groups
        assert (given.may_win & given.is_usable & given.is_measured)[chosen].all()
        assert (given.may_lose & given.is_usable & given.is_measured)[rejected].all()
        assert (given.group[chosen] == given.group[rejected]).all()
        assert (given.reward[chosen] > given.reward[rejected]).all()


def test_reasons_name_the_keys_chosen_over() -> None:
    assert over_of(["better", "chosen-over:" + "a" * 32, "chosen-over:xyz", "chosen-over:" + "B" * 32]) == ["a" * 32]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (1, 'pairs is 1, expected a table such as rule = "best_worst"'),
        ({"kind": 1}, "pairs: there is no 'kind'; choose from rule, margin, at_most, format"),
        ({"rule": "best"}, "pairs: rule is 'best', expected one of best_worst, margin, chosen"),
        ({"rule": ["x"]}, "pairs: rule is ['x'], expected one of best_worst, margin, chosen"),
        ({"format": "dpo"}, "pairs: format is 'dpo', expected one of trl, nemo_rl"),
        ({"margin": 0}, "pairs: margin is 0, expected a number above 0"),
        ({"margin": "x"}, "pairs: margin is 'x', expected a number"),
        ({"at_most": -1}, "pairs: at_most is -1, expected a whole number; 0 takes all"),
    ],
)
def test_wrong_pairs_are_one_sentence(table: Any, sentence: str) -> None:
    with pytest.raises(RecipeError) as refused:
        pairs.read(table)
    assert str(refused.value) == sentence


# The file

CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"n": 1}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "2"}
TOOL = {"type": "function", "name": "add", "parameters": {"type": "object"}}
TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}]


def attempts(*rewards: Any, prompt: Any = "2+2?", **more: Any) -> list[dict[str, Any]]:
    """Return attempts at one task whose answers are their rewards."""
    return [
        gym(prompt, f"answer {n} worth {reward}", reward, _ng_task_index=0, **more) for n, reward in enumerate(rewards)
    ]


def opened(tmp_path: Path, lines: list[Any]) -> Workspace:
    source = write(tmp_path / "rollouts.jsonl", lines)
    return Workspace.open([source], decisions=Decisions.open(tmp_path / "curation.sqlite"))


def made(tmp_path: Path, lines: list[Any], **recipe: Any) -> Exported:
    done = exported(opened(tmp_path, lines), Recipe(**{"pairs": Pairs(), **recipe}), tmp_path / "dpo.jsonl")
    assert [check for check in verify(done.manifest_path) if not check.holds] == []
    return done


def answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def test_a_row_of_trl_is_prompt_chosen_and_rejected(tmp_path: Path) -> None:
    done = made(tmp_path, attempts(0, 1), pairs=Pairs(format="trl"))
    assert rows_of(done.path) == [
        {
            "prompt": [{"role": "user", "content": "2+2?"}],
            "chosen": [answer("answer 1 worth 1")],
            "rejected": [answer("answer 0 worth 0")],
        }
    ]


def test_a_row_of_nemo_rl_is_a_context_and_two_ranked_completions(tmp_path: Path) -> None:
    assert rows_of(made(tmp_path, attempts(0, 1)).path) == [
        {
            "context": [{"role": "user", "content": "2+2?"}],
            "completions": [
                {"rank": 0, "completion": [answer("answer 1 worth 1")]},
                {"rank": 1, "completion": [answer("answer 0 worth 0")]},
            ],
        }
    ]


def test_tools_calls_and_results_stand_on_their_sides_and_the_metadata_name_both(tmp_path: Path) -> None:
    rollouts = [
        gym(TURNS, reward=1.0, _ng_task_index=0, output=[CALL, RESULT, said("4")]),
        gym(TURNS, reward=0.0, _ng_task_index=0, output=[said("5")]),
    ]
    for rollout in rollouts:
        rollout["responses_create_params"]["tools"] = [TOOL]
    done = made(tmp_path, rollouts, pairs=Pairs(format="trl"), metadata=("reward", "line"))
    row = rows_of(done.path)[0]
    assert row["prompt"] == TURNS
    assert [message["role"] for message in row["chosen"]] == ["assistant", "tool", "assistant"]
    assert row["rejected"] == [answer("5")]
    assert row["tools"][0]["function"]["name"] == "add"
    assert [(name, value) for name, value in row.items() if "_" in name] == [
        ("chosen_reward", 1.0),
        ("chosen_line", 1),
        ("rejected_reward", 0.0),
        ("rejected_line", 2),
    ]


def test_a_prompt_that_is_nowhere_in_the_rollout_is_counted(tmp_path: Path) -> None:
    rollouts = [gym([], reward=n, _ng_task_index=0, output=[said(f"{n}")]) for n in (0, 1)]
    with pytest.raises(ExportError, match="1 gives none: 1 has no prompt"):
        made(tmp_path, rollouts)


def test_assistant_turns_of_the_prompt_belong_to_the_prompt(tmp_path: Path) -> None:
    prompt = [*TURNS, answer("Which base?"), {"role": "user", "content": "Ten."}]
    row = rows_of(made(tmp_path, attempts(0, 1, prompt=prompt), pairs=Pairs(format="trl")).path)[0]
    assert row["prompt"] == prompt
    assert row["chosen"] == [answer("answer 1 worth 1")]


@pytest.mark.parametrize("form", ["flat", "chat"])
def test_a_prompt_at_the_head_of_the_output_belongs_to_the_prompt(tmp_path: Path, form: str) -> None:
    user = {"type": "message", "role": "user", "content": "2+2?"}
    rollouts = [gym([], reward=n, _ng_task_index=0, output=[user, said(f"{n}")]) for n in (0, 1)]
    row = rows_of(made(tmp_path, rollouts, pairs=Pairs(format="trl"), format=form).path)[0]
    assert (row["prompt"], row["chosen"]) == ([{"role": "user", "content": "2+2?"}], [answer("1")])


def test_what_lies_below_the_threshold_is_a_rejected_side_and_never_a_chosen_one(tmp_path: Path) -> None:
    done = made(tmp_path, attempts(0, 0.5, 0.9, 1), min_reward=0.8, pairs=Pairs("margin", 0.05), metadata=("line",))
    assert sorted((row["chosen_line"], row["rejected_line"]) for row in rows_of(done.path)) == [
        (3, 1),
        (3, 2),
        (4, 1),
        (4, 2),
        (4, 3),
    ]


def test_unrated_and_invalid_rewards_make_no_pair(tmp_path: Path) -> None:
    cut = {"incomplete_details": {"reason": "max_output_tokens"}}
    lines = [*attempts(None, "high"), *attempts(1), *attempts(0, response=cut), *attempts(-1, mask_sample=True)]
    with pytest.raises(ExportError, match="0 pairs from 0 of 1 tasks; 1 gives none: 1 has one usable rollout only"):
        made(tmp_path, lines)


def test_hand_rejected_rollouts_may_lose_and_accepted_ones_may_not(tmp_path: Path) -> None:
    workspace = opened(tmp_path, attempts(0, 0.4, 1, 0.9))
    assert workspace.decisions
    workspace.decisions.record([Entry(workspace.key(0), "accept"), Entry(workspace.key(2), "reject")])
    done = exported(workspace, Recipe(pairs=Pairs(), metadata=("line",)), tmp_path / "dpo.jsonl")
    assert [(row["chosen_line"], row["rejected_line"]) for row in rows_of(done.path)] == [(4, 2)]
    workspace.decisions.record([Entry(workspace.key(1), "reject")])
    done = exported(workspace, Recipe(pairs=Pairs(), metadata=("line",)), tmp_path / "dpo.jsonl")
    assert [(row["chosen_line"], row["rejected_line"]) for row in rows_of(done.path)] == [(4, 2)]


def test_the_reviewers_own_choice_is_written_and_made_again_from_the_manifest_alone(tmp_path: Path) -> None:
    workspace = opened(tmp_path, attempts(0, 1, 0.5))
    assert workspace.decisions
    over = f"chosen-over:{workspace.key(1)}"
    workspace.decisions.record([Entry(workspace.key(0), "accept", ("clearer", over), reviewer="ann")])
    done = exported(workspace, Recipe(pairs=Pairs("chosen", format="trl")), tmp_path / "dpo.jsonl")
    assert rows_of(done.path)[0]["chosen"] == [answer("answer 0 worth 0")]
    assert done.content["decisions"]["over"] == {workspace.key(0): [workspace.key(1)]}
    assert all(check.holds for check in verify(done.manifest_path))
    (tmp_path / "curation.sqlite").unlink()
    assert call("export", "--recipe", done.manifest_path, "--out", tmp_path / "again.jsonl").code == 0
    assert (tmp_path / "again.jsonl").read_bytes() == done.path.read_bytes()


def test_groups_without_a_pair_are_told_in_the_result_and_the_manifest(tmp_path: Path) -> None:
    lines = [*attempts(0, 1), gym("3+3?", "6", 1.0, _ng_task_index=1)]
    done = made(tmp_path, lines)
    assert done.notes == ("1 pair from 1 of 2 tasks; 1 gives none: 1 has one usable rollout only.",)
    assert json.loads(done.manifest_path.read_bytes())["pairs"] == {
        "groups": 2,
        "with_pairs": 1,
        "pairs": 1,
        "without": {"single": 1},
    }


def test_both_sides_of_a_pair_and_all_pairs_of_a_task_are_in_one_part(tmp_path: Path) -> None:
    lines = [
        gym(f"{task} is a question about {task * 7919}", f"{task} {n}", n, _ng_task_index=task)
        for task in range(40)
        for n in range(3)
    ]
    workspace = opened(tmp_path, lines)
    recipe = Recipe(pairs=Pairs("margin", 0.5), split=Split(0.3), metadata=("task",))
    exported(workspace, recipe, tmp_path / "dpo.jsonl")
    tasks = {
        part: {row["chosen_task"] for row in rows_of(tmp_path / f"dpo.{part}.jsonl")}
        for part in ("train", "validation")
    }
    assert tasks["train"] & tasks["validation"] == set()
    assert len(tasks["train"] | tasks["validation"]) == 40


def test_a_count_of_a_split_counts_pairs(tmp_path: Path) -> None:
    lines = [
        gym(f"{task} is a question about {task * 7919}", f"{task} {n}", n, _ng_task_index=task)
        for task in range(40)
        for n in range(3)
    ]
    recipe = Recipe(pairs=Pairs("margin", 0.5), split=Split(30))
    done = exported(opened(tmp_path, lines), recipe, tmp_path / "dpo.jsonl")
    assert [each["rows"] for each in done.files] == [90, 30]


# The config


def test_the_config_for_nemo_rl_names_both_files(tmp_path: Path) -> None:
    facts = ConfigFacts("a.jsonl", "chat", True, "v.jsonl", 3000)
    text = config_of(Recipe(pairs=Pairs()), plan(Recipe()), facts)
    assert yaml.safe_load(text) == {
        "defaults": "dpo.yaml",
        "data": {
            "train": {"dataset_name": "PreferenceDataset", "data_path": str(Path.cwd() / "a.jsonl")},
            "validation": {"dataset_name": "PreferenceDataset", "data_path": str(Path.cwd() / "v.jsonl")},
        },
        "policy": None,
    }
    assert "about 3,000 tokens" in text
    assert "not shown to the model" in text


def test_without_a_validation_file_nemo_rl_validates_on_nothing_else() -> None:
    made = yaml.safe_load(config_of(Recipe(pairs=Pairs()), plan(Recipe()), ConfigFacts("a.jsonl", "chat", False)))
    assert made["data"]["validation"] is None
    assert made["dpo"] == {"val_period": 0, "val_at_start": False}
    assert made["checkpointing"] == {"metric_name": None}


@pytest.mark.parametrize("path", ["a.jsonl", 'it\'s a "name".jsonl', "b.parquet"])
def test_the_lines_for_trl_are_python_that_loads_the_files(path: str) -> None:
    text = config_of(Recipe(pairs=Pairs(format="trl")), plan(Recipe()), ConfigFacts(path, "chat", False, "v.jsonl"))
    tree = ast.parse(text)
    call_made = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert ast.literal_eval(call_made.args[0]) == ("parquet" if path.endswith("parquet") else "json")
    files = ast.literal_eval(call_made.keywords[0].value)
    assert files == {"train": str(Path.cwd() / path), "validation": str(Path.cwd() / "v.jsonl")}


def test_parquet_for_nemo_rl_says_that_it_is_not_for_it() -> None:
    text = config_of(Recipe(kind="parquet"), plan(Recipe()), ConfigFacts("a.parquet", "chat", True))
    assert text.startswith("# NeMo RL's openai_format reads JSON Lines")


@pytest.mark.peer
@pytest.mark.parametrize("style", ["trl", "nemo_rl"])
@pytest.mark.parametrize("form", ["chat", "flat"])
def test_datasets_loads_every_pair_as_it_was_written(tmp_path: Path, style: str, form: str) -> None:
    """NeMo RL's PreferenceDataset and TRL's examples load with `load_dataset("json", ...)`."""
    datasets = pytest.importorskip("datasets")
    recipe = Recipe(pairs=Pairs(format=style), format=form)
    done = exported(Workspace.open([SAMPLE_DATA]), recipe, tmp_path / "dpo.jsonl")
    loaded = datasets.load_dataset("json", data_files=str(done.path), cache_dir=str(tmp_path / "cache"))["train"]
    found = [{name: value for name, value in row.items() if name != "tools" or value is not None} for row in loaded]
    assert found == rows_of(done.path)


def test_pairs_have_no_settings_of_the_chat_template_and_say_so(tmp_path: Path) -> None:
    lines = [gym("Q?", f"{n}", n, chat_template_kwargs={"enable_thinking": False}, _ng_task_index=0) for n in range(2)]
    workspace = opened(tmp_path, lines)
    done = exported(workspace, Recipe(target="trl", pairs=Pairs(format="trl")), tmp_path / "pairs.jsonl")
    assert [list(row) for row in rows_of(tmp_path / "pairs.jsonl")] == [["prompt", "chosen", "rejected"]]
    assert done.content["left_out"]["template_kwargs"]["rollouts"] == 2
