"""Splits that do not leak: what stays together, what never moves, and what is left out so that nothing leaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from rollout_curator import splits
from rollout_curator.errors import RecipeError
from rollout_curator.similarity import jaccard, sketch
from rollout_curator.splits import LEFT_OUT, Families, Parted, Split, apportion, parted

TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class Row:
    """One rollout as a split sees it."""

    task: str
    prompt: str
    agent: str = "a"


def families(rows: Sequence[Row], split: Split) -> Families:
    made = Families(split)
    for row in rows:
        made.add(xxh3_64_intdigest(row.task.encode()), sketch(row.prompt))
    return made


def parts(rows: Sequence[Row], split: Split, kept: Sequence[bool] | None = None) -> Parted:
    return parted(families(rows, split), np.array(kept or [True] * len(rows)), [row.agent for row in rows])


def codes(rows: Sequence[Row], split: Split, kept: Sequence[bool] | None = None) -> list[int]:
    found: list[int] = parts(rows, split, kept).part.tolist()
    return found


WORDS = ("add", "the", "numbers", "below", "and", "say", "why", "in", "one", "line", "please", "now")
LONG = " ".join(WORDS) + " "
PROMPTS = st.one_of(
    st.sampled_from(["2+2?", "3+3?", "what is it", "go", ""]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    st.integers(0, 30).map(lambda n: f"{LONG}{LONG}number {n}"),
    st.integers(0, 30).map(lambda n: f"{LONG}this time with {n} apples {n} pears {n} plums {LONG[: n * 2]}"),
)
ROWS = st.lists(st.builds(Row, st.integers(0, 12).map(str), PROMPTS, st.sampled_from("ab")), max_size=40)
SPLITS = st.builds(
    Split,
    validation=st.sampled_from([0.1, 0.3, 0.45]),
    test=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 5),
    near=st.sampled_from([0.5, 0.8, 1.0]),
)
COUNTED = st.builds(Split, validation=st.integers(1, 9), test=st.integers(0, 9), seed=st.integers(0, 5))


def is_tied(one: Row, other: Row, near: float) -> bool:
    """Say by the definition whether two rollouts may not stand in different parts."""
    a, b = sketch(one.prompt), sketch(other.prompt)
    if one.task == other.task or a.key == b.key != 0:
        return True
    return bool(set(a.bands) & set(b.bands)) and jaccard(a, b) >= near


@given(rows=ROWS, split=st.one_of(SPLITS, COUNTED))
@settings(max_examples=150, deadline=None)
def test_no_task_prompt_or_near_duplicate_that_sketches_find_stands_in_two_parts(rows: list[Row], split: Split) -> None:
    found = codes(rows, split)
    for n, one in enumerate(rows):
        for m, other in enumerate(rows[:n]):
            if LEFT_OUT not in (found[n], found[m]) and found[n] != found[m]:
                assert not is_tied(one, other, split.near), (one, other)


@given(rows=ROWS, more=ROWS, split=SPLITS)
@settings(max_examples=150, deadline=None)
def test_rollouts_added_anywhere_move_none_from_one_part_to_another(
    rows: list[Row], more: list[Row], split: Split
) -> None:
    before, after = codes(rows, split), codes([*more, *rows], split)[len(more) :]
    assert {(a, b) for a, b in zip(before, after, strict=True) if a != b} <= {
        (VALIDATION, LEFT_OUT),
        (TEST, LEFT_OUT),
    }


@given(rows=ROWS, split=st.one_of(SPLITS, COUNTED), order=st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_rollouts_has_no_say_in_who_is_where(rows: list[Row], split: Split, order: Any) -> None:
    places = list(range(len(rows)))
    order.shuffle(places)
    found = codes([rows[place] for place in places], split)
    assert dict(zip(places, found, strict=True)) == dict(enumerate(codes(rows, split)))


@given(rows=ROWS, split=SPLITS, kept=st.lists(st.booleans(), min_size=40, max_size=40))
@settings(max_examples=80, deadline=None)
def test_what_is_kept_has_no_say_in_who_is_where(rows: list[Row], split: Split, kept: list[bool]) -> None:
    assert codes(rows, split, kept[: len(rows)]) == codes(rows, split)


@given(
    tasks=st.lists(st.integers(0, 200), unique=True, max_size=20),
    more=st.lists(st.integers(0, 200), unique=True, max_size=20),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_where_a_task_has_one_prompt_of_its_own_no_order_and_no_addition_moves_it(
    tasks: list[int], more: list[int], order: Any
) -> None:
    rows = [Row(f"t{n}", f"{n} is the whole prompt of {n * 7919}") for n in tasks for _ in range(2)]
    added = [*rows, *(Row(f"t{n}", f"{n} is the whole prompt of {n * 7919}") for n in more)]
    order.shuffle(added)
    before = dict(zip((row.task for row in rows), codes(rows, Split(0.3, 0.2)), strict=True))
    after = dict(zip((row.task for row in added), codes(added, Split(0.3, 0.2)), strict=True))
    assert {task: after[task] for task in before} == before
    assert LEFT_OUT not in after.values()


@given(rows=ROWS, split=COUNTED)
@settings(max_examples=80, deadline=None)
def test_a_count_is_never_exceeded(rows: list[Row], split: Split) -> None:
    found = codes(rows, split)
    assert found.count(VALIDATION) <= split.validation
    assert found.count(TEST) <= split.test
    assert LEFT_OUT not in found


def words(n: int, count: int) -> str:
    """Return words that no other number has."""
    return " ".join(f"w{n}x{k}" for k in range(count))


def singles(n: int, agent: str = "a") -> list[Row]:
    """Return rollouts that have nothing to do with each other."""
    return [Row(f"{agent}{k}", f"prompt {k * 7919} of {agent} is unlike {k * 104729} others", agent) for k in range(n)]


def test_a_share_is_about_that_share() -> None:
    found = codes(singles(2000), Split(0.1, 0.05))
    assert 160 < found.count(VALIDATION) < 240
    assert 70 < found.count(TEST) < 130


def test_every_agent_gives_about_its_share() -> None:
    rows = singles(1500, "a") + singles(500, "b")
    found = codes(rows, Split(0.2))
    assert 240 < found[:1500].count(VALIDATION) < 360
    assert 70 < found[1500:].count(VALIDATION) < 130


def test_a_count_is_met_exactly_and_divided_over_the_agents() -> None:
    rows = singles(150, "a") + singles(50, "b")
    found = codes(rows, Split(20, 8))
    assert [found[:150].count(part) for part in (VALIDATION, TEST)] == [15, 6]
    assert [found[150:].count(part) for part in (VALIDATION, TEST)] == [5, 2]


def test_what_no_agent_fills_by_whole_families_is_filled_by_any() -> None:
    rows = [row for n in range(30) for row in singles(3, f"agent{n}")]
    assert codes(rows, Split(20)).count(VALIDATION) == 20


def test_a_count_is_of_what_will_be_written() -> None:
    rows = singles(100)
    kept = [n % 2 == 0 for n in range(100)]
    found = [code for code, is_kept in zip(codes(rows, Split(10), kept), kept, strict=True) if is_kept]
    assert found.count(VALIDATION) == 10


def test_another_seed_draws_other_parts() -> None:
    assert codes(singles(100), Split(0.3)) != codes(singles(100), Split(0.3, seed=1))


def test_a_rollout_of_a_trained_task_with_a_held_out_prompt_is_left_out() -> None:
    rows = singles(60)
    before = codes(rows, Split(0.3))
    trained, held = before.index(TRAIN), before.index(VALIDATION)
    bridge = Row(rows[trained].task, rows[held].prompt)
    after = codes([*rows, bridge], Split(0.3))
    assert (after[trained], after[held], after[-1]) == (TRAIN, VALIDATION, LEFT_OUT)


def test_prompts_of_a_template_are_trained_on_and_their_held_out_share_is_left_out() -> None:
    rows = [Row(str(n), f"{LONG}{LONG}{LONG}and the number is {n}") for n in range(30)]
    assert set(codes(rows, Split(0.4))) == {TRAIN, LEFT_OUT}


def test_short_prompts_that_differ_in_a_number_are_not_nearly_the_same() -> None:
    rows = [Row(str(n), f"What is {n}+{n}?") for n in range(60)]
    assert len(set(codes(rows, Split(0.4)))) == 2


def test_what_ties_can_be_chosen() -> None:
    rows = [Row("one task", f"{n} words that say {n * 31} things") for n in range(60)]
    assert set(codes(rows, Split(0.4))) == {TRAIN, LEFT_OUT}
    assert set(codes(rows, Split(0.4, by=("prompt", "near")))) == {TRAIN, VALIDATION}
    assert len(set(codes(rows, Split(0.4, by=("task",))))) == 1


def test_rollouts_without_a_prompt_are_split_by_the_name_of_their_task() -> None:
    rows = [Row(f"task {n // 2}", "") for n in range(60)]
    found = codes(rows, Split(0.4))
    assert found[::2] == found[1::2]
    assert len(set(found)) == 2


def test_the_largest_similarity_across_parts_is_found() -> None:
    rows = [Row(f"{n}", f"{words(n, 30)} {words(n + 100, 7)}") for n in range(40)]
    rows += [Row(f"{n} again", f"{words(n, 30)} {words(n + 200, n % 9 + 1)}") for n in range(40)]
    made = parts(rows, Split(0.4, by=("task",), near=0.9))
    across = [
        jaccard(sketch(rows[n].prompt), sketch(rows[n + 40].prompt))
        for n in range(40)
        if made.part[n] != made.part[n + 40]
    ]
    assert across
    assert made.similarity(np.arange(80)) == pytest.approx(max(across), abs=1e-9)


def test_nothing_alike_is_a_similarity_of_zero_and_one_prompt_in_two_parts_is_one() -> None:
    unlike = [Row(f"t{n}", words(n, 20)) for n in range(40)]
    assert parts(unlike, Split(0.4)).similarity(np.arange(40)) == 0.0
    rows = [Row(f"t{n}", "the same words for all") for n in range(40)]
    assert parts(rows, Split(0.4, by=("task",))).similarity(np.arange(40)) == 1.0


def test_no_rollouts_give_no_parts() -> None:
    assert codes([], Split()) == []


def test_a_count_is_apportioned_by_largest_remainders() -> None:
    assert apportion(10, {"a": 60, "b": 25, "c": 15}) == {"a": 6, "b": 3, "c": 1}
    assert apportion(5, {"a": 2}) == {"a": 2}
    assert apportion(5, {}) == {}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (3, "split is 3, expected a table such as validation = 0.1"),
        ({"size": 1}, "split: there is no 'size'; choose from validation, test, by, near, seed"),
        ({"validation": "x"}, "split: validation is 'x', expected a number that is not negative"),
        ({"validation": -0.1}, "split: validation is -0.1, expected a number that is not negative"),
        ({"validation": float("nan")}, "split: validation is nan, expected a number that is not negative"),
        ({"validation": True}, "split: validation is True, expected a number that is not negative"),
        ({"validation": 0}, "split: validation and test are both 0; ask for some, or leave split out"),
        ({"validation": 0.6, "test": 0.5}, "split: validation and test together leave nothing to train on"),
        (
            {"validation": 0.1, "test": 5},
            "split: validation and test are both shares below 1, or both whole numbers of examples",
        ),
        ({"by": ["day"]}, "split: by is ('day',), expected some of task, prompt, near"),
        ({"by": []}, "split: by is (), expected some of task, prompt, near"),
        ({"near": 0}, "split: near is 0, expected more than 0 and at most 1"),
        ({"near": 1.5}, "split: near is 1.5, expected more than 0 and at most 1"),
        ({"seed": 0.5}, "split: seed is 0.5, expected a whole number"),
    ],
)
def test_a_wrong_split_is_one_sentence(table: Any, sentence: str) -> None:
    with pytest.raises(RecipeError) as refused:
        splits.read(table)
    assert str(refused.value) == sentence


def test_a_split_is_read_from_its_table() -> None:
    assert splits.read({"validation": 200, "by": ["task"]}) == Split(200, by=("task",))
    assert splits.read(None) is None
