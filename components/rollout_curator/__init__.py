"""Open RL rollouts, choose what is good enough, and write a training file exactly as previewed."""

__version__ = "0.1.0"
