"""Messages and items in every shape, as the items `conversation` knows; what was not read is named.

Responses items and plain chat messages pass as they are, untouched. Read besides: ShareGPT (`from`, `value`), the roles
of ms-swift (`tool_call`, `tool_response`) and Gemini (`model`), the older `function` role, Anthropic blocks
(`tool_use`, `tool_result`, `thinking`), reasoning under every key in use, and calls as JSON text.
"""

from collections.abc import Mapping
from typing import Any

from rollout_curator.sources.shapes import langchain
from rollout_curator.sources.shapes.calls import as_item, read_call, read_calls, read_json
from rollout_curator.sources.shapes.content import note_error, read_content, read_output
from rollout_curator.sources.shapes.finish_reason import CUT_REASONS, ENDINGS
from rollout_curator.sources.shapes.key_tracker import HARMLESS, Notes, View, is_empty, texts_in
from rollout_curator.sources.shapes.loss_marks import read_mark
from rollout_curator.sources.shapes.parts import TEXT_TYPES, THOUGHT_TYPES
from rollout_curator.sources.shapes.reasoning import as_reasoning, note_parts, read_block, read_thoughts
from rollout_curator.sources.shapes.sharegpt import split_calls

ROLES = {
    "human": "user", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "function_call": "tool_call", "function": "tool", "observation": "tool", "tool_response": "tool",
}  # fmt: skip
"""Roles in other vocabularies -> those of OpenAI chat; `tool_call` is a message that is nothing but calls."""


def known_role(given: Any) -> Any:
    """Return a role in the words of OpenAI chat, however it is written; one that is not known stays what it is."""
    word = given.strip().lower() if isinstance(given, str) else given
    word = ROLES.get(word, word) if isinstance(word, str) else word
    return word if word in _KNOWN_ROLES else given


_KNOWN_ROLES = ("assistant", "user", "system", "developer", "tool", "tool_call")
_PLAIN = {
    "message": frozenset({"type", "role", "content"}) | HARMLESS,
    "function_call": frozenset({"type", "call_id", "name", "arguments"}) | HARMLESS,
    "function_call_output": frozenset({"type", "call_id", "output"}) | HARMLESS,
    "reasoning": frozenset({"type", "summary"}) | HARMLESS,
}
_MESSAGE = _PLAIN["message"]
_CHAT_KEYS = frozenset({"role", "content"}) | HARMLESS
_NO_CALL = (None, "none", "auto")
_WHERE = {"function_call": "call", "function_call_output": "result"}
_TEXT_PART = frozenset({"type", "text", "annotations", "logprobs"})
_CALL_TYPES = ("tool_use", "tool_call", "function_call")
_MESSAGE_TYPES = (None, "", "message")


def read_sequence(recorded: Any, notes: Notes, *, is_inner: bool = False) -> Any:
    """Return a prompt or an output with every element read; lists inside stay lists, texts stay texts."""
    if not isinstance(recorded, list | tuple):
        return recorded
    items: list[Any] = []
    for element in recorded:
        if isinstance(element, dict) and _is_plain(element):
            items.append(element)
            continue
        notes.is_plain = False
        if isinstance(element, list) and not is_inner:  # a list inside that again is refused as a whole
            items.append(read_sequence(element, notes, is_inner=True))
        elif isinstance(element, dict):
            items += _read_element(element, notes)
        else:
            items.append(element)
    return items


def _is_plain(element: dict[str, Any]) -> bool:
    """Whether an element is in a known shape, with its id, and nothing in it is not read: nearly every one is."""
    kind = element.get("type")
    if kind == "message" or not kind:
        known = _MESSAGE if kind else _CHAT_KEYS
        is_known = element.keys() <= known and element.get("role") in _OWN_ROLES
        return is_known and _is_plain_content(element.get("content"))
    if not isinstance(kind, str) or kind not in _PLAIN or not element.keys() <= _PLAIN[kind]:
        return False
    if kind == "reasoning":
        return _is_plain_content(element.get("summary"))
    return bool(element.get("call_id")) and (kind == "function_call" or isinstance(element.get("output"), str))


_OWN_ROLES = ("assistant", "user", "system", "developer")


