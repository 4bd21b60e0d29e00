"""What bounds on a number would keep, and how the number is spread: exact counts of rollouts, tasks and tokens."""

from rollout_curator.selection.threshold_counts.bins import MAX_VALUE_BINS, Bins, RoundEdges, make_bins, round_edges
from rollout_curator.selection.threshold_counts.curves import MAX_STOPS, Curve, ThresholdCounts, count_thresholds
from rollout_curator.selection.threshold_counts.sorted_columns import Kept

__all__ = [
    "MAX_STOPS",
    "MAX_VALUE_BINS",
    "Bins",
    "Curve",
    "Kept",
    "RoundEdges",
    "ThresholdCounts",
    "count_thresholds",
    "make_bins",
    "round_edges",
]
