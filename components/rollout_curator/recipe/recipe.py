"""A recipe: sources, rules and export settings, as a value and as a TOML file.

The same recipe drives the app, the command line and the manifest. `plan` joins it with the defaults of its target
into what one conversion needs; `example` is the one function that preview, export and index checks call.
What happens to an example with an issue stands in three lists of names: `keep` it, `drop` it, or `trim` it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli_w

from rollout_curator.conversation import to_chat, to_flat
from rollout_curator.conversation.datasets_issues import loading_issues
from rollout_curator.errors import RecipeError, TemplateError
from rollout_curator.files.named_files import Door
from rollout_curator.files.path_access import ANYWHERE, Reach
from rollout_curator.index import grouping
from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.fields import FIELDS, ROWS, Field
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.planning import METADATA as METADATA
from rollout_curator.recipe.planning import plan as plan
from rollout_curator.rollout import Example, Rollout
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.strategies import ROLLOUTS, Step
from rollout_curator.training.hazards import check_example

DOOR = Door("the recipe", RecipeError, 8 << 20)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which rollouts are kept and how they are written; the fields are the keys of the TOML file.

    sources         files, folders or globs, for the app and the command line; a notebook names its own to `open`
    min_reward      lowest reward that stays; without a bound every valid rollout stays, those without a reward too
    max_reward      highest reward that stays
    thresholds      lowest rewards by agent, source or model; where one is named it takes the place of both bounds
    filters         bounds on any number, or names of a class; a rollout without the number is dropped
    strategies      rules in order, each applied to what the earlier ones kept; a rule on tasks judges by all valid
                    rated attempts, wherever it stands
    threshold_last  whether the bounds of the reward come after the strategies, not before them
    group_by        what rollouts of one task have in common: task, prompt or source
    control         seed of a random control in place of the selection, drawn from all it could have kept: as many
                    rollouts of each task
    control_by      rollouts, or tokens for a control with about as many tokens instead
    target          the trainer
    format          chat or flat; empty for the target's own
    options         conversion options that differ from the target's
    keep            invalid kinds (masked, truncated, failed) and issues that stay in, which the defaults leave out
    drop            further issues that keep a rollout out
    trim            issues at whose first place an example ends, on the last answer before
    harmless        keys of the data, as `unread_content` names them, that hold no conversation
    template        chat template that examples are checked with: a name or a path, once read a table; empty for none
    max_tokens      the trainer's limit
    metadata        columns written beside the messages
    kind            kind of file: jsonl or parquet
    split           shares or counts of validation and test, with one file for each part
    pairs           how two rollouts of a task become a row, in place of examples
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

    @staticmethod
    def load(path: str | Path) -> "Recipe":
        """Read a recipe from TOML. Raises RecipeError that names the key."""
        return load(Path(path))

    @property
    def is_control(self) -> bool:
        """Say whether this is a random control instead of the selection."""
        return self.control is not None

    @property
    def has_bounds(self) -> bool:
        """Say whether the reward is bounded at all."""
        own = self.thresholds is not None and bool(self.thresholds.at_least)
        return own or self.min_reward is not None or self.max_reward is not None

    @property
    def selecting(self) -> str:
        """Return what says who is kept, as a text that is equal for recipes that say the same."""
        return repr([getattr(self, row.name) for row in FIELDS if row.parameter])

    @property
    def thresholds_by(self) -> str:
        """Return the class that thresholds of groups go by, empty where there are none."""
        return "" if self.thresholds is None else self.thresholds.by

    def group_thresholds(self, by: str) -> dict[str, float]:
        """Return the thresholds by name of a class, none where they go by another."""
        return dict(self.thresholds.at_least) if self.thresholds is not None and self.thresholds.by == by else {}

    def policy(self, issue: str) -> str:
        """Return which list names an issue: `keep`, `drop` or `trim`, empty for none."""
        return next((name for name in POLICIES if issue in getattr(self, name)), "")

    def with_policy(self, issue: str, policy: str) -> "Recipe":
        """Return the recipe whose list of this name, and no other, names an issue; none where it is empty."""
        lists: dict[str, Any] = {name: tuple(one for one in getattr(self, name) if one != issue) for name in POLICIES}
        if policy:
            lists[policy] = (*lists[policy], issue)
        return replace(self, **lists)

    def with_target(self, target: str) -> "Recipe":
        """Return the recipe for another trainer, with that one's own format, options and policies."""
        return replace(self, target=target, format="", options={}, keep=(), drop=(), trim=())

    def with_control(self, seed: int | None, by: str = "") -> "Recipe":
        """Return the random control of a selection; None is the selection itself."""
        return replace(self, control=seed, control_by=by or self.control_by)

    def without_thresholds(self) -> "Recipe":
        """Return the recipe without thresholds of groups."""
        return replace(self, thresholds=None)

    def without_bounds(self) -> "Recipe":
        """Return the selection without any bound of the reward."""
        return replace(self, min_reward=None, max_reward=None, thresholds=None, control=None)

    def without_rules(self) -> "Recipe":
        """Return the recipe without any rule on who is kept, but for validity."""
        return replace(self.without_bounds(), strategies=(), filters=())

    def without_axis(self, axis: str) -> "Recipe":
        """Return what decides what bounds on an axis choose from: the selection without them and what follows them.

        Thresholds of groups stay on the axis of the reward.
        """
        if axis == REWARD:
            rules = self.strategies if self.threshold_last else ()
            return replace(self, min_reward=None, max_reward=None, strategies=rules, control=None)
        others = tuple(one for one in self.filters if one.column != axis)
        return replace(self, filters=others, strategies=(), control=None)

    def of_classes(self) -> "Recipe":
        """Return what decides which attempts at tasks are looked at: filters by name, and what a task is."""
        return Recipe(filters=tuple(one for one in self.filters if one.one_of), group_by=self.group_by)


