"""What people decided: the review store, one SQLite file to which acts are appended."""
