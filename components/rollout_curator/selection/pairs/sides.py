"""The two sides of a pair: their turns after the prompt, the row they make, and which two may be a pair.

Takes messages and gives arrays and rows; knows nothing of files, rewards or who may stand where.

What both sides begin with belongs to the prompt: it adds the same to both, so preference training learns nothing of it,
and TRL would take it for a part of the answers. Read in trl 1.16.0, `trl/trainer/dpo_trainer.py`: `tokenize_fn` renders
prompt and side with the tools, and `completion_mask` is 1 on every token after the prompt, also of tool results and
user turns; DPOConfig has no `assistant_only_loss`. NeMo RL joins `context` and completion and trains on the last
message of each (`nemo_rl/data/processors.py` 006a7dad, `preference_preprocessor`; `nemo_rl/data/collate_fn.py`
0406a641, `preference_collate_fn`: only_unmask_final=True).

Row formats: TRL's conversational preference (`prompt`, `chosen`, `rejected`, docs/source/dataset_formats.md of
huggingface/trl) and NeMo RL's PreferenceDataset (`context`, `completions` with ranks 0 and 1;
nemo_rl/data/datasets/preference_datasets/preference_dataset.py of NVIDIA-NeMo/RL 566c178e).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from rollout_curator.conversation import encode
from rollout_curator.conversation.options import REASONING_KEYS
from rollout_curator.sources.shapes.parts import texts_of

Array = np.ndarray[Any, Any]
Rows = list[tuple[int, int]]
TURN = np.dtype([("hash", "u8"), ("chars", "i8"), ("is_own", "?")])
"""One message of a side: a hash of it as it is written, its characters, and whether the model said it."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What would stand on one side: its turns after the prompt, and the characters of prompt and tools before them."""

    turns: Array
    n_chars_before: int


@dataclass(frozen=True, slots=True)
class Speech:
    """What the model says among some turns: its characters, and whether nobody else speaks."""

    n_chars: int
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Which two sides may be a pair: `max_ratio` of their lengths (0: any), and whether the model alone may speak."""

    max_ratio: float = 0
    own_only: bool = False

    def fault(self, chosen: Speech, rejected: Speech) -> str:
        """Return why two sides may not be a pair, empty when they may."""
        if self.own_only and not (chosen.is_alone and rejected.is_alone):
            return "other_turns"
        short, long = sorted((chosen.n_chars, rejected.n_chars))
        return "lengths_differ" if self.max_ratio and long > self.max_ratio * short else ""


def fitting(pairs: Rows, sides: Mapping[int, Side], limits: Limits) -> tuple[Rows, str]:
    """Return those of some pairs that may be, and why there are none: the reason of those that came furthest.

    What both sides begin with counts for neither.
    """
    if not pairs or limits == Limits():
        return pairs, ""
    whole = {row: speech_of(sides[row].turns) for row in {row for pair in pairs for row in pair}}
    faults = []
    for chosen, rejected in pairs:
        one, other = sides[chosen].turns, sides[rejected].turns
        n = n_shared(one, other)
        both = (speech_of(one[n:]), speech_of(other[n:])) if n else (whole[chosen], whole[rejected])
        faults.append(limits.fault(*both))
    found = [pair for pair, fault in zip(pairs, faults, strict=True) if not fault]
    return found, "" if found else max(faults, key=("other_turns", "lengths_differ").index)


def nearest(pairs: Rows, sides: Mapping[int, Side]) -> Rows:
    """Return pairs in the order of how far the lengths of their sides are apart; ties stay in their order.

    Pairs that are the same on both sides come last: nothing is learned from them.
    """
    rows = {row for pair in pairs for row in pair}
    length = {row: speech_of(sides[row].turns).n_chars for row in rows}
    text = {row: sides[row].turns["hash"].tobytes() for row in rows}

    def apart(pair: tuple[int, int]) -> tuple[bool, int]:
        chosen, rejected = pair
        return text[chosen] == text[rejected], abs(length[chosen] - length[rejected])

    return sorted(pairs, key=apart)


def turns_of(messages: Sequence[Mapping[str, Any]]) -> Array:
    """Return a row of TURN for each message."""
    rows = [
        (xxhash.xxh3_64_intdigest(encode(message)), n_chars(message), message.get("role") == "assistant")
        for message in messages
    ]
    return np.array(rows, dtype=TURN)


def n_chars(message: Mapping[str, Any]) -> int:
    """Return the characters of a message: its texts, its reasoning, the names and arguments of its calls."""
    texts = [text for name in ("content", *REASONING_KEYS) for text in texts_of(message.get(name))]
    for call in message.get("tool_calls") or ():
        called = call.get("function", call)
        texts += [*texts_of(called.get("name")), _json(called.get("arguments"))]
    return sum(map(len, texts))


def chars_before(prompt: Sequence[Mapping[str, Any]], tools: Any) -> int:
    """Return the characters of a prompt and its tools."""
    return sum(map(n_chars, prompt)) + len(_json(tools))


def n_shared(chosen: Array, rejected: Array) -> int:
    """Return how many turns both sides begin with, up to an answer on each side: so many belong to the prompt."""
    n = min(len(chosen), len(rejected)) - 1
    if n < 1 or chosen["hash"][0] != rejected["hash"][0]:
        return 0
    different = np.flatnonzero(chosen["hash"][:n] != rejected["hash"][:n])
    n = int(different[0]) if len(different) else n
    while n and not (chosen["is_own"][n] and rejected["is_own"][n] and not chosen["is_own"][n - 1]):
        n -= 1
    return n


def are_alike(chosen: Side, rejected: Side) -> bool:
    """Say whether both sides are the same."""
    return np.array_equal(chosen.turns["hash"], rejected.turns["hash"])


def speech_of(turns: Array) -> Speech:
    """Return what the model says among some turns."""
    return Speech(int(turns["chars"] @ turns["is_own"]), bool(turns["is_own"].all()))


def pair_record(style: str, prompt: list[Any], chosen: list[Any], rejected: list[Any], tools: Any) -> dict[str, Any]:
    """Return the JSON object of one pair; the turns both sides begin with go into the prompt."""
    n = n_shared(turns_of(chosen), turns_of(rejected))
    prompt, chosen, rejected = prompt + chosen[:n], chosen[n:], rejected[n:]
    if style == "nemo_rl":
        completions = [{"rank": 0, "completion": chosen}, {"rank": 1, "completion": rejected}]
        made: dict[str, Any] = {"context": prompt, "completions": completions}
    else:
        made = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    return made if tools is None else {**made, "tools": tools}


def _json(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return encode({"": value}).decode("utf-8")[4:-2]