POLICIES = ("keep", "drop", "trim")
"""The lists of issues, of which one at most names an issue as the app chooses."""
USUAL = Recipe()
_NAMING_PLANS = (
    "min_reward", "max_reward", "thresholds", "filters", "strategies", "control", "group_by", "keep", "drop",
)  # fmt: skip


def load(path: Path) -> Recipe:
    """Read a recipe from TOML. Raises RecipeError that names the key."""
    return from_table(DOOR.toml(path), str(path))


def from_table(table: Mapping[str, Any], where: str, *, reach: Reach = ANYWHERE) -> Recipe:
    """Return the recipe a table holds; the files it names are opened within the reach.

    Raises RecipeError that says where, which key and what is expected.
    """
    for name in table:
        if name not in ROWS:
            raise RecipeError(f"{where}: unknown key {name!r}; allowed: {', '.join(sorted(ROWS))}")
    values = {name: ROWS[name].spelling.from_table(value, name, where, reach) for name, value in table.items()}
    recipe = Recipe(**values)
    try:
        plan(recipe)
    except (RecipeError, TemplateError) as error:
        raise RecipeError(f"{where}: {error}") from error
    return recipe


def to_table(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain JSON and TOML values; what is None is left out."""
    said = {row.name: row.spelling.to_table(value) for row, value in rows_of(recipe)}
    return {column.name: said[column.name] for column in fields(Recipe) if said.get(column.name) is not None}


def selection_pairs(recipe: Recipe) -> list[tuple[str, Any]]:
    """Return what says who is kept, by name, in the order that names of reading plans in review stores rest on."""
    table = to_table(recipe)
    return [(name, table.get(name)) for name in _NAMING_PLANS]


def to_toml(recipe: Recipe) -> str:
    """Return the recipe as a TOML file; what is empty is left out."""
    return tomli_w.dumps({name: value for name, value in to_table(recipe).items() if value not in ("", [], {})})


def rows_of(recipe: Recipe) -> Iterator[tuple[Field, Any]]:
    """Yield the fields of a recipe that are not as usual, and those that are always said, with their values."""
    for row in FIELDS:
        value = getattr(recipe, row.name)
        if row.is_always_said or value != getattr(USUAL, row.name):
            yield row, value


def example(rollout: Rollout, plan: Plan, *, is_traced: bool = False) -> Example:
    """Return what is written for a rollout, as messages; `training_line.make_line` makes the line of it.

    An issue the plan excludes becomes the reason why nothing is written.
    """
    made = convert_with_issues(rollout, plan, is_traced=is_traced)
    kind = None if made.skip else excluded_issue(made.issues, plan)
    return made if kind is None else replace(made, skip=kind)


def convert_with_issues(rollout: Rollout, plan: Plan, *, always: bool = False, is_traced: bool = False) -> Example:
    """Return the example of a rollout with every issue, whatever keeps it out.

    It is looked at for hazards when the plan asks for that, or `always`; its origins are there when `is_traced`.
    """
    if plan.format == "flat":
        made = to_flat(rollout, plan.flat, is_traced=is_traced)
    else:
        made = to_chat(rollout, plan.chat, is_traced=is_traced)
    if made.skip:
        return made
    if always or plan.needs_look:
        made = check_example(made, plan.look, plan.trim)
    loading = loading_issues(made, rollout, plan.loaded_values)
    if not (loading or made.left_out or made.untrained):
        return made
    issues = tuple([issue for issue in (*made.issues, *loading) if plan.minds(issue)])
    left_out = tuple([pair for pair in made.left_out if plan.loses(pair[0])])
    is_same = issues == made.issues and left_out == made.left_out  # as nearly always, and a copy takes long
    return made if is_same else replace(made, issues=issues, left_out=left_out)


def excluded_issue(issues: tuple[str, ...], plan: Plan) -> str | None:
    """Return the first issue that keeps an example out under this plan."""
    for issue in issues:
        kind, _, detail = issue.partition(":")
        if kind in plan.exclude and detail not in plan.harmless:
            return kind
    return None
