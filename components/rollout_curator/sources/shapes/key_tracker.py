"""A look at one object of the data that remembers which of its keys were read, and says what is left over.

A leftover is `unread_content` (it keeps the rollout out unless the recipe says otherwise) where it is likely to be
conversation, and `unread` (it informs) anywhere else: a time stamp must not cost a whole data set.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN_KEYS = frozenset(
    {
        # NeMo Gym (nemo_gym/openai_utils.py), vLLM and OpenAI: token ids and their probabilities
        "logprobs", "prompt_logprobs", "prompt_token_ids", "generation_token_ids", "generation_log_probs", "token_ids",
        "routed_experts",
    }
)  # fmt: skip
"""Keys that hold an entry per token, of which nothing is ever read but that there are any (`token_lists`)."""
HARMLESS = TOKEN_KEYS | frozenset(
    {
        # OpenAI Responses and chat completions: bookkeeping of the service, not of the conversation
        "id", "object", "index", "status", "created", "created_at", "completed_at", "usage", "service_tier",
        "system_fingerprint", "model",
        # LangChain: the same bookkeeping under names of its own
        "response_metadata", "usage_metadata",
        # opaque to everyone but the provider: Responses `encrypted_content`, prompt caching
        "encrypted_content", "cache_control",
    }
)  # fmt: skip
"""Keys that never hold conversation, wherever they stand."""
OPAQUE = HARMLESS | {"thought_signature", "thought_signatures"}
"""Besides, what Gemini signs: told, because its API asks for it again, and never a reason to leave a rollout out."""
HARMLESS_AT = {
    # Model Context Protocol, `Tool`: for people and clients, not for the model
    "tool": frozenset({"annotations", "title", "_meta"}),
    # OpenRouter `reasoning_details`: which provider wrote it
    "thought": frozenset({"format"}),
}
"""Further such keys by where they stand."""
CONTENT_PLACES = frozenset({"part", "call", "result", "tool", "thought"})
"""Where anything unknown is content: each of these is nothing but conversation."""
REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "thought", "reasoning_details", "thinking_blocks")
"""Keys of a message that hold reasoning: of several with a text the first counts (`reasoning`)."""
CONTENT_KEYS = frozenset(
    {"content", "value", "text", "tool_calls", "function_call", "refusal", "images", "audio", "videos", *REASONING_KEYS}
)
"""Keys that hold conversation in one message or another; one that was not read is content, however short."""
LONG_TEXT = 200
"""A text longer than this many characters is not a stamp or a name."""
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{5,16}(Z|[+-][0-9:]{4,5})?)?")
LABEL = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def label(value: Any) -> str:
    """Return a short name found in data as it may stand in an issue, or `unknown`."""
    return value if isinstance(value, str) and LABEL.fullmatch(value) else "unknown"


@dataclass(slots=True)
class Notes:
    """What is noticed while one rollout is read, each once, in order.

    `tools` are those that its messages carry; `is_plain` says that every element was in the shape the conversions know.
    """

    found: dict[str, None] = field(default_factory=dict)
    tools: list[Any] = field(default_factory=list)
    is_plain: bool = True

    def add(self, issue: str) -> None:
        """Add a note."""
        self.found[issue] = None


class View:
    """One object and the keys of it that were read; `where` says what it is: message, part, call, result, tool."""

    __slots__ = ("_read", "fields", "where")

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self.fields = fields
        self.where = where
        self._read: set[str] = set()

    def take(self, *names: str) -> Any:
        """Return the value of the first of these keys that is there and not null, and count that key as read."""
        for name in names:
            value = self.fields.get(name)
            if value is not None:
                self._read.add(name)
                return value
        return None

    def take_text(self, name: str) -> str | None:
        """Return the value of a key if it is a text; any other stays unread."""
        return self.take(name) if isinstance(self.fields.get(name), str) else None

    def unread(self) -> dict[str, Any]:
        """Return what nobody read and what is neither empty nor known to be harmless, itself or all inside it."""
        harmless = HARMLESS_AT.get(self.where, frozenset())
        return {
            key: value
            for key, value in self.fields.items()
            if key not in self._read and key not in HARMLESS and key not in harmless and not is_empty(value, HARMLESS)
        }

    def report(self, notes: Notes, *, has_content: bool = True) -> dict[str, Any]:
        """Note what is left over and return it; a text that the read ones contain is a copy and no loss.

        Not so in a tool: words of schemas are everywhere the same.
        """
        left = self.unread()
        if not left:
            return left
        read = "\n".join(text for key in self._read for text in texts_in(self.fields.get(key)))
        kept = {key: value for key, value in left.items() if self.where == "tool" or not is_copy(value, read)}
        for key, value in kept.items():
            note_unread(notes, self.where, key, value, is_content=not has_content)
        return kept


def note_unread(notes: Notes, where: str, key: Any, value: Any, *, is_content: bool = False) -> None:
    """Note one value that was not read, as content where it is likely to be some.

    A number, a flag or a date is none beside other content, whatever it stands in; nor is a provider's signature.
    """
    is_opaque = not is_content and (key in OPAQUE or is_empty(value, OPAQUE))
    is_stamp = isinstance(value, bool | int | float) or (isinstance(value, str) and _STAMP.fullmatch(value) is not None)
    if key in CONTENT_KEYS:
        is_content = is_content or not isinstance(value, bool | int | float)
    is_likely = is_content or ((where in CONTENT_PLACES or holds_texts(value)) and not is_stamp and not is_opaque)
    notes.add(f"{'unread_content' if is_likely else 'unread'}:{where}.{label(key)}")


def is_empty(value: Any, besides: frozenset[str] = frozenset()) -> bool:
    """Whether a value says nothing: null, no text, no elements, or nothing but such inside, some keys left aside."""
    if value is None or value == "":
        return True
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            current = [inner for key, inner in current.items() if key not in besides] if besides else current.values()
        elif not isinstance(current, list):
            return False
        for inner in current:  # leaves are looked at before anything is entered, so most values tell at once
            if isinstance(inner, dict | list):
                pending.append(inner)
            elif inner is not None and inner != "":
                return False
    return True


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; those nested too deep to compare are not."""
    try:
        return bool(one == other)
    except RecursionError:
        return False


def holds_texts(value: Any) -> bool:
    """Whether a value looks like conversation: a list or an object with texts in it, or a long text."""
    if isinstance(value, str):
        return len(value) > LONG_TEXT
    return any(True for _ in texts_in(value))


def is_copy(value: Any, read: str) -> bool:
    """Whether all texts of a value stand in what was read already; a value without texts is no copy."""
    texts = list(texts_in(value))
    return bool(texts) and all(text in read for text in texts)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value that is not empty, in order; keys and what is kept of tokens are left aside."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if current:
                yield current
        elif isinstance(current, dict):
            pending.extend(current[key] for key in reversed(current) if not _is_of_tokens(key, current[key]))
        elif isinstance(current, list | tuple):
            pending.extend(reversed(current))


def _is_of_tokens(key: str, value: Any) -> bool:
    """Whether a value holds an entry per token: a word of it is none that anybody wrote."""
    return key in TOKEN_KEYS and isinstance(value, dict | list)
