"""Words of the funnel and of issues, said of a single rollout: "are masked" becomes "is masked".

The lists in `selection` and `conversation` hold words that follow a number; a reader of one rollout needs the singular.
"""

from rollout_curator.conversation import ISSUE_WORDS, issue_kind
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.words import counted, exact, said_of

LOSSES = ("dropped_", "trimmed", "stripped_think")
"""Issues with these beginnings name what an example leaves out; the others name what it changes or holds."""


def of_issue(issue: str) -> str:
    """Return an issue of a conversion as words of one rollout, with its detail behind it."""
    kind, _, detail = issue.partition(":")
    if kind == "trimmed":
        return f"ends earlier because it {said_of(1, ISSUE_WORDS.get(detail, detail))}"
    words = said_of(1, ISSUE_WORDS.get(kind, kind.replace("_", " ")))
    return f"{words} ({detail.strip()})" if detail.strip() else words


def is_loss(issue: str) -> bool:
    """Say whether an issue names something the example leaves out."""
    return issue_kind(issue).startswith(LOSSES)


def at_least(reward: float | None) -> str:
    """Return a threshold in words."""
    return "at any reward" if reward is None else f"at {exact(reward)} or more"


def selected_words(recipe: Recipe) -> str:
    """Return what the rules of a recipe ask for in words: the bounds, and how many filters and strategies."""
    low, high = recipe.min_reward, recipe.max_reward
    bounds = at_least(low) if high is None else f"at {exact(high)} or less"
    if low is not None and high is not None:
        bounds = f"at {exact(low)} to {exact(high)}"
    own = " or their own threshold" if recipe.thresholds is not None else ""
    parts = [f"{bounds}{own}"]
    if recipe.filters:
        parts.append(f"within {counted(len(recipe.filters), 'filter')}")
    if recipe.strategies:
        parts.append(f"after {counted(len(recipe.strategies), 'rule')}")
    if recipe.control is not None:
        parts.append("drawn at random")
    return ", ".join(parts)


def size(n_bytes: int) -> str:
    """Return a size as people say it, in decimal units."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes:,} bytes"
