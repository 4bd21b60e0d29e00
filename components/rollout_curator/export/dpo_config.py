"""Preference training on pairs: the config or script that runs it, and what the trainer makes of a pair.

Read in NVIDIA-NeMo/RL: `examples/configs/dpo.yaml` 00455ac0 (`dataset_name: PreferenceDataset` with one `data_path`
each; HelpSteer3 for validation unless told otherwise; 1,024 tokens, batches of 128 pairs, at most 150 steps),
`preference_dataset.py` 566c178e and `nemo_rl/data/datasets/utils.py` d9c217cc (it loads with `datasets`, by the file's
suffix, Parquet too), `nemo_rl/data/processors.py` 006a7dad (`preference_preprocessor` renders `context` and
`completion`, passes no tools, and masks a pair whose longer side is too long), `nemo_rl/data/collate_fn.py` 0406a641
(`preference_collate_fn`: only_unmask_final=True) and `nemo_rl/algorithms/dpo.py` 011caa41 (drop_last=True; it ends at
max_num_epochs or max_num_steps). A batch must be whole micro batches, of 2 pairs in dpo.yaml, on every GPU
(`nemo_rl/distributed/batched_data_dict.py`, `make_microbatch_iterator`), so a smaller one is a power of two. TRL's
trainer in trl 1.16.0: `trl/trainer/dpo_trainer.py` and `dpo_config.py`.
"""

import os

from rollout_curator.training.targets.base import ConfigFacts, fill_script, quote

NEMO_RL_HEAD = """\
# NeMo RL, preference training. Save this beside examples/configs/dpo.yaml, then:
#   uv run examples/run_dpo.py --config examples/configs/<this file>
# It loads with datasets, of which 4.7 or newer keeps tool calls as they are; older versions pad them with null keys.
defaults: dpo.yaml
"""
NEMO_RL_TOOLS = "# NeMo RL renders pairs without their tools: the model does not see the `tools` of these pairs.\n"
NEMO_RL_STEPS = """\
dpo:
  max_num_epochs: {epochs}
  # dpo.yaml ends after 150 steps, whatever the epochs: this many steps are {steps}.
  max_num_steps: {n_steps}
"""
NEMO_RL_ALONE = """\
  # No validation file: without this, dpo.yaml would validate on HelpSteer3.
  val_period: 0
  val_at_start: false
checkpointing:
  metric_name: null
"""
NEMO_RL_LENGTH = """\
policy:
  # Longer pairs are masked: raise this (dpo.yaml says 1024) until the longest side fits{longest}.
{note}  {comment}max_total_sequence_length: {limit}
"""
NEMO_RL_BATCH = """\
  # A batch that is not full is dropped: with {asked} pairs a batch these pairs would not make a single step.
  train_global_batch_size: {batch}
"""
NEMO_RL_ONE = "  train_micro_batch_size: 1\n"
BATCH = 128
USUAL_LIMIT = 1024
"""Of TRL (`trl/trainer/dpo_config.py`, max_length) and of NeMo RL (`examples/configs/dpo.yaml`) alike."""
SCRIPT = """\
# TRL 1.16 or newer with datasets 4.7 or newer. Save as train_dpo.py, then: accelerate launch train_dpo.py
from datasets import load_dataset
from trl import DPOConfig, DPOTrainer

MODEL = "Qwen/Qwen3-0.6B"  # yours

# Each file by itself: loaded together, datasets stops where validation has columns or calls that training has not.
files = {{{files}}}
pairs = {{name: load_dataset({loader}, data_files=path, split="train") for name, path in files.items()}}
trainer = DPOTrainer(
    model=MODEL,
    train_dataset=pairs["train"],
    eval_dataset=pairs.get("validation"),
    args=DPOConfig(
        output_dir="dpo",
{note}        max_length={limit},  # prompt and one side; what is longer is cut at the end{longest}
        # ld_alpha=0.5,  # counts what the longer side has beyond the length of the shorter one for less
        num_train_epochs={epochs},
        eval_strategy={evaluation},
    ),
)
trainer.train()
"""
SAYS = {
    "trl": (
        "TRL's DPO compares all that follows the prompt, side by side: every token counts, tool results and user turns "
        "too, without assistant_only_loss. What both sides begin with is therefore in the prompt.",
        "Log probabilities are summed over a side, so its length counts: choose pairs of like length, or set ld_alpha.",
        "Pairs longer than max_length are truncated at the end, and a pair whose prompt alone is as long is skipped. "
        "Default: 1,024 tokens.",
        "The model sees the tools of an example, and calls as the chat template writes them.",
        "Prompt, and prompt with side, are rendered separately; where the template then renders the prompt "
        "differently, "
        "the side begins where the two differ, and TRL warns once.",
        "Rollouts with answers marked as not to be trained are in no pair.",
        "Load with datasets 4.7 or newer: older versions pad arguments with nulls or fail.",
    ),
    "nemo_rl": (
        "NeMo RL's DPO trains on the last message of each side alone; earlier answers, tool results and user turns are "
        "context.",
        "It renders pairs without their tools: the model does not see them.",
        "A pair whose longer side has more than max_total_sequence_length tokens trains nothing, with a warning; "
        "the default in dpo.yaml is 1,024.",
        "A last batch that is not full is dropped: fewer pairs than policy.train_global_batch_size, 128 in dpo.yaml, "
        "do not make a single step. dpo.yaml ends after 150 steps; the exported config takes "
        "one epoch, or as many as were asked for.",
        "Rollouts with answers marked as not to be trained are in no pair.",
        "Load with datasets 4.7 or newer: older versions pad tool calls with null keys.",
    ),
}
"""What a trainer does with pairs that its user may not expect, by the format of a pair."""


