"""A record as ShareGPT has it: turns of `from` and `value`, in which every value is text.

    {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "function_call", "value": "[{...}]"},
                       {"from": "observation", "value": "4"}, {"from": "gpt", "value": "4."}], "tools": "[...]"}

As LLaMA-Factory 0.9.5 reads it (`llamafactory/data/converter.py`, SharegptDatasetConverter, and `formatter.py`,
FunctionFormatter): calls are the JSON text of a list of {name, arguments}, between <tool_call> and </tool_call> where
text stands before them; results in a row are one turn, joined as its OpenAIDatasetConverter joins them. There is no
place for the ids of calls or for names. `tools` is always there, because a file without that column stops the load.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollout_curator.rollout import Example
from rollout_curator.sources.shapes.sharegpt import BETWEEN_RESULTS, THOUGHT_END

FROM = {"user": "human", "assistant": "gpt", "tool": "observation"}
CALLS = re.compile("<tool_call>(.*?)</tool_call>", re.DOTALL)
"""How its formatter finds calls beside text: the first pair of marks in the value."""
_THOUGHT = re.compile("<think>\n(.*?)\n</think>\n\n", re.DOTALL)
_PLACED = ("role", "content", "tool_calls", "tool_call_id", "name")


def record_of(made: Example) -> dict[str, Any]:
    """Return the JSON object of the training file; only valid when the example is not skipped."""
    return written(made.record()) if made.layout == "sharegpt" else made.record()


def written(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of OpenAI messages as ShareGPT has it; other columns stay what they are."""
    rest = {name: value for name, value in record.items() if name not in ("messages", "tools")}
    tools = record.get("tools") or ""
    as_text = tools if isinstance(tools, str) else json.dumps(tools, ensure_ascii=False)
    return {"conversations": list(_turns(record["messages"])), "tools": as_text, **rest}


def says_the_same(row: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Say whether a row, decoded as LLaMA-Factory does, has the texts, calls and results of a record, in order."""
    return [_decoded(turn) for turn in row["conversations"]] == list(_meant(record["messages"]))


def _turns(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for message, results in _grouped(messages):
        role = "function_call" if message.get("tool_calls") else FROM.get(message["role"], message["role"])
        value = BETWEEN_RESULTS.join(map(text_of, results)) if results else _value(message)
        yield {"from": role, "value": value} | {key: more for key, more in message.items() if key not in _PLACED}


def _grouped(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Yield each message with no results, and the first of each row of results with all of them."""
    results: list[Mapping[str, Any]] = []
    for message in messages:
        if message["role"] == "tool":
            results.append(message)
            continue
        if results:
            yield results[0], results
            results = []
        yield message, []
    if results:
        yield results[0], results


def _value(message: Mapping[str, Any]) -> str:
    """Return the text of a message; what its calls say has no "<", so that no mark can stand in it."""
    text = text_of(message)
    if not message.get("tool_calls"):
        return text
    calls = [_plain(call) for call in message["tool_calls"]]
    as_text = json.dumps(calls, ensure_ascii=False).replace("<", "\\u003c")
    return f"{text}{_space_after(text)}<tool_call>{as_text}</tool_call>" if text else as_text


def _plain(call: Mapping[str, Any]) -> dict[str, Any]:
    return {name: call["function"][name] for name in ("name", "arguments")}


def _space_after(text: str) -> str:
    """Return what stands between text and calls, as in the templates of Qwen."""
    return "" if text.endswith(THOUGHT_END) else "\n"


def text_of(message: Mapping[str, Any]) -> str:
    """Return the content of a message as text: the texts of its parts, JSON text where some are none."""
    content = message["content"]
    if not isinstance(content, list):
        return content or ""
    return "".join(part["text"] for part in content) if is_text(message) else json.dumps(content, ensure_ascii=False)


def is_text(message: Mapping[str, Any]) -> bool:
    """Say whether the content of a message is text or parts of text alone."""
    content = message["content"]
    parts = content if isinstance(content, list) else []
    return all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts)


def _decoded(turn: Mapping[str, Any]) -> tuple[str, str, list[Any]]:
    """Return who says a turn, its text, and its calls as FunctionFormatter takes them. Raises ValueError."""
    value = turn["value"]
    if turn["from"] != "function_call":
        return turn["from"], value, []
    found = CALLS.search(value) or _THOUGHT.search(value)
    if found is None:
        return "function_call", "", _as_list(json.loads(value))
    rest = value.replace(found.group(), "")
    if found.re is _THOUGHT:
        return "function_call", found.group(), _as_list(json.loads(rest))
    return "function_call", rest, _as_list(json.loads(found.group(1)))


def _as_list(calls: Any) -> list[Any]:
    return calls if isinstance(calls, list) else [calls]


def _meant(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, list[Any]]]:
    for message, results in _grouped(messages):
        calls = [_plain(call) for call in message.get("tool_calls", ())]
        text = text_of(message)
        if calls:
            yield "function_call", text + _space_after(text) if text else "", calls
        else:
            said = BETWEEN_RESULTS.join(map(text_of, results)) if results else text
            yield FROM.get(message["role"], message["role"]), said, []
