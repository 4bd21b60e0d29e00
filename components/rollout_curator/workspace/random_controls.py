"""Random controls: what a selection is worth beside as many rollouts of each task drawn at random.

The draws stand beside the selection with other seeds and, once, with as many tokens: how far the controls lie from each
other is what chance does. They share rollouts with the selection, the more the larger it is, and that is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.strategies import ROLLOUTS, TOKENS
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

SEEDS = (1, 2, 3)
"""The seeds of the controls that stand beside a selection where nobody names others."""
HELP = (
    "Random baseline: the same number of rollouts per task, drawn at random from everything that could have been kept; "
    "or about the same number of tokens from the same tasks. Train on several seeds: a gain over the baselines that is "
    "within the spread between them may be chance. One baseline and one run cannot show it."
)


NOTHING_FILTERED = "Nothing is filtered yet: the baseline would equal the export"
"""Why there is no random control of a selection that keeps all it could."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A control beside the selection it stands for: rollouts of each, those in both, tokens of each."""

    drawn: int
    selected: int
    shared: int
    drawn_tokens: int
    selected_tokens: int

    def sentence(self) -> str:
        """Return it as people say it: "shares 56 of its 76 rollouts with the selection of 76; ..."."""
        return (
            f"shares {self.shared:,} of its {counted(self.drawn, 'rollout')} with the selection of {self.selected:,}; "
            f"{self.drawn_tokens:,} generated tokens vs {self.selected_tokens:,}"
        )


def overlap(workspace: Workspace, recipe: Recipe) -> Overlap | None:
    """Return how the control of a recipe overlaps with its selection, None where the recipe is no control."""
    if not recipe.is_control:
        return None
    drawn = workspace.select(recipe).kept
    selected = workspace.select(recipe.with_control(None)).kept
    tokens = workspace.column("tokens")
    return Overlap(
        int(np.count_nonzero(drawn)),
        int(np.count_nonzero(selected)),
        int(np.count_nonzero(drawn & selected)),
        int(tokens[drawn].sum()),
        int(tokens[selected].sum()),
    )


def equals_selection(workspace: Workspace, recipe: Recipe) -> bool:
    """Say whether any random control of a selection holds the same rollouts, because it keeps all that it could."""
    kept = workspace.select(recipe.with_control(None)).kept
    return bool(np.array_equal(kept, workspace.possible(recipe).kept))


def beside(recipe: Recipe) -> dict[str, Recipe]:
    """Return the controls that stand beside a selection, by name; beside a control, the selection it stands for."""
    if recipe.is_control:
        return {"the selection itself": recipe.with_control(None)}
    found = {f"random baseline {seed}": recipe.with_control(seed, ROLLOUTS) for seed in SEEDS}
    return {**found, "random baseline, same tokens": recipe.with_control(SEEDS[0], TOKENS)}


def compared(workspace: Workspace, named: Mapping[str, Recipe]) -> list[dict[str, Any]]:
    """Return several recipes side by side on the same rollouts, and random controls of the first.

    `change` is what comes and goes from the first, `shared` how many rollouts are in both.
    """
    from rollout_curator.selection.comparison import compare, difference  # brings pandas, which `check` does without

    first = next(iter(named))
    recipes = {**named, **beside(named[first])}
    kept = {name: workspace.select(recipe).kept for name, recipe in recipes.items()}
    frame = workspace.frame_by(named[first].group_by)
    found = []
    for numbers, (name, chosen) in zip(compare(frame, kept).to_dict("records"), kept.items(), strict=True):
        values = {str(key): None if value != value else value for key, value in numbers.items()}
        change = difference(frame, kept[first], chosen).sentence()
        shared = int(np.count_nonzero(kept[first] & chosen))
        found.append({"name": name, **values, "change": change, "shared": shared})
    return found
