"""What training costs: tokens, packs and steps, by hand and against a plain first-fit-decreasing."""

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from making import SAMPLE_DATA, call, gym, write
from rollout_curator.cost import GRAINS, Asked, Lengths, Named, Share, cost, first_fit_decreasing, lengths


def columns(**changes: Any) -> dict[str, Any]:
    """Return one rollout of 40 characters of prompt, 20 of results, 100 written, 400 thought; usage says 120 tokens."""
    given = {"chars_prompt": 40, "chars_tool": 20, "chars_out": 100, "chars_reasoning": 400, "tokens": 120}
    made: dict[str, Any] = {
        name: np.array([value]) for name, value in {**given, **changes}.items() if name != "estimated"
    }
    return {**made, "estimated": np.array([changes.get("estimated", False)])}


def one(with_reasoning: bool, is_flat: bool = False, **changes: Any) -> tuple[int, int]:
    found = lengths(columns(**changes), with_reasoning=with_reasoning, is_flat=is_flat)
    return int(found.trained[0]), int(found.total[0])


def test_usage_counts_where_all_it_counts_is_written() -> None:
    assert one(True) == (120, 120 + 15)
    assert one(False, chars_reasoning=0) == (120, 120 + 15)


def test_without_its_reasoning_the_text_is_estimated() -> None:
    assert one(False) == (25, 25 + 15)


def test_without_usage_everything_is_estimated() -> None:
    assert one(True, estimated=True) == (125, 125 + 15)


def test_flat_examples_hold_no_results() -> None:
    assert one(False, is_flat=True) == (25, 25 + 10)


def known(*total: int, trained: int = 10) -> Lengths:
    return Lengths(np.array(total), np.full(len(total), trained), np.zeros(len(total), dtype=bool))


def by(names: str) -> Named:
    """Return rows named by these letters."""
    return Named(np.array([ord(name) for name in names], dtype=np.int64), chr)


def test_rows_packs_and_steps_by_hand() -> None:
    found = cost(known(600, 500, 400, 300, 5000), Asked(1000, 2, 3), by("aabba"), by("xyxyz"))
    assert (found.rows, found.total, found.longest, found.over_length) == (5, 6800, 5000, 1)
    assert found.trained == 40
    assert (found.packs, found.steps, found.steps_packed) == (2, 9, 3)
    assert round(found.fill, 2) == 0.9
    assert found.agents == (Share("a", 3, 30), Share("b", 2, 20))
    assert found.n_tasks == 3
    assert found.sentence() == "40 trained of 6,800 tokens in 5 rows; 9 steps"


def test_a_row_as_long_as_the_limit_trains_nothing() -> None:
    assert cost(known(1000), Asked(1000), by("a"), by("t")).over_length == 1


def test_without_rows_everything_is_zero() -> None:
    found = cost(known(), Asked(), by(""), by(""))
    assert (found.rows, found.packs, found.steps, found.fill) == (0, 0, 0, 0.0)


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


def test_stats_says_what_training_costs(tmp_path: Path) -> None:
    found = call("stats", SAMPLE_DATA, "--max-length", 2048, "--epochs", 2, "--json", "--cache-dir", tmp_path).json[
        "cost"
    ]
    assert found["rows"] == found["estimated_rows"] == 300
    assert found["asked"] == {"max_length": 2048, "epochs": 2}
    assert found["steps"] == 6
    assert sum(agent["trained"] for agent in found["agents"]) == found["trained"]


def test_the_cost_in_words_says_about_where_it_is_an_estimate(tmp_path: Path) -> None:
    write(
        tmp_path / "r.jsonl", [gym("p" * 40, "a" * 80, _ng_task_index=1), gym("p" * 40, "a" * 4000, _ng_task_index=2)]
    )
    said = call("stats", tmp_path / "r.jsonl", "--max-length", 100, "--batch-size", 1, "--cache-dir", tmp_path).out
    assert "training: about 20 trained of 1,040 tokens in 2 rows; 2 steps" in said
    assert "packed: about 1 packs, 30% full, 1 steps" in said
    assert "too long: about 1 rows, in no pack and not trained on" in said
