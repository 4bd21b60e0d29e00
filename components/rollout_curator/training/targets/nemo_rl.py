"""NeMo RL: supervised fine-tuning on `openai_format`.

Read in NVIDIA-NeMo/RL, by file and commit:
`nemo_rl/data/datasets/response_datasets/oai_format_dataset.py` 13de9e4c (the last message must be the
assistant's, by an assert; `task_name` is cut from the path and may not come out empty),
`nemo_rl/data/utils.py` 029dfa48 and `docs/guides/sft.md` (one `data.train` and one `data.validation` block each,
since pull request 1649), `examples/configs/sft.yaml` 00455ac0 (1,024 tokens, Squad for validation, and a chat template
which knows neither tools nor tool messages), `nemo_rl/utils/config.py` 017238e5 (`defaults`),
`nemo_rl/data/llm_message_utils.py` 032482d6 (`get_formatted_message_log`: every beginning of a conversation is
rendered), `nemo_rl/data/processors.py` 006a7dad (`sft_processor`: an example of max_seq_length tokens or more gets
loss_multiplier 0), `nemo_rl/algorithms/sft.py` bb38ee12 (batches of train_global_batch_size rows with drop_last, so a
last one that is not full is no step; training ends at max_num_epochs or max_num_steps, whichever comes first, and
sft.yaml has 60 steps), and issue 2116 with pull request 2515 (`use_preserving_dataset: true` stopped the load until
May 2026). `message_loss_mask`, one 0 or 1 a message and 1 on answers only, is read by the dataset at 13de9e4c
(autumn 2026) and by no version before; `sft_processor` hands it on in no version read (f8c10458, e1c91e63, 006a7dad,
main at 7ea279ab). The name `OpenAIChatDataset` in
NeMo Gym's SFT guide is not in NeMo RL's registry.
"""

from collections.abc import Mapping
from typing import Any

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.training.targets.base import LEFT_OUT, MEDIA, ConfigFacts, Judged, Target, absolute, quote
from rollout_curator.words import counted

HEAD = """\
# NeMo RL, supervised fine-tuning. Save this beside examples/configs/sft.yaml, then:
#   uv run examples/run_sft.py --config examples/configs/<this file>
# It needs NeMo RL with pull request 2515 (May 2026): before it, use_preserving_dataset: true stops the load
# with "Expected a list of Dataset objects" (issue 2116).
defaults: sft.yaml
"""

LENGTH = """\
  # Longer examples are silently masked: raise this (sft.yaml says 1024) until the longest one fits{longest}.
{note}  {comment}max_total_sequence_length: {limit}
"""

STEPS = """\
sft:
  max_num_epochs: {epochs}
  # sft.yaml stops after 60 steps; these are all: {rows}, {batch} a step, and an incomplete last batch is dropped.
  max_num_steps: {steps}
"""
BATCH = """\
  train_global_batch_size: {batch}
"""
SMALLER_BATCH = """\
  # Not {asked}: there are only {rows}, and NeMo RL drops an incomplete batch, so it would not make a single step.
  train_global_batch_size: {batch}
"""
NO_VALIDATION = """\
  # No validation file, and NeMo RL does not create one: without this, sft.yaml would validate on Squad.
  val_period: 0
  val_at_start: false
  val_at_end: false
checkpointing:
  metric_name: null
"""

SAYS = (
    "All assistant messages are trained on, including those in the prompt. In newer versions sft.only_unmask_final: "
    "true trains on the last one only.",
    "Examples with max_total_sequence_length tokens or more are fully masked, without a warning; the default in "
    "sft.yaml is 1,024 tokens.",
    "Only full batches are trained on: the examples after the last full batch are skipped in an epoch, and fewer "
    "examples than train_global_batch_size (32 in sft.yaml) train nothing. sft.yaml also stops after 60 steps; the "
    "exported config asks for all.",
    "One bad example aborts loading, so only examples that end with an assistant message are exported.",
    "Set use_preserving_dataset: true (the config does). Otherwise tools and arguments with different schemas are "
    "padded with null keys, and text that looks like JSON may become an object.",
    "The chat template in sft.yaml ignores tools and tool messages; the exported config uses the model's own.",
    "NeMo RL renders message by message. Templates that rewrite earlier turns (Qwen3 drops old thinking) produce "
    "different training text than shown here.",
    "Tool arguments are exported as objects (needed by the templates of Qwen, Nemotron, GLM and Llama; that of "
    "DeepSeek-V3 needs strings).",
    "Reasoning is omitted unless you choose to include it.",
    "Answers marked as not to be trained are exported in message_loss_mask, which the dataset of NeMo RL reads since "
    "autumn 2026 (commit 13de9e4c). Older versions train on them all the same, and so does SFT in every version "
    "examined: check whether your sft_processor passes the mask on.",
    "NeMo RL does not create a validation set; choose a split here if you want one.",
    "Examples with images, audio or video are dropped: their content is a list, and a file that mixes lists and text "
    "is misread. For a vision model keep them, and write images in the style it needs.",
)


