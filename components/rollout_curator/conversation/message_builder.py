"""The messages of a chat example so far, and the assistant message that is being built at their end (rules C2, C6).

Knows finished texts, thoughts and calls; `chat` knows the items they come from.
"""

from dataclasses import dataclass, field
from typing import Any, cast

from rollout_curator.conversation.items import Findings
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Item, Message, Piece, ToolCall


@dataclass(slots=True)
class Draft:
    """The messages so far, and the assistant message at their end, which `is_on` once anything of it was seen."""

    options: ChatOptions
    findings: Findings
    messages: list[Message] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    name: str | None = None
    mark: bool | None = None
    is_on: bool = False
    has_text: bool = False
    is_cut: bool = False
    at_call: tuple[int, int, int] = (0, 0, 0)

    def keep(self, piece: str) -> None:
        """Note that a piece of the item at hand is in the assistant message."""
        if self.findings.is_traced:
            self.pieces.append((self.findings.item, piece))

    def add_whole(self, message: Message, name: str | None) -> None:
        """Add a message that is the whole content of the item at hand."""
        if self.findings.is_traced:
            item = self.findings.item
            message["pieces"] = [(item, "text"), (item, "think"), (item, "part")]
        self.messages.append(named(message, name))

    def cut(self, kind: str) -> bool:
        """End the example before the item at hand if the options trim this kind; say whether that is so."""
        if kind not in self.options.trim:
            return False
        self.is_cut = True
        self.findings.note(f"trimmed:{kind}")
        return True

    def name_for(self, name: str | None, *, is_result: bool = False) -> str | None:
        """Return the name that is written for who speaks, and count one that is not."""
        if name is None or self.options.names == "keep" or (self.options.names == "speakers" and not is_result):
            return name
        self.findings.leave_out("names")
        return None


def add_reasoning(draft: Draft, texts: list[str], piece: str = "reasoning") -> None:
    """Add reasoning to the assistant message as the options want it (C2)."""
    if not texts:
        return
    options = draft.options
    draft.findings.note("reasoning")
    if options.reasoning == "field" or (options.reasoning == "inline" and options.think == "qwen"):
        draft.reasoning += texts
    elif options.reasoning == "inline":
        draft.texts += [f"<think>{text}</think>" for text in texts]
    else:
        draft.findings.leave_out("reasoning", len(texts))
        return
    draft.keep(piece)


def flush(draft: Draft) -> None:
    """Finish the assistant message (C6): all text first, then all calls."""
    if not draft.is_on:
        return
    options, calls, name, is_trained = draft.options, draft.calls, draft.name, draft.mark is not False
    text, reasoning, pieces = "".join(draft.texts), "\n\n".join(draft.reasoning), draft.pieces
    draft.texts, draft.reasoning, draft.calls, draft.pieces = [], [], [], []
    draft.name, draft.mark, draft.is_on, draft.has_text = None, None, False, False
    if reasoning and options.reasoning == "inline":
        text = "<think>\n" + reasoning.strip("\n") + "\n</think>\n\n" + text
        reasoning = ""
    if not (text or calls or reasoning or options.keep_empty):
        draft.findings.note("dropped_empty_assistant")
        return
    message: dict[str, Any] = {"role": "assistant", "content": text if text or not options.null_content else None}
    if reasoning:
        message[options.reasoning_key] = reasoning
    if calls:
        message["tool_calls"] = calls
    if not is_trained:
        message["train"] = False
    if draft.findings.is_traced:
        message["pieces"] = pieces
    draft.messages.append(named(cast(Message, message), draft.name_for(name)))


def name_of(item: Item) -> str | None:
    """Return the name a chat-shaped message gives its author; Responses items have none."""
    name = item.get("name")
    return name if "type" not in item and isinstance(name, str) else None


def named(message: Message, name: str | None) -> Message:
    """Return a message with the name of its author, where there is one."""
    return message if name is None else cast(Message, {**message, "name": name})
