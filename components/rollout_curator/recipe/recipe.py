"""A recipe: sources, rules and export settings, as a value and as a TOML file.

The same recipe drives the app, the command line and the manifest. `plan` joins it with the defaults of its target
into what one conversion needs; `example` is what becomes of a rollout, `training_line` how that is written.
What happens to an example with an issue stands in three lists of names: `keep` it, `drop` it, or `trim` it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli_w

from rollout_curator.conversation import HAZARDS, UNLOADABLE, to_chat, to_flat
from rollout_curator.conversation.datasets_issues import loading_issues
from rollout_curator.errors import RecipeError, TemplateError
from rollout_curator.files.named_files import Door
from rollout_curator.files.path_access import ANYWHERE, Reach
from rollout_curator.index import grouping
from rollout_curator.recipe.checks import INVALID, by_lists, check_lists, check_options, template_of
from rollout_curator.recipe.plan import Plan
from rollout_curator.rollout import Example, Rollout
from rollout_curator.selection.filters import Filter, Thresholds, check_bounds, filter_table, read_bounds
from rollout_curator.selection.pairs.pairing import Pairs, format_of
from rollout_curator.selection.pairs.pairing import read as read_pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.splits.split import read as read_split
from rollout_curator.selection.strategies import MATCHED, ROLLOUTS, Step, arguments, reads_examples
from rollout_curator.training import templates
from rollout_curator.training.file_types.base import get as get_kind
from rollout_curator.training.hazards import Look, looked
from rollout_curator.training.targets.base import get as get_target

DOOR = Door("the recipe", RecipeError, 8 << 20)
FORMATS = ("flat", "chat")
METADATA = ("reward", "source", "line", "task", "agent", "key")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which rollouts are kept and how they are written.

    `min_reward` and `max_reward` are inclusive bounds; without one every valid rollout stays, unrated ones too.
    `thresholds` take the place of both for the agents, sources or models they name; `filters` are bounds on anything
    else. `control` is the seed of a matched random control: as many rollouts of each task as the rest of the recipe
    keeps, or as many tokens with that in `control_by`, drawn from all it could have kept. `format` empty means the
    target's own. `options` are conversion options that differ from the target's. `keep` names invalid kinds (masked,
    truncated, failed) and issues which the defaults leave out and this recipe does not; `drop` names further issues
    which keep a rollout out; `trim` names issues at whose first place an example ends, on the last answer before.
    `template` is the chat template examples are looked at with, a table as `templates.to_table` makes it (in TOML also
    a name or a path), and `max_tokens` the limit of the trainer. `metadata` are extra columns written beside
    `messages`. `strategies` are rules in order, each applied to what the earlier ones kept; they follow the bounds of
    the reward, or go before them with `threshold_last`. A rule on tasks judges by all valid rated attempts, wherever it
    stands. `kind` is the kind of file; with `split` there is one file a part, with `pairs` rows are pairs of rollouts
    instead of examples. `harmless` names keys of the data, as `unread_content` does, that hold no conversation.
    `group_by` names what rollouts of one task have in common, by a rule of `grouping`.
    """

    sources: tuple[str, ...] = ()
    min_reward: float | None = None
    target: str = "nemo_rl"
    format: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    trim: tuple[str, ...] = ()
    template: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int | None = None
    metadata: tuple[str, ...] = ()
    strategies: tuple[Step, ...] = ()
    max_reward: float | None = None
    filters: tuple[Filter, ...] = ()
    thresholds: Thresholds | None = None
    control: int | None = None
    kind: str = "jsonl"
    split: Split | None = None
    pairs: Pairs | None = None
    harmless: tuple[str, ...] = ()
    group_by: str = grouping.TASK
    control_by: str = ROLLOUTS
    threshold_last: bool = False


def load(path: Path) -> Recipe:
    """Read a recipe from TOML. Raises RecipeError that names the key."""
    return from_table(DOOR.toml(path), str(path))


