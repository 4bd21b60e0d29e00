"""The issues of a regular rollout, found without making an example: what the index asks of nearly every line.

Regular is a prompt of texts and an output in which every call is answered before the next step, ending in an answer.
Says nothing of any other rollout; then the conversions decide. Knows no rule that they do not have.
"""

from functools import lru_cache
from typing import Any

import orjson

from rollout_curator.conversation.calls import nest_tools, parse_arguments
from rollout_curator.conversation.datasets_issues import DOUBTFUL, tool_faults
from rollout_curator.conversation.datasets_values import number_faults
from rollout_curator.conversation.items import TEXT_PARTS, Findings, Opened, summaries
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.conversation.tool_schemas import fit, schemas_of
from rollout_curator.rollout import Item

_CHAT = ChatOptions()
ANSWERS = "message"
_PROMPT_ROLES = ("user", "system", "developer")
_EXTRAS = frozenset({"tool_calls", "function_call", "reasoning_content", "refusal", "name", "train"})
_TEXT_TYPES = tuple(TEXT_PARTS)
_DOUBTFUL = DOUBTFUL | {"non_finite_number"}


def kinds_of(opened: Opened) -> dict[str, int] | None:
    """Return how many items of each kind a regular rollout has; None for any other.

    Of a regular rollout `flat` notes all that are no answers, and `chat` just that there is reasoning.
    """
    rollout = opened.rollout
    if opened.skip is not None or opened.notes or rollout.truncated or not _DOUBTFUL.isdisjoint(rollout.notes):
        return None
    if rollout.template_kwargs or not _is_text_prompt(opened.prompt):
        return None
    calls: list[tuple[str, Any]] = []
    kinds = _walk(opened.output, calls)
    return kinds if kinds is not None and _fits_tools(calls, rollout.tools) else None


def _is_text_prompt(prompt: list[Item]) -> bool:
    has_user = False
    for item in prompt:
        role = item.get("role")
        if (item.get("type") or "message") != "message" or role not in _PROMPT_ROLES:
            return False
        if not isinstance(item.get("content"), str) or not _EXTRAS.isdisjoint(item):
            return False
        has_user = has_user or role == "user"
    return has_user


def _fits_tools(calls: list[tuple[str, Any]], tools: Any) -> bool:
    """Whether nothing is to be said of the tools, and of the calls against them."""
    try:
        schemas = _schemas(orjson.dumps(tools)) if tools else {}
    except orjson.JSONEncodeError:
        schemas = _schemas_of(tools)
    return schemas is not None and fit(calls, schemas)


@lru_cache(maxsize=256)
def _schemas(written: bytes) -> dict[Any, Any] | None:
    """Return the schemas of tools; those of many rollouts are the same and looked at once."""
    return _schemas_of(orjson.loads(written))


def _schemas_of(tools: Any) -> dict[Any, Any] | None:
    """Return the schema of each tool by its name, None where something is to be said of the tools."""
    findings = Findings()
    nested = nest_tools(tools, _CHAT, findings)
    is_told = bool(findings.issues) or findings.skip is not None or bool(nested and tool_faults(nested))
    return None if is_told else schemas_of(nested)


def _walk(output: list[Item], calls: list[tuple[str, Any]]) -> dict[str, int] | None:
    """Follow an output from step to step: reasoning, text and calls, then a result for each call."""
    kinds: dict[str, int] = {}
    waiting: set[str] = set()
    has_calls = has_text = is_answering = False
    for item in output:
        kind = item.get("type") or "message"
        if kind == "function_call_output":
            call_id = item.get("call_id")
            if not isinstance(call_id, str) or call_id not in waiting or not isinstance(item.get("output"), str):
                return None
            waiting.remove(call_id)
            has_calls = has_text = is_answering = False
            kinds[kind] = kinds.get(kind, 0) + 1
            continue
        if waiting and not is_answering:
            return None
        is_answering = True
        if kind == "message":
            if has_calls or has_text or not _is_answer(item):
                return None
            has_text = True
            kinds[ANSWERS] = kinds.get(ANSWERS, 0) + 1
            continue
        if kind == "function_call":
            arguments = _arguments(item)
            if arguments is None or item["call_id"] in waiting:
                return None
            calls.append((item["name"], arguments))
            waiting.add(item["call_id"])
            has_calls = True
        elif kind != "reasoning" or "train" in item or not (texts := summaries(item, use_content=False)):
            return None
        kinds[kind] = kinds.get(kind, 0) + (len(texts) if kind == "reasoning" else 1)
    return kinds if has_text and not has_calls else None


def _arguments(item: Item) -> dict[str, Any] | None:
    """Return the arguments of a regular call, None where anything about it is odd."""
    call_id, name, arguments = item.get("call_id"), item.get("name"), item.get("arguments")
    if not (isinstance(call_id, str) and call_id and isinstance(name, str) and name and isinstance(arguments, str)):
        return None
    parsed = parse_arguments(arguments) if "train" not in item else None
    return None if parsed is None or number_faults(parsed) else parsed


def _is_answer(item: Item) -> bool:
    if item.get("role") != "assistant" or not _EXTRAS.isdisjoint(item):
        return False
    content = item.get("content")
    if isinstance(content, list) and len(content) == 1 and isinstance(part := content[0], dict):
        content = part.get("text") if part.get("type") in _TEXT_TYPES else None
    return isinstance(content, str) and content != "" and not content.isspace()
