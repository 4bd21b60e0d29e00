"""What one rollout is, as numbers and short words: the facts the columns of the index hold.

Takes a parsed rollout, gives a plain record. The outcomes of the conversions come from the very functions
that preview and export call, so a rollout the index calls exportable is one that is exported.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import xxhash

from rollout_curator.conversation import Outcome, open_rollout, usual_outcomes
from rollout_curator.conversation.items import item_type
from rollout_curator.index.columns import WEIGHTS
from rollout_curator.index.counts import Counts, count
from rollout_curator.index.token_estimates import Weight, weight
from rollout_curator.rollout import Example, Item, Rollout
from rollout_curator.signals import SIGNALS

_TASK_NAMES = ("task_id", "instance_id", "id", "uuid", "problem_id", "question_id")
_NOT_FACETS = re.compile(
    r"^_ng_|(^|_)(idx|index|seed)$|^reward$|^(task_id|id|uuid|problem_id|question_id|instance_id)$"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """One row of the index without its place in the source. Field names are column names."""

    numbers: tuple[Any, ...]
    classes: tuple[str, ...]
    facets: Mapping[str, float]


NUMBER_NAMES = (
    "reward", "attempt", "n_items", "n_turns", "n_user_turns", "n_calls", "n_tool_errors", "n_tools", "n_images",
    "chars_prompt", "chars_out", "chars_reasoning", "chars_tool", "tokens_in", "tokens", "estimated", *WEIGHTS,
    "prompt_key", "task_key", "names_agent", *SIGNALS,
)  # fmt: skip
OUTCOME_NAMES = ("flat", "chat", "chat_reasoning", "gym")
CLASS_NAMES = ("format", "agent", "model", "task", "finish", "invalid", "flags", *OUTCOME_NAMES)


def facts(rollout: Rollout, environment: str) -> Facts:
    """Return the facts of a rollout; `environment` stands in for an agent name the line does not give."""
    fields: Mapping[str, Any] = rollout.fields or {}
    response = _mapping(fields.get("response"))
    opened = open_rollout(rollout)
    output = opened.output
    counts = count(opened.prompt, output)
    weighed = weight(counts, rollout.tools)
    tokens_in, tokens = _usage(response, weighed)
    estimated = tokens is None
    made = usual_outcomes(opened)
    agent, prompt_key = _agent(fields), hash_of_prompt(rollout)
    task = _task(fields) or f"prompt {prompt_key:016x}"
    numbers = (
        rollout.reward, _integer(fields.get("_ng_rollout_index")), counts.n_items, counts.n_turns,
        counts.n_user_turns, counts.n_calls, counts.n_tool_errors, len(rollout.tools), counts.n_images,
        counts.chars_prompt, counts.chars_out, counts.chars_reasoning, counts.chars_tool,
        weighed.sent if tokens_in is None else tokens_in,
        weighed.generated if tokens is None else tokens, estimated,
        weighed.read, weighed.earlier, weighed.written, weighed.thought, weighed.results, weighed.tools,
        weighed.low, weighed.high,
        prompt_key, _hash_of_task(agent, task), bool(agent),
    )  # fmt: skip
    classes = (
        rollout.format, _word(agent) or environment, _model(fields, response), _word(task),
        _finish(rollout, response, output), rollout.invalid, "|".join(_flags(rollout, fields, counts)),
        *(outcome(getattr(made, name), made.loading.get(name, ())) for name in OUTCOME_NAMES),
    )  # fmt: skip
    measured = tuple(measure(output) for measure in SIGNALS.values())
    return Facts((*numbers, *measured), classes, _facets(fields))


def outcome(made: Example | Outcome, loading: Sequence[str] = ()) -> str:
    """Return the skip reason (empty when there is an example), the issues, and `-KIND=N` for what is left out.

    Issues of loading stand behind those of the conversion.
    """
    left_out = [f"-{kind}={n}" for kind, n in made.left_out]
    return "|".join([made.skip or "", *made.issues, *loading, *left_out])


def read_outcome(text: str) -> Outcome:
    """Return what `outcome` wrote."""
    skip, *rest = text.split("|")
    issues = tuple(word for word in rest if not word.startswith("-"))
    pairs = (word[1:].split("=") for word in rest if word.startswith("-"))
    return Outcome(skip or None, issues, tuple((kind, int(n)) for kind, n in pairs))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _integer(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**62 else -1


def _word(value: Any) -> str:
    """Return a short single-line name for an id or a name of the data, whatever it is."""
    text = _text(value)
    return text[:200] if text.isascii() else text.encode("utf-8", "replace").decode()[:200]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    return json.dumps(value, separators=(",", ":")) if value is not None else ""


def _agent(fields: Mapping[str, Any]) -> str:
    """Return the agent that the line itself names, empty for none."""
    reference = fields.get("agent_ref")
    name = reference.get("name") if isinstance(reference, dict) else fields.get("agent")
    return name if isinstance(name, str) else ""


def _model(fields: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    params = _mapping(fields.get("responses_create_params"))
    name = response.get("model") or params.get("model") or fields.get("model")
    return _word(name) if isinstance(name, str) else ""


def _task(fields: Mapping[str, Any]) -> str:
    """Return the name that the line gives its task: its index, else its id, empty for none."""
    index = fields.get("_ng_task_index", fields.get("task_idx"))
    if index is not None:
        return _text(index)
    for name in _TASK_NAMES:
        if isinstance(value := fields.get(name), str | int) and not isinstance(value, bool) and value != "":
            return _text(value)
    return ""


def hash_of_prompt(rollout: Rollout) -> int:
    """Return a hash of what the policy was asked: the items, the instructions and the tools, whatever their file."""
    asked = (rollout.prompt, rollout.instructions, rollout.tools)
    try:
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # a number beyond 64 bits, half a surrogate
        text = json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()
    return xxhash.xxh3_64_intdigest(text)


def _hash_of_task(agent: str, task: str) -> int:
    return xxhash.xxh3_64_intdigest(f"{len(agent)} {agent}{task}".encode("utf-8", "surrogatepass"))


def _usage(response: Mapping[str, Any], weighed: Weight) -> tuple[int | None, int | None]:
    """Return prompt and generated tokens in either spelling of `usage`, None where absent or 0 of a text that is there.

    Some agents fill `usage` with zeros.
    """
    usage = _mapping(response.get("usage"))
    sent = usage.get("input_tokens", usage.get("prompt_tokens"))
    generated = usage.get("output_tokens", usage.get("completion_tokens"))
    return (_token_count(sent, weighed.sent), _token_count(generated, weighed.generated))


def _token_count(value: Any, weighed: int) -> int | None:
    return value if type(value) is int and 0 <= value < 2**50 and (value or not weighed) else None


def _flags(rollout: Rollout, fields: Mapping[str, Any], counts: Counts) -> list[str]:
    flags = list(rollout.notes)
    if rollout.unusable:
        flags.append(rollout.unusable)
    if thinking := [text for text in counts.answers if "think>" in text]:
        opened, closed = (any(tag in text for text in thinking) for tag in ("<think>", "</think>"))
    else:
        opened = closed = False
    if opened or closed:
        flags.append("inline_think" if opened and closed else "think_never_opened" if closed else "think_never_closed")
    if counts.has_token_ids:
        flags.append("has_token_ids")
    if _mapping(_mapping(fields.get("responses_create_params")).get("metadata")).get("audio_url"):
        flags.append("has_audio")
    return flags


def _finish(rollout: Rollout, response: Mapping[str, Any], output: Sequence[Item]) -> str:
    """Say how the rollout ended, by its last item unless the response says more."""
    if response.get("error"):
        return "error"
    if rollout.truncated:
        return rollout.truncated
    if not output:
        return "empty"
    last = output[-1]
    if (kind := item_type(last)) != "message":
        return _TAILS.get(kind, "other")
    if last.get("role") == "assistant":
        return "call_tail" if last.get("tool_calls") else "stop"
    return "tool_tail" if last.get("role") == "tool" else "user_tail"


_TAILS = {"function_call": "call_tail", "function_call_output": "tool_tail", "reasoning": "reasoning_tail"}


def _facets(fields: Mapping[str, Any]) -> dict[str, float]:
    """Return every top-level number and boolean that is not an index, and the parts of `reward_components`.

    Booleans stay booleans, so that the index knows which facets are never anything else.
    """
    found: dict[str, float] = {}
    for name, value in fields.items():
        if isinstance(value, int | float) and _is_facet_name(name):
            found[name] = value if isinstance(value, bool) else _as_float(value)
    for name, value in _mapping(fields.get("reward_components")).items():
        if isinstance(value, int | float):
            found.setdefault(f"reward_components.{name}", value if isinstance(value, bool) else _as_float(value))
    return found


@lru_cache(maxsize=4096)
def _is_facet_name(name: str) -> bool:
    return not _NOT_FACETS.search(name)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("nan")
