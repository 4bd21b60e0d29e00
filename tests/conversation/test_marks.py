"""A reviewer's mark on an answer, from the items it is set on to every file that is written."""

import json
from pathlib import Path
from typing import Any

import pytest

from making import SAMPLE_DATA, call, exported, gym, rows_of, said, write
from rollout_curator.conversation import ChatOptions, FlatOptions, answers, mark_items, open_rollout, to_chat, to_flat
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.export import Settings, choose, export, remake, verify
from rollout_curator.export.remaking import Remade
from rollout_curator.files import manifest
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.sources.formats.base import read_object
from rollout_curator.workspace.workspace import Workspace

MASK = Recipe(options={"marks": "message_loss_mask"})
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "4"}
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
USER = {"role": "user", "content": "And?"}
TEXTS = [" ".join(f"{word}{n * n}" for word in ("how", "many", "stones", "lie", "here")) for n in range(24)]
STEPS = [THOUGHT, said("Let me see."), CALL, RESULT, said("It is 4.")]


def talk(*answers: str, **more: Any) -> dict[str, Any]:
    """Return a chat rollout with one question before each answer."""
    told: list[dict[str, Any]] = []
    for n, answer in enumerate(answers):
        told += [{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": answer}]
    return {"messages": told, "reward": 1.0, **more}


def rollout_of(line: dict[str, Any]) -> Rollout:
    made = read_object(line)
    assert isinstance(made, Rollout)
    return made


# --- which items are one answer


def test_all_that_goes_into_one_message_is_one_answer() -> None:
    assert answers([USER, *STEPS, USER, said("a"), said("b")]) == [None, 1, 1, 1, None, 5, None, 7, 7]


def test_a_call_and_words_after_its_result_are_two_answers_and_calls_in_a_row_are_one() -> None:
    assert answers([CALL, CALL, RESULT, RESULT, CALL]) == [0, 0, None, None, 4]


@pytest.mark.parametrize("item", [1, 2, 3])
def test_a_mark_on_any_item_of_an_answer_leaves_its_whole_message_untrained(item: int) -> None:
    made = to_chat(
        mark_items(rollout_of(gym(output=STEPS)), {item}), ChatOptions(reasoning="field", marks="message_loss_mask")
    )
    assert (made.mask(), made.skip, "marked_turns" in made.issues) == ([0, 0, 0, 1], None, True)


def test_marks_on_questions_results_and_numbers_beyond_the_end_do_nothing() -> None:
    rollout = rollout_of(gym(output=STEPS))
    assert to_chat(mark_items(rollout, {0, 4, 99})) == to_chat(rollout)
    assert mark_items(rollout, ()) is rollout


def test_a_marked_rollout_notes_what_it_noted_before() -> None:
    rollout = rollout_of(gym(output=[[said("a")], [said("a"), USER, said("b")]]))
    before, after = to_chat(rollout), to_chat(mark_items(rollout, {1}))
    assert "nested_cumulative" in before.issues
    assert after.issues == (*before.issues, "marked_turns")


def test_flat_cannot_leave_out_a_part_of_its_one_answer() -> None:
    rollout = rollout_of(talk("a", "b"))
    assert to_flat(mark_items(rollout, {3}), FlatOptions()).skip == "mixed_marks"
    assert to_flat(mark_items(rollout, {1, 3}), FlatOptions()).untrained == {1}


def test_a_mark_on_an_answer_of_the_samples_changes_the_mask_of_one_message_and_nothing_else() -> None:
    changed, options = 0, ChatOptions(unsupported="omit")
    workspace = Workspace.open([SAMPLE_DATA])
    for row in range(0, workspace.n_rollouts, 7):
        rollout = workspace.rollout(row)
        plain, sides = to_chat(rollout, options), open_rollout(rollout)
        for first in set(answers([*sides.prompt, *sides.output])) - {None} if plain.messages else ():
            marked = to_chat(mark_items(rollout, {first or 0}), options)
            assert (marked.messages, len(marked.untrained) <= 1) == (plain.messages, True)
            changed += len(marked.untrained)
    assert changed > 50


# --- selection and export


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return write(tmp_path / "talks.jsonl", [talk("a", "b"), talk("c", "d"), talk("e", "f", reward=0.2)])


def opened(lines: Path) -> Workspace:
    return Workspace.open([lines], lines.parent / "cache", Decisions.open(lines.parent / "curation.sqlite"))


def mark(workspace: Workspace, row: int, item: int, verdict: str = "mark") -> None:
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(row), verdict, reviewer="ann", item=item)])


def dropped(workspace: Workspace, recipe: Recipe) -> dict[str, int]:
    return dict(workspace.funnel(recipe).as_json()["dropped"])


