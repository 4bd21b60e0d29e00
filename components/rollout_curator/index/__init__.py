"""One pass over a source gives a column per fact; bodies stay on disk and are read by offset."""