def config(facts: ConfigFacts) -> str:
    """Return a NeMo RL config that inherits `sft.yaml` and loads the written file."""
    path, validation_path = absolute(facts.path), facts.validation_path and absolute(facts.validation_path)
    longest = f" (here about {facts.longest_tokens:,} tokens)" if facts.longest_tokens else ""
    lines = [HEAD, *map(_warn_of_hidden_folder, filter(None, (path, validation_path)))]
    lines += ["data:\n", "  train:\n", _dataset(path)]
    lines += ["  validation:\n", _dataset(validation_path)] if validation_path else ["  validation: null\n"]
    lines += ["policy:\n", _length(facts, longest)]
    batch, steps = _steps(facts)
    lines += [batch, "  tokenizer:\n", "    chat_template: default\n"]
    lines += [steps or "sft:\n", NO_VALIDATION] if not validation_path else [steps]
    return "".join(lines)


def _length(facts: ConfigFacts, longest: str) -> str:
    """Return the limit as lines: a comment where none was chosen, with a number that would hold all."""
    limit = facts.max_tokens or facts.fits_all or NEMO_RL.usual_limit
    comment = "" if facts.max_tokens else "# "
    return LENGTH.format(longest=longest, note=facts.length_note("  "), comment=comment, limit=limit)


def _steps(facts: ConfigFacts) -> tuple[str, str]:
    """Return how many rows a step has and how many steps are done, as lines; nothing where the rows are not known."""
    if not facts.rows:
        return "", ""
    asked = facts.batch_size or NEMO_RL.usual_batch
    batch = asked if asked <= facts.rows else 1 << (facts.rows.bit_length() - 1)
    rows, steps = counted(facts.rows, "example"), NEMO_RL.steps(facts.rows, batch, facts.epochs)
    told = BATCH if batch == asked else SMALLER_BATCH
    return (
        told.format(asked=asked, rows=rows, batch=batch),
        STEPS.format(epochs=facts.epochs, rows=rows, batch=batch, steps=steps),
    )


def _dataset(path: str) -> str:
    """Return the block of one file; OmegaConf reads `${` as a reference unless it is escaped."""
    return (
        "    dataset_name: openai_format\n"
        f"    data_path: {quote(path.replace('${', chr(92) + '${'))}\n"
        "    chat_key: messages\n"
        "    tool_key: tools\n"
        "    use_preserving_dataset: true\n"
    )


def judge(record: Mapping[str, Any]) -> Judged | None:
    """Return why the load stops at a record: its last message must be the assistant's."""
    messages = record["messages"]
    if messages and messages[-1]["role"] == "assistant":
        return None
    return Judged("refused_by_trainer", "the last message is not from the assistant")


def _warn_of_hidden_folder(path: str) -> str:
    """Return a comment where NeMo RL would fail on the path: when its folder's name begins with a dot."""
    if "-".join(path.split("/")[-2:]).split(".")[0]:
        return ""
    return "# Move the file first: NeMo RL fails (IndexError) when the name of a file's folder begins with a dot.\n"


NEMO_RL = Target(
    name="nemo_rl",
    title="NeMo RL",
    format="chat",
    flat=FlatOptions(marks="message_loss_mask"),
    chat=ChatOptions(reasoning="drop", arguments="object", trailing="trim", marks="message_loss_mask"),
    exclude=LEFT_OUT | MEDIA,
    exclude_invalid=True,
    says=SAYS,
    config=config,
    judge=judge,
    usual_limit=1024,
    limit_source="examples/configs/sft.yaml, policy.max_total_sequence_length",
    limit_is_too_long=True,
    overlong="masked",
    usual_batch=32,
    rounding="down",
    too_long="silently masks the whole example (no loss)",
)
