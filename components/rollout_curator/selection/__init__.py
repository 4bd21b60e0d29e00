"""Who stays and why not: pure functions on columns."""
