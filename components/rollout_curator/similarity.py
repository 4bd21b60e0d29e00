"""How alike two prompts are: hashes of what they say, three neighbouring words at a time.

Words are case-folded; three neighbouring words are a shingle, and the similarity of two texts is the Jaccard index of
their sets of shingles, without those that many prompts share (`shared_text`). Shingles are 64-bit hashes, all are kept,
so that a similarity is worked out and not estimated.

A text has minimum hashes too (Broder, "On the resemblance and containment of documents", 1997), in BANDS bands of ROWS.
They only say who is worth comparing: of pairs alike by 0.8 fewer than one in 3,000 shares no band, by 0.5 one in three.
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
BLOCK = 4096
NONE = np.uint64(np.iinfo(np.uint64).max)
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
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


def jaccard(pairs: Sequence[tuple[Array, Array]]) -> Array:
    """Return how alike the two sets of each pair are, from 0 to 1; of two empty sets 0."""
    sizes = np.array([len(one) + len(other) for one, other in pairs], dtype=np.int64)
    if not sizes.sum():
        return np.zeros(len(pairs))
    of_pair = np.repeat(np.arange(len(pairs), dtype=np.uint64), sizes)
    every = np.concatenate([shingles for pair in pairs for shingles in pair]) ^ mixed((of_pair + 1) * _MIX[1])
    order = np.argsort(every)
    every, of_pair = every[order], of_pair[order].astype(np.int64)
    is_again = every[1:] == every[:-1]
    n_common = np.bincount(of_pair[1:][is_again], minlength=len(pairs))
    shares: Array = n_common / np.maximum(sizes - n_common, 1)
    return shares


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


def bands(minimum: Array) -> Array:
    """Return the bands of each row of minimum hashes: two texts that share one are worth comparing."""
    grid = minimum.reshape(-1, BANDS, ROWS)
    keys: Array = np.broadcast_to(np.arange(BANDS, dtype=np.uint64), grid.shape[:2])
    for row in range(ROWS):
        keys = mixed((keys ^ grid[:, :, row]) * _MIX[row])
    return keys


def gist(minimum: Array) -> Array:
    """Return one hash of each row of minimum hashes, which two texts alike by s share with chance s * s."""
    found: Array = mixed(minimum[:, 0] * _MIX[0] ^ minimum[:, 1])
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
