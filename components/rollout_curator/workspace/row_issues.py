"""What was noticed of every row, as codes into a list of outcomes: counted, looked up, and judged by a plan.

Pure functions on columns; `conversion_outcomes` knows where outcomes come from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rollout_curator.conversation import HAZARDS, Outcome, issue_kind
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.rollout import Example

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was noticed of every row: codes into `kinds`."""

    codes: Array
    kinds: list[Outcome]

    def rows_with(self, issue: str) -> Array:
        """Return the rows with an issue of this kind, also those whose example ends before it."""
        codes = [code for code, finding in enumerate(self.kinds) if _has(finding, issue)]
        return np.flatnonzero(np.isin(self.codes, codes))

    def stands(self, issue: str) -> Array:
        """Return a boolean per row: whether its example, where one can be made, has an issue of this kind."""
        is_found = [not one.skip and issue in map(issue_kind, one.issues) for one in self.kinds]
        return np.asarray(np.array([*is_found, False])[self.codes])

    def counts(self, among: Array) -> dict[str, int]:
        """Return how many rows have each kind of issue, of those marked in a boolean per row."""
        found: dict[str, int] = {}
        numbers = np.bincount(self.codes[among], minlength=len(self.kinds)).tolist()
        for kind, number in zip(self.kinds, numbers, strict=True):
            words = {issue_kind(word.removeprefix("trimmed:")) for word in (kind.skip, *kind.issues) if word}
            for word in words if number else ():
                found[word] = found.get(word, 0) + number
        return found

    def left_out(self, among: Array) -> dict[str, tuple[int, int]]:
        """Return for each kind of thing left out in how many of the marked rows, and how many such things in all."""
        found: dict[str, tuple[int, int]] = {}
        numbers = np.bincount(self.codes[among], minlength=len(self.kinds)).tolist()
        for kind, number in zip(self.kinds, numbers, strict=True):
            for name, n in kind.left_out if number else ():
                rows, things = found.get(name, (0, 0))
                found[name] = rows + number, things + n * number
        return found


def _has(finding: Outcome, issue: str) -> bool:
    return f"trimmed:{issue}" in finding.issues or issue in (
        issue_kind(finding.skip or ""),
        *map(issue_kind, finding.issues),
    )


def minded(finding: Outcome, plan: Plan) -> Outcome:
    """Return what is known of a rollout without what means nothing for the file of a plan."""
    left_out = tuple(pair for pair in finding.left_out if plan.loses(pair[0]))
    return replace(finding, issues=tuple(filter(plan.minds, finding.issues)), left_out=left_out)


def finding_of(made: Example) -> Outcome:
    """Return what is remembered of an example: of what it does in training only the kind."""
    kinds = (kind if (kind := issue_kind(issue)) in HAZARDS else issue for issue in made.issues)
    return Outcome(made.skip, tuple(dict.fromkeys(kinds)), made.left_out)


def decided(found: Findings, plan: Plan) -> tuple[Array, list[str]]:
    """Return what was noticed as codes of skip reasons, each reason once."""
    skips = [issue_kind(one.skip or "") or recipes.excluded_issue(one.issues, plan) or "" for one in found.kinds]
    reasons = {reason: n for n, reason in enumerate(dict.fromkeys(["", *skips]))}
    mapped = np.array([reasons[skip] for skip in skips], dtype="int32")
    return (mapped[found.codes] if len(mapped) else np.empty(0, "int32")), list(reasons)


def trimmed(noticed: Findings, kept: Array) -> dict[str, int]:
    """Return how many kept examples end earlier than their rollout, by what they end before."""
    counts = np.bincount(noticed.codes[kept], minlength=len(noticed.kinds))
    found: dict[str, int] = {}
    for kind, count in zip(noticed.kinds, counts.tolist(), strict=True):
        for name in _trims(kind.issues) if count else ():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def _trims(issues: Iterable[str]) -> list[str]:
    """Return by what an example was cut short, each once."""
    named = (issue.removeprefix("trimmed:") for issue in issues if issue.startswith(("trimmed:", "trimmed_tail")))
    return list(dict.fromkeys(map(issue_kind, named)))
