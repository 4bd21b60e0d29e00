"""Generic pairs: {"prompt": "...", "completion": "...", "reward": 0.5}.

The answer is the first of `completion`, `response`, `output` and `text`; prompt and answer are text or messages.
Tried last, because its keys are the most common ones.
"""

from typing import Any

from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import Fields, Format
from rollout_curator.sources.formats.chat import make_rollout
from rollout_curator.sources.shapes.calls import read_json
from rollout_curator.sources.shapes.conversation import Conversation, read_system
from rollout_curator.sources.shapes.key_tracker import Notes, View
from rollout_curator.sources.shapes.loss_marks import read_mask
from rollout_curator.sources.shapes.messages import read_sequence

_ANSWERS = ("completion", "response", "output", "text")


def claims(fields: Fields) -> bool:
    """Whether the object has a prompt and an answer of a kind that can be read."""
    return _is_side(fields.get("prompt")) and any(_is_side(fields.get(name)) for name in _ANSWERS)


def _is_side(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, dict) for part in value))


def read(fields: Fields) -> Rollout:
    """Return the rollout; a text answer becomes one assistant message."""
    notes, view = Notes(), View(fields, "line")
    given, answer = view.take("prompt"), view.take(next(name for name in _ANSWERS if _is_side(fields.get(name))))
    prompt, output = _as_messages(given, "user"), _as_messages(answer, "assistant")
    if (mask := view.take("message_loss_mask")) is not None:
        marked = read_mask(mask, [*prompt, *output], notes)
        prompt, output = marked[: len(prompt)], marked[len(prompt) :]
    system = read_system(view, prompt, notes)
    is_text = isinstance(given, str) and prompt == [{"role": "user", "content": given}] and not system
    asked = given if is_text else [*system, *read_sequence(prompt, notes)]
    conversation = Conversation(asked, read_sequence(output, notes))
    return make_rollout("pair", view, conversation, notes, recorded=[*prompt, *output], original=fields)


def _as_messages(side: Any, role: str) -> list[Any]:
    """Return a side as messages; a text that is not JSON of some is one of the given role."""
    if isinstance(side, str):
        opened = read_json(side) if side.lstrip()[:1] == "[" else None
        is_messages = isinstance(opened, list) and all(map(_is_message, opened))
        return opened if is_messages and opened else [{"role": role, "content": side}]
    return list(side)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str) and "content" in value


PAIR = Format("pair", "prompt and completion with a reward", 90, claims, read, is_generic=True)
