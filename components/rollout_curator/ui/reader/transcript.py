"""What the reading pane shows of one rollout: its turns, as plain JSON.

Knows the Responses items and chat-shaped messages that agents write down; knows nothing of
Streamlit, of HTML or of training. Everything that was recorded is shown, also what no rule
understands: an unknown item becomes a note holding its JSON. Never raises, whatever the JSON.

    transcript(rollout) -> [{"n": 1, "role": "system", "side": "prompt", "blocks": [...]}, ...]
    numbered(rollout, locate).turns -> the same, each block with `to`, the message of the example that holds it

A tool's answer stands behind the call it answers; an answer to no call stands where it was found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

from rollout_curator.conversation.items import flatten, message_reasoning
from rollout_curator.rollout import Rollout
from rollout_curator.ui.reader.blocks import (
    Block,
    as_text,
    call_block,
    call_id_of,
    contents,
    make_block,
    note,
    reasoning,
    result_blocks,
    split_thinking,
)
from rollout_curator.ui.reader.json_layout import pretty

Side = Literal["prompt", "output"]


class Turn(TypedDict):
    """One message and, for an assistant, the answers of the tools it called."""

    n: int
    role: str
    side: Side
    blocks: list[Block]
    item: NotRequired[int]


ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
CALL_TYPES = frozenset({"function_call", "custom_tool_call"})
RESULT_TYPES = frozenset({"function_call_output", "custom_tool_call_output"})


Locate = Callable[[Block, int, int], int | None]
"""Says which message of an example holds a block, by the item it was recorded in and the part of its content.