def _is_plain_content(content: Any) -> bool:
    if isinstance(content, str):
        return True
    if not isinstance(content, list):
        return False
    for part in content:
        if not isinstance(part, dict) or not part.keys() <= _TEXT_PART or part.get("annotations"):
            return False
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in TEXT_TYPES or not isinstance(part.get("text"), str):
            return False
    return True


def _read_element(element: dict[str, Any], notes: Notes) -> list[Any]:
    kind = element.get("type")
    if kind in _MESSAGE_TYPES:
        return _read_message(element, notes)
    if not isinstance(kind, str) or kind not in _PLAIN:
        message = langchain.as_message(element)
        return [element] if message is None else _read_message(message, notes)  # other kinds are refused as a whole
    view = View(element, _WHERE.get(kind, kind))
    view.take("type")
    if kind == "reasoning":
        made = _read_reasoning_item(view, notes)
    elif kind == "function_call":
        made = {"type": kind, "call_id": view.take("call_id", "id"), "name": view.take("name")}
        made["arguments"] = view.take("arguments")
    else:
        made = {"type": kind, "call_id": view.take("call_id"), "output": read_output(view.take("output"), notes)}
    if read_mark(view, notes, is_answer=kind != "function_call_output") is False:
        made["train"] = False
    left = view.report(notes)
    rest = {key: value for key, value in element.items() if key in HARMLESS or key in made}
    return [{**rest, **made, **({"unread": left} if left else {})}]


def _read_reasoning_item(view: View, notes: Notes) -> dict[str, Any]:
    """Return a reasoning item; its full text counts only where it has no summary."""
    summary, content = view.fields.get("summary"), view.fields.get("content")
    view.take("summary")
    note_parts(summary, notes)
    if is_empty(summary) or all(text in texts_in(summary) for text in texts_in(content)):
        view.take("content")
    return {"type": "reasoning", "summary": summary, "content": content}


def _read_message(message: dict[str, Any], notes: Notes) -> list[Any]:
    view = View(message, "message")
    view.take("type")
    given = view.take("role", "from")
    role = known_role(given)
    content = view.take("content", "value")
    if role == "tool_call":
        return _only_calls(view, content, notes)
    if role == "tool":
        return [_result_message(view, content, notes)]
    if role != "assistant":
        return _other_message(view, role, content, notes)
    return _answer(view, content, notes)


def _only_calls(view: View, content: Any, notes: Notes) -> list[Any]:
    """Return the calls of a message whose text is JSON: one call or a list of them, after what was said before."""
    said, given = split_calls(content)
    calls = read_calls(given, notes)
    train = read_mark(view, notes, is_answer=True)
    made: dict[str, Any] = {"role": "assistant", "content": said, "tool_calls": calls}
    if thoughts := [text for text in read_thoughts(view, notes) if text]:
        made["reasoning_content"] = "\n\n".join(thoughts)
    if not isinstance(calls, list) or not calls or not all(isinstance(call, dict) for call in calls):
        made["tool_calls"] = content  # refused, and never written as what was said
    return [_finished(view, {**made, **({} if train is None else {"train": train})}, notes)]


def _result_message(view: View, content: Any, notes: Notes) -> dict[str, Any]:
    call_id = view.take("tool_call_id", "call_id", "tool_use_id")
    made: dict[str, Any] = {"role": "tool", "content": read_output(content, notes)}
    if call_id is not None:
        made["tool_call_id"] = call_id
    if (name := view.take_text("name")) is not None:
        made["name"] = name
    note_error(view, "is_error", notes)
    read_mark(view, notes, is_answer=False)
    return _finished(view, made, notes)


def _other_message(view: View, role: Any, content: Any, notes: Notes) -> list[Any]:
    """Return a user's, system's or developer's message; results among a user's parts come first, as tool messages."""
    results: list[Any] = []
    if isinstance(content, list):
        blocks = [part for part in content if _is_block(part, "tool_result")]
        results = [_result_block(part, notes) for part in blocks]
        content = [part for part in content if not _is_block(part, "tool_result")]
        if results and not content:
            read_mark(view, notes, is_answer=False)
            view.report(notes)
            return results
    made: dict[str, Any] = {"role": role, "content": read_content(content, notes)}
    made |= _name(view)
    if role in ("system", "developer") and (tools := view.take("tools")) is not None:
        notes.tools.append(tools)  # read with the other tools of the record
    read_mark(view, notes, is_answer=False)
    return [*results, _finished(view, made, notes)]


