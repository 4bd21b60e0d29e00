"""The desks of `support_tools`: house rules, tools and the record `Scenario`, read from `support_*.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shape import JsonObject, Step, call, function_tool, out


@dataclass(frozen=True, slots=True)
class Scenario:
    """One request, what the tools say about it, and the ways an agent can go.

    `lookups` do not depend on each other. `stumble` is a first call that fails and its error.
    `act` is right by the rules; `breach` is against them, and `breach_done` what the agent then says.
    `must_ask` says that acting without the customer's yes is against the rules too.
    """

    task_id: str
    request: str
    plan: str
    intro: str
    lookups: tuple[tuple[Step, Step], ...]
    stumble: tuple[Step, Step]
    ask: str
    reply: str
    act: tuple[Step, Step]
    done: tuple[str, ...]
    breach: tuple[Step, Step]
    breach_done: str
    giveup: str
    guess: str
    must_ask: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """Who is asked: the house rules, the tools, and what people come with."""

    rules: str
    tools: tuple[JsonObject, ...]
    scenarios: tuple[Scenario, ...]


def desk(name: str) -> Desk:
    """Return the desk of `support_<name>.toml`."""
    table = tomllib.loads(Path(__file__).with_name(f"support_{name}.toml").read_text("utf-8"))
    tools = tuple(function_tool(tool, words, **fields) for tool, (words, fields) in table["tools"].items())
    return Desk(table["rules"], tools, tuple(_scenario(**fields) for fields in table["scenario"]))


def _scenario(lookups: list[Any], done: list[str], **rest: Any) -> Scenario:
    """Return one scenario; a list in the file is a call with its answer."""
    fields: dict[str, Any] = {
        key: _answered(*value) if isinstance(value, list) else value for key, value in rest.items()
    }
    return Scenario(lookups=tuple(_answered(*row) for row in lookups), done=tuple(done), **fields)


def _answered(tool: str, arguments: JsonObject, answer: str | JsonObject | list[Any]) -> tuple[Step, Step]:
    """Return a call and its answer."""
    return call(tool, **arguments), out(answer)
