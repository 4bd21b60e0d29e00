"""Which rollouts need a look, and for what: the one meaning of "flagged", on the command line and in the app.

Reading notes more of a rollout than this (`flags` of the index); a note without words here is no reason to look.
"""

from typing import Any

import numpy as np

from rollout_curator.index.source import Source

FLAG_WORDS = {
    "reward_missing": "unrated: no reward",
    "reward_not_number": "unrated: the reward is not a number",
    "reward_not_finite": "unrated: the reward is not finite",
    "no_params": "no prompt: it has no request parameters",
    "no_response": "no response that can be read",
    "empty_output": "the output is empty",
    "lone_surrogate": "text with half a surrogate pair",
    "non_finite_number": "a number that is not finite (NaN or Infinity)",
    "unread_content": "content that was not understood",
    "unread_tools": "tools that could not be read",
    "context_compacted": "a context that was rewritten on the way",
    "byte_order_mark": "a byte order mark before it, inside the file",
}
"""What a line is flagged for: reading notes that say the rollout needs a look."""


def flag_words(flags: str) -> str:
    """Return in words what a rollout with these flags, joined by |, needs a look for; empty when it needs none."""
    said = []
    for flag in flags.split("|"):
        kind, _, detail = flag.partition(":")
        if kind in FLAG_WORDS:
            said.append(f"{FLAG_WORDS[kind]}: {detail}" if detail else FLAG_WORDS[kind])
    return "; ".join(said)


def flagged_rows(source: Source) -> np.ndarray[Any, Any]:
    """Return the rows of a source that need a look."""
    needs_look = [code for code, flags in enumerate(source.header["vocabularies"]["flags"]) if flag_words(flags)]
    return np.flatnonzero(np.isin(source.columns["flags"], needs_look))


def flagged(source: Source) -> dict[int, str]:
    """Return the line number of every rollout that needs a look, and for what."""
    words = [flag_words(flags) for flags in source.header["vocabularies"]["flags"]]
    lines, codes = source.columns["line"], source.columns["flags"]
    return {int(lines[row]): words[int(codes[row])] for row in flagged_rows(source)}
