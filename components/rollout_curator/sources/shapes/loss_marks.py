"""Marks that say which messages are trained on, in every form in use: 0 or false on an answer means "not this one".

Inline: OpenAI `weight` (0 or 1), `loss` (LLaMA-Factory, ms-swift), `loss_scale` (ms-swift), `train` and `training`
(Axolotl), `trainable` (ART). Beside the
messages: NeMo RL's `message_loss_mask`, one 0 or 1 a message. A mark that says what every trainer does anyway, an
answer that is trained on or another message that is not, leaves no trace.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollout_curator.sources.shapes.calls import read_json
from rollout_curator.sources.shapes.key_tracker import Notes, View, is_empty, note_unread

INLINE = ("weight", "loss", "loss_scale", "train", "training", "trainable", "train_detail", "training_detail")
"""The last two mark parts of an answer (Axolotl), which no message of ours can carry."""
_WORDS = {"0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


def read_mark(view: View, notes: Notes, *, is_answer: bool) -> bool | None:
    """Return False for an answer that any mark says is not trained on, None where nothing is to be said.

    A mark on an answer that is neither yes nor no is told as content: what it keeps from training nobody knows.
    """
    train = None
    for name in INLINE:
        value = view.fields.get(name)
        mark = as_mark(value)
        if mark is not None and (is_answer or not mark):
            view.take(name)
            train = False if is_answer and not mark else train
        elif is_answer and not is_empty(value):
            view.take(name)
            note_unread(notes, "message", name, value, is_content=True)
    return train


def as_mark(value: Any) -> bool | None:
    """Return a mark as a boolean, None for what is neither 0 nor 1, also as text."""
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None


def read_mask(value: Any, messages: Sequence[Any], notes: Notes) -> list[Any]:
    """Return the messages with a `message_loss_mask` as inline marks."""
    value = read_json(value)
    marks = [as_mark(mark) for mark in value] if isinstance(value, list) else []
    if len(marks) != len(messages) or None in marks:
        notes.add("unread_content:line.message_loss_mask")
        return list(messages)
    if any(mark and _role(message) in _ASKING for message, mark in zip(messages, marks, strict=True)):
        notes.add("unread:line.message_loss_mask")  # no trainer is told to train on a question
    return [
        {**message, "train": False} if mark is False and isinstance(message, dict) else message
        for message, mark in zip(messages, marks, strict=True)
    ]


def note_masks(left: Mapping[str, Any], n_messages: int, notes: Notes) -> None:
    """Note lists of marks beside a conversation that nobody read, as content where there is one mark a message.

    Others may be of tokens, which no example has.
    """
    for key, value in left.items():
        if "mask" in key.lower() and isinstance(value, list) and all(as_mark(mark) is not None for mark in value[:1]):
            is_ours = len(value) == n_messages and all(as_mark(mark) is not None for mark in value)
            note_unread(notes, "line", key, value, is_content=is_ours)


_ASKING = ("user", "system", "developer", "tool", "human", "observation", "function", "tool_response")


def _role(message: Any) -> Any:
    role = message.get("role") or message.get("from") if isinstance(message, dict) else None
    return role.strip().lower() if isinstance(role, str) else role
