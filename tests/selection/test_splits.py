"""Splits that do not leak: what stays together, what never moves, and what is left out so that nothing leaks."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from rollout_curator.errors import RecipeError
from rollout_curator.export.conversion import PromptRequest, prompts
from rollout_curator.index.hash_spill import Pile
from rollout_curator.selection.splits import split as splits
from rollout_curator.selection.splits.shared_text import shared, without
from rollout_curator.selection.splits.similarity import SHORT_ROWS, bands, likeness, minima, normal, sketch
from rollout_curator.selection.splits.split import LEFT_OUT, Families, Parted, Split, apportion, parted
from rollout_curator.workspace.workspace import Workspace

TRAIN, VALIDATION, TEST = 0, 1, 2
ROLLOUTS = Path(__file__).parents[2].parent / "shared" / "rollouts"


@dataclass(frozen=True)
class Row:
    """One rollout as a split sees it."""

    task: str
    prompt: str
    agent: str = "a"


def families(rows: Sequence[Row], split: Split) -> Families:
    made = Families(split)
    for row in rows:
        made.add(xxh3_64_intdigest(row.task.encode()), sketched(row.prompt))
    return made


sketched = cache(sketch)


def parts(rows: Sequence[Row], split: Split, kept: Sequence[bool] | None = None) -> Parted:
    return parted(families(rows, split), np.array(kept or [True] * len(rows)), [row.agent for row in rows])


def codes(rows: Sequence[Row], split: Split, kept: Sequence[bool] | None = None) -> list[int]:
    made = parts(rows, split, kept)
    facts = made.facts(np.arange(len(rows)), np.arange(len(rows)))
    assert facts["prompts"] == len({normal(row.prompt) for row in rows} - {""})
    assert facts["not_compared"] <= facts["prompts"]
    found: list[int] = made.part.tolist()
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


def shingles(text: str) -> frozenset[str]:
    """Return the shingles of a text of plain words, by the definition."""
    found = normal(text).replace("?", " ").replace("+", " ").split()
    return frozenset(" ".join(found[n : n + 3]) for n in range(max(1, len(found) - 2))) if found else frozenset()


def own_text(rows: Sequence[Row]) -> dict[str, frozenset[str]]:
    """Return what each prompt says beside shared text, by the definition."""
    prompts = {normal(row.prompt) for row in rows} - {""}
    sample_rank = [(prompts, max(20, 0.01 * len(prompts)))]
    for agent in {row.agent for row in rows}:
        said = {normal(row.prompt) for row in rows if row.agent == agent} - {""}
        sample_rank.append((said, max(4, 0.2 * len(said))))
    common = set()
    for some, bound in sample_rank:
        counts = Counter(shingle for prompt in some for shingle in shingles(prompt))
        common |= {shingle for shingle, count in counts.items() if count > bound}
    return {row.prompt: shingles(row.prompt) - common for row in rows}


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how alike two sets of shingles are, by the definition: up to two changed words count as words."""
    if not one | other:
        return 0.0
    jaccard = len(one & other) / len(one | other)
    most = max(len(one), len(other))
    n_others = most - len(one & other)
    n_words = math.ceil(n_others / 3)
    return max(jaccard, (most - n_words) / (most + n_words)) if n_others <= 6 and jaccard >= 0.5 else jaccard


