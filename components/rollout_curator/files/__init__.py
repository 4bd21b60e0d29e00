"""Files on disk: what may be opened and replaced, how a file appears whole, and what an export left beside it."""
