"""Generic chat rollouts: {"messages": [{"role", "content"}, ...], "reward": 0.5}.

Also {"conversations": [{"from", "value"}, ...]} as ShareGPT files have it. The reward is the first of
`reward`, `score`, `rewards.total` and `quality_score`. What comes before the first assistant message is the prompt.
"""

from typing import Any

from rollout_curator.formats.base import Fields, Format, Reward, read_reward
from rollout_curator.rollout import Rollout

_ROLES = {"human": "user", "gpt": "assistant", "function_call": "assistant", "observation": "tool"}


def claims(fields: Fields) -> bool:
    """Whether the object has a list of messages, each an object."""
    return any(_is_messages(fields.get(key)) for key in ("messages", "conversations"))


def _is_messages(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(message, dict) for message in value)


def read(fields: Fields) -> Rollout:
    """Return the rollout; every message stays as it is."""
    if _is_messages(fields.get("messages")):
        messages = list(fields["messages"])
    else:
        messages = [_from_sharegpt(message) for message in fields["conversations"]]
    reward = read_chat_reward(fields)
    tools = fields.get("tools")
    first = next((n for n, message in enumerate(messages) if message.get("role") == "assistant"), len(messages))
    return Rollout(
        format="chat",
        prompt=messages[:first],
        output=messages[first:],
        reward=reward.value,
        tools=tools if isinstance(tools, list) else (),
        notes=(reward.note,) if reward.note else (),
        unusable=None if messages[first:] else "empty_output",
        fields=fields,
    )


def read_chat_reward(fields: Fields) -> Reward:
    """Return the reward under any of the names generic files use."""
    rewards = fields.get("rewards")
    if "reward" not in fields and "score" not in fields and isinstance(rewards, dict) and "total" in rewards:
        return read_reward(rewards, "total")
    return read_reward(fields, "reward", "score", "quality_score")


def _from_sharegpt(message: dict[str, Any]) -> dict[str, Any]:
    if "role" in message:
        return message
    role = message.get("from")
    return {"role": _ROLES.get(role, role) if isinstance(role, str) else role, "content": message.get("value")}


CHAT = Format("chat", "chat messages with a reward", 50, claims, read)
