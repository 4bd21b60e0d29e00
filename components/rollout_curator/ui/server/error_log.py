"""Errors that nobody foresaw: written to the server's log, and known to the user by a number."""

import secrets
import traceback

from rollout_curator.terminal import log, note


def log_error(error: BaseException) -> str:
    """Write an error that nobody foresaw to stderr and return the number it is found under."""
    number = secrets.token_hex(4)
    note(f"error {number}")
    log("".join(traceback.format_exception(error)))
    return number
