"""Errors that nobody foresaw: written to the server's log, and known to the user by a number."""

import secrets
import sys
import traceback


def log_error(error: BaseException) -> str:
    """Write an error that nobody foresaw to stderr and return the number it is found under."""
    number = secrets.token_hex(4)
    text = "".join(traceback.format_exception(error))
    print(f"rollout-curator: error {number}\n{text}", file=sys.stderr, flush=True)
    return number
