"""What only ShareGPT files have: calls after text in one value, and several results in one turn.

LLaMA-Factory 0.9.5: `llamafactory/data/formatter.py` (FunctionFormatter: calls between <tool_call> and </tool_call>
after text, or JSON after <think>...</think>) and `converter.py` (results in a row are joined).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollout_curator.sources.shapes.calls import read_json

BETWEEN_RESULTS = "\n</tool_response>\n<tool_response>\n"
THOUGHT_END = "</think>\n\n"
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"


def split_calls(value: Any) -> tuple[str, Any]:
    """Return the text before the calls of a turn, and the calls; no text where the value is nothing but calls."""
    if not isinstance(value, str):
        return "", value
    text, mark, rest = value.partition(_OPEN)
    calls, end, after = rest.partition(_CLOSE)
    if mark and end and not after.strip() and _is_calls(calls):
        is_apart = text.endswith("\n") and not text.endswith(THOUGHT_END)
        return (text[:-1] if is_apart else text), calls
    thought, mark, calls = value.partition(THOUGHT_END)
    if mark and value.startswith("<think>") and _is_calls(calls):
        return thought + mark, calls
    return "", value


def _is_calls(text: str) -> bool:
    value = read_json(text.strip())
    return isinstance(value, list | dict)


def split_results(messages: Sequence[Any]) -> list[Any]:
    """Return messages with a turn of joined results as one turn each, where there are as many as calls before it."""
    made: list[Any] = []
    n_calls = 0
    for message in messages:
        value = message.get("value") if isinstance(message, dict) else None
        kind = message.get("from") if isinstance(value, str) else None
        results = value.split(BETWEEN_RESULTS) if kind == "observation" and isinstance(value, str) else []
        if 1 < len(results) == n_calls:
            made += [{**message, "value": result} for result in results]
        else:
            made.append(message)
        n_calls = _count_calls(message) if kind == "function_call" else 0
    return made


def _count_calls(message: Mapping[str, Any]) -> int:
    calls = read_json(split_calls(message["value"])[1])
    return len(calls) if isinstance(calls, list) else 1
