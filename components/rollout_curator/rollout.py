"""The nouns of the project: what a rollout, an item, a message and an example are.

No I/O and no rules: `formats` makes rollouts, `conversation` turns them into examples.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

Item = Mapping[str, Any]
"""One element of a conversation as it was collected: a Responses item or a chat-shaped message (JSON object)."""


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
    """One message of a training example."""

    role: str
    content: Any
    tool_calls: NotRequired[list[ToolCall]]
    tool_call_id: NotRequired[str]
    reasoning_content: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One attempt by a policy at one task, as read from one line.

    `prompt` and `output` are the raw sequences of items (before `conversation.normalise`):
    a list, a string, or None. `reward` is NaN when unrated. `notes` says what reading noticed.
    `unusable` names why no example can ever be made of it (`no_params`, `no_response`,
    `empty_output`, ...), or is None. `fields` is the parsed line.
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
    fields: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """What is written for one rollout, or why nothing is.

    `messages` is None exactly when `skip` names a reason. `tools` is None when there are none.
    `issues` are the things a reader should know, in the order they were noticed, each once.
    The first `n_prompt` messages come from the prompt. `has_tools_as_text` says that the file holds the tools as
    JSON text, for trainers whose reader makes one table of all tools.
    """

    messages: list[Message] | None
    tools: list[dict[str, Any]] | None = None
    issues: tuple[str, ...] = ()
    skip: str | None = None
    n_prompt: int = field(default=0, compare=False)
    has_tools_as_text: bool = field(default=False, compare=False)

    def record(self) -> dict[str, Any]:
        """Return the JSON object of the training file; only valid when `skip` is None."""
        if self.tools is None:
            return {"messages": self.messages}
        tools = json.dumps(self.tools, ensure_ascii=False) if self.has_tools_as_text else self.tools
        return {"messages": self.messages, "tools": tools}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that cannot become a rollout: `kind` for counting, `reason` for people."""

    kind: str
    reason: str
