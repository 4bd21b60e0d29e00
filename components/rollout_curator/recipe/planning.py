"""The plan of a recipe: checked, joined with the defaults of its trainer, and remembered.

Raises RecipeError, which names the key and what is expected there.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from rollout_curator.conversation import HAZARDS, UNLOADABLE
from rollout_curator.errors import RecipeError
from rollout_curator.index import grouping
from rollout_curator.recipe.checks import INVALID, by_lists, check_lists, check_options, template_of
from rollout_curator.recipe.plan import Plan
from rollout_curator.selection.filters import check_bounds
from rollout_curator.selection.pairs.pairing import format_of
from rollout_curator.selection.strategies import MATCHED, arguments, reads_examples
from rollout_curator.training.file_types.base import get as get_kind
from rollout_curator.training.hazards import Look
from rollout_curator.training.length_check import OVER_LENGTH
from rollout_curator.training.targets.base import Target
from rollout_curator.training.targets.base import get as get_target

if TYPE_CHECKING:
    from rollout_curator.recipe.recipe import Recipe

FORMATS = ("flat", "chat")
METADATA = ("reward", "source", "line", "task", "agent", "key")
PLANS_MAX = 64
_PLANS: dict[str, Plan] = {}


def plan(recipe: "Recipe") -> Plan:
    """Join the recipe with its target's defaults. Raises RecipeError for an unknown name or value.

    A plan is remembered by the text of its recipe, for it is asked for everywhere.
    """
    if (known := _PLANS.get(text := repr(recipe))) is not None:
        return known
    made = _planned(recipe)
    if len(_PLANS) >= PLANS_MAX:
        _PLANS.clear()
    _PLANS[text] = made
    return made


def _planned(recipe: "Recipe") -> Plan:
    """Return a plan anew.

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
        raise RecipeError(f"metadata: {target.title} does not accept extra columns")
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
    looked_for = target if recipe.pairs is None else _of_pairs(target, format_of(recipe.pairs, recipe.target))
    return Plan(
        target=target,
        format=chosen,
        flat=replace(target.flat, **options) if chosen == "flat" else target.flat,
        chat=made_chat,
        exclude=frozenset(exclude - set(INVALID)),
        exclude_invalid=frozenset(invalid - set(recipe.keep) - set(recipe.trim if chosen == "chat" else ())),
        metadata=recipe.metadata,
        look=Look(looked_for, template, _limit(recipe, looked_for), has_lists),
        trim=frozenset(recipe.trim) & frozenset(HAZARDS) if chosen == "chat" else frozenset(),
        harmless=frozenset(recipe.harmless),
        reads_columns=target.reads_columns or recipe.kind == "parquet" or recipe.pairs is not None,
        needs_examples=reads_examples(recipe.strategies),
        pairs_format=format_of(recipe.pairs, recipe.target) if recipe.pairs else "",
    )


def _limit(recipe: "Recipe", target: Target) -> int | None:
    """Return the limit beyond which examples are dropped or trimmed, the trainer's default where only that is said.

    Where nothing is said there is none: what exceeds the default is then counted, and kept.
    """
    is_asked = OVER_LENGTH in (*recipe.drop, *recipe.trim)
    return recipe.max_tokens or (target.usual_limit if is_asked else None)


def _of_pairs(target: Target, style: str) -> Target:
    """Return a trainer as it takes pairs of a format: it compares the sides, and the limit is that of its DPO."""
    dpo = get_target(style)
    return replace(
        target,
        trains_prompt=False,
        usual_limit=dpo.usual_limit,
        limit_source=dpo.limit_source,
        limit_is_fixed=dpo.limit_is_fixed,
        overlong=dpo.overlong,
    )
