"""Values as JSON: one line for a record, and what keeps a value from being written or read back."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

import orjson

DEPTH_MAX = 500
"""Nesting that Python's own json, which trainers use, still reads with room to spare (it stops near 1,000)."""


def encode(record: Mapping[str, Any]) -> bytes:
    """Return the record as one line of JSON with its newline (F8).

    Lone surrogates, deep nesting and integers over 64 bits are written by json, escaped to ASCII.
    Raises ValueError for a number that is not finite, and for nesting no reader takes.
    """
    try:
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return f"{_dump(record, ensure_ascii=True, separators=(',', ':'))}\n".encode("ascii")
    if b"null" in line and not _is_finite(record):
        raise ValueError("a number in the record is not finite")
    return line


def json_text(value: Any) -> str:
    """Return a value as JSON text for people and models; raises ValueError where `fault_of` names a fault."""
    return _dump(value, ensure_ascii=False)


def fault_of(value: Any) -> str | None:
    """Return why a JSON value must not stand in a record (`non_finite_number`, `too_deep`), or None."""
    try:
        line = orjson.dumps(value)
    except orjson.JSONEncodeError:
        if not _is_shallow(value):
            return "too_deep"
        return None if _is_finite(value) else "non_finite_number"
    return "non_finite_number" if b"null" in line and not _is_finite(value) else None


def has_float(value: Any) -> bool:
    """Whether a float is anywhere in a JSON value."""
    return bool(_floats(value))


def _dump(value: Any, *, ensure_ascii: bool, separators: tuple[str, str] | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, allow_nan=False, separators=separators)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _is_finite(value: Any) -> bool:
    """Whether every number is finite; orjson writes null for one that is not."""
    return all(map(isfinite, _floats(value)))


def _floats(value: Any) -> list[float]:
    """Return every float in a JSON value."""
    found: list[float] = []
    pending: list[Any] = [[value]]
    for container in pending:
        for child in container.values() if isinstance(container, dict) else container:
            kind = type(child)
            if kind is str:  # most values are
                continue
            if kind is float:
                found.append(child)
            elif kind is dict or kind is list or kind is tuple:
                pending.append(child)
    return found


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_MAX):
        deeper: list[Any] = []
        for current in level:
            if isinstance(current, dict):
                deeper.extend(current.values())
            elif isinstance(current, list):
                deeper.extend(current)
        if not deeper:
            return True
        level = deeper
    return False
