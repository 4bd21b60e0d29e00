"""JSON laid out for eyes: what is shown, never what is written.

Every function returns text for any value that JSON can hold, however deep or odd.
"""

import json
from typing import Any, NoReturn


def pretty(value: Any) -> str:
    """Return a JSON value over indented lines, characters as they are."""
    return _dumps(value, indent=2)


def as_json(value: Any) -> str:
    """Return a JSON value on one line, characters as they are."""
    return _dumps(value, indent=None)


def parsed(text: str) -> Any | None:
    """Return the object or array that a text is, or None when showing it as JSON would change it."""
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        return None
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _dumps(value: Any, indent: int | None) -> str:
    """Return JSON text, or the value's own text when it cannot be JSON."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        return f"(nested too deeply or not JSON: {type(value).__name__})"


def _finite(digits: str) -> float:
    """Return the float only if its text says the same."""
    value = float(digits)
    if repr(value) != digits:
        raise ValueError(digits)
    return value


def _refuse(constant: str) -> NoReturn:
    """Leave NaN and Infinity to be shown as they were written."""
    raise ValueError(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object only if no key stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
