"""Sources, index, decisions and recipe, joined: what the command line, the app and an export all stand on."""
