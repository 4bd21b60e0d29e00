"""The shape of one NeMo Gym rollout line, built from short steps.

Knows the keys NeMo Gym 0.5 writes (`responses_create_params`, `response`, `reward`, then what the
verifier adds, then the indices and `agent_ref`) and their order; knows nothing of any task.
A step is one `Step`; `stamp` turns steps into Responses items with ids drawn from a seeded `Random`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; `kind` is say, user, think, hidden, call, out or lost.

    `out` answers the oldest open call; `lost` says the oldest open call is never answered.
    """

    kind: str
    text: str = ""
    arguments: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rollout before it is put in its envelope.

    `odd` names the oddities it shows, `worth` why a reviewer should find it; both end up in the README.
    `response_patch` are keys laid over those of the finished `response`.
    """

    steps: tuple[Step, ...]
    reward: float | str | None
    fields: JsonObject = field(default_factory=dict)
    odd: tuple[str, ...] = ()
    worth: str = ""
    response_patch: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """What was attempted: the prompt side, shared by all attempts, and the attempts."""

    task_id: str
    prompt: str | list[JsonObject]
    attempts: tuple[Attempt, ...]
    tools: tuple[JsonObject, ...] = ()
    instructions: str | None = None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agent:
    """Who attempted: the name written in `agent_ref`, the policy, and its sampling settings."""

    name: str
    model: str
    temperature: float
    max_output_tokens: int | None
    parallel_tool_calls: bool
    usage: str


def say(text: str) -> Step:
    """Return an assistant message."""
    return Step("say", text)


def user(text: str) -> Step:
    """Return a simulated user's message inside the output."""
    return Step("user", text)


def turn(role: str, content: str | list[JsonObject]) -> JsonObject:
    """Return a message of the input."""
    return {"content": content, "role": role, "type": "message"}


def think(text: str) -> Step:
    """Return a reasoning item with one summary."""
    return Step("think", text)


def hidden() -> Step:
    """Return a reasoning item whose text the provider kept to itself."""
    return Step("hidden")


def call(name: str, /, **arguments: Any) -> Step:
    """Return a tool call."""
    return Step("call", name, arguments)


