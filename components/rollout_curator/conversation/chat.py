"""The chat example: every message, tool call, tool result and tool of a rollout (rules C1 to C15).

The items are scanned once with a buffer for the assistant message that is being built; NeMo Gym's own converter
(nemo_gym/responses_converter.py, nemo-gym 0.5.1) does the same, and `GYM_OPTIONS` gives its messages exactly.
"""

from collections.abc import Iterator
from typing import Any

from rollout_curator.conversation.calls import message_calls, nest_tools, parse_arguments, read_call_id, response_call
from rollout_curator.conversation.content import message_content, or_refusal, text_of, tool_content
from rollout_curator.conversation.encoding import fault_of
from rollout_curator.conversation.items import (
    Findings,
    Opened,
    SplitText,
    item_type,
    message_reasoning,
    open_rollout,
    split_think,
    summaries,
)
from rollout_curator.conversation.message_builder import Draft, add_reasoning, flush, name_of
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.conversation.postprocess import (
    cut_tail,
    end_on_answer,
    fold_instructions,
    note_final_call,
    note_marks,
    note_pairing,
    origins_of,
    trim_last_answer,
    trim_pairing,
)
from rollout_curator.conversation.system_tools import with_system_tools
from rollout_curator.conversation.tool_schemas import note_calls
from rollout_curator.rollout import Example, Item, Message, Rollout
from rollout_curator.sources.shapes.key_tracker import label


def to_chat(
    rollout: Rollout,
    options: ChatOptions = ChatOptions(),  # noqa: B008 frozen
    *,
    is_traced: bool = False,
) -> Example:
    """Return the chat example of a rollout, or why there is none. Never raises on JSON values.

    Its origins are there only when `is_traced` asks for them.
    """
    return chat_of(open_rollout(rollout), options, is_traced=is_traced)


def chat_of(opened: Opened, options: ChatOptions, *, is_traced: bool = False) -> Example:
    """Return what `to_chat` does for a rollout that was opened before."""
    findings = opened.findings(is_traced=is_traced)
    messages: list[Message] = []
    n_prompt = first = 0
    tools = None
    if options.system_tools == "read" and findings.skip is None:
        n_items = len(opened.prompt)
        opened = with_system_tools(opened, findings)
        first = n_items - len(opened.prompt)
    if findings.skip is None:
        messages, n_prompt = _messages(opened, options, findings, first)
    if findings.skip is None:
        tools = nest_tools(opened.rollout.tools, options, findings)
        _note_whole(opened.rollout, messages, findings)
        note_calls(_calls_in(messages), tools, findings)
    if findings.skip is not None:
        return Example(None, issues=tuple(findings.issues), skip=findings.skip)
    return _example(opened.rollout, messages, tools, n_prompt, options, findings)


def _example(
    rollout: Rollout,
    messages: list[Message],
    tools: list[dict[str, Any]] | None,
    n_prompt: int,
    options: ChatOptions,
    findings: Findings,
) -> Example:
    """Return the finished example; marks leave the messages for a list of their own."""
    untrained = frozenset(n for n, message in enumerate(messages) if message.pop("train", True) is False)
    if options.mask_prompt:
        untrained |= {n for n, message in enumerate(messages[:n_prompt]) if message["role"] == "assistant"}
    note_marks(messages, untrained, findings)
    if rollout.template_kwargs:
        findings.note("template_kwargs")
        findings.leave_out("template_kwargs", len(rollout.template_kwargs))
    return Example(
        messages,
        tools,
        tuple(findings.issues),
        n_prompt=n_prompt,
        has_tools_as_text=options.tools == "text",
        left_out=tuple(findings.left_out.items()),
        untrained=untrained,
        marks=options.marks,
        layout=options.layout,
        origins=origins_of(messages) if findings.is_traced else (),
        dropped_parts=frozenset(findings.dropped_parts),
        template_kwargs=rollout.template_kwargs if options.template_kwargs == "column" else {},
    )


def _messages(opened: Opened, options: ChatOptions, findings: Findings, first: int) -> tuple[list[Message], int]:
    """Return the messages, and how many of them come from the prompt; `first` is the number of its first item."""
    draft = Draft(options, findings)
    n_prompt = 0
    for side in (opened.prompt, opened.output):
        n_prompt = len(draft.messages)
        if draft.is_cut:
            findings.leave_out("trimmed", len(side))
            break
        for n, item in enumerate(side):
            findings.item = first + n
            kind = item.get("type") or "message"
            add = _ADD_MESSAGE.get(item["role"], _add_other) if kind == "message" else _ADD.get(kind, _refuse_item)
            _take_mark(draft, item, kind)
            add(draft, item)
            if draft.is_cut:
                findings.leave_out("trimmed", len(side) - n)
                break
        first += len(side)
    flush(draft)
    messages = draft.messages
    if opened.rollout.instructions:
        n_before = len(messages)
        messages = fold_instructions(opened.rollout.instructions, messages, findings)
        n_prompt += len(messages) - n_before
    _end(messages, n_prompt, draft, truncated=opened.rollout.truncated is not None)
    if options.content == "lists":
        messages = [_with_list(message) for message in messages]
    return messages, n_prompt


def _end(messages: list[Message], n_prompt: int, draft: Draft, *, truncated: bool) -> None:
    """End the example where the options want it to end (C11 to C13); a trimmed one must keep an answer."""
    options, findings = draft.options, draft.findings
    if draft.is_cut:
        end_on_answer(messages)
    if truncated and "truncated" in options.trim:
        trim_last_answer(messages, findings)
    if options.trim:
        trim_pairing(messages, options, findings)
    cut_tail(messages, options, findings)
    note_final_call(messages, options, findings)
    if len(messages) <= n_prompt and any(issue.startswith("trimmed:") for issue in findings.issues):
        findings.refuse("no_final_assistant")


