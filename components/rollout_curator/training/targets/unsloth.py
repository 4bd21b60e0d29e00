"""Unsloth: supervised fine-tuning with TRL's trainer on texts that were rendered before.

Read in unslothai/unsloth, `unsloth/models/loader.py` (FastLanguageModel), `unsloth/chat_templates.py` and
the wheel unsloth_zoo 2026.10.9, `unsloth_zoo/dataset_utils.py` (train_on_responses_only: labels are kept from each
`response_part` up to `eos_token` with it, the next message, or the next `instruction_part`, found as tokens). The
script reads the file line by line, so nothing of it becomes a table of types, and hands TRL one column of text.
"""

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.training.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Target, absolute, literal

SAYS = (
    "Conversations are rendered to text before training, each as a whole: what the template drops, such as earlier "
    "thinking, is not there to be trained on.",
    "Of each text, what follows the mark of an answer is trained on, up to the token that ends it or the next message "
    "(train_on_responses_only); the two marks in the script are ChatML's, other templates have others.",
    "Every answer is trained on, also those that stood in the prompt.",
    "Older versions of unsloth_zoo train on all up to the next question: on tool results too, where the template "
    "does not write them as a user's turn.",
    "Where a text does not end with the token that ends an answer, as ChatML's, which ends with a line feed, TRL adds "
    "one to it, on which nothing is trained.",
    "Examples longer than max_length are cut at the end without a word.",
    "Reasoning is written as reasoning_content; a template that does not know it leaves it out.",
    "Rollouts with answers marked as not to be trained are left out: the script has no mark for one message.",
    "Examples with images, sound or video are left out; they need FastVisionModel and another script.",
)
SCRIPT = """\
# Unsloth with TRL. Save as train.py, then: python train.py
from unsloth import FastLanguageModel
from unsloth.chat_templates import train_on_responses_only
import json
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

{note}LIMIT = {limit}  # longer examples are cut{longest}
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
        gradient_accumulation_steps={batch},  # rows a step, on one GPU
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
    longest = f"; the longest has about {facts.longest_tokens:,} tokens" if facts.longest_tokens else ""
    return SCRIPT.format(
        path=literal(absolute(facts.path)),
        validation=validation,
        limit=facts.max_tokens or UNSLOTH.usual_limit,
        note=facts.length_note(),
        longest=longest,
        batch=facts.batch_size or UNSLOTH.usual_batch,
        epochs=facts.epochs,
        evaluation='"epoch"' if facts.validation_path else '"no"',
    )


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
    too_long="cuts the end of the example off",
)
