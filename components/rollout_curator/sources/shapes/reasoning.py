"""Reasoning beside or inside a message, under every key in use; what only its provider can read counts as hidden.

`reasoning_content` (DeepSeek, Qwen, vLLM until 2025), `reasoning` (vLLM since), `thinking` (gpt-oss, Anthropic blocks),
`reasoning_details` (OpenRouter: texts, summaries, encrypted data), `thinking_blocks` (litellm), and content parts of
type `thinking` or `reasoning`.
"""

from collections.abc import Mapping
from typing import Any

from rollout_curator.sources.shapes.key_tracker import Notes, View, texts_in

KEYS = ("reasoning_content", "reasoning", "thinking", "thought", "reasoning_details", "thinking_blocks")
_TEXT_KEYS = ("thinking", "reasoning", "text", "summary", "content", "thought", "reasoning_content")
_HIDDEN_KEYS = ("data", "encrypted_content", "signature")


def read_thoughts(view: View, notes: Notes) -> list[str | None]:
    """Return the thoughts of a message, None for each that was not disclosed.

    The same thought often stands under two keys: the first key that has any text counts, and one that says something
    else is left unread, which is told.
    """
    texts: list[str] = []
    n_hidden = 0
    for key in KEYS:
        found = _texts(view.fields.get(key))
        said = [text for text in found if text]
        if not found or (texts and not all(text in "\n".join(texts) for text in said)):
            continue
        _note_blocks(view.take(key), notes)
        n_hidden = max(n_hidden, len(found) - len(said))
        texts = texts or said
    return [*[None] * n_hidden, *texts]


def read_block(block: Mapping[str, Any], notes: Notes) -> list[str | None]:
    """Return the thought of a block that stands among the parts of an answer."""
    _note_block(block, "part", notes)
    return [_text_of(block)]


def _texts(value: Any) -> list[str | None]:
    """Return the thoughts under one key: a text, or a list of blocks each a text, a summary or something opaque."""
    if isinstance(value, str):
        return [value] if value else []
    blocks = value if isinstance(value, list) else [value]
    return [
        block if isinstance(block, str) else _text_of(block)
        for block in blocks
        if (isinstance(block, str) and block) or (isinstance(block, dict) and _is_thought(block))
    ]


def _is_thought(block: Mapping[str, Any]) -> bool:
    return _text_of(block) is not None or any(block.get(key) for key in _HIDDEN_KEYS)


def _text_of(block: Mapping[str, Any]) -> str | None:
    key = _key_of(block)
    return "\n\n".join(texts_in(_inner(block[key]))) if key else None


def _key_of(block: Mapping[str, Any]) -> str | None:
    """Return the key of a block that holds its text."""
    return next((key for key in _TEXT_KEYS if any(True for _ in texts_in(_inner(block.get(key))))), None)


def _inner(value: Any) -> Any:
    """Return the texts of a value that may be a text, a list of texts, or a list of parts with a text."""
    if isinstance(value, list):
        return [part.get("text") if isinstance(part, dict) else part for part in value]
    return value if isinstance(value, str) else None


def _note_blocks(value: Any, notes: Notes) -> None:
    for block in value if isinstance(value, list) else [value]:
        if isinstance(block, dict):
            _note_block(block, "thought", notes)


def _note_block(block: Mapping[str, Any], where: str, notes: Notes) -> None:
    """Note what of a block is not its text: a signature, say, which only its provider can read."""
    view = View(block, where)
    view.take("type")
    key = _key_of(block)
    if key is not None:
        note_parts(view.take(key), notes)
    for hidden in _HIDDEN_KEYS:
        if view.take(hidden) and key is not None:
            notes.add(f"unread:{where}.{hidden}")
    view.report(notes)


def note_parts(value: Any, notes: Notes) -> None:
    """Note what of the parts of a thought is not their text."""
    for part in value if isinstance(value, list) else ():
        if isinstance(part, dict):
            view = View(part, "thought")
            view.take("type")
            view.take_text("text")
            view.report(notes)


def as_reasoning(text: str | None, mark: dict[str, Any]) -> dict[str, Any]:
    """Return a thought as an item of its own; one that was not disclosed has no text."""
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}] if text else [], **mark}
