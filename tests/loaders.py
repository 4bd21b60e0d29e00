"""What trainers refuse, said again from their sources and without this project's code: for tests on exported files."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROLES = {"system", "user", "assistant", "tool"}


def nemo_rl_accepts_file(path: Path) -> str | None:
    """Return why NeMo RL would not load the file, or None; it reads every line, so one bad row is enough.

    NVIDIA-NeMo/RL `oai_format_dataset.py`, `use_preserving_dataset: true`: text mode, one `json.loads` a line.
    """
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                reason = nemo_rl_accepts(json.loads(line, parse_constant=_refuse_constant))
            except ValueError as error:
                return f"line {number}: not JSON: {error}"
            if reason:
                return f"line {number}: {reason}"
    return None


def nemo_rl_accepts(row: Any) -> str | None:
    """Return why NeMo RL would refuse `row` or train on nonsense; None when it accepts."""
    messages = row.get("messages") if isinstance(row, dict) else None
    if not isinstance(messages, list) or not messages:
        return "messages is missing or empty"
    for index, message in enumerate(messages):
        if reason := _message_fault(message):
            return f"messages[{index}]: {reason}"
    last = messages[-1]
    if last["role"] != "assistant":
        return f"the last message is of {last['role']}, not of assistant"
    if not last.get("content") and not last.get("tool_calls") and not last.get("reasoning_content"):
        return "the last message is empty"
    return _tools_fault(row.get("tools"))


def _message_fault(message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return "not an object with a role that templates know"
    calls = message.get("tool_calls")
    if message.get("content") is None and not calls:
        return "content is missing and there are no tool calls"
    if not isinstance(message.get("content"), str | None):
        return "content is not a string"
    if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
        return "a tool message without tool_call_id"
    if "tool_calls" in message and (not isinstance(calls, list) or not calls or message["role"] != "assistant"):
        return "tool_calls is empty, not a list, or not of assistant"
    return next(filter(None, map(_call_fault, calls or [])), None)


def _call_fault(call: Any) -> str | None:
    function = call.get("function") if isinstance(call, dict) and call.get("type") == "function" else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return "a tool call that is not {type: function, function: {name, arguments}}"
    if not isinstance(function.get("arguments"), dict):
        return f"arguments of {function['name']} are not an object"
    return None


def _tools_fault(tools: Any) -> str | None:
    if tools is None:
        return None
    if not isinstance(tools, list) or not tools:
        return "tools is not a list of tools"
    for tool in tools:
        nested = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(nested, dict) or not isinstance(nested.get("name"), str):
            return "a tool that is not {type: function, function: {name, ...}}"
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def trl_accepts(row: Any) -> str | None:
    """Return why TRL would stop at a row, or train on nonsense.

    huggingface/trl 1.16.0, `trl/trainer/sft_trainer.py` `tokenize_fn`: `messages` is what the template gets, `tools`
    is a list or JSON text of one. Rows pass through one Arrow table, so every content must be text.
    """
    fault = _conversation_fault(row)
    if fault:
        return fault
    tools = row.get("tools")
    return _tools_fault(json.loads(tools) if isinstance(tools, str) else tools)


def axolotl_accepts(row: Any) -> str | None:
    """Return why Axolotl would stop at a row.

    axolotl 0.19.0, `axolotl/prompt_strategies/chat_template.py`: `_get_tools` takes a list or JSON text,
    `transform_message` reads arguments that are text and raises where they are no JSON.
    """
    fault = _conversation_fault(row)
    if fault:
        return fault
    for call in _calls(row):
        try:
            arguments = call["function"]["arguments"]
            value = json.loads(arguments) if isinstance(arguments, str) else arguments
        except ValueError:
            return "arguments that are no JSON"
        if not isinstance(value, dict):
            return "arguments that are no object"
    tools = row.get("tools")
    return _tools_fault(json.loads(tools) if isinstance(tools, str) else tools)


def llamafactory_accepts(row: Any) -> str | None:
    """Return why LLaMA-Factory would stop at a row or pass over it.

    llamafactory 0.9.5, `llamafactory/data/converter.py` SharegptDatasetConverter: the first system turn is taken off,
    then human or observation and gpt or function_call must take turns; the column `tools` must be there. `formatter.py`
    FunctionFormatter: the calls of a turn are JSON, between <tool_call> and </tool_call> where those stand in it.
    """
    if "tools" not in row:
        return "KeyError: tools"
    said = list(row["conversations"])
    if said and said[0]["from"] == "system":
        said.pop(0)
    for n, turn in enumerate(said):
        if turn["from"] not in (("human", "observation"), ("gpt", "function_call"))[n % 2] or len(said) % 2:
            return f"skipped: {' '.join(turn['from'] for turn in said)}"
        if not isinstance(turn["value"], str):
            return "a value that is no text"
        if turn["from"] == "function_call" and (reason := _calls_fault(turn["value"])):
            return reason
    return None if said else "skipped: no turns"


def _calls_fault(value: str) -> str | None:
    """Return why the calls of a ShareGPT turn cannot be decoded."""
    inside = re.search("<tool_call>(.*?)</tool_call>", value, re.DOTALL)
    thought = re.search("<think>\n.*?\n</think>\n\n", value, re.DOTALL)
    try:
        calls = json.loads(inside.group(1) if inside else value.replace(thought.group() if thought else "", ""))
    except ValueError:
        return "RuntimeError: calls that are no JSON"
    calls = calls if isinstance(calls, list) else [calls]
    return None if all({"name", "arguments"} <= set(call) for call in calls) else "KeyError: name or arguments"


def openai_accepts(row: Any) -> str | None:
    """Return why OpenAI would refuse a file for this row.

    `FineTuneChatRequestInput` of OpenAI's API description 2.3.0: messages, tools, parallel_tool_calls, functions; of
    messages the keys of chat completions; arguments are text; parts are text or images.
    """
    if set(row) - {"messages", "tools", "parallel_tool_calls", "functions"}:
        return "an unknown key"
    for message in row["messages"]:
        if set(message) - {"role", "content", "name", "tool_calls", "tool_call_id", "weight", "refusal"}:
            return f"an unknown key in a message of {message['role']}"
        if message["role"] not in {*ROLES, "developer"}:
            return "an unknown role"
        content = message["content"]
        if content is None and not message.get("tool_calls"):
            return "a message without content"
        if isinstance(content, list) and {part["type"] for part in content} - {"text", "image_url"}:
            return "a part that is neither text nor image"
        ids = [message.get("tool_call_id") or "", *(call["id"] for call in message.get("tool_calls", ()))]
        if any(len(each) > 40 for each in ids):
            return "an id of more than 40 characters"
    names = [call["function"]["name"] for call in _calls(row)] + [
        tool["function"]["name"] for tool in row.get("tools", ())
    ]
    names += [message["name"] for message in row["messages"] if "name" in message]
    if not all(re.match(r"^[a-zA-Z0-9_-]{1,64}\Z", name) for name in names):
        return "a name of other characters, or too long"
    if not all(isinstance(call["function"]["arguments"], str) for call in _calls(row)):
        return "arguments that are not text"
    if row["messages"][-1]["role"] != "assistant":
        return "no answer at the end"
    return _tools_fault(row.get("tools"))


def every_row(accepts: Callable[[Any], str | None]) -> Callable[[Path], str | None]:
    """Return what says of a file why its first bad row would not be trained on."""

    def of_file(path: Path) -> str | None:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], start=1):
            if reason := accepts(json.loads(line, parse_constant=_refuse_constant)):
                return f"line {number}: {reason}"
        return None

    return of_file


def _calls(row: Any) -> list[Any]:
    return [call for message in row["messages"] for call in message.get("tool_calls", ())]


def _conversation_fault(row: Any) -> str | None:
    """Return what no chat template and no Arrow table takes."""
    for message in row["messages"]:
        if message["role"] not in ROLES:
            return f"the role {message['role']}"
        if not isinstance(message["content"], str):
            return "a content that is no text"
    return None if row["messages"][-1]["role"] == "assistant" else "no answer at the end"


def nemo_rl_chunks(tokenizer: Any, messages: list[Any], tools: list[Any] | None) -> list[str]:
    """Return the text of each message as NeMo RL cuts it, said again character by character.

    NVIDIA-NeMo/RL `nemo_rl/data/llm_message_utils.py`, `get_formatted_message_log`; `sft.yaml` has add_bos and add_eos
    on, add_generation_prompt off.
    """
    chunks, before = [], ""
    for n in range(len(messages)):
        text = tokenizer.apply_chat_template(
            messages[: n + 1], tools=tools, tokenize=False, add_generation_prompt=False
        )
        same = 0
        while same < min(len(before), len(text)) and before[same] == text[same]:
            same += 1
        chunks.append(text[same:])
        before = text
    if tokenizer.bos_token and not chunks[0].startswith(tokenizer.bos_token):
        chunks[0] = tokenizer.bos_token + chunks[0]
    if tokenizer.eos_token and not chunks[-1].rstrip("\n").endswith(tokenizer.eos_token):
        chunks[-1] += tokenizer.eos_token
    return chunks
