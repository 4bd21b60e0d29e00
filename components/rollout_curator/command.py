"""The command that does the same as an export in the app: a recipe as options of the command line.

The inverse of `cli_options.recipe_of`.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

import orjson

from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace


def command_line(workspace: Workspace, recipe: Recipe, out: Path) -> str:
    """Return the command that writes the same file."""
    words = ["rollout-curator", "export", *(str(source.path) for source in workspace.sources), "--out", str(out)]
    words += ["--target", recipe.target]
    if recipe.format:
        words += ["--format", recipe.format]
    if recipe.min_reward is not None:
        words += ["--min-reward", repr(recipe.min_reward)]
    words += _bounds_words(recipe)
    for step in recipe.strategies:
        parameters = orjson.dumps(step.parameters).decode() if step.parameters else ""
        words += ["--strategy", f"{step.name} {parameters}".strip()]
    for name, value in recipe.options.items():
        words += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    words += ["--template", orjson.dumps(recipe.template).decode()] if recipe.template else []
    words += ["--max-tokens", str(recipe.max_tokens)] if recipe.max_tokens is not None else []
    lists = {"keep": recipe.keep, "drop": recipe.drop, "trim": recipe.trim, "metadata": recipe.metadata}
    for flag, names in ((f"--{name}", names) for name, names in lists.items()):
        for name in names:
            words += [flag, name]
    if workspace.decisions is not None:
        words += ["--decisions", str(workspace.decisions.path)]
    return shlex.join(words)


def _bounds_words(recipe: Recipe) -> list[str]:
    """Return the options that say which rollouts may stay, beside the lower bound and the strategies."""
    words = ["--max-reward", repr(recipe.max_reward)] if recipe.max_reward is not None else []
    for one in recipe.filters:
        low, high = ("" if bound is None else repr(bound) for bound in (one.at_least, one.at_most))
        words += ["--filter", f"{one.column}={_names(one.one_of) or f'{low}..{high}'}"]
    if recipe.thresholds is not None:
        for name, bound in recipe.thresholds.at_least.items():
            words += ["--threshold", f"{recipe.thresholds.by}:{name}={bound!r}"]
    return words if recipe.control is None else [*words, "--control", str(recipe.control)]


def _names(names: Sequence[str]) -> str:
    """Return names as `--filter` takes them: with commas between, or as JSON where a name has some of its own."""
    if any("," in name or ".." in name or name.startswith("[") for name in names):
        return orjson.dumps(list(names)).decode()
    return ",".join(names)
