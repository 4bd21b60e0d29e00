"""What reading a part says about the whole: bounds, drawing at random, calibration, agreement, a plan for the time.

Pure functions on arrays and plain values: no rollout, no file, no decision store; `reading` joins them with those.
"""
