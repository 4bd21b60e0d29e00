"""Figures of rewards other than the threshold picker: to add a plot, add a function.

Input is a frame with one row per rollout: `reward` (float64, NaN unrated), `agent`, `source` and `task_id`
(categoricals), `tokens`, `turns`. Figures are counted here, so that a million rollouts never reach the browser;
`tables` has the numbers behind them, for those who cannot see them. The app themes the figures: nothing here knows it.
"""

from rollout_curator.plots.base import PLOTS, Plot, alt, plot
from rollout_curator.plots.density import reward_against
from rollout_curator.plots.distribution import ecdf, reward_by_group
from rollout_curator.plots.labels import label, name_of
from rollout_curator.plots.tables import group_table, task_table
from rollout_curator.plots.tasks import reward_by_task

__all__ = [
    "PLOTS",
    "Plot",
    "alt",
    "ecdf",
    "group_table",
    "label",
    "name_of",
    "plot",
    "reward_against",
    "reward_by_group",
    "reward_by_task",
    "task_table",
]
