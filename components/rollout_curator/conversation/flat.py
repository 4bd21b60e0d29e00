"""The flat example: the prompt's messages and one assistant text (rules F1 to F8).

Follows the transformation script of NeMo Gym's SFT guide; records have exactly role and content, both text.
"""

from collections.abc import Mapping

from rollout_curator.conversation.content import or_refusal, text_of
from rollout_curator.conversation.items import (
    Findings,
    Opened,
    SplitText,
    message_reasoning,
    open_rollout,
    split_think,
    summaries,
)
from rollout_curator.conversation.options import FlatOptions
from rollout_curator.conversation.postprocess import fold_instructions, note_marks, origins_of
from rollout_curator.rollout import Example, Item, Message, Piece, Rollout
from rollout_curator.sources.shapes.key_tracker import label

_KINDS = ("function_call", "function_call_output", "reasoning")
OUTPUT_LEFT_OUT = {"function_call": "tool_calls", "function_call_output": "tool_results", "reasoning": "reasoning"}
_OUTPUT_NOTES = {kind: f"dropped_{kind}" for kind in _KINDS}
_PROMPT_NOTES = {kind: f"dropped_input_{kind}" for kind in _KINDS}


def to_flat(
    rollout: Rollout,
    options: FlatOptions = FlatOptions(),  # noqa: B008 frozen
    *,
    is_traced: bool = False,
) -> Example:
    """Return the flat example of a rollout, or why there is none. Never raises on JSON values.

    Its origins are there only when `is_traced` asks for them.
    """
    return flat_of(open_rollout(rollout), options, is_traced=is_traced)


def flat_of(opened: Opened, options: FlatOptions, *, is_traced: bool = False) -> Example:
    """Return what `to_flat` does for a rollout that was opened before."""
    findings = opened.findings(is_traced=is_traced)
    if findings.skip is None:
        messages = _messages(opened, options, findings)
        if findings.skip is None and "user" not in [message["role"] for message in messages]:
            findings.note("no_user")
    if findings.skip is not None:
        return Example(None, issues=tuple(findings.issues), skip=findings.skip)
    untrained = frozenset(n for n, message in enumerate(messages) if message.pop("train", True) is False)
    note_marks(messages, untrained, findings)
    if opened.rollout.template_kwargs:
        findings.note("template_kwargs")
        findings.leave_out("template_kwargs", len(opened.rollout.template_kwargs))
    left_out = tuple(findings.left_out.items())
    n_prompt = len(messages) - 1
    return Example(
        messages,
        None,
        tuple(findings.issues),
        None,
        n_prompt,
        left_out=left_out,
        untrained=untrained,
        marks=options.marks,
        layout=options.layout,
        origins=origins_of(messages) if findings.is_traced else (),
        dropped_parts=frozenset(findings.dropped_parts),
    )


def _messages(opened: Opened, options: FlatOptions, findings: Findings) -> list[Message]:
    messages: list[Message] = []
    for findings.item, item in enumerate(opened.prompt):
        if _is_text(item, _PROMPT_NOTES, findings):
            messages.append(_message(item, options, findings))
    texts: list[str] = []
    pieces: list[Piece] = []
    marks: list[bool] = []
    is_prompt = True
    for findings.item, item in enumerate(opened.output, len(opened.prompt)):
        if not _is_text(item, _OUTPUT_NOTES, findings):
            is_prompt = False
        elif item["role"] == "assistant":
            is_prompt = False
            texts.append(_assistant_text(item, options, findings, pieces))
            marks.append(item.get("train") is not False)
        elif is_prompt:
            findings.note("prompt_in_output")
            messages.append(_message(item, options, findings))
        else:
            findings.note("dropped_user_turn")
            findings.leave_out("user_turns")
    answer = options.joiner.join(texts)
    if not "".join(texts).strip():
        findings.refuse("no_assistant_text")
    if options.with_instructions and opened.rollout.instructions:
        messages = fold_instructions(opened.rollout.instructions, messages, findings)
    elif opened.rollout.instructions:
        findings.leave_out("instructions")
    findings.leave_out("tools", len(opened.rollout.tools))
    if sum(map(bool, texts)) > 1:
        findings.note("joined_answers")
    if len(set(marks)) > 1:
        findings.refuse("mixed_marks")
    last: Message = {"role": "assistant", "content": answer}
    messages.append(_with(last, pieces, findings, is_trained=all(marks)))
    return messages


def _is_text(item: Item, notes: Mapping[str, str], findings: Findings) -> bool:
    """Whether an item can give a flat message; notes what of it is dropped (F1, F5)."""
    kind = item.get("type") or "message"
    if kind != "message":
        findings.note(notes.get(kind) or f"dropped_item:{label(kind)}")
        if kind == "reasoning":
            texts = summaries(item, use_content=True)
            findings.leave_out("reasoning" if texts else "hidden_reasoning", len(texts) or 1)
        else:
            findings.leave_out(OUTPUT_LEFT_OUT.get(kind, "items"))
        return False
    role = item["role"]
    if role == "tool":
        findings.note(notes["function_call_output"])
        findings.leave_out("tool_results")
        return False
    if isinstance(item.get("name"), str):
        findings.leave_out("names")
    if role != "assistant":
        return True
    if message_reasoning(item) is not None:
        findings.note(notes["reasoning"])
        findings.leave_out("reasoning")
    if item.get("tool_calls") or item.get("function_call"):
        findings.note(notes["function_call"])
        calls = item.get("tool_calls")
        findings.leave_out("tool_calls", len(calls) if isinstance(calls, list) else 1)
        return bool(item.get("content") or item.get("refusal"))
    return True


def _message(item: Item, options: FlatOptions, findings: Findings) -> Message:
    role = item["role"]
    if role == "assistant":
        pieces: list[Piece] = []
        text = _assistant_text(item, options, findings, pieces)
        is_trained = item.get("train") is not False and not options.mask_prompt
        return _with({"role": role, "content": text}, pieces, findings, is_trained=is_trained)
    if role == "developer" and options.developer_to_system:
        role = "system"
    text = text_of(item.get("content"), findings)
    return _with({"role": role, "content": text}, [(findings.item, "text"), (findings.item, "think")], findings)


def _with(message: Message, pieces: list[Piece], findings: Findings, *, is_trained: bool = True) -> Message:
    """Return a message with its mark, and with the pieces it is made of where they are asked for."""
    if not is_trained:
        message["train"] = False
    if findings.is_traced:
        message["pieces"] = pieces
    return message


def _assistant_text(item: Item, options: FlatOptions, findings: Findings, pieces: list[Piece]) -> str:
    """Return the text of an answer, and add to the pieces what of it that is."""
    text = text_of(item.get("content"), findings)
    text = or_refusal(text, item, findings)
    split = split_think(text) if options.strip_think else SplitText(text, [], False)
    if split.text:
        pieces.append((findings.item, "text"))
    if split.text == text:
        pieces.append((findings.item, "think"))
    if split.is_open:
        findings.note("unclosed_think")
    if split.text != text:
        findings.note("stripped_think")
        findings.leave_out("reasoning", len(split.reasoning) or 1)
    return split.text
