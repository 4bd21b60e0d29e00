"""Generic chat rollouts: {"messages": [{"role", "content"}, ...], "reward": 0.5}.

Also {"conversations": [{"from", "value"}, ...]} as ShareGPT files have it; either may be JSON text. The reward is the
first of `reward`, `score`, `rewards.total` and `quality_score`. What comes before the first assistant message is the
prompt. Messages, calls, tools, marks and system text may have any shape that `shapes` reads.
"""

from collections.abc import Sequence
from typing import Any

from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import Fields, Format, Reward, read_reward
from rollout_curator.sources.shapes.calls import read_json
from rollout_curator.sources.shapes.chat_settings import is_compacted, template_kwargs
from rollout_curator.sources.shapes.conversation import Conversation, finish, read_messages, split_messages
from rollout_curator.sources.shapes.finish_reason import read_ending
from rollout_curator.sources.shapes.key_tracker import Notes, View
from rollout_curator.sources.shapes.tools import note_elsewhere, read_tools

_KEYS = ("messages", "conversations")


def claims(fields: Fields) -> bool:
    """Whether the object has a list of messages, each an object, or JSON text of one."""
    return any(_is_messages(fields.get(key)) for key in _KEYS)


def _is_messages(value: Any) -> bool:
    value = read_json(value) if isinstance(value, str) and value.lstrip()[:1] == "[" else value
    return isinstance(value, list) and all(isinstance(message, dict) for message in value)


def read(fields: Fields) -> Rollout:
    """Return the rollout, with a note of all that stands in its conversation and was not read."""
    key = next(key for key in _KEYS if _is_messages(fields.get(key)))
    opened = {**fields, key: read_json(fields[key])} if isinstance(fields[key], str) else fields
    notes, view = Notes(), View(opened, "line")
    items = read_messages(view, key, notes)
    return make_rollout("chat", view, split_messages(items), notes, recorded=opened[key], original=fields)


def make_rollout(
    name: str, view: View, conversation: Conversation, notes: Notes, *, recorded: Sequence[Any], original: Fields
) -> Rollout:
    """Return the rollout of a generic line, once both sides of its conversation are known.

    `recorded` are its messages as they were recorded.
    """
    fields = view.fields
    tools = read_tools(view, notes)
    if not tools:
        note_elsewhere(view, notes)
    conversation = finish(conversation, view, notes, len(recorded))
    reward, settings = read_chat_reward(fields), template_kwargs(notes, fields)
    ending = read_ending(fields, recorded[-1] if recorded and isinstance(recorded[-1], dict) else None)
    if is_compacted(fields):
        notes.add("context_compacted")
    return Rollout(
        format=name,
        prompt=conversation.prompt,
        output=conversation.output,
        reward=reward.value,
        tools=tools,
        notes=(*((reward.note,) if reward.note else ()), *notes.found),
        truncated=ending.cut,
        unusable=None if conversation.output else "empty_output",
        invalid=ending.invalid,
        template_kwargs=settings,
        fields=original,
    )


def read_chat_reward(fields: Fields) -> Reward:
    """Return the reward under any of the names generic files use."""
    rewards = fields.get("rewards")
    if "reward" not in fields and "score" not in fields and isinstance(rewards, dict) and "total" in rewards:
        return read_reward(rewards, "total")
    return read_reward(fields, "reward", "score", "quality_score")


CHAT = Format("chat", "chat messages with a reward", 50, claims, read, is_generic=True)
