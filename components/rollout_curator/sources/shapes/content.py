"""The parts of a message's content and of a tool's result: text and media pass, what no rule knows is named.

Anthropic images (`source`) and those of MCP (`data`) become `image_url`. A part of an unknown kind stays where it is
and is told as content; the conversions leave it out.
"""

from typing import Any

from rollout_curator.sources.shapes.key_tracker import Notes, View, label, note_unread
from rollout_curator.sources.shapes.parts import MEDIA_KEYS, TEXT_KEYS, is_part, part_of

_ABOUT_MEDIA = ("detail", "mimeType", "filename")


def read_content(content: Any, notes: Notes) -> Any:
    """Return the content of a message with every part read; a text is one part, which needs no type."""
    if not isinstance(content, list):
        return [read_part(content, notes)] if isinstance(content, dict) else content
    return [read_part(part, notes) for part in content]


def read_output(output: Any, notes: Notes) -> Any:
    """Return what a tool gave: parts are read part by part, any other JSON is written as it is.

    A list is one of parts where any element is one; a list of files or of rows with a `type` is not. The result of an
    MCP tool ({"content": [...], "isError": false}) is its parts where one of them is no text.
    """
    if isinstance(output, dict):
        inner = output.get("content")
        if isinstance(inner, list) and any(map(_is_medium, inner)):
            view = View(output, "result")
            view.take("content")
            note_error(view, "isError", notes)
            view.report(notes)
            return [read_part(part, notes) for part in inner]
        return [read_part(output, notes)] if _is_medium(output) else output
    if isinstance(output, list) and any(map(is_part, output)):
        return [read_part(part, notes) for part in output]
    return output


def note_error(view: View, key: str, notes: Notes) -> None:
    """Note that a tool failed where its result says so in a flag: trainers have no place for that."""
    if isinstance(view.fields.get(key), bool) and view.take(key):
        notes.add(f"unread:result.{key}")


def _is_medium(value: Any) -> bool:
    return is_part(value) and part_of(value).kind in MEDIA_KEYS


def read_part(part: Any, notes: Notes) -> Any:
    """Return one part; what is not understood of it is noted."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return part
    given, kind = part.get("type"), part_of(part).kind
    if given is None and isinstance(part.get("text"), str):
        given = kind = "text"
    if kind not in TEXT_KEYS and kind not in MEDIA_KEYS:
        notes.add(f"unread_content:part.{label(given)}")
        return part
    view = View(part, "part")
    view.take("type")
    if kind in TEXT_KEYS:
        view.take(TEXT_KEYS[kind])
    else:
        view.take(*MEDIA_KEYS[kind])
        for key in _ABOUT_MEDIA:
            view.take(key)
    if annotations := view.take("annotations"):
        note_unread(notes, "message", "annotations", len(annotations) if isinstance(annotations, list) else 1)
    view.report(notes)
    return _image_of(part) if kind == "image" else part if part.get("type") else {**part, "type": given}


def _image_of(part: dict[str, Any]) -> dict[str, Any]:
    """Return an image of Anthropic's (`source`) or of MCP's (`data`) as `image_url`; any other stays as it is."""
    key = next((key for key in MEDIA_KEYS["image"] if part.get(key) is not None), None)
    if key not in ("source", "data"):
        return part
    source = part["source"] if key == "source" else {"data": part["data"], "media_type": part.get("mimeType")}
    if not isinstance(source, dict):
        return part
    url = source.get("url")
    if isinstance(source.get("data"), str):
        mime = source.get("media_type")
        url = f"data:{mime if isinstance(mime, str) else 'image/png'};base64,{source['data']}"
    return {"type": "image_url", "image_url": {"url": url}} if isinstance(url, str) else part