def test_a_target_without_marks_leaves_a_marked_row_out_and_says_so(lines: Path) -> None:
    workspace, recipe = opened(lines), Recipe(target="trl", drop=("marked_turns",))
    assert dropped(workspace, recipe) == {}
    mark(workspace, 1, 3)
    assert dropped(workspace, recipe) == {"marked_turns": 1}
    assert workspace.select(recipe).words(1) == "have answers that are marked as not to be trained"
    assert workspace.rows_with(recipe, "marked_turns").tolist() == [1]
    assert workspace.issue_counts(recipe)["marked_turns"] == 1
    assert workspace.training_line(1, recipes.plan(recipe)).skip == "marked_turns"
    mark(workspace, 1, 3, "clear")
    assert dropped(workspace, recipe) == {}


def test_a_mark_neither_keeps_nor_rejects_a_rollout(lines: Path) -> None:
    workspace, recipe = opened(lines), Recipe(min_reward=0.5, options={"marks": "message_loss_mask"})
    mark(workspace, 2, 1)
    mark(workspace, 0, 1)
    assert workspace.select(recipe).kept.tolist() == [True, True, False]
    assert (workspace.current_verdicts(), workspace.funnel(recipe).accepted_by_hand) == ({}, 0)


def test_outcomes_with_marks_are_those_of_the_examples_whatever_must_be_looked_at(lines: Path) -> None:
    workspace = opened(lines)
    mark(workspace, 0, 1)
    mark(workspace, 2, 3)
    for recipe in (
        Recipe(format="flat"),
        Recipe(options={"arguments": "string"}, drop=("marked_turns",)),
        Recipe(max_tokens=4096, drop=("marked_turns", "over_length")),
        Recipe(options={"media": "skip"}, drop=("marked_turns",)),
    ):
        plan = recipes.plan(recipe)
        codes, skips = workspace.outcomes(plan)
        assert [skips[code] for code in codes] == [workspace.training_line(row, plan).skip or "" for row in range(3)]


def test_a_rollout_whose_answers_are_all_marked_trains_nothing(lines: Path) -> None:
    workspace, recipe = opened(lines), MASK
    mark(workspace, 0, 1)
    mark(workspace, 0, 3)
    mark(workspace, 1, 1)
    assert dropped(workspace, recipe) == {"all_marked": 1}


def test_a_mark_falls_on_every_copy_of_a_content_and_on_no_other_file(tmp_path: Path) -> None:
    workspace = opened(write(tmp_path / "two.jsonl", [talk("a"), talk("a"), talk("b")]))
    mark(workspace, 0, 1)
    assert workspace.decisions is not None
    workspace.decisions.record([Entry("0" * 32, "mark", item=1)])
    workspace.refresh_decisions()
    assert (dict(workspace.marked_rows().items), dict(workspace.marked_rows().by_key)) == (
        {0: frozenset({1}), 1: frozenset({1})},
        {workspace.key(0): [1]},
    )


def test_an_export_writes_the_mask_and_its_manifest_says_it_all(lines: Path, tmp_path: Path) -> None:
    workspace, out = opened(lines), tmp_path / "out.jsonl"
    mark(workspace, 1, 3)
    key = workspace.key(1)
    done = exported(workspace, MASK, out)
    assert [row.get("message_loss_mask") for row in rows_of(out)] == [None, [0, 1, 0, 0], None]
    assert done.content["decisions"]["marks"] == {key: [3]}
    assert [check.claim for check in verify(done.manifest_path) if not check.holds] == []
    mark(workspace, 1, 3, "clear")  # what is decided later is not what was exported
    again = tmp_path / "again" / "out.jsonl"
    again.parent.mkdir()
    remade = list(remake(done.manifest_path, again, tmp_path / "cache"))[-1]
    assert isinstance(remade, Remade)
    assert (remade.different, again.read_bytes() == out.read_bytes()) == ((), True)


def test_a_manifest_whose_marks_were_edited_does_not_hold(lines: Path, tmp_path: Path) -> None:
    workspace = opened(lines)
    mark(workspace, 1, 3)
    done = exported(workspace, MASK, tmp_path / "out.jsonl")
    content = json.loads(done.manifest_path.read_bytes())
    content["decisions"]["marks"] = {workspace.key(1): [1]}
    done.manifest_path.write_bytes(manifest.dump(content))
    failing = [check.claim for check in verify(done.manifest_path) if not check.holds]
    assert failing == [
        "verdicts match the counts",
        "the review store is the one that counted",
        "file content matches sources + recipe",
    ]


