"""How many tokens the examples of some rows have, and which of them exceed the limit: from the index, without a body.

Where a recipe names a chat template and a tokenizer, every example is rendered and counted exactly instead.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

from rollout_curator.index.columns import WEIGHTS
from rollout_curator.recipe.plan import Plan
from rollout_curator.training.cost import Lengths, Written, are_too_long, lengths
from rollout_curator.training.length_check import OVER_LENGTH
from rollout_curator.workspace.conversion_outcomes import ConversionOutcomes

Array = np.ndarray[Any, Any]
ROWS_A_BLOCK = 4096


class Weighed(Protocol):
    """What is asked of a workspace."""

    conversion_outcomes: ConversionOutcomes

    def column(self, name: str) -> Array:
        """Return a column of the index."""


def lengths_of(workspace: Weighed, plan: Plan, rows: Array) -> Lengths:
    """Return the tokens of the examples of some rows: exact with a chat template and its tokenizer, else estimates."""
    if counts_exactly(plan):
        total, trained = workspace.conversion_outcomes.lengths(plan, rows).T
        return Lengths(total, trained, total, total)
    written = Written(
        with_reasoning=plan.format == "chat" and plan.chat.reasoning != "drop",
        is_flat=plan.format == "flat",
        trains_prompt=plan.target.trains_prompt and not plan.chat.mask_prompt,
    )
    return lengths({name: workspace.column(name)[rows] for name in WEIGHTS}, written)


def lengths_by_block(workspace: Weighed, plan: Plan, rows: Array) -> Lengths:
    """Return the same as `lengths_of`, holding the columns of some thousand rows at a time."""
    blocks = [lengths_of(workspace, plan, rows[start : start + ROWS_A_BLOCK]) for start in _starts(rows)]
    names = [column.name for column in fields(Lengths)]
    nothing = np.empty(0, dtype=np.int64)
    return Lengths(*(np.concatenate([nothing, *(getattr(block, name) for block in blocks)]) for name in names))


def exceeding(workspace: Weighed, plan: Plan, rows: Array, known: Lengths) -> Array:
    """Return for each row whether its example, as long as is known, exceeds the limit of the plan.

    Beyond a limit that was chosen is what a look at the examples found so, as that decides what is written.
    """
    if plan.look.max_tokens is None or not plan.needs_look:
        return are_too_long(known.total, plan.limit or 0, plan.look.target)
    return workspace.conversion_outcomes.best(plan).stands(OVER_LENGTH)[rows]


def counts_exactly(plan: Plan) -> bool:
    """Say whether a plan names all that is needed to count the tokens its trainer sees."""
    template = plan.look.template
    has_counter = template is not None and bool(template.tokenizer)
    return has_counter and plan.target.renders != "itself" and plan.look.is_known


def _starts(rows: Array) -> Iterator[int]:
    return iter(range(0, len(rows), ROWS_A_BLOCK))
