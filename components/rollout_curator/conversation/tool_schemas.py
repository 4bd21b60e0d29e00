"""Whether the calls of a conversation fit the tools that were offered: names, and arguments against schemas.

Simple schemas are checked here, because nearly all are simple and every call of every line is checked; any other by
jsonschema, without patterns (a regular expression from data may run for ever) and without references elsewhere.
Shape of the input: calls as (name, arguments), tools as chat describes them.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from rollout_curator.conversation.items import Findings
from rollout_curator.sources.shapes.key_tracker import label

Check = Callable[[Any], bool]
SCHEMAS_MAX = 4096
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "object": (dict,), "array": (list,), "null": (type(None),),
    "integer": (int,), "number": (int, float),
}  # fmt: skip
_SIMPLE = frozenset({"type", "properties", "required", "additionalProperties", "title", "description", "$schema"})
_SIMPLE_VALUE = frozenset({"type", "title", "description", "default", "examples", "enum"})
_UNCHECKED = ("pattern", "patternProperties", "format", "$dynamicRef")


def note_calls(calls: Iterable[tuple[Any, Any]], tools: Iterable[Mapping[str, Any]] | None, findings: Findings) -> None:
    """Note calls without any tools, of tools that were not offered, and with arguments that break the tool's schema."""
    schemas: dict[Any, Any] | None = None
    checks: dict[str, Check] = {}
    for name, arguments in calls:
        if schemas is None:
            schemas = schemas_of(tools)
            if not schemas:
                findings.note("tools_not_recorded")
                return
        if name not in schemas:
            findings.note(f"unknown_tool:{label(name)}")
        elif isinstance(arguments, dict):
            if name not in checks:
                checks[name] = _check_of(schemas[name])
            if not checks[name](arguments):
                findings.note(f"arguments_off_schema:{label(name)}")


def schemas_of(tools: Iterable[Mapping[str, Any]] | None) -> dict[Any, Any]:
    """Return the schema of each tool by its name."""
    return {tool["function"].get("name"): tool["function"].get("parameters") for tool in tools or ()}


def fit(calls: Iterable[tuple[Any, Any]], schemas: Mapping[Any, Any]) -> bool:
    """Whether `note_calls` has nothing to say of calls whose arguments are objects."""
    return all(name in schemas and _check_of(schemas[name])(arguments) for name, arguments in calls)


def _check_of(schema: Any) -> Check:
    """Return the check of a schema; one that cannot be used is none."""
    if not isinstance(schema, dict) or not schema:
        return _anything
    try:
        return _check(orjson.dumps(schema))
    except (TypeError, RecursionError, orjson.JSONEncodeError):
        return _anything


def _anything(arguments: Any) -> bool:
    return True


@lru_cache(maxsize=SCHEMAS_MAX)
def _check(text: bytes) -> Check:
    schema = orjson.loads(text)
    return _simple(schema) or _by_jsonschema(schema)


def _simple(schema: dict[str, Any]) -> Check | None:
    """Return the check of a schema that only names properties and their types, None for any other."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    is_open = schema.get("additionalProperties", True)
    if not schema.keys() <= _SIMPLE or schema.get("type", "object") != "object" or not isinstance(is_open, bool):
        return None
    if (
        not isinstance(properties, dict)
        or not isinstance(required, list)
        or not all(isinstance(name, str) for name in required)
        or not all(map(_is_simple, properties.values()))
    ):
        return None
    allowed = {name: (_types_of(value), value.get("enum")) for name, value in properties.items()}

    def check(arguments: Any) -> bool:
        if any(name not in arguments for name in required):
            return False
        for name, value in arguments.items():
            if name not in allowed:
                if not is_open:
                    return False
                continue
            types, enum = allowed[name]
            if (types and not _is_of(value, types)) or (enum is not None and value not in enum):
                return False
        return True

    return check


def _is_simple(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() <= _SIMPLE_VALUE:
        return False
    kinds = value.get("type", [])
    are_known = all(
        isinstance(kind, str) and kind in _TYPES for kind in (kinds if isinstance(kinds, list) else [kinds])
    )
    return are_known and isinstance(value.get("enum", []), list)


def _types_of(value: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = value.get("type", [])
    return tuple(kinds) if isinstance(kinds, list) else (kinds,)


def _is_of(value: Any, types: tuple[str, ...]) -> bool:
    """Whether a value is of one of the types; a boolean is no number, and 1.0 is an integer (JSON Schema)."""
    for name in types:
        if isinstance(value, bool):
            if name == "boolean":
                return True
        elif isinstance(value, _TYPES[name]) or (name == "integer" and isinstance(value, float) and value.is_integer()):
            return True
    return False


def _by_jsonschema(schema: dict[str, Any]) -> Check:
    from jsonschema import Draft202012Validator  # takes as long to import as `check` of a small file
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return lambda arguments: True
    unchecked: Any = dict.fromkeys(_UNCHECKED, lambda *_: ())
    validator = extend(Draft202012Validator, unchecked)(schema, registry=Registry())

    def check(arguments: Any) -> bool:
        try:
            return bool(validator.is_valid(arguments))
        except (Unresolvable, TypeError, ValueError, AttributeError, KeyError):  # of a schema nobody can use: no claim
            return True

    return check
