"""What a recipe may say of options and of issues, and what its lists keep, drop and trim mean for a conversion.

Knows names and values, not files: `recipe` reads them. Raises RecipeError with the key and what is expected.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, get_args, get_type_hints

from rollout_curator.conversation import HAZARDS, ISSUE_WORDS, TRIMMABLE, ChatOptions, FlatOptions
from rollout_curator.errors import RecipeError, TemplateError
from rollout_curator.training import templates

INVALID = ("masked", "truncated", "failed")
NO_OPTIONS = ("trim", "layout")
"""Fields of the conversion options that the lists of a recipe set, or the trainer alone."""
_BY_OPTIONS = frozenset({"unsupported_item", "ends_in_tool_call", "trimmed_tail"})
_TAKEN_KEYS = ("", "role", "content", "tool_calls", "tool_call_id", "name")


def check_lists(keep: tuple[str, ...], drop: tuple[str, ...], trim: tuple[str, ...]) -> None:
    """Raise RecipeError for a name in keep, drop or trim that means nothing there."""
    for name in (*keep, *drop):
        if name not in ISSUE_WORDS and name not in INVALID:
            raise RecipeError(f"keep or drop names {name!r}: unknown issue; see `rollout-curator check`")
    for name in trim:
        if name not in TRIMMABLE:
            raise RecipeError(f"trim: {name!r} cannot be trimmed; choose from {', '.join(sorted(TRIMMABLE))}")
        if name in keep or name in drop:
            raise RecipeError(f"{name!r} is in trim and in keep/drop; use only one")


def by_lists(options: ChatOptions, keep: tuple[str, ...], trim: tuple[str, ...]) -> ChatOptions:
    """Return the options with what the lists of a recipe say of issues that the conversion itself can mend."""
    if "unsupported_item" in keep:
        options = replace(options, unsupported="omit")
    elif "unsupported_item" in trim:
        options = replace(options, unsupported="trim")
    if "ends_in_tool_call" in trim:
        options = replace(options, final_tool_call="trim")
    if "trimmed_tail" in trim:
        options = replace(options, trailing="trim")
    return replace(options, trim=frozenset(trim) - frozenset(HAZARDS) - _BY_OPTIONS)


def check_options(options: Mapping[str, Any], base: FlatOptions | ChatOptions) -> None:
    """Raise RecipeError for an option that is not there or has a value it cannot have."""
    hints = get_type_hints(type(base))
    for name, value in options.items():
        if name not in hints or name in NO_OPTIONS:
            known = [hint for hint in hints if hint not in NO_OPTIONS]
            raise RecipeError(f"unknown option {name!r}; choose from {', '.join(known)}")
        choices = get_args(hints[name])
        if choices and value not in choices:
            raise RecipeError(f"options: {name} is {value!r}, expected one of {', '.join(map(str, choices))}")
        if not choices and not isinstance(value, hints[name]):
            raise RecipeError(f"options: {name} is {value!r}, expected {hints[name].__name__}")
        if name == "reasoning_key" and value in _TAKEN_KEYS:
            raise RecipeError(f"options: reasoning_key is {value!r}, expected a key that messages do not have yet")


@lru_cache(maxsize=8)
def _template_of(text: str) -> templates.ChatTemplate:
    return templates.from_table(json.loads(text), reach=None)


def template_of(table: Mapping[str, Any]) -> templates.ChatTemplate:
    """Return the template of a recipe's table, remembered because every look at a recipe asks for it."""
    try:
        return _template_of(json.dumps(table, sort_keys=True))
    except (TypeError, ValueError) as error:
        raise TemplateError(f"template: the table cannot be used ({error})") from error
