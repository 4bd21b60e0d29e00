"""The set that random reading is about, and the sample it has made of it, per content.

Rules, bulk decisions, comparisons and rejections elsewhere take rollouts out of the set; a read bad one of the sample
stays in it, and so does one whose turn had come (`order_breaks`).
"""

from dataclasses import dataclass

import numpy as np

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.order_breaks import had_come
from rollout_curator.review.random_order import RandomSample, random_sample_of
from rollout_curator.review.verdicts import NEVER, Array, holding, selected, selected_before, verdicts
from rollout_curator.selection.funnel import REJECT
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Arrays per content: its rank, whether it is a `member`, was `read` in the random order (and `when`), is `bad`.

    `came` were rejected in another way when their turn had come or was near; `left_reading`, `left_otherwise` are out.
    """

    sample_rank: Array
    member: Array
    read: Array
    when: Array
    bad: Array
    came: Array
    left_reading: Array
    left_otherwise: Array

    def sample(self, without: Array | None = None) -> tuple[RandomSample, Array]:
        """Return the sample of the members, but for those `without`, and which contents are in it."""
        member = self.member if without is None else self.member & ~without
        found = random_sample_of(self.sample_rank, member, self.read, self.bad)
        inside = member & self.read
        return found, inside if found.stop < 0 else inside & (self.sample_rank < self.sample_rank[found.stop])


def population(workspace: Workspace, recipe: Recipe) -> Population:
    """Return the set that is judged, as of now; made again only for another recipe, or when a decision came."""
    return workspace.as_of_now("population", repr(recipe), lambda: _population(workspace, recipe), most=1)


def _population(workspace: Workspace, recipe: Recipe) -> Population:
    first, found = workspace.first_rows, verdicts(workspace)
    elsewhere = found.elsewhere[first]
    sample_rank, turn, out = workspace.sample_rank[first], found.turn[first], (found.ruled == REJECT)[first]
    inside = holding(workspace, selected(workspace, recipe))
    before = holding(workspace, selected_before(workspace, recipe)) if out.any() else inside
    when = np.minimum(turn, np.where(out, found.ruled_at[first], NEVER))
    came = had_come(sample_rank, before | inside, when, out & before & (turn == NEVER), turn, elsewhere)
    gone = before & out & ~came
    return Population(
        sample_rank=sample_rank,
        member=inside | came,
        read=(turn != NEVER) | came,
        when=when,
        bad=found.is_bad[first] | came,
        came=came,
        left_reading=gone & elsewhere,
        left_otherwise=gone & ~elsewhere,
    )


def in_question(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: what there is to read in the random order."""
    return np.asarray(population(workspace, recipe).member[workspace.contents])


def is_read_in_turn(workspace: Workspace, recipe: Recipe) -> Array:
    """Return a boolean per row: judged in the random order, or counted as if it were."""
    return np.asarray(population(workspace, recipe).read[workspace.contents])
