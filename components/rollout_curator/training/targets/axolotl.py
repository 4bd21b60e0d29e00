"""Axolotl: supervised fine-tuning with `type: chat_template`.

Read in the wheel axolotl 0.19.0, `axolotl/prompt_strategies/chat_template.py`: `_get_tools` and `_get_messages` take
lists or JSON text; `transform_message` reads arguments that are text with json.loads and raises where that fails, and
hands on the keys in NAMED and those that the template reads of a variable called `message`, which is all that
`jinja_template_analyzer.py` finds; `_find_turn_from_text` renders the conversation with another text in place of an
answer: what differs is the answer, and an `eos_token` within three tokens after it is trained on too. Also
`axolotl/utils/schemas/datasets.py` (field_messages, field_tools, field_thinking, roles_to_train, train_on_eos) and
`config.py` (sequence_len 512, excess_length_strategy drop), `core/builders/base.py` and `utils/trainer.py` (max_steps
is all rows of all epochs divided by the batch, rounded up once). The file comes in through Hugging Face `datasets`, so
tools and arguments, whose shapes differ, are written as JSON text (axolotl-ai-cloud/axolotl 3136).
"""

import json
from collections.abc import Mapping
from typing import Any

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.training.targets.base import (
    LEFT_OUT,
    MEDIA,
    ConfigFacts,
    Judged,
    Target,
    Training,
    absolute,
    quote,
)
from rollout_curator.training.templates.base import ChatTemplate
from rollout_curator.training.templates.message_keys import named_on

NAMED = frozenset({"role", "content", "reasoning_content"})

SAYS = (
    "All assistant messages are trained on, including those in the prompt, plus the end token; the opening marker is "
    "not.",
    "Answers marked as not to be trained have train: false, which message_field_training in the config reads.",
    "Examples longer than sequence_len are dropped (only a count in the log). Default: 512 tokens.",
    "Arguments and tools are exported as JSON strings, which Axolotl accepts; as objects, Hugging Face datasets "
    "would pad them with null keys.",
    "Each answer is located by rendering the conversation with other text in its place; the conversation is rendered "
    "once, so thinking that the template drops is not trained on.",
    "A chat template only receives what it reads from a variable called message: tool calls do not reach the "
    "template of GLM 4.5, which calls it m. Reasoning is exported as reasoning_content; templates that do not know "
    "it ignore it.",
    "Axolotl does not create a validation set; choose a split here if you want one.",
    "Examples with images, audio or video are dropped.",
)
HEAD = """\
# Axolotl 0.19 or newer. Save as sft.yaml, then: axolotl train sft.yaml
base_model: Qwen/Qwen3-0.6B  # yours
chat_template: tokenizer_default
datasets:
"""
FILE = """\
  - path: {path}
    ds_type: {loader}
    split: train
    type: chat_template
    field_messages: messages
    field_tools: tools
    field_thinking: reasoning_content
    template_thinking_key: reasoning_content
    roles_to_train: [assistant]
    message_field_training: train  # false on an answer that is marked as not to be trained
    train_on_eos: turn
"""
REST = """\
val_set_size: 0
{note}sequence_len: {limit}  # longer examples are dropped{longest}
excess_length_strategy: drop
output_dir: ./sft
num_epochs: {epochs}
micro_batch_size: 1
gradient_accumulation_steps: {batch}  # batch size, on one GPU
optimizer: adamw_torch
learning_rate: 0.00001
bf16: auto
"""


def config(facts: ConfigFacts) -> str:
    """Return a YAML config that trains on the written file."""
    longest = f"; the longest has about {facts.longest_tokens:,} tokens" if facts.longest_tokens else ""
    lines = [HEAD, FILE.format(path=quote(absolute(facts.path)), loader=facts.loader)]
    if facts.validation_path:
        lines += ["test_datasets:\n", FILE.format(path=quote(absolute(facts.validation_path)), loader=facts.loader)]
    batch = facts.batch_size or AXOLOTL.usual_batch
    limit = facts.max_tokens or AXOLOTL.usual_limit
    note = facts.length_note()
    rest = REST.format(limit=limit, note=note, longest=longest, batch=batch, epochs=facts.epochs)
    return "".join([*lines, rest])


def training(template: ChatTemplate) -> Training:
    """Return the model's template, and in words what of a message does not reach it."""
    if "tool_calls" in named_on("message", template.text) or "tool_calls" not in template.text:
        return Training(template)
    words = (
        "Axolotl leaves the tool calls out: it hands on what a template reads of a variable called message, and this "
        "one calls it otherwise."
    )
    return Training(template, words)


def hands(messages: list[Mapping[str, Any]], template: ChatTemplate) -> list[Mapping[str, Any]]:
    """Return of each message the keys that reach the template, with arguments that are JSON text as objects."""
    names = NAMED | named_on("message", template.text)
    read = [{key: value for key, value in message.items() if key in names} for message in messages]
    return [
        {**message, "tool_calls": [_decoded(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else message
        for message in read
    ]


def _decoded(call: Any) -> Any:
    arguments = call["function"]["arguments"]
    if not isinstance(arguments, str) or not _is_json(arguments):
        return call
    return {**call, "function": {**call["function"], "arguments": json.loads(arguments)}}


def judge(record: Mapping[str, Any]) -> Judged | None:
    """Return why the load stops at a record: arguments that are text must be JSON."""
    for n, message in enumerate(record["messages"]):
        for call in message.get("tool_calls", ()):
            arguments = call["function"]["arguments"]
            if isinstance(arguments, str) and not _is_json(arguments):
                return Judged("refused_by_trainer", f"the arguments of message {n + 1} are not JSON", n)
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


AXOLOTL = Target(
    name="axolotl",
    title="Axolotl",
    format="chat",
    flat=FlatOptions(marks="train"),
    chat=ChatOptions(reasoning="field", arguments="string", tools="text", marks="train"),
    exclude=LEFT_OUT | MEDIA,
    exclude_invalid=True,
    says=SAYS,
    config=config,
    judge=judge,
    usual_is_safe=False,
    usual_limit=512,
    limit_source="axolotl/utils/schemas/config.py, sequence_len",
    renders="whole",
    trains="replaced",
    training=training,
    hands=hands,
    overlong="dropped",
    rounding="whole",
    too_long="drops the example (only counted in its log)",
    reads_columns=True,
    decodes_arguments=True,
)
