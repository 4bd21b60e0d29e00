"""The verdict on what is exported: which checks it fails in training, which it passes, which could not be made.

A check fails where a written example would not be loaded, would train nothing, or would be cut. What only informs, such
as text beside tool calls, is no check.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.export.choice import Chosen
from rollout_curator.export.costing import length_check
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.hazards import looked_for
from rollout_curator.training.length_check import OVER_LENGTH, LengthCheck
from rollout_curator.training.targets.base import ONLY_INFORM
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class TrainingChecks:
    """Checks by name: those that failed, with how many examples did, those passed, and what others need to be made.

    `length` is the check of lengths, None where the trainer has no limit or nothing is written.
    """

    failed: Mapping[str, int]
    passed: tuple[str, ...]
    needing: Mapping[str, str]
    length: LengthCheck | None

    def sentence(self, names: Mapping[str, str] | None = None) -> str:
        """Return the counts: "Checks: 1 failed (over_length), 5 passed; 4 need a chat template".

        Those that failed are called as in `names`, else as recipes call them.
        """
        failed = ", ".join((names or {}).get(name, name) for name in self.failed)
        said = f"Checks: {len(self.failed):,} failed{f' ({failed})' if failed else ''}, {len(self.passed):,} passed"
        needed = list(self.needing.values())
        more = [f"{needed.count(what):,} {_need(needed.count(what))} {what}" for what in dict.fromkeys(needed)]
        return "; ".join([said, *more])

    def as_json(self) -> dict[str, Any]:
        """Return them as they stand in `--json`."""
        needing = dict(self.needing)
        return {
            "sentence": self.sentence(),
            "failed": dict(self.failed),
            "passed": list(self.passed),
            "needing": needing,
        }


def check_training(workspace: Workspace, recipe: Recipe, units: Array) -> TrainingChecks:
    """Check the examples of some rows, or pairs of rows, that are written.

    Counts come from what is known of every row; the trainer's usual options leave nothing to look for in the bodies.
    """
    plan = recipes.plan(recipe)
    asked = {name: needed for name, needed in looked_for(plan.look).items() if name not in ONLY_INFORM}
    length = length_check(workspace, recipe, units)
    found = workspace.conversion_outcomes.best(plan)
    rows = np.unique(units)
    counts = {name: int(np.count_nonzero(found.stands(name)[rows])) for name in asked if name != OVER_LENGTH}
    counts[OVER_LENGTH] = length.exceed.about if length else 0
    made = [name for name, needed in asked.items() if not needed]
    return TrainingChecks(
        failed={name: counts[name] for name in made if counts[name]},
        passed=tuple(name for name in made if not counts[name]),
        needing={name: needed for name, needed in asked.items() if needed},
        length=length,
    )


def checks_of(workspace: Workspace, recipe: Recipe, chosen: Chosen) -> TrainingChecks:
    """Check all that an export writes."""
    return check_training(workspace, recipe, np.concatenate([part.units for part in chosen.parts]))


def _need(n: int) -> str:
    return "needs" if n == 1 else "need"
