"""One thing to read inside a turn: text, reasoning, a call, its result, an image, a remark.

Knows the parts that messages and items are made of; knows nothing of their order (`transcript`).
Text stays as it was recorded; only JSON is laid out, and only when that changes nothing but blanks.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NotRequired, TypedDict

from rollout_curator.conversation.items import think_spans
from rollout_curator.sources.shapes.parts import ContentPart, image_source, parts_of
from rollout_curator.ui.reader.json_layout import as_json, parsed, pretty

BlockKind = Literal["text", "reasoning", "call", "result", "image", "note"]


class Block(TypedDict):
    """One thing to read inside a turn.

    `name` is the tool for a call and its result, otherwise what a reader should know of the block. `fields` are the
    entries of a JSON object, one by one: arguments, or a result that holds texts of several lines. `to` is the message
    of the example that holds the block (`example_alignment`), None when no message does.
    """

    kind: BlockKind
    text: str
    name: str
    callId: str | None
    language: NotRequired[str]
    fields: NotRequired[list[list[str]]]
    to: NotRequired[int | None]


SHOWN_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.ASCII)


_IN_TAGS = {
    "thought": "inside the text, in <think> tags",
    "ended": "inside the text, ends with </think>",
}


def contents(content: Any) -> Iterator[Block]:
    """Yield the blocks of a message's content: text, a list of parts, or anything else."""
    yield from map(_block, parts_of(content))


def _block(part: ContentPart) -> Block:
    """Return one content part as a block."""
    if part.kind == "none" and part.text is None:
        return note("not a content part", pretty(part.value))
    if part.kind == "image":
        return _image(part.value)
    if part.text is not None and part.kind == "thought":
        return make_block("reasoning", part.text)
    if part.text is not None and part.kind in ("text", "refusal", "none"):
        return make_block("text", part.text, "refusal" if part.kind == "refusal" else "")
    return note(f"part of type {as_text(part.value.get('type'))}", pretty(part.value))


def _image(part: Mapping[str, Any]) -> Block:
    """Return an image that travels inside the rollout, or a note of what is not loaded."""
    source = image_source(part)
    if isinstance(source, Mapping):
        source = source.get("url")
    if not isinstance(source, str):
        return note("image without a URL", pretty(part))
    if SHOWN_IMAGE.fullmatch(source):
        return make_block("image", source, "image")
    shown = source if len(source) <= 200 else f"{source[:200]}… ({len(source):,} characters)"
    return note(f"image at {shown} not loaded")


def reasoning(element: Mapping[str, Any]) -> list[Block]:
    """Return the thoughts of a reasoning item, parts without a text as JSON, or say why there is nothing to read."""
    for key in ("summary", "content"):
        found = map(_thought, parts_of(element.get(key)))
        thoughts = [block for block in found if block["text"]]
        if thoughts:
            return thoughts
    hidden = "hidden: encrypted" if element.get("encrypted_content") else "hidden: not recorded"
    return [make_block("reasoning", "", hidden)]


def _thought(part: ContentPart) -> Block:
    if part.text is not None:
        return make_block("reasoning", part.text)
    return {**make_block("reasoning", pretty(part.value)), "language": "json"}


def split_thinking(block: Block) -> list[Block]:
    """Return text that begins with its reasoning in <think> tags as reasoning and text; other tags are text.

    What is trained with its tags is shown with them, to the letter.
    """
    spans = think_spans(block["text"]) if block["kind"] == "text" else []
    first = next((span for span in spans if span.kind != "text" or span.text.strip()), None)
    if first is None or first.kind not in _IN_TAGS:
        return [block]
    reasoning = make_block("reasoning", first.text, _IN_TAGS[first.kind])
    rest = block["text"].partition("</think>")[2]
    return [reasoning, {**block, "text": rest}] if rest.strip() else [reasoning]


def call_block(name: Any, arguments: Any, call_id: Any) -> Block:
    """Return a tool call with its arguments laid out for reading."""
    block = make_block("call", "", as_text(name) if name else "tool without a name", call_id_of(call_id))
    value = parsed(arguments) if isinstance(arguments, str) else arguments
    if isinstance(value, dict | list):
        block["text"], block["language"] = pretty(value), "json"
        if isinstance(value, dict):
            block["fields"] = _fields(value)
    elif arguments is not None:
        block["text"] = arguments if isinstance(arguments, str) else as_json(arguments)
    return block


def _fields(value: Mapping[str, Any]) -> list[list[str]]:
    """Return an object entry by entry for reading: text of several lines as it stands, the rest as JSON."""
    return [[key, inner if _has_lines(inner) else pretty(inner)] for key, inner in value.items()]


def _has_lines(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def result_blocks(output: Any, name: str, call_id: str | None) -> list[Block]:
    """Return what a tool answered, JSON laid out over lines; an object that holds a text of lines also by `fields`."""
    if isinstance(output, list) and any(isinstance(part, Mapping) and "type" in part for part in output):
        return [
            {**block, "kind": "result", "name": name, "callId": call_id} if block["kind"] == "text" else block
            for block in contents(output)
        ]
    block = make_block("result", "", name, call_id)
    value = parsed(output) if isinstance(output, str) else output
    if isinstance(value, dict | list):
        block["text"], block["language"] = pretty(value), "json"
        if isinstance(value, dict) and any(map(_has_lines, value.values())):
            block["fields"] = _fields(value)
    elif output is not None:
        block["text"] = output if isinstance(output, str) else as_json(output)
    return [block]


def make_block(kind: BlockKind, text: str, name: str = "", call_id: str | None = None) -> Block:
    """Return a block."""
    return {"kind": kind, "text": text, "name": name, "callId": call_id}


def note(name: str, text: str = "") -> Block:
    """Return a remark of this program, with the JSON it is about when there is some."""
    remark = make_block("note", text, name)
    if text:
        remark["language"] = "json"
    return remark


def call_id_of(value: Any) -> str | None:
    """Return the id of a call as text; a missing one stays missing."""
    return None if value is None else as_text(value)


def as_text(value: Any) -> str:
    """Return text as it is and anything else as JSON."""
    return value if isinstance(value, str) else as_json(value)
