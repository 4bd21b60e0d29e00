"""What can be written: one module per kind of file, each offering one `base.FileType` row."""
