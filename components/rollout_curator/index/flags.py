"""Which rollouts need a look, and for what: the one meaning of "flagged", on the command line and in the app.

Reading notes more of a rollout than this (`flags` of the index); a note without words here is no reason to look.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.index.problem_counts import Range, Tally
from rollout_curator.index.source import Source

_ROWS_A_STEP = 1 << 16

FLAG_WORDS = {
    "reward_missing": "no reward",
    "reward_not_number": "no reward: the value is not a number",
    "reward_not_finite": "no reward: the value is not finite",
    "no_params": "no prompt: it has no request parameters",
    "no_response": "unreadable response",
    "empty_output": "the output is empty",
    "lone_surrogate": "invalid Unicode (lone surrogate)",
    "non_finite_number": "a number that is not finite (NaN or Infinity)",
    "unread_content": "content that was not understood",
    "unread_tools": "tools that could not be read",
    "context_compacted": "a context that was rewritten on the way",
    "tokens_not_read": "log probabilities or token ids not read, as they are too many",
    "byte_order_mark": "a byte order mark before it, inside the file",
}
"""What a line is flagged for: reading notes that say the rollout needs a look."""


def flag_words(flags: str, *, has_details: bool = True) -> str:
    """Return in words why a rollout with these flags, joined by |, needs a look; empty when it needs none."""
    said: dict[str, None] = {}
    for flag in flags.split("|"):
        kind, _, detail = flag.partition(":")
        if kind in FLAG_WORDS:
            said[f"{FLAG_WORDS[kind]}: {detail}" if detail and has_details else FLAG_WORDS[kind]] = None
    return "; ".join(said)


def flagged_rows(source: Source) -> np.ndarray[Any, Any]:
    """Return the rows of a source that need a look."""
    needs_look = [code for code, flags in enumerate(source.header["vocabularies"]["flags"]) if flag_words(flags)]
    return np.flatnonzero(np.isin(source.columns["flags"], needs_look))


@dataclass(frozen=True, slots=True)
class Flagged:
    """The rollouts that need a look: all rows, of each sort the first thousand lines, the others as ranges."""

    rows: np.ndarray[Any, Any]
    listed: dict[int, str]
    ranges: list[Range]


def flagged(source: Source) -> Flagged:
    """Return which rollouts need a look, and for what: `listed` by line number, `ranges` with the words as kind."""
    noted = source.header["vocabularies"]["flags"]
    words = [(flag_words(flags, has_details=False), flag_words(flags)) for flags in noted]
    rows, tally = flagged_rows(source), Tally()
    lines, codes = source.columns["line"], source.columns["flags"]
    for start in range(0, len(rows), _ROWS_A_STEP):
        some = rows[start : start + _ROWS_A_STEP]
        for line, code in zip(lines[some].tolist(), codes[some].tolist(), strict=True):
            tally.add(line, *words[code])
    return Flagged(rows, {line: why for line, _, why in tally.listed}, list(tally.ranges()))
