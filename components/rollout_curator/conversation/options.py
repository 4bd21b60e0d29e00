"""The choices a user or a target has in making examples; the defaults are those of NeMo RL."""

from dataclasses import dataclass
from typing import Literal

REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
"""Keys that trainers read reasoning under: what the app offers as `reasoning_key`."""


@dataclass(frozen=True, slots=True)
class FlatOptions:
    """How `flat` makes an example.

    `joiner` stands between the texts of several assistant messages (a blank in the SFT guide);
    `with_instructions` puts the instructions first, joined with leading system messages as `chat` does. `marks`,
    `mask_prompt` and `layout` are those of `ChatOptions`.
    """

    developer_to_system: bool = True
    strip_think: bool = False
    joiner: str = " "
    with_instructions: bool = False
    marks: Literal["none", "message_loss_mask", "weight", "loss", "train"] = "none"
    mask_prompt: bool = False
    layout: Literal["messages", "sharegpt"] = "messages"


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How `chat` makes an example.

    `reasoning` is dropped, put into the key `reasoning_key`, or put inline: `think="gym"` gives one block for
    each summary where it occurred, "qwen" one block before the text. `reasoning_content` uses the full reasoning
    text where there is no summary. `inline_think="split"` takes <think> out of the text, as reasoning.
    `joiner` stands between the texts of consecutive assistant messages: a blank line, and nothing for Gym, whose
    converter glues them. `null_content` writes null instead of "" for no text; `keep_empty` keeps assistant messages
    with nothing in them. `empty_arguments` writes blank arguments as an empty object, or keeps them.
    `content` makes text parts one string ("text"), keeps lists as lists ("parts"), or makes every content a list
    ("lists"). `media` keeps images, sound and video, drops them, or skips the rollout.
    `trailing` says what to do with messages after the last assistant message, `final_tool_call` with an
    example that ends in a tool call, `unsupported` with an item that chat cannot express (left out of the example,
    or the example ends before it). `trim` names issues at whose first place the example ends, on the last answer
    before it (see `issues.TRIMMABLE`).
    `tools` are written as a list or as JSON text; `system_tools="read"` takes them from a <tools> block of the system
    message where the rollout lists none. `template_kwargs="column"` writes the settings of the chat template beside
    the messages. `marks` is the form in which answers are marked that are not to be trained on; `mask_prompt` marks
    those of the prompt so. `names` of who speaks are kept, kept but on results of tools, or dropped. `layout` is how a
    row is laid out, which only a trainer decides: OpenAI messages, or ShareGPT, which has no place for names.
    """

    reasoning: Literal["drop", "field", "inline"] = "drop"
    reasoning_key: str = "reasoning_content"
    reasoning_content: bool = True
    think: Literal["gym", "qwen"] = "gym"
    inline_think: Literal["keep", "split"] = "keep"
    arguments: Literal["object", "string"] = "object"
    developer_to_system: bool = True
    joiner: str = "\n\n"
    null_content: bool = False
    keep_empty: bool = False
    content: Literal["text", "parts", "lists"] = "text"
    media: Literal["keep", "drop", "skip"] = "keep"
    image_style: Literal["image_url", "image"] = "image_url"
    keep_strict: bool = False
    trailing: Literal["trim", "skip", "keep"] = "trim"
    final_tool_call: Literal["keep", "skip", "trim"] = "keep"
    unsupported: Literal["skip", "omit", "trim"] = "skip"
    tools: Literal["list", "text"] = "list"
    system_tools: Literal["keep", "read"] = "keep"
    empty_arguments: Literal["object", "keep"] = "object"
    marks: Literal["none", "message_loss_mask", "weight", "loss", "train"] = "none"
    mask_prompt: bool = False
    template_kwargs: Literal["none", "column"] = "none"
    names: Literal["keep", "speakers", "drop"] = "keep"
    layout: Literal["messages", "sharegpt"] = "messages"
    trim: frozenset[str] = frozenset()


GYM_OPTIONS = ChatOptions(
    reasoning="inline",
    reasoning_content=False,
    arguments="string",
    developer_to_system=False,
    joiner="",
    null_content=True,
    keep_empty=True,
    content="parts",
    empty_arguments="keep",
    trailing="keep",
)
"""What NeMo Gym's own converter does (nemo_gym/responses_converter.py, nemo-gym 0.5.1)."""
