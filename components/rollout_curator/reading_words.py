"""What a statement about the kept set says, in the words of the app and of the command line.

Shares of bad ones are rounded up to a tenth of a percent, shares of good ones down, so that words never promise more
than the numbers.
"""

import math

from rollout_curator.reading import Statement, statement
from rollout_curator.recipe import Recipe
from rollout_curator.workspace import Workspace


def sentence(said: Statement) -> str:
    """Return the statement as people read it; shares are rounded up, so the words never promise more than the
    numbers."""
    sure, goal = f"({percent(said.confidence)} sure)", percent(said.goal)
    total, read = f"{said.sample.total:,} selected", said.sample.read
    if not said.sample.total:
        return "Nothing is selected, so there is nothing to read."
    if not said.kept:
        return f"Nothing is kept of the {total}: there is no kept set to speak of."
    if not read:
        first = f"None of the {total} was read at random yet. {said.planned:,} clean ones show that"
        return f"{first} at most {goal} of the kept set is bad {sure}."
    first = f"{read:,} of the {total} read at random, {said.sample.bad:,} bad:"
    bound = f"{first} at most {percent(said.upper)} of the kept set is bad {sure}."
    if not said.more:
        return f"{bound} That meets the goal of {goal}."
    brings = "one brings" if said.more == 1 else "ones bring"
    return f"{bound} {said.more:,} more clean {brings} it to {goal}."


def statement_of(workspace: Workspace, recipe: Recipe) -> str:
    """Return the sentence of what a recipe keeps, empty where nothing was read at random yet."""
    said = statement(workspace, recipe)
    return sentence(said) if said.sample.read else ""


def notes(said: Statement) -> list[str]:
    """Return what else should be known of the statement, in words."""
    found = []
    if said.copies:
        found.append(f"Identical copies count once: {said.kept + said.copies:,} kept are {said.kept:,} different ones.")
    if said.sample.beyond:
        found.append(
            f"The sample ends at a rollout that nobody has decided. {said.sample.beyond:,} read after it, there or in "
            "other queues, will count once it is."
        )
    if said.found_elsewhere:
        found.append(
            f"{said.found_elsewhere:,} more were rejected while reading something else: bad ones that are out. They "
            "make the rest better and the sample no worse."
        )
    if said.uncovered:
        found.append(
            f"{said.uncovered:,} kept were never among the selected, such as the next best after a rejected one. Each "
            "counts as bad."
        )
    if 0 < said.sample.read < said.sample.total:
        found.append(
            f"This is for a number ({said.planned:,} for {percent(said.goal)}) and a threshold fixed before reading. "
            f"Who stops as soon as it looks good can say at most {percent(said.upper_whenever)}."
        )
    return found


def percent(share: float) -> str:
    """Return a share in percent, rounded up to a tenth."""
    return _tenths(math.ceil(share * 1000 - 1e-9))


def least(share: float) -> str:
    """Return a share in percent, rounded down to a tenth: for what is at least so good."""
    return _tenths(math.floor(share * 1000 + 1e-9))


def _tenths(tenths: int) -> str:
    return f"{tenths // 10:,} %" if tenths % 10 == 0 else f"{tenths / 10:,.1f} %"
