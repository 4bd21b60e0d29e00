"""One record's conversation, read whole: what the readers of chat, pairs and NeMo Gym lines have in common."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rollout_curator.sources.shapes.call_matching import pair_by_order
from rollout_curator.sources.shapes.chat_settings import SYSTEM_KEYS
from rollout_curator.sources.shapes.content import is_part, read_content
from rollout_curator.sources.shapes.key_tracker import Notes, View, is_copy, note_unread, texts_in
from rollout_curator.sources.shapes.loss_marks import note_masks, read_mask
from rollout_curator.sources.shapes.messages import known_role, read_sequence
from rollout_curator.sources.shapes.reasoning import KEYS as THOUGHT_KEYS
from rollout_curator.sources.shapes.sharegpt import split_results

CONVERSATION_KEYS = (
    "messages", "conversations", "conversation", "prompt", "completion", "response", "responses", "output", "input",
    "instructions", "instruction", "developer", "question", "history", "trajectory", "trajectories", "traj",
    "steps", "traces", "nodes", "chosen", "rejected", "rejected_response", "dialog", "dialogue", "chat", "turns",
    "text", "image", "images", "video", "videos", "audio", "audios", *THOUGHT_KEYS,
)  # fmt: skip
"""Keys that hold conversation at the top of a line of chat or of a pair; any other is what people keep beside it."""
_MARKS = re.compile(
    r"<\|?[a-zA-Z_\d|]{1,30}\|?>|</?[a-zA-Z]{1,20}>|\[/?[A-Z_]{1,20}\]"
    r"|\b(human|user|assistant|system|tool|developer|instruction|response|input|output|gpt|model)\b",
    re.IGNORECASE,
)
"""What chat templates write around texts."""
ASIDE_KEYS = (*SYSTEM_KEYS, "tools", "tool_defs", "functions", "available_tools", "message_loss_mask")
"""Keys beside a conversation that belong to it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Both sides of a rollout as items, split before the first thing the policy did."""

    prompt: Any
    output: Any


def split_messages(items: Sequence[Any]) -> Conversation:
    """Return messages as prompt and output: what comes before the first assistant message is the prompt."""
    first = next((n for n, item in enumerate(items) if is_answer(item)), len(items))
    return Conversation(list(items[:first]), list(items[first:]))


def is_answer(item: Any) -> bool:
    """Whether an item is the assistant's: a message, a call or reasoning."""
    if not isinstance(item, dict):
        return False
    return item.get("role") == "assistant" or item.get("type") in ("function_call", "reasoning")


def read_messages(view: View, key: str, notes: Notes) -> list[Any]:
    """Return the messages under a key as items: the system text beside them first, and marked by a mask beside them."""
    messages: list[Any] = split_results(view.take(key))
    if (mask := view.take("message_loss_mask")) is not None:
        messages = read_mask(mask, messages, notes)
    return [*read_system(view, messages, notes), *read_sequence(messages, notes)]


def read_system(view: View, messages: Sequence[Any], notes: Notes) -> list[Any]:
    """Return the system text beside a conversation as its first message, unless it stands there already."""
    read = "\n".join(text for message in messages[:1] for text in texts_in(message))
    for key in SYSTEM_KEYS:
        given = view.fields.get(key)
        texts = list(texts_in(given))
        if not texts or not (isinstance(given, str) or _are_parts(given)):
            continue  # what is neither text nor parts stays unread, and is told
        view.take(key)
        if all(text in read for text in texts):
            continue
        if messages and _role(messages[0]) == "system":
            note_unread(notes, "line", key, given, is_content=True)
            continue
        return [{"role": "system", "content": read_content(given, notes)}]
    return []


def _are_parts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_part, value))


def _role(message: Any) -> Any:
    role = message.get("role") or message.get("from") if isinstance(message, dict) else None
    return known_role(role)


def finish(conversation: Conversation, view: View, notes: Notes, n_messages: int) -> Conversation:
    """Return the conversation with ids paired, after noting what of it stands in the line and was not read."""
    prompt, output = pair_by_order(conversation.prompt, conversation.output, notes)
    unread = view.unread()
    note_masks(unread, n_messages, notes)
    left = {key: value for key, value in unread.items() if key in CONVERSATION_KEYS or key in ASIDE_KEYS}
    if left:
        read = list(texts_in([prompt, output]))
        whole = "\n".join(read)
        for key, value in left.items():
            if any(True for _ in texts_in(value)) and not is_copy(value, whole) and not _is_rendered(value, read):
                note_unread(notes, "line", key, value, is_content=True)
    return Conversation(prompt, output)


def _is_rendered(value: Any, read: Sequence[str]) -> bool:
    """Whether a text is the conversation as a chat template renders it: its texts, roles and nothing but marks."""
    if not isinstance(value, str) or not read:
        return False
    rest = value
    for text in sorted({text.strip() for text in read}, key=len, reverse=True):
        rest = rest.replace(text, " ") if len(text) > 1 or text.isalnum() else rest
    return not any(map(str.isalnum, _MARKS.sub("", rest)))
