"""LLaMA-Factory: supervised fine-tuning with `formatting: openai`.

Read in the wheel llamafactory 0.9.5: `llamafactory/data/converter.py` (OpenAIDatasetConverter: a system message only
at the beginning, results of tools in a row become one, then user or tool and assistant or call must take turns and be
even in number, else the example is emptied with a warning; beside tool calls the text is dropped; without tools
"detailed thinking off" is added to the system message), `formatter.py` (FunctionFormatter: arguments are encoded with
json.dumps, so text is encoded twice), `parser.py` (dataset_info.json), `processor/supervised.py` and
`hparams/data_args.py` (cutoff_len 2048). Tools may be JSON text; as lists they would become one table of types.
"""

import json
from collections.abc import Mapping
from typing import Any

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Judged, Target, absolute

ROLES = ("user", "assistant", "tool", "system")
SAYS = (
    "It has chat templates of its own (the setting template), so the trainer's view here cannot show its text.",
    "An example whose turns do not alternate, user or tool then assistant, is passed over with a line in the log.",
    'Where an example has no tools, "detailed thinking off" is added to its system message.',
    "Text beside tool calls is dropped, and inline reasoning with it.",
    "Several results in a row become one message.",
    "Every answer is trained on, also those that stood in the prompt; mask_history: true trains on the last one only.",
    "Examples longer than cutoff_len are cut at the end, and answers with them; its own limit is 2,048 tokens.",
    "Arguments are objects, because text is encoded a second time; load with datasets 4.7 or newer, though 0.9.5 asks "
    "for 4.0.0 or older: those fill them with nulls, make dates of texts that look like one, or stop. Newer ones round "
    "decimals in arguments to ten places and may change the last digit of shorter ones; examples with numbers beyond "
    "64 bits there are left out.",
    "Reasoning is written in the text, in <think> tags.",
    "Rollouts with answers marked as not to be trained are left out: 0.9.5 passes over marks. Kept, they have "
    "loss: false, which a pull request not released yet (10471) reads.",
)
SCRIPT = """\
# LLaMA-Factory 0.9.5 or newer. Save as train.sh, then: sh train.sh
mkdir -p curated
cat > curated/dataset_info.json <<'END_OF_INFO'
{info}
END_OF_INFO
cat > curated/sft.yaml <<'END_OF_SETTINGS'
model_name_or_path: Qwen/Qwen3-0.6B  # yours
template: qwen3  # of your model
stage: sft
do_train: true
finetuning_type: lora
dataset_dir: curated
dataset: curated
{evaluation}cutoff_len: {limit}  # longer examples are cut{longest}
output_dir: curated/out
per_device_train_batch_size: 1
gradient_accumulation_steps: {batch}  # rows a step, on one GPU
learning_rate: 0.00001
num_train_epochs: {epochs}
bf16: true
END_OF_SETTINGS
llamafactory-cli train curated/sft.yaml
"""
COLUMNS = {"messages": "messages", "tools": "tools"}
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}


def config(facts: ConfigFacts) -> str:
    """Return a shell script that writes LLaMA-Factory's two files and trains on the written one."""
    files = {"curated": facts.path} | ({"curated_validation": facts.validation_path} if facts.validation_path else {})
    entries = [f"  {json.dumps(name)}: {_entry(absolute(path))}" for name, path in files.items()]
    evaluation = "eval_dataset: curated_validation\neval_strategy: epoch\n" if facts.validation_path else ""
    longest = f"; the longest has about {facts.longest_tokens:,} tokens" if facts.longest_tokens else ""
    return SCRIPT.format(
        info="{\n" + ",\n".join(entries) + "\n}",
        evaluation=evaluation,
        limit=facts.max_tokens or LLAMAFACTORY.config_limit,
        longest=longest,
        batch=facts.batch_size or LLAMAFACTORY.usual_batch,
        epochs=facts.epochs,
    )


def _entry(path: str) -> str:
    """Return the entry of a file in dataset_info.json."""
    rest = json.dumps({"formatting": "openai", "columns": COLUMNS, "tags": TAGS})
    return f'{{"file_name": {json.dumps(path)}, {rest[1:]}'


def judge(record: Mapping[str, Any]) -> Judged | None:
    """Return why a record stops the load, or is passed over: roles it does not know, turns that do not alternate."""
    messages = record["messages"]
    first = 1 if messages and messages[0]["role"] == "system" else 0
    turns: list[tuple[int, str]] = []
    results_at: int | None = None
    for n, message in enumerate(messages[first:], start=first):
        role = message["role"]
        if role not in ROLES:
            return Judged("refused_by_trainer", f"the role {role} is not known to it", n)
        if role == "tool":
            results_at = n if results_at is None else results_at
            continue
        if results_at is not None:
            turns.append((results_at, "tool"))
            results_at = None
        turns.append((n, role))
    for place, (n, role) in enumerate(turns):
        if role == "system" or (role == "assistant") != (place % 2 == 1):
            return Judged("skipped_by_trainer", f"message {n + 1} ({role}) is out of turn", n)
    if len(turns) % 2 or not turns:
        return Judged("skipped_by_trainer", "its turns are not even in number")
    return None


LLAMAFACTORY = Target(
    name="llamafactory",
    title="LLaMA-Factory",
    format="chat",
    flat=FlatOptions(marks="loss"),
    chat=ChatOptions(reasoning="inline", think="qwen", arguments="object", tools="text", marks="loss"),
    exclude=LEFT_OUT | MEDIA | {"marked_turns"},
    exclude_invalid=True,
    says=SAYS,
    config=config,
    config_kind="shell",
    renders="itself",
    judge=judge,
    usual_is_safe=False,
    usual_limit=2048,
    too_long="cuts the end of the example off",
    reads_columns=True,
    encodes_arguments=True,
    drops_text_beside_calls=True,
)
