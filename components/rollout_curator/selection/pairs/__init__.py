"""Pairs for preference training: which rollouts stand against each other."""
