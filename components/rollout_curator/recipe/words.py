"""A recipe in words: what it asks for in a line, and in a sentence each for the data card."""

from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.index import grouping
from rollout_curator.index.grouping import TASK
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.fields import FIELDS
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import strategies
from rollout_curator.selection.filters import filter_words
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.selection.pairs.pairing import BY_MARGIN, RULES, Pairs
from rollout_curator.selection.strategies import ROLLOUTS, TOKENS
from rollout_curator.words import counted, exact, name_of

CONTROL = (
    "Random baseline: {much}, drawn at random from everything that could have been kept, instead of what the rules "
    "above keep."
)
MUCH = {ROLLOUTS: "the same number of rollouts per task", TOKENS: "about the same number of tokens from the same tasks"}


def _at_least(reward: float | None) -> str:
    """Return a threshold in words."""
    return "no threshold" if reward is None else f"reward ≥ {exact(reward)}"


def selected_words(recipe: Recipe) -> str:
    """Return what the rules of a recipe ask for in words: the bounds, and how many filters and strategies."""
    low, high = recipe.min_reward, recipe.max_reward
    bounds = _at_least(low) if high is None else f"reward ≤ {exact(high)}"
    if low is not None and high is not None:
        bounds = f"reward {exact(low)}–{exact(high)}"
    own = f" (per-{recipe.thresholds.by} where set)" if recipe.thresholds is not None else ""
    parts = [f"{bounds}{own}"]
    if recipe.filters:
        parts.append(counted(len(recipe.filters), "filter"))
    if recipe.strategies:
        parts.append(counted(len(recipe.strategies), "rule"))
    if recipe.is_control:
        parts.append("random baseline")
    return ", ".join(parts)


def recipe_sentences(recipe: Recipe) -> list[str]:
    """Return what a recipe asks for, a sentence each."""
    plan = recipes.plan(recipe)
    found = _in_order(recipe)
    if recipe.group_by != TASK:
        found.append(f"Rollouts of one task have the same {grouping.WORDS[recipe.group_by]}.")
    if recipe.is_control:
        found.append(f"{CONTROL.format(much=MUCH[recipe.control_by])} Seed {recipe.control}.")
    found.append(f"Written for {plan.target.title}, as {plan.format}, in {recipe.kind}.")
    found += [f"Option {name}: {value}." for name, value in recipe.options.items()]
    words = {**ISSUE_WORDS, **INVALID_WORDS}
    for row in (row for row in FIELDS if row.card):
        found += [f"{row.card} {words.get(name, name)}." for name in getattr(recipe, row.name)]
    if plan.look.template is not None:
        found.append(f"Checked with the chat template {plan.look.template.name}.")
        found += [plan.look.words] if plan.look.words else []
    if plan.look.max_tokens is not None:
        found.append(f"Max length: {plan.look.max_tokens:,} tokens.")
    if recipe.metadata:
        found.append(f"Extra columns: {', '.join(recipe.metadata)}.")
    if recipe.pairs is not None:
        found.append(_pair_rule(recipe.pairs))
    if recipe.split is not None:
        split = recipe.split
        found.append(
            f"Split by {', '.join(split.by)}: validation {split.validation:g}, test {split.test:g}, prompts "
            f"with a similarity ≥ {split.near:g} (without the text that many share) stay together, seed "
            f"{int(split.seed)}."
        )
    return found


def _in_order(recipe: Recipe) -> list[str]:
    """Return what drops rollouts, in the order in which it does."""
    ruled = [f"{strategies.words(step)}." for step in recipe.strategies]
    only = [f"Only {filter_words(one, name_of(one.column))}." for one in recipe.filters]
    if recipe.threshold_last and ruled:
        found = [*only, f"First dropped: {ruled[0]}", *(f"Then dropped: {words}" for words in ruled[1:])]
        found += [f"After the rules: {words[:1].lower()}{words[1:]}" for words in _bounds(recipe)]
    else:
        found = [*_bounds(recipe), *only, *(f"Then dropped: {words}" for words in ruled)]
    if any(strategies.get(step.name).by_task for step in recipe.strategies):
        found.append("Task rules use all valid attempts with a reward, including dropped ones.")
    return found


def _pair_rule(pairs: Pairs) -> str:
    """Return which rollouts stand against each other, in a sentence."""
    said = [RULES[pairs.rule]]
    said += [f"reward margin ≥ {exact(pairs.margin)}"] if pairs.rule in BY_MARGIN else []
    if pairs.max_length_ratio:
        said.append(f"the longer side at most {pairs.max_length_ratio:g} times as long as the other")
    said += ["only the model's own turns"] if pairs.other_turns == "leave_out" else []
    return f"Pairs: {'; '.join(said)}."


def _bounds(recipe: Recipe) -> list[str]:
    """Return between which rewards rollouts may stay."""
    low, high = recipe.min_reward, recipe.max_reward
    if low is not None and high is not None:
        found = [f"Reward {exact(low)}–{exact(high)}."]
    elif low is not None:
        found = [f"Reward ≥ {exact(low)}."]
    else:
        found = ["No reward threshold." if high is None else f"Reward ≤ {exact(high)}."]
    own = recipe.thresholds
    bounds = {} if own is None else own.at_least
    found += [f"Instead, {own.by} {name}: reward ≥ {exact(bound)}." for name, bound in bounds.items() if own]
    return found
