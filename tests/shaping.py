"""What the readers and the conversion make of one line, in a few words, for the tests of shapes."""

from typing import Any

from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example, Rollout
from rollout_curator.sources.formats.base import read_object

ASKED = {"role": "user", "content": "Tide?"}
SAID = {"role": "assistant", "content": "05:12."}
NAMED = {"type": "function", "function": {"name": "tide"}}


def line(*messages: Any, **more: Any) -> dict[str, Any]:
    """Return a line of chat with a reward."""
    return {"messages": list(messages), "reward": 1.0, **more}


def rollout(fields: dict[str, Any]) -> Rollout:
    """Return the rollout of a line."""
    found = read_object(fields)
    assert isinstance(found, Rollout), found
    return found


def made(fields: dict[str, Any], **recipe: Any) -> Example:
    """Return the chat example of a line for NeMo RL; reasoning stands in a field."""
    options = {"reasoning": "field", **recipe.pop("options", {})}
    plan = recipes.plan(Recipe(**{"target": "nemo_rl", "format": "chat", "options": options, **recipe}))
    return recipes.example(rollout(fields), plan)


def messages(fields: dict[str, Any], **recipe: Any) -> Any:
    """Return the messages that are written for a line."""
    example = made(fields, **recipe)
    assert example.skip is None, example.skip
    return example.record()["messages"]


def out(fields: dict[str, Any]) -> str | None:
    """Return why a line is not written."""
    return made(fields).skip


def notes(fields: dict[str, Any]) -> list[str]:
    """Return what reading noticed of a line, its reward aside."""
    return [note for note in rollout(fields).notes if not note.startswith("reward_")]


def call(call_id: str = "c1", name: str = "tide", **arguments: Any) -> dict[str, Any]:
    """Return a call as it is written for NeMo RL."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(*calls: dict[str, Any], text: str = "") -> dict[str, Any]:
    """Return an answer that calls tools."""
    return {"role": "assistant", "content": text, "tool_calls": list(calls)}


def result(call_id: str = "c1", content: Any = "05:12") -> dict[str, Any]:
    """Return the answer of a tool."""
    return {"role": "tool", "tool_call_id": call_id, "content": content}
