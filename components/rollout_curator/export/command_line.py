"""The command line that writes the same files as the app: a recipe as options, the inverse of `options`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

import orjson

from rollout_curator.index.grouping import TASK
from rollout_curator.printable import shell
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.strategies import ROLLOUTS
from rollout_curator.workspace.workspace import Workspace

NOTHING: Mapping[str, int] = MappingProxyType({})


def command_of(
    workspace: Workspace,
    recipe: Recipe,
    out: Path,
    card: str = "",
    seeds: Sequence[int] = (),
    report: str = "",
    training: Mapping[str, int] = NOTHING,
) -> str:
    """Return the command that writes the same files, with seeds also the random controls beside them.

    `training` is what is asked of the trainer's config: `batch_size` and `epochs`.
    """
    words = ["rollout-curator", "export", *(str(source.path) for source in workspace.sources), "--out", str(out)]
    words += ["--target", recipe.target]
    if recipe.format:
        words += ["--format", recipe.format]
    if recipe.min_reward is not None:
        words += ["--min-reward", repr(recipe.min_reward)]
    words += _bounds_words(recipe)
    words += ["--group-by", recipe.group_by] if recipe.group_by != TASK else []
    for step in recipe.strategies:
        parameters = orjson.dumps(step.parameters).decode() if step.parameters else ""
        words += ["--strategy", f"{step.name} {parameters}".strip()]
    words += ["--threshold-last"] if recipe.threshold_last else []
    words += ["--as", recipe.kind] if recipe.kind != "jsonl" else []
    for flag, asked in (("--split", recipe.split), ("--pairs", recipe.pairs)):
        words += [word for name, value in _differing(asked) for word in (flag, f"{name}={value}")]
    for name, value in recipe.options.items():
        words += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    words += ["--template", orjson.dumps(recipe.template).decode()] if recipe.template else []
    words += ["--max-tokens", str(recipe.max_tokens)] if recipe.max_tokens is not None else []
    lists = {"keep": recipe.keep, "drop": recipe.drop, "trim": recipe.trim, "metadata": recipe.metadata}
    lists["harmless"] = recipe.harmless
    for flag, names in ((f"--{name}", names) for name, names in lists.items()):
        for name in names:
            words += [flag, name]
    words += ["--card", card] if card else []
    words += ["--report", report] if report else []
    words += [word for name, n in training.items() for word in (f"--{name.replace('_', '-')}", str(n))]
    words += [word for seed in seeds for word in ("--with-control", str(seed))]
    if workspace.decisions is not None:
        words += ["--decisions", str(workspace.decisions.path)]
    return shell(words)


def _bounds_words(recipe: Recipe) -> list[str]:
    """Return the options that say which rollouts may stay, beside the lower bound and the strategies."""
    words = ["--max-reward", repr(recipe.max_reward)] if recipe.max_reward is not None else []
    for one in recipe.filters:
        low, high = ("" if bound is None else repr(bound) for bound in (one.at_least, one.at_most))
        words += ["--filter", f"{one.column}={_names(one.one_of) or f'{low}..{high}'}"]
    if recipe.thresholds is not None:
        for name, bound in recipe.thresholds.at_least.items():
            words += ["--threshold", f"{recipe.thresholds.by}:{name}={bound!r}"]
    words += ["--control-by", recipe.control_by] if recipe.control_by != ROLLOUTS else []
    return words if recipe.control is None else [*words, "--control", str(recipe.control)]


def _names(names: Sequence[str]) -> str:
    """Return names as `--filter` takes them: with commas between, or as JSON where that would say something else."""
    if any(not name or "," in name or ".." in name or name.startswith("[") for name in names):
        return orjson.dumps(list(names)).decode()
    return ",".join(names)


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
                else str(int(value))
                if isinstance(value, float) and value.is_integer()
                else str(value),
            )
