"""What training costs: tokens, packs and steps, by hand and against a plain first-fit-decreasing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import SAMPLE_DATA, call, gym, write
from rollout_curator.training.cost import (
    GRAINS,
    Asked,
    Lengths,
    Named,
    Share,
    Span,
    Written,
    cost,
    first_fit_decreasing,
    lengths,
)
from rollout_curator.training.targets.base import get, targets

NEMO_RL, TRL, AXOLOTL = get("nemo_rl"), get("trl"), get("axolotl")
REASONING = Written(with_reasoning=True)


def one(kept: Written, **changes: int) -> tuple[int, int, int, int]:
    """Return trained, total, low and high of a rollout whose parts weigh 700 tokens in all, 595 to 854."""
    weights = {"read": 40, "earlier": 10, "written": 100, "thought": 300, "results": 50, "tools": 200}
    columns = {f"weight_{name}": np.array([n]) for name, n in {**weights, "low": 595, "high": 854, **changes}.items()}
    found = lengths(columns, kept)
    return int(found.trained[0]), int(found.total[0]), int(found.low[0]), int(found.high[0])


def test_a_row_is_as_long_as_all_that_is_written_tools_too() -> None:
    assert one(REASONING) == (410, 700, 595, 854)


def test_without_its_reasoning_a_row_and_its_range_are_shorter() -> None:
    assert one(Written()) == (110, 400, 340, 488)


def test_answers_of_the_prompt_are_not_trained_where_they_are_masked() -> None:
    assert one(Written(trains_prompt=False)) == (100, 400, 340, 488)


def test_flat_examples_hold_no_results_and_no_tools() -> None:
    assert one(Written(is_flat=True)) == (100, 150, 127, 183)


def test_a_rollout_that_weighs_nothing_costs_nothing() -> None:
    nothing = dict.fromkeys(("read", "earlier", "written", "thought", "results", "tools", "low", "high"), 0)
    assert one(REASONING, **nothing) == (0, 0, 0, 0)


def known(*total: int, trained: int = 10) -> Lengths:
    """Return rows that were counted exactly."""
    whole = np.array(total, dtype=np.int64)
    return Lengths(whole, np.full(len(total), trained), whole, whole)


def about(*total: int) -> Lengths:
    """Return rows of which half is trained, and which may be a tenth shorter and a fifth longer."""
    whole = np.array(total, dtype=np.int64)
    return Lengths(whole, whole // 2, whole * 9 // 10, whole * 12 // 10)


def by(names: str) -> Named:
    """Return rows named by these letters."""
    return Named(np.array([ord(name) for name in names], dtype=np.int64), chr)


def test_rows_packs_and_steps_by_hand() -> None:
    found = cost(known(600, 500, 400, 300, 5000), Asked(1000, 2, 3), NEMO_RL, by("aabba"), by("xyxyz"))
    assert (found.rows, found.total, found.longest) == (5, Span(6800, 6800, 6800), Span(5000, 5000, 5000))
    assert (found.over_length, found.trained) == (Span(1, 1, 1), Span(40, 40, 40))
    assert (found.packs, found.steps, found.steps_packed) == (2, 6, 6)
    assert round(found.fill, 2) == 0.9
    assert found.agents == (Share("a", 3, 20), Share("b", 2, 20))
    assert found.n_tasks == 3
    assert found.sentence() == "40 trained of 6,800 tokens in 5 examples; 6 steps"


def test_an_estimate_says_between_what_it_may_lie() -> None:
    found = cost(about(1000, 500), Asked(1100, 1, 1), NEMO_RL, by("aa"), by("xy"))
    assert (
        found.sentence()
        == "about 750 (675 to 900) trained of about 1,500 (1,350 to 1,800) tokens in 2 examples; 2 steps"
    )
    assert found.over_length == Span(0, 0, 1)
    assert found.too_long().startswith("perhaps up to 1 of 2 examples: ")


OVERLONG = {
    "nemo_rl": ("2 of 4 examples: NeMo RL masks them; they take a place in the batch and train nothing", 20, 4),
    "trl": ("2 of 4 examples: TRL truncates them and trains on the beginning", 34, 4),
    "unsloth": ("2 of 4 examples: Unsloth truncates them and trains on the beginning", 34, 4),
    "llamafactory": ("2 of 4 examples: LLaMA-Factory truncates them and trains on the beginning", 34, 4),
    "openai": ("2 of 4 examples: OpenAI truncates them and trains on the beginning", 34, 4),
    "axolotl": ("2 of 4 examples: Axolotl drops them before training", 20, 2),
}


@pytest.mark.parametrize("name", OVERLONG)
def test_what_becomes_of_rows_that_are_too_long_is_each_trainers_own(name: str) -> None:
    found = cost(known(100, 200, 1250, 1429), Asked(1000, 1, 1), get(name), by("aaaa"), by("wxyz"))
    assert (found.too_long(), found.trained.about, found.steps) == OVERLONG[name]


def test_every_trainer_but_gym_is_in_that_table() -> None:
    assert OVERLONG.keys() == targets().keys() - {"gym"}


def test_a_row_as_long_as_the_limit_trains_nothing_in_nemo_rl_and_all_in_trl() -> None:
    asked = Asked(1000, 1)
    assert cost(known(1000), asked, NEMO_RL, by("a"), by("t")).over_length.about == 1
    assert cost(known(1000), asked, TRL, by("a"), by("t")).too_long() == ""


STEPS = [
    ("nemo_rl", 10_000, 32, 1, 312),
    ("nemo_rl", 20, 32, 3, 0),
    ("nemo_rl", 33, 32, 3, 3),
    ("trl", 10_000, 32, 1, 313),
    ("trl", 20, 32, 3, 3),
    ("unsloth", 33, 32, 3, 6),
    ("llamafactory", 33, 32, 3, 6),
    ("axolotl", 33, 32, 3, 4),
    ("axolotl", 20, 32, 3, 2),
]


@pytest.mark.parametrize(("name", "rows", "batch", "epochs", "steps"), STEPS)
def test_a_batch_that_is_not_full_counts_as_the_trainer_counts_it(
    name: str, rows: int, batch: int, epochs: int, steps: int
) -> None:
    found = cost(known(*[10] * rows), Asked(1000, batch, epochs), get(name), by("a" * rows), by("t" * rows))
    assert found.steps == steps


def test_rows_that_fill_no_batch_are_a_warning() -> None:
    found = cost(known(*[10] * 20), Asked(1000, 32), NEMO_RL, by("a" * 20), by("t" * 20))
    assert found.no_step() == (
        "NeMo RL drops an incomplete batch, and 20 examples do not fill one of 32: nothing would be trained; the "
        "exported "
        "config uses a smaller batch size"
    )
    assert cost(known(10), Asked(1000, 32), TRL, by("a"), by("t")).no_step() == ""


def test_without_rows_everything_is_zero() -> None:
    found = cost(known(), Asked(), NEMO_RL, by(""), by(""))
    assert (found.rows, found.packs, found.steps, found.fill) == (0, 0, 0, 0.0)
    assert found.no_step() == ""


def plain(sizes: list[int], limit: int) -> int:
    """Return the packs of first-fit-decreasing, as the definition has it."""
    rooms: list[int] = []
    for size in sorted(sizes, reverse=True):
        for n, room in enumerate(rooms):
            if size <= room:
                rooms[n] -= size
                break
        else:
            rooms.append(limit - size)
    return len(rooms)


@given(st.lists(st.integers(1, GRAINS), max_size=150))
def test_packing_is_first_fit_decreasing(sizes: list[int]) -> None:
    assert first_fit_decreasing(np.array(sizes, dtype=np.int64), GRAINS) == plain(sizes, GRAINS)


def test_a_million_rows_are_packed_in_a_moment() -> None:
    sizes = np.random.default_rng(1).integers(1, 8192, 1_000_000)
    assert 500_000 < first_fit_decreasing(sizes, 8192) < 510_000


def cost_of(tmp_path: Path, *argv: object) -> Any:
    return call("stats", *argv, "--json", "--cache-dir", tmp_path).json["cost"]


def test_stats_says_what_training_costs(tmp_path: Path) -> None:
    found = cost_of(tmp_path, SAMPLE_DATA, "--max-length", 2048, "--epochs", 2)
    assert found["rows"] == found["estimated_rows"] == 300
    assert found["asked"] == {"max_length": 2048, "batch_size": 32, "epochs": 2}
    assert found["steps"] == 18
    assert sum(agent["trained"] for agent in found["agents"]) == found["trained"]


def test_what_is_not_asked_is_as_in_the_config_of_the_trainer(tmp_path: Path) -> None:
    asked = {
        name: cost_of(tmp_path, SAMPLE_DATA / "math_reasoning", "--target", name, "--epochs", 1)["asked"]
        for name in ("nemo_rl", "trl")
    }
    assert asked == {
        "nemo_rl": {"max_length": 1024, "batch_size": 32, "epochs": 1},
        "trl": {"max_length": 1024, "batch_size": 8, "epochs": 1},
    }


TRUE = {"support_tools": (111_847, 77), "code_repair": (104_153, 60), "math_reasoning": (18_625, 0)}
"""Tokens of each sample with the vocabulary and the template of Qwen 3, and rows of 1,024 of them or more."""


@pytest.mark.parametrize("name", TRUE)
def test_the_samples_cost_what_they_cost_a_tokenizer(tmp_path: Path, name: str) -> None:
    found = cost_of(tmp_path, SAMPLE_DATA / name, "--max-length", 1024)
    tokens, over = TRUE[name]
    assert abs(found["total"] - tokens) < 0.15 * tokens
    assert found["total_range"][0] < tokens < found["total_range"][1]
    assert abs(found["over_length"] - over) <= 2
    assert found["over_length_range"][0] <= over <= found["over_length_range"][1]


def test_the_cost_in_words(tmp_path: Path) -> None:
    write(
        tmp_path / "r.jsonl",
        [gym("1" * 35, "2" * 75, _ng_task_index=1), gym("3" * 35, "4" * 3995, _ng_task_index=2)],
    )
    said = call("stats", tmp_path / "r.jsonl", "--max-length", 500, "--batch-size", 1, "--cache-dir", tmp_path).out
    assert "\ntraining: about 80 (" in said
    assert ") trained of about 4,160 (" in said
    assert "\npacked: about 1 pack, 24% full, 2 steps\n" in said
    assert "\nasked: max length 500 tokens, batch size 1\n" in said
    assert (
        "\nover max length: 1 of 2 examples: NeMo RL masks them; they take a place in the batch and train nothing\n"
        in said
    )


def test_a_run_of_no_step_is_a_warning_in_words(tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl", [gym("?", "!")])
    said = call("stats", tmp_path / "r.jsonl", "--epochs", 3, "--cache-dir", tmp_path).out
    assert "\nwarning: NeMo RL drops an incomplete batch, and 1 example does not fill one of 32" in said


def test_with_a_template_and_its_tokenizer_lengths_are_exact(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    vocabulary = {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}
    words = {"version": "1.0", "model": vocabulary, "pre_tokenizer": {"type": "WhitespaceSplit"}, "added_tokens": []}
    (tmp_path / "tokenizer.json").write_text(json.dumps(words))
    (tmp_path / "my.jinja").write_text("{% for m in messages %}{{ m.role }} {{ m.content }}\n{% endfor %}")
    write(tmp_path / "r.jsonl", [gym("one two", "three four five"), gym("one", "two three")])
    argv = (tmp_path / "r.jsonl", "--template", tmp_path / "my.jinja", "--tokenizer", tmp_path / "tokenizer.json")
    found = cost_of(tmp_path / "cache", *argv, "--max-length", 6)
    assert (found["total"], found["total_range"], found["estimated_rows"]) == (12, [12, 12], 0)
    assert (found["trained"], found["over_length"]) == (3, 1)


def test_what_trains_nothing_has_no_cost_to_show(tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl", [gym()])
    ran = call("stats", tmp_path / "r.jsonl", "--target", "gym", "--max-length", 500, "--cache-dir", tmp_path / "c")
    assert (ran.code, ran.out) == (2, "")
    assert "stats: NeMo Gym is not a trainer, so it has no training cost; choose one with --target" in ran.err
