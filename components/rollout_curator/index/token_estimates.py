"""About how many tokens each part of a rollout becomes in training: its texts, and what a chat template adds to them.

Takes the texts that `counts` gathered. What a template adds is that of ChatML with tools, in the shape Qwen 3 gives
it: others differ by a few tokens a message, which the range of the estimate covers. Whether a part is written at all,
as reasoning is or not, is the exporter's business.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import Any

import orjson

from rollout_curator.index.counts import Counts
from rollout_curator.training.tokens import CALL, HIGH, LOW, MESSAGE, RESULT, THOUGHT, TOOL, TOOLS, bounds

_TOOLS_WHOLE_CHARS = 1 << 15
"""Definitions are looked at once for all rollouts that have them, so as a whole."""


@dataclass(frozen=True, slots=True)
class Weight:
    """Tokens by part with what a template adds, the range of their sum, and those of the bare text of the policy."""

    read: int
    earlier: int
    written: int
    thought: int
    results: int
    tools: int
    low: int
    high: int
    generated: int

    @property
    def sent(self) -> int:
        """Return what the policy was sent in all."""
        return self.read + self.earlier + self.results + self.tools


def weight(counts: Counts, tools: Sequence[Any]) -> Weight:
    """Return about how many tokens the parts of a rollout become."""
    n_earlier = len(counts.earlier) or bool(counts.earlier_calls)
    added = (
        MESSAGE * len(counts.read),
        MESSAGE * n_earlier + CALL * len(counts.earlier_calls),
        MESSAGE * counts.n_turns + CALL * len(counts.calls),
        THOUGHT * len(counts.thoughts),
        RESULT * len(counts.results),
        TOOLS + TOOL * len(tools) if tools else 0,
    )
    parts = (
        counts.read,
        counts.earlier + counts.earlier_calls,
        counts.answers + counts.calls,
        counts.thoughts,
        counts.results,
    )
    found = [*bounds(["\n".join(texts) for texts in parts]), _of_tools(tools)]
    abouts, lows, highs = zip(*found, strict=True)
    low, high = sum(lows) + LOW * sum(added), sum(highs) + HIGH * sum(added)
    generated = math.ceil(abouts[2] + abouts[3])
    read, earlier, written, thought, results, defined = map(round, map(add, abouts, added))
    return Weight(read, earlier, written, thought, results, defined, int(low), math.ceil(high), generated)


def _of_tools(tools: Sequence[Any]) -> tuple[float, float, float]:
    """Return the tokens of tool definitions; most rollouts of a file have the same ones."""
    if not tools:
        return 0.0, 0.0, 0.0
    try:
        text = orjson.dumps(tools)
    except (TypeError, ValueError):  # a number beyond 64 bits, half a surrogate
        text = json.dumps(tools, separators=(",", ":")).encode()
    return _of_definitions(text)


@lru_cache(maxsize=256)
def _of_definitions(text: bytes) -> tuple[float, float, float]:
    return bounds([text.decode()], _TOOLS_WHOLE_CHARS)[0]
