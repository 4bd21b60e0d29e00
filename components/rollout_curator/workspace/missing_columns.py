"""Parts of a recipe that cannot be applied to these files, because no rollout in them has the number they name."""

from dataclasses import dataclass

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection import strategies
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a recipe that cannot be applied to these files: its list in the recipe, its place there, and why."""

    part: str
    place: int
    why: str


_LACKING = "these files have no such numeric column"


def find_unusable(workspace: Workspace, recipe: Recipe) -> list[Unusable]:
    """Return the filters and strategies of a recipe that name a number which no line here has."""
    found = []
    for place, one in enumerate(recipe.filters):
        if not one.one_of and one.column not in workspace.axes:
            found.append(Unusable("filters", place, f"the filter on {one.column}: {_LACKING}"))
    for place, step in enumerate(recipe.strategies):
        for name, value in strategies.arguments(step).items():
            is_column = isinstance(value, str) and not strategies.parameters(step.name)[name].choices
            if is_column and value not in workspace.axes:
                found.append(Unusable("strategies", place, f"the rule {step.name} on {value}: {_LACKING}"))
    return found
