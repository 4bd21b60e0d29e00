"""What can be read: one file per format. Add a file with a `Format` row and it is read."""