def _name(view: View) -> dict[str, str]:
    """Return the name of a message's author; Responses items have none."""
    name = view.take_text("name") if view.fields.get("type") is None else None
    return {} if name is None else {"name": name}


def _is_block(part: Any, kind: str) -> bool:
    return isinstance(part, dict) and part.get("type") == kind


def _result_block(part: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    view = View(part, "result")
    view.take("type")
    made: dict[str, Any] = {"type": "function_call_output", "output": read_output(view.take("content"), notes)}
    call_id = view.take("tool_use_id", "tool_call_id", "id")
    if call_id is not None:
        made["call_id"] = call_id
    note_error(view, "is_error", notes)
    return _finished(view, made, notes)


def _answer(view: View, content: Any, notes: Notes) -> list[Any]:
    """Return an assistant's message as one item, or as several where blocks of calls or thoughts stand in its text."""
    train = read_mark(view, notes, is_answer=True)
    mark = {} if train is None else {"train": train}
    thoughts = read_thoughts(view, notes)
    _take_ending(view)
    made: dict[str, Any] = {"role": "assistant"}
    made |= _name(view)
    if (calls := view.take("tool_calls")) is not None:
        made["tool_calls"] = read_calls(calls, notes)
    if (older := _older_call(view)) is not None:
        others = made.get("tool_calls", [])
        call = read_call({"function": older}, notes)
        made["tool_calls"] = [*others, call] if isinstance(others, list) else [others, call]
    if (refusal := view.take_text("refusal")) is not None:
        made["refusal"] = refusal
    lead = [as_reasoning(None, mark) for text in thoughts if text is None]
    if said := [text for text in thoughts if text]:
        made["reasoning_content"] = "\n\n".join(said)
    pieces = _pieces(content, mark, notes)
    if pieces is None:
        made |= {"content": read_content(content, notes), **mark}
        return [*lead, _finished(view, made, notes)]
    lead += [as_reasoning(made.pop("reasoning_content"), mark)] if said else []
    last = {**made, "content": "", **mark} if made.keys() - {"role", "name"} else None
    items = [*lead, *pieces, *([last] if last else [])]
    left = view.report(notes, has_content=bool(items))
    if left:
        items = [{**items[0], "unread": left}, *items[1:]] if items else []
    return items or [{"role": "assistant", "content": "", **mark}]


def _older_call(view: View) -> dict[str, Any] | None:
    """Return the call under `function_call`; a word that asks for none is none, and any other text stays unread."""
    given = read_json(view.fields.get("function_call"))
    if given in _NO_CALL or isinstance(given, dict):
        view.take("function_call")
    return given if isinstance(given, dict) and not is_empty(given) else None


def _take_ending(view: View) -> None:
    """Read why an answer ended; a limit that cut it stays unread, and is noted (the end of the last one counts)."""
    for name in CUT_REASONS:
        value = view.fields.get(name)
        if isinstance(value, str) and value.lower() in ENDINGS:
            view.take(name)


def _pieces(content: Any, mark: dict[str, Any], notes: Notes) -> list[Any] | None:
    """Return the blocks of an answer in order, None where all of its content is text, images and the like."""
    if not isinstance(content, list) or not any(map(_is_special, content)):
        return None
    items: list[Any] = []
    parts: list[Any] = []

    def flush() -> None:
        if parts:
            items.append({"role": "assistant", "content": read_content(list(parts), notes), **mark})
            parts.clear()

    for part in content:
        if not _is_special(part):
            parts.append(part)
            continue
        flush()
        if part["type"] in _CALL_TYPES:
            items.append({**as_item(part, notes), **mark})
        else:
            items += [as_reasoning(text, mark) for text in read_block(part, notes)]
    flush()
    return items


def _is_special(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in (*_CALL_TYPES, *THOUGHT_TYPES)


_NO_CONTENT = ("role", "type", "name", "train", "call_id", "tool_call_id")


def _finished(view: View, made: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Return a made item with what nobody read beside it."""
    says = [value for key, value in made.items() if key not in _NO_CONTENT]
    left = view.report(notes, has_content=not all(map(is_empty, says)))
    return {**made, "unread": left} if left else made