def test_the_data_card_counts_the_rollouts_with_marked_answers(lines: Path, tmp_path: Path) -> None:
    workspace = opened(lines)
    mark(workspace, 1, 3)
    list(export(workspace, MASK, tmp_path / "out.jsonl", Settings("README.md")))
    said_ = "1 of the exported rollouts has answers that a reviewer marked as not to be trained."
    assert said_ in (tmp_path / "README.md").read_text()


def test_without_marks_a_manifest_is_as_it_was(lines: Path, tmp_path: Path) -> None:
    done = exported(opened(lines), MASK, tmp_path / "out.jsonl")
    assert "marks" not in done.content["decisions"]
    assert done.content["decisions"]["sha256"] == manifest.digest_of({}, {})


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_parts_of_a_split_hold_the_masks_of_their_rows(tmp_path: Path, kind: str) -> None:
    workspace = opened(
        write(tmp_path / "many.jsonl", [gym(text, output=STEPS, _ng_task_index=n) for n, text in enumerate(TEXTS)])
    )
    for row in range(24):
        mark(workspace, row, 1)
    recipe = recipes.from_table({"options": dict(MASK.options), "kind": kind, "split": {"validation": 0.3}}, "test")
    done = exported(workspace, recipe, tmp_path / f"out.{kind}")
    assert done.rows == 24
    assert [check.claim for check in verify(done.manifest_path) if not check.holds] == []


def test_a_rollout_with_a_marked_answer_stands_in_no_pair_and_is_counted(tmp_path: Path) -> None:
    tries = [gym("Q?", reward=n / 3, output=[CALL, RESULT, said(f"answer {n}")], _ng_task_index=0) for n in range(4)]
    workspace, recipe = opened(write(tmp_path / "tries.jsonl", tries)), Recipe(pairs=Pairs())
    mark(workspace, 3, 1)
    chosen = choose(workspace, recipe)
    assert chosen.paired is not None
    assert chosen.paired.rows.tolist() == [[2, 0]]
    assert chosen.paired.sentence() == "1 pair from 1 of 1 tasks; 1 rollout with marked answers in no pair"
    assert chosen.paired.as_json()["marked"] == 1
    done = exported(workspace, recipe, tmp_path / "pairs.jsonl")
    assert [check.claim for check in verify(done.manifest_path) if not check.holds] == []


# --- the command line


def test_decide_marks_the_turn_that_review_shows_and_takes_the_mark_off(lines: Path, tmp_path: Path) -> None:
    key = opened(lines).key(1)
    done = call("decide", lines, "--key", key, "--no-train", 2, "--no-train", 4, "--reviewer", "ann")
    assert (done.code, done.out) == (0, f"ACK {key} 1\nACK {key} 2\n")
    assert call("decide", lines, "--key", key, "--train", 4, "--verdict", "accept").out == f"ACK {key} 3\nACK {key} 4\n"
    out = tmp_path / "out.jsonl"
    exported_ = call("export", lines, "--set", "marks=message_loss_mask", "--out", out)
    assert (exported_.code, rows_of(out)[1]["message_loss_mask"]) == (0, [0, 0, 0, 1])
    assert call("verify", f"{out}.manifest.json").code == 0
    again = tmp_path / "again.jsonl"
    assert call("export", "--recipe", f"{out}.manifest.json", "--out", again).code == 0
    assert again.read_bytes() == out.read_bytes()


def test_decide_refuses_a_turn_that_is_no_answer_or_is_marked_in_the_data(tmp_path: Path) -> None:
    line = talk("a", "b")
    line["messages"][1]["weight"] = 0
    lines = write(tmp_path / "one.jsonl", [line])
    key = opened(lines).key(0)
    question, marked, neither = (
        call("decide", lines, "--key", key, *more) for more in (["--no-train", 3], ["--no-train", 2], [])
    )
    assert (question.code, question.err) == (
        2,
        "rollout-curator: decide: turn 3 of one.jsonl:1 is not an answer; its answers are turns 2, 4\n",
    )
    assert (marked.code, "is marked in the data" in marked.err) == (2, True)
    assert (neither.code, "--no-train TURN" in neither.err) == (2, True)


def test_diff_of_two_manifests_counts_their_own_marks(lines: Path, tmp_path: Path) -> None:
    recipe = ("--target", "trl", "--drop", "marked_turns")
    assert call("export", lines, *recipe, "--out", tmp_path / "a.jsonl").code == 0
    call("decide", lines, "--key", opened(lines).key(1), "--no-train", 2)
    assert call("export", lines, *recipe, "--out", tmp_path / "b.jsonl").code == 0
    found = call("diff", tmp_path / "a.jsonl.manifest.json", tmp_path / "b.jsonl.manifest.json", "--json").json
    assert "marked as not to be trained" in json.dumps(found)
