"""Where each block of a conversation went in its example: found by looking it up in what is written.

Knows the finished example and how its format treats reasoning; repeats no rule of the conversion. A block gets `to`,
the number of the message that holds it, or None when no message does. Nothing is claimed that was not found.

    place(turns, messages, plan)    -> the same turns, each block with `to`
    left_out(turns, n_messages)     -> [{"before": 2, "turn": 3, "words": "reasoning, 1,204 characters"}]
    changed(turns, messages)        -> [{"before": 1, "turn": 4, "words": "joined to turn 2"}]
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any, TypedDict

from rollout_curator.recipe.plan import Plan
from rollout_curator.rollout import Message
from rollout_curator.ui.reader.blocks import Block
from rollout_curator.ui.reader.transcript import Turn

ROLES = {"system": ("system", "developer"), "developer": ("system", "developer"), "unknown": ()}
IN_TEXT = "inside the text"
Text = Callable[[int], str]


class Mark(TypedDict):
    """What an example leaves out or changes at one place: at which of its messages, of which turn, in words."""

    before: int
    turn: int
    words: str


@dataclass(slots=True)
class _Place:
    """How far a search has come: a message, and a character in it."""

    at: int = 0
    offset: int = 0


@dataclass(slots=True)
class _Search:
    """The messages of an example with what of them was found already."""

    messages: Sequence[Message]
    thought_key: str | None
    is_inline: bool
    text: list[str] = field(default_factory=list)
    media: list[int] = field(default_factory=list)
    calls: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    results: list[int] = field(default_factory=list)
    said: _Place = field(default_factory=_Place)
    thought: _Place = field(default_factory=_Place)
    answered: tuple[str | None, int] | None = None


def locate_in_example(turns: list[Turn], messages: Sequence[Message], plan: Plan) -> list[Turn]:
    """Note in every block which message of the example holds it; return the turns."""
    search = _search(messages, plan)
    for turn in turns:
        roles = ROLES.get(turn["role"], (turn["role"],))
        for block in turn["blocks"]:
            block["to"] = _found(search, block, roles)
    return turns


def left_out(turns: list[Turn], n_messages: int) -> list[Mark]:
    """Return what no message holds, in order, at the place of the example where it would have stood."""
    found: list[Mark] = []
    last = -1
    for turn in turns:
        held = [to for block in turn["blocks"] if (to := block.get("to")) is not None]
        missing = [block for block in turn["blocks"] if block.get("to") is None and _matters(block)]
        before = min(held) if held else min(last + 1, n_messages)
        if missing:
            found.append({"before": before, "turn": turn["n"], "words": ", ".join(_words(missing))})
        last = max([last, *held])
    return found


def changed(turns: list[Turn], messages: Sequence[Message]) -> list[Mark]:
    """Return what stands in the example otherwise than it was recorded: turns joined to one message, other roles."""
    found: list[Mark] = []
    first: dict[int, int] = {}
    for turn in turns:
        n, said = turn["n"], [block for block in turn["blocks"] if block["kind"] != "result"]
        for to in dict.fromkeys(to for block in said if (to := block.get("to")) is not None):
            role = messages[to]["role"]
            if turn["role"] == "developer" and role != "developer":
                found.append({"before": to, "turn": n, "words": f"role changed to {role}"})
            if first.setdefault(to, n) != n:
                found.append({"before": to, "turn": n, "words": f"merged into turn {first[to]}"})
    return found


def _matters(block: Block) -> bool:
    """Say whether a block holds anything that could be lost: words, or a call, an answer, an image as such."""
    return bool(block["text"].strip()) or block["kind"] in ("call", "result", "image")


def _words(blocks: list[Block]) -> Iterator[str]:
    """Yield what the blocks are, one kind at a time, with how much there is of it."""
    for kind, alike in groupby(blocks, key=lambda block: block["kind"]):
        same = list(alike)
        name = {"text": "text", "call": "tool call", "result": "tool result", "note": "part"}.get(kind, kind)
        n_chars = 0 if kind == "image" else sum(len(block["text"]) for block in same)
        many = f"{len(same)} {name}s" if len(same) > 1 and kind != "reasoning" else name
        yield f"{many}, {n_chars:,} characters" if n_chars else many


def _search(messages: Sequence[Message], plan: Plan) -> _Search:
    keeps = plan.chat.reasoning if plan.format == "chat" else "drop"
    search = _Search(messages, plan.chat.reasoning_key if keeps == "field" else None, keeps == "inline")
    for at, message in enumerate(messages):
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        texts = [part.get("text") for part in parts if isinstance(part, dict)]
        search.text.append(content if isinstance(content, str) else "\n".join(t for t in texts if isinstance(t, str)))
        search.media += [at for text in texts if not isinstance(text, str)]
        search.calls += [(at, call) for call in message.get("tool_calls") or ()]
        search.results += [at] if message["role"] == "tool" else []
    return search


def _found(search: _Search, block: Block, roles: tuple[str, ...]) -> int | None:
    """Return the message that holds a block, and remember what is taken."""
    kind = block["kind"]
    if kind == "call":
        search.answered = None
        return _call(search, block)
    if kind == "result":
        return _result(search, block)
    if kind == "image" or (kind == "note" and block["text"]):
        return _media(search, roles)
    if kind == "reasoning":
        return _reasoning(search, block)
    return _text(search, block["text"], roles) if kind == "text" else None


def _text(search: _Search, text: str, roles: tuple[str, ...]) -> int | None:
    return _look(search, search.said, text, lambda at: search.text[at], roles)


def _reasoning(search: _Search, block: Block) -> int | None:
    text = block["text"]
    if search.thought_key is not None:
        key = search.thought_key
        held = _look(search, search.thought, text, lambda at: str(search.messages[at].get(key) or ""), ("assistant",))
        if held is not None:
            return held
    return _text(search, text, ("assistant",)) if search.is_inline or block["name"].startswith(IN_TEXT) else None


def _look(search: _Search, place: _Place, text: str, text_of: Text, roles: tuple[str, ...]) -> int | None:
    """Return the first message from a place on, of one of the roles, that holds the text; the place moves behind it."""
    wanted = text.strip()
    if not wanted:
        return None
    for at in range(place.at, len(search.messages)):
        if search.messages[at]["role"] not in roles:
            continue
        offset = text_of(at).find(wanted, place.offset if at == place.at else 0)
        if offset >= 0:
            place.at, place.offset = at, offset + len(wanted)
            return at
    return None


def _call(search: _Search, block: Block) -> int | None:
    """Return the message of a call: the one with its id, else the next of its name."""
    by_id = (n for n, (_, call) in enumerate(search.calls) if call.get("id") == block["callId"])
    by_name = (n for n, (_, call) in enumerate(search.calls) if _name(call) == block["name"])
    found = next(chain(by_id, by_name), None)
    return None if found is None else search.calls.pop(found)[0]


def _name(call: Mapping[str, Any]) -> Any:
    function = call.get("function")
    return function.get("name") if isinstance(function, Mapping) else None


def _result(search: _Search, block: Block) -> int | None:
    """Return the tool message of an answer; what a tool said in several parts stands in one message."""
    if search.answered and search.answered[0] is not None and search.answered[0] == block["callId"]:
        return search.answered[1]
    for n, at in enumerate(search.results):
        if block["callId"] is None or search.messages[at].get("tool_call_id") == block["callId"]:
            search.answered = (block["callId"], search.results.pop(n))
            return at
    return None


def _media(search: _Search, roles: tuple[str, ...]) -> int | None:
    """Return the message of the next part that is no text; a tool's images stand with its answer."""
    for n, at in enumerate(search.media):
        if search.messages[at]["role"] in (*roles, "tool"):
            return search.media.pop(n)
    return None
