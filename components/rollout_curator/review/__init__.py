"""What reading a part says about the whole: bounds, drawing at random, calibration, agreement, a plan for the time.

Bounds, agreement, calibration and drawing are pure functions on arrays; `summary`, `statement`, `team` and the queues
join them with a workspace and its decisions.
"""
