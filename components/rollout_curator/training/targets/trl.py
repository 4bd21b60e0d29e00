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
from rollout_curator.training.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Target, absolute, literal
from rollout_curator.training.targets.trl_templates import training

SAYS = (
    "TRL trains on every token, prompts too, unless assistant_only_loss is on, as in the script given with the file.",
    "With assistant_only_loss every answer is trained on, also those that stood in the prompt. A chat template without "
    "{% generation %} is replaced by TRL's own for its family, which often writes another text, or TRL stops: the "
    "trainer's view says which.",
    "Examples longer than max_length are cut at the end, and their answers with them; TRL's own limit is 1,024 tokens.",
    "Tools are written as JSON text, which TRL reads; as lists, Hugging Face datasets would fill them with keys they "
    "never had.",
    "Arguments are objects: load with datasets 4.7 or newer, older versions fill them with nulls or stop. It rounds "
    "decimals in arguments to ten places and may change the last digit of shorter ones; examples with numbers beyond "
    "64 bits there are left out, because it would change all numbers beside them.",
    "Reasoning is written as reasoning_content, which the templates of Qwen 3 and Nemotron 3 read; others leave it "
    "out.",
    "The whole conversation is rendered once; where a template drops earlier thinking, that is not trained on.",
    "Rollouts with answers marked as not to be trained are left out: TRL has no mark for one message.",
    "Settings of the chat template that a rollout was sampled with stand in the column chat_template_kwargs.",
    "Examples with images, sound or video are left out, because lists beside text are read wrongly.",
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
{note}        max_length={limit},  # longer examples are cut{longest}
        per_device_train_batch_size=1,
        gradient_accumulation_steps={batch},  # rows a step, on one GPU
        num_train_epochs={epochs},
        eval_strategy={evaluation},
    ),
)
trainer.train()
"""


def config(facts: ConfigFacts) -> str:
    """Return a script that trains on the written file."""
    files = f'"train": {literal(absolute(facts.path))}'
    if facts.validation_path:
        files += f', "validation": {literal(absolute(facts.validation_path))}'
    longest = f"; the longest has about {facts.longest_tokens:,} tokens" if facts.longest_tokens else ""
    evaluation = '"epoch"' if facts.validation_path else '"no"'
    return SCRIPT.format(
        files=files,
        loader=f'"{facts.loader}"',
        limit=facts.max_tokens or TRL.usual_limit,
        note=facts.length_note(" " * 8),
        longest=longest,
        evaluation=evaluation,
        batch=facts.batch_size or TRL.usual_batch,
        epochs=facts.epochs,
    )


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
    too_long="cuts the end of the example off",
    reads_columns=True,
)
