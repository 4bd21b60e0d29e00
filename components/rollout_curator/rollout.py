"""The nouns of the project: what a rollout, an item, a message and an example are.

No I/O and no rules: `sources` makes rollouts, `conversation` turns them into examples.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

Item = Mapping[str, Any]
"""One element of a conversation as it was collected: a Responses item or a chat-shaped message (JSON object)."""


Piece = tuple[int, str]
"""What of an item is in a message: the number of the item over prompt and output (-1: the instructions), and which of
its pieces: "text", "part" (parts that are no text), "reasoning", "think" (reasoning inside the text) or "call".
"""


class ToolFunction(TypedDict):
    """The function a tool call names; arguments are JSON text or the parsed object."""

    name: str
    arguments: Any


class ToolCall(TypedDict):
    """One call by the assistant, in the shape OpenAI chat uses."""

    id: str
    type: Literal["function"]
    function: ToolFunction


class Message(TypedDict):
    """One message of a training example; `train` (False) and `pieces` are there only while one is made."""

    role: str
    content: Any
    tool_calls: NotRequired[list[ToolCall]]
    tool_call_id: NotRequired[str]
    reasoning_content: NotRequired[str]
    train: NotRequired[bool]
    pieces: NotRequired[list[Piece]]


InvalidKind = Literal["", "masked", "failed", "truncated"]
"""Why a reward is no measurement; empty when it is one."""


class Usage(NamedTuple):
    """How many tokens a rollout took, as its source counted them; None where it does not say."""

    prompt: int | None = None
    generated: int | None = None


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Rollout:
    """One attempt by a policy at one task, as a format reads it from one line: all that is known of it anywhere.

    `prompt` and `output` are sequences of items (before `conversation.normalise`) in the shapes that `shapes` gives, a
    string, or None. `reward` is NaN where there is none. `notes` says what reading noticed.
    `truncated` names the limit that cut the last answer off. `invalid` says why the reward is no measurement (masked,
    truncated, failed), or is empty. `template_kwargs` are settings of the chat template it was sampled with.
    `unusable` names why no example can ever be made of it (`no_params`, `no_response`,
    `empty_output`, ...), or is None.
    `marked` are the numbers of the items whose answers a reviewer marked as not to be trained on.
    `is_plain` says that the elements of both sequences are items of a known shape as they stand.
    What the line says beside the conversation: `task` is the name it gives its task, `agent` and `model` who acted,
    each empty for none; `attempt` counts from 0, -1 for none. `finish` says how it ended where the line does, empty
    where the last item does. `facets` are its other numbers by the names people know them by; the parts of a reward
    begin with `words.COMPONENT`. `flags` are words to find it by, which no conversion minds.
    """

    format: str
    prompt: Any
    output: Any
    reward: float
    instructions: str | None = None
    tools: Sequence[Any] = ()
    notes: tuple[str, ...] = ()
    truncated: str | None = None
    unusable: str | None = None
    invalid: InvalidKind = ""
    template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    marked: frozenset[int] = frozenset()
    is_plain: bool = field(default=False, compare=False)
    task: str = ""
    attempt: int = -1
    agent: str = ""
    model: str = ""
    usage: Usage = NO_USAGE
    finish: str = ""
    facets: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


_INLINE_MARKS: dict[str, tuple[str, tuple[Any, Any]]] = {
    "weight": ("weight", (0, 1)),
    "loss": ("loss", (False, True)),
    "train": ("train", (False, True)),
}


@dataclass(frozen=True, slots=True)
class Example:
    """What is written for one rollout, or why nothing is.

    `messages` is None exactly when `skip` names a reason. `tools` is None when there are none.
    `issues` are the things a reader should know, in the order they were noticed, each once.
    The first `n_prompt` messages come from the prompt. `has_tools_as_text` says that the file holds the tools as
    JSON text, for trainers whose reader makes one table of all tools. `left_out` says how much of what was recorded is
    not in it, by kind (`LEFT_OUT_WORDS`). `untrained` are the places of the messages that are marked as not to be
    trained on, and `marks` the form in which that is written (`ChatOptions.marks`). `template_kwargs` are written as a
    column of that name. `layout` says how a row is laid out in the file (`conversation.record_of`).
    `origins` has for each message the pieces it was made of, empty where a conversion was not asked to trace them; of
    those items the `dropped_parts` (item, part of its content) are in no message.
    """

    messages: list[Message] | None
    tools: list[dict[str, Any]] | None = None
    issues: tuple[str, ...] = ()
    skip: str | None = None
    n_prompt: int = field(default=0, compare=False)
    has_tools_as_text: bool = field(default=False, compare=False)
    left_out: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    untrained: frozenset[int] = frozenset()
    marks: str = field(default="none", compare=False)
    template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    layout: str = field(default="messages", compare=False)
    origins: tuple[tuple[Piece, ...], ...] = field(default=(), compare=False)
    dropped_parts: frozenset[tuple[int, int]] = field(default=frozenset(), compare=False)

    def record(self) -> dict[str, Any]:
        """Return the example as a JSON object with OpenAI messages; only valid when `skip` is None."""
        made: dict[str, Any] = {"messages": self._marked()}
        if self.tools is not None:
            as_text = self.has_tools_as_text
            made["tools"] = json.dumps(self.tools, ensure_ascii=False) if as_text else self.tools
        if self.untrained and self.marks == "message_loss_mask":
            made["message_loss_mask"] = self.mask()
        if self.template_kwargs:
            made["chat_template_kwargs"] = dict(self.template_kwargs)
        return made

    def mask(self) -> list[int]:
        """Return for each message 1 where it is an answer that is trained on, else 0."""
        unmarked = self.marks == "none"
        return [
            int(message["role"] == "assistant" and (unmarked or n not in self.untrained))
            for n, message in enumerate(self.messages or ())
        ]

    def _marked(self) -> Any:
        """Return the messages, with an inline mark on every answer where the trainer reads one and any has a mark."""
        form = _INLINE_MARKS.get(self.marks)
        if not self.untrained or form is None or self.messages is None:
            return self.messages
        name, values = form
        return [
            {**message, name: values[trained]} if message["role"] == "assistant" else message
            for message, trained in zip(self.messages, self.mask(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that cannot become a rollout: `kind` for counting, `reason` for people."""

    kind: str
    reason: str
