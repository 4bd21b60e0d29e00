"""The options several verbs of the command line share, with the words `--help` shows, and the recipe they make."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rollout_curator.terminal import fail

if TYPE_CHECKING:
    from rollout_curator.recipe.recipe import Recipe

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path)
COUNT, SEED = click.IntRange(1, 10**12), click.IntRange(-(2**63), 2**63 - 1)
NAMED = click.Path()
"""A file, a folder, a glob or a built-in name, as it was typed. Whatever can name a file is of one of these types:
`tests/files/test_doors.py` tries every one of them with files that are none."""


class Folder(click.Path):
    """A folder; what is there and is none is refused before anything is done."""

    def __init__(self, *, may_lack: bool = False) -> None:
        """Take a folder that is there, or one that is made where it lacks."""
        super().__init__(path_type=Path)
        self.may_lack = may_lack

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path of a folder."""
        there = os.path.lexists(value)
        if not os.path.isdir(value) and (there or not self.may_lack or not value):  # Path takes "" for "."
            lacks = f"{value or 'an empty name'}: there is no such folder; make it first"
            self.fail(f"{value} is no folder; name one" if there else lacks, param, ctx)
        return super().convert(value, param, ctx)


FOLDER = Folder()


def together(*several: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return several options as one decorator, listed in the order given."""

    def add(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return add


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
paths = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=NAMED)
cache = click.option("--cache-dir", type=Folder(may_lack=True), help="Where indexes are kept; safe to delete.")
decisions = click.option(
    "--decisions", type=FILE, help="Review store; default: the curation.sqlite beside or above the files."
)
recipe_file = click.option("--recipe", type=FILE, help="Recipe in TOML, or for export a manifest; options go first.")
pairs = click.option(
    "--pairs",
    metavar="NAME=VALUE",
    multiple=True,
    help="Pairs for DPO: rule=best_worst, margin, closest_length or chosen; margin=0.5, at_most, max_length_ratio=1.5, "
    "other_turns=leave_out, format=trl or nemo_rl.",
)
files = together(
    click.option("--as", "kind", help="Kind of file: jsonl (default) or parquet."),
    click.option(
        "--split",
        metavar="NAME=VALUE",
        multiple=True,
        help="Files that share no task or prompt: validation=0.1 (a share) or 200 (a count), test, "
        "by=task+prompt+near, near=0.8, seed.",
    ),
    pairs,
    click.option(
        "--card", type=NAMED, default="", help="Write a data card too: a name such as README.md, beside the file."
    ),
    click.option(
        "--report",
        "account",
        type=NAMED,
        default="",
        help="Write what became of every rollout too: a .jsonl file beside the file.",
    ),
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace files of others, and ours that were changed, too.")
training = together(
    click.option(
        "--batch-size",
        type=COUNT,
        help="Rows a step, for the cost and the config; else the trainer's usual.",
    ),
    click.option("--epochs", type=COUNT, help="Times over all rows, for the cost and the config; else 1."),
)
cost = together(
    click.option("--max-length", type=COUNT, help="Tokens a trainer takes of a row; shows the cost."),
    training,
)
selection = together(
    recipe_file,
    click.option("--min-reward", type=float, help="Keep rollouts with this reward or more."),
    click.option("--max-reward", type=float, help="Keep rollouts with this reward or less."),
    click.option(
        "--filter",
        "filters",
        metavar="COLUMN=LOW..HIGH",
        multiple=True,
        help="Keep a range of any number, such as n_turns=..12, or named ones: agent=swe,math. May be repeated.",
    ),
    click.option(
        "--threshold",
        "thresholds",
        metavar="agent:NAME=X",
        multiple=True,
        help="A lower bound for one agent, source or model in place of --min-reward. May be repeated.",
    ),
    click.option(
        "--control",
        type=SEED,
        metavar="SEED",
        help="Instead of the selection, as many of each task drawn at random from all it could have kept.",
    ),
    click.option(
        "--control-by",
        metavar="rollouts|tokens",
        help="Match controls on rollouts of each task (default), or on about as many tokens from the same tasks.",
    ),
    click.option(
        "--group-by",
        metavar="task|prompt|source",
        help="What rollouts of one task have in common: agent, task name and prompt (task, the default), the prompt "
        "alone, or agent and task name in one file (source).",
    ),
    click.option(
        "--strategy",
        "strategies",
        metavar="NAME {JSON}",
        multiple=True,
        help="A rule after the threshold, such as 'best_of_n {\"n\": 2}'; several stack in this order.",
    ),
    click.option(
        "--threshold-last/--threshold-first",
        default=None,
        help="Whether the bounds of the reward come after the rules, or before them (the default).",
    ),
    click.option(
        "--target",
        help="Trainer the file is for: nemo_rl (default), trl, unsloth, axolotl, llamafactory, openai or gym.",
    ),
    click.option("--format", help="chat keeps tools and turns, flat is one answer a prompt, dpo is --pairs."),
    click.option("--reasoning", help="drop, field or inline (chat)."),
    click.option("--arguments", help="Tool call arguments as object or string (chat)."),
    click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="Any other conversion option."),
    click.option("--keep", multiple=True, help="An issue that by default keeps a rollout out: keep it."),
    click.option("--drop", multiple=True, help="An issue that by default only informs: drop it."),
    click.option("--trim", multiple=True, help="An issue: end the example on the last answer before it."),
    click.option(
        "--template",
        metavar="NAME|PATH",
        type=NAMED,
        help="Chat template to look at examples with, empty for none: built in (chatml, chatml_tools, "
        "chatml_thinking, headers, generation), a .jinja file, a tokenizer_config.json or a tokenizer's folder.",
    ),
    click.option(
        "--tokenizer", type=NAMED, metavar="PATH", help="A tokenizer.json, or its folder, to count tokens exactly."
    ),
    click.option("--max-tokens", type=COUNT, help="The trainer's limit; longer examples are left out."),
    click.option(
        "--harmless",
        multiple=True,
        help="A key that was not read, as `check` names it, but holds no conversation. May be repeated.",
    ),
    click.option("--metadata", multiple=True, help="Extra column: reward, source, line, task, agent or key."),
)


def recipe_of(paths: tuple[str, ...], **given: Any) -> "Recipe":
    """Join a recipe file with what was given on the command line, which goes first."""
    from rollout_curator.recipe import recipe as recipes

    file = given.pop("recipe")
    table: dict[str, Any] = recipes.to_table(recipes.load(file)) if file else {}
    options = dict(table.get("options", {}))
    options.update({name: given.pop(name) for name in ("reasoning", "arguments") if given[name] is not None})
    options.update(_settings(given.pop("settings")))
    given["strategies"] = tuple(map(_strategy, given["strategies"]))
    if given["format"] == "dpo":  # pairs of the target's own format
        given.update(format=None, pairs=given.get("pairs") or ("best_worst",))
    given["filters"] = tuple(map(_filter, given["filters"]))
    given["thresholds"] = _thresholds(given["thresholds"])
    given["template"] = _template(given["template"], given.pop("tokenizer"), table.get("template", {}))
    for name, first in (("split", "validation"), ("pairs", "rule")):
        if asked := given.pop(name, ()):
            given[name] = {**table.get(name, {}), **dict(_named(name, first, one) for one in asked)}
    table.update({name: value for name, value in given.items() if value not in (None, ())})
    for name in ("reasoning", "arguments"):
        table.pop(name, None)
    if paths:
        table["sources"] = paths
    return recipes.from_table({**table, "options": options}, str(file or "command line"))


def _strategy(text: str) -> dict[str, Any]:
    """Return a strategy and its parameters from `NAME {JSON}`."""
    name, _, parameters = text.partition(" ")
    found = _json(f"--strategy {text}", parameters or "{}")
    if not isinstance(found, dict):
        fail(f"--strategy {text}: the parameters are not a JSON object")
    return {**found, "name": name}


def _json(option: str, text: str) -> Any:
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(f"{option}: what follows is not JSON ({error.msg})")


def _filter(text: str) -> dict[str, Any]:
    """Return a filter from `COLUMN=LOW..HIGH` or `COLUMN=NAME,NAME`."""
    column, equals, asked = text.partition("=")
    if not equals or not asked:
        fail(f"--filter {text}: expected COLUMN=LOW..HIGH or COLUMN=NAME,NAME")
    if asked.startswith("["):
        return {"column": column, "one_of": _json(f"--filter {text}", asked)}
    low, dots, high = asked.partition("..")
    if not dots:
        return {"column": column, "one_of": asked.split(",")}
    bounds = {"at_least": low, "at_most": high}
    return {"column": column, **{name: _number("--filter", text, bound) for name, bound in bounds.items() if bound}}


def _thresholds(texts: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the thresholds of several `CLASS:NAME=X`, None for none."""
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        name, equals, bound = text.rpartition("=")
        by, colon, name = name.partition(":")
        if not equals or not colon:
            fail(f"--threshold {text}: expected agent:NAME=X, source:NAME=X or model:NAME=X")
        found.setdefault(by, {})[name] = _number("--threshold", text, bound)
    if len(found) > 1:
        fail(f"--threshold: {' and '.join(found)} are mixed; thresholds go by one of them")
    return next(({"by": by, "at_least": bounds} for by, bounds in found.items()), None)


def _number(option: str, text: str, bound: str) -> float:
    try:
        return float(bound)
    except ValueError:
        fail(f"{option} {text}: {bound!r} is no number")


def _template(given: str | None, tokenizer: str | None, before: dict[str, Any]) -> dict[str, Any] | None:
    """Return the table of a template: a name, a path, or the table itself as JSON; with a tokenizer if one is named."""
    from rollout_curator.training import templates

    if given is None and tokenizer is None:
        return None
    if given == "":
        return {}
    if given is not None and given.startswith("{"):
        made = templates.from_table(templates.parsed(given))
    elif given is not None:
        made = templates.load(given)
    elif before:
        made = templates.from_table(before)
    else:
        fail("--tokenizer: name a --template too, whose text is counted")
    return templates.to_table(templates.with_tokenizer(made, tokenizer) if tokenizer else made)


def _named(option: str, first: str, pair: str) -> tuple[str, Any]:
    """Return a setting of a split or of pairs; a value alone is that of the first one, `by` is a list joined by +."""
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = first, pair
    if name in ("rule", "format", "other_turns"):
        return name, value
    if name == "by":
        return name, value.split("+")
    try:
        return name, int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        fail(f"--{option} {pair}: expected a number after {name}=")


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            fail(f"--set {pair}: expected NAME=VALUE")
        found[name] = {"true": True, "false": False}.get(value, value)
    return found
