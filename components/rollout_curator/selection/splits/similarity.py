"""How alike two prompts are: hashes of what they say, three neighbouring words at a time.

Words are case-folded, and a letter is a word in scripts without blanks between them. Three neighbouring words are a
shingle, and the similarity of two texts is the Jaccard index of their sets of shingles, without those that many prompts
share (`shared_text`). One changed word changes three shingles, which makes much of it in a short text: so texts that
share half of their shingles, and of which neither has more than FEW others, are as alike as one word for every three of
these says. Shingles are 64-bit hashes, all are kept, so that a similarity is worked out and not estimated.

A text has minimum hashes too (Broder, "On the resemblance and containment of documents", 1997), in bands of ROWS, of
SHORT_ROWS where it is short. They only say who is worth comparing. Of pairs with a Jaccard index of 0.8 fewer than one
in 3,000 shares no band, of 0.5 one in three; of short ones with 0.5 one in 10,000.
Pure functions; the same numbers on every machine.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

Array = np.ndarray[Any, Any]

SHINGLE_WORDS = 3
BANDS, ROWS = 16, 4
SHORT_ROWS = 2
FEW = 2 * SHINGLE_WORDS
"""So many shingles two changed words are in, or one and the edges to another instruction."""
SHORT = 60
"""Texts with more shingles than this that differ in FEW are found by the bands of all."""
BLOCK = 4096
_BLANKLESS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean."""
_WORD = re.compile(rf"(?=\w)[{_BLANKLESS}]|[^\W{_BLANKLESS}]+")
_FACTORS = np.array([xxhash.xxh3_64_intdigest(b"factor %d" % n) | 1 for n in range(BANDS * ROWS)], dtype=np.uint64)
_OFFSETS = np.array([xxhash.xxh3_64_intdigest(b"offset %d" % n) for n in range(BANDS * ROWS)], dtype=np.uint64)
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What is kept of a prompt: `key` is a hash of its normal form, 0 when it says nothing; `shingles` ascend."""

    key: int
    shingles: Array


def normal(text: str) -> str:
    """Return a text without the differences nobody means: case, width of characters, runs of blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def sketch(text: str) -> Sketch:
    """Return the sketch of a prompt."""
    plain = normal(text)
    if not plain:
        return Sketch(0, np.empty(0, np.uint64))
    key = xxhash.xxh3_64_intdigest(plain.encode("utf-8", "surrogatepass")) or 1
    return Sketch(key, _shingles(_WORD.findall(plain)))


def likeness(pairs: Sequence[tuple[Array, Array]]) -> Array:
    """Return how alike the two sets of each pair are, from 0 to 1; of two empty sets 0."""
    sizes = np.array([(len(one), len(other)) for one, other in pairs], dtype=np.int64).reshape(-1, 2)
    n_common = _common(pairs, sizes.sum(axis=1))
    jaccard = n_common / np.maximum(sizes.sum(axis=1) - n_common, 1)
    largest = sizes.max(axis=1, initial=0)
    n_words = -((n_common - largest) // SHINGLE_WORDS)
    by_words = (largest - n_words) / np.maximum(largest + n_words, 1)
    is_near = (jaccard >= 0.5) & (largest - n_common <= FEW)
    shares: Array = np.where(is_near, np.maximum(jaccard, by_words), jaccard)
    return shares


def _common(pairs: Sequence[tuple[Array, Array]], sizes: Array) -> Array:
    """Return how many shingles the two sets of each pair have in common; `sizes` are those of both together."""
    if not sizes.sum():
        return np.zeros(len(pairs), dtype=np.int64)
    of_pair = np.repeat(np.arange(len(pairs), dtype=np.uint64), sizes)
    every = np.concatenate([shingles for pair in pairs for shingles in pair]) ^ mixed((of_pair + 1) * _MIX[1])
    order = np.argsort(every)
    every, of_pair = every[order], of_pair[order].astype(np.int64)
    found: Array = np.bincount(of_pair[1:][every[1:] == every[:-1]], minlength=len(pairs))
    return found


def minima(texts: Iterable[Array]) -> Iterator[Array]:
    """Yield the BANDS * ROWS minimum hashes of every text, some texts at a time, as a row each; none may be empty."""
    waiting: list[Array] = []
    n_waiting = 0
    for shingles in texts:
        if waiting and n_waiting + len(shingles) > BLOCK:
            yield _minima(waiting)
            waiting, n_waiting = [], 0
        waiting.append(shingles)
        n_waiting += len(shingles)
    if waiting:
        yield _minima(waiting)


def _minima(texts: list[Array]) -> Array:
    if len(texts) > 1 or len(texts[0]) <= BLOCK:
        starts = np.cumsum([0, *(len(shingles) for shingles in texts[:-1])])
        found: Array = np.minimum.reduceat(_permuted(np.concatenate(texts)), starts, axis=0)
        return found
    blocks = (texts[0][start : start + BLOCK] for start in range(0, len(texts[0]), BLOCK))
    least: Array = np.min([_permuted(block).min(axis=0) for block in blocks], axis=0)
    return least[None, :]


def _permuted(shingles: Array) -> Array:
    return mixed(shingles[:, None] * _FACTORS[None, :] + _OFFSETS[None, :])


def bands(minimum: Array, rows: int = ROWS) -> Array:
    """Return the bands of each row of minimum hashes: two texts that share one are worth comparing."""
    grid = minimum.reshape(len(minimum), BANDS * ROWS // rows, rows)
    keys: Array = np.broadcast_to(np.arange(grid.shape[1], dtype=np.uint64), grid.shape[:2])
    for row in range(rows):
        keys = mixed((keys ^ grid[:, :, row]) * _MIX[row])
    return keys


def gist(minimum: Array) -> Array:
    """Return one hash of each row of minimum hashes, which two texts share with a chance of their Jaccard index."""
    found: Array = mixed(minimum[:, 0] * _MIX[0])
    return found


def _shingles(words: list[str]) -> Array:
    """Return the distinct hashes of neighbouring words, ascending; a shorter text is one shingle."""
    if not words:
        return np.empty(0, np.uint64)
    known: dict[str, int] = {}
    for word in words:
        if word not in known:
            known[word] = xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))
    hashes = np.array([known[word] for word in words], dtype=np.uint64)
    width = min(SHINGLE_WORDS, len(hashes))
    joined = np.zeros(len(hashes) - width + 1, dtype=np.uint64)
    for place in range(width):
        joined = mixed((joined ^ hashes[place : len(hashes) - width + 1 + place]) * _MIX[place])
    return np.unique(joined)


def mixed(values: Array) -> Array:
    """Return values whose every bit depends on every bit of the input (the finaliser of MurmurHash3)."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    stirred: Array = values ^ (values >> np.uint64(33))
    return stirred