def preference_config(style: str, facts: ConfigFacts) -> str:
    """Return what trains on written pairs: a script for TRL, a config for NeMo RL."""
    return _nemo_rl(facts) if style == "nemo_rl" else fill_script(SCRIPT, facts, USUAL_LIMIT, indent=8)


def _nemo_rl(facts: ConfigFacts) -> str:
    longest = f" (here about {facts.longest_tokens:,} tokens)" if facts.longest_tokens else ""
    lines = [NEMO_RL_HEAD, NEMO_RL_TOOLS if facts.has_tools else "", "data:\n", "  train:\n", _dataset(facts.path)]
    lines += ["  validation:\n", _dataset(facts.validation_path)] if facts.validation_path else ["  validation: null\n"]
    comment = "" if facts.max_tokens else "# "
    limit = facts.max_tokens or facts.fits_all or USUAL_LIMIT
    note = facts.length_note("  ")
    lines += [NEMO_RL_LENGTH.format(longest=longest, note=note, comment=comment, limit=limit)]
    batch, told = _batch(facts)
    lines.append(told)
    n_steps, epochs = (facts.rows or 0) // batch, facts.epochs
    times = "one epoch" if epochs == 1 else f"each of {epochs} epochs"
    steps = f"the {n_steps * batch:,} pairs of {times} that fill batches of {batch}"
    if n_steps:
        lines.append(NEMO_RL_STEPS.format(steps=steps, n_steps=n_steps * epochs, epochs=epochs))
    else:
        lines.append(f"dpo:\n  max_num_epochs: {epochs}\n")
    return "".join([*lines, "" if facts.validation_path else NEMO_RL_ALONE])


def _batch(facts: ConfigFacts) -> tuple[int, str]:
    """Return the pairs of a batch, and the lines that ask for them: no more than there are, and whole micro batches."""
    asked, rows = facts.batch_size or BATCH, facts.rows or 0
    if not 0 < rows < asked:
        return asked, "" if asked == BATCH else f"  train_global_batch_size: {asked}\n"
    batch = 1 << (rows.bit_length() - 1)
    return batch, NEMO_RL_BATCH.format(batch=batch, asked=asked) + (NEMO_RL_ONE if batch == 1 else "")


def _dataset(path: str) -> str:
    escaped = os.path.abspath(path).replace("${", "\\${")
    return f"    dataset_name: PreferenceDataset\n    data_path: {quote(escaped)}\n"
