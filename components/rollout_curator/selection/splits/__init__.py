"""Training, validation and test parts that do not leak, and what ties rollouts together."""
