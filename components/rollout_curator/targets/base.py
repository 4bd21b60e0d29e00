"""What an export must know of a trainer: how its examples are made, what is left out, how it is configured.

A target only chooses options and explains; `conversation` makes the examples and `exports` writes them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.discover import rows
from rollout_curator.errors import RecipeError


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """What a config snippet tells a trainer of the written file; `longest_tokens` is an estimate."""

    path: str
    format: str
    has_tools: bool
    validation_path: str | None = None
    longest_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One trainer, with the options that are right for it.

    `exclude` names the issues that keep a rollout out, `exclude_invalid` says whether rollouts that were
    cut off, masked or failed stay out: both are defaults which a recipe may change. `says` are plain sentences
    on what the trainer will do with the file that its user may not expect.
    """

    name: str
    title: str
    format: str
    flat: FlatOptions
    chat: ChatOptions
    exclude: frozenset[str]
    exclude_invalid: bool
    says: tuple[str, ...]
    config: Callable[[ConfigFacts], str]


def targets() -> dict[str, Target]:
    """Return every trainer an export can be for, by name."""
    return rows("rollout_curator.targets", Target)


def get(name: str) -> Target:
    """Return the target called `name`, or raise RecipeError with the names there are."""
    if name not in targets():
        raise RecipeError(f'target: there is no "{name}"; choose one of {", ".join(targets())}')
    return targets()[name]


def quote(text: str) -> str:
    """Return `text` as a YAML double-quoted scalar that holds exactly these characters."""
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[^\x20-\x7e]", lambda match: _escape(match.group()), quoted)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