Items count over prompt and output; the instructions are item -1, and what is no part of a content is part -1.
"""


def transcript(rollout: Rollout) -> list[Turn]:
    """Return the turns of a rollout in the order they happened, prompt first."""
    return numbered(rollout).turns


@dataclass(frozen=True, slots=True)
class Numbered:
    """The turns of a rollout, and for each answer among them by its number the number of its first item."""

    turns: list[Turn]
    items: dict[int, int]


def numbered(rollout: Rollout, locate: Locate | None = None) -> Numbered:
    """Return the turns, as `transcript` does, with the items that are answers; items count over prompt and output."""
    page = _Page(locate)
    if rollout.instructions:
        page.add("system", "prompt", page.located([make_block("text", as_text(rollout.instructions), "instructions")]))
    for side, recorded in (("prompt", rollout.prompt), ("output", rollout.output)):
        for element in _elements(recorded):
            page.item += 1
            _show(page, "prompt" if side == "prompt" else "output", element)
    if locate is not None:
        for block in [block for turn in page.turns for block in turn["blocks"]]:
            block.setdefault("to", None)
    return Numbered(page.turns, page.items)


@dataclass(slots=True)
class _Page:
    """The turns so far, with the calls that still wait for an answer."""

    locate: Locate | None = None
    turns: list[Turn] = field(default_factory=list)
    waiting: list[tuple[Turn, Block]] = field(default_factory=list)
    answered: bool = False
    item: int = -1
    items: dict[int, int] = field(default_factory=dict)

    def located(self, blocks: list[Block], part: int = -1) -> list[Block]:
        """Note in blocks of the item at hand which message of the example holds them; return them."""
        if self.locate is not None:
            for block in blocks:
                block["to"] = self.locate(block, self.item, part)
        return blocks

    def contents(self, found: Iterable[Block]) -> list[Block]:
        """Note the same in the blocks of a content, of which each is a part."""
        return [block for n, part in enumerate(found) for block in self.located([part], n)]

    def add(self, role: str, side: Side, blocks: list[Block]) -> Turn:
        """Append a turn of its own."""
        turn: Turn = {"n": len(self.turns) + 1, "role": role, "side": side, "blocks": blocks}
        self.turns.append(turn)
        self.answered = False
        return turn

    def assistant(self, side: Side, *, calls: bool) -> Turn:
        """Return the assistant turn that is still being written, or begin one.

        Words that follow a call begin the next turn, and so does anything after an answer.
        """
        last = self.turns[-1] if self.turns else None
        ended = last is None or last["role"] != "assistant" or last["side"] != side or self.answered
        if last is None or ended or (not calls and any(block["kind"] == "call" for block in last["blocks"])):
            last = self.add("assistant", side, [])
        self.items.setdefault(last["n"], self.item)
        return last

    def call(self, side: Side, block: Block) -> None:
        """Append a tool call and remember that it waits."""
        turn = self.assistant(side, calls=True)
        turn["blocks"] += self.located([block])
        self.waiting.append((turn, block))

    def answer(self, side: Side, result: list[Block], call_id: str | None) -> None:
        """Put an answer behind its call, or in a turn of its own when no call waits for it."""
        for at, (turn, call) in enumerate(self.waiting):
            if call["callId"] == call_id:
                del self.waiting[at]
                place = next(i for i, block in enumerate(turn["blocks"]) if block is call) + 1
                turn["blocks"][place:place] = [{**block, "name": block["name"] or call["name"]} for block in result]
                self.answered = self.answered or turn is self.turns[-1]
                return
        self.add("tool", side, [note("no matching call recorded"), *result])


def _elements(recorded: Any) -> list[Any]:
    """Return the recorded sequence as one flat list, whatever stands in it."""
    if recorded is None:
        return []
    return flatten(recorded).items if isinstance(recorded, list | tuple) else [recorded]


def _show(page: _Page, side: Side, element: Any) -> None:
    """Add one recorded element to the page."""
    if isinstance(element, str):
        page.add("user", side, page.located([make_block("text", element)]))
        return
    if not isinstance(element, Mapping):
        page.add("unknown", side, [note("not a message", pretty(element))])
        return
    kind = element.get("type") or ("message" if "role" in element else None)
    if kind == "message":
        _show_message(page, side, element)
    elif kind == "reasoning":
        page.assistant(side, calls=False)["blocks"].extend(page.located(reasoning(element)))
    elif isinstance(kind, str) and kind in CALL_TYPES:
        arguments = element.get("arguments", element.get("input"))
        page.call(side, call_block(element.get("name"), arguments, element.get("call_id") or element.get("id")))
    elif isinstance(kind, str) and kind in RESULT_TYPES:
        call_id = call_id_of(element.get("call_id"))
        page.answer(side, page.contents(result_blocks(element.get("output"), "", call_id)), call_id)
    else:
        name = f"item of type {as_text(kind)}" if kind else "item without a type"
        page.add("unknown", side, [note(name, pretty(element))])
    _show_unread(page, element)


def _show_unread(page: _Page, element: Mapping[str, Any]) -> None:
    """Add what nobody read of an element to the turn it went to."""
    left = element.get("unread")
    if isinstance(left, Mapping) and page.turns:
        page.turns[-1]["blocks"] += [note(f"not read: {as_text(key)}", pretty(value)) for key, value in left.items()]


def _show_message(page: _Page, side: Side, message: Mapping[str, Any]) -> None:
    """Add one message, with the reasoning and the calls that a chat-shaped one carries."""
    role = message.get("role")
    if role == "assistant":
        blocks = _said(page, message)
        calls = message.get("tool_calls")
        if blocks or not calls:
            turn = page.assistant(side, calls=False)
            turn["blocks"].extend(blocks or [note("empty message")])
        for call in calls if isinstance(calls, list) else []:
            _show_chat_call(page, side, call)
        return
    if role == "tool":
        call_id = call_id_of(message.get("tool_call_id"))
        result = result_blocks(message.get("content"), as_text(message.get("name") or ""), call_id)
        page.answer(side, page.contents(result), call_id)
        return
    known = isinstance(role, str) and role in ROLES
    blocks = page.contents(contents(message.get("content"))) or page.located([note("empty message")])
    if not known:
        blocks.insert(0, note(f"role {as_text(role)}"))
    page.add(str(role) if known else "unknown", side, blocks)


def _said(page: _Page, message: Mapping[str, Any]) -> list[Block]:
    """Return what an assistant message says: reasoning kept beside the text, then the text."""
    thought = message_reasoning(message)
    blocks = page.located([make_block("reasoning", thought)] if thought else [])
    for n, part in enumerate(contents(message.get("content"))):
        blocks += page.located(split_thinking(part), n)
    return blocks


def _show_chat_call(page: _Page, side: Side, call: Any) -> None:
    """Add one entry of `tool_calls`, nested as in OpenAI chat or flat."""
    if not isinstance(call, Mapping):
        page.assistant(side, calls=True)["blocks"].append(note("not a tool call", pretty(call)))
        return
    function = call.get("function")
    inner = function if isinstance(function, Mapping) else call
    page.call(side, call_block(inner.get("name"), inner.get("arguments"), call.get("id")))
