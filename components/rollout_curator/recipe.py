"""A recipe: sources, rules and export settings, as a value and as a TOML file.

The same recipe drives the app, the command line and the manifest. `plan` joins it with the defaults of its target
into what one conversion needs; `example` is the one function that preview, export and index checks call.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import tomli_w

from rollout_curator.conversation import ISSUE_WORDS, ChatOptions, FlatOptions, chat, encode, flat, issue_kind
from rollout_curator.errors import RecipeError
from rollout_curator.exports.base import get as get_kind
from rollout_curator.pairs import Pairs
from rollout_curator.pairs import read as read_pairs
from rollout_curator.rollout import Example, Rollout
from rollout_curator.splits import Split
from rollout_curator.splits import read as read_split
from rollout_curator.strategies import Step, arguments
from rollout_curator.targets.base import Target
from rollout_curator.targets.base import get as get_target

FORMATS = ("flat", "chat")
INVALID = ("masked", "truncated", "failed")
METADATA = ("reward", "source", "line", "task", "agent", "key")
_TAKEN_KEYS = ("", "role", "content", "tool_calls", "tool_call_id", "name")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which rollouts are kept and how they are written.

    `min_reward` is an inclusive bound, None keeps every valid rollout, unrated ones too. `format` empty means the
    target's own. `options` are conversion options that differ from the target's. `keep` names invalid kinds
    (masked, truncated, failed) and issues which the defaults leave out and this recipe does not; `drop` names
    further issues which keep a rollout out. `metadata` are extra columns written beside `messages`. `strategies` are
    rules that follow the threshold, in order, each applied to what the earlier ones kept. `kind` is the kind of file;
    with `split` there is one file a part, with `pairs` rows are pairs of rollouts instead of examples.
    """

    sources: tuple[str, ...] = ()
    min_reward: float | None = None
    target: str = "nemo_rl"
    format: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    strategies: tuple[Step, ...] = ()
    kind: str = "jsonl"
    split: Split | None = None
    pairs: Pairs | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides what is written for one rollout."""

    target: Target
    format: str
    flat: FlatOptions
    chat: ChatOptions
    exclude: frozenset[str]
    exclude_invalid: frozenset[str]
    metadata: tuple[str, ...]


def load(path: Path) -> Recipe:
    """Read a recipe from TOML. Raises RecipeError that names the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: the recipe cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeError(f"{path}: the recipe is not TOML ({error})") from error
    return from_table(table, str(path))


def from_table(table: Mapping[str, Any], where: str) -> Recipe:
    """Return the recipe a table holds. Raises RecipeError that says where, which key and what is expected."""
    known = {column.name for column in fields(Recipe)}
    for name in table:
        if name not in known:
            raise RecipeError(f"{where}: unknown key {name!r}; a recipe has {', '.join(sorted(known))}")
    values = dict(table)
    for name in ("target", "format", "kind"):
        if not isinstance(values.get(name, ""), str):
            raise RecipeError(f"{where}: {name} is {values[name]!r}, expected a name")
    for name in ("sources", "keep", "drop", "metadata"):
        value = values.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
            raise RecipeError(f"{where}: {name} is {value!r}, expected a list of names")
        values[name] = tuple(value)
    values["min_reward"] = _threshold(values.get("min_reward"), where)
    if not isinstance(values.get("options", {}), dict):
        raise RecipeError(f"{where}: options is {values['options']!r}, expected a table of conversion options")
    values["strategies"] = tuple(_step(step, where) for step in _list(values.get("strategies", ()), where))
    try:
        values.update(split=read_split(values.get("split")), pairs=read_pairs(values.get("pairs")))
        recipe = Recipe(**values)
        plan(recipe)
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from error
    return recipe


