"""Marks that say which messages are trained on, in every form in use: 0 or false on an answer means "not this one".

Inline: OpenAI `weight` (0 or 1), `loss` (LLaMA-Factory), `train` and `training` (Axolotl), `trainable` (ART). Beside
the messages: NeMo RL's `message_loss_mask`, one 0 or 1 a message. A mark that says what every trainer does anyway, an
answer that is trained on or another message that is not, leaves no trace.
"""

from collections.abc import Sequence
from typing import Any

from rollout_curator.shapes.view import Notes, View

INLINE = ("weight", "loss", "train", "training", "trainable")


def read_mark(view: View, notes: Notes, *, is_answer: bool) -> bool | None:
    """Return False for an answer marked as not to be trained on, None where nothing is to be said."""
    name = next((name for name in INLINE if view.fields.get(name) is not None), None)
    if name is None:
        return None
    value = as_mark(view.fields[name])
    if value is None or (value and not is_answer):
        return None  # stays unread, and is told
    view.take(name)
    return False if is_answer and not value else None


def as_mark(value: Any) -> bool | None:
    """Return a mark as a boolean, None for what is neither 0 nor 1."""
    return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None


def read_mask(value: Any, messages: Sequence[Any], notes: Notes) -> list[Any]:
    """Return the messages with a `message_loss_mask` as inline marks."""
    marks = [as_mark(mark) for mark in value] if isinstance(value, list) else []
    if len(marks) != len(messages) or None in marks:
        notes.add("unread_content:line.message_loss_mask")
        return list(messages)
    if any(
        mark and _role(message) in ("user", "system", "tool", "human")
        for message, mark in zip(messages, marks, strict=True)
    ):
        notes.add("unread:line.message_loss_mask")  # no trainer is told to train on a question
    return [
        {**message, "train": False} if mark is False and isinstance(message, dict) else message
        for message, mark in zip(messages, marks, strict=True)
    ]


def _role(message: Any) -> Any:
    return message.get("role") or message.get("from") if isinstance(message, dict) else None
