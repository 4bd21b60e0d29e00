"""The flat example: the prompt's messages and one assistant text (rules F1 to F8).

Follows the transformation script of NeMo Gym's SFT guide; records have exactly role and content, both text.
"""

from rollout_curator.conversation.finish import fold_instructions
from rollout_curator.conversation.items import (
    Findings,
    Opened,
    item_type,
    label,
    message_reasoning,
    open_rollout,
    split_think,
    text_of,
)
from rollout_curator.conversation.options import FlatOptions
from rollout_curator.rollout import Example, Item, Message, Rollout

_DROPPED = frozenset({"function_call", "function_call_output", "reasoning"})


def flat(rollout: Rollout, options: FlatOptions = FlatOptions()) -> Example:  # noqa: B008 frozen
    """Return the flat example of a rollout, or why there is none. Never raises on JSON values."""
    opened = open_rollout(rollout)
    findings = opened.findings
    if findings.skip is None:
        messages = _messages(rollout, opened, options)
        if findings.skip is None and not any(message["role"] == "user" for message in messages):
            findings.note("no_user")
    if findings.skip is not None:
        return Example(None, issues=tuple(findings.issues), skip=findings.skip)
    return Example(messages, issues=tuple(findings.issues))


def _messages(rollout: Rollout, opened: Opened, options: FlatOptions) -> list[Message]:
    findings = opened.findings
    messages: list[Message] = []
    for item in opened.prompt:
        if not _is_text(item, "input_", findings):
            continue
        messages.append(_message(item, options, findings))
    texts = []
    is_prompt = True
    for item in opened.output:
        is_message = _is_text(item, "", findings)
        is_answer = is_message and item["role"] == "assistant"
        is_prompt = is_prompt and is_message and not is_answer
        if is_answer:
            texts.append(_assistant_text(item, options, findings))
        elif is_prompt:
            findings.note("prompt_in_output")
            messages.append(_message(item, options, findings))
        elif is_message:
            findings.note("dropped_user_turn")
    answer = options.joiner.join(texts)
    if not "".join(texts).strip():
        findings.refuse("no_assistant_text")
    if options.with_instructions and rollout.instructions:
        messages = fold_instructions(rollout.instructions, messages, findings)
    messages.append({"role": "assistant", "content": answer})
    return messages


def _is_text(item: Item, where: str, findings: Findings) -> bool:
    """Whether an item can give a flat message; notes what of it is dropped (F1, F5)."""
    kind = item_type(item)
    if kind != "message":
        findings.note(f"dropped_{where}{kind}" if kind in _DROPPED else f"dropped_item:{label(kind)}")
        return False
    role = item["role"]
    if role == "tool":
        findings.note(f"dropped_{where}function_call_output")
        return False
    if role != "assistant":
        return True
    if message_reasoning(item) is not None:
        findings.note(f"dropped_{where}reasoning")
    if item.get("tool_calls") or item.get("function_call"):
        findings.note(f"dropped_{where}function_call")
        return bool(item.get("content"))
    return True


def _message(item: Item, options: FlatOptions, findings: Findings) -> Message:
    role = item["role"]
    if role == "assistant":
        return {"role": role, "content": _assistant_text(item, options, findings)}
    if role == "developer" and options.developer_to_system:
        role = "system"
    return {"role": role, "content": text_of(item.get("content"), findings)}


def _assistant_text(item: Item, options: FlatOptions, findings: Findings) -> str:
    text = text_of(item.get("content"), findings)
    if not text and isinstance(item.get("refusal"), str):
        text = item["refusal"]
    if not options.strip_think:
        return text
    split = split_think(text)
    if split.is_open:
        findings.note("truncated:unclosed_think")
    if split.text != text:
        findings.note("stripped_think")
    return split.text
