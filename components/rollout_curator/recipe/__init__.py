"""A recipe in every spelling: as a value, as TOML, as a URL, and what it comes to under a trainer."""
