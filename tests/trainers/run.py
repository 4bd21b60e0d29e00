"""Runs one trainer for three steps and writes down what it tokenised; started by tests/test_trainers.py.

It runs in the trainer's own environment, so it imports nothing of this project. Changed of the printed config are the
model, the device and the number of steps; every trainer here trains with the Trainer of transformers, whose `train` is
told first to write down its rows as its own collator hands them on.

    python run.py model FOLDER TEXT.jsonl TEMPLATE.jinja    makes a tiny random model with a tokenizer of that text
    python run.py KIND CONFIG ROWS.jsonl                    trains by the config: trl, dpo, axolotl or llamafactory
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

STEPS = 3
MARKS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
IGNORED = -100
PAIR = ("prompt_ids", "chosen_ids", "rejected_ids")


def make_model(folder: str, text: str, template: str) -> None:
    """Save a tokenizer trained on the lines of a file and a model with random weights."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    learn = trainers.BpeTrainer(vocab_size=1500, special_tokens=MARKS, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(Path(text).read_text(encoding="utf-8").splitlines(), learn)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token=MARKS[1], pad_token=MARKS[2])
    tokenizer.chat_template = Path(template).read_text(encoding="utf-8").removesuffix("\n")
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=16384,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def rows_of(trainer: Any) -> list[dict[str, Any]]:
    """Return every row as the trainer's collator hands it on: the text of it, and the texts it trains on.

    Of a pair, each side: the text before it, and its own, which is all trained on.
    """
    tokenizer = trainer.processing_class

    def text(ids: list[int]) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    rows = []
    for row in trainer.train_dataset:
        if "chosen_ids" in row:
            batch = trainer.data_collator([{name: row[name] for name in PAIR}])
            rows.append({side: [text(ids) for ids in parts(batch, n)] for n, side in enumerate(("chosen", "rejected"))})
            continue
        batch = trainer.data_collator([{name: value for name, value in row.items() if name != "length"}])
        kept = batch["attention_mask"][0].bool()
        ids, labels = batch["input_ids"][0][kept].tolist(), batch["labels"][0][kept].tolist()
        trained = [text(piece) for piece in pieces(ids, labels)]
        n_trained = sum(label != IGNORED for label in labels)
        rows.append({"text": text(ids), "trained": trained, "n_tokens": len(ids), "n_trained": n_trained})
    return rows


def parts(batch: Any, n: int) -> tuple[list[int], list[int]]:
    """Return the tokens of one side of a pair that are not trained on, and those that are."""
    kept = batch["attention_mask"][n].bool()
    ids, counts = batch["input_ids"][n][kept], batch["completion_mask"][n][kept].bool()
    return ids[~counts].tolist(), ids[counts].tolist()


def pieces(ids: list[int], labels: list[int]) -> list[list[int]]:
    """Return the runs of tokens that have a label."""
    found: list[list[int]] = []
    before = IGNORED
    for token, given in zip(ids, labels, strict=True):
        if given != IGNORED:
            if before == IGNORED:
                found.append([])
            found[-1].append(token)
        before = given
    return found


def watch(out: str) -> None:
    """Make every trainer write its rows down, train three steps, and say that it did."""
    from transformers import Trainer

    train = Trainer.train

    def watched(self: Any, *given: Any, **more: Any) -> Any:
        rows = rows_of(self)
        self.args.max_steps = STEPS
        done = train(self, *given, **more)
        told = {"steps": self.state.global_step, "loss": done.training_loss}
        lines = [json.dumps(each) for each in (told, *rows)]
        Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return done

    Trainer.train = watched


def run_script(config: str) -> None:
    """Run the printed Python script."""
    code = compile(Path(config).read_text(encoding="utf-8"), config, "exec")
    exec(code, {"__name__": "__main__"})


def run_axolotl(config: str) -> None:
    """Do what `axolotl train` does with a config."""
    from axolotl.cli.train import do_cli

    do_cli(config=config)


def run_llamafactory(config: str) -> None:
    """Do what `llamafactory-cli train` does with a file of settings, in the folder above it."""
    sys.modules["torchaudio"] = ModuleType("torchaudio")  # for sound alone, and its wheel needs another build of torch
    import yaml
    from llamafactory.train.tuner import run_exp

    os.chdir(Path(config).parents[1])
    run_exp(yaml.safe_load(Path(config).read_text(encoding="utf-8")))


def main(kind: str, *given: str) -> None:
    """Do what the command line says."""
    if kind == "model":
        make_model(*given)
        return
    config, out = given
    watch(out)
    {"axolotl": run_axolotl, "llamafactory": run_llamafactory}.get(kind, run_script)(config)


if __name__ == "__main__":
    main(*sys.argv[1:])
