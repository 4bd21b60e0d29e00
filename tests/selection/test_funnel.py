"""Who is kept and who dropped whom: every reason by hand, and the arithmetic over random columns."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_curator.selection.funnel import (
    ACCEPT,
    NONE,
    REJECT,
    STEPS,
    Drop,
    RewardBounds,
    Rules,
    Selection,
    funnel,
    select,
)
from rollout_curator.selection.intervals import Interval

NAN = float("nan")
INVALID = ["", "masked", "truncated", "failed"]
SKIPS = ["", "no_assistant_text", "unclosed_think"]


def chosen(
    reward: list[float],
    invalid: list[int] | None = None,
    verdicts: list[int] | None = None,
    outcomes: list[int] | None = None,
    *,
    min_reward: float | None = 0.5,
    kinds: frozenset[str] = frozenset(INVALID[1:]),
) -> Selection:
    """Select from columns written by hand; what is not given is harmless."""
    nothing = [0] * len(reward)
    rules = Rules(RewardBounds(Interval(min_reward)), kinds, np.array(outcomes or nothing), SKIPS)
    return select(np.array(reward), np.array(invalid or nothing), INVALID, np.array(verdicts or nothing), rules)


def words(selection: Selection) -> list[str]:
    return [selection.words(row) for row in range(len(selection.reason))]


def test_the_threshold_is_inclusive() -> None:
    assert words(chosen([0.5, np.nextafter(0.5, 0)])) == ["", "below 0.5"]


def test_a_threshold_is_shown_in_all_its_digits() -> None:
    assert words(chosen([0.0], min_reward=0.99999999)) == ["below 0.99999999"]


def test_nan_passes_no_threshold_and_is_called_unrated() -> None:
    assert words(chosen([NAN], min_reward=-1e308)) == ["without a reward"]


def test_without_a_threshold_the_unrated_are_kept() -> None:
    assert chosen([NAN, -5.0], min_reward=None).n_kept == 2


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (1, "were masked by the environment"),
        (2, "were truncated (hit a limit)"),
        (3, "failed (agent or environment error)"),
    ],
)
def test_an_invalid_rollout_falls_first_whatever_its_reward(kind: int, sentence: str) -> None:
    assert words(chosen([0.9, NAN], [kind, kind])) == [sentence, sentence]


def test_an_invalid_kind_that_the_rules_keep_is_kept() -> None:
    assert chosen([0.9], [2], kinds=frozenset({"masked"})).n_kept == 1


def test_a_rejected_rollout_falls_after_the_rules() -> None:
    assert words(chosen([0.9, 0.1, 0.9], [0, 0, 1], [REJECT] * 3)) == [
        "rejected in review",
        "below 0.5",
        "were masked by the environment",
    ]


def test_a_rejected_rollout_is_never_called_unexportable() -> None:
    assert words(chosen([0.9], None, [REJECT], [1])) == ["rejected in review"]


def test_accept_beats_every_rule() -> None:
    selection = chosen([0.1, NAN, 0.9], [0, 0, 1], [ACCEPT] * 3)
    assert (selection.n_kept, selection.accepted_by_hand) == (3, 3)


def test_accept_does_not_make_an_example_out_of_nothing() -> None:
    selection = chosen([0.1], None, [ACCEPT], [1])
    assert words(selection) == ["have no assistant text"]
    assert selection.accepted_by_hand == 0


def test_the_drops_stand_in_the_order_of_the_funnel() -> None:
    selection = chosen(
        [0.9, 0.9, 0.9, NAN, 0.1, 0.9, 0.9, 0.9], [1, 2, 3, 0, 0, 0, 0, 0], [0] * 5 + [REJECT, 0, 0], [0] * 6 + [1, 0]
    )
    assert selection.drops == (
        Drop("valid", "masked", "were masked by the environment", 1),
        Drop("valid", "truncated", "were truncated (hit a limit)", 1),
        Drop("valid", "failed", "failed (agent or environment error)", 1),
        Drop("selected", "unrated", "without a reward", 1),
        Drop("selected", "below", "below 0.5", 1),
        Drop("not_rejected", "rejected", "rejected in review", 1),
        Drop("exportable", "no_assistant_text", "have no assistant text", 1),
    )


def test_a_reason_that_takes_nobody_is_not_listed() -> None:
    assert chosen([0.9]).drops == ()


def test_the_rows_of_every_number_can_be_opened() -> None:
    selection = chosen([0.9, 0.1, 0.2, 0.9], None, [0, 0, 0, REJECT])
    assert selection.rows_of("kept").tolist() == [0]
    assert selection.rows_of("below").tolist() == [1, 2]
    assert selection.rows_of("rejected").tolist() == [3]
    assert selection.rows_of("masked").tolist() == []


def test_the_funnel_says_what_people_say() -> None:
    made = funnel(chosen([0.9, 0.1, 0.2, 0.9], None, [0, 0, 0, REJECT]), 6, 1, (Drop("readable", "not_json", "x", 1),))
    assert made.sentence() == "1 kept, 3 dropped: 2 below 0.5, 1 rejected in review"
    assert made.as_json() == {
        "lines": 6,
        "blank": 1,
        "problems": {"not_json": 1},
        "rollouts": 4,
        "valid": 4,
        "selected": 2,
        "not_rejected": 1,
        "exportable": 1,
        "dropped": {"below": 2, "rejected": 1},
        "accepted_by_hand": 0,
        "trimmed": {},
        "dropped_nobody": {},
    }


def test_the_funnel_says_which_kept_examples_end_earlier() -> None:
    made = replace(funnel(chosen([0.9, 0.9]), 2, 0, ()), trimmed={"ends_in_tool_call": 1, "trimmed_tail": 2})
    assert made.sentence() == (
        "2 kept, 0 dropped; among the kept: 1 trimmed because it ends on a tool call; "
        "2 had messages after the last assistant message removed"
    )


def test_what_is_accepted_by_hand_may_still_fall_for_its_example() -> None:
    """One rollout is cut off and falls as invalid; one is accepted by hand and cannot be exported."""
    made = funnel(chosen([0.9, 0.9], [2, 2], [NONE, ACCEPT], [0, 2]), 2, 0, ())
    assert made.as_json()["dropped"] == {"truncated": 1, "unclosed_think": 1}


def test_no_rollouts_are_no_trouble() -> None:
    assert funnel(chosen([]), 0, 0, ()).sentence() == "0 kept, 0 dropped"


REWARDS = st.one_of(st.just(NAN), st.floats(-2, 2), st.sampled_from([0.0, 0.5, 1.0]))
ROWS = st.lists(
    st.tuples(REWARDS, st.integers(0, 3), st.sampled_from([NONE, ACCEPT, REJECT]), st.integers(0, 2)), max_size=40
)
THRESHOLDS = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]), st.floats(-2, 2))
KINDS = st.frozensets(st.sampled_from(INVALID[1:]))


def columns(rows: list[tuple[float, int, int, int]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]


@given(ROWS, THRESHOLDS, KINDS)
def test_counts_add_up_at_every_step(
    rows: list[tuple[float, int, int, int]], min_reward: float | None, kinds: frozenset[str]
) -> None:
    selection = chosen(*columns(rows), min_reward=min_reward, kinds=kinds)
    made = funnel(selection, len(rows), 0, ())
    left = [made.rollouts, made.valid, made.selected, made.not_rejected, made.exportable]
    gone = [sum(drop.count for drop in selection.drops if drop.step == step) for step in STEPS]
    assert [before - after for before, after in pairwise(left)] == gone
    assert made.exportable == selection.n_kept
    assert made.rollouts == made.exportable + sum(made.as_json()["dropped"].values())


@given(ROWS, THRESHOLDS, KINDS)
def test_who_is_kept_follows_from_each_row_alone(
    rows: list[tuple[float, int, int, int]], min_reward: float | None, kinds: frozenset[str]
) -> None:
    def is_kept(reward: float, invalid: int, verdict: int, outcome: int) -> bool:
        by_rule = INVALID[invalid] not in kinds and (min_reward is None or reward >= min_reward)
        return outcome == 0 and verdict != REJECT and (verdict == ACCEPT or by_rule)

    selection = chosen(*columns(rows), min_reward=min_reward, kinds=kinds)
    assert selection.kept.tolist() == [is_kept(*row) for row in rows]


def test_one_rollout_is_spoken_of_in_the_singular() -> None:
    assert [Drop("valid", "x", "have an empty output", n).said for n in (1, 2)] == [
        "has an empty output",
        "have an empty output",
    ]
