"""LLaMA-Factory: supervised fine-tuning with `formatting: sharegpt`.

Read in the wheel llamafactory 0.9.5, which asks for datasets 4.0.0 or older: `llamafactory/data/converter.py`
(SharegptDatasetConverter: a system message only at the beginning, then user or result and answer or calls must take
turns and be even in number, else the example is emptied with a warning; a file without the column `tools` stops it),
`formatter.py` (FunctionFormatter: calls are JSON text, after <think>...</think>, or between <tool_call> and
</tool_call> with any text before them), `template.py` (Llama2Template passes neither mark on), `parser.py`
(dataset_info.json), `processor/supervised.py` and `hparams/data_args.py` (cutoff_len 2048). With `formatting: openai`
arguments are objects: datasets 4.0.0 makes one struct of them all, fills it with nulls and makes dates of texts that
look like one. In ShareGPT rows every value is text, so any version loads them as they were written.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rollout_curator.conversation import ChatOptions, FlatOptions, sharegpt
from rollout_curator.training.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Judged, Target, absolute

SAYS = (
    "Uses its own chat templates (the setting template); the trainer's view here cannot show the rendered text.",
    "The file is ShareGPT: conversations of human, gpt, function_call, observation and system, with calls and tools "
    "as JSON text; every version of Hugging Face datasets loads it as written. It has no place for call ids and "
    "names: results are in the order in which they came.",
    "Examples whose turns do not alternate (user/tool, assistant) would be skipped with a log line, and are dropped.",
    "Text and reasoning beside tool calls come before them, between <tool_call> and </tool_call>, as the templates "
    "of the Qwen kind write them; those of the Llama 2 kind (gemma, mistral, ministral, pixtral) and lfm2 fail on "
    "them: drop text_beside_calls for those.",
    "Consecutive tool results are merged into one turn.",
    "Templates for reasoning models, such as qwen3, put an empty thought before answers that have none; those whose "
    "name ends in _nothink do not.",
    "All assistant messages are trained on, including those in the prompt; mask_history: true trains on the last one "
    "only.",
    "Examples longer than cutoff_len are truncated at the end (answers too). Default: 2,048 tokens.",
    "Reasoning is exported in the text, in <think> tags.",
    "Rollouts with answers marked as not to be trained are dropped: 0.9.5 ignores marks. Kept, they have loss: "
    "false, which an unreleased pull request (10471) reads.",
    "Examples with images, audio or video are dropped.",
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
{evaluation}{note}cutoff_len: {limit}  # longer examples are truncated{longest}
output_dir: curated/out
per_device_train_batch_size: 1
gradient_accumulation_steps: {batch}  # batch size, on one GPU
learning_rate: 0.00001
num_train_epochs: {epochs}
bf16: true
END_OF_SETTINGS
llamafactory-cli train curated/sft.yaml
"""
ROLES = {"user": "asked", "tool": "result", "assistant": "answer"}
COLUMNS = {"messages": "conversations", "tools": "tools"}


def config(facts: ConfigFacts) -> str:
    """Return a shell script that writes LLaMA-Factory's two files and trains on the written one."""
    files = {"curated": facts.path} | ({"curated_validation": facts.validation_path} if facts.validation_path else {})
    entries = [f"  {json.dumps(name)}: {_entry(absolute(path))}" for name, path in files.items()]
    evaluation = "eval_dataset: curated_validation\neval_strategy: epoch\n" if facts.validation_path else ""
    longest = f"; the longest has about {facts.longest_tokens:,} tokens" if facts.longest_tokens else ""
    return SCRIPT.format(
        info="{\n" + ",\n".join(entries) + "\n}",
        evaluation=evaluation,
        limit=facts.max_tokens or LLAMAFACTORY.usual_limit,
        note=facts.length_note(),
        longest=longest,
        batch=facts.batch_size or LLAMAFACTORY.usual_batch,
        epochs=facts.epochs,
    )


def _entry(path: str) -> str:
    """Return the entry of a file in dataset_info.json."""
    rest = json.dumps({"formatting": "sharegpt", "columns": COLUMNS})
    return f'{{"file_name": {json.dumps(path)}, {rest[1:]}'


def judge(record: Mapping[str, Any]) -> Judged | None:
    """Return why a record stops the run or is skipped: what is no text, marks in text, turns out of turn."""
    turns = list(_turns(record["messages"]))
    for at, role, message in turns:
        if isinstance(message["content"], list) and not sharegpt.is_text(message):
            return Judged("refused_by_trainer", f"message {at + 1} has parts that are not text", at)
        if role == "calls" and "<tool_call>" in sharegpt.text_of(message):
            return Judged("refused_by_trainer", f"message {at + 1} has the mark of a call in its text", at)
    for place, (at, role, message) in enumerate(turns):
        if role == "other" or (role in ("answer", "calls")) != (place % 2 == 1):
            return Judged("skipped_by_trainer", f"message {at + 1} ({message['role']}) breaks the turn order", at)
    if len(turns) % 2 or not turns:
        return Judged("skipped_by_trainer", "odd number of turns")
    return None


def _turns(messages: list[Mapping[str, Any]]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield the place of each turn, what it is and its message; results in a row are one turn."""
    before = ""
    for at, message in enumerate(messages):
        role = ROLES.get(message["role"], "other")
        role = "calls" if role == "answer" and message.get("tool_calls") else role
        if not (role == "result" == before or (at == 0 and message["role"] == "system")):
            yield at, role, message
        before = role


def holds(line: bytes, record: Mapping[str, Any]) -> bool:
    """Say whether a line, decoded as its converter and formatter do, says what the record says. Raises ValueError."""
    return sharegpt.says_the_same(json.loads(line), record)


LLAMAFACTORY = Target(
    name="llamafactory",
    title="LLaMA-Factory",
    format="chat",
    flat=FlatOptions(marks="loss", layout="sharegpt"),
    chat=ChatOptions(
        reasoning="inline",
        think="qwen",
        arguments="object",
        tools="text",
        marks="loss",
        names="drop",
        layout="sharegpt",
    ),
    exclude=LEFT_OUT | MEDIA | {"marked_turns"},
    exclude_invalid=True,
    says=SAYS,
    config=config,
    config_kind="shell",
    renders="itself",
    judge=judge,
    usual_is_safe=False,
    usual_limit=2048,
    limit_source="llamafactory/hparams/data_args.py, cutoff_len",
    too_long="truncates the example at the end",
    reads_columns=True,
    encodes_arguments=True,
    tells_text_beside_calls=True,
    holds=holds,
)
