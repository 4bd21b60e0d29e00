"""Whether two people who read the same rollouts say the same: percent, Cohen's kappa, by reason, and what to settle.

Input are verdicts by rollout and reviewer, as each gave them on their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Judged = Mapping[str, tuple[str, Sequence[str]]]
"""Verdict ("accept" or "reject") and reasons of one reviewer, by key."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two reviewers: how many both decided, on how many they agree, and kappa, None where chance alone explains all.

    `reasons` counts, among what both rejected, how often both named a reason and how often one of them did.
    """

    one: str
    other: str
    both: int
    agreed: int
    kappa: float | None
    reasons: dict[str, tuple[int, int]]

    @property
    def share(self) -> float:
        """Return on which share of what both decided they agree."""
        return self.agreed / self.both if self.both else 0.0


def agreements(judged: Mapping[str, Judged]) -> list[Agreement]:
    """Return every pair of reviewers with something in common, those with most first."""
    pairs = (_agreement(one, other, judged[one], judged[other]) for one, other in combinations(sorted(judged), 2))
    return sorted((pair for pair in pairs if pair.both), key=lambda pair: -pair.both)


def kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Return Cohen's kappa of a square table of counts (Educ. Psychol. Meas. 20, 1960), None where it is 0 / 0."""
    total = sum(map(sum, table))
    if not total:
        return None
    observed = sum(row[n] for n, row in enumerate(table)) / total
    columns = [sum(row[n] for row in table) for n in range(len(table))]
    expected = sum(sum(row) * column for row, column in zip(table, columns, strict=True)) / total**2
    return None if expected == 1.0 else (observed - expected) / (1.0 - expected)


def differing(judged: Mapping[str, Judged]) -> set[str]:
    """Return the keys on which reviewers differ."""
    said: dict[str, set[str]] = {}
    for own in judged.values():
        for key, (verdict, _) in own.items():
            said.setdefault(key, set()).add(verdict)
    return {key for key, verdicts in said.items() if len(verdicts) > 1}


def _agreement(one: str, other: str, first: Judged, second: Judged) -> Agreement:
    table = [[0, 0], [0, 0]]
    reasons: dict[str, tuple[int, int]] = {}
    for key in first.keys() & second.keys():
        (verdict, why), (verdict_2, why_2) = first[key], second[key]
        table[verdict == "reject"][verdict_2 == "reject"] += 1
        if verdict == verdict_2 == "reject":
            for reason in {*why, *why_2}:
                both, either = reasons.get(reason, (0, 0))
                reasons[reason] = both + (reason in why and reason in why_2), either + 1
    agreed = table[0][0] + table[1][1]
    return Agreement(one, other, sum(map(sum, table)), agreed, kappa(table), dict(sorted(reasons.items())))
