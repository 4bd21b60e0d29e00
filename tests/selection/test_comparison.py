"""Selections side by side count what a plain count finds, and a difference names every row that came or went."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as some

from rollout_curator.selection.comparison import compare, difference

NAN = float("nan")
unhurried = settings(deadline=None)  # the first call into pandas takes seconds on a busy machine
ROW = some.tuples(some.integers(0, 4), some.integers(0, 50), some.integers(0, 5), some.booleans(), some.booleans())


def bools(*marks: int) -> npt.NDArray[np.bool_]:
    return np.array(marks, dtype=bool)


def rollouts(**columns: Any) -> pd.DataFrame:
    """Return four rollouts of three tasks and two agents, the first two with the same content."""
    every: dict[str, Any] = {
        "reward": [1.0, 0.5, NAN, 0.0],
        "group": np.array([3, 3, 8, 9]),
        "tokens": np.array([10, 20, 30, 40]),
        "n_turns": np.array([1, 2, 3, 6], dtype="int32"),
        "agent": pd.Categorical(["swe", "swe", "math", "swe"], categories=["math", "swe", "none here"]),
        "key_hi": np.array([1, 1, 1, 2], dtype="uint64"),
        "key_lo": np.array([5, 5, 6, 5], dtype="uint64"),
    }
    return pd.DataFrame(every | columns)


def test_selections_stand_side_by_side() -> None:
    made = compare(rollouts(), {"all": bools(1, 1, 1, 1), "good": bools(1, 1, 0, 0), "none": bools(0, 0, 0, 0)})
    expected = pd.DataFrame(
        {
            "rollouts": [4, 2, 0],
            "tasks": [3, 1, 0],
            "tokens": [100, 30, 0],
            "mean_reward": [0.5, 0.75, NAN],
            "reward_low": [NAN, NAN, NAN],
            "reward_high": [NAN, NAN, NAN],
            "mean_tokens": [25.0, 15.0, NAN],
            "mean_turns": [3.0, 1.5, NAN],
            "duplicates": [1, 1, 0],
            "agent swe": [3, 2, 0],
            "agent math": [1, 0, 0],
        },
        index=pd.Index(["all", "good", "none"], name="selection", dtype=object),
    )
    pd.testing.assert_frame_equal(made, expected, check_column_type=False)


def test_nothing_to_compare_is_an_empty_table() -> None:
    assert compare(rollouts(), {}).shape == (0, 9)


def test_an_empty_frame_can_be_compared() -> None:
    assert compare(rollouts().iloc[:0], {"all": bools()})["rollouts"].tolist() == [0]


def test_an_infinite_reward_is_left_out_of_the_mean() -> None:
    frame = rollouts(reward=[float("inf"), 0.5, NAN, 0.0])
    assert compare(frame, {"all": bools(1, 1, 1, 1)})["mean_reward"].tolist() == [0.25]


def test_a_difference_names_rows_tasks_and_tokens() -> None:
    made = difference(rollouts().set_axis([50, 51, 52, 53]), bools(1, 0, 1, 0), bools(1, 1, 0, 1))
    assert (made.came.tolist(), made.went.tolist()) == ([51, 53], [52])
    assert (made.tasks_came.tolist(), made.tasks_went.tolist()) == ([9], [8])
    assert (made.tokens_came, made.tokens_went) == (60, 30)


def test_a_difference_says_what_came_and_went() -> None:
    made = difference(rollouts(), bools(1, 0, 1, 0), bools(1, 1, 0, 1))
    assert made.sentence() == "+2 / −1 rollouts, +1 / −1 tasks, +60 / −30 tokens, mean reward −0.5"


def test_means_and_their_change_have_intervals_by_task() -> None:
    """Ten tasks with rewards 2 and 3, but one that has 2 twice: both of each, then the better of each.

    Shares above 2, .45 and .9, worth .45 * .55 / .0025 = 99 draws and, with one task off the end, 10, each times
    (1.96 / 2.262) ** 2. The change is .45 and the standard error of ten changes of the means .05, times 2.262.
    """
    frame = pd.concat([rollouts().iloc[[0]]] * 20, ignore_index=True)
    frame["group"], frame["reward"] = np.arange(20) // 2, [2.0, 3.0] * 9 + [2.0, 2.0]
    everything, better = np.ones(20, dtype=bool), np.arange(20) % 2 == 1
    table = compare(frame, {"all": everything, "better": better})
    assert table["reward_low"].round(3).tolist() == [2.334, 2.457]
    assert table["reward_high"].round(3).tolist() == [2.57, 2.999]
    assert difference(frame, everything, better).sentence() == (
        "−10 rollouts, 0 tasks, −100 tokens, mean reward +0.45 (+0.337 to +0.563, 95% CI by task)"
    )


def test_a_mean_of_equal_rewards_has_no_interval() -> None:
    frame = pd.concat([rollouts().iloc[[0]]] * 8, ignore_index=True).assign(group=np.arange(8))
    table = compare(frame, {"all": np.ones(8, dtype=bool)})
    assert table["mean_reward"].tolist() == [1.0] and table["reward_low"].isna().all()


def test_no_difference_says_so_in_numbers() -> None:
    made = difference(rollouts(), bools(1, 0, 1, 0), bools(1, 0, 1, 0))
    assert made.sentence() == "0 rollouts, 0 tasks, 0 tokens"


@unhurried
@given(some.lists(ROW, max_size=25))
def test_any_comparison_is_a_plain_count(rows: list[tuple[int, int, int, bool, bool]]) -> None:
    frame = drawn(rows)
    chosen = [row for row in rows if row[3]]
    made = compare(frame, {"a": np.array([row[3] for row in rows], dtype=bool)}).iloc[0]
    assert made["rollouts"] == len(chosen)
    assert made["tasks"] == len({row[0] for row in chosen})
    assert made["tokens"] == sum(row[1] for row in chosen)
    assert made["duplicates"] == len(chosen) - len({row[2] for row in chosen})


@unhurried
@given(some.lists(ROW, max_size=25))
def test_any_difference_leads_from_one_selection_to_the_other(rows: list[tuple[int, int, int, bool, bool]]) -> None:
    a, b = (np.array([row[n] for row in rows], dtype=bool) for n in (3, 4))
    made = difference(drawn(rows), a, b)
    before, after = set(np.flatnonzero(a).tolist()), set(np.flatnonzero(b).tolist())
    assert before - set(made.went.tolist()) | set(made.came.tolist()) == after
    assert {rows[n][0] for n in after} - {rows[n][0] for n in before} == set(made.tasks_came.tolist())
    assert {rows[n][0] for n in before} - {rows[n][0] for n in after} == set(made.tasks_went.tolist())
    assert made.tokens_came - made.tokens_went == sum(rows[n][1] for n in after) - sum(rows[n][1] for n in before)


def drawn(rows: list[tuple[int, int, int, bool, bool]]) -> pd.DataFrame:
    """Return the frame of rows that hypothesis drew: task, tokens and content of each."""
    n = len(rows)
    return pd.DataFrame(
        {
            "reward": np.zeros(n),
            "group": np.array([row[0] for row in rows], dtype="int64"),
            "tokens": np.array([row[1] for row in rows], dtype="int64"),
            "n_turns": np.ones(n, dtype="int32"),
            "agent": pd.Categorical(["a"] * n),
            "key_hi": np.zeros(n, dtype="uint64"),
            "key_lo": np.array([row[2] for row in rows], dtype="uint64"),
        }
    )
