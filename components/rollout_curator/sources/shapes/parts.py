"""What a content is made of: the one vocabulary of kinds of parts, and the one walk over them.

A content is a text, or a list of parts that say by their `type` what they are. What becomes of a part (reading it,
writing it, counting it, showing it) is up to who asks; nobody else lists the types.

    parts_of([{"type": "output_text", "text": "4"}])  ->  Part("text", "4", {...})
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from rollout_curator.sources.shapes.key_tracker import texts_in

Kind = Literal["text", "refusal", "thought", "image", "audio", "video", "file", "other", "none"]
TEXT_TYPES = frozenset({"input_text", "output_text", "text", "summary_text"})
THOUGHT_TYPES = frozenset({"thinking", "reasoning", "reasoning_text", "redacted_thinking", "thought"})
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(TEXT_TYPES, "text"),
    **dict.fromkeys(THOUGHT_TYPES, "thought"),
    "refusal": "refusal",
    **dict.fromkeys(("input_image", "computer_screenshot", "image_url", "image"), "image"),
    **dict.fromkeys(("input_audio", "audio"), "audio"),
    **dict.fromkeys(("input_video", "video_url", "video"), "video"),
    **dict.fromkeys(("input_file", "file"), "file"),
}
MEDIA_KEYS: dict[Kind, tuple[str, ...]] = {
    "image": ("image_url", "image", "url", "source", "data"),
    "audio": ("input_audio", "audio", "audio_url", "url", "data"),
    "video": ("video_url", "video", "url"),
    "file": ("file", "file_data", "file_url", "file_id"),
}
"""Kinds that are no text, and the keys that may hold the medium: the first that is there does."""
TEXT_KEYS: dict[Kind, str] = {"text": "text", "refusal": "refusal"}
"""Kinds that are written as text, and the key that holds it."""
_THOUGHT_KEYS = ("thinking", "reasoning", "text", "summary", "content", "thought", "reasoning_content")


class ContentPart(NamedTuple):
    """One part of a content: what it is, the text of it (None where it has none), and the part as it was recorded.

    `other` is of a type that nobody knows, `none` is no object at all.
    """

    kind: Kind
    text: str | None
    value: Any


def parts_of(content: Any) -> Iterator[ContentPart]:
    """Yield the parts of a content: a text is one, and so is an object that stands alone; nothing has none."""
    if isinstance(content, str):
        if content:
            yield ContentPart("text", content, content)
    elif content is not None:
        yield from map(part_of, content if isinstance(content, list) else (content,))


def part_of(value: Any) -> ContentPart:
    """Return a value as the part it is."""
    return ContentPart(*_kind_and_text(value), value)


def only_text(content: Any) -> str | None:
    """Return the text of a content that is a text or one part of text, as nearly all are; None for any other."""
    if type(content) is str:
        return content
    if type(content) is not list or len(content) != 1 or type(content[0]) is not dict:
        return None
    given, text = content[0].get("type"), content[0].get("text")
    return text if type(given) is str and given in TEXT_TYPES and type(text) is str else None


def texts_of(content: Any) -> list[str]:
    """Return the texts in a content that are not empty, whatever the kinds of its parts."""
    if (whole := only_text(content)) is not None:
        return [whole] if whole else []
    return [text for value in (content if type(content) is list else (content,)) if (text := _kind_and_text(value)[1])]


def kind_of(value: Any) -> Kind:
    """Return of which kind a part is."""
    if type(value) is not dict:
        return "none"
    given = value.get("type")
    return _KINDS.get(given, "other") if type(given) is str else "other"


def _kind_and_text(value: Any) -> tuple[Kind, str | None]:
    """Return the kind and the text of a part; the index asks for them several times a message."""
    kind = kind_of(value)
    if kind == "none":
        return kind, value if isinstance(value, str) else None
    text = value.get("text")
    if kind == "text":  # nearly every part is
        return kind, text if type(text) is str else None
    text = thought_text(value) if kind == "thought" else value.get(TEXT_KEYS.get(kind, "text"))
    return kind, text if isinstance(text, str) else None


def is_part(value: Any) -> bool:
    """Whether a value is a part of content: of a known kind that is no thought, with what such a part holds."""
    kind, text, _ = part_of(value)
    return (
        text is not None if kind in TEXT_KEYS else any(value.get(key) is not None for key in MEDIA_KEYS.get(kind, ()))
    )


def image_source(part: Mapping[str, Any]) -> Any:
    """Return where an image is: its URL, or an object with one."""
    return part.get("image_url") or part.get("image") or part.get("url")


def thought_text(block: Mapping[str, Any]) -> str | None:
    """Return the text of a block that is a thought, None where it is not disclosed."""
    key = thought_key(block)
    return "\n\n".join(texts_in(_inner(block[key]))) if key else None


def thought_key(block: Mapping[str, Any]) -> str | None:
    """Return the key of a thought that holds its text."""
    return next((key for key in _THOUGHT_KEYS if any(True for _ in texts_in(_inner(block.get(key))))), None)


def _inner(value: Any) -> Any:
    """Return the texts of a value that may be a text, a list of texts, or a list of parts with a text."""
    if isinstance(value, list):
        return [part.get("text") if isinstance(part, dict) else part for part in value]
    return value if isinstance(value, str) else None
