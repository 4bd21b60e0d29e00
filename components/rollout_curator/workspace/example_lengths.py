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
    """Return the tokens of the examples of some rows: exact with a chat template and its tokenizer, else estimates.

    An estimate lies on the side of a chosen limit on which a look found the example, which may have been trimmed.
    """
    return _beside_limit(workspace, plan, rows, _counted(workspace, plan, rows))


def lengths_by_block(workspace: Weighed, plan: Plan, rows: Array) -> Lengths:
    """Return the same as `lengths_of`, holding the columns of some thousand rows at a time."""
    blocks = [_counted(workspace, plan, rows[start : start + ROWS_A_BLOCK]) for start in _starts(rows)]
    names = [column.name for column in fields(Lengths)]
    nothing = np.empty(0, dtype=np.int64)
    found = Lengths(*(np.concatenate([nothing, *(getattr(block, name) for block in blocks)]) for name in names))
    return _beside_limit(workspace, plan, rows, found)


def _counted(workspace: Weighed, plan: Plan, rows: Array) -> Lengths:
    """Return the tokens of some rows: exact ones, else what the index weighed, before anything was trimmed."""
    if counts_exactly(plan):
        total, trained = workspace.conversion_outcomes.lengths(plan, rows).T
        return Lengths(total, trained, total, total)
    written = Written(
        with_reasoning=plan.format == "chat" and plan.chat.reasoning != "drop",
        is_flat=plan.format == "flat",
        trains_prompt=plan.target.trains_prompt and not plan.chat.mask_prompt,
    )
    return lengths({name: workspace.column(name)[rows] for name in WEIGHTS}, written)


def _beside_limit(workspace: Weighed, plan: Plan, rows: Array, known: Lengths) -> Lengths:
    """Return lengths that agree with what a look found of a chosen limit; the least of a trimmed one is not known."""
    limit = plan.look.max_tokens
    if limit is None or not plan.needs_look or counts_exactly(plan):
        return known
    fits = limit - 1 if plan.target.limit_is_too_long else limit
    is_over = exceeding(workspace, plan, rows, known)
    total, high = (np.where(is_over, np.maximum(some, fits + 1), np.minimum(some, fits))
                   for some in (known.total, known.high))  # fmt: skip
    low = np.where(is_over, np.maximum(known.low, fits + 1), np.where(known.low > fits, 0, known.low))
    return Lengths(total, np.minimum(known.trained, total), low, high)


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
