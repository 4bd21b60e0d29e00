"""Sketches of prompts: alike texts are found and measured, unlike ones are not mixed up."""

import itertools
import random

from rollout_curator.similarity import SHINGLE_WORDS, SKETCH, Sketch, alike, jaccard, normal, sketch


def shingles(text: str) -> set[tuple[str, ...]]:
    """Return the shingles of a text, by the definition."""
    words = normal(text).split()
    return {tuple(words[n : n + SHINGLE_WORDS]) for n in range(max(1, len(words) - SHINGLE_WORDS + 1))}


def truth(one: str, other: str) -> float:
    """Return the Jaccard index of two texts, by the definition."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def changed(text: str, n_words: int, dice: random.Random) -> str:
    words = text.split()
    for place in dice.sample(range(len(words)), n_words):
        words[place] = f"other{dice.randrange(10_000)}"
    return " ".join(words)


def test_case_width_and_blanks_make_no_other_prompt() -> None:
    assert normal("  What\u00a0IS\n2\uff0b2? ") == "what is 2+2?"
    assert sketch("What is\n2+2?").key == sketch("what  is 2+2?").key


def test_a_text_is_wholly_like_itself_and_not_at_all_like_another() -> None:
    one, other = sketch("the cat sat on the mat"), sketch("a dog ran over some hill")
    assert (jaccard(one, one), jaccard(one, other)) == (1.0, 0.0)


def test_texts_without_words_are_alike_when_they_are_the_same() -> None:
    assert (jaccard(sketch("?!"), sketch("?!")), jaccard(sketch("?!"), sketch("!!"))) == (1.0, 0.0)


def test_a_prompt_that_says_nothing_is_like_no_other() -> None:
    assert (sketch(" \n").key, jaccard(sketch(""), sketch(" "))) == (0, 0.0)


def test_short_texts_are_compared_exactly() -> None:
    dice = random.Random(1)
    text = " ".join(f"word{dice.randrange(50)}" for _ in range(100))
    for n_words in (1, 5, 20):
        other = changed(text, n_words, dice)
        assert jaccard(sketch(text), sketch(other)) == truth(text, other)


def test_long_texts_are_estimated_within_a_tenth() -> None:
    dice = random.Random(2)
    text = " ".join(f"word{dice.randrange(5000)}" for _ in range(3000))
    assert sketch(text).n_shingles > 10 * SKETCH
    for n_words in (10, 100, 400):
        other = changed(text, n_words, dice)
        assert abs(jaccard(sketch(text), sketch(other)) - truth(text, other)) < 0.1


def test_one_text_against_many_is_each_of_them_alone() -> None:
    dice = random.Random(3)
    text = " ".join(f"word{dice.randrange(500)}" for _ in range(120))
    others = [sketch(changed(text, n, dice)) for n in (0, 1, 30)] + [sketch("one"), sketch("a b c d")]
    assert alike(sketch(text), others).tolist() == [jaccard(sketch(text), other) for other in others]


def test_bands_find_the_pairs_that_an_exact_search_finds() -> None:
    dice = random.Random(4)
    texts = []
    for _ in range(40):
        text = " ".join(f"word{dice.randrange(2000)}" for _ in range(60))
        texts += [text, changed(text, 1, dice), changed(text, 4, dice), changed(text, 20, dice)]
    made = [sketch(text) for text in texts]
    pairs = list(itertools.combinations(range(len(texts)), 2))
    similar = {pair for pair in pairs if truth(texts[pair[0]], texts[pair[1]]) >= 0.8}
    found = {(a, b) for a, b in pairs if set(made[a].bands) & set(made[b].bands)}
    assert len(similar) >= 40
    assert similar <= found
    assert len(found) < len(pairs) / 20


def test_a_sketch_is_the_same_on_every_machine() -> None:
    made = sketch("What is 2+2? Answer with a number.")
    assert (made.key, made.bands[0], int(made.shingles[0])) == (KEY, BAND, SHINGLE)
    assert isinstance(made, Sketch)


KEY = 13644255457605774056
BAND = 1167152631121770795
SHINGLE = 2862414562922228376
