"""The two sides of a pair: which turns belong to the prompt, how long they are, and in what chosen and rejected differ.

Preference training learns whatever tells the chosen sides from the rejected ones, length too, and TRL's DPO counts
every token after the prompt as an answer.
"""

from typing import Any

import numpy as np
import pytest

from rollout_curator.selection.pairs.pair_statistics import Figures, figures
from rollout_curator.selection.pairs.sides import (
    Limits,
    Side,
    chars_before,
    fitting,
    n_chars,
    n_shared,
    nearest,
    pair_record,
    turns_of,
)

ASKS = {"role": "user", "content": "Is it open?"}
LOOKS = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": {"at": 9}}}],
}
SEES = {"role": "tool", "content": "closed at nine"}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def side(*messages: dict[str, Any], before: int = 0) -> Side:
    return Side(turns_of(messages), before)


def measured(*pairs: tuple[Side, Side]) -> Figures:
    sides = dict(enumerate(side for pair in pairs for side in pair))
    return figures(np.arange(len(sides)).reshape(-1, 2), sides)


# Turns


@pytest.mark.parametrize(
    ("message", "length"),
    [
        (says("four"), 4),
        (LOOKS, len("look") + len('{"at":9}')),
        ({"role": "assistant", "content": None, "reasoning_content": "hm"}, 2),
        ({"role": "assistant", "content": [{"type": "text", "text": "ab"}, {"type": "image"}]}, 2),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}, 9),
        ({"role": "tool", "content": ""}, 0),
    ],
)
def test_the_length_of_a_message_is_that_of_its_texts_and_of_its_calls(message: dict[str, Any], length: int) -> None:
    assert n_chars(message) == length


def test_what_stands_before_the_sides_is_the_prompt_and_the_tools() -> None:
    assert chars_before([ASKS], [{"a": 1}]) == len("Is it open?") + len('[{"a":1}]')
    assert chars_before([ASKS], None) == len("Is it open?")


def test_what_both_sides_begin_with_belongs_to_the_prompt_up_to_an_answer() -> None:
    row = pair_record("trl", [ASKS], [LOOKS, SEES, says("No.")], [LOOKS, SEES, says("Yes.")], None)
    assert row == {"prompt": [ASKS, LOOKS, SEES], "chosen": [says("No.")], "rejected": [says("Yes.")]}


def test_the_context_of_nemo_rl_takes_them_too() -> None:
    row = pair_record("nemo_rl", [ASKS], [LOOKS, SEES, says("No.")], [LOOKS, SEES, says("Yes.")], "[]")
    assert row == {
        "context": [ASKS, LOOKS, SEES],
        "completions": [{"rank": 0, "completion": [says("No.")]}, {"rank": 1, "completion": [says("Yes.")]}],
        "tools": "[]",
    }


@pytest.mark.parametrize(
    ("chosen", "rejected", "shared"),
    [
        ([says("a")], [says("b")], 0),
        ([LOOKS, SEES, says("a")], [LOOKS], 0),
        ([LOOKS, SEES, says("a")], [LOOKS, {"role": "tool", "content": "open"}, says("a")], 0),
        ([LOOKS, SEES, says("a")], [LOOKS, SEES, ASKS, says("a")], 0),
        ([LOOKS, SEES, LOOKS, SEES, says("a")], [LOOKS, SEES, LOOKS, SEES], 2),
        ([LOOKS, SEES, says("a")], [LOOKS, SEES, says("a")], 2),
        ([says("a")], [says("a")], 0),
    ],
)
def test_each_side_keeps_an_answer_and_begins_with_it(
    chosen: list[dict[str, Any]], rejected: list[dict[str, Any]], shared: int
) -> None:
    assert n_shared(turns_of(chosen), turns_of(rejected)) == shared
    assert n_shared(turns_of(rejected), turns_of(chosen)) == shared


# Which may be a pair


def test_a_limit_of_the_ratio_counts_the_model_alone_and_not_what_both_begin_with() -> None:
    sides = {
        0: side(LOOKS, SEES, says("x" * 10)),
        1: side(LOOKS, SEES, says("x" * 15)),
        2: side(LOOKS, SEES, says("x" * 16)),
    }
    assert fitting([(0, 1), (0, 2)], sides, Limits(max_ratio=1.5)) == ([(0, 1)], "")
    assert fitting([(2, 0)], sides, Limits(max_ratio=1.5)) == ([], "lengths_differ")
    assert fitting([(2, 0)], sides, Limits()) == ([(2, 0)], "")


def test_an_empty_side_is_near_to_an_empty_one_alone() -> None:
    sides = {0: side(says("")), 1: side(says("")), 2: side(says("x"))}
    assert fitting([(0, 1), (0, 2)], sides, Limits(max_ratio=3))[0] == [(0, 1)]


def test_sides_on_which_others_speak_may_be_left_out_and_what_both_begin_with_is_none() -> None:
    sides = {0: side(LOOKS, SEES, says("a")), 1: side(LOOKS, SEES, says("b")), 2: side(says("c"))}
    assert fitting([(0, 1), (0, 2)], sides, Limits(own_only=True)) == ([(0, 1)], "")
    assert fitting([(0, 2)], sides, Limits(own_only=True)) == ([], "other_turns")


