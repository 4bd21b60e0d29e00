"""Places of a line that carry content, a unique word put into one, and what became of the word."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rollout_curator.conversation import Outcome
from rollout_curator.export.losses import notes_of
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Plan
from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import read_object

WORD = "qzunique"
Path = tuple[Any, ...]

CONVERSATION = frozenset(
    {
        "messages", "conversations", "prompt", "completion", "system", "system_prompt", "tools", "tool_defs",
        "functions", "available_tools", "input", "output", "history", "trajectory", "steps", "images",
    }
)  # fmt: skip
"""Keys at the top of a line that hold conversation; `info` and the two sides of NeMo Gym are looked into besides."""
BOOKKEEPING = frozenset(
    {
        "id", "call_id", "tool_call_id", "tool_use_id", "type", "role", "from", "status", "model", "object", "index",
        "created_at", "logprobs", "detail", "encrypted_content", "strict", "name",
    }
)  # fmt: skip
"""Keys whose text joins or names things; another text there makes another rollout, not a richer one."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is written for a line and what is told of it."""

    record: str
    skip: str | None
    told: tuple[Any, ...]


def account(fields: dict[str, Any], plan: Plan) -> Account:
    """Return what becomes of a line under a plan."""
    read = read_object(fields)
    if not isinstance(read, Rollout):
        return Account("", read.kind, (read.kind,))
    made = recipes.example(read, plan)
    record = "" if made.skip else json.dumps(made.record(), ensure_ascii=False)
    told = notes_of(Outcome(made.skip, made.issues, made.left_out), plan.harmless)
    return Account(record, made.skip, (*sorted(made.left_out), *told, read.invalid, read.truncated))


def texts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every text that is content."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if _is_inside(path, key, value):
                yield from texts(inner, (*path, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from texts(inner, (*path, n))
    elif isinstance(value, str) and not BOOKKEEPING & {key for key in path if isinstance(key, str)}:
        yield path


def _is_inside(path: Path, key: str, fields: dict[str, Any]) -> bool:
    """Whether a key lies in the conversation of a line."""
    if not path:
        if "responses_create_params" in fields:
            return key in ("responses_create_params", "response", "output")
        return key in CONVERSATION or key == "info"
    if path == ("responses_create_params",):
        return key in ("input", "instructions", "tools")
    if path == ("response",):
        return key == "output"
    return path != ("info",) or key in ("tools", "oai_tools")


def objects(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every object inside the conversation of a line, but not inside arguments and schemas."""
    if isinstance(value, dict):
        if path and isinstance(path[-1], int):
            yield path
        for key, inner in value.items():
            if _is_inside(path, key, value) and key not in ("arguments", "parameters", "input_schema", "args"):
                if key == "function" and isinstance(inner, dict):
                    yield (*path, key)
                yield from objects(inner, (*path, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from objects(inner, (*path, n))


def at(value: Any, path: Path) -> Any:
    """Return what stands at a place."""
    for key in path:
        value = value[key]
    return value


def changed(fields: dict[str, Any], path: Path, new: Any) -> dict[str, Any]:
    """Return a copy of a line with another value at a place."""
    made = copy.deepcopy(fields)
    holder = at(made, path[:-1])
    holder[path[-1]] = new
    return made


def marked(text: str, key: Any) -> str:
    """Return a text with the word in it, still JSON where arguments or lists as text were."""
    if text[:1] in ("{", "["):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, dict):
            return json.dumps({**value, WORD: WORD})
        if isinstance(value, list) and key != "content":
            return json.dumps([*value, WORD])
    return f"{text} {WORD}" if text else WORD


def kind_of(path: Path) -> str:
    """Return a place without numbers, for messages."""
    return ".".join("[]" if isinstance(key, int) else str(key) for key in path)
