"""Marks that a reviewer sets: which items of a rollout make one answer, and how an answer is left untrained.

Items are numbered from 0 over the regular prompt and output, as `open_rollout` gives them. A mark on one of them is a
mark on the whole answer: all that goes into the same assistant message of a chat example.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from rollout_curator.rollout import Item, Rollout

_SAID = frozenset({"function_call", "reasoning"})


def mark_items(rollout: Rollout, items: Collection[int]) -> Rollout:
    """Return the rollout with the answers that hold these items marked as not to be trained on."""
    return replace(rollout, marked=frozenset(items)) if items else rollout


def answers(items: Sequence[Item]) -> list[int | None]:
    """Return for each item the number of the first item of its answer, None for what is no answer."""
    firsts: list[int | None] = []
    current: int | None = None
    for n, item in enumerate(items):
        kind = item.get("type") or "message"
        is_said = kind in _SAID or (kind == "message" and item.get("role") == "assistant")
        if is_said:
            current = n if current is None else current
        elif kind in ("message", "function_call_output"):
            current = None
        firsts.append(current if is_said else None)
    return firsts


def untrained(items: Sequence[Item], marked: Collection[int]) -> list[Item]:
    """Return the items with every item of a marked answer marked; numbers of anything else are passed over."""
    firsts = answers(items)
    wanted = {firsts[n] for n in marked if 0 <= n < len(items)} - {None}
    return [{**item, "train": False} if first in wanted else item for item, first in zip(items, firsts, strict=True)]
