"""The options several verbs of the command line share; those of a recipe are rows of its table of fields."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rollout_curator.recipe.fields import FIELDS, ROWS, Field, Option
from rollout_curator.recipe.spellings import Takes

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path)
COUNT, SEED = click.IntRange(1, 10**12), click.IntRange(-(2**63), 2**63 - 1)
NAMED = click.Path()
"""A file, a folder, a glob or a built-in name, as it was typed. Whatever can name a file is of one of these types:
`tests/files/test_doors.py` tries every one of them with files that are none."""
TYPES: dict[Takes, Any] = {"text": str, "number": float, "count": COUNT, "seed": SEED, "place": NAMED}


class Folder(click.Path):
    """A folder; what is there and is none is refused before anything is done."""

    def __init__(self, *, may_lack: bool = False) -> None:
        """Take a folder that exists, or one that is to be created."""
        super().__init__(path_type=Path)
        self.may_lack = may_lack

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path of a folder."""
        there = os.path.lexists(value)
        if not os.path.isdir(value) and (there or not self.may_lack or not value):  # Path takes "" for "."
            lacks = f"{value or 'an empty name'}: folder does not exist; create it first"
            self.fail(f"{value} is not a folder; choose a folder" if there else lacks, param, ctx)
        return super().convert(value, param, ctx)


FOLDER = Folder()


def together(*several: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return several options as one decorator, listed in the order given."""

    def add(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return add


def options_of(row: Field) -> Callable[[Command], Command]:
    """Return the options of a field of the recipe."""
    return together(*map(_option, row.options))


def _option(one: Option) -> Callable[[Any], Any]:
    if "/" in one.flag:
        return click.option(one.flag, default=None, help=one.help)
    kind = TYPES[one.takes]
    names = (one.flag, one.alias) if one.alias else (one.flag,)
    return click.option(*names, one.name, metavar=one.metavar, multiple=one.many, type=kind, help=one.help)


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object only.")
paths = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=NAMED)
cache = click.option("--cache-dir", type=Folder(may_lack=True), help="Index cache folder; safe to delete.")
decisions = click.option(
    "--decisions", type=FILE, help="Review store; default: the curation.sqlite beside or above the files."
)
recipe_file = click.option("--recipe", type=FILE, help="Recipe (TOML) or, for export, a manifest. Options override it.")
pairs = options_of(ROWS["pairs"])
files = together(
    *(options_of(row) for row in FIELDS if row.of_files),
    click.option(
        "--card",
        type=NAMED,
        default="",
        help="Also write a dataset card with this name (e.g. README.md) next to the file.",
    ),
    click.option(
        "--report",
        "account",
        type=NAMED,
        default="",
        help="Also write the outcome of every rollout to a .jsonl file with this name next to the file.",
    ),
)
overwrite = click.option(
    "--overwrite", is_flag=True, help="Also overwrite files of other programs, and exports that were changed."
)
training = together(
    click.option(
        "--batch-size",
        type=COUNT,
        help="Global batch size, for the training cost and the config; default: the trainer's.",
    ),
    click.option("--epochs", type=COUNT, help="Number of epochs, for the training cost and the config; default: 1."),
)
cost = together(
    click.option("--max-length", type=COUNT, help="Max length in tokens; shows the training cost."),
    training,
)
selection = together(recipe_file, *(options_of(row) for row in FIELDS if not row.of_files))
