"""TRL: supervised fine-tuning with SFTTrainer on conversations.

Read in the wheel trl 1.16.0: `trl/trainer/sft_config.py` (max_length 1024 with truncation_mode "keep_start",
assistant_only_loss False), `trl/trainer/sft_trainer.py` (`tools` may be JSON text, `chat_template_kwargs` is a column;
assistant_only_loss takes a template with {% generation %}, TRL's own for families it knows, as `trl_templates` tells,
and raises for an example without such a token). The file comes in through Hugging Face `datasets`, one table of Arrow
types: tools of different shapes would get keys they never had, so they are written as JSON text (huggingface/trl 5118
and 5307). Arguments are objects, which most templates need; `datasets` keeps them as they are since 4.7
(huggingface/datasets, pull request 8027), which trl 1.16.0 itself asks for; nothing in TRL decodes arguments that are
text.
"""

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.training.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Target, fill_script
from rollout_curator.training.targets.trl_templates import training

SAYS = (
    "TRL trains on all tokens, including the prompt, unless assistant_only_loss is set (the exported script sets it).",
    "With assistant_only_loss all assistant messages are trained on, including those in the prompt. A chat template "
    "without {% generation %} is replaced by TRL's own for its family, which often renders different text, or TRL "
    "fails: the trainer's view shows which.",
    "Examples longer than max_length are truncated at the end (answers too). Default: 1,024 tokens.",
    "Tools are exported as JSON strings, which TRL accepts; as lists, Hugging Face datasets would pad them with null "
    "keys.",
    "Arguments are objects: needs datasets ≥ 4.7 (older versions pad with nulls or fail). Decimals in arguments are "
    "rounded to ten places, and the last digit of shorter ones may change; examples with numbers beyond 64 bits "
    "there are dropped, because datasets would change all numbers in the same place.",
    "Reasoning is exported as reasoning_content, which the templates of Qwen 3 and Nemotron 3 read; others ignore it.",
    "The conversation is rendered once; thinking that the template drops is not trained on.",
    "Rollouts with answers marked as not to be trained are dropped: TRL cannot mask a single message.",
    "Chat template settings that a rollout was sampled with are in the column chat_template_kwargs.",
    "Examples with images, audio or video are dropped: mixed list and text content is misread.",
)
SCRIPT = """\
# TRL 1.16 or newer with datasets 4.7 or newer. Save as train.py, then: accelerate launch train.py
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

MODEL = "Qwen/Qwen3-0.6B"  # yours

# Each file by itself: loaded together, datasets stops where validation has columns or calls that training has not.
files = {{{files}}}
examples = {{name: load_dataset({loader}, data_files=path, split="train") for name, path in files.items()}}
trainer = SFTTrainer(
    model=MODEL,
    train_dataset=examples["train"],
    eval_dataset=examples.get("validation"),
    args=SFTConfig(
        output_dir="sft",
        assistant_only_loss=True,  # without it prompts are trained on too
{note}        max_length={limit},  # longer examples are truncated{longest}
        per_device_train_batch_size=1,
        gradient_accumulation_steps={batch},  # batch size, on one GPU
        num_train_epochs={epochs},
        eval_strategy={evaluation},
    ),
)
trainer.train()
"""


def config(facts: ConfigFacts) -> str:
    """Return a script that trains on the written file."""
    return fill_script(SCRIPT, facts, TRL.usual_limit, TRL.usual_batch, indent=8)


TRL = Target(
    name="trl",
    title="TRL",
    format="chat",
    flat=FlatOptions(),
    chat=ChatOptions(reasoning="field", arguments="object", tools="text", template_kwargs="column"),
    exclude=LEFT_OUT | MEDIA | {"marked_turns"},
    exclude_invalid=True,
    says=SAYS,
    config=config,
    config_kind="python",
    renders="whole",
    trains="generation",
    training=training,
    usual_limit=1024,
    limit_source="trl/trainer/sft_config.py, SFTConfig.max_length",
    too_long="truncates the example at the end",
    reads_columns=True,
)
