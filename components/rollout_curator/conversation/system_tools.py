"""Tools that stand in the system message between <tools> and </tools>, as chat templates of Qwen and Hermes write them.

They become the tools of the example, and the block leaves the text: the trainer's template writes it again. Only by
option, and only where the rollout lists no tools. Shape of the input: JSON tools one a line, or a JSON list of them.
"""

import json
import re
from dataclasses import replace
from typing import Any

from rollout_curator.conversation.items import TEXT_PARTS, Findings, Opened
from rollout_curator.rollout import Item
from rollout_curator.sources.shapes.key_tracker import Notes
from rollout_curator.sources.shapes.tools import read_list

_BLOCK = re.compile(r"<tools>(?=\s*[\[{])(.*?)</tools>", re.DOTALL)
"""A block with something in it: the sentence before it speaks of "<tools></tools> XML tags"."""
_BETWEEN = re.compile(r"[\s,]*")


def with_system_tools(opened: Opened, findings: Findings) -> Opened:
    """Return a rollout whose tools are those of its system text; one that cannot be read is noted (`unread_tools`)."""
    rollout = opened.rollout
    if rollout.tools:
        return opened
    if rollout.instructions is not None and (match := _BLOCK.search(rollout.instructions)):
        tools = _tools(match[1], findings)
        left = _without(rollout.instructions, match)
        return opened if tools is None else replace(opened, rollout=replace(rollout, instructions=left, tools=tools))
    first = opened.prompt[0] if opened.prompt else {}
    match = _BLOCK.search(_text(first)) if first.get("role") in ("system", "developer") else None
    if match is None or (tools := _tools(match[1], findings)) is None:
        return opened
    left = _without(_text(first), match)
    head: list[Item] = [{**first, "content": left}] if left else []
    return replace(opened, rollout=replace(rollout, tools=tools), prompt=[*head, *opened.prompt[1:]])


def _text(item: Item) -> str:
    """Return the text of a message that is nothing but one text."""
    content = item.get("content")
    if isinstance(content, list) and len(content) == 1 and isinstance(part := content[0], dict):
        content = part.get("text") if part.get("type") in (*TEXT_PARTS,) else None
    return content if isinstance(content, str) else ""


def _without(text: str, match: re.Match[str]) -> str:
    """Return a text without the block; what is blank then says nothing."""
    left = text[: match.start()].rstrip() + text[match.end() :]
    return left if left.strip() else ""


def _tools(block: str, findings: Findings) -> list[Any] | None:
    notes = Notes()
    values = _values(block)
    flat = [tool for value in values or () for tool in (value if isinstance(value, list) else [value])]
    tools = read_list(flat, notes) if values is not None else None
    if tools is None:
        findings.note("unread_tools")
    for note in notes.found:
        findings.note(note)
    return tools


def _values(text: str) -> list[Any] | None:
    """Return the JSON values that follow each other in a text, None where anything else stands there."""
    values: list[Any] = []
    at = _end(text, 0)
    while at < len(text):
        try:
            value, at = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        values.append(value)
        at = _end(text, at)
    return values


def _end(text: str, at: int) -> int:
    """Return where the next value begins."""
    match = _BETWEEN.match(text, at)
    return match.end() if match else at
