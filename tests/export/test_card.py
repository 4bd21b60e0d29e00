"""The data card: what it says, that it is harmless whatever the data hold, and whose file it never replaces."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from making import SAMPLE_DATA, call, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import ExportError
from rollout_curator.export import Settings, export, verify
from rollout_curator.export.card import Bar, CardFacts, Reviews, card, escaped
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.words import recipe_sentences
from rollout_curator.review import statement_words as words
from rollout_curator.review import summary
from rollout_curator.review.random_order import in_order
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.workspace.workspace import Workspace

HOSTILE = [
    "![x](http://evil/x.png)",
    "<script>alert(1)</script>",
    "a | b\n---\ntitle: pwned",
    "[x]: http://evil",
    "www.evil.example",
    "`code` **bold** _em_ ~~s~~ $x$",
    "- item",
    "1. item",
    "# heading",
    "\u202egnp.exe \x1b[31m",
    "```\nfence",
    "&lt;b&gt; a@b.c",
]


def facts(**changes: Any) -> CardFacts:
    content = {
        "version": "0.1.0",
        "file": "sft.jsonl",
        "rows": 2,
        "size_bytes": 10,
        "sha256": "ab" * 32,
        "inputs": [{"name": "r.jsonl", "rollouts": 3, "problems": 0, "sha256": "cd" * 32}],
        "recipe": {"target": "nemo_rl"},
        "decisions": {"accepted": 1, "rejected": 1, "verdicts": {"k": "accept"}},
        "counts": {"lines": 3, "rollouts": 3, "exportable": 2},
    }
    made: dict[str, Any] = {
        "title": "sft",
        "content": {**content, **changes.pop("content", {})},
        "rules": ["Reward ≥ 0.8."],
        "dropped": [(1, "below 0.8")],
        "bars": [Bar("0", 1, 0), Bar("1", 2, 2)],
        "reviews": Reviews({"ann": {"accept": 1, "reject": 1}}, {"wrong": 1}),
        "statement": "",
        "gaps": [],
        "notes": [],
        "mark": "<!-- mark -->",
    }
    return CardFacts(**{**made, **changes})


def head(text: str) -> Any:
    """Return the front matter."""
    return yaml.safe_load(text.split("---\n")[1])


def test_the_head_names_the_files_for_the_hub() -> None:
    others = [{"part": "validation", "file": "v.jsonl", "rows": 1, "size_bytes": 1, "sha256": "ef"}]
    assert head(card(facts(content={"others": others, "split": {}}))) == {
        "pretty_name": "sft",
        "task_categories": ["text-generation"],
        "tags": ["rollouts", "sft"],
        "size_categories": ["n<1K"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "sft.jsonl"}, {"split": "validation", "path": "v.jsonl"}],
            }
        ],
    }


def test_rewards_are_bars_of_characters() -> None:
    block = card(facts()).split("```text\n")[1].split("\n```")[0]
    assert block.splitlines() == ["0 │" + "░" * 20 + " 0 of 1", "1 │" + "█" * 40 + " 2 of 2"]


def test_reviewers_reasons_and_the_statement_stand_in_the_review() -> None:
    text = card(
        facts(
            statement="At most 5% of the kept rollouts are bad (95% confidence).",
            conditions=["Valid whenever you stop."],
            decided="Reviewed one by one: 80; accepted in bulk: 250.",
        )
    )
    review = text.split("## Review")[1].split("## Files")[0]
    assert "Reviewed one by one: 80; accepted in bulk: 250." in review
    assert "- Valid whenever you stop." in review
    assert "At most 5% of the kept rollouts are bad (95% confidence)." in review
    assert "| ann | 1 | 1 |" in review
    assert "| 1 | wrong |" in review


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_everywhere(text: str) -> None:
    content = {"file": "sft.jsonl", "inputs": [{"name": text, "rollouts": 1, "problems": 0, "sha256": "cd" * 32}]}
    reviews = Reviews({text: {"accept": 1}}, {text: 1})
    made = card(facts(title=text, content=content, rules=[text], reviews=reviews, statement=text, gaps=[text]))
    assert head(made)["pretty_name"] == text
    body = made.split("---\n", 2)[2]
    bare = re.sub(r"\\.", "", body.replace("<!-- mark -->", ""))
    assert not re.search(r"[<`*_\[]", re.sub(r"```text\n.*?\n```|`[0-9a-f]+`", "", bare, flags=re.DOTALL))
    assert "\u202e" not in body
    assert "\x1b" not in body
    assert not re.search(r"(?m)^- (- |1\. |# )", body)
    assert not re.search(r"www\.", body)
    tables = [line for line in body.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} <= {3, 4, 5}


def test_a_number_keeps_its_point_and_a_word_its_dash() -> None:
    assert escaped("0.5 or more, well-known") == "0.5 or more, well-known"


def test_long_text_is_cut() -> None:
    assert escaped("x" * 300) == "x" * 200 + "…"


def with_card(tmp_path: Path, name: str = "README.md", **settings: Any) -> str:
    workspace = Workspace.open([SAMPLE_DATA], decisions=Decisions.open(tmp_path / "d.sqlite"))
    assert workspace.decisions
    entries = [Entry(workspace.key(5), "reject", ("wrong answer",), reviewer="ann"), Entry(workspace.key(6), "accept")]
    workspace.decisions.record(entries)
    recipe = Recipe(min_reward=0.5, split=Split(0.2))
    *_, done = export(workspace, recipe, tmp_path / "sft.jsonl", Settings(card=name, **settings))
    assert [check for check in verify(done.manifest_path) if not check.holds] == []
    return (tmp_path / name).read_text(encoding="utf-8")


def test_the_card_of_an_export_counts_what_the_manifest_counts(tmp_path: Path) -> None:
    text = with_card(tmp_path)
    assert "Reward ≥ 0.5." in text
    assert "| 1 | rejected in review |" in text
    assert "| ann | 0 | 1 |" in text
    assert "| 1 | wrong answer |" in text
    assert "Reviewed one by one: 2 (1 accepted, 1 rejected)." in text
    assert "sft.validation.jsonl" in text
    assert "2 of 324 rollouts were reviewed one by one" in text


def test_the_card_tells_every_rule_of_the_recipe() -> None:
    recipe = Recipe(
        max_reward=0.9,
        thresholds=Thresholds("agent", {"judge": 7.0}),
        filters=(Filter("n_turns", at_most=12.0), Filter("agent", one_of=("judge", "math"))),
        control=3,
        trim=("over_length",),
        template={"name": "chatml"},
        max_tokens=8192,
        metadata=("reward", "line"),
    )
    assert recipe_sentences(recipe) == [
        "Reward ≤ 0.9.",
        "Instead, agent judge: reward ≥ 7.",
        "Only turns ≤ 12.",
        "Only agent judge, math.",
        "Random baseline: the same number of rollouts per task, drawn at random from everything that could have "
        "been kept, instead of what the rules above keep. Seed 3.",
        "Written for NeMo RL, as chat, in jsonl.",
        "Trimmed: they exceed the trainer's max length.",
        "Checked with the chat template chatml.",
        "Max length: 8,192 tokens.",
        "Extra columns: reward, line.",
    ]


def test_a_card_says_that_a_control_matched_on_tokens_is_not_so_task_by_task() -> None:
    assert recipe_sentences(Recipe(control=3, control_by="tokens"))[-2] == (
        "Random baseline: about the same number of tokens from the same tasks, drawn at random from everything that "
        "could have been kept, instead of what the rules above keep. Seed 3."
    )
    assert recipe_sentences(Recipe(min_reward=0.5, max_reward=0.9))[0] == "Reward 0.5–0.9."
    assert recipe_sentences(Recipe())[0] == "No reward threshold."


def test_the_card_counts_what_a_split_leaves_out(tmp_path: Path) -> None:
    asked = [(n, prompt) for n in range(12) for prompt in (f"{n} one", f"{n} two", f"{n} three")]
    rows = [gym(prompt=[{"role": "user", "content": prompt}], _ng_task_index=task) for task, prompt in asked[::-1]]
    rows = rows[::2] + rows[1::2]
    workspace = Workspace.open([write(tmp_path / "r.jsonl", rows)], tmp_path / "cache")
    split = Split(0.5, by=("task", "prompt"))
    *_, done = export(
        workspace, Recipe(split=split, group_by="source"), tmp_path / "sft.jsonl", Settings(card="README.md")
    )
    left_out = done.content["split"]["left_out"]
    assert 0 < left_out < 36
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"{left_out} kept are in no split, because they were split from their family." in text


def test_a_card_is_replaced_but_never_somebody_elses_file(tmp_path: Path) -> None:
    assert with_card(tmp_path) == with_card(tmp_path)
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ExportError, match="was changed since rollout-curator wrote it, so it is not overwritten"):
        with_card(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", ["../README.md", "README.txt", ".md", "a/b.md", ".hidden.md"])
def test_a_card_is_a_markdown_file_beside_the_export(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="the dataset card needs a name that ends in .md"):
        with_card(tmp_path, name)


def test_a_card_and_a_manifest_are_never_the_training_file(tmp_path: Path) -> None:
    workspace = Workspace.open([write(tmp_path / "r.jsonl", [gym()])], tmp_path / "cache")
    with pytest.raises(ExportError, match=r"README\.md: cannot be the training file and another file of the export"):
        list(export(workspace, Recipe(), tmp_path / "README.md", Settings(card="README.md")))
    with pytest.raises(ExportError, match="is a manifest name"):
        list(export(workspace, Recipe(), tmp_path / "s.jsonl.manifest.json"))
    assert {path.name for path in tmp_path.iterdir()} == {"r.jsonl", "cache"}


def test_a_changed_card_is_found(tmp_path: Path) -> None:
    with_card(tmp_path)
    with open(tmp_path / "README.md", "a") as file:
        file.write("more")
    failing = [check.claim for check in verify(tmp_path / "sft.jsonl.manifest.json") if not check.holds]
    assert failing == ["README.md is the file that was written"]


def test_the_command_line_writes_a_card(tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl", [gym()])
    ran = call(
        "export", tmp_path / "r.jsonl", "--out", tmp_path / "s.jsonl", "--card", "CARD.md", "--cache-dir", tmp_path
    )
    assert ran.code == 0
    assert (tmp_path / "CARD.md").read_text(encoding="utf-8").startswith('---\npretty_name: "s"\n')


def test_the_card_holds_every_condition_of_its_statement_and_counts_copies_as_rows(tmp_path: Path) -> None:
    """F10: the sentence stood there without its notes, and one content in many rows counted once."""
    lines = [gym(answer=f"{n}", _ng_task_index=n) for n in range(100)]
    source = write(tmp_path / "r.jsonl", [*lines, *[lines[0]] * 50])
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "d.sqlite"))
    assert workspace.decisions
    order = [int(row) for row in in_order(workspace.sample_rank, workspace.once(summary.selected(workspace, Recipe())))]
    read = [Entry(workspace.key(row), "accept", queue="random", way="read") for row in order[:20] if row]
    workspace.decisions.record(read)
    bulk = [workspace.key(row) for row in range(100)]
    workspace.decisions.record_bulk(bulk, Entry("", "accept"), seen=workspace.decisions.version())
    list(export(workspace, Recipe(), tmp_path / "s.jsonl", Settings(card="README.md")))
    said = summary.statement(workspace, Recipe())
    review = (tmp_path / "README.md").read_text(encoding="utf-8").split("## Review")[1].split("## Files")[0]
    assert escaped(words.sentence(said), 2000) in review
    assert f"at most {said.units_at_most} of 150 examples" in review
    assert all(f"- {escaped(note, 2000)}" in review for note in words.notes(said))
    assert f"accepted in bulk: {100 - len(read)}." in review
    workspace.close()


def test_the_card_of_pairs_speaks_of_pairs(tmp_path: Path) -> None:
    lines = [
        gym(prompt=f"{task}", answer=f"{task}, {n}", reward=float(n), _ng_task_index=task)
        for task in range(60)
        for n in (0, 1)
    ]
    source = write(tmp_path / "r.jsonl", lines)
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "d.sqlite"))
    assert workspace.decisions
    recipe = Recipe(min_reward=0.5, pairs=Pairs("best_worst", format="trl"))
    order = [int(row) for row in in_order(workspace.sample_rank, workspace.once(summary.selected(workspace, recipe)))]
    workspace.decisions.record([Entry(workspace.key(row), "accept", queue="random") for row in order[:30]])
    list(export(workspace, recipe, tmp_path / "dpo.jsonl", Settings(card="README.md")))
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "of 60 pairs have a chosen side that this reviewer would reject" in text
    assert "no bound for the rejected sides" in text
    workspace.close()
