"""The issues of a regular rollout, found without making an example: what the index asks of nearly every line.

Regular is a prompt of texts and an output in which every call is answered before the next step, ending in an answer.
Says nothing of any other rollout; then the conversions decide. Knows no rule that they do not have.
"""

from typing import Any

from rollout_curator.arrow import number_faults
from rollout_curator.conversation.calls import nest_tools, parse_arguments
from rollout_curator.conversation.items import REASONING_KEYS, TEXT_PARTS, Findings, Opened, summaries
from rollout_curator.conversation.loading import DOUBTFUL, tool_faults
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Item

_CHAT = ChatOptions()
_PROMPT_ROLES = ("user", "system", "developer")
_EXTRAS = frozenset({"tool_calls", "function_call", *REASONING_KEYS})
_TEXT_TYPES = tuple(TEXT_PARTS)
_DOUBTFUL = DOUBTFUL | {"non_finite_number"}


def dropped_kinds(opened: Opened) -> tuple[str, ...] | None:
    """Return the kinds of item that `flat` drops from a regular rollout, None for any other.

    Of a regular rollout `flat` notes just these, and `chat` notes just that there is reasoning.
    """
    rollout = opened.rollout
    if opened.skip is not None or opened.notes or rollout.truncated or not _DOUBTFUL.isdisjoint(rollout.notes):
        return None
    if not _is_text_prompt(opened.prompt) or not _has_regular_tools(rollout.tools):
        return None
    return _walk(opened.output)


def _is_text_prompt(prompt: list[Item]) -> bool:
    has_user = False
    for item in prompt:
        role = item.get("role")
        if (item.get("type") or "message") != "message" or role not in _PROMPT_ROLES:
            return False
        if not isinstance(item.get("content"), str):
            return False
        has_user = has_user or role == "user"
    return has_user


def _has_regular_tools(tools: Any) -> bool:
    findings = Findings()
    nested = nest_tools(tools, _CHAT, findings)
    return not findings.issues and findings.skip is None and not (nested and tool_faults(nested))


def _walk(output: list[Item]) -> tuple[str, ...] | None:
    """Follow an output from step to step: reasoning, text and calls, then a result for each call."""
    kinds: dict[str, None] = {}
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
            kinds[kind] = None
            continue
        if waiting and not is_answering:
            return None
        is_answering = True
        if kind == "message":
            if has_calls or not _is_answer(item):
                return None
            has_text = True
            continue
        if kind == "function_call":
            if not _is_call(item) or item["call_id"] in waiting:
                return None
            waiting.add(item["call_id"])
            has_calls = True
        elif kind != "reasoning" or not summaries(item, use_content=False):
            return None
        kinds[kind] = None
    return tuple(kinds) if has_text and not has_calls else None


def _is_call(item: Item) -> bool:
    call_id, name, arguments = item.get("call_id"), item.get("name"), item.get("arguments")
    if not (isinstance(call_id, str) and call_id and isinstance(name, str) and name and isinstance(arguments, str)):
        return False
    parsed = parse_arguments(arguments)
    return parsed is not None and not number_faults(parsed)


def _is_answer(item: Item) -> bool:
    if item.get("role") != "assistant" or not _EXTRAS.isdisjoint(item):
        return False
    content = item.get("content")
    if isinstance(content, list) and len(content) == 1 and isinstance(part := content[0], dict):
        content = part.get("text") if part.get("type") in _TEXT_TYPES else None
    return isinstance(content, str) and content != "" and not content.isspace()