def shares_a_band(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two sets of shingles would be compared."""
    found = [np.unique(np.concatenate([sketch(shingle).shingles for shingle in some])) for some in (one, other)]
    minimum = np.concatenate(list(minima(found)))
    return any(np.any(a == b) for a, b in (bands(minimum), bands(minimum, SHORT_ROWS)))


@given(rows=ROWS, split=st.one_of(SPLITS, COUNTED))
@settings(max_examples=150, deadline=None)
def test_no_task_prompt_or_near_duplicate_that_is_compared_stands_in_two_parts(rows: list[Row], split: Split) -> None:
    found, own = codes(rows, split), own_text(rows)
    for n, one in enumerate(rows):
        for m, other in enumerate(rows[:n]):
            if LEFT_OUT not in (found[n], found[m]) and found[n] != found[m]:
                assert one.task != other.task
                assert normal(one.prompt) != normal(other.prompt) or not one.prompt
                a, b = own[one.prompt], own[other.prompt]
                assert alike(a, b) < split.near or not shares_a_band(a, b), (one, other)


@given(rows=ROWS, more=ROWS, split=SPLITS)
@settings(max_examples=150, deadline=None)
def test_rollouts_added_anywhere_move_only_those_whose_own_text_they_change(
    rows: list[Row], more: list[Row], split: Split
) -> None:
    before, after = codes(rows, split), codes([*more, *rows], split)[len(more) :]
    own, then = own_text(rows), own_text([*more, *rows])
    for row, was, now in zip(rows, before, after, strict=True):
        if LEFT_OUT not in (was, now) and was != now:
            assert own[row.prompt] != then[row.prompt]


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
    rows = [Row(f"t{n}", words(n, 7)) for n in tasks for _ in range(2)]
    added = [*rows, *(Row(f"t{n}", words(n, 7)) for n in more)]
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


def test_what_a_rollout_ties_together_stands_where_most_of_it_fell() -> None:
    rows = [Row(f"t{n}", words(n, 9)) for n in range(60)]
    before = codes(rows, Split(0.3))
    trained, held = before.index(TRAIN), before.index(VALIDATION)
    bridges = [Row(rows[held].task, rows[trained].prompt), Row(rows[held].task, words(60, 9))]
    after = codes([*rows, *bridges[:1]], Split(0.3))
    assert (after[trained], after[held], after[-1]) == (TRAIN, LEFT_OUT, TRAIN)
    assert [n for n in range(60) if after[n] != before[n]] == [held]


# Text that many prompts share


def twins(n: int, n_shared: int, place: str, seed: int, n_agents: int = 1, n_words: int = 40) -> list[Row]:
    """Return pairs of prompts of which one word differs, all under an instruction that their agent's prompts share.

    The word is the last of 40, or in the middle of fewer.
    """
    dice = random.Random(seed)
    instructions = [[f"i{agent}x{dice.randrange(500)}" for _ in range(n_shared)] for agent in range(n_agents)]
    found = []
    for pair in range(n):
        asked = [f"q{dice.randrange(900)}" for _ in range(n_words)]
        changed = -1 if n_words == 40 else n_words // 2
        for copy in range(2):
            said = list(asked)
            said[changed] = asked[changed] if copy else f"other{pair}"
            shared = instructions[pair % n_agents]
            cut = {"start": len(shared), "end": 0, "middle": len(shared) // 2}[place]
            found.append(
                Row(f"{pair} {copy}", " ".join([*shared[:cut], *said, *shared[cut:]]), f"agent {pair % n_agents}")
            )
    return found


def crossing(found: Sequence[int]) -> int:
    """Return how many of the pairs, that lie one after the other, stand in two parts."""
    return sum(a != b and LEFT_OUT not in (a, b) for a, b in zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize("place", ["start", "end", "middle"])
@pytest.mark.parametrize("n_shared", [80, 120, 150, 300, 600])
def test_twins_under_shared_text_stand_in_one_part_and_the_share_is_met(n_shared: int, place: str) -> None:
    rows = twins(300, n_shared, place, seed=n_shared)
    made = families(rows, Split(0.1))
    found = parted(made, np.ones(600), [row.agent for row in rows])
    assert crossing(found.part.tolist()) == 0
    assert found.facts(np.arange(600), np.arange(600))["largest_family"] == 2
    assert 0.05 < np.mean(found.part == VALIDATION) < 0.15
    assert np.mean(found.part == LEFT_OUT) < 0.06


@pytest.mark.parametrize("n_shared", [0, 300])
@pytest.mark.parametrize("n_words", [11, 12, 16, 20, 28])
def test_short_questions_with_one_word_changed_are_nearly_the_same(n_words: int, n_shared: int) -> None:
    rows = twins(200, n_shared, "start", seed=n_words, n_words=n_words)
    found = [codes(rows, Split(0.1, seed=seed)) for seed in range(8)]
    assert [crossing(codes) for codes in found] == [0] * 8
    assert 0.07 < np.mean([codes.count(VALIDATION) / 400 for codes in found]) < 0.13
    assert np.mean([codes.count(LEFT_OUT) / 400 for codes in found]) < 0.06


def test_the_same_question_with_a_word_changed_under_two_templates_is_one_question() -> None:
    dice = random.Random(6)
    templates = [[f"t{of}x{dice.randrange(500)}" for _ in range(200)] for of in range(2)]
    rows = []
    for n in range(200):
        asked = [f"q{dice.randrange(900)}" for _ in range(30)]
        for template, said in zip(templates, (asked, [*asked[:14], f"other{n}", *asked[15:]]), strict=True):
            rows.append(Row(f"{n} {template[0]}", " ".join([*template, *said])))
    for seed in range(4):
        assert crossing(codes(rows, Split(0.2, seed=seed))) == 0


def test_over_many_seeds_no_twin_crosses_and_the_mean_share_is_the_one_asked_for() -> None:
    rows = twins(200, 150, "start", seed=1)
    found = [codes(rows, Split(0.2, seed=seed)) for seed in range(25)]
    assert [crossing(codes) for codes in found] == [0] * 25
    shares = [codes.count(VALIDATION) / 400 for codes in found]
    assert 0.17 < np.mean(shares) < 0.22
    assert 0.1 < min(shares) < max(shares) < 0.3


@pytest.mark.parametrize("n_agents", [2, 12, 60])
def test_every_agent_has_an_instruction_of_its_own(n_agents: int) -> None:
    rows = twins(300, 300, "start", seed=3, n_agents=n_agents)
    found = codes(rows, Split(0.2))
    assert crossing(found) == 0
    assert 0.13 < found.count(VALIDATION) / 600 < 0.27


def test_many_small_groups_under_texts_of_their_own_that_no_agent_names_stay_whole() -> None:
    rows = [Row(row.task, row.prompt) for row in twins(300, 600, "start", seed=3, n_agents=60)]
    made = parts(rows, Split(0.2))
    assert crossing(made.part.tolist()) == 0
    assert made.facts(np.arange(600), np.arange(600))["largest_family"] == 10
    assert 0.08 < np.mean(made.part == VALIDATION) < 0.32


def test_different_questions_under_one_long_instruction_are_different() -> None:
    rows = twins(400, 600, "start", seed=4)[::2]
    for seed in range(10):
        found = codes(rows, Split(0.1, seed=seed))
        assert 20 < found.count(VALIDATION) < 65
        assert found.count(LEFT_OUT) == 0


def test_prompts_of_a_template_that_differ_in_a_number_are_different() -> None:
    rows = [Row(str(n), f"{LONG}{LONG}{LONG}and the number is {n}") for n in range(30)]
    found = codes(rows, Split(0.4))
    assert set(found) == {TRAIN, VALIDATION}


def test_a_few_near_duplicates_of_few_prompts_are_no_template() -> None:
    rows = [Row(f"t{n}", words(n, 40)) for n in range(8)]
    rows += [Row(f"near {n}", f"{words(100, 40)} {n}") for n in range(4)]
    for seed in range(10):
        found = codes(rows, Split(0.4, seed=seed))
        assert len(set(found[8:]) - {LEFT_OUT}) == 1


def test_near_duplicates_are_tied_up_to_a_fifth_of_their_agent_or_twenty() -> None:
    rows = [Row(f"t{n}", words(n, 40)) for n in range(100)]
    rows += [Row(f"near {n}", f"{words(1000, 40)} {n}") for n in range(20)]
    assert parts(rows, Split(0.4)).facts(np.arange(120), np.arange(120))["largest_family"] == 20


def test_prompts_of_shared_text_alone_are_split_by_the_whole_text_and_tied_by_nothing_else() -> None:
    choices = [[("yes", "no")[n >> slot & 1] for slot in range(5)] for n in range(32)]
    prompts = [" ".join(f"first{k} second{k} {word} third{k}" for k, word in enumerate(words)) for words in choices]
    rows = [Row(f"{n} {copy}", prompt) for n, prompt in enumerate(prompts) for copy in range(2)]
    assert set(own_text(rows).values()) == {frozenset()}
    found = codes(rows, Split(0.4))
    assert found[::2] == found[1::2]
    assert set(found) == {TRAIN, VALIDATION}


def test_the_same_question_under_two_instructions_is_one_question() -> None:
    rows = [
        Row(f"{agent} {n}", f"{words(agent, 200)} {words(1000 + n, 20)}", str(agent))
        for n in range(60)
        for agent in (1, 2)
    ]
    found = codes(rows, Split(0.3))
    assert crossing(found) == 0
    assert {TRAIN, VALIDATION} <= set(found)


def test_short_prompts_that_differ_in_a_number_are_not_nearly_the_same() -> None:
    rows = [Row(str(n), f"What is {n}+{n}?") for n in range(60)]
    assert len(set(codes(rows, Split(0.4)))) == 2


@pytest.mark.shared
@pytest.mark.skipif(not ROLLOUTS.is_dir(), reason="shared/rollouts is not beside the checkout")
def test_an_exact_search_finds_no_near_duplicates_in_two_parts_of_real_rollouts(tmp_path: Path) -> None:
    """In a tenth of these files the prompts of different tasks are alike by a half and more: they share a template."""
    workspace = Workspace.open([ROLLOUTS], tmp_path / "cache")
    lines = [text for _, text in workspace.lines(np.arange(workspace.n_rollouts))]
    sketches, tasks = prompts(PromptRequest(lines)).sketches, workspace.group_keys("task").tolist()
    codes_of, names = workspace.classes("agent")
    agents = [names[code] for code in codes_of.tolist()]
    for seed in range(5):
        families = Families(Split(0.2, seed=seed))
        for task, prompt in zip(tasks, sketches, strict=True):
            families.add(task, prompt)
        found = parted(families, np.ones(len(lines)), agents)
        assert 0.12 < np.mean(found.part == VALIDATION) < 0.28
        assert np.mean(found.part == LEFT_OUT) < 0.02
        assert largest_across(sketches, agents, found.part) < 0.8


def largest_across(sketches: Sequence[Any], agents: Sequence[str], part: Any) -> float:
    """Return how alike the two prompts of different parts are that are most alike, all pairs compared."""
    of_key = {prompt.key: n for n, prompt in enumerate(sketches) if prompt.key}
    pile, number = Pile(), {key: place for place, key in enumerate(of_key)}
    for n in of_key.values():
        pile.add(sketches[n].shingles)
    members: dict[str, set[int]] = {}
    for prompt, agent in zip(sketches, agents, strict=True):
        members.setdefault(agent, set()).update({number[prompt.key]} if prompt.key else ())
    common = shared(pile, [np.array(sorted(some), dtype=np.int64) for some in members.values()])
    own = [without(shingles, common) for shingles in pile]
    where: list[set[int]] = [set() for _ in own]
    for prompt, code in zip(sketches, part.tolist(), strict=True):
        if prompt.key and code != LEFT_OUT:
            where[number[prompt.key]].add(code)
    assert all(len(codes) < 2 for codes in where)
    pile.close()
    pairs = [(a, b) for a in range(len(own)) for b in range(a) if where[a] and where[b] and where[a] != where[b]]
    return float(likeness([(own[a], own[b]) for a, b in pairs]).max())


def test_what_ties_can_be_chosen() -> None:
    rows = [Row("one task", words(n, 5)) for n in range(60)]
    assert set(codes(rows, Split(0.4))) == {TRAIN, LEFT_OUT}
    assert set(codes(rows, Split(0.4, by=("prompt", "near")))) == {TRAIN, VALIDATION}
    assert len(set(codes(rows, Split(0.4, by=("task",))))) == 1


def test_rollouts_without_a_prompt_are_split_by_the_name_of_their_task() -> None:
    rows = [Row(f"task {n // 2}", "") for n in range(60)]
    found = codes(rows, Split(0.4))
    assert found[::2] == found[1::2]
    assert len(set(found)) == 2


def test_the_largest_similarity_across_parts_is_that_of_an_exact_search() -> None:
    dice = random.Random(7)
    rows = []
    for n in range(40):
        text = [f"w{dice.randrange(4000)}" for _ in range(400)]
        rows.append(Row(f"{n}", " ".join(text)))
        for place in dice.sample(range(400), 8 + n):
            text[place] = f"other{dice.randrange(9000)}"
        rows.append(Row(f"{n} again", " ".join(text)))
    made = parts(rows, Split(0.4, near=0.9))
    own = own_text(rows)
    across = [
        alike(own[one.prompt], own[other.prompt])
        for one, other, a, b in zip(rows[::2], rows[1::2], made.part[::2], made.part[1::2], strict=True)
        if a != b and LEFT_OUT not in (a, b)
    ]
    assert 0.6 < max(across) < 0.9
    assert made.similarity(np.arange(80)) == pytest.approx(max(across), abs=1e-12)


def test_nothing_alike_is_a_similarity_of_zero_and_one_prompt_in_two_parts_is_one() -> None:
    unlike = [Row(f"t{n}", words(n, 20)) for n in range(40)]
    assert parts(unlike, Split(0.4)).similarity(np.arange(40)) == 0.0
    rows = [Row(f"t{n}", "the same words for all") for n in range(40)]
    assert parts(rows, Split(0.4, by=("task",))).similarity(np.arange(40)) == 1.0


def test_the_facts_of_a_split_count_families_and_prompts_among_the_rows_asked_for() -> None:
    rows = [Row(f"t{n // 3}", words(n // 3, 9)) for n in range(30)]
    assert parts(rows, Split(0.4)).facts(np.arange(7), np.arange(7)) == {
        "families": 3,
        "largest_family": 3,
        "largest_similarity": 0.0,
        "not_compared": 0,
        "prompts": 3,
    }


def test_prompts_too_many_to_compare_with_all_are_counted_and_the_nearest_still_found() -> None:
    """Twenty-four pairs of twins stand among 5,000 prompts, under one text that is in less than one in a hundred."""
    rows = [Row(f"t{n}", words(n, 4)) for n in range(4952)]
    rows += [Row(row.task, row.prompt) for row in twins(24, 600, "start", seed=5)]
    made = parts(rows, Split(0.4, near=0.95))
    facts = made.facts(np.arange(5000), np.arange(5000))
    assert crossing(made.part.tolist()[4952:]) == 0
    assert facts["largest_family"] == 2
    assert 0 < facts["not_compared"] <= 48
    assert facts["prompts"] == 5000


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
        ({"size": 1}, "split: unknown key 'size'; choose from validation, test, by, near, seed"),
        ({"validation": "x"}, "split: validation is 'x', expected a number that is not negative"),
        ({"validation": -0.1}, "split: validation is -0.1, expected a number that is not negative"),
        ({"validation": float("nan")}, "split: validation is nan, expected a number that is not negative"),
        ({"validation": True}, "split: validation is True, expected a number that is not negative"),
        ({"validation": 0}, "split: validation and test are both 0; set one or remove the split"),
        ({"validation": 0.6, "test": 0.5}, "split: validation + test leave no training data"),
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
