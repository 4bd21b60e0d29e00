"""From bytes to rollouts: which files are read, how they are unpacked, their lines, and one file per format."""
