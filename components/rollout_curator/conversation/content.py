"""The content of user, system and tool messages: text, or parts as OpenAI chat writes them (rules C4 and C7)."""

from typing import Any

from rollout_curator.conversation.encoding import fault_of, json_text
from rollout_curator.conversation.items import MEDIA_PARTS, Findings, drop_part, part_text
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Item
from rollout_curator.sources.shapes.content import is_part


def message_content(content: Any, options: ChatOptions, findings: Findings) -> Any:
    """Return the content of a message that is not the assistant's (C7)."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, list):
        findings.refuse("bad_content")
        return ""
    parts = []
    for part in content:
        if not isinstance(part, dict):
            findings.refuse("bad_content")
            continue
        text = part_text(part, findings)
        made = {"type": "text", "text": text} if text is not None else _media(part, options, findings)
        if made is not None:
            parts.append(made)
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


def _media(part: Item, options: ChatOptions, findings: Findings) -> dict[str, Any] | None:
    """Return an image, video or audio part, or None when it is dropped and noted."""
    kind = part.get("type")
    medium = MEDIA_PARTS.get(kind) if isinstance(kind, str) else None
    if medium is not None and options.media == "skip":
        findings.refuse("media")
    made = None
    if medium is not None and options.media == "keep":
        made = _image(part, options) if medium == "image" else _video(part) if medium == "video" else _audio(part)
    if made is None or medium is None:
        drop_part(kind, findings)
        if medium is not None and options.media == "keep":
            findings.note("file")
        return None
    if (fault := fault_of(made)) is not None:
        findings.refuse(fault)
    findings.note(medium)
    return made


def _image(part: Item, options: ChatOptions) -> dict[str, Any] | None:
    source = part.get("image_url") or part.get("image") or part.get("url")
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


def _video(part: Item) -> dict[str, Any] | None:
    source = part.get("video_url") or part.get("video") or part.get("url")
    kept = source if isinstance(source, dict) else {"url": source}
    return {"type": "video_url", "video_url": kept} if isinstance(kept.get("url"), str) else None


def _audio(part: Item) -> dict[str, Any] | None:
    return dict(part) if part.get("type") == "input_audio" else None
