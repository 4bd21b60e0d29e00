"""What bounds on a number would keep, and how the number is spread: exact counts of rollouts, tasks and tokens."""

from rollout_curator.selection.threshold_counts.bins import round_edges
from rollout_curator.selection.threshold_counts.curves import Curve, ThresholdCounts, count_thresholds
from rollout_curator.selection.threshold_counts.sorted_columns import Kept

__all__ = [
    "Curve",
    "Kept",
    "ThresholdCounts",
    "count_thresholds",
    "round_edges",
]
