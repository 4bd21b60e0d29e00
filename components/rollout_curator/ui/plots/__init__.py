"""Figures of rewards other than the threshold picker: to add a plot, add a function.

Input is a frame with one row per rollout: `reward` (float64, NaN without a reward), `agent`, `source` and `task_id`
(categoricals), `group` (the code of the task), `tokens`, `turns` and other numbers; its index is the row of each. Or it
is a table that `selection.group_tables` made of such a frame, where figures share one or it can be kept. Figures are
counted here, so that a million rollouts never reach the browser; those who cannot see them read the tables. Each mark
carries what it opens, which `opened` reads from a click. The app themes the figures: nothing here knows it.
"""

from rollout_curator.ui.plots.base import alt, coloured, split_heading
from rollout_curator.ui.plots.clicks import opened, row_of
from rollout_curator.ui.plots.component_plots import component_table, components
from rollout_curator.ui.plots.density_plots import against_table, density, reward_against
from rollout_curator.ui.plots.distribution import ecdf, ecdf_table
from rollout_curator.ui.plots.groups import by_group
from rollout_curator.ui.plots.histogram_plot import histogram
from rollout_curator.ui.plots.tasks import (
    PASS_RATE,
    pass_at_k,
    pass_rate_table,
    reward_by_task,
    tasks_by_pass_rate,
)

__all__ = [
    "PASS_RATE",
    "against_table",
    "alt",
    "by_group",
    "coloured",
    "component_table",
    "components",
    "density",
    "ecdf",
    "ecdf_table",
    "histogram",
    "opened",
    "pass_at_k",
    "pass_rate_table",
    "reward_against",
    "reward_by_task",
    "row_of",
    "split_heading",
    "tasks_by_pass_rate",
]
