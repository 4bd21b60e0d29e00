"""Unsloth: supervised fine-tuning with TRL's trainer on texts that were rendered before.

Read in unslothai/unsloth, `unsloth/models/loader.py` (FastLanguageModel), `unsloth/chat_templates.py` and
the wheel unsloth_zoo 2026.10.9, `unsloth_zoo/dataset_utils.py` (train_on_responses_only: labels are kept from each
`response_part` up to `eos_token` with it, the next message, or the next `instruction_part`, found as tokens). The
script reads the file line by line, so nothing of it becomes a table of types, and hands TRL one column of text.
"""

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.training.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Target, absolute, fill_script, literal

SAYS = (
    "Conversations are rendered to text before training; whatever the template drops (e.g. earlier thinking) is not "
    "trained on.",
    "Only text after an assistant marker is trained on, up to the token that ends the answer or the next message "
    "(train_on_responses_only); the two markers in the script are those of ChatML, other templates have others.",
    "All assistant messages are trained on, including those in the prompt.",
    "Older versions of unsloth_zoo train on everything up to the next user marker: on tool results too, unless the "
    "template renders them as user turns.",
    "If the text does not end with the token that ends an answer (ChatML ends with a line feed), TRL appends one, "
    "which is not trained on.",
    "Examples longer than max_length are silently truncated.",
    "Reasoning is exported as reasoning_content; templates that do not know it ignore it.",
    "Rollouts with answers marked as not to be trained are dropped: the script cannot mask a single message.",
    "Examples with images, audio or video are dropped; they need FastVisionModel and another script.",
)
SCRIPT = """\
# Unsloth with TRL. Save as train.py, then: python train.py
from unsloth import FastLanguageModel
from unsloth.chat_templates import train_on_responses_only
import json
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

{note}LIMIT = {limit}  # longer examples are truncated{longest}
model, tokenizer = FastLanguageModel.from_pretrained(
    "unsloth/Qwen3-0.6B", max_seq_length=LIMIT, load_in_4bit=True  # your model
)
model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=16)


def texts(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            example = json.loads(line)
            tools = example.get("tools")
            tools = json.loads(tools) if isinstance(tools, str) else tools
            yield {{"text": tokenizer.apply_chat_template(example["messages"], tools=tools, tokenize=False)}}


trainer = SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=Dataset.from_list(list(texts({path}))),
    eval_dataset={validation},
    args=SFTConfig(
        output_dir="sft",
        dataset_text_field="text",
        max_length=LIMIT,
        per_device_train_batch_size=1,
        gradient_accumulation_steps={batch},  # batch size, on one GPU
        num_train_epochs={epochs},
        eval_strategy={evaluation},
    ),
)
trainer = train_on_responses_only(
    trainer, instruction_part="<|im_start|>user\\n", response_part="<|im_start|>assistant\\n"  # of your template
)
trainer.train()
"""


def config(facts: ConfigFacts) -> str:
    """Return a script that trains on the written file."""
    validation = "None"
    if facts.validation_path:
        validation = f"Dataset.from_list(list(texts({literal(absolute(facts.validation_path))})))"
    return fill_script(SCRIPT, facts, UNSLOTH.usual_limit, UNSLOTH.usual_batch, validation=validation)


UNSLOTH = Target(
    name="unsloth",
    title="Unsloth",
    format="chat",
    flat=FlatOptions(),
    chat=ChatOptions(reasoning="field", arguments="object", tools="text"),
    exclude=LEFT_OUT | MEDIA | {"marked_turns"},
    exclude_invalid=True,
    says=SAYS,
    config=config,
    config_kind="python",
    renders="whole",
    trains="between",
    marks=("<|im_start|>", "<|im_start|>assistant\n"),
    usual_limit=2048,
    limit_source="unsloth/models/loader.py, FastLanguageModel.from_pretrained(max_seq_length=2048)",
    too_long="truncates the example at the end",
)
