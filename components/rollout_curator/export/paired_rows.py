"""Which rows of a workspace a recipe of pairs puts together; `selection.pairs` has the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rollout_curator.decisions.marked_rows import Marks
from rollout_curator.export.progress import ExportProgress, ExportSteps
from rollout_curator.export.prompt_reading import read_prompts
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import ACCEPT
from rollout_curator.selection.pairs import pairing
from rollout_curator.selection.pairs.pair_statistics import figures
from rollout_curator.selection.pairs.pairing import Paired, Pairs, Sides, over_of
from rollout_curator.selection.pairs.sides import Side
from rollout_curator.selection.strategies.ranking import ties
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """What is kept and who decided what, per row, and what is marked, by key, as of one moment."""

    kept: Array
    verdicts: Array
    marks: Marks


@dataclass(frozen=True, slots=True, eq=False)
class PairedSides:
    """Pairs, and the sides of all that could stand in one."""

    paired: Paired
    sides: Mapping[int, Side]

    def measured(self, rows: Array) -> Paired:
        """Return the pairs with the figures of those that are written."""
        return replace(self.paired, figures=figures(rows, self.sides))


def pair_rows(
    workspace: Workspace, recipe: Recipe, selection: Selected, said: Mapping[str, list[str]]
) -> ExportSteps[PairedSides]:
    """Return the pairs of a recipe; the prompts of all that could stand in one are read and compared.

    A reward is no measurement where the rollout is invalid, unless the recipe keeps that kind by name.
    """
    plan, asked = recipes.plan(recipe), recipe.pairs or Pairs()
    outcomes, skips = workspace.outcomes(plan)
    usable = np.isin(outcomes, [code for code, skip in enumerate(skips) if not skip])
    invalid, words = workspace.classes("invalid")
    faulty = [code for code, word in enumerate(words) if word and word not in recipe.keep]
    reward = workspace.column("reward")
    sides = Sides(
        group=workspace.groups(recipe.group_by).codes,
        reward=reward,
        sample_rank=ties(workspace.frame),
        is_usable=usable,
        may_win=selection.kept,
        may_lose=selection.verdicts != ACCEPT,
        is_measured=np.isfinite(reward) & ~np.isin(invalid, faulty),
    )
    over = list(_rows_over(workspace, sides, said))
    rows = pairing.worth_reading(asked, sides, over)
    numbers: list[int | None] = []
    marked: list[bool] = []
    written: dict[int, Side] = {}
    for prompted in read_prompts(workspace, rows, plan, selection.marks):
        stand = zip(rows[len(numbers) :].tolist(), prompted.sides, strict=False)
        written.update((row, side) for row, side in stand if side is not None)
        numbers += prompted.exact
        marked += prompted.marked
        yield ExportProgress(0, 0)
    known = {row: -1 - row if n is None else n for row, n in zip(rows.tolist(), numbers, strict=True)}
    unmarked = pairing.without(sides, rows[np.array(marked, dtype=bool)])
    return PairedSides(pairing.paired(asked, unmarked, known, over, written), written)


def _rows_over(workspace: Workspace, sides: Sides, said: Mapping[str, list[str]]) -> Iterator[tuple[int, int]]:
    """Yield the rows of what reviewers chose over what; of identical ones, those that can stand in a pair."""
    for key, others in said.items():
        for other in others:
            able = [(sides.may_win[row], -row) for row in workspace.rows_of_key(key)]
            winner = -max(able)[1] if able else -1
            losers = [(sides.group[row] == sides.group[winner], -row) for row in workspace.rows_of_key(other)]
            if able and losers:
                yield winner, -max(losers)[1]


def chosen_over(workspace: Workspace, current: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what reviewers chose over what: keys of accepted rollouts, and the keys named in the reasons."""
    found: dict[str, list[str]] = {}
    for key, verdict in sorted(current.items()):
        decision = workspace.decision(key)
        if verdict == "accept" and decision is not None and (others := over_of(decision.reasons)):
            found[key] = sorted(set(others))
    return found
