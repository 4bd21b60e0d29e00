"""Sketches of prompts: alike texts are found and measured, unlike ones are not mixed up."""

import itertools
import random

import numpy as np
import pytest

from rollout_curator.selection.splits.similarity import (
    BLOCK,
    SHINGLE_WORDS,
    Sketch,
    bands,
    gist,
    likeness,
    minima,
    normal,
    sketch,
)


def alike(one: str, other: str) -> float:
    """Return how alike two texts are."""
    return float(likeness([(sketch(one).shingles, sketch(other).shingles)])[0])


def shingles(text: str) -> set[tuple[str, ...]]:
    """Return the shingles of a text, by the definition."""
    words = normal(text).split()
    return {tuple(words[n : n + SHINGLE_WORDS]) for n in range(max(1, len(words) - SHINGLE_WORDS + 1))}


def truth(one: str, other: str) -> float:
    """Return how alike two texts are, by the definition; that of their words where few shingles differ."""
    a, b = shingles(one), shingles(other)
    jaccard, most = len(a & b) / len(a | b), max(len(a), len(b))
    n_others = most - len(a & b)
    n_words = -(-n_others // 3)
    return max(jaccard, (most - n_words) / (most + n_words)) if n_others <= 6 and jaccard >= 0.5 else jaccard


def changed(text: str, n_words: int, dice: random.Random) -> str:
    words = text.split()
    for place in dice.sample(range(len(words)), n_words):
        words[place] = f"other{dice.randrange(10_000)}"
    return " ".join(words)


def test_case_width_and_blanks_make_no_other_prompt() -> None:
    assert normal("  What\u00a0IS\n2\uff0b2? ") == "what is 2+2?"
    assert sketch("What is\n2+2?").key == sketch("what  is 2+2?").key


def test_a_text_is_wholly_like_itself_and_not_at_all_like_another() -> None:
    assert alike("the cat sat on the mat", "the cat sat on the mat") == 1.0
    assert alike("the cat sat on the mat", "a dog ran over some hill") == 0.0


def test_texts_without_words_are_known_by_their_marks_alone() -> None:
    assert (alike("?!", "?!"), sketch("?!").key == sketch("?!").key, sketch("?!").key == sketch("!!").key) == (
        0.0,
        True,
        False,
    )


def test_a_prompt_that_says_nothing_has_no_key() -> None:
    assert (sketch(" \n").key, alike("", " ")) == (0, 0.0)


def test_the_similarity_of_texts_of_any_length_is_exact() -> None:
    dice = random.Random(2)
    for length, changes in ((100, (1, 5, 20)), (3000, (10, 100, 400)), (20_000, (2000,))):
        text = " ".join(f"word{dice.randrange(50 * length)}" for _ in range(length))
        for n_words in changes:
            other = changed(text, n_words, dice)
            assert alike(text, other) == truth(text, other)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("a b c d e f g h i j k l", "a b c d e X g h i j k l", 9 / 11),  # 7 of 10 shingles in both: one word
        ("a b c d e f g h i j k l", "a b c d e f g h i j k X", 9 / 11),  # 9 of 10
        ("a b c d e f g h i j k l", "a b c d e f X g h i j k l", 10 / 12),  # 8 of 11: one word more
        ("a b c d e f g h i j k l m n o p q r s t", "a b c X e f g h i j k l m X o p q r s t", 16 / 20),  # 12 of 18
        ("a b c d e f g h i j k l", "a b X d e f g h X j k l", 4 / 16),  # less than half: not by words
        ("what is the capital of peru", "what is the capital of chad", 3 / 5),
        ("天地玄黄宇宙洪荒日月盈昃", "天地玄黄宇人洪荒日月盈昃", 9 / 11),
        ("กขคงจฉชซญดตถ", "กขคงจมชซญดตถ", 9 / 11),
    ],
)
def test_up_to_two_changed_words_count_as_words_in_a_text_that_is_else_the_same(
    one: str, other: str, share: float
) -> None:
    assert alike(one, other) == alike(other, one) == share


def test_many_pairs_at_once_are_each_of_them_alone() -> None:
    dice = random.Random(3)
    text = " ".join(f"word{dice.randrange(500)}" for _ in range(120))
    others = [*(changed(text, n, dice) for n in (0, 1, 30)), "one", "", "a b c d"]
    pairs = [(sketch(text).shingles, sketch(other).shingles) for other in others]
    assert likeness(pairs).tolist() == [alike(text, other) for other in others]
    assert likeness([]).tolist() == []


def test_bands_find_the_pairs_that_an_exact_search_finds() -> None:
    dice = random.Random(4)
    texts = []
    for _ in range(40):
        text = " ".join(f"word{dice.randrange(2000)}" for _ in range(60))
        texts += [text, changed(text, 1, dice), changed(text, 4, dice), changed(text, 20, dice)]
    grid = np.concatenate([bands(found) for found in minima(sketch(text).shingles for text in texts)])
    made = [set(row) for row in grid.tolist()]
    pairs = list(itertools.combinations(range(len(texts)), 2))
    similar = {pair for pair in pairs if truth(texts[pair[0]], texts[pair[1]]) >= 0.8}
    found = {(a, b) for a, b in pairs if made[a] & made[b]}
    assert len(similar) >= 40
    assert similar <= found
    assert len(found) < len(pairs) / 20


def test_minimum_hashes_do_not_depend_on_what_they_are_worked_out_with() -> None:
    sizes = (1, 3, 200, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK)
    texts = [sketch(" ".join(f"w{size}x{n}" for n in range(size + 2))).shingles for size in sizes]
    together = np.concatenate(list(minima(texts)))
    alone = np.concatenate([next(minima([text])) for text in texts])
    assert together.tolist() == alone.tolist()


def test_the_gist_is_mostly_that_of_what_is_nearly_the_same() -> None:
    dice = random.Random(5)
    texts = [" ".join(f"word{dice.randrange(9000)}" for _ in range(60)) for _ in range(300)]
    near = [changed(text, 1, dice) for text in texts]
    gists = [
        np.concatenate([gist(found) for found in minima(sketch(text).shingles for text in some)])
        for some in (texts, near)
    ]
    assert 0.86 < np.mean(gists[0] == gists[1]) < 0.94  # one word of 60 changed: 55 of 61 shingles are in both
    assert len(set(gists[0].tolist())) == 300


def test_a_sketch_is_the_same_on_every_machine() -> None:
    made = sketch("What is 2+2? Answer with a number.")
    found = next(minima([made.shingles]))
    assert (made.key, int(bands(found)[0, 0]), int(made.shingles[0])) == (KEY, BAND, SHINGLE)
    assert isinstance(made, Sketch)


KEY = 13644255457605774056
BAND = 1167152631121770795
SHINGLE = 2862414562922228376