def from_table(table: Mapping[str, Any], where: str, *, reach: Reach = ANYWHERE) -> Recipe:
    """Return the recipe a table holds; the files it names are opened within the reach.

    Raises RecipeError that says where, which key and what is expected.
    """
    known = {column.name for column in fields(Recipe)}
    for name in table:
        if name not in known:
            raise RecipeError(f"{where}: unknown key {name!r}; a recipe has {', '.join(sorted(known))}")
    values = dict(table)
    for name in ("target", "format", "kind", "group_by", "control_by"):
        if not isinstance(values.get(name, ""), str):
            raise RecipeError(f"{where}: {name} is {values[name]!r}, expected a name")
    for name in ("sources", "keep", "drop", "trim", "metadata", "harmless"):
        value = values.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
            raise RecipeError(f"{where}: {name} is {value!r}, expected a list of names")
        values[name] = tuple(value)
    if not isinstance(values.get("threshold_last", False), bool):
        raise RecipeError(f"{where}: threshold_last is {values['threshold_last']!r}, expected true or false")
    values.update(read_bounds(values, where))
    values["template"] = _template(values.get("template", {}), where, reach)
    limit = values.get("max_tokens")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise RecipeError(f"{where}: max_tokens is {limit!r}, expected a number of tokens")
    if not isinstance(values.get("options", {}), dict):
        raise RecipeError(f"{where}: options is {values['options']!r}, expected a table of conversion options")
    values["strategies"] = tuple(_step(step, where) for step in _list(values.get("strategies", ()), where))
    try:
        values.update(split=read_split(values.get("split")), pairs=read_pairs(values.get("pairs")))
        recipe = Recipe(**values)
        plan(recipe)
    except (RecipeError, TemplateError) as error:
        raise RecipeError(f"{where}: {error}") from error
    return recipe


def _template(value: Any, where: str, reach: Reach) -> Mapping[str, Any]:
    """Return a template's table from a table, a built-in name or a path; a tokenizer's hash is that of its file now."""
    if not isinstance(value, str | Mapping):
        raise RecipeError(f"{where}: template is {value!r}, expected a name, a path or a table")
    try:
        if isinstance(value, str):
            return templates.to_table(templates.load(value, reach=reach)) if value else {}
        has_tokenizer = bool(value.get("tokenizer"))
        return templates.to_table(templates.from_table(value, reach=reach)) if has_tokenizer else dict(value)
    except TemplateError as error:
        raise RecipeError(f"{where}: {error}") from error


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


