"""Text that many prompts share: what counts as such, in prompts of any number and length."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_curator.index import hash_spill as piles
from rollout_curator.index.hash_spill import Pile
from rollout_curator.selection.splits import shared_text
from rollout_curator.selection.splits.leakage_links import Alike, worth_comparing
from rollout_curator.selection.splits.shared_text import shared, without


def piled(prompts: list[set[int]]) -> Pile:
    made = Pile()
    for prompt in prompts:
        made.add(np.array(sorted(prompt), dtype=np.uint64))
    return made


def found(prompts: list[set[int]], *agents: list[int]) -> list[int]:
    """Return what is shared by some prompts; without agents all are of one."""
    made = piled(prompts)
    said = [np.array(agent) for agent in agents or [range(len(prompts))]]
    common: list[int] = shared(made, said).tolist()
    made.close()
    return common


def test_what_stands_in_more_than_four_and_a_fifth_of_an_agents_prompts_is_shared() -> None:
    assert found([{1, n} for n in range(10, 14)]) == []
    assert found([{1, n} for n in range(10, 15)]) == [1]
    assert found([{1 if n < 20 else 2, 100 + n} for n in range(120)]) == [2]
    assert found([{1 if n < 21 else 2, 100 + n} for n in range(100)]) == [1, 2]


def test_each_agent_has_shared_text_of_its_own() -> None:
    prompts = [{n // 5, 1000 + n} for n in range(50)]
    assert found(prompts) == []
    assert found(prompts, *([5 * k + n for n in range(5)] for k in range(10))) == list(range(10))


def test_what_stands_in_more_than_twenty_and_one_in_a_hundred_of_all_prompts_is_shared_whoever_has_it() -> None:
    agents = [list(range(k, 2100, 100)) for k in range(100)]
    assert found([{1 if n < 21 else 2, 10_000 + n} for n in range(2100)], *agents) == [2]
    assert found([{1 if n < 22 else 2, 10_000 + n} for n in range(2100)], *agents) == [1, 2]


@given(
    prompts=st.lists(st.sets(st.integers(0, 2**64 - 1) | st.integers(0, 9)), max_size=30),
    a_round=st.sampled_from([1, 7, 1 << 20]),
)
def test_counting_in_rounds_and_on_disk_finds_what_counting_at_once_finds(
    prompts: list[set[int]], a_round: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_text, "ROUND", a_round)
        patch.setattr(piles, "IN_MEMORY_BYTES", a_round)
        bound = max(4, 0.2 * len(prompts))
        every = {n for prompt in prompts for n in prompt}
        assert found(prompts) == sorted(n for n in every if sum(n in prompt for prompt in prompts) > bound)


@given(one=st.sets(st.integers(0, 20)), common=st.sets(st.integers(0, 20)))
def test_what_is_left_is_what_is_not_shared(one: set[int], common: set[int]) -> None:
    arrays = [np.array(sorted(some), dtype=np.uint64) for some in (one, common)]
    assert without(*arrays).tolist() == sorted(one - common)


def test_a_pile_gives_back_what_was_put_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piles, "IN_MEMORY_BYTES", 100)
    arrays = [list(range(n)) for n in (3, 0, 40, 1)]
    made = Pile()
    for array in arrays:
        made.add(np.array(array, dtype=np.uint64))
    assert [each.tolist() for each in made] == arrays
    assert (len(made), made.size(2), made[2].tolist()) == (4, 40, arrays[2])
    made.close()


def compared(grid: list[list[int]]) -> tuple[set[tuple[int, int]], list[int]]:
    pairs, crowds = worth_comparing(np.array(grid, dtype=np.uint64))
    return {(a, b) for a, b in pairs.T.tolist()}, sorted(crowds[0].tolist())


def test_all_that_share_a_band_are_compared() -> None:
    assert compared([[1, 10], [1, 11], [2, 11], [3, 13]]) == ({(1, 0), (2, 1)}, [])
    grid: list[list[int]] = [[7, 100 + n] for n in range(32)]
    assert compared(grid) == ({(a, b) for a in range(32) for b in range(a)}, [])


def test_of_too_many_that_share_a_band_those_that_share_more_are_compared() -> None:
    grid: list[list[int]] = [[7, 1000 + n * 37 % 101, 5000 + n] for n in range(101)]
    grid += [[7, *row[1:]] for row in grid[:40]] + [[8, 1, 2]]
    pairs, is_left = compared(grid)
    assert {(101 + n, n) for n in range(40)} <= pairs
    assert len(pairs) < 141 * 3 + 40
    assert is_left == list(range(141))


def test_nobody_is_compared_with_nobody() -> None:
    grid: Any = np.empty((0, 16), np.uint64)
    assert [found.size for found in worth_comparing(grid)] == [0, 0]


def test_only_prompts_lost_in_a_crowd_of_several_families_are_not_compared() -> None:
    """Prompts 10, 11 and 12 are a crowd, 12 and 13 another."""
    keys, crowds = np.arange(10, 15, dtype=np.uint64), np.array([[0, 1, 2, 2, 3], [7, 7, 7, 9, 9]])
    none: Any = np.empty(0, np.uint64)
    found = Alike(none, none, none, keys, keys, crowds)
    assert found.not_compared(keys, np.array([1, 1, 1, 2, 3])) == 2
    assert found.not_compared(keys, np.array([1, 2, 1, 1, 1])) == 3
    assert found.not_compared(keys, np.array([5, 5, 5, 5, 5])) == 0
    assert found.not_compared(np.array([0, 12, 13, 99], dtype=np.uint64), np.array([1, 2, 3, 4])) == 2
    assert found.not_compared(keys[:1], np.array([1])) == 0
