"""The options several verbs of the command line share, each with the words `--help` shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path)


def together(*several: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return several options as one decorator, listed in the order given."""

    def add(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return add


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
paths = click.argument("paths", metavar="PATH...", nargs=-1, required=True)
cache = click.option("--cache-dir", type=FILE, help="Where indexes are kept; safe to delete at any time.")
decisions = click.option(
    "--decisions", type=FILE, help="Review store; default: curation.sqlite in the folder that is opened."
)
recipe_file = click.option("--recipe", type=FILE, help="Recipe in TOML; options given here go before it.")
selection = together(
    recipe_file,
    click.option("--min-reward", type=float, help="Keep rollouts with this reward or more."),
    click.option(
        "--strategy",
        "strategies",
        metavar="NAME {JSON}",
        multiple=True,
        help="A rule after the threshold, such as 'best_of_n {\"n\": 2}'; several stack in this order.",
    ),
    click.option("--target", help="Trainer the file is for: nemo_rl (default) or gym."),
    click.option("--format", help="chat keeps tools and turns, flat is one answer a prompt; default: the target's."),
    click.option("--reasoning", help="drop, field or inline (chat)."),
    click.option("--arguments", help="Tool call arguments as object or string (chat)."),
    click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="Any other conversion option."),
    click.option("--keep", multiple=True, help="An issue that by default keeps a rollout out: keep it."),
    click.option("--drop", multiple=True, help="An issue that by default only informs: drop it."),
    click.option("--metadata", multiple=True, help="Extra column: reward, source, line, task, agent or key."),
)
