"""The parts of a message's content and of a tool's result: text and media pass, what no rule knows is named.

Anthropic images (`source`) become `image_url`. A part of an unknown kind stays where it is and is told as content; the
conversions leave it out.
"""

from typing import Any

from rollout_curator.shapes.view import Notes, View, label, note_unread

TEXT_TYPES = frozenset({"input_text", "output_text", "text", "summary_text", "refusal"})
MEDIA_KEYS = {
    "input_image": ("image_url", "detail", "url", "image"),
    "image_url": ("image_url", "detail", "url"),
    "image": ("image", "image_url", "url", "source", "detail"),
    "computer_screenshot": ("image_url", "detail"),
    "input_audio": ("input_audio", "audio"),
    "audio": ("audio", "input_audio", "url"),
    "input_video": ("video_url", "url", "video"),
    "video_url": ("video_url", "url"),
    "video": ("video", "video_url", "url"),
    "input_file": ("file_data", "file_url", "filename", "file_id"),
    "file": ("file", "filename"),
}
"""Kinds of part that are no text, and the keys that say which medium they hold."""
_KNOWN = TEXT_TYPES | MEDIA_KEYS.keys()


def read_content(content: Any, notes: Notes) -> Any:
    """Return the content of a message with every part read; a text is one part, which needs no type."""
    if not isinstance(content, list):
        return [read_part(content, notes)] if isinstance(content, dict) else content
    return [read_part(part, notes) for part in content]


def read_output(output: Any, notes: Notes) -> Any:
    """Return what a tool gave: a list of parts is read part by part, any other JSON is written as it is."""
    if isinstance(output, list) and output:
        are_typed = all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in output)
        if are_typed and any(part["type"] in _KNOWN for part in output):
            return [read_part(part, notes) for part in output]
    if isinstance(output, dict) and isinstance(kind := output.get("type"), str) and kind in MEDIA_KEYS:
        return [read_part(output, notes)]
    return output


def read_part(part: Any, notes: Notes) -> Any:
    """Return one part; what is not understood of it is told."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind is None and isinstance(part.get("text"), str):
        kind = "text"
    if not isinstance(kind, str) or kind not in _KNOWN:
        notes.add(f"unread_content:part.{label(kind)}")
        return part
    view = View(part, "part")
    view.take("type")
    if kind in TEXT_TYPES:
        view.take("refusal" if kind == "refusal" else "text")
    for key in MEDIA_KEYS.get(kind, ()):
        view.take(key)
    if annotations := view.take("annotations"):
        note_unread(notes, "message", "annotations", str(len(annotations)))
    view.report(notes)
    return (
        _image_of(part)
        if isinstance(part.get("source"), dict)
        else part
        if part.get("type")
        else {**part, "type": kind}
    )


def _image_of(part: dict[str, Any]) -> dict[str, Any]:
    """Return an Anthropic image as `image_url`; one whose source is not known stays as it is."""
    source = part["source"]
    if source.get("type") == "base64" and isinstance(source.get("data"), str):
        url = f"data:{source.get('media_type', 'image/png')};base64,{source['data']}"
    else:
        url = source.get("url")
    return {"type": "image_url", "image_url": {"url": url}} if isinstance(url, str) else part
