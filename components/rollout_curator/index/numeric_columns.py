"""Every number of a rollout that can be an axis, a filter or a bound: what people call it, and in which unit.

The numbers of the index that say something of a rollout, and the facets its line carries (verifier fields, components
of the reward). Names of facets come from data.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rollout_curator.index.columns import NUMBERS, WEIGHTS
from rollout_curator.words import COMPONENT, name_of

REWARD = "reward"
_NO_AXES = frozenset(
    {"line", "offset", "length", "key_hi", "key_lo", "prompt_key", "task_key", "names_agent", *WEIGHTS}
)
"""Numbers of the index that say where a rollout stands, what it is known by, or what its parts weigh in training."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One number: its column, what people call it, what it means, and whether it is only ever 0 or 1 by its type."""

    name: str
    words: str
    meaning: str
    is_boolean: bool = False
    is_facet: bool = False


def axes(facet_names: Sequence[str], booleans: Collection[str] = ()) -> dict[str, Axis]:
    """Return every axis by column name: the reward first, then what is measured, then the facets."""
    found = {
        column.name: Axis(column.name, name_of(column.name), column.meaning, column.dtype == "bool")
        for column in NUMBERS
        if column.name not in _NO_AXES
    }
    for name in facet_names:
        meaning = "reward component" if name.startswith(COMPONENT) else "numeric field in the source line"
        found.setdefault(name, Axis(name, name_of(name), meaning, name in booleans, is_facet=True))
    return found
