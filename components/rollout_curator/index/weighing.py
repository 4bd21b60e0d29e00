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
from typing import Any

import orjson

from rollout_curator.index.counts import Counts
from rollout_curator.tokens import CALL, MESSAGE, RESULT, THOUGHT, TOOL, TOOLS, Estimate, estimate, estimates


@dataclass(frozen=True, slots=True)
class Weight:
    """Tokens by part, and the range of their sum."""

    read: int
    earlier: int
    written: int
    thought: int
    results: int
    tools: int
    low: int
    high: int

    @property
    def sent(self) -> int:
        """Return what the policy was sent in all."""
        return self.read + self.earlier + self.results + self.tools

    @property
    def generated(self) -> int:
        """Return what the policy wrote, reasoning too."""
        return self.written + self.thought


def weight(counts: Counts, tools: Sequence[Any]) -> Weight:
    """Return about how many tokens the parts of a rollout become."""
    parts = (
        (counts.read, MESSAGE * len(counts.read)),
        (
            [*counts.earlier, *counts.earlier_calls],
            MESSAGE * max(len(counts.earlier), bool(counts.earlier_calls)) + CALL * len(counts.earlier_calls),
        ),
        ([*counts.answers, *counts.calls], MESSAGE * counts.n_turns + CALL * len(counts.calls)),
        (counts.thoughts, THOUGHT * len(counts.thoughts)),
        (counts.results, RESULT * len(counts.results)),
    )
    texts = estimates(["\n".join(some) for some, _ in parts])
    found = [text.plus(added) for text, (_, added) in zip(texts, parts, strict=True)]
    found.append(_of_tools(tools))
    low, high = sum(one.low for one in found), sum(one.high for one in found)
    read, earlier, written, thought, results, defined = (round(one.about) for one in found)
    return Weight(read, earlier, written, thought, results, defined, int(low), math.ceil(high))


def _of_tools(tools: Sequence[Any]) -> Estimate:
    """Return the tokens of tool definitions; most rollouts of a file have the same ones."""
    if not tools:
        return Estimate()
    try:
        text = orjson.dumps(tools)
    except (TypeError, ValueError):  # a number beyond 64 bits, half a surrogate
        text = json.dumps(tools, separators=(",", ":")).encode()
    return _of_definitions(text).plus(TOOLS + TOOL * len(tools))


@lru_cache(maxsize=256)
def _of_definitions(text: bytes) -> Estimate:
    return estimate(text.decode())
