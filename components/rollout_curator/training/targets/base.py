"""What an export must know of a trainer: how its examples are made, what it does to them, how it is configured.

A target chooses options, judges records by the trainer's own rules and explains; `conversation` makes the examples,
`hazards` looks for what would do nothing or harm, and `export` writes them.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rollout_curator.conversation import EXCLUDED_BY_DEFAULT, HAZARDS, ChatOptions, FlatOptions
from rollout_curator.errors import RecipeError
from rollout_curator.registry import rows
from rollout_curator.training.templates.base import ChatTemplate

MEDIA = frozenset({"image", "audio", "video", "file"})
ONLY_INFORM = frozenset({"trained_prompt", "none_filled", "text_beside_calls"})
LEFT_OUT = EXCLUDED_BY_DEFAULT | (frozenset(HAZARDS) - ONLY_INFORM)
"""What keeps a rollout out of a file for any trainer, unless the user decides otherwise."""


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """What a config snippet tells a trainer of the written file.

    `longest_tokens` is an estimate. `max_tokens` is the limit that was chosen, None where none was. `too_long` says
    how many examples exceed the limit, empty where none does, and `fits_all` is a limit that holds them all. `rows` are
    those of the training file, None where they are not known. `batch_size` is what was asked for, None for the
    trainer's usual.
    """

    path: str
    format: str
    has_tools: bool
    validation_path: str | None = None
    longest_tokens: int | None = None
    max_tokens: int | None = None
    rows: int | None = None
    batch_size: int | None = None
    epochs: int = 1
    too_long: str = ""
    fits_all: int | None = None

    def length_note(self, indent: str = "") -> str:
        """Return a comment on the examples that exceed the limit, as a line of the config; nothing where none does."""
        if not self.too_long:
            return ""
        more = f"; {self.fits_all:,} hold all" if self.fits_all else ""
        return f"{indent}# {self.too_long}{more}.\n"

    @property
    def loader(self) -> str:
        """Return by which loader `datasets` reads the file: json or parquet."""
        return "parquet" if self.path.endswith(".parquet") else "json"


@dataclass(frozen=True, slots=True)
class Judged:
    """Why a trainer does not train on a record: `refused_by_trainer` or `skipped_by_trainer`, in words.

    `at` is the message that is to blame; an example that ends on an answer before it would be taken.
    """

    kind: Literal["refused_by_trainer", "skipped_by_trainer"]
    words: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """What a trainer renders with where a model has some chat template: that one, or its own in its place.

    Where `is_known` is false it renders with a text that is not at hand, or stops; `template` is then the model's.
    `words` tell of all that is not plain. `in_parts` says that the template gets each text as a list of one part.
    """

    template: ChatTemplate
    words: str = ""
    is_known: bool = True
    in_parts: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One trainer, with the options that are right for it.

    `exclude` names the issues that keep a rollout out, `exclude_invalid` says whether rollouts that were
    cut off, masked or failed stay out: both are defaults which a recipe may change. `says` are plain sentences
    on what the trainer will do with the file that its user may not expect. `config` is of the `config_kind`.

    `renders` says how it uses the chat template of a model: each beginning of the conversation, the whole once, or
    not at all because it has templates of its own. `trains` says what of the text is trained on: the answers as they
    are rendered, what the template marks with {% generation %}, what stands after the second of `marks` and before the
    first, or what changes when another text stands in place of an answer; "" where it is no trainer. `training` tells
    which template it renders with, None for the model's, whatever it is. `hands` returns of the messages what reaches
    that template, None where all does.

    `judge` is its own loader's rule for one record, None when it takes every record; `usual_is_safe` says that no
    record made with the usual options is judged. `too_long` says what it does with an example beyond its limit, and
    `overlong` what is left of it: its beginning is trained on (cut), it fills a place in a batch and trains nothing
    (masked), or it is gone (dropped). `usual_limit` is the trainer's default in tokens, None where it has none, which
    the config given with the file sets where no other is chosen; `limit_source` says where it stands, and
    `limit_is_fixed` that nobody can raise it. `usual_batch` rows make a step, and `rounding` says what becomes of a
    last one that is not full: it is a step of each epoch (up), none (down), or the epochs run on without a seam
    (whole). `config_sets_steps` says that the config has rows a step and epochs.
    `encodes_arguments` and `decodes_arguments` say what it does to arguments that are text before it renders them.
    `reads_columns` is true where all records become one table of Arrow types (Hugging Face `datasets`). `holds` says
    whether a line, decoded as its loader does, has what the example has; None where that is plain JSON.
    """

    name: str
    title: str
    format: str
    flat: FlatOptions
    chat: ChatOptions
    exclude: frozenset[str]
    exclude_invalid: bool
    says: tuple[str, ...]
    config: Callable[[ConfigFacts], str]
    config_kind: Literal["yaml", "python", "shell"] = "yaml"
    renders: Literal["prefixes", "whole", "itself"] = "prefixes"
    trains: Literal["answers", "generation", "between", "replaced", ""] = "answers"
    training: Callable[[ChatTemplate], Training] | None = None
    marks: tuple[str, str] = ("", "")
    hands: Callable[[list[Mapping[str, Any]], ChatTemplate], list[Mapping[str, Any]]] | None = None
    judge: Callable[[Mapping[str, Any]], Judged | None] | None = None
    usual_is_safe: bool = True
    usual_limit: int | None = None
    limit_source: str = ""
    limit_is_fixed: bool = False
    limit_is_too_long: bool = False
    too_long: str = ""
    overlong: Literal["cut", "masked", "dropped"] = "cut"
    usual_batch: int = 8
    rounding: Literal["up", "down", "whole"] = "up"
    config_sets_steps: bool = True
    reads_columns: bool = False
    refuses_mixed_content: bool = True
    trains_prompt: bool = True
    encodes_arguments: bool = False
    decodes_arguments: bool = False
    tells_text_beside_calls: bool = False
    takes_metadata: bool = True
    holds: Callable[[bytes, Mapping[str, Any]], bool] | None = None

    def is_too_long(self, n_tokens: int, limit: int) -> bool:
        """Say whether an example of so many tokens is beyond the limit of this trainer."""
        return n_tokens >= limit if self.limit_is_too_long else n_tokens > limit

    def steps(self, rows: int, batch_size: int, epochs: int) -> int:
        """Return how many steps this trainer does over so many rows."""
        if self.rounding == "down":
            return rows // batch_size * epochs
        if self.rounding == "whole":
            return -(-rows * epochs // batch_size)
        return -(-rows // batch_size) * epochs


def effective(template: ChatTemplate, target: Target) -> Training:
    """Return what a trainer renders with where a model has this template: whoever renders or counts asks here."""
    return target.training(template) if target.training else Training(template)


def targets() -> dict[str, Target]:
    """Return every trainer an export can be for, by name."""
    return rows("rollout_curator.training.targets", Target)


def get(name: str) -> Target:
    """Return the target called `name`, or raise RecipeError with the names there are."""
    if name not in targets():
        raise RecipeError(f'unknown target "{name}"; choose one of {", ".join(targets())}')
    return targets()[name]


def absolute(path: str) -> str:
    """Return a path as it holds wherever the trainer is started."""
    return os.path.abspath(path)


def fill_script(
    script: str, facts: ConfigFacts, limit: int | None, batch: int = 0, *, indent: int = 0, **more: str
) -> str:
    """Return a Python script about the written file; `limit` and `batch` are used where the recipe asks for none."""
    paths = {"train": facts.path, "validation": facts.validation_path}
    return script.format(
        files=", ".join(f'"{name}": {literal(absolute(path))}' for name, path in paths.items() if path),
        path=literal(absolute(facts.path)),
        loader=f'"{facts.loader}"',
        limit=facts.max_tokens or limit,
        note=facts.length_note(" " * indent),
        longest=f"; the longest has about {facts.longest_tokens:,} tokens" if facts.longest_tokens else "",
        evaluation='"epoch"' if facts.validation_path else '"no"',
        batch=facts.batch_size or batch,
        epochs=facts.epochs,
        **more,
    )


def quote(text: str) -> str:
    """Return `text` as a YAML double-quoted scalar that holds exactly these characters; JSON reads it too."""
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[^\x20-\x7e]", lambda match: _escape(match.group()), quoted)


def literal(text: str) -> str:
    """Return `text` as a Python literal on one line, in ASCII."""
    return ascii(text)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
