"""Reasoning beside or inside a message, under every key in use; what only its provider can read counts as hidden.

`reasoning_content` (DeepSeek, Qwen, vLLM until 2025), `reasoning` (vLLM since), `thinking` (gpt-oss, Anthropic blocks),
`reasoning_details` (OpenRouter: texts, summaries, encrypted data), `thinking_blocks` (litellm), and content parts of
type `thinking` or `reasoning`.
"""

from collections.abc import Iterator
from typing import Any

from rollout_curator.shapes.view import Notes, View, texts_in

KEYS = ("reasoning_content", "reasoning", "thinking", "thought", "reasoning_details", "thinking_blocks")
_TEXT_KEYS = ("thinking", "reasoning", "text", "summary", "content", "thought", "reasoning_content")
_HIDDEN_KEYS = ("data", "encrypted_content", "signature")


def read_thoughts(view: View, notes: Notes) -> list[str | None]:
    """Return the thoughts of a message or a part, None for one that was not disclosed.

    The same thought often stands under two keys: the first key that has any text counts, and one that says something
    else is left unread, which is told.
    """
    if view.where == "part":
        return _of_part(view, notes)
    thoughts: list[str | None] = []
    for key in KEYS:
        value = view.fields.get(key)
        found = list(_texts(value))
        if not found:
            continue
        read = "\n".join(text for text in thoughts if text)
        if not any(text for text in thoughts):
            thoughts = found if any(found) else thoughts or found
            view.take(key)
        elif all(text in read for text in found if text):
            view.take(key)
    return thoughts


def _of_part(view: View, notes: Notes) -> list[str | None]:
    view.take("type")
    texts: list[str | None] = []
    for key in _TEXT_KEYS:
        if found := list(texts_in(_inner(view.fields.get(key)))):
            view.take(key)
            texts = ["\n\n".join(found)]
            break
    for key in _HIDDEN_KEYS:
        if view.take(key) and texts:
            notes.add(f"unread:part.{key}")  # what only its provider can read
    view.report(notes)
    return texts or [None]


def _inner(value: Any) -> Any:
    """Return the texts of a value that may be a text, a list of texts, or a list of parts with a text."""
    if isinstance(value, list):
        return [part.get("text") if isinstance(part, dict) else part for part in value]
    return value


def _texts(value: Any) -> Iterator[str | None]:
    """Yield the thoughts under one key: a text, or a list of blocks each a text, a summary or something opaque."""
    if isinstance(value, str):
        if value:
            yield value
        return
    for block in value if isinstance(value, list) else [value] if isinstance(value, dict) else []:
        if isinstance(block, str):
            yield block
        elif isinstance(block, dict):
            text = next((block[key] for key in _TEXT_KEYS if isinstance(block.get(key), str) and block[key]), None)
            is_hidden = any(block.get(key) for key in _HIDDEN_KEYS)
            if text or is_hidden:
                yield text


def as_reasoning(text: str | None, mark: dict[str, Any]) -> dict[str, Any]:
    """Return a thought as an item of its own; one that was not disclosed has no text."""
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}] if text else [], **mark}