def out(value: str | JsonObject | list[Any]) -> Step:
    """Return the answer to the oldest open call; objects are written as JSON text."""
    return Step("out", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def lost() -> Step:
    """Say that the oldest open call is never answered."""
    return Step("lost")


def pick(rng: Random, choices: Sequence[T]) -> T:
    """Return one of `choices`; uses `random()` only, the one draw Python promises to keep."""
    return choices[int(rng.random() * len(choices))]


def token(rng: Random, length: int) -> str:
    """Return `length` hexadecimal characters."""
    return "".join("0123456789abcdef"[int(rng.random() * 16)] for _ in range(length))


def function_tool(name: str, description: str, /, **properties: str) -> JsonObject:
    """Return a flat Responses-style tool; a property is `type: description`, all are required."""
    schema: JsonObject = {}
    for key, spec in properties.items():
        kind, _, words = spec.partition(": ")
        schema[key] = {"type": kind, "description": words}
        if kind == "array":
            schema[key]["items"] = {"type": "string"}
    parameters = {"type": "object", "properties": schema, "required": list(schema), "additionalProperties": False}
    return {"name": name, "parameters": parameters, "strict": True, "type": "function", "description": description}


def stamp(rng: Random, steps: Sequence[Step]) -> list[JsonObject]:
    """Return the Responses items of `steps`, with ids, calls paired with outputs in order."""
    items: list[JsonObject] = []
    open_calls: list[str] = []
    for step in steps:
        if step.kind == "lost":
            open_calls.pop(0)
        else:
            items.append(_item(rng, step, open_calls))
    return items


def _item(rng: Random, step: Step, open_calls: list[str]) -> JsonObject:
    """Return the item of one step and keep the list of open calls."""
    if step.kind == "say":
        part: JsonObject = {"annotations": [], "text": step.text, "type": "output_text", "logprobs": None}
        return {
            "id": f"msg_{token(rng, 32)}",
            "content": [part],
            "role": "assistant",
            "status": "completed",
            "type": "message",
        }
    if step.kind == "user":
        return turn("user", step.text)
    if step.kind in ("think", "hidden"):
        shown = step.kind == "think"
        summary = [{"text": step.text, "type": "summary_text"}] if shown else []
        sealed = None if shown else f"gAAAAAB{token(rng, 180)}"
        return {"id": f"rs_{token(rng, 32)}", "summary": summary, "type": "reasoning", "encrypted_content": sealed}
    if step.kind == "call":
        call_id = f"call_{token(rng, 24)}"
        open_calls.append(call_id)
        arguments = json.dumps(step.arguments, ensure_ascii=False, separators=(",", ":"))
        return {
            "arguments": arguments,
            "call_id": call_id,
            "name": step.text,
            "type": "function_call",
            "id": f"fc_{token(rng, 32)}",
            "status": "completed",
        }
    call_id = open_calls.pop(0)
    return {"call_id": call_id, "output": step.text, "type": "function_call_output", "id": None, "status": None}


PARAMS = """
background include input instructions max_output_tokens max_tool_calls metadata model parallel_tool_calls
previous_response_id prompt reasoning service_tier store temperature text tool_choice tools top_logprobs top_p
truncation user stream
"""
RESPONSE = """
id created_at error incomplete_details instructions metadata model object output parallel_tool_calls temperature
tool_choice tools top_p background conversation max_output_tokens max_tool_calls previous_response_id prompt
prompt_cache_key reasoning safety_identifier service_tier status text top_logprobs truncation usage user
"""
"""Every key that NeMo Gym writes, in its order; null where nothing else is said."""


def asked(agent: Agent, task: Task) -> JsonObject:
    """Return what `responses_create_params` and `response` both say."""
    return {
        "instructions": task.instructions,
        "max_output_tokens": agent.max_output_tokens,
        "parallel_tool_calls": agent.parallel_tool_calls,
        "temperature": agent.temperature,
        "tool_choice": "auto",
        "tools": list(task.tools),
    }


def params(agent: Agent, task: Task) -> JsonObject:
    """Return `responses_create_params`."""
    return dict.fromkeys(PARAMS.split()) | asked(agent, task) | {"input": task.prompt}


def usage(spelling: str, task: Task, items: list[JsonObject]) -> JsonObject | None:
    """Return token counts (about four characters each) in the `input` or the `prompt` spelling, or None."""
    if spelling == "none":
        return None
    said = [i for i in items if i["type"] in ("message", "function_call") and i.get("role") != "user"]
    n_reason = sum(len(json.dumps(i["summary"], ensure_ascii=False)) // 4 for i in items if i["type"] == "reasoning")
    n_out = n_reason + sum(len(json.dumps(i.get("content", i.get("arguments")), ensure_ascii=False)) // 4 for i in said)
    n_in = (len(json.dumps(task.prompt, ensure_ascii=False)) + len(json.dumps(task.tools, ensure_ascii=False))) // 4
    if spelling == "prompt":
        return {
            "prompt_tokens": n_in,
            "total_tokens": n_in + n_out,
            "completion_tokens": n_out,
            "prompt_tokens_details": None,
        }
    return {
        "input_tokens": n_in,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": n_out,
        "output_tokens_details": {"reasoning_tokens": n_reason},
        "total_tokens": n_in + n_out,
    }


def response(rng: Random, agent: Agent, task: Task, attempt: Attempt, created_at: float) -> JsonObject:
    """Return the `response` object."""
    items = stamp(rng, attempt.steps)
    said = {
        "id": f"resp_{token(rng, 32)}",
        "created_at": created_at,
        "model": agent.model,
        "object": "response",
        "output": items,
        "usage": usage(agent.usage, task, items),
    }
    return dict.fromkeys(RESPONSE.split()) | asked(agent, task) | said | attempt.response_patch
