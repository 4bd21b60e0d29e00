"""The trainer's config for what was written: the target's own for examples, that of preference training for pairs.

Read in NVIDIA-NeMo/RL: `examples/configs/dpo.yaml` 00455ac0 (`dataset_name: PreferenceDataset` with one `data_path`
each; HelpSteer3 for validation unless told otherwise; 1,024 tokens), `preference_dataset.py` 566c178e and
`nemo_rl/data/datasets/utils.py` d9c217cc (it loads with `datasets`, by the file's suffix, Parquet too), and
`nemo_rl/data/processors.py` (the preference processor renders `context` and `completion` and passes no tools). TRL's
trainer as in docs/source/dpo_trainer.md of huggingface/trl.
"""

import os

from rollout_curator.pairs import format_of
from rollout_curator.plan import Plan
from rollout_curator.recipe import Recipe
from rollout_curator.targets.base import ConfigFacts, quote

NEMO_RL_HEAD = """\
# NeMo RL, preference training. Save this beside examples/configs/dpo.yaml, then:
#   uv run examples/run_dpo.py --config examples/configs/<this file>
# It loads with datasets, of which 4.7 or newer keeps tool calls as they are; older ones add keys they never had.
defaults: dpo.yaml
"""
NEMO_RL_TOOLS = "# NeMo RL renders pairs without their tools: the `tools` of these rows are not shown to the model.\n"
NEMO_RL_ALONE = """\
dpo:
  # There is no validation file: without this, dpo.yaml would validate on HelpSteer3.
  val_period: 0
  val_at_start: false
checkpointing:
  metric_name: null
"""
LENGTH = """\
policy:
  # Longer pairs are masked: raise this (dpo.yaml says 1024) until the longest side fits{longest}.
  # max_total_sequence_length: 8192
"""
PARQUET = {
    "nemo_rl": "# NeMo RL's openai_format reads JSON Lines: export as jsonl to train. This file is for the hub.\n",
    "unsloth": "# The script for Unsloth reads JSON Lines: export as jsonl to have it. This file is for the hub.\n",
    "openai": "# OpenAI takes JSON Lines: export as jsonl to train there. This file is for the hub.\n",
}
"""What stands where a trainer's own config does not read Parquet."""


def config_of(recipe: Recipe, plan: Plan, facts: ConfigFacts) -> str:
    """Return the config that loads the written files."""
    if recipe.kind == "parquet" and recipe.target in PARQUET and recipe.pairs is None:
        return PARQUET[recipe.target] + _datasets(facts)
    if recipe.pairs is None:
        return plan.target.config(facts)
    if format_of(recipe.pairs, recipe.target) == "nemo_rl":
        return _nemo_rl(facts)
    return _datasets(facts) + "trainer = DPOTrainer(model=model, args=args, train_dataset=data['train'])\n"


def _nemo_rl(facts: ConfigFacts) -> str:
    longest = f" (here about {facts.longest_tokens:,} tokens)" if facts.longest_tokens else ""
    lines = [NEMO_RL_HEAD, NEMO_RL_TOOLS if facts.has_tools else "", "data:\n", "  train:\n", _dataset(facts.path)]
    lines += ["  validation:\n", _dataset(facts.validation_path)] if facts.validation_path else ["  validation: null\n"]
    lines += [LENGTH.format(longest=longest)]
    return "".join([*lines, "" if facts.validation_path else NEMO_RL_ALONE])


def _dataset(path: str) -> str:
    escaped = os.path.abspath(path).replace("${", "\\${")
    return f"    dataset_name: PreferenceDataset\n    data_path: {quote(escaped)}\n"


def _datasets(facts: ConfigFacts) -> str:
    """Return how Python loads the files with `datasets`."""
    files = {"train": os.path.abspath(facts.path)}
    if facts.validation_path:
        files["validation"] = os.path.abspath(facts.validation_path)
    call = f"load_dataset({facts.loader!r}, data_files={files!r})"
    return f"from datasets import load_dataset  # 4.7 or newer\ndata = {call}\n"
