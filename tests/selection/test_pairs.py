"""Pairs for preference training: who may stand on which side, and why a task gives no pair."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from making import SAMPLE_DATA, call, exported, gym, rows_of, said, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import ExportError, RecipeError
from rollout_curator.export import Exported, verify
from rollout_curator.export.trainer_config import config_of
from rollout_curator.recipe.recipe import Recipe, plan
from rollout_curator.selection.pairs import pairing as pairs
from rollout_curator.selection.pairs.pairing import Paired, Pairs, Sides, over_of
from rollout_curator.selection.pairs.sides import Side, turns_of
from rollout_curator.selection.splits.split import Split
from rollout_curator.training.targets.base import ConfigFacts
from rollout_curator.workspace.workspace import Workspace


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


# Length


def stand(*lengths: int) -> dict[int, Side]:
    """Return sides of one answer each, of so many characters."""
    return {n: Side(turns_of([answer(chr(97 + n) * length)]), 0) for n, length in enumerate(lengths)}


def chosen_by(asked: Pairs, given: Sides, written: dict[int, Side], over: Any = ()) -> Paired:
    return pairs.paired(asked, given, dict.fromkeys(range(len(given.group)), 1), list(over), written)


def test_the_nearest_in_length_stand_against_each_other_when_their_rewards_are_far_enough_apart() -> None:
    given = sides([0] * 4, [1.0, 0.9, 0.8, 0.0])
    assert chosen_by(Pairs("closest_length"), given, stand(900, 100, 520, 500)).rows.tolist() == [[2, 3]]
    assert chosen_by(Pairs("closest_length", margin=0.9), given, stand(900, 100, 520, 500)).rows.tolist() == [[0, 3]]


def test_of_pairs_equally_near_the_one_with_rewards_furthest_apart_is_taken() -> None:
    found = chosen_by(Pairs("closest_length"), sides([0] * 3, [0.9, 1.0, 0.0]), stand(10, 30, 20))
    assert found.rows.tolist() == [[1, 2]]


def test_two_with_the_same_text_are_the_last_to_be_a_pair() -> None:
    written = {**stand(10, 50, 10), 2: stand(10)[0]}
    assert chosen_by(Pairs("closest_length"), sides([0] * 3, [1.0, 1.0, 0.0]), written).rows.tolist() == [[1, 2]]


def test_a_limit_of_lengths_takes_the_furthest_apart_of_those_within() -> None:
    given, written = sides([0] * 4, [1.0, 0.9, 0.1, 0.0]), stand(1000, 300, 210, 100)
    assert chosen_by(Pairs(max_length_ratio=1.5), given, written).rows.tolist() == [[1, 2]]
    assert chosen_by(Pairs("margin", max_length_ratio=3), given, written).rows.tolist() == [[1, 2], [1, 3]]


def test_a_task_without_two_near_enough_is_counted_and_so_is_one_where_others_speak() -> None:
    given, written = sides([0, 0], [1.0, 0.0]), stand(10, 100)
    assert dict(chosen_by(Pairs(max_length_ratio=2), given, written).without) == {"lengths_differ": 1}
    assert dict(chosen_by(Pairs("chosen", max_length_ratio=2), given, written, [(1, 0)]).without) == {
        "lengths_differ": 1
    }
    turns = turns_of([answer("a"), {"role": "tool", "content": "b"}, answer("c")])
    others = {**written, 1: Side(turns, 0)}
    assert dict(chosen_by(Pairs(other_turns="leave_out"), given, others).without) == {"other_turns": 1}


def at_random(dice: np.random.Generator) -> tuple[Sides, dict[int, int], dict[int, Side]]:
    """Return rollouts of which the chosen are mostly the longer ones, their prompts, and their sides."""
    n = int(dice.integers(2, 40))
    reward = dice.choice([0.0, 0.5, 1.0], n)
    given = Sides(
        np.sort(dice.integers(0, 5, n)),
        reward,
        dice.permutation(n).astype(np.uint64),
        *(dice.random(n) < 0.8 for _ in range(4)),
    )
    texts = [f"{row}:".ljust(int(length), "x") for row, length in enumerate(20 + dice.gamma(2, 60, n) * (1 + reward))]
    written = {row: Side(turns_of([answer(text)]), 0) for row, text in enumerate(texts)}
    return given, dict(enumerate(dice.integers(0, 2, n).tolist())), written


def every_two(given: Sides, prompts: dict[int, int], group: int, gap: float) -> list[tuple[int, int]]:
    """Return every two of a group that may be a pair, by looking at all."""
    return [
        (one, other)
        for one in range(len(given.group))
        for other in range(len(given.group))
        if given.group[one] == given.group[other] == group
        and prompts[one] == prompts[other]
        and given.may_win[one]
        and given.may_lose[other]
        and (given.is_usable & given.is_measured)[[one, other]].all()
        and given.reward[one] - given.reward[other] >= gap
    ]


def apart(written: dict[int, Side], pair: tuple[int, int]) -> int:
    lengths = [int(written[row].turns["chars"].sum()) for row in pair]
    return abs(lengths[0] - lengths[1])


def test_closest_length_takes_the_nearest_of_every_two_and_never_one_further_than_best_worst() -> None:
    dice = np.random.default_rng(3)
    sums = [0, 0]
    for _ in range(80):
        given, prompts, written = at_random(dice)
        nearest = pairs.paired(Pairs("closest_length", margin=0.5), given, prompts, [], written)
        furthest = pairs.paired(Pairs(), given, prompts, [], written)
        possible = [every_two(given, prompts, group, 0.5) for group in np.unique(given.group)]
        expected = [min(apart(written, pair) for pair in some) for some in possible if some]
        assert sorted(apart(written, tuple(pair)) for pair in nearest.rows.tolist()) == sorted(expected)
        assert len(nearest.rows) + sum(nearest.without.values()) == nearest.n_groups
        for n, found in enumerate((nearest, furthest)):
            sums[n] += sum(apart(written, tuple(pair)) for pair in found.rows.tolist())
    assert sums[0] < 0.75 * sums[1]


def test_a_limit_keeps_every_pair_within_it_and_loses_none_that_is() -> None:
    dice = np.random.default_rng(4)
    for _ in range(80):
        given, prompts, written = at_random(dice)
        found = pairs.paired(Pairs("margin", max_length_ratio=1.5), given, prompts, [], written)
        expected = [
            list(pair)
            for group in np.unique(given.group)
            for pair in every_two(given, prompts, group, 0.5)
            if max(lengths := [int(written[row].turns["chars"].sum()) for row in pair]) <= 1.5 * min(lengths)
        ]
        assert found.rows.tolist() == sorted(expected)


@pytest.mark.parametrize("asked", [Pairs("closest_length"), Pairs(max_length_ratio=1.3)])
def test_the_order_of_rollouts_does_not_decide_which_are_pairs(asked: Pairs) -> None:
    dice = np.random.default_rng(5)
    for _ in range(40):
        given, prompts, written = at_random(dice)
        order = dice.permutation(len(given.group))
        moved = Sides(*(getattr(given, name)[order] for name in Sides.__slots__[:7]))
        found = pairs.paired(asked, given, prompts, [], written)
        again = pairs.paired(
            asked,
            moved,
            {n: prompts[row] for n, row in enumerate(order.tolist())},
            [],
            {n: written[row] for n, row in enumerate(order.tolist())},
        )
        assert sorted(order[again.rows].tolist()) == found.rows.tolist()


def test_reasons_name_the_keys_chosen_over() -> None:
    assert over_of(["better", "chosen-over:" + "a" * 32, "chosen-over:xyz", "chosen-over:" + "B" * 32]) == ["a" * 32]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (1, 'pairs is 1, expected a table such as rule = "best_worst"'),
        (
            {"kind": 1},
            "pairs: unknown key 'kind'; choose from rule, margin, at_most, format, max_length_ratio, other_turns",
        ),
        ({"rule": "best"}, "pairs: rule is 'best', expected one of best_worst, margin, closest_length, chosen"),
        ({"rule": ["x"]}, "pairs: rule is ['x'], expected one of best_worst, margin, closest_length, chosen"),
        ({"format": "dpo"}, "pairs: format is 'dpo', expected one of trl, nemo_rl"),
        ({"margin": 0}, "pairs: margin is 0, expected a number > 0"),
        ({"margin": "x"}, "pairs: margin is 'x', expected a number"),
        ({"max_length_ratio": 0.5}, "pairs: max_length_ratio is 0.5, expected a number ≥ 1; 0 allows any"),
        ({"max_length_ratio": "x"}, "pairs: max_length_ratio is 'x', expected a number"),
        ({"other_turns": "drop"}, "pairs: other_turns is 'drop', expected one of keep, leave_out"),
        ({"at_most": -1}, "pairs: at_most is -1, expected a whole number; 0 keeps all"),
        ({"at_most": float("nan")}, "pairs: at_most is nan, expected a whole number; 0 keeps all"),
        ({"at_most": float("inf")}, "pairs: at_most is inf, expected a whole number; 0 keeps all"),
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


def test_tools_are_json_text_where_the_trainer_asks_for_that(tmp_path: Path) -> None:
    rollouts = attempts(0, 1)
    for rollout in rollouts:
        rollout["responses_create_params"]["tools"] = [TOOL]
    row = rows_of(made(tmp_path, rollouts, target="trl").path)[0]
    assert json.loads(row["tools"])[0]["function"]["name"] == "add"


def test_a_prompt_that_is_nowhere_in_the_rollout_is_counted(tmp_path: Path) -> None:
    rollouts = [gym([], reward=n, _ng_task_index=0, output=[said(f"{n}")]) for n in (0, 1)]
    with pytest.raises(ExportError, match="1 yields no pair: 1 has no prompt"):
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
    with pytest.raises(ExportError, match="0 pairs from 0 of 1 tasks; 1 yields no pair: 1 has only one usable rollout"):
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
    assert done.notes == (
        "1 pair from 1 of 2 tasks; 1 yields no pair: 1 has only one usable rollout.",
        "Both sides are equally long in every pair (median 16 characters).",
    )
    counts = json.loads(done.manifest_path.read_bytes())["pairs"]
    assert {name: value for name, value in counts.items() if name != "sides"} == {
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


# How the sides differ


def support(tmp_path: Path, **asked: Any) -> Any:
    """Return what the manifest says of pairs of the support_tools of sample_data."""
    done = exported(Workspace.open([SAMPLE_DATA / "support_tools"]), Recipe(**asked), tmp_path / "dpo.jsonl")
    assert all(check.holds for check in verify(done.manifest_path))
    return done.content["pairs"]


def test_the_best_of_support_tools_are_longer_in_every_pair_and_balance_makes_them_less_so(tmp_path: Path) -> None:
    usual = support(tmp_path, pairs=Pairs())["sides"]["own_characters"]
    near = support(tmp_path, pairs=Pairs("closest_length"))
    limited = support(tmp_path, pairs=Pairs(max_length_ratio=1.5))
    assert (usual["more_in_chosen"], usual["more_in_rejected"]) == (14, 0)
    assert (usual["median_chosen"], usual["median_rejected"]) == (404.0, 111.5)
    assert (near["pairs"], limited["pairs"]) == (14, 14)
    assert near["sides"]["own_characters"] == {
        "median_chosen": 248.5,
        "median_rejected": 215.0,
        "more_in_chosen": 10,
        "more_in_rejected": 2,
    }
    assert limited["sides"]["own_characters"]["more_in_chosen"] == 9


def rows_measured(rows: list[dict[str, Any]], role: str) -> int:
    """Return the characters of a role on the sides of written rows of TRL, tool calls as compact JSON."""
    messages = [message for row in rows for side in ("chosen", "rejected") for message in row[side]]
    calls = [call["function"] for m in messages if m["role"] == role for call in m.get("tool_calls", ())]
    called = sum(len(one["name"]) + len(json.dumps(one["arguments"], separators=(",", ":"))) for one in calls)
    return called + sum(len(m["content"] or "") for m in messages if m["role"] == role)


def test_the_figures_are_those_of_the_rows_that_are_written(tmp_path: Path) -> None:
    figures = support(tmp_path, pairs=Pairs(format="trl"))["sides"]
    rows = rows_of(tmp_path / "dpo.jsonl")
    by_role = {role: rows_measured(rows, role) for role in ("assistant", "tool", "user", "system")}
    assert figures["all_characters"] == sum(by_role.values())
    assert figures["characters_not_the_models"] == sum(by_role.values()) - by_role["assistant"]
    assert figures["with_other_turns"] == sum(
        any(message["role"] != "assistant" for message in row["chosen"] + row["rejected"]) for row in rows
    )


def test_turns_both_sides_begin_with_are_written_into_the_prompt_and_told(tmp_path: Path) -> None:
    lines = [gym(TURNS, reward=n, _ng_task_index=0, output=[CALL, RESULT, said(f"{n}")]) for n in (0, 1)]
    done = made(tmp_path, lines, pairs=Pairs(format="trl", other_turns="leave_out"))
    row = rows_of(done.path)[0]
    assert [message["role"] for message in row["prompt"]] == ["system", "user", "assistant", "tool"]
    assert (row["chosen"], row["rejected"]) == ([answer("1")], [answer("0")])
    assert done.notes[-1] == "In 1 pair the turns that both sides begin with are in the prompt."
    assert done.content["pairs"]["sides"]["characters_not_the_models"] == 0


def test_pairs_on_which_others_speak_may_be_left_out(tmp_path: Path) -> None:
    left_out = "14 have no such pair with only the model's own turns"
    with pytest.raises(ExportError, match=left_out):
        support(tmp_path, pairs=Pairs(other_turns="leave_out"))


def test_figures_of_a_split_are_of_the_pairs_that_stand_in_a_file(tmp_path: Path) -> None:
    recipe = Recipe(pairs=Pairs("margin"), split=Split(0.3))
    done = exported(Workspace.open([SAMPLE_DATA / "support_tools"]), recipe, tmp_path / "dpo.jsonl")
    sides, rows = done.content["pairs"]["sides"], sum(each["rows"] for each in done.files)
    assert sides["turns"]["more_in_chosen"] + sides["turns"]["more_in_rejected"] <= rows
    assert all(check.holds for check in verify(done.manifest_path))


def test_a_manifest_that_does_not_know_the_sides_still_verifies(tmp_path: Path) -> None:
    done = made(tmp_path, attempts(0, 1))
    content = json.loads(done.manifest_path.read_bytes())
    del content["pairs"]["sides"]
    done.manifest_path.write_text(json.dumps(content))
    assert [check for check in verify(done.manifest_path) if not check.holds] == []


def test_verify_counts_the_sides_again(tmp_path: Path) -> None:
    done = made(tmp_path, attempts(0, 1))
    content = json.loads(done.manifest_path.read_bytes())
    content["pairs"]["sides"]["all_characters"] += 1
    done.manifest_path.write_text(json.dumps(content))
    wrong = [check.claim for check in verify(done.manifest_path) if not check.holds]
    assert wrong == ["all counts match"]


def test_stats_say_of_pairs_what_an_export_says(tmp_path: Path) -> None:
    options = ("--pairs", "closest_length", "--pairs", "max_length_ratio=1.2", "--json")
    told = json.loads(call("stats", SAMPLE_DATA / "support_tools", *options).out)
    written = json.loads(
        call("export", SAMPLE_DATA / "support_tools", "--out", tmp_path / "dpo.jsonl", *options).out,
    )
    assert told["pairs"] == written["pairs"]
    assert written["notes"] == [f"{told['max_length']['sentence']}; 2,048 hold all.", *told["pairs_said"]]
    assert told["pairs"]["without"] == {"single": 1, "lengths_differ": 5}


def test_the_data_card_says_how_the_sides_differ_and_by_which_limits(tmp_path: Path) -> None:
    recipe = ("--pairs", "max_length_ratio=1.5", "--pairs", "format=trl", "--card", "README.md")
    call("export", SAMPLE_DATA / "support_tools", "--out", tmp_path / "dpo.jsonl", *recipe)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "- The chosen side is longer in 9 of 14 pairs, the rejected one in 5 (median 283 vs 215 char" in card
    assert "- 54% of the characters of the sides are not the model's (tool results, user turns), in 14 of 14" in card
    assert "best vs worst per task; the longer side at most 1.5 times as long as the other." in card


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
        "dpo": {"max_num_epochs": 1},
    }
    assert "about 3,000 tokens" in text
    assert "the model does not see" in text


def test_without_a_validation_file_nemo_rl_validates_on_nothing_else() -> None:
    made = yaml.safe_load(config_of(Recipe(pairs=Pairs()), plan(Recipe()), ConfigFacts("a.jsonl", "chat", False)))
    assert made["data"]["validation"] is None
    assert made["dpo"] == {"max_num_epochs": 1, "val_period": 0, "val_at_start": False}
    assert made["checkpointing"] == {"metric_name": None}


def test_nemo_rl_takes_one_epoch_of_batches_that_some_pairs_fill() -> None:
    """It drops a batch that is not full, and stops at one that is not whole micro batches, of 2 pairs in dpo.yaml.

    dpo.yaml asks for 128 pairs a batch and ends after 150 steps.
    """
    one, few, many = (
        yaml.safe_load(config_of(Recipe(pairs=Pairs()), plan(Recipe()), ConfigFacts("a.jsonl", "chat", False, rows=n)))
        for n in (1, 15, 128 * 200 + 5)
    )
    assert (few["policy"], few["dpo"]["max_num_steps"]) == ({"train_global_batch_size": 8}, 1)
    assert one["policy"] == {"train_global_batch_size": 1, "train_micro_batch_size": 1}
    assert (many["policy"], many["dpo"]["max_num_steps"]) == (None, 200)


def script(path: str) -> ast.Module:
    """Return what is printed to train on pairs with TRL."""
    facts = ConfigFacts(path, "chat", False, "v.jsonl", 3000, 4096)
    return ast.parse(config_of(Recipe(pairs=Pairs(format="trl")), plan(Recipe()), facts))


def calls(tree: ast.Module) -> dict[str, ast.Call]:
    """Return the calls of a script by the name of what is called."""
    return {ast.unparse(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", ["a.jsonl", 'it\'s a "name".jsonl', "b.parquet"])
def test_the_script_for_trl_is_python_that_loads_the_files(path: str) -> None:
    tree = script(path)
    loader = ast.literal_eval(calls(tree)["load_dataset"].args[0])
    assert loader == ("parquet" if path.endswith("parquet") else "json")
    set_here = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert ast.literal_eval(set_here["files"]) == {
        "train": str(Path.cwd() / path),
        "validation": str(Path.cwd() / "v.jsonl"),
    }


def test_every_name_in_the_script_for_trl_is_defined_in_it_and_the_model_stands_in_one_place() -> None:
    tree = script("a.jsonl")
    nodes = list(ast.walk(tree))
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    set_here = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = {name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}
    assert used == {"load_dataset", "DPOTrainer", "DPOConfig", "MODEL", "files", "name", "path", "pairs", "trainer"}
    assert used <= set_here | imported
    assert sum(isinstance(node, ast.Name) and node.id == "MODEL" for node in nodes) == 2
    config = {word.arg: ast.literal_eval(word.value) for word in calls(tree)["DPOConfig"].keywords}
    assert config == {"output_dir": "dpo", "max_length": 4096, "num_train_epochs": 1, "eval_strategy": "epoch"}


def test_both_ways_to_train_on_pairs_take_the_epochs_that_were_asked_for() -> None:
    facts = ConfigFacts("a.jsonl", "chat", False, rows=128 * 5 + 1, epochs=3)
    dpo = yaml.safe_load(config_of(Recipe(pairs=Pairs()), plan(Recipe()), facts))["dpo"]
    assert (dpo["max_num_epochs"], dpo["max_num_steps"]) == (3, 15)
    assert "num_train_epochs=3," in config_of(Recipe(pairs=Pairs(format="trl")), plan(Recipe()), facts)


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