def test_the_reason_is_that_of_the_pair_that_came_furthest() -> None:
    sides = {0: side(LOOKS, SEES, says("a")), 1: side(says("b")), 2: side(says("c" * 9))}
    limits = Limits(max_ratio=2, own_only=True)
    assert fitting([(0, 1), (2, 1)], sides, limits) == ([], "lengths_differ")


def test_the_nearest_in_length_comes_first_and_the_same_text_last() -> None:
    sides = {0: side(says("x" * 9)), 1: side(says("x" * 9)), 2: side(says("y" * 5)), 3: side(says("z" * 12))}
    assert nearest([(0, 1), (0, 2), (0, 3)], sides) == [(0, 3), (0, 2), (0, 1)]


# Figures


def test_the_figures_of_two_pairs_by_hand() -> None:
    """First 13 characters of the model (look{"at":9} and a) and 14 of the tool against 2, then 3 against 4."""
    found = measured(
        (side(LOOKS, SEES, says("a"), before=20), side(says("no"), before=20)),
        (side(LOOKS, SEES, says("yes"), before=30), side(LOOKS, SEES, says("nope"), before=30)),
    )
    assert found.as_json() == {
        "own_characters": {"median_chosen": 8.0, "median_rejected": 3.0, "more_in_chosen": 1, "more_in_rejected": 1},
        "characters": {"median_chosen": 15.0, "median_rejected": 3.0, "more_in_chosen": 1, "more_in_rejected": 1},
        "last_characters": {
            "median_chosen": 2.0,
            "median_rejected": 3.0,
            "more_in_chosen": 0,
            "more_in_rejected": 2,
        },
        "turns": {"median_chosen": 1.5, "median_rejected": 1.0, "more_in_chosen": 1, "more_in_rejected": 0},
        "all_characters": 36,
        "characters_not_the_models": 14,
        "with_other_turns": 1,
        "with_several_answers": 1,
        "alike": 0,
        "with_shared_turns": 1,
        "longest_characters": 30 + 12 + 14 + 4,
    }


def test_the_figures_are_said_in_plain_words() -> None:
    long, short = side(LOOKS, SEES, says("x" * 1605)), side(says("x" * 536))
    assert measured(*[(long, short)] * 14).sentences("trl") == [
        "The chosen side is longer in 14 of 14 pairs (median 1,617 vs 536 characters of the model's own): training "
        "on these may teach length. With tool results and user turns it is longer in 14 of 14 (median 1,631 "
        "vs 536 characters). It takes more turns in 14 of 14 (median 2 vs 1).",
        "1% of the characters of the sides are not the model's (tool results, user turns), in 14 of 14 pairs, and "
        "TRL's DPO trains on them as on answers.",
    ]


def test_for_nemo_rl_it_is_said_that_the_last_message_alone_is_trained() -> None:
    said = measured((side(LOOKS, SEES, says("a")), side(says("bb")))).sentences("nemo_rl")
    assert said[1:] == [
        "48% of the characters of the sides are not the model's (tool results, user turns), in the only pair.",
        "1 pair has several answers on a side. NeMo RL trains on the last message of each side alone, which is longer "
        "on the chosen side in no pair (median 1 vs 2 characters). The rest is context.",
    ]


def test_for_nemo_rl_length_is_learnable_where_the_last_messages_differ_in_it() -> None:
    long, short = side(LOOKS, SEES, says("a" * 9)), side(says("b" * 9))
    found = measured(*[(long, short)] * 9)
    assert "teach length" in found.sentences("trl")[0]
    assert (found.advice("trl", "margin") != [], found.advice("nemo_rl", "margin")) == (True, [])
    assert "teach" not in " ".join(found.sentences("nemo_rl"))
    said = measured(*[(side(LOOKS, SEES, says("a" * 99)), short)] * 9).sentences("nemo_rl")
    assert "learn" not in said[0]
    assert "longer on the chosen side in 9 of 9 (median 99 vs 9 characters): training on these may teach" in said[2]


@pytest.mark.parametrize(
    ("n_longer", "n_shorter", "words"),
    [
        (5, 0, ": training on these may teach length."),
        (4, 0, " characters of the model's own)."),
        (0, 5, ": training on these may teach brevity."),
        (8, 6, " characters of the model's own)."),
        (55, 45, " characters of the model's own)."),
        (550, 450, " characters of the model's own)."),
        (650, 350, ": training on these may teach length."),
    ],
)
def test_length_is_called_learnable_beyond_chance_and_three_in_five(n_longer: int, n_shorter: int, words: str) -> None:
    long, short = side(says("x" * 9)), side(says("y" * 5))
    said = measured(*[(long, short)] * n_longer, *[(short, long)] * n_shorter).sentences("trl")[0]
    assert said.endswith(words)


def test_sides_that_are_the_same_and_turns_that_are_shared_are_told() -> None:
    found = measured((side(says("a")), side(says("a"))), (side(LOOKS, SEES, says("b")), side(LOOKS, SEES, says("c"))))
    assert found.sentences("trl") == [
        "Both sides are equally long in every pair (median 1 characters).",
        "1 pair is the same on both sides: nothing is learned from them.",
        "In 1 pair the turns that both sides begin with are in the prompt.",
    ]


def test_no_pairs_have_nothing_to_say() -> None:
    assert measured().sentences("trl") == []
    assert measured().as_json()["own_characters"]["median_chosen"] == 0.0
