"""How many tokens a text has: exactly, with a tokenizer.json and the extra `tokenizers`, else by a rule of thumb.

Knows texts only. Nothing is ever fetched: a tokenizer is a file on this machine.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rollout_curator.errors import TemplateError

CHARS_PER_TOKEN = 4


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
        return [math.ceil(len(text) / CHARS_PER_TOKEN) for text in texts]
    opened = _opened(tokenizer)
    return [len(found.ids) for found in opened.encode_batch(list(map(_sendable, texts)), add_special_tokens=False)]


def count_pieces(text: str, pieces: Sequence[tuple[int, int, bool]], tokenizer: str) -> list[int]:
    """Return the tokens of each piece of a text that is encoded as a whole; a piece is (start, end, is marked).

    A token that reaches over an edge belongs to the piece that is marked, as in the mask of transformers 5.24
    (`tokenization_utils_base.py`, `return_assistant_tokens_mask`). Raises TemplateError.
    """
    counts, at = [0] * len(pieces), 0
    for start, end in _opened(tokenizer).encode(_sendable(text), add_special_tokens=False).offsets:
        while at + 1 < len(pieces) and start >= pieces[at][1]:
            at += 1
        reached = (n for n in range(at, len(pieces)) if pieces[n][0] < end and start < pieces[n][1] and pieces[n][2])
        counts[next(reached, at)] += 1
    return counts


def _sendable(text: str) -> str:
    """Return text without half surrogate pairs, which no tokenizer takes."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


@lru_cache(maxsize=2)
def _opened(path: str) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise TemplateError(
            f"tokenizer {path}: counting needs the extra: pip install 'rollout-curator[tokenizers]'"
        ) from None
    try:
        return Tokenizer.from_file(path)
    except Exception as error:  # the library raises nothing else
        raise TemplateError(f"tokenizer {path}: it cannot be used ({' '.join(str(error).split())[:200]})") from error
