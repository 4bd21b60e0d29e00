"""The command line that writes the same files as the app."""

import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import orjson

from rollout_curator.pairs import Pairs
from rollout_curator.recipe import Recipe
from rollout_curator.splits import Split
from rollout_curator.workspace import Workspace


def command_line(workspace: Workspace, recipe: Recipe, out: Path, card: str = "") -> str:
    """Return the command that writes the same files."""
    words = ["rollout-curator", "export", *(str(source.path) for source in workspace.sources), "--out", str(out)]
    words += ["--target", recipe.target]
    if recipe.format:
        words += ["--format", recipe.format]
    if recipe.min_reward is not None:
        words += ["--min-reward", repr(recipe.min_reward)]
    for step in recipe.strategies:
        parameters = orjson.dumps(step.parameters).decode() if step.parameters else ""
        words += ["--strategy", f"{step.name} {parameters}".strip()]
    words += ["--as", recipe.kind] if recipe.kind != "jsonl" else []
    for flag, asked in (("--split", recipe.split), ("--pairs", recipe.pairs)):
        words += [word for name, value in _differing(asked) for word in (flag, f"{name}={value}")]
    for name, value in recipe.options.items():
        words += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    for flag, names in (("--keep", recipe.keep), ("--drop", recipe.drop), ("--metadata", recipe.metadata)):
        for name in names:
            words += [flag, name]
    words += ["--card", card] if card else []
    if workspace.decisions is not None:
        words += ["--decisions", str(workspace.decisions.path)]
    return shlex.join(words)


def _differing(asked: Split | Pairs | None) -> Iterator[tuple[str, str]]:
    """Yield the first setting and every other that is not the usual one, as the command line takes them."""
    if asked is None:
        return
    usual = type(asked)()
    for n, column in enumerate(fields(asked)):
        value = getattr(asked, column.name)
        if n == 0 or value != getattr(usual, column.name):
            yield (
                column.name,
                "+".join(value)
                if isinstance(value, tuple)
                else f"{value:g}"
                if isinstance(value, float) and value.is_integer()
                else str(value),
            )
