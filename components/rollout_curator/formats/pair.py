"""Generic pairs: {"prompt": "...", "completion": "...", "reward": 0.5}.

The answer is the first of `completion`, `response`, `output` and `text`; prompt and answer are text or messages.
Tried last, because its keys are the most common ones.
"""

from typing import Any

from rollout_curator.formats.base import Fields, Format
from rollout_curator.formats.chat import read_chat_reward
from rollout_curator.rollout import Rollout

_ANSWERS = ("completion", "response", "output", "text")


def claims(fields: Fields) -> bool:
    """Whether the object has a prompt and an answer of a kind that can be read."""
    return _is_side(fields.get("prompt")) and any(_is_side(fields.get(name)) for name in _ANSWERS)


def _is_side(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, dict) for part in value))


def read(fields: Fields) -> Rollout:
    """Return the rollout; a text answer becomes one assistant message."""
    answer = next(fields[name] for name in _ANSWERS if _is_side(fields.get(name)))
    output = [{"role": "assistant", "content": answer}] if isinstance(answer, str) else answer
    reward = read_chat_reward(fields)
    tools = fields.get("tools")
    return Rollout(
        format="pair",
        prompt=fields["prompt"],
        output=output,
        reward=reward.value,
        tools=tools if isinstance(tools, list) else (),
        notes=(reward.note,) if reward.note else (),
        unusable=None if output else "empty_output",
        fields=fields,
    )


PAIR = Format("pair", "prompt and completion with a reward", 90, claims, read)
