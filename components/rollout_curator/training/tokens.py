"""How many tokens a text has: exactly, with a tokenizer.json and the extra `tokenizers`, else an estimate with a range.

Knows texts only. Nothing is ever fetched: a tokenizer is a file on this machine.
The estimate is a weight for each kind of character: what stands in ASCII by what it is and what it follows, all else by
its block of Unicode. The weights are fitted on real rollouts, code, JSON and 24 languages to the mean of five
vocabularies (Qwen, DeepSeek V3, Llama 3, Mistral's Tekken, o200k). In sum over a file the range holds all five, and
Mistral's older one of 32,768 words too; `test_tokens` has numbers.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from rollout_curator.errors import TemplateError
from rollout_curator.files.path_access import ANYWHERE
from rollout_curator.printable import replace_surrogates

TOKENIZER_BYTES = 128 << 20
"""A larger file is no tokenizer.json; those of models in use have up to 35 MB."""
WHOLE_CHARS = 1024
BLOCK_CHARS = 144
"""Of a text longer than WHOLE_CHARS only five blocks are looked at, spread evenly from its beginning to its end."""

LOWER, UPPER, DIGIT, SPACES, BREAK, MARK = 0.12, 0.24, 1.0, 0.2, 0.9, 0.37
WORD, WORD_AFTER_MARK, WORD_INSIDE = 0.36, 0.85, 0.4
"""Tokens a character of ASCII, spaces in a row as two, and more where a word begins, also one within another."""
OTHER = 1.0
BLOCKS = (
    (0x0080, 0x024F, 1.8),  # accented Latin: it breaks the words it stands in
    (0x0370, 0x03FF, 0.6),  # Greek
    (0x0400, 0x052F, 0.4),  # Cyrillic
    (0x0590, 0x05FF, 0.62),  # Hebrew
    (0x0600, 0x06FF, 0.45),  # Arabic
    (0x0900, 0x0DFF, 0.7),  # Devanagari and its neighbours
    (0x0E00, 0x0EFF, 0.5),  # Thai, Lao
    (0x1E80, 0x1EFF, 0.3),  # Vietnamese
    (0x3000, 0x30FF, 0.7),  # kana
    (0x4E00, 0x9FFF, 0.75),  # Chinese characters
    (0xAC00, 0xD7FF, 0.8),  # Hangul
    (0x1F000, 0x1FFFF, 1.6),  # emoji
)
"""Tokens a character beyond ASCII, by its place in Unicode in steps of 128; any other has OTHER."""
LOW, HIGH = 0.87, 1.26
LOW_DIGIT, HIGH_DIGIT = 0.55, 0.2
LOW_BEYOND, HIGH_BEYOND = 0.5, 1.9
"""Of an estimate the range is so much, a digit less and more by these: three may be a token, or each and its space."""
MESSAGE, CALL, RESULT, THOUGHT, TOOL, TOOLS = 5, 14, 9, 5, 5, 90
"""What a chat template adds to a message, to the name and arguments of a call, to a result, message and all, to
reasoning, to the JSON of a tool, and to all of them: ChatML as Qwen 3 has it, of which others differ by a few."""
_SPECIAL = re.compile(r"<\|\w+\|>")
"""What a template writes as one token, as a digit is."""
_UNIT, _DIGITS = 1000, 40
_LOWER_BITS = (1 << _DIGITS) - 1
"""A pair of bytes adds an integer: thousandths of a token, and from this bit on whether the second is a digit."""


def has_tokenizers() -> bool:
    """Say whether tokens can be counted exactly here."""
    from importlib.util import find_spec

    return find_spec("tokenizers") is not None


def count(texts: Sequence[str], tokenizer: str = "") -> list[int]:
    """Return the tokens of each text, an estimate when no tokenizer is named.

    Each text is encoded by itself and without special tokens, as NeMo RL does with the text of each message.
    Raises TemplateError.
    """
    if not tokenizer:
        return [math.ceil(about) for about, _, _ in bounds([_SPECIAL.sub("1", text) for text in texts])]
    opened = _opened(tokenizer)
    sent = list(map(replace_surrogates, texts))
    return [len(found.ids) for found in opened.encode_batch(sent, add_special_tokens=False)]


def count_pieces(text: str, pieces: Sequence[tuple[int, int, bool]], tokenizer: str) -> list[int]:
    """Return the tokens of each piece of a text that is encoded as a whole; a piece is (start, end, is marked).

    A token that reaches over an edge belongs to the piece that is marked, as in the mask of transformers 5.24
    (`tokenization_utils_base.py`, `return_assistant_tokens_mask`). Raises TemplateError.
    """
    counts, at = [0] * len(pieces), 0
    for start, end in _opened(tokenizer).encode(replace_surrogates(text), add_special_tokens=False).offsets:
        while at + 1 < len(pieces) and start >= pieces[at][1]:
            at += 1
        reached = (n for n in range(at, len(pieces)) if pieces[n][0] < end and start < pieces[n][1] and pieces[n][2])
        counts[next(reached, at)] += 1
    return counts


def bounds(texts: Sequence[str], whole_chars: int = WHOLE_CHARS) -> list[tuple[float, float, float]]:
    """Return about how many tokens each text has, and between which bounds tokenizers in use put it.

    Longer texts than `whole_chars` are sampled. All are looked at in one pass over their bytes: indexing asks this of
    every rollout.
    """
    shown = [text if len(text) <= whole_chars else _sampled(text) for text in texts]
    pieces = [text.encode("ascii", "ignore") for text in shown]
    starts = [0, *accumulate([len(piece) + 1 for piece in pieces[:-1]])]
    sums = np.add.reduceat(_PAIRS.take(_pairs_in(b"\0%b\0" % b"\0".join(pieces))), starts).tolist() if pieces else []
    return list(map(_bounds, texts, shown, sums))


def _pairs_in(written: bytes) -> np.ndarray[Any, Any]:
    """Return every two neighbouring bytes as one number: a view of the bytes in which each stands in two numbers."""
    return np.ndarray((len(written) - 1,), _PAIR, written, strides=(1,))


def _bounds(text: str, shown: str, packed: int) -> tuple[float, float, float]:
    """Return the estimate of a text from what was shown of it and the sum over the pairs of its bytes."""
    if not shown:
        return 0.0, 0.0, 0.0
    scale = len(text) / len(shown)
    plain, digits = (packed & _LOWER_BITS) / _UNIT, packed >> _DIGITS
    low, high = LOW * plain - LOW_DIGIT * digits, HIGH * plain + HIGH_DIGIT * digits
    if not shown.isascii():
        beyond = _beyond_ascii(shown)
        plain, low, high = plain + beyond, low + LOW_BEYOND * beyond, high + HIGH_BEYOND * beyond
    return scale * plain, scale * low, scale * high


def _sampled(text: str) -> str:
    """Return five blocks of a long text, as far from each other as can be."""
    step, n = (len(text) - BLOCK_CHARS) // 4, BLOCK_CHARS
    second, third, fourth = text[step : step + n], text[2 * step : 2 * step + n], text[3 * step : 3 * step + n]
    return f"{text[:n]}{second}{third}{fourth}{text[-n:]}"


def _beyond_ascii(text: str) -> float:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return float(_RATES[codes >> 7].sum())


def _kind(code: int) -> str:
    """Return what a byte of ASCII is: a letter, a digit, a space, a break, a mark, or the end of a text."""
    character = chr(code)
    if character.isalpha():
        return "a" if character.islower() else "A"
    if character.isdigit():
        return "0"
    return character if character in " \0" else "\n" if character in "\n\r\t" else "."


def _pairs() -> np.ndarray[Any, Any]:
    """Return what the second of two bytes adds to a text, by both: first + 256 * second, as `_PAIR` reads them."""
    alone = {"a": LOWER, "A": UPPER, "0": DIGIT, " ": SPACES, "\n": BREAK, ".": MARK, "\0": 0.0}
    after = {(" ", "a"): WORD, (" ", "A"): WORD, (".", "a"): WORD_AFTER_MARK, (" ", " "): -SPACES / 2}
    after |= {("a", "A"): WORD_INSIDE, ("0", "a"): WORD_INSIDE, ("0", "A"): WORD_INSIDE}
    kinds = [*map(_kind, range(128)), *"\0" * 128]
    added = {
        (before, kind): round((alone[kind] + after.get((before, kind), 0.0)) * _UNIT) + ((kind == "0") << _DIGITS)
        for before in alone
        for kind in alone
    }
    return np.array([added[before, kind] for kind in kinds for before in kinds], dtype=np.int64)


def _rates() -> np.ndarray[Any, Any]:
    """Return the tokens a character by its code divided by 128; those of ASCII are counted elsewhere."""
    rates = np.full(0x110000 >> 7, OTHER)
    rates[0] = 0.0
    for first, last, rate in BLOCKS:
        rates[first >> 7 : (last >> 7) + 1] = rate
    return rates


_PAIR = np.dtype("<u2")
_PAIRS = _pairs()
_RATES = _rates()


@lru_cache(maxsize=2)
def _opened(path: str) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise TemplateError(
            f"tokenizer {path}: counting needs the extra: pip install 'rollout-curator[tokenizers]'"
        ) from None
    try:
        return Tokenizer.from_buffer(ANYWHERE.read(path, TOKENIZER_BYTES))
    except Exception as error:  # the library raises nothing else
        raise TemplateError(f"tokenizer {path}: it cannot be used ({' '.join(str(error).split())[:200]})") from error
