"""What is done with the messages of an example as a whole: instructions, tail, pairing (rules C8, C11, C12).

Knows finished messages only, not the items they were made of.
"""

from rollout_curator.conversation.items import Findings, text_of
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Message


def fold_instructions(instructions: str, messages: list[Message], findings: Findings) -> list[Message]:
    """Return the messages with the instructions and all leading system messages as one system message (C8)."""
    texts = [instructions]
    for message in messages:
        if message["role"] not in ("system", "developer"):
            break
        texts.append(text_of(message["content"], findings))
    return [{"role": "system", "content": "\n\n".join(texts)}, *messages[len(texts) - 1 :]]


def cut_tail(messages: list[Message], options: ChatOptions, findings: Findings) -> None:
    """Take away what follows the last assistant message, or refuse the example (C11)."""
    if options.trailing == "keep":
        if not messages:
            findings.refuse("no_final_assistant")
        return
    n_kept = len(messages)
    while n_kept and messages[n_kept - 1]["role"] != "assistant":
        n_kept -= 1
    n_cut = len(messages) - n_kept
    if n_cut and n_kept and options.trailing == "skip":
        findings.refuse("tail_after_assistant")
    elif n_cut:
        findings.note(f"trimmed_tail:{n_cut}")
        del messages[n_kept:]
    if not messages:
        findings.refuse("no_final_assistant")


def note_final_call(messages: list[Message], options: ChatOptions, findings: Findings) -> None:
    """Note an example that ends in a tool call (C11)."""
    if messages and messages[-1].get("tool_calls"):
        findings.note("ends_in_tool_call")
        if options.final_tool_call == "skip":
            findings.refuse("final_tool_call")


def note_pairing(messages: list[Message], findings: Findings) -> None:
    """Note calls without a result and results without a call; the last assistant message may be unanswered (C12)."""
    last = len(messages) - 1
    while last >= 0 and messages[last]["role"] != "assistant":
        last -= 1
    pending: list[str] = []
    recent: list[str] = []
    for n, message in enumerate(messages):
        if message["role"] == "tool":
            _take_result(message.get("tool_call_id", ""), recent, pending, findings)
        elif n <= last:
            if recent:
                pending += recent
                recent = []
            for call in message.get("tool_calls", ()):
                call_id = call["id"]
                if call_id and (call_id in pending or call_id in recent):
                    findings.note("duplicate_call_id")
                recent.append(call_id)
    if pending:
        findings.note("unanswered_tool_call")


def _take_result(call_id: str, recent: list[str], pending: list[str], findings: Findings) -> None:
    if call_id in recent:
        recent.remove(call_id)
    elif call_id in pending:
        pending.remove(call_id)
        findings.note("late_tool_result")
    else:
        findings.note("orphan_tool_message")
