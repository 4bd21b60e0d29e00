"""What is done with the messages of an example as a whole: instructions, tail, pairing (rules C8, C11, C12).

Knows finished messages only, not the items they were made of.
"""

from dataclasses import dataclass

from rollout_curator.conversation.content import text_of
from rollout_curator.conversation.items import Findings
from rollout_curator.conversation.options import ChatOptions
from rollout_curator.rollout import Message, Piece


def fold_instructions(instructions: str, messages: list[Message], findings: Findings) -> list[Message]:
    """Return the messages with the instructions and all leading system messages as one system message (C8)."""
    texts = [instructions]
    pieces: list[Piece] = [(-1, "text")]
    findings.item = -1  # what is dropped below are parts of messages, whose numbers are not those of an item's
    for message in messages:
        if message["role"] not in ("system", "developer"):
            break
        texts.append(text_of(message["content"], findings))
        findings.leave_out("names", int("name" in message))
        pieces += [piece for piece in message.get("pieces", ()) if piece[1] != "part"]
    folded: Message = {"role": "system", "content": "\n\n".join(texts)}
    if findings.is_traced:
        folded["pieces"] = pieces
    return [folded, *messages[len(texts) - 1 :]]


def origins_of(messages: list[Message]) -> tuple[tuple[Piece, ...], ...]:
    """Take the pieces out of messages and return them, those of each message."""
    return tuple([tuple(message.pop("pieces")) for message in messages])


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
        findings.leave_out("tail", n_cut)
        del messages[n_kept:]
    if not messages:
        findings.refuse("no_final_assistant")


def note_final_call(messages: list[Message], options: ChatOptions, findings: Findings) -> None:
    """Note an example that ends in a tool call, or end it on the last answer before that (C11)."""
    if not messages or not messages[-1].get("tool_calls"):
        return
    if options.final_tool_call == "trim":
        while messages and (messages[-1]["role"] != "assistant" or messages[-1].get("tool_calls")):
            messages.pop()
            findings.leave_out("trimmed")
        findings.note("trimmed:ends_in_tool_call")
        return
    findings.note("ends_in_tool_call")
    if options.final_tool_call == "skip":
        findings.refuse("final_tool_call")


def note_marks(messages: list[Message], untrained: frozenset[int], findings: Findings) -> None:
    """Note answers that are marked as not to be trained, and when that leaves none (M5).

    Marks count as left out here; a plan whose trainer gets them knows better.
    """
    if not untrained:
        return
    findings.note("marked_turns")
    findings.leave_out("marks", len(untrained))
    if all(n in untrained for n, message in enumerate(messages) if message["role"] == "assistant"):
        findings.note("all_marked")


def end_on_answer(messages: list[Message]) -> None:
    """Take away what follows the last assistant message."""
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()


def trim_last_answer(messages: list[Message], findings: Findings) -> None:
    """Take away the last assistant message, which was cut off, and what follows the one before it (C13)."""
    n_before = len(messages)
    end_on_answer(messages)
    del messages[-1:]
    end_on_answer(messages)
    findings.note("trimmed:truncated")
    findings.leave_out("trimmed", n_before - len(messages))


def trim_pairing(messages: list[Message], options: ChatOptions, findings: Findings) -> None:
    """End the example before the first call or result without its other half that the options trim (C12)."""
    places = [fault for fault in pairing_faults(messages) if fault.kind in options.trim]
    if not places:
        return
    first = min(places, key=lambda fault: fault.at)
    n_before = len(messages)
    del messages[first.at :]
    end_on_answer(messages)
    findings.leave_out("trimmed", n_before - len(messages))
    findings.note(f"trimmed:{first.kind}")


@dataclass(frozen=True, slots=True)
class PairingFault:
    """A call or a result without its other half; an example that ends before message `at` is free of it."""

    kind: str
    at: int


def note_pairing(messages: list[Message], findings: Findings) -> None:
    """Note calls without a result and results without a call; the last assistant message may be unanswered (C12)."""
    for fault in pairing_faults(messages):
        findings.note(fault.kind)


def pairing_faults(messages: list[Message]) -> list[PairingFault]:
    """Return what is wrong with the pairs of calls and results, in the order it is noticed."""
    last = len(messages) - 1
    while last >= 0 and messages[last]["role"] != "assistant":
        last -= 1
    faults: list[PairingFault] = []
    pending: list[tuple[str, int]] = []
    recent: list[tuple[str, int]] = []
    for n, message in enumerate(messages):
        if message["role"] == "tool":
            _take_result(message.get("tool_call_id", ""), n, recent, pending, faults)
        elif n <= last:
            if recent:
                pending += recent
                recent = []
            for call in message.get("tool_calls", ()):
                call_id = call["id"]
                if call_id and any(call_id == known for known, _ in (*pending, *recent)):
                    faults.append(PairingFault("duplicate_call_id", n))
                recent.append((call_id, n))
    if pending:
        faults.append(PairingFault("unanswered_tool_call", min(n for _, n in pending) + 1))
    return faults


def _take_result(
    call_id: str, at: int, recent: list[tuple[str, int]], pending: list[tuple[str, int]], faults: list[PairingFault]
) -> None:
    for calls in (recent, pending):
        for place, (known, _) in enumerate(calls):
            if known == call_id:
                del calls[place]
                if calls is pending:
                    faults.append(PairingFault("late_tool_result", at))
                return
    faults.append(PairingFault("orphan_tool_message", at))