def _list(value: Any, where: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise RecipeError(f"{where}: strategies is {value!r}, expected [[strategies]] tables")
    return value


def _step(value: Any, where: str) -> Step:
    """Return a strategy from its table: `name`, and its parameters beside it."""
    if isinstance(value, Step):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise RecipeError(f"{where}: a strategy is {value!r}, expected a table with a name and parameters")
    return Step(value["name"], {name: given for name, given in value.items() if name != "name"})


def _threshold(value: Any, where: str) -> float | None:
    """Return the threshold as a float; whether it is finite `plan` says."""
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        raise RecipeError(f"{where}: min_reward is beyond every reward, expected a number") from None
    raise RecipeError(f"{where}: min_reward is {value!r}, expected a number")


def to_table(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain JSON and TOML values; what is None is left out."""
    table = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(recipe).items()}
    table["strategies"] = [{"name": step.name, **step.parameters} for step in recipe.strategies]
    unsaid = {"strategies": [], "kind": "jsonl"}
    return {name: value for name, value in table.items() if value is not None and unsaid.get(name) != value}


def to_toml(recipe: Recipe) -> str:
    """Return the recipe as a TOML file."""
    return tomli_w.dumps(to_table(recipe))


def plan(recipe: Recipe) -> Plan:
    """Join the recipe with its target's defaults. Raises RecipeError for an unknown name or value.

    A threshold that is not finite would keep all or nothing, and the JSON of a manifest cannot hold it.
    """
    if recipe.min_reward is not None and not math.isfinite(recipe.min_reward):
        raise RecipeError(f"min_reward is {recipe.min_reward!r}, expected a number")
    for step in recipe.strategies:
        arguments(step)
    get_kind(recipe.kind)
    target = get_target(recipe.target)
    chosen = recipe.format or target.format
    if chosen not in FORMATS:
        raise RecipeError(f"format is {chosen!r}, expected one of {', '.join(FORMATS)}")
    for name in recipe.metadata:
        if name not in METADATA:
            raise RecipeError(f"metadata names {name!r}, expected some of {', '.join(METADATA)}")
    for name in (*recipe.keep, *recipe.drop):
        if name not in ISSUE_WORDS and name not in INVALID:
            raise RecipeError(f"keep or drop names {name!r}, which is no issue; see `rollout-curator check`")
    options = dict(recipe.options)
    base = target.flat if chosen == "flat" else target.chat
    _check_options(options, base)
    exclude = (target.exclude | set(recipe.drop)) - set(recipe.keep)
    invalid = frozenset(INVALID if target.exclude_invalid else ()) | (set(INVALID) & set(recipe.drop))
    return Plan(
        target=target,
        format=chosen,
        flat=replace(target.flat, **options) if chosen == "flat" else target.flat,
        chat=replace(target.chat, **options) if chosen == "chat" else target.chat,
        exclude=frozenset(exclude - set(INVALID)),
        exclude_invalid=frozenset(invalid - set(recipe.keep)),
        metadata=recipe.metadata,
    )


def _check_options(options: Mapping[str, Any], base: FlatOptions | ChatOptions) -> None:
    hints = get_type_hints(type(base))
    for name, value in options.items():
        if name not in hints:
            raise RecipeError(f"options: there is no {name!r} here; choose from {', '.join(hints)}")
        choices = get_args(hints[name])
        if choices and value not in choices:
            raise RecipeError(f"options: {name} is {value!r}, expected one of {', '.join(map(str, choices))}")
        if not choices and not isinstance(value, hints[name]):
            raise RecipeError(f"options: {name} is {value!r}, expected {hints[name].__name__}")
        if name == "reasoning_key" and value in _TAKEN_KEYS:
            raise RecipeError(f"options: reasoning_key is {value!r}, expected a key that messages do not have yet")


def example(rollout: Rollout, plan: Plan) -> Example:
    """Return what is written for a rollout: the one function behind preview and export.

    An issue the plan excludes becomes the reason why nothing is written.
    """
    made = flat(rollout, plan.flat) if plan.format == "flat" else chat(rollout, plan.chat)
    if made.skip:
        return made
    kind = excluded_issue(made.issues, plan)
    return made if kind is None else replace(made, skip=kind)


def excluded_issue(issues: tuple[str, ...], plan: Plan) -> str | None:
    """Return the first issue that keeps an example out under this plan."""
    return next((issue_kind(issue) for issue in issues if issue_kind(issue) in plan.exclude), None)


def line(made: Example, extra: Mapping[str, Any]) -> bytes:
    """Return the exact line written for an example; `extra` are the metadata columns, the same on every row."""
    return encode({**made.record(), **extra})
