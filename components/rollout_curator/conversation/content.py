"""The content of messages: as text, and in parts as OpenAI chat writes them (rules F2, C4 and C7)."""

from collections.abc import Callable, Iterator
from typing import Any

from rollout_curator.conversation.encoding import fault_of, json_text
from rollout_curator.conversation.items import Findings
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Item
from rollout_curator.sources.shapes.key_tracker import label
from rollout_curator.sources.shapes.parts import (
    MEDIA_KEYS,
    TEXT_KEYS,
    ContentPart,
    Kind,
    image_source,
    is_part,
    only_text,
    part_of,
    parts_of,
)


def text_of(content: Any, findings: Findings) -> str:
    """Return the text of a message's content; other parts are dropped and noted (F2)."""
    if (text := only_text(content)) is not None:
        return text
    texts = []
    for n, part in _parts(content, findings):
        if part.kind in TEXT_KEYS:
            texts.append(_text(part, findings))
        else:
            _drop(part, findings)
            findings.dropped_parts.append((findings.item, n))
    return "".join(texts)


def message_content(content: Any, options: ChatOptions, findings: Findings) -> Any:
    """Return the content of a message that is not the assistant's (C7)."""
    if content is None or isinstance(content, str):
        return content or ""
    if options.content == "text" and (text := only_text(content)) is not None:
        return text
    parts = []
    for n, part in _parts(content, findings):
        is_text = part.kind in TEXT_KEYS
        made = {"type": "text", "text": _text(part, findings)} if is_text else _media(part, options, findings)
        if made is not None:
            parts.append(made)
        else:
            findings.dropped_parts.append((findings.item, n))
    return collapse(parts, options)


def tool_content(output: Any, options: ChatOptions, findings: Findings) -> Any:
    """Return what a tool gave: text as it is, parts as those of any message, anything else as JSON (C4)."""
    if isinstance(output, str):
        return output
    if output is None:
        return ""
    if isinstance(output, list) and any(map(is_part, output)):
        return message_content(output, options, findings)
    fault = fault_of(output)
    if fault is not None:
        findings.refuse(fault)
        return ""
    return json_text(output)


def collapse(parts: list[dict[str, Any]], options: ChatOptions) -> Any:
    """Return parts as one text where all are text and the options want that."""
    if options.content == "text" and all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def or_refusal(text: str, item: Item, findings: Findings) -> str:
    """Return the text of an answer, or the refusal that stands in its place; beside a text it is left out."""
    refusal = item.get("refusal")
    if not isinstance(refusal, str) or not refusal or refusal == text:
        return text
    if not text:
        return refusal
    _drop(part_of({"type": "refusal"}), findings)
    return text


def _parts(content: Any, findings: Findings) -> Iterator[tuple[int, ContentPart]]:
    """Yield the parts of a content that is no text, numbered; what is neither parts nor nothing refuses the example."""
    if not isinstance(content, list | None):
        findings.refuse("bad_content")
        return
    for n, part in enumerate(parts_of(content)):
        if part.kind == "none":
            findings.refuse("bad_content")
        else:
            yield n, part


def _text(part: ContentPart, findings: Findings) -> str:
    """Return the text of a part of text."""
    if part.text is None and part.value.get(TEXT_KEYS[part.kind]) is not None:
        findings.refuse("bad_content")
    return part.text or ""


def _drop(part: ContentPart, findings: Findings) -> None:
    """Note that a part is not in the example."""
    if part.kind in MEDIA_KEYS:
        findings.note("dropped_media")
        findings.leave_out("media")
    else:
        findings.leave_out("parts")
    findings.note(f"dropped_part:{label(part.value.get('type'))}")


def _media(part: ContentPart, options: ChatOptions, findings: Findings) -> dict[str, Any] | None:
    """Return an image, video or audio part, or None when it is dropped and noted."""
    is_medium = part.kind in MEDIA_KEYS
    if is_medium and options.media == "skip":
        findings.refuse("media")
    made = None
    if options.media == "keep" and part.kind in _WRITE:
        made = _WRITE[part.kind](part.value, options)
    if made is None:
        _drop(part, findings)
        if is_medium and options.media == "keep":
            findings.note("file")
        return None
    if (fault := fault_of(made)) is not None:
        findings.refuse(fault)
    findings.note(part.kind)
    return made


def _image(part: Item, options: ChatOptions) -> dict[str, Any] | None:
    source = image_source(part)
    if isinstance(source, dict):
        url, kept = source.get("url"), source
    else:
        detail = part.get("detail")
        url, kept = source, {"url": source, "detail": detail if isinstance(detail, str) else "auto"}
    if not isinstance(url, str):
        return None
    if options.image_style == "image":
        return {"type": "image", "image": url}
    return {"type": "image_url", "image_url": kept}


def _video(part: Item, options: ChatOptions) -> dict[str, Any] | None:
    source = part.get("video_url") or part.get("video") or part.get("url")
    kept = source if isinstance(source, dict) else {"url": source}
    return {"type": "video_url", "video_url": kept} if isinstance(kept.get("url"), str) else None


def _audio(part: Item, options: ChatOptions) -> dict[str, Any] | None:
    return dict(part) if part.get("type") == "input_audio" else None


_WRITE: dict[Kind, Callable[[Item, ChatOptions], dict[str, Any] | None]] = {
    "image": _image,
    "video": _video,
    "audio": _audio,
}
"""Media that chat can hold, and what becomes of them."""
