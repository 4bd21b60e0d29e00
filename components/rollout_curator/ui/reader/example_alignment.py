"""Where each block of a conversation went in its example, as the conversion recorded it.

Knows the finished example and the pieces its messages were made of (`Example.origins`); repeats no rule of the
conversion and compares no texts. `transcript` notes in each block `to`, the number of the message that holds it, or
None when none does.

    locator(example)                -> says for a block, by its item and part, which message holds it
    left_out(turns, n_messages)     -> [{"before": 2, "turn": 3, "words": "reasoning, 1,204 characters"}]
    changed(turns, messages)        -> [{"before": 1, "turn": 4, "words": "joined to turn 2"}]
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypedDict

from rollout_curator.conversation.items import split_think
from rollout_curator.rollout import Example, Message
from rollout_curator.ui.reader.blocks import Block
from rollout_curator.ui.reader.transcript import Locate, Turn

IN_TEXT = "inside the text"
PIECES = {"text": "text", "result": "text", "reasoning": "reasoning", "call": "call"}
"""Which piece of its item a block is, by its kind; the others are parts that are no text."""


class Mark(TypedDict):
    """What an example leaves out or changes at one place: at which of its messages, of which turn, in words."""

    before: int
    turn: int
    words: str


def locator(made: Example) -> Locate:
    """Return what says which message of an example holds a block."""
    held = {piece: n for n, pieces in enumerate(made.origins) for piece in pieces}

    def locate(block: Block, item: int, part: int) -> int | None:
        return None if (item, part) in made.dropped_parts else held.get((item, _piece(block)))

    return locate


def _piece(block: Block) -> str:
    """Return which piece of its item a block is; a text that is nothing but thoughts is one, a thought in JSON none."""
    kind, text = block["kind"], block["text"]
    if block["name"].startswith(IN_TEXT) or (kind == "text" and text.strip() and not split_think(text).text.strip()):
        return "think"
    return "part" if kind == "reasoning" and "language" in block else PIECES.get(kind, "part")


def left_out(turns: list[Turn], n_messages: int) -> list[Mark]:
    """Return what no message holds, in order, at the place of the example where it would have stood."""
    found: list[Mark] = []
    last = -1
    for turn in turns:
        held = [to for block in turn["blocks"] if (to := block.get("to")) is not None]
        missing = [block for block in turn["blocks"] if block.get("to") is None and _matters(block)]
        before = min(held) if held else min(last + 1, n_messages)
        if missing:
            found.append({"before": before, "turn": turn["n"], "words": ", ".join(_words(missing))})
        last = max([last, *held])
    return found


def changed(turns: list[Turn], messages: Sequence[Message]) -> list[Mark]:
    """Return what stands in the example otherwise than it was recorded: turns joined to one message, other roles."""
    found: list[Mark] = []
    first: dict[int, int] = {}
    for turn in turns:
        n, said = turn["n"], [block for block in turn["blocks"] if block["kind"] != "result"]
        for to in dict.fromkeys(to for block in said if (to := block.get("to")) is not None):
            role = messages[to]["role"]
            if turn["role"] == "developer" and role != "developer":
                found.append({"before": to, "turn": n, "words": f"role changed to {role}"})
            if first.setdefault(to, n) != n:
                found.append({"before": to, "turn": n, "words": f"merged into turn {first[to]}"})
    return found


def _matters(block: Block) -> bool:
    """Say whether a block holds anything that could be lost: words, or a call, an answer, an image as such."""
    return bool(block["text"].strip()) or block["kind"] in ("call", "result", "image")


def _words(blocks: list[Block]) -> Iterator[str]:
    """Yield what the blocks are, one kind at a time, with how much there is of it."""
    for kind, alike in groupby(blocks, key=lambda block: block["kind"]):
        same = list(alike)
        name = {"text": "text", "call": "tool call", "result": "tool result", "note": "part"}.get(kind, kind)
        n_chars = 0 if kind == "image" else sum(len(block["text"]) for block in same)
        many = f"{len(same)} {name}s" if len(same) > 1 and kind != "reasoning" else name
        yield f"{many}, {n_chars:,} characters" if n_chars else many