def _note_whole(rollout: Rollout, messages: list[Message], findings: Findings) -> None:
    note_pairing(messages, findings)
    if "user" not in [message["role"] for message in messages]:
        findings.note("no_user")
    if rollout.truncated:
        findings.note(f"truncated:{label(rollout.truncated)}")
    if "non_finite_number" in rollout.notes and (fault := fault_of(messages)):
        findings.refuse(fault)


def _take_mark(draft: Draft, item: Item, kind: str) -> None:
    """Note whether the answer at hand is trained on; one message cannot be both."""
    if kind not in ("function_call", "reasoning") and item.get("role") != "assistant":
        return
    is_trained = item.get("train") is not False
    if draft.mark is not None and draft.is_on and draft.mark != is_trained:
        draft.findings.refuse("mixed_marks")
    draft.mark = is_trained


def _calls_in(messages: list[Message]) -> Iterator[tuple[str, Any]]:
    """Yield name and arguments of every call, the arguments as an object where they are one."""
    for message in messages:
        for call in message.get("tool_calls", ()):
            arguments = call["function"]["arguments"]
            yield call["function"]["name"], parse_arguments(arguments) if isinstance(arguments, str) else arguments


def _add_call(draft: Draft, item: Item) -> None:
    draft.is_on = True
    call = response_call(item, draft.options, draft.findings)
    if call is not None:
        draft.calls.append(call)
        draft.keep("call")
    draft.at_call = len(draft.texts), len(draft.reasoning), len(draft.pieces)


def _add_call_output(draft: Draft, item: Item) -> None:
    _add_result(draft, item, item.get("call_id"), item.get("output"))


def _add_tool_message(draft: Draft, item: Item) -> None:
    _add_result(draft, item, item.get("tool_call_id"), item.get("content"))


def _add_reasoning_item(draft: Draft, item: Item) -> None:
    draft.is_on = True
    texts = summaries(item, use_content=draft.options.reasoning_content)
    if texts:
        add_reasoning(draft, texts)
    else:
        draft.findings.note("reasoning_hidden")
        draft.findings.leave_out("hidden_reasoning")


def _refuse_item(draft: Draft, item: Item) -> None:
    """Refuse an item chat cannot express, or leave it out, or end before it (C10)."""
    choice, kind = draft.options.unsupported, label(item_type(item))
    if choice == "omit":
        draft.findings.note(f"dropped_item:{kind}")
        draft.findings.leave_out("items")
    elif choice == "trim":
        draft.is_cut = True
        draft.findings.note("trimmed:unsupported_item")
    else:
        draft.findings.refuse(f"unsupported_item:{kind}")


def _add_assistant(draft: Draft, item: Item) -> None:
    """Add the reasoning, text and calls of an assistant message (C1, C14)."""
    findings = draft.findings
    text = text_of(item.get("content"), findings)
    text = or_refusal(text, item, findings)
    split = split_think(text) if draft.options.inline_think == "split" else SplitText(text, [], False)
    is_whole, text = split.text == text, split.text
    if draft.calls and text.strip() and draft.cut("lost_tool_results"):
        n_texts, n_thoughts, n_pieces = draft.at_call
        del draft.texts[n_texts:], draft.reasoning[n_thoughts:], draft.pieces[n_pieces:]
        return
    if split.is_open and draft.cut("unclosed_think"):
        return
    draft.is_on = True
    reasoning = message_reasoning(item)
    if reasoning is not None:
        add_reasoning(draft, [reasoning])
    add_reasoning(draft, split.reasoning, "think")
    if split.is_open:
        findings.note("unclosed_think")
    if text:
        if draft.calls and text.strip():
            findings.note("lost_tool_results")
        if draft.has_text:
            findings.note("joined_answers")
            draft.texts.append(draft.options.joiner)
        draft.texts.append(text)
        draft.keep("text")
        if is_whole:
            draft.keep("think")
        draft.has_text = True
    if "tool_calls" in item or "function_call" in item:
        draft.calls += message_calls(item, draft.options, findings)
        draft.keep("call")
        draft.at_call = len(draft.texts), len(draft.reasoning), len(draft.pieces)
    name = name_of(item)
    if draft.name is not None and name not in (None, draft.name):
        findings.leave_out("names")
    draft.name = draft.name or name


def _add_result(draft: Draft, item: Item, call_id: Any, output: Any) -> None:
    flush(draft)
    message: Message = {
        "role": "tool",
        "tool_call_id": read_call_id(call_id, draft.findings),
        "content": output if isinstance(output, str) else tool_content(output, draft.options, draft.findings),
    }
    draft.add_whole(message, draft.name_for(name_of(item), is_result=True))


def _add_other(draft: Draft, item: Item) -> None:
    flush(draft)
    role = item["role"]
    if role == "developer" and draft.options.developer_to_system:
        role = "system"
    content = message_content(item.get("content"), draft.options, draft.findings)
    draft.add_whole({"role": role, "content": content}, draft.name_for(name_of(item)))


_ADD = {
    "function_call": _add_call,
    "function_call_output": _add_call_output,
    "reasoning": _add_reasoning_item,
}
_ADD_MESSAGE = {"assistant": _add_assistant, "tool": _add_tool_message}


def _with_list(message: Message) -> Message:
    content = message["content"]
    if isinstance(content, list):
        return message
    parts = [{"type": "text", "text": content}] if content else []
    return {**message, "content": parts}
