"""What can keep or drop a rollout, and how such rules stack.

Offers the table of rules, the steps of a recipe, the matched random control, and the estimates per task. Knows frames
of rollouts (the columns of the index, `source` and `group`), never files or the screen. Importing it does not import
pandas: whoever has a frame has done so, and reading a recipe does without.
"""

from rollout_curator.selection.strategies import rules as rules  # fills the table
from rollout_curator.selection.strategies.base import (
    STRATEGIES,
    Parameter,
    Step,
    arguments,
    get,
    parameters,
    reads_examples,
    words,
)
from rollout_curator.selection.strategies.stack import MATCHED, ROLLOUTS, TOKENS, apply, judged, matched_random
from rollout_curator.selection.strategies.task_statistics import (
    PASS_KS,
    PassAt,
    TaskSummary,
    quantile_bounds,
    rates_of_rows,
    task_summary,
    z_bounds,
)

__all__ = [
    "MATCHED",
    "PASS_KS",
    "ROLLOUTS",
    "STRATEGIES",
    "TOKENS",
    "Parameter",
    "PassAt",
    "Step",
    "TaskSummary",
    "apply",
    "arguments",
    "get",
    "judged",
    "matched_random",
    "parameters",
    "quantile_bounds",
    "rates_of_rows",
    "reads_examples",
    "task_summary",
    "words",
    "z_bounds",
]