def to_table(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain JSON and TOML values; what is None is left out."""
    table = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(recipe).items()}
    table["strategies"] = [{"name": step.name, **step.parameters} for step in recipe.strategies]
    table["filters"] = [filter_table(one) for one in recipe.filters]
    unsaid: dict[str, Any] = {"strategies": [], "filters": [], "trim": [], "template": {}, "kind": "jsonl"}
    unsaid |= {"harmless": [], "group_by": "task", "control_by": ROLLOUTS, "threshold_last": False}
    return {name: value for name, value in table.items() if value is not None and unsaid.get(name) != value}


def to_toml(recipe: Recipe) -> str:
    """Return the recipe as a TOML file; what is empty is left out."""
    return tomli_w.dumps({name: value for name, value in to_table(recipe).items() if value not in ("", [], {})})


def plan(recipe: Recipe) -> Plan:
    """Join the recipe with its target's defaults. Raises RecipeError for an unknown name or value.

    A threshold that is not finite would keep all or nothing, and the JSON of a manifest cannot hold it.
    """
    check_bounds(recipe.min_reward, recipe.max_reward, recipe.filters, recipe.thresholds)
    for step in recipe.strategies:
        arguments(step)
    get_kind(recipe.kind)
    grouping.check(recipe.group_by)
    if recipe.control_by not in MATCHED:
        raise RecipeError(f"control_by is {recipe.control_by!r}, expected one of {', '.join(MATCHED)}")
    target = get_target(recipe.target)
    chosen = recipe.format or target.format
    if chosen not in FORMATS:
        raise RecipeError(f"format is {chosen!r}, expected one of {', '.join(FORMATS)}")
    for name in recipe.metadata:
        if name not in METADATA:
            raise RecipeError(f"metadata names {name!r}, expected some of {', '.join(METADATA)}")
    if recipe.metadata and not target.takes_metadata:
        raise RecipeError(f"metadata: {target.title} refuses a file with extra columns; leave them out")
    check_lists(recipe.keep, recipe.drop, recipe.trim)
    options = dict(recipe.options)
    base = target.flat if chosen == "flat" else target.chat
    check_options(options, base)
    lost = UNLOADABLE if recipe.kind == "parquet" else frozenset()
    exclude = (target.exclude | lost | set(recipe.drop)) - set(recipe.keep)
    invalid = frozenset(INVALID if target.exclude_invalid else ()) | (set(INVALID) & set(recipe.drop))
    made_chat = by_lists(replace(target.chat, **options), recipe.keep, recipe.trim) if chosen == "chat" else target.chat
    if recipe.pairs is not None:
        made_chat = replace(made_chat, template_kwargs="none")  # a pair has no place for the settings of two rollouts
    template = template_of(recipe.template) if recipe.template else None
    has_lists = chosen == "chat" and made_chat.content == "lists"
    looked_for = target if recipe.pairs is None else replace(target, trains_prompt=False)  # DPO compares the sides
    return Plan(
        target=target,
        format=chosen,
        flat=replace(target.flat, **options) if chosen == "flat" else target.flat,
        chat=made_chat,
        exclude=frozenset(exclude - set(INVALID)),
        exclude_invalid=frozenset(invalid - set(recipe.keep) - set(recipe.trim if chosen == "chat" else ())),
        metadata=recipe.metadata,
        look=Look(looked_for, template, recipe.max_tokens, has_lists),
        trim=frozenset(recipe.trim) & frozenset(HAZARDS) if chosen == "chat" else frozenset(),
        harmless=frozenset(recipe.harmless),
        reads_columns=target.reads_columns or recipe.kind == "parquet" or recipe.pairs is not None,
        needs_examples=reads_examples(recipe.strategies),
        pairs_format=format_of(recipe.pairs, recipe.target) if recipe.pairs else "",
    )


def example(rollout: Rollout, plan: Plan) -> Example:
    """Return what is written for a rollout, as messages; `training_line.make_line` makes the line of it.

    An issue the plan excludes becomes the reason why nothing is written.
    """
    made = found(rollout, plan)
    kind = None if made.skip else excluded_issue(made.issues, plan)
    return made if kind is None else replace(made, skip=kind)


def found(rollout: Rollout, plan: Plan, *, always: bool = False) -> Example:
    """Return the example of a rollout with every issue, whatever keeps it out.

    It is looked at for hazards when the plan asks for that, or `always`.
    """
    made = to_flat(rollout, plan.flat) if plan.format == "flat" else to_chat(rollout, plan.chat)
    if made.skip:
        return made
    if always or plan.needs_look:
        made = looked(made, plan.look, plan.trim)
    loading = loading_issues(made, rollout, plan.loaded_values)
    if not (loading or made.left_out or made.untrained):
        return made
    issues = tuple(issue for issue in (*made.issues, *loading) if plan.minds(issue))
    return replace(made, issues=issues, left_out=tuple(pair for pair in made.left_out if plan.loses(pair[0])))


def excluded_issue(issues: tuple[str, ...], plan: Plan) -> str | None:
    """Return the first issue that keeps an example out under this plan."""
    for issue in issues:
        kind, _, detail = issue.partition(":")
        if kind in plan.exclude and detail not in plan.harmless:
            return kind
    return None
